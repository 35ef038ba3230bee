/*
 * commands_routing: the rows of "presets", "routing" and "deployments".
 */
#include "tenants/ctl/command.h"
#include "tenants/ctl/runs.h"
#include "tenants/ctl/view.h"

#define PRESETS "/tenants/{tenant}/presets"
#define DEPLOYMENT "dep_01jd8y2m4kq0v5t7w9x1z3b5c7"

/* ---- presets ---- */

static const struct column preset_columns[] = {
    {"NAME", "name", CELL_ID, false},
    {"VERSION", "version", CELL_NUMBER, false},
    {"UPDATED", "updated_at", CELL_TIME, false},
    {"BY", "updated_by", CELL_TEXT, false},
    {"DEFAULT OF", "default_of", CELL_LIST, false},
    {"CREATED", "created_at", CELL_TIME, true},
    {"CREATED BY", "created_by", CELL_TEXT, true},
    {"ID", "id", CELL_ID, true},
};
static const struct column preset_detail_columns[] = {
    {"NAME", "name", CELL_ID, false},
    {"VERSION", "version", CELL_NUMBER, false},
    {"CURRENT", "current", CELL_TEXT, false},
    {"DEFAULT OF", "default_of", CELL_LIST, false},
    {"UPDATED", "updated_at", CELL_TIME, false},
    {"UPDATED BY", "updated_by", CELL_TEXT, false},
    {"CREATED", "created_at", CELL_TIME, false},
    {"CREATED BY", "created_by", CELL_TEXT, false},
    {"BODY", "body", CELL_JSON, false},
};
static const struct column version_columns[] = {
    {"VERSION", "version", CELL_NUMBER, false},
    {"CURRENT", "current", CELL_TEXT, false},
    {"CREATED", "created_at", CELL_TIME, false},
    {"BY", "created_by", CELL_TEXT, false},
};
static const struct column default_columns[] = {
    {"ID", "id", CELL_ID, false},
    {"TENANT", "tenant", CELL_ID, false},
    {"NAME", "name", CELL_TEXT, false},
    {"PRESET", "preset", CELL_TEXT, false},
};
static const struct view preset_view = {VIEW_COLUMNS(preset_columns)};
static const struct view preset_detail_view = {VIEW_COLUMNS(preset_detail_columns)};
static const struct view version_view = {VIEW_COLUMNS(version_columns)};
static const struct view default_view = {VIEW_COLUMNS(default_columns)};

static const struct flag preset_list_flags[] = {
    FLAG("q", "TEXT", "Only those with this in their name.", FLAG_TEXT, FLAG_QUERY),
};
static const struct flag preset_show_flags[] = {
    FLAG("version", "N", "This version; the newest without it.", FLAG_COUNT, FLAG_OWN),
    FLAG("body", NULL, "Print the preset alone, as a file for presets put.", FLAG_SWITCH, FLAG_OWN),
};
static const struct flag preset_use_flags[] = {
    FLAG("project", "PROJECT", "For the keys of this project.", FLAG_TEXT, FLAG_OWN),
    FLAG("key", "KEY", "For this key alone.", FLAG_TEXT, FLAG_OWN),
};

/* ---- routing rules ---- */

#define ON_OFF .words = "on|off", .truth = true

static const struct column routing_columns[] = {
    {"TENANT", "tenant", CELL_ID, false},
    {"PRESET", "preset", CELL_TEXT, false},
    {"STRATEGY", "strategy", CELL_TEXT, false},
    {"CONTINUE ON FAILURE", "continue_on_failure", CELL_TEXT, false},
    {"HEDGE", "hedge", CELL_TEXT, false},
    {"ZDR", "zdr", CELL_TEXT, false},
    {"DATA COLLECTION", "data_collection", CELL_TEXT, false},
    {"REGIONS", "regions", CELL_LIST, false},
};
static const struct view routing_view = {VIEW_COLUMNS(routing_columns)};

static const struct flag routing_flags[] = {
    FLAG("preset", "PRESET", "Of requests that name none; see presets list.", FLAG_TEXT, FLAG_BODY,
         .nullable = true),
    FLAG("strategy", "STRATEGY", "In which order deployments are tried.", FLAG_WORD, FLAG_BODY,
         .nullable = true,
         .words = "default|price|throughput|latency|balanced|weighted|priority|least-busy|usage"),
    FLAG("continue-on-failure", "ON-OFF",
         "A stream that breaks goes on at another deployment, after content too.", FLAG_WORD,
         FLAG_BODY, ON_OFF),
    FLAG("hedge", "ON-OFF", "A second attempt is made beside one that is late.", FLAG_WORD,
         FLAG_BODY, ON_OFF),
    FLAG("zdr", "ON-OFF", "Only deployments that are known to keep nothing.", FLAG_WORD, FLAG_BODY,
         ON_OFF),
    FLAG("data-collection", "WORD", "Whether prompts may be used for training.", FLAG_WORD,
         FLAG_BODY, .words = "allow|deny"),
    FLAG("regions", "REGION", "Only in these; eu is eu-west-1 too.", FLAG_LIST, FLAG_BODY,
         .nullable = true),
};

/* ---- deployments ---- */

static const struct column deployment_columns[] = {
    {"ID", "id", CELL_ID, false},
    {"MODEL", "model", CELL_TEXT, false},
    {"PROVIDER", "provider", CELL_TEXT, false},
    {"STATUS", "status", CELL_STATUS, false},
    {"DRAINED", "drained_at", CELL_TIME, false},
    {"DRAINED BY", "drained_by", CELL_TEXT, false},
    {"REASON", "drain_reason", CELL_TEXT, false},
    {"PROBED EVERY S", "probe_interval_s", CELL_COUNT, false},
    {"PROBES PER DAY", "probe_daily_cap", CELL_MONEY, false},
};
static const struct view deployment_view = {VIEW_COLUMNS(deployment_columns)};

static const struct flag drain_flags[] = {
    FLAG("reason", "TEXT", "Why; shown with it and kept in the audit log.", FLAG_TEXT, FLAG_BODY,
         .needed = true),
};
static const struct flag probe_flags[] = {
    FLAG("every", "SECONDS", "At most one probe in so many seconds, from 5 on; 0 ends them.",
         FLAG_COUNT, FLAG_BODY, .member = "probe_interval_s"),
    FLAG("daily-cap", "USD", "What the probes of one gateway may cost a day.", FLAG_AMOUNT,
         FLAG_BODY, .member = "probe_daily_cap"),
};

static const struct command rows[] = {
    {.words = "presets", .about = "Routing presets: which models a request is tried at"},
    {
        .words = "presets list",
        .about = "List routing presets",
        .examples = "tollgatectl presets list",
        FLAGS(preset_list_flags),
        .shape = SHAPE_LIST,
        .path = PRESETS,
        .view = &preset_view,
    },
    {
        .words = "presets show",
        .arguments = "PRESET",
        .about = "Show a routing preset",
        .examples = "tollgatectl presets show fast\n"
                    "tollgatectl presets show fast --version 3 --body | tollgatectl presets put "
                    "fast -",
        FLAGS(preset_show_flags),
        .shape = SHAPE_OWN,
        .path = PRESETS "/{preset}",
        .run = run_preset_show,
        .view = &preset_detail_view,
    },
    {
        .words = "presets put",
        .arguments = "PRESET FILE",
        .about = "Make a routing preset, or another version of it",
        .text = "The new version holds at once, everywhere. The file is JSON, such as "
                "{\"strategy\": {\"mode\": \"fallback\"}, \"targets\": [{\"model\": "
                "\"openai/gpt-4.1\"}, {\"model\": \"anthropic/claude-sonnet-4\"}]}; - is standard "
                "input. Requests name it: \"model\": \"@preset/PRESET\". To go back is to put an "
                "older version.",
        .examples = "tollgatectl presets put fast fast.json",
        .shape = SHAPE_OWN,
        .run = run_preset_put,
        .view = &preset_detail_view,
    },
    {
        .words = "presets delete",
        .arguments = "PRESET",
        .about = "Delete a routing preset that is nobody's default",
        .examples = "tollgatectl presets delete fast --yes",
        .shape = SHAPE_OWN,
        .path = PRESETS "/{preset}",
        .question = "Delete the preset %s? Requests that name it will be refused.",
        .run = run_preset_delete,
    },
    {
        .words = "presets versions",
        .arguments = "PRESET",
        .about = "List the versions of a routing preset",
        .examples = "tollgatectl presets versions fast",
        .shape = SHAPE_LIST,
        .path = PRESETS "/{preset}/versions",
        .view = &version_view,
    },
    {
        .words = "presets use",
        .arguments = "PRESET",
        .about = "Route requests that name no preset by this one",
        .text = "For all requests of the tenant, or those of one project or key: a key's own wins "
                "over its project's, that over the tenant's. none takes the default away.",
        .examples = "tollgatectl presets use fast\n"
                    "tollgatectl presets use cheap --key key_01jd8y2m4kq0v5t7w9x1z3b5c7\n"
                    "tollgatectl presets use none --project prj_01jd8y2m4kq0v5t7w9x1z3b5c7",
        FLAGS(preset_use_flags),
        .shape = SHAPE_OWN,
        .run = run_preset_use,
        .view = &default_view,
    },
    {.words = "routing", .about = "Routing rules: what holds for all requests of a tenant"},
    {
        .words = "routing show",
        .arguments = "[TENANT]",
        .about = "Show the tenant's routing rules",
        .examples = "tollgatectl routing show",
        .shape = SHAPE_SHOW,
        .path = "/tenants/{tenant}/routing",
        .view = &routing_view,
    },
    {
        .words = "routing update",
        .about = "Change the tenant's routing rules",
        .text = "A request may ask for more than they say, never for less.",
        .examples = "tollgatectl routing update --hedge on --continue-on-failure on\n"
                    "tollgatectl routing update --zdr on --regions eu --preset none",
        FLAGS(routing_flags),
        .shape = SHAPE_CHANGE,
        .path = "/tenants/{tenant}/routing",
        .view = &routing_view,
    },
    {.words = "deployments",
     .about = "Deployments: draining and probing (operators only); see catalog deployments"},
    {
        .words = "deployments drain",
        .arguments = "DEPLOYMENT",
        .about = "Send no new requests to a deployment; those under way end",
        .examples = "tollgatectl deployments drain " DEPLOYMENT " --reason 'moves tonight'",
        FLAGS(drain_flags),
        .shape = SHAPE_MAKE,
        .path = "/deployments/{deployment}/drain",
        .view = &deployment_view,
    },
    {
        .words = "deployments undrain",
        .arguments = "DEPLOYMENT",
        .about = "Send requests to a drained deployment again",
        .examples = "tollgatectl deployments undrain " DEPLOYMENT " --reason 'has moved'",
        FLAGS(drain_flags),
        .shape = SHAPE_MAKE,
        .path = "/deployments/{deployment}/undrain",
        .view = &deployment_view,
    },
    {
        .words = "deployments probe",
        .arguments = "DEPLOYMENT",
        .about = "Ask a deployment from time to time whether it answers",
        .text = "A probe is a small request at our own cost; none are made unless this is set.",
        .examples = "tollgatectl deployments probe " DEPLOYMENT " --every 60 --daily-cap 0.05\n"
                    "tollgatectl deployments probe " DEPLOYMENT " --every 0",
        FLAGS(probe_flags),
        .shape = SHAPE_CHANGE,
        .path = "/deployments/{deployment}",
        .view = &deployment_view,
    },
};

const struct commands commands_routing = {rows, array_size(rows)};
