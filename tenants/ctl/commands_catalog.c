/*
 * commands_catalog: the rows of "catalog" and "providers".
 */
#include "tenants/ctl/command.h"
#include "tenants/ctl/runs.h"
#include "tenants/ctl/view.h"

#define STATUSES "draft|published|quarantined|retired"

/* ---- models and deployments ---- */

static const struct column model_columns[] = {
    {"MODEL", "id", CELL_ID, false},
    {"KIND", "kind", CELL_TEXT, false},
    {"STATUS", "status", CELL_STATUS, false},
    {"CONTEXT", "context_limit", CELL_COUNT, false},
    {"INPUT FROM", "input_from", CELL_MONEY, false},
    {"OUTPUT FROM", "output_from", CELL_MONEY, false},
    {"SELLABLE", "sellable", CELL_COUNT, false},
    {"DEPLOYMENTS", "deployments", CELL_COUNT, true},
    {"PROVIDERS", "providers", CELL_LIST, true},
    {"NAME", "name", CELL_TEXT, true},
    {"FAMILY", "family", CELL_TEXT, true},
    {"OUTPUT LIMIT", "output_limit", CELL_COUNT, true},
    {"RELEASED", "release_date", CELL_TEXT, true},
    {"OPEN WEIGHTS", "open_weights", CELL_TEXT, true},
    {"DEPRECATED", "deprecated", CELL_TEXT, true},
    {"REASON", "status_reason", CELL_TEXT, true},
};
static const struct view model_view = {VIEW_COLUMNS(model_columns)};
const struct view *const view_model = &model_view;

static const struct column offer_columns[] = {
    {"MODEL", "id", CELL_ID, false},
    {"NAME", "name", CELL_TEXT, false},
    {"KIND", "kind", CELL_TEXT, false},
    {"STATUS", "status", CELL_STATUS, false},
    {"REASON", "status_reason", CELL_TEXT, false},
    {"FAMILY", "family", CELL_TEXT, false},
    {"CONTEXT", "context_limit", CELL_COUNT, false},
    {"OUTPUT LIMIT", "output_limit", CELL_COUNT, false},
    {"INPUT FROM", "input_from", CELL_MONEY, false},
    {"OUTPUT FROM", "output_from", CELL_MONEY, false},
    {"RELEASED", "release_date", CELL_TEXT, false},
    {"DEPRECATED", "deprecated", CELL_TEXT, false},
    {"ALIASES", "aliases", CELL_LIST, false},
    {"OPEN WEIGHTS", "open_weights", CELL_TEXT, false},
    {"FACTS", "facts", CELL_JSON, true},
    {"OFFERS", "offers", CELL_OFFERS, false},
};
static const struct view model_detail_view = {VIEW_COLUMNS(offer_columns)};

static const struct flag model_flags[] = {
    FLAG("q", "TEXT", "Only those with this in id or name.", FLAG_TEXT, FLAG_QUERY),
    FLAG("kind", "KIND", "Only of this kind, such as chat or embedding.", FLAG_TEXT, FLAG_QUERY),
    FLAG("provider", "PROVIDER", "Only with a deployment of this provider.", FLAG_TEXT, FLAG_QUERY),
    FLAG("status", "STATUS", "Only with this status; members see published ones.", FLAG_WORD,
         FLAG_QUERY, .words = STATUSES),
};

static const struct column deployment_columns[] = {
    {"ID", "id", CELL_ID, false},
    {"MODEL", "model", CELL_TEXT, false},
    {"PROVIDER", "provider", CELL_TEXT, false},
    {"STATUS", "status", CELL_STATUS, false},
    {"PRICE", "has_price", CELL_TEXT, false},
    {"CREDENTIAL", "has_credential", CELL_TEXT, false},
    {"QUARANTINE", "quarantine", CELL_LIST, false},
    {"UPSTREAM ID", "upstream_id", CELL_TEXT, true},
    {"DIALECT", "dialect", CELL_TEXT, true},
    {"REGION", "region", CELL_TEXT, true},
    {"MATURITY", "maturity", CELL_TEXT, true},
    {"PRIORITY", "priority", CELL_NUMBER, true},
    {"WEIGHT", "weight", CELL_COUNT, true},
    {"CONTEXT", "context_limit", CELL_COUNT, true},
    {"OUTPUT LIMIT", "output_limit", CELL_COUNT, true},
    {"TIMEOUT MS", "total_timeout_ms", CELL_COUNT, true},
    {"WHEN CLIENTS LEAVE", "abort_policy", CELL_TEXT, true},
    {"DRAINED", "drained_at", CELL_TIME, true},
    {"RELEASED", "released", CELL_TEXT, true},
    {"FREE ON PURPOSE", "free_on_purpose", CELL_TEXT, true},
    {"REASON", "status_reason", CELL_TEXT, true},
    {"BASE URL", "base_url", CELL_TEXT, true},
};
static const struct view deployment_view = {VIEW_COLUMNS(deployment_columns)};

static const struct flag deployment_flags[] = {
    FLAG("q", "TEXT", "Only those with this in their names.", FLAG_TEXT, FLAG_QUERY),
    FLAG("model", "MODEL", "Only of this model.", FLAG_TEXT, FLAG_QUERY),
    FLAG("provider", "PROVIDER", "Only of this provider.", FLAG_TEXT, FLAG_QUERY),
    FLAG("status", "STATUS", "Only with this status.", FLAG_WORD, FLAG_QUERY, .words = STATUSES),
    FLAG("drained", NULL, "Only those that are drained.", FLAG_SWITCH, FLAG_QUERY),
};
static const struct flag status_flags[] = {
    FLAG("reason", "TEXT", "Why; shown where it is not published.", FLAG_TEXT, FLAG_BODY,
         .member = "status_reason"),
};

static const struct column change_columns[] = {
    {"ACTION", "action", CELL_STATUS, false},
    {"KIND", "kind", CELL_TEXT, false},
    {"WHAT", "what", CELL_ID, false},
    {"CHANGE", "detail", CELL_TEXT, false},
};
static const struct view change_view = {VIEW_COLUMNS(change_columns)};

static const struct flag import_flags[] = {
    FLAG("format", "FORMAT", "What the file is; tollgate without it.", FLAG_WORD, FLAG_OWN,
         .words = "tollgate|models.dev"),
    FLAG("prices-from", "TIME", "When changed prices begin; ten minutes from now without it.",
         FLAG_TIME, FLAG_OWN),
    FLAG("retire-many", NULL, "Allow it to take away more than a tenth of the catalog.",
         FLAG_SWITCH, FLAG_OWN),
    FLAG("dry-run", NULL, "Show what would change and change nothing.", FLAG_SWITCH, FLAG_OWN),
};

/* ---- providers ---- */

static const struct column provider_columns[] = {
    {"ID", "id", CELL_ID, false},
    {"NAME", "name", CELL_TEXT, false},
    {"STATUS", "status", CELL_STATUS, false},
    {"DEPLOYMENTS", "deployments", CELL_COUNT, false},
    {"PUBLISHED", "published", CELL_COUNT, false},
    {"CREDENTIALS", "credentials", CELL_COUNT, false},
    {"ENDPOINTS", "endpoints", CELL_JSON, true},
    {"VARIABLES", "variables", CELL_JSON, true},
};
static const struct view provider_view = {VIEW_COLUMNS(provider_columns)};

static const struct flag provider_flags[] = {
    FLAG("q", "TEXT", "Only those with this in their name.", FLAG_TEXT, FLAG_QUERY),
    FLAG("status", "STATUS", "Only with this status.", FLAG_WORD, FLAG_QUERY,
         .words = "active|disabled|retired"),
};

static const struct column health_columns[] = {
    {"PROVIDER", "provider", CELL_TEXT, false},
    {"MODEL", "model", CELL_TEXT, false},
    {"STATUS", "status", CELL_STATUS, false},
    {"ATTEMPTS", "attempts", CELL_COUNT, false},
    {"FAILURES", "failures", CELL_COUNT, false},
    {"FAILED %", "failure_rate", CELL_SHARE, false},
    {"P50 MS", "p50_ms", CELL_COUNT, false},
    {"P95 MS", "p95_ms", CELL_COUNT, false},
    {"FIRST TOKEN P95 MS", "first_token_p95_ms", CELL_COUNT, true},
    {"LAST FAILURE", "last_failure", CELL_TEXT, false},
    {"AT", "last_failure_at", CELL_TIME, true},
    {"DEPLOYMENT", "deployment", CELL_ID, true},
};
static const struct view health_view = {VIEW_COLUMNS(health_columns)};

static const struct flag health_flags[] = {
    FLAG("hours", "N", "Of the last so many hours.", FLAG_COUNT, FLAG_QUERY),
    FLAG("provider", "PROVIDER", "Only of this provider.", FLAG_TEXT, FLAG_QUERY),
    FLAG("failing", NULL, "Only those with failures.", FLAG_SWITCH, FLAG_QUERY),
};

static const struct column credential_columns[] = {
    {"ID", "id", CELL_ID, false},
    {"PROVIDER", "provider", CELL_TEXT, false},
    {"NAME", "name", CELL_TEXT, false},
    {"STATUS", "status", CELL_STATUS, false},
    {"ORIGIN", "origin", CELL_TEXT, false},
    {"DEPLOYMENT", "deployment", CELL_ID, true},
    {"TENANT", "tenant", CELL_ID, true},
    {"VARIABLES", "variables", CELL_JSON, true},
    {"MASTER KEY", "master_key", CELL_TEXT, true},
    {"CREATED", "created_at", CELL_TIME, false},
};
static const struct view credential_view = {VIEW_COLUMNS(credential_columns)};

static const struct flag credential_list_flags[] = {
    FLAG("provider", "PROVIDER", "Only of this provider.", FLAG_TEXT, FLAG_QUERY),
    FLAG("status", "STATUS", "Only with this status.", FLAG_WORD, FLAG_QUERY,
         .words = "active|disabled"),
};
static const struct flag credential_add_flags[] = {
    FLAG("name", "NAME", "What it is called here.", FLAG_TEXT, FLAG_OWN, .needed = true),
    FLAG("secret-file", "FILE",
         "The secret's file, which only you may read; - is standard input. Asked for without it.",
         FLAG_FILE, FLAG_OWN),
    FLAG("deployment", "DEPLOYMENT", "For this deployment alone.", FLAG_TEXT, FLAG_OWN),
    FLAG("variable", "NAME=VALUE", "Fills what the provider's address leaves open.", FLAG_LIST,
         FLAG_OWN),
};

static const struct command rows[] = {
    {.words = "catalog", .about = "Catalog: models and their deployments"},
    {
        .words = "catalog models",
        .about = "List models",
        .text = "Prices are per million tokens of the cheapest deployment, before the plan's "
                "markup.",
        .examples = "tollgatectl catalog models --q claude\n"
                    "tollgatectl catalog models --status quarantined",
        FLAGS(model_flags),
        .shape = SHAPE_LIST,
        .path = "/models",
        .view = &model_view,
    },
    {
        .words = "catalog model",
        .arguments = "MODEL",
        .about = "Show a model with what is offered of it",
        .examples = "tollgatectl catalog model anthropic/claude-sonnet-4",
        .shape = SHAPE_SHOW,
        .path = "/models/{model}",
        .view = &model_detail_view,
    },
    {
        .words = "catalog deployments",
        .about = "List deployments (operators only)",
        .examples = "tollgatectl catalog deployments --model openai/gpt-4.1",
        FLAGS(deployment_flags),
        .shape = SHAPE_LIST,
        .path = "/deployments",
        .view = &deployment_view,
    },
    {
        .words = "catalog publish",
        .arguments = "MODEL-OR-DEPLOYMENT",
        .about = "Offer a model or a deployment (operators only)",
        .text = "To publish what is quarantined releases it: later imports leave it so.",
        .examples = "tollgatectl catalog publish dep_01jd8y2m4kq0v5t7w9x1z3b5c7",
        .shape = SHAPE_OWN,
        .body = "\"status\":\"published\"",
        .run = run_catalog_status,
        .view = &deployment_view,
    },
    {
        .words = "catalog quarantine",
        .arguments = "MODEL-OR-DEPLOYMENT",
        .about = "Stop offering it until somebody has looked (operators only)",
        .examples = "tollgatectl catalog quarantine openai/gpt-4.1 --reason 'wrong price'",
        FLAGS(status_flags),
        .shape = SHAPE_OWN,
        .body = "\"status\":\"quarantined\"",
        .run = run_catalog_status,
        .view = &deployment_view,
    },
    {
        .words = "catalog retire",
        .arguments = "MODEL-OR-DEPLOYMENT",
        .about = "Stop offering it for good (operators only)",
        .examples = "tollgatectl catalog retire dep_01jd8y2m4kq0v5t7w9x1z3b5c7 --yes",
        FLAGS(status_flags),
        .shape = SHAPE_OWN,
        .body = "\"status\":\"retired\"",
        .question = "Retire %s? Calls of it will be refused.",
        .run = run_catalog_status,
        .view = &deployment_view,
    },
    {
        .words = "catalog import",
        .arguments = "FILE",
        .about = "Take over a catalog file (operators only)",
        .text = "Shows what would change and asks before it is done; --yes does not ask. - is "
                "standard input.",
        .examples = "tollgatectl catalog import deploy/catalog/catalog.json --dry-run\n"
                    "tollgatectl catalog import api.json --format models.dev --yes",
        FLAGS(import_flags),
        .shape = SHAPE_OWN,
        .also = ALSO_YES,
        .run = run_catalog_import,
        .view = &change_view,
    },
    {.words = "providers", .about = "Providers: health, draining, credentials (operators only)"},
    {
        .words = "providers list",
        .about = "List providers",
        .examples = "tollgatectl providers list",
        FLAGS(provider_flags),
        .shape = SHAPE_LIST,
        .path = "/providers",
        .view = &provider_view,
    },
    {
        .words = "providers health",
        .about = "Show attempts, failures and latency of each deployment",
        .examples = "tollgatectl providers health --hours 24 --failing",
        FLAGS(health_flags),
        .shape = SHAPE_LIST,
        .path = "/provider-health",
        .view = &health_view,
    },
    {
        .words = "providers drain",
        .arguments = "PROVIDER",
        .about = "Send nothing more to a provider",
        .examples = "tollgatectl providers drain openai",
        .shape = SHAPE_CHANGE,
        .path = "/providers/{provider}",
        .body = "\"status\":\"disabled\"",
        .view = &provider_view,
    },
    {
        .words = "providers resume",
        .arguments = "PROVIDER",
        .about = "Send to a provider again",
        .examples = "tollgatectl providers resume openai",
        .shape = SHAPE_CHANGE,
        .path = "/providers/{provider}",
        .body = "\"status\":\"active\"",
        .view = &provider_view,
    },
    {.words = "providers credentials", .about = "Credentials that are sent to providers"},
    {
        .words = "providers credentials list",
        .about = "List credentials; their secrets are never shown",
        .examples = "tollgatectl providers credentials list --provider openai",
        FLAGS(credential_list_flags),
        .shape = SHAPE_LIST,
        .path = "/credentials",
        .view = &credential_view,
    },
    {
        .words = "providers credentials add",
        .arguments = "PROVIDER",
        .about = "Store a credential; the secret comes from a file, standard input or a prompt",
        .examples = "tollgatectl providers credentials add openai --name main --secret-file key\n"
                    "pass show openai | tollgatectl providers credentials add openai --name main "
                    "--secret-file -",
        FLAGS(credential_add_flags),
        .shape = SHAPE_OWN,
        .run = run_credentials_add,
        .view = &credential_view,
    },
    {
        .words = "providers credentials disable",
        .arguments = "CREDENTIAL",
        .about = "Send a credential no more",
        .examples = "tollgatectl providers credentials disable pcr_01jd8y2m4kq0v5t7w9x1z3b5c7",
        .shape = SHAPE_CHANGE,
        .path = "/credentials/{credential}",
        .body = "\"status\":\"disabled\"",
        .view = &credential_view,
    },
    {
        .words = "providers credentials enable",
        .arguments = "CREDENTIAL",
        .about = "Send a disabled credential again",
        .examples = "tollgatectl providers credentials enable pcr_01jd8y2m4kq0v5t7w9x1z3b5c7",
        .shape = SHAPE_CHANGE,
        .path = "/credentials/{credential}",
        .body = "\"status\":\"active\"",
        .view = &credential_view,
    },
};

const struct commands commands_catalog = {rows, array_size(rows)};
