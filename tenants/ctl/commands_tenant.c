/*
 * commands_tenant: the rows of "tenants", "projects", "members" and "operators".
 */
#include "tenants/ctl/command.h"
#include "tenants/ctl/view.h"

#define ROLES "owner|admin|billing|developer|viewer"
#define WINDOWS "total|day|week|month"
#define PASSWORD_NOTE "Hand the password on now: it is not shown again."

/* ---- tenants ---- */

static const struct column tenant_columns[] = {
    {"ID", "id", CELL_ID, false},
    {"NAME", "name", CELL_TEXT, false},
    {"STATUS", "status", CELL_STATUS, false},
    {"PLAN", "plan", CELL_TEXT, false},
    {"FREE", "free", CELL_MONEY, false},
    {"CHARGE 30D", "charge_30d", CELL_MONEY, false},
    {"COST 30D", "cost_30d", CELL_MONEY, true},
    {"REQUESTS 30D", "requests_30d", CELL_COUNT, false},
    {"BILLING", "billing_mode", CELL_TEXT, true},
    {"CREDIT LIMIT", "credit_limit", CELL_MONEY, true},
    {"CURRENCY", "currency", CELL_TEXT, true},
    {"PLAN VERSION", "plan_version", CELL_ID, true},
    {"CREATED", "created_at", CELL_TIME, true},
};
static const struct view tenant_view = {VIEW_COLUMNS(tenant_columns)};

static const struct flag tenant_list_flags[] = {
    FLAG("q", "TEXT", "Only those with this in their name.", FLAG_TEXT, FLAG_QUERY),
    FLAG("status", "STATUS", "Only with this status.", FLAG_WORD, FLAG_QUERY,
         .words = "active|suspended|past_due|closed"),
};
static const struct flag tenant_create_flags[] = {
    FLAG("plan", "PLAN", "The plan it subscribes to; see plans list.", FLAG_TEXT, FLAG_BODY),
    FLAG("billing-mode", "MODE", "Who pays when.", FLAG_WORD, FLAG_BODY,
         .words = "prepaid|postpaid|hybrid"),
    FLAG("credit-limit", "USD", "What it may owe.", FLAG_AMOUNT, FLAG_BODY),
};
static const struct flag tenant_update_flags[] = {
    FLAG("name", "NAME", "Another name.", FLAG_TEXT, FLAG_BODY),
    FLAG("credit-limit", "USD", "What it may owe (operators only).", FLAG_AMOUNT, FLAG_BODY),
};

/* ---- projects ---- */

static const struct column project_columns[] = {
    {"ID", "id", CELL_ID, false},
    {"NAME", "name", CELL_TEXT, false},
    {"STATUS", "status", CELL_STATUS, false},
    {"KEYS", "keys", CELL_COUNT, false},
    {"SPENT", "spent", CELL_MONEY, false},
    {"BUDGET", "budget", CELL_MONEY, false},
    {"WINDOW", "budget_window", CELL_TEXT, false},
    {"PRESET", "preset", CELL_TEXT, true},
    {"CREATED", "created_at", CELL_TIME, true},
};
static const struct view project_view = {VIEW_COLUMNS(project_columns)};

static const struct flag project_list_flags[] = {
    FLAG("q", "TEXT", "Only those with this in their name.", FLAG_TEXT, FLAG_QUERY),
    FLAG("status", "STATUS", "Only with this status.", FLAG_WORD, FLAG_QUERY,
         .words = "active|archived"),
};
static const struct flag project_create_flags[] = {
    FLAG("budget", "USD", "What its keys may spend together in a window.", FLAG_AMOUNT, FLAG_BODY),
    FLAG("budget-window", "WINDOW", "When the budget starts anew.", FLAG_WORD, FLAG_BODY,
         .words = WINDOWS),
};
static const struct flag project_update_flags[] = {
    FLAG("preset", "PRESET", "The routing preset of requests that name none; none takes it away.",
         FLAG_TEXT, FLAG_BODY, .nullable = true),
    FLAG("name", "NAME", "Another name.", FLAG_TEXT, FLAG_BODY),
    FLAG("status", "STATUS", "An archived project's keys are refused.", FLAG_WORD, FLAG_BODY,
         .words = "active|archived"),
    FLAG("budget", "USD", "What its keys may spend together; none takes the budget away.",
         FLAG_AMOUNT, FLAG_BODY, .nullable = true),
    FLAG("budget-window", "WINDOW", "When the budget starts anew; none with --budget none.",
         FLAG_WORD, FLAG_BODY, .nullable = true, .words = WINDOWS),
};

/* ---- members and operators ---- */

static const struct column member_columns[] = {
    {"ID", "id", CELL_ID, false},
    {"EMAIL", "email", CELL_TEXT, false},
    {"NAME", "name", CELL_TEXT, false},
    {"ROLE", "role", CELL_TEXT, false},
    {"STATUS", "status", CELL_STATUS, false},
    {"LAST SEEN", "last_seen_at", CELL_TIME, false},
    {"CREATED", "created_at", CELL_TIME, true},
};
static const struct column operator_columns[] = {
    {"ID", "id", CELL_ID, false},
    {"EMAIL", "email", CELL_TEXT, false},
    {"NAME", "name", CELL_TEXT, false},
    {"STATUS", "status", CELL_STATUS, false},
    {"LAST SEEN", "last_seen_at", CELL_TIME, false},
    {"CREATED", "created_at", CELL_TIME, true},
};
static const struct column password_columns[] = {{"PASSWORD", "password", CELL_ID, false}};

static const struct view member_view = {VIEW_COLUMNS(member_columns)};
static const struct view operator_view = {VIEW_COLUMNS(operator_columns)};
static const struct view password_view = {VIEW_COLUMNS(password_columns), .note = PASSWORD_NOTE};
static const struct view member_made_view = {
    VIEW_COLUMNS(member_columns), .root = "member", .before = password_columns,
    .before_count = array_size(password_columns), .note = PASSWORD_NOTE};
static const struct view operator_made_view = {
    VIEW_COLUMNS(operator_columns), .root = "operator", .before = password_columns,
    .before_count = array_size(password_columns), .note = PASSWORD_NOTE};

static const struct flag member_list_flags[] = {
    FLAG("q", "TEXT", "Only those with this in name or email.", FLAG_TEXT, FLAG_QUERY),
    FLAG("role", "ROLE", "Only with this role.", FLAG_WORD, FLAG_QUERY, .words = ROLES),
    FLAG("status", "STATUS", "Only with this status.", FLAG_WORD, FLAG_QUERY,
         .words = "invited|active|disabled"),
};
static const struct flag member_create_flags[] = {
    FLAG("role", "ROLE", "What they may do.", FLAG_WORD, FLAG_BODY, .needed = true, .words = ROLES),
    FLAG("name", "NAME", "What they are called.", FLAG_TEXT, FLAG_BODY),
};
static const struct flag member_update_flags[] = {
    FLAG("name", "NAME", "What they are called.", FLAG_TEXT, FLAG_BODY),
    FLAG("role", "ROLE", "What they may do.", FLAG_WORD, FLAG_BODY, .words = ROLES),
    FLAG("status", "STATUS", "Disabled members can't sign in.", FLAG_WORD, FLAG_BODY,
         .words = "active|disabled"),
};
static const struct flag operator_list_flags[] = {
    FLAG("q", "TEXT", "Only those with this in name or email.", FLAG_TEXT, FLAG_QUERY),
    FLAG("status", "STATUS", "Only with this status.", FLAG_WORD, FLAG_QUERY,
         .words = "active|disabled"),
};
static const struct flag operator_create_flags[] = {
    FLAG("name", "NAME", "What they are called.", FLAG_TEXT, FLAG_BODY),
};
static const struct flag operator_update_flags[] = {
    FLAG("name", "NAME", "What they are called.", FLAG_TEXT, FLAG_BODY),
    FLAG("status", "STATUS", "Disabled operators can't sign in.", FLAG_WORD, FLAG_BODY,
         .words = "active|disabled"),
};

#define TENANT_PATH "/tenants/{tenant}"

static const struct command rows[] = {
    {.words = "tenants", .about = "Tenants: who calls and pays"},
    {
        .words = "tenants list",
        .about = "List tenants (operators only)",
        .examples = "tollgatectl tenants list --status past_due\n"
                    "tollgatectl tenants list --all --json",
        FLAGS(tenant_list_flags),
        .shape = SHAPE_LIST,
        .path = "/tenants",
        .view = &tenant_view,
    },
    {
        .words = "tenants show",
        .arguments = "[TENANT]",
        .about = "Show a tenant, one's own without an argument",
        .examples = "tollgatectl tenants show\ntollgatectl tenants show 'Acme GmbH'",
        .shape = SHAPE_SHOW,
        .path = TENANT_PATH,
        .view = &tenant_view,
    },
    {
        .words = "tenants create",
        .arguments = "NAME",
        .about = "Make a tenant (operators only)",
        .examples = "tollgatectl tenants create 'Acme GmbH' --plan standard --billing-mode prepaid",
        FLAGS(tenant_create_flags),
        .shape = SHAPE_MAKE,
        .path = "/tenants",
        .view = &tenant_view,
    },
    {
        .words = "tenants update",
        .arguments = "TENANT",
        .about = "Change a tenant's name or credit limit",
        .examples = "tollgatectl tenants update 'Acme GmbH' --credit-limit 500",
        FLAGS(tenant_update_flags),
        .shape = SHAPE_CHANGE,
        .path = TENANT_PATH,
        .view = &tenant_view,
    },
    {
        .words = "tenants suspend",
        .arguments = "TENANT",
        .about = "Refuse all calls of a tenant (operators only)",
        .examples = "tollgatectl tenants suspend 'Acme GmbH' --yes",
        .shape = SHAPE_CHANGE,
        .path = TENANT_PATH,
        .body = "\"status\":\"suspended\"",
        .question = "Suspend %s? All its calls will be refused.",
        .view = &tenant_view,
    },
    {
        .words = "tenants activate",
        .arguments = "TENANT",
        .about = "Let a suspended tenant call again (operators only)",
        .examples = "tollgatectl tenants activate 'Acme GmbH'",
        .shape = SHAPE_CHANGE,
        .path = TENANT_PATH,
        .body = "\"status\":\"active\"",
        .view = &tenant_view,
    },
    {.words = "projects", .about = "Projects: keys under a budget of their own"},
    {
        .words = "projects list",
        .about = "List projects",
        .examples = "tollgatectl projects list",
        FLAGS(project_list_flags),
        .shape = SHAPE_LIST,
        .path = TENANT_PATH "/projects",
        .view = &project_view,
    },
    {
        .words = "projects create",
        .arguments = "NAME",
        .about = "Make a project",
        .examples = "tollgatectl projects create search --budget 100 --budget-window month",
        FLAGS(project_create_flags),
        .shape = SHAPE_MAKE,
        .path = TENANT_PATH "/projects",
        .view = &project_view,
    },
    {
        .words = "projects update",
        .arguments = "PROJECT",
        .about = "Change a project's name, status or budget",
        .examples = "tollgatectl projects update prj_01jd8y2m4kq0v5t7w9x1z3b5c7 --budget 250",
        FLAGS(project_update_flags),
        .shape = SHAPE_CHANGE,
        .path = TENANT_PATH "/projects/{project}",
        .view = &project_view,
    },
    {.words = "members", .about = "Members: a tenant's people and what they may do"},
    {
        .words = "members list",
        .about = "List a tenant's members",
        .examples = "tollgatectl members list --role admin",
        FLAGS(member_list_flags),
        .shape = SHAPE_LIST,
        .path = TENANT_PATH "/members",
        .view = &member_view,
    },
    {
        .words = "members create",
        .arguments = "EMAIL",
        .about = "Take somebody in; their first password is shown once",
        .examples = "tollgatectl members create ada@example.com --role developer --name 'Ada'",
        FLAGS(member_create_flags),
        .shape = SHAPE_MAKE,
        .path = TENANT_PATH "/members",
        .view = &member_made_view,
    },
    {
        .words = "members update",
        .arguments = "MEMBER",
        .about = "Change a member's name, role or status",
        .examples = "tollgatectl members update mem_01jd8y2m4kq0v5t7w9x1z3b5c7 --role billing",
        FLAGS(member_update_flags),
        .shape = SHAPE_CHANGE,
        .path = TENANT_PATH "/members/{member}",
        .view = &member_view,
    },
    {
        .words = "members reset-password",
        .arguments = "MEMBER",
        .about = "Make a new password; the member's sessions end",
        .examples = "tollgatectl members reset-password mem_01jd8y2m4kq0v5t7w9x1z3b5c7 --yes",
        .shape = SHAPE_MAKE,
        .path = TENANT_PATH "/members/{member}/reset-password",
        .question = "Make a new password for %s? The old one and its sessions end.",
        .view = &password_view,
    },
    {.words = "operators", .about = "Operators: who runs this Tollgate (operators only)"},
    {
        .words = "operators list",
        .about = "List operators",
        .examples = "tollgatectl operators list",
        FLAGS(operator_list_flags),
        .shape = SHAPE_LIST,
        .path = "/operators",
        .view = &operator_view,
    },
    {
        .words = "operators create",
        .arguments = "EMAIL",
        .about = "Make an operator; the first password is shown once",
        .examples = "tollgatectl operators create grace@example.com --name 'Grace'",
        FLAGS(operator_create_flags),
        .shape = SHAPE_MAKE,
        .path = "/operators",
        .view = &operator_made_view,
    },
    {
        .words = "operators update",
        .arguments = "OPERATOR",
        .about = "Change an operator's name or status",
        .examples = "tollgatectl operators update opr_01jd8y2m4kq0v5t7w9x1z3b5c7 --status disabled",
        FLAGS(operator_update_flags),
        .shape = SHAPE_CHANGE,
        .path = "/operators/{operator}",
        .view = &operator_view,
    },
    {
        .words = "operators reset-password",
        .arguments = "OPERATOR",
        .about = "Make a new password; the operator's sessions end",
        .examples = "tollgatectl operators reset-password opr_01jd8y2m4kq0v5t7w9x1z3b5c7 --yes",
        .shape = SHAPE_MAKE,
        .path = "/operators/{operator}/reset-password",
        .question = "Make a new password for %s? The old one and its sessions end.",
        .view = &password_view,
    },
};

const struct commands commands_tenant = {rows, array_size(rows)};
