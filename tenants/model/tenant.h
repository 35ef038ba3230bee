/*
 * tenant: the closed vocabularies of tenants, keys and budgets, each an enum with its names.
 *
 * The names are those of the database, of the control plane and of messages. Pure.
 */
#ifndef TOLLGATE_TENANTS_MODEL_TENANT_H
#define TOLLGATE_TENANTS_MODEL_TENANT_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

enum account_status { ACCOUNT_ACTIVE, ACCOUNT_SUSPENDED, ACCOUNT_PAST_DUE, ACCOUNT_CLOSED };
enum key_status { KEY_ACTIVE, KEY_DISABLED, KEY_REVOKED };
enum project_status { PROJECT_ACTIVE, PROJECT_ARCHIVED };

/* The time a budget counts over, in UTC. WINDOW_NONE: there is no budget. */
enum budget_window { WINDOW_NONE, WINDOW_TOTAL, WINDOW_DAY, WINDOW_WEEK, WINDOW_MONTH };

/* Prepaid spends what was bought or given, postpaid up to its credit limit, hybrid first the one
 * and then the other. */
enum billing_mode { BILLING_PREPAID, BILLING_POSTPAID, BILLING_HYBRID };

/* What a member may do in its tenant; tenants/api/route.h says which call is whose. */
enum member_role { MEMBER_OWNER, MEMBER_ADMIN, MEMBER_BILLING, MEMBER_DEVELOPER, MEMBER_VIEWER };

/* What a management key may do. */
enum key_scope {
    SCOPE_TENANT_READ,
    SCOPE_KEYS_READ,
    SCOPE_KEYS_WRITE,
    SCOPE_PROJECTS_READ,
    SCOPE_PROJECTS_WRITE,
    SCOPE_MEMBERS_READ,
    SCOPE_MEMBERS_WRITE,
    SCOPE_USAGE_READ,
    SCOPE_REQUESTS_READ,
    SCOPE_BILLING_READ,
    SCOPE_MODELS_READ,
    SCOPE_AUDIT_READ,
    SCOPE_ROUTING_READ,
    SCOPE_ROUTING_WRITE,
    KEY_SCOPES
};

/* What becomes of an upstream call whose client has left. */
enum abort_policy { ABORT_CANCEL, ABORT_DRAIN, ABORT_NO_BILL };

/* One vocabulary: names[word] for each word below count. */
struct words {
    const char *what; /* "budget window": for messages */
    const char *const *names;
    unsigned count;
};
extern const struct words account_status_words, key_status_words, budget_window_words,
    billing_mode_words, member_role_words, key_scope_words, project_status_words,
    abort_policy_words;

must_use const char *words_name(const struct words *words, unsigned word);
/* 0, or -ENOENT for a name that is none. */
must_use int words_find(const struct words *words, struct span name, unsigned *word_out);

/* When the window that holds `at_ms` (Unix time) began: UTC midnight, Monday's, the first of the
 * month's; INT64_MIN for WINDOW_TOTAL, which began before all. Computed, never reset by a job. */
must_use int64_t budget_window_start(enum budget_window window, int64_t at_ms);

#endif
