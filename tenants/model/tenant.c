/*
 * tenant: see tenant.h.
 */
#include "tenants/model/tenant.h"

#include <errno.h>

#define DAY_MS INT64_C(86400000)

static const char *const account_names[] = {"active", "suspended", "past_due", "closed"};
static const char *const key_names[] = {"active", "disabled", "revoked"};
static const char *const window_names[] = {"none", "total", "day", "week", "month"};
static const char *const billing_names[] = {"prepaid", "postpaid", "hybrid"};
static const char *const role_names[] = {"owner", "admin", "billing", "developer", "viewer"};
static const char *const scope_names[] = {
    [SCOPE_TENANT_READ] = "tenant:read",       [SCOPE_KEYS_READ] = "keys:read",
    [SCOPE_KEYS_WRITE] = "keys:write",         [SCOPE_PROJECTS_READ] = "projects:read",
    [SCOPE_PROJECTS_WRITE] = "projects:write", [SCOPE_MEMBERS_READ] = "members:read",
    [SCOPE_MEMBERS_WRITE] = "members:write",   [SCOPE_USAGE_READ] = "usage:read",
    [SCOPE_REQUESTS_READ] = "requests:read",   [SCOPE_BILLING_READ] = "billing:read",
    [SCOPE_MODELS_READ] = "models:read",       [SCOPE_AUDIT_READ] = "audit:read",
    [SCOPE_ROUTING_READ] = "routing:read",     [SCOPE_ROUTING_WRITE] = "routing:write",
};
static const char *const project_names[] = {"active", "archived"};
static const char *const abort_names[] = {"cancel", "drain", "no_bill"};

const struct words account_status_words = {"status", account_names, array_size(account_names)};
const struct words key_status_words = {"status", key_names, array_size(key_names)};
const struct words budget_window_words = {"budget window", window_names, array_size(window_names)};
const struct words billing_mode_words = {"billing mode", billing_names, array_size(billing_names)};
const struct words member_role_words = {"role", role_names, array_size(role_names)};
const struct words key_scope_words = {"scope", scope_names, array_size(scope_names)};
const struct words project_status_words = {"status", project_names, array_size(project_names)};
const struct words abort_policy_words = {"abort policy", abort_names, array_size(abort_names)};

const char *words_name(const struct words *words, unsigned word)
{
    return word < words->count ? words->names[word] : "?";
}

int words_find(const struct words *words, struct span name, unsigned *word_out)
{
    for (unsigned word = 0; word < words->count; word++) {
        if (span_is(name, words->names[word])) {
            *word_out = word;
            return 0;
        }
    }
    return -ENOENT;
}

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

/* The day of the month, 1..31, of a day since 1970-01-01: the civil calendar counted in years that
 * begin in March, so that the leap day comes last. */
static int64_t day_of_month(int64_t day)
{
    int64_t since = day + 719468;
    int64_t era = floor_divide(since, 146097);
    int64_t in_era = since - era * 146097;
    int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * in_year + 2) / 153;
    return in_year - (153 * month + 2) / 5 + 1;
}

int64_t budget_window_start(enum budget_window window, int64_t at_ms)
{
    int64_t day = floor_divide(at_ms, DAY_MS);
    switch (window) {
    case WINDOW_NONE:
    case WINDOW_TOTAL:
        return INT64_MIN;
    case WINDOW_DAY:
        return day * DAY_MS;
    case WINDOW_WEEK: /* 1970-01-01 was a Thursday: three days after a Monday */
        return (day - ((day + 3) % 7 + 7) % 7) * DAY_MS;
    case WINDOW_MONTH:
        return (day - day_of_month(day) + 1) * DAY_MS;
    }
    return INT64_MIN;
}
