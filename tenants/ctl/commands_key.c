/*
 * commands_key: the rows of "keys".
 */
#include "tenants/ctl/command.h"
#include "tenants/ctl/view.h"

#define WINDOWS "total|day|week|month"

static const struct column columns[] = {
    {"ID", "id", CELL_ID, false},
    {"NAME", "name", CELL_TEXT, false},
    {"KIND", "kind", CELL_TEXT, false},
    {"STATUS", "status", CELL_STATUS, false},
    {"PROJECT", "project_name", CELL_TEXT, false},
    {"SPENT", "spent", CELL_MONEY, false},
    {"BUDGET", "budget", CELL_MONEY, false},
    {"WINDOW", "budget_window", CELL_TEXT, false},
    {"LAST USED", "last_used_at", CELL_TIME, false},
    {"REQ/MIN", "requests_per_minute", CELL_COUNT, true},
    {"TOKENS/MIN", "tokens_per_minute", CELL_COUNT, true},
    {"EXPIRES", "expires_at", CELL_TIME, true},
    {"MODELS", "models", CELL_LIST, true},
    {"SCOPES", "scopes", CELL_LIST, true},
    {"PRESET", "preset", CELL_TEXT, true},
    {"PUBLIC PARTS", "public_parts", CELL_LIST, true},
    {"PROJECT ID", "project", CELL_ID, true},
    {"REASON", "status_reason", CELL_TEXT, true},
    {"CREATED BY", "created_by", CELL_TEXT, true},
    {"CREATED", "created_at", CELL_TIME, true},
};

static const struct column secret_columns[] = {
    {"SECRET", "secret", CELL_ID, false},
    {"SECRET ENDS", "secret_expires_at", CELL_TIME, false},
};

static const struct view key_view = {VIEW_COLUMNS(columns)};
static const struct view made_view = {
    VIEW_COLUMNS(columns),
    .root = "key",
    .before = secret_columns,
    .before_count = array_size(secret_columns),
    .note = "Keep the secret now: it is not shown again.",
};

static const struct flag list_flags[] = {
    FLAG("q", "TEXT", "Only those with this in their name.", FLAG_TEXT, FLAG_QUERY),
    FLAG("kind", "KIND", "Only of this kind.", FLAG_WORD, FLAG_QUERY, .words = "live|test|mgmt"),
    FLAG("status", "STATUS", "Only with this status.", FLAG_WORD, FLAG_QUERY,
         .words = "active|disabled|revoked|expired"),
    FLAG("project", "PROJECT", "Only of this project.", FLAG_TEXT, FLAG_QUERY),
};

static const struct flag create_flags[] = {
    FLAG("kind", "KIND",
         "live keys call models, test keys reach the sandbox only, mgmt keys call this API. live "
         "without it.",
         FLAG_WORD, FLAG_BODY, .words = "live|test|mgmt"),
    FLAG("project", "PROJECT", "The project it belongs to; the tenant's first without it.",
         FLAG_TEXT, FLAG_BODY),
    FLAG("budget", "USD", "What it may spend in a window; no more is spent than this.", FLAG_AMOUNT,
         FLAG_BODY),
    FLAG("budget-window", "WINDOW", "When the budget starts anew; total without it.", FLAG_WORD,
         FLAG_BODY, .words = WINDOWS),
    FLAG("models", "MODEL", "Models it may call, all without it; once for each, or with commas.",
         FLAG_LIST, FLAG_BODY),
    FLAG("scopes", "SCOPE", "What a management key may do, such as keys:read.", FLAG_LIST,
         FLAG_BODY),
    FLAG("requests-per-minute", "N", "How many requests it may make in a minute.", FLAG_COUNT,
         FLAG_BODY),
    FLAG("tokens-per-minute", "N", "How many tokens it may use in a minute.", FLAG_COUNT,
         FLAG_BODY),
    FLAG("preset", "PRESET", "The routing preset of requests that name none.", FLAG_TEXT,
         FLAG_BODY),
    FLAG("expires", "TIME", "When it ends by itself.", FLAG_TIME, FLAG_BODY,
         .member = "expires_at"),
};

static const struct flag update_flags[] = {
    FLAG("name", "NAME", "Another name.", FLAG_TEXT, FLAG_BODY),
    FLAG("budget", "USD", "What it may spend in a window; none takes the budget away.", FLAG_AMOUNT,
         FLAG_BODY, .nullable = true),
    FLAG("budget-window", "WINDOW", "When the budget starts anew; none with --budget none.",
         FLAG_WORD, FLAG_BODY, .nullable = true, .words = WINDOWS),
    FLAG("models", "MODEL", "Models it may call; none lifts the limit.", FLAG_LIST, FLAG_BODY,
         .nullable = true),
    FLAG("scopes", "SCOPE", "What a management key may do.", FLAG_LIST, FLAG_BODY),
    FLAG("requests-per-minute", "N", "Requests in a minute; none lifts the limit.", FLAG_COUNT,
         FLAG_BODY, .nullable = true),
    FLAG("tokens-per-minute", "N", "Tokens in a minute; none lifts the limit.", FLAG_COUNT,
         FLAG_BODY, .nullable = true),
    FLAG("preset", "PRESET", "The routing preset of requests that name none; none takes it away.",
         FLAG_TEXT, FLAG_BODY, .nullable = true),
    FLAG("expires", "TIME", "When it ends by itself; none for never.", FLAG_TIME, FLAG_BODY,
         .nullable = true, .member = "expires_at"),
};

static const struct flag rotate_flags[] = {
    FLAG("overlap-seconds", "N", "How long the secret before it goes on working.", FLAG_COUNT,
         FLAG_BODY),
};

static const struct flag revoke_flags[] = {
    FLAG("reason", "TEXT", "Why; it stands in the audit log and beside the key.", FLAG_TEXT,
         FLAG_BODY),
};

static const struct command rows[] = {
    {.words = "keys", .about = "Keys: made, limited, rotated, revoked"},
    {
        .words = "keys list",
        .about = "List keys",
        .examples = "tollgatectl keys list --status active\n"
                    "tollgatectl keys list --project prj_01jd8y2m4kq0v5t7w9x1z3b5c7 --wide",
        FLAGS(list_flags),
        .shape = SHAPE_LIST,
        .path = "/tenants/{tenant}/keys",
        .view = &key_view,
    },
    {
        .words = "keys show",
        .arguments = "KEY",
        .about = "Show one key with its limits and what it spent",
        .examples = "tollgatectl keys show key_01jd8y2m4kq0v5t7w9x1z3b5c7",
        .shape = SHAPE_SHOW,
        .path = "/tenants/{tenant}/keys/{key}",
        .view = &key_view,
    },
    {
        .words = "keys create",
        .arguments = "NAME",
        .about = "Make a key; its secret is shown once",
        .text = "Gateways know the key within a second.",
        .examples =
            "tollgatectl keys create 'nightly tests' --budget 5 --budget-window month\n"
            "tollgatectl keys create search --models openai/gpt-4.1,anthropic/claude-sonnet-4\n"
            "tollgatectl keys create 'usage export' --kind mgmt --scopes usage:read,billing:read",
        FLAGS(create_flags),
        .shape = SHAPE_MAKE,
        .path = "/tenants/{tenant}/keys",
        .view = &made_view,
    },
    {
        .words = "keys update",
        .arguments = "KEY",
        .about = "Change a key's name or limits",
        .examples =
            "tollgatectl keys update key_01jd8y2m4kq0v5t7w9x1z3b5c7 --budget 20\n"
            "tollgatectl keys update key_01jd8y2m4kq0v5t7w9x1z3b5c7 --tokens-per-minute none",
        FLAGS(update_flags),
        .shape = SHAPE_CHANGE,
        .path = "/tenants/{tenant}/keys/{key}",
        .view = &key_view,
    },
    {
        .words = "keys rotate",
        .arguments = "KEY",
        .about = "Give a key a new secret while the old one still works for a time",
        .examples =
            "tollgatectl keys rotate key_01jd8y2m4kq0v5t7w9x1z3b5c7 --overlap-seconds 86400",
        FLAGS(rotate_flags),
        .shape = SHAPE_MAKE,
        .path = "/tenants/{tenant}/keys/{key}/rotate",
        .view = &made_view,
    },
    {
        .words = "keys revoke",
        .arguments = "KEY",
        .about = "End a key for good",
        .text = "Calls with it are refused within a second. There is no way back; keys disable "
                "can be undone.",
        .examples = "tollgatectl keys revoke key_01jd8y2m4kq0v5t7w9x1z3b5c7 --reason 'leaked in a "
                    "log' --yes",
        FLAGS(revoke_flags),
        .shape = SHAPE_MAKE,
        .path = "/tenants/{tenant}/keys/{key}/revoke",
        .question = "Revoke %s for good? Calls with it will fail.",
        .view = &key_view,
    },
    {
        .words = "keys disable",
        .arguments = "KEY",
        .about = "Refuse a key's calls until it is enabled again",
        .examples = "tollgatectl keys disable key_01jd8y2m4kq0v5t7w9x1z3b5c7",
        .shape = SHAPE_CHANGE,
        .path = "/tenants/{tenant}/keys/{key}",
        .body = "\"status\":\"disabled\"",
        .view = &key_view,
    },
    {
        .words = "keys enable",
        .arguments = "KEY",
        .about = "Let a disabled key call again",
        .examples = "tollgatectl keys enable key_01jd8y2m4kq0v5t7w9x1z3b5c7",
        .shape = SHAPE_CHANGE,
        .path = "/tenants/{tenant}/keys/{key}",
        .body = "\"status\":\"active\"",
        .view = &key_view,
    },
};

const struct commands commands_key = {rows, array_size(rows)};
