/*
 * commands_watch: the rows of "usage", "requests", "audit" and "status".
 */
#include "tenants/ctl/command.h"
#include "tenants/ctl/runs.h"
#include "tenants/ctl/view.h"

#define TENANT_PATH "/tenants/{tenant}"
#define OUTCOMES                                                                                   \
    "finished|provider_failed|provider_died|client_left|client_left_early|crash|blank|cached|"     \
    "not_dispatched"

static const struct column usage_columns[] = {
    {"TIME", "bucket", CELL_TIME, false},
    {"GROUP", "label", CELL_TEXT, false},
    {"REQUESTS", "requests", CELL_COUNT, false},
    {"ERRORS", "errors", CELL_COUNT, false},
    {"ERROR %", "error_rate", CELL_SHARE, true},
    {"INPUT", "input_tokens", CELL_COUNT, false},
    {"CACHE READ", "cache_read_tokens", CELL_COUNT, true},
    {"CACHE WRITE", "cache_write_tokens", CELL_COUNT, true},
    {"OUTPUT", "output_tokens", CELL_COUNT, false},
    {"REASONING", "reasoning_tokens", CELL_COUNT, true},
    {"BASE", "base", CELL_MONEY, true},
    {"DISCOUNT", "discount", CELL_MONEY, true},
    {"CHARGE", "charge", CELL_MONEY, false},
    {"COST", "cost", CELL_MONEY, true},
    {"ATTEMPTS", "attempts", CELL_COUNT, true},
    {"FIRST TOKEN P50 MS", "first_token_p50_ms", CELL_COUNT, true},
    {"FIRST TOKEN P95 MS", "first_token_p95_ms", CELL_COUNT, true},
    {"P50 MS", "total_p50_ms", CELL_COUNT, true},
    {"P95 MS", "total_p95_ms", CELL_COUNT, false},
};
static const struct view usage_view = {VIEW_COLUMNS(usage_columns)};

static const struct flag usage_flags[] = {
    FLAG("from", "TIME", "From then on.", FLAG_TIME, FLAG_QUERY),
    FLAG("to", "TIME", "Before then.", FLAG_TIME, FLAG_QUERY),
    FLAG("group", "BY", "A row for each; tenant is for operators who name none.", FLAG_WORD,
         FLAG_QUERY, .words = "none|model|key|project|outcome|provider|deployment|tenant"),
    FLAG("bucket", "TIME", "A row for each hour, day or month.", FLAG_WORD, FLAG_QUERY,
         .words = "none|hour|day|month"),
    FLAG("top", "N", "So many of a grouping; the others stand in one row.", FLAG_COUNT, FLAG_QUERY),
    FLAG("model", "MODEL", "Only of this model.", FLAG_TEXT, FLAG_QUERY),
    FLAG("key", "KEY", "Only of this key.", FLAG_TEXT, FLAG_QUERY),
    FLAG("project", "PROJECT", "Only of this project.", FLAG_TEXT, FLAG_QUERY),
    FLAG("outcome", "OUTCOME", "Only those that ended so.", FLAG_WORD, FLAG_QUERY,
         .words = OUTCOMES),
};

static const struct column request_columns[] = {
    {"TIME", "time", CELL_TIME, false},
    {"ID", "id", CELL_ID, false},
    {"MODEL", "model", CELL_TEXT, false},
    {"PROVIDER", "provider", CELL_TEXT, false},
    {"OUTCOME", "outcome", CELL_STATUS, false},
    {"INPUT", "input_tokens", CELL_COUNT, false},
    {"OUTPUT", "output_tokens", CELL_COUNT, false},
    {"CHARGE", "charge", CELL_MONEY, false},
    {"MS", "total_ms", CELL_COUNT, false},
    {"FIRST TOKEN MS", "first_token_ms", CELL_COUNT, true},
    {"ATTEMPTS", "attempts", CELL_COUNT, true},
    {"ASKED FOR", "model_asked", CELL_TEXT, true},
    {"KEY", "key_name", CELL_TEXT, true},
    {"KEY ID", "key", CELL_ID, true},
    {"PROJECT", "project", CELL_ID, true},
    {"CACHE READ", "cache_read_tokens", CELL_COUNT, true},
    {"CACHE WRITE", "cache_write_tokens", CELL_COUNT, true},
    {"REASONING", "reasoning_tokens", CELL_COUNT, true},
    {"MODE", "mode", CELL_TEXT, true},
    {"TEST", "test", CELL_TEXT, true},
    {"ERROR", "error", CELL_TEXT, true},
    {"CLIENT'S ID", "client_request_id", CELL_TEXT, true},
};
static const struct view request_view = {VIEW_COLUMNS(request_columns)};

static const struct column detail_columns[] = {
    {"REQUEST", "id", CELL_ID, false},
    {"TIME", "time", CELL_TIME, false},
    {"OUTCOME", "outcome", CELL_STATUS, false},
    {"ERROR", "error", CELL_TEXT, false},
    {"MODEL", "model", CELL_TEXT, false},
    {"ASKED FOR", "model_asked", CELL_TEXT, false},
    {"PROVIDER", "provider", CELL_TEXT, false},
    {"KEY", "key_name", CELL_TEXT, false},
    {"KEY ID", "key", CELL_ID, false},
    {"PROJECT", "project", CELL_ID, false},
    {"MODE", "mode", CELL_TEXT, false},
    {"TEST", "test", CELL_TEXT, false},
    {"FIRST TOKEN MS", "first_token_ms", CELL_COUNT, false},
    {"TOTAL MS", "total_ms", CELL_COUNT, false},
    {"GATEWAY US", "overhead_us", CELL_COUNT, false},
    {"USAGE FROM", "usage_from", CELL_TEXT, false},
    {"TOLD THE CLIENT", "told", CELL_MONEY, false},
    {"COST", "cost", CELL_MONEY, false},
    {"OVERRUN", "overrun", CELL_MONEY, false},
    {"PLAN", "plan", CELL_TEXT, false},
    {"PRICE", "price_version", CELL_ID, false},
    {"CLIENT'S ID", "client_request_id", CELL_TEXT, false},
    {"PROVIDER'S ID", "provider_request_id", CELL_TEXT, false},
    {"SESSION", "session_id", CELL_TEXT, false},
    {"END USER", "end_user", CELL_TEXT, false},
    {"APP", "app", CELL_TEXT, false},
    {"TAGS", "tags", CELL_JSON, false},
    {"POSTED", "posted_at", CELL_TIME, false},
    {"TRANSACTION", "transaction", CELL_ID, false},
};
static const struct view detail_view = {VIEW_COLUMNS(detail_columns)};

static const struct flag request_flags[] = {
    FLAG("from", "TIME", "From then on; the last 7 days without it.", FLAG_TIME, FLAG_QUERY),
    FLAG("to", "TIME", "Before then.", FLAG_TIME, FLAG_QUERY),
    FLAG("model", "MODEL", "Only of this model.", FLAG_TEXT, FLAG_QUERY),
    FLAG("key", "KEY", "Only of this key.", FLAG_TEXT, FLAG_QUERY),
    FLAG("project", "PROJECT", "Only of this project.", FLAG_TEXT, FLAG_QUERY),
    FLAG("provider", "PROVIDER", "Only of this provider.", FLAG_TEXT, FLAG_QUERY),
    FLAG("outcome", "OUTCOME", "Only those that ended so.", FLAG_WORD, FLAG_QUERY,
         .words = OUTCOMES),
    FLAG("failed", NULL, "Only those that failed.", FLAG_SWITCH, FLAG_QUERY),
    FLAG("min-charge", "USD", "Only those that cost at least so much.", FLAG_AMOUNT, FLAG_QUERY),
    FLAG("id", "ID", "By our id, the client's or the provider's.", FLAG_TEXT, FLAG_QUERY),
    FLAG("sort", "BY", "time: newest first; charge: dearest first.", FLAG_WORD, FLAG_QUERY,
         .words = "time|charge"),
};

static const struct column audit_columns[] = {
    {"NO", "seq", CELL_NUMBER, false},      {"TIME", "at", CELL_TIME, false},
    {"WHO", "actor", CELL_TEXT, false},     {"FROM", "address", CELL_TEXT, false},
    {"ACTION", "action", CELL_TEXT, false}, {"SUBJECT", "subject", CELL_ID, false},
    {"TENANT", "tenant", CELL_ID, true},    {"BEFORE", "before", CELL_JSON, true},
    {"AFTER", "after", CELL_JSON, true},    {"HASH", "hash", CELL_TEXT, true},
};
static const struct view audit_view = {VIEW_COLUMNS(audit_columns)};

static const struct flag audit_flags[] = {
    FLAG("from", "TIME", "From then on.", FLAG_TIME, FLAG_QUERY),
    FLAG("to", "TIME", "Before then.", FLAG_TIME, FLAG_QUERY),
    FLAG("action", "ACTION", "Only this action, such as key.revoke.", FLAG_TEXT, FLAG_QUERY),
    FLAG("subject", "ID", "Only what was done to this.", FLAG_TEXT, FLAG_QUERY),
    FLAG("actor", "WHO", "Only what they did.", FLAG_TEXT, FLAG_QUERY),
};

static const struct command rows[] = {
    {
        .words = "usage",
        .about = "Show usage and what it cost, by time, model, key and more",
        .text = "Operators who name no tenant see all tenants together.",
        .examples = "tollgatectl usage --from 7d --bucket day --group model\n"
                    "tollgatectl usage --from 2026-11-01 --to 2026-12-01 --group key --csv",
        FLAGS(usage_flags),
        .shape = SHAPE_OWN,
        .also = ALSO_CSV,
        .path = TENANT_PATH "/usage",
        .fleet_path = "/usage",
        .run = run_usage,
        .view = &usage_view,
    },
    {.words = "requests", .about = "Requests: each call, its attempts and its cost"},
    {
        .words = "requests list",
        .about = "List requests, newest or dearest first",
        .examples = "tollgatectl requests list --from today --sort charge --limit 1\n"
                    "tollgatectl requests list --failed --model openai/gpt-4.1",
        FLAGS(request_flags),
        .shape = SHAPE_LIST,
        .path = TENANT_PATH "/requests",
        .view = &request_view,
    },
    {
        .words = "requests show",
        .arguments = "REQUEST",
        .about = "Show a request: its attempts in time, and how its cost comes about",
        .examples = "tollgatectl requests show gen_01jd8y2m4kq0v5t7w9x1z3b5c7",
        .shape = SHAPE_OWN,
        .path = TENANT_PATH "/requests/{request}",
        .run = run_request_show,
        .view = &detail_view,
    },
    {.words = "audit", .about = "Audit log: who changed what, from where"},
    {
        .words = "audit list",
        .about = "List changes, newest first",
        .text = "Operators who name no tenant see all of them.",
        .examples = "tollgatectl audit list --subject key_01jd8y2m4kq0v5t7w9x1z3b5c7 --wide",
        FLAGS(audit_flags),
        .shape = SHAPE_LIST,
        .path = TENANT_PATH "/audit",
        .fleet_path = "/audit",
        .view = &audit_view,
    },
    {
        .words = "audit verify",
        .about = "Check the chain of hashes; exits with 1 when a row was changed (operators only)",
        .examples = "tollgatectl audit verify",
        .shape = SHAPE_OWN,
        .path = "/audit/verify",
        .run = run_audit_verify,
    },
    {
        .words = "status",
        .about = "Show whether all programs work; exits with 1 when not (operators only)",
        .examples = "tollgatectl status\ntollgatectl status --json",
        .shape = SHAPE_OWN,
        .path = "/status",
        .run = run_status,
    },
};

const struct commands commands_watch = {rows, array_size(rows)};
