/*
 * verdict: see the header.
 */
#include "gateway/route/verdict.h"

#include <string.h>

/* An outage of the last 30 s puts a deployment behind the others. */
#define OUTAGE_MS INT64_C(30000)
/* Until an operator has mended the credential; a changed one ends it sooner. */
#define COOLDOWN_MS INT64_C(600000)
#define RETRY_AFTER_MAX_MS INT64_C(600000)

const char *attempt_fault_name(enum attempt_fault fault)
{
    static const char *const names[FAULTS] = {
        [FAULT_CONNECT] = "connect",     [FAULT_STALE] = "stale",
        [FAULT_RESET] = "reset",         [FAULT_FIRST_TOKEN] = "timeout_first",
        [FAULT_IDLE] = "timeout_idle",   [FAULT_TOTAL] = "timeout_total",
        [FAULT_DEADLINE] = "deadline",   [FAULT_BLOCKED] = "content_filter",
        [FAULT_MOCKED] = "mocked",       [FAULT_STATUS] = "status",
        [FAULT_NONSENSE] = "nonsense",   [FAULT_TRUNCATED] = "truncated",
        [FAULT_STREAM] = "stream_error",
    };

    return names[fault];
}

static struct verdict_out next(int64_t outage_ms)
{
    return (struct verdict_out){.verdict = VERDICT_NEXT, .outage_ms = outage_ms};
}

static struct verdict_out out_of_service(enum verdict_blame blame)
{
    return (struct verdict_out){
        .verdict = VERDICT_NEXT, .cooldown_ms = COOLDOWN_MS, .blame = blame};
}

static struct verdict_out limited(int64_t wait_ms)
{
    return (struct verdict_out){.verdict = VERDICT_NEXT,
                                .outage_ms = wait_ms > OUTAGE_MS ? wait_ms : OUTAGE_MS,
                                .blame = BLAME_CREDENTIAL_HERE};
}

/* 403 is some providers' word for a refused content. */
static bool is_about_asked(const struct verdict_in *in)
{
    if (in->about == FALL_POLICY && in->status == 403)
        return true;
    return in->about != FALL_ERROR &&
           (in->status == 0 || in->status == 400 || in->status == 413 || in->status == 422);
}

static struct verdict_out refused_as(enum preset_fall fall)
{
    return (struct verdict_out){.verdict = VERDICT_PASS_ON, .fall = fall};
}

static struct verdict_out of_status(const struct verdict_in *in)
{
    int64_t wait =
        in->retry_after_ms < RETRY_AFTER_MAX_MS ? in->retry_after_ms : RETRY_AFTER_MAX_MS;

    if (is_about_asked(in))
        return refused_as(in->about);
    switch (in->status) {
    case 400:
    case 413:
    case 422:
        if (strcmp(in->code, "invalid_api_key") == 0)
            return out_of_service(BLAME_CREDENTIAL);
        if (strcmp(in->code, "model_not_found") == 0)
            return out_of_service(BLAME_DEPLOYMENT);
        return (struct verdict_out){.verdict = VERDICT_PASS_ON};
    case 401:
    case 402:
        return out_of_service(BLAME_CREDENTIAL);
    case 403:
        return out_of_service(BLAME_CREDENTIAL_HERE);
    case 404:
        if (in->path_unsure)
            return next(0);
        return out_of_service(BLAME_DEPLOYMENT);
    case 429:
        if (strcmp(in->code, "insufficient_quota") == 0)
            return out_of_service(BLAME_CREDENTIAL);
        return limited(wait);
    case 408:
    case 409:
        return next(0);
    default:
        if (in->status >= 500)
            return next(OUTAGE_MS);
        /* Redirects are not followed; other statuses are no answer. */
        return in->status >= 400 ? (struct verdict_out){.verdict = VERDICT_PASS_ON}
                                 : next(OUTAGE_MS);
    }
}

struct verdict_out verdict_of(const struct verdict_in *in)
{
    struct verdict_out out = {.verdict = VERDICT_NEXT};

    switch (in->fault) {
    case FAULT_STALE:
        out = next(0);
        break;
    case FAULT_CONNECT:
    case FAULT_RESET:
    case FAULT_IDLE:
    case FAULT_TRUNCATED:
    case FAULT_NONSENSE:
        out = next(OUTAGE_MS);
        break;
    case FAULT_FIRST_TOKEN:
        out = next(in->hurried ? 0 : OUTAGE_MS);
        break;
    case FAULT_DEADLINE:
        out = (struct verdict_out){.verdict = VERDICT_GIVE_UP};
        break;
    case FAULT_BLOCKED:
        out = refused_as(FALL_POLICY);
        break;
    case FAULT_MOCKED:
        out = next(0);
        break;
    case FAULT_TOTAL:
        /* Two providers would be paid for a whole answer. */
        out = next(in->hurried ? 0 : OUTAGE_MS);
        if (!in->stream && !in->hurried)
            out.verdict = VERDICT_GIVE_UP;
        break;
    case FAULT_STATUS:
        out = of_status(in);
        break;
    case FAULT_STREAM:
        out = in->status == 0 && !is_about_asked(in) ? next(OUTAGE_MS) : of_status(in);
        break;
    case FAULTS:
        break;
    }
    if (in->content)
        out.verdict = VERDICT_GIVE_UP;
    out.blameless = out.verdict == VERDICT_PASS_ON || in->fault == FAULT_STALE ||
                    in->fault == FAULT_DEADLINE || in->fault == FAULT_MOCKED || in->hurried;
    return out;
}
