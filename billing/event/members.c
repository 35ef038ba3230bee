/*
 * members: what the data of a usage event consists of, in the order in which it is written.
 */
#include "billing/event/members.h"

#define AT(member) offsetof(struct usage_event, member)
#define ID(n, k)                                                                                   \
    {                                                                                              \
        .name = #n, .kind = MEMBER_ID, .offset = AT(n), .id = (k)                                  \
    }
#define TEXT(n)                                                                                    \
    {                                                                                              \
        .name = #n, .kind = MEMBER_TEXT, .offset = AT(n), .max_bytes = EVENT_TEXT_MAX              \
    }
#define LOOSE_TEXT(n, m)                                                                           \
    {                                                                                              \
        .name = #n, .kind = MEMBER_TEXT, .offset = AT(n), .max_bytes = (m), .optional = true       \
    }
#define PLAIN(n, k)                                                                                \
    {                                                                                              \
        .name = #n, .kind = (k), .offset = AT(n)                                                   \
    }

const struct member event_members[] = {
    ID(project, ID_PROJECT),
    ID(key, ID_KEY),
    ID(journal, ID_JOURNAL),
    TEXT(cell),
    PLAIN(test, MEMBER_FLAG),
    PLAIN(byok, MEMBER_FLAG),
    PLAIN(outcome, MEMBER_OUTCOME),
    PLAIN(mode, MEMBER_MODE),
    TEXT(endpoint),
    PLAIN(stream, MEMBER_FLAG),
    TEXT(model_asked),
    TEXT(model),
    ID(deployment, ID_DEPLOYMENT),
    TEXT(provider),
    TEXT(upstream_model),
    LOOSE_TEXT(provider_request_id, EVENT_TEXT_MAX),
    LOOSE_TEXT(client_request_id, EVENT_TEXT_MAX),
    LOOSE_TEXT(app, EVENT_TEXT_MAX),
    LOOSE_TEXT(session_id, EVENT_TEXT_MAX),
    LOOSE_TEXT(end_user, EVENT_END_USER_MAX),
    LOOSE_TEXT(trace_id, EVENT_TEXT_MAX),
    LOOSE_TEXT(parent_id, EVENT_TEXT_MAX),
    ID(price_version, ID_PRICE_VERSION),
    ID(cost_version, ID_PRICE_VERSION),
    ID(plan_version, ID_PLAN_VERSION),
    PLAIN(meters, MEMBER_METERS),
    PLAIN(usage_from, MEMBER_USAGE_FROM),
    TEXT(count_method),
    {.name = "usage",
     .kind = MEMBER_JSON,
     .offset = AT(usage_verbatim),
     .max_bytes = EVENT_USAGE_MAX,
     .optional = true},
    TEXT(normaliser),
    LOOSE_TEXT(finish_reason, EVENT_TEXT_MAX),
    PLAIN(base_pico, MEMBER_NUMBER),
    PLAIN(charge_pico, MEMBER_NUMBER),
    PLAIN(reserved_pico, MEMBER_NUMBER),
    PLAIN(leases, MEMBER_LEASES),
    PLAIN(attempts, MEMBER_ATTEMPTS),
    PLAIN(first_token_ms, MEMBER_DURATION),
    PLAIN(total_ms, MEMBER_DURATION),
    PLAIN(overhead_us, MEMBER_DURATION),
    {.name = "tags", .kind = MEMBER_TAGS, .offset = AT(tags), .optional = true},
    {.name = "prefixes", .kind = MEMBER_PREFIXES, .offset = AT(prefixes), .optional = true},
    LOOSE_TEXT(error, EVENT_TEXT_MAX),
};
const size_t event_member_count = array_size(event_members);

#undef AT
#define AT(member) offsetof(struct event_attempt, member)

const struct member attempt_members[] = {
    ID(deployment, ID_DEPLOYMENT),      TEXT(provider),
    PLAIN(status, MEMBER_STATUS),       TEXT(reason),
    PLAIN(started_ms, MEMBER_DURATION), PLAIN(ms, MEMBER_NUMBER),
    PLAIN(meters, MEMBER_METERS),       PLAIN(usage_from, MEMBER_USAGE_FROM),
    ID(cost_version, ID_PRICE_VERSION), PLAIN(cost_pico, MEMBER_NUMBER),
    PLAIN(delivered, MEMBER_FLAG),
};
const size_t attempt_member_count = array_size(attempt_members);
