/*
 * commands_money: the rows of "balance", "credit", "plans", "prices", "invoices" and "ledger".
 */
#include "tenants/ctl/command.h"
#include "tenants/ctl/runs.h"
#include "tenants/ctl/view.h"

#define TENANT_PATH "/tenants/{tenant}"

/* ---- balance and credit ---- */

static const struct column balance_columns[] = {
    {"FREE", "free", CELL_MONEY, false},
    {"PREPAID", "prepaid", CELL_MONEY, false},
    {"PROMO", "promo", CELL_MONEY, false},
    {"ACCRUED", "accrued", CELL_MONEY, false},
    {"RECEIVABLE", "receivable", CELL_MONEY, false},
    {"CREDIT LIMIT", "credit_limit", CELL_MONEY, false},
    {"HELD", "held", CELL_MONEY, false},
    {"PER DAY", "burn_per_day", CELL_MONEY, false},
    {"DAYS LEFT", "days_left", CELL_NUMBER, false},
    {"CURRENCY", "currency", CELL_TEXT, false},
    {"PERIOD", "period_no", CELL_COUNT, false},
    {"PERIOD SINCE", "period_start", CELL_TIME, false},
    {"AS OF", "as_of", CELL_TIME, false},
};
static const struct view balance_view = {VIEW_COLUMNS(balance_columns)};

static const struct column credit_columns[] = {
    {"ID", "id", CELL_ID, false},
    {"KIND", "kind", CELL_TEXT, false},
    {"AMOUNT", "amount", CELL_MONEY, false},
    {"USED", "used", CELL_MONEY, false},
    {"EXPIRES", "expires_at", CELL_TIME, false},
    {"REASON", "reason", CELL_TEXT, false},
    {"CREATED BY", "created_by", CELL_TEXT, true},
    {"CREATED", "created_at", CELL_TIME, false},
};
static const struct view credit_view = {VIEW_COLUMNS(credit_columns)};

static const struct flag credit_flags[] = {
    FLAG("expires", "TIME", "When what is left of it ends.", FLAG_TIME, FLAG_BODY,
         .member = "expires_at"),
    FLAG("reason", "TEXT", "Why; it stands in the list of credit.", FLAG_TEXT, FLAG_BODY),
};

/* ---- plans ---- */

static const struct column plan_columns[] = {
    {"PLAN", "plan", CELL_TEXT, false},
    {"NAME", "name", CELL_TEXT, false},
    {"STATE", "state", CELL_STATUS, false},
    {"MARKUP %", "markup_percent", CELL_MONEY, false},
    {"DISCOUNT %", "discount_percent", CELL_MONEY, false},
    {"FIXED", "fixed", CELL_MONEY, true},
    {"MONTHLY FEE", "monthly_fee", CELL_MONEY, false},
    {"SUBSCRIBERS", "subscribers", CELL_COUNT, false},
    {"FROM", "effective_from", CELL_TIME, false},
    {"UNTIL", "effective_until", CELL_TIME, true},
    {"VOLUME FROM", "volume_threshold", CELL_MONEY, true},
    {"VOLUME %", "volume_discount_percent", CELL_MONEY, true},
    {"FLOOR %", "margin_floor_percent", CELL_MONEY, true},
    {"MINIMUM", "minimum_charge", CELL_MONEY, true},
    {"LISTED", "listed", CELL_TEXT, true},
    {"VERSION", "id", CELL_ID, true},
    {"CREATED BY", "created_by", CELL_TEXT, true},
};
static const struct view plan_view = {VIEW_COLUMNS(plan_columns)};

static const struct flag plan_list_flags[] = {
    FLAG("plan", "PLAN", "Only versions of this plan.", FLAG_TEXT, FLAG_QUERY),
    FLAG("state", "STATE", "Only past, current or future versions.", FLAG_WORD, FLAG_QUERY,
         .words = "past|current|future"),
};
static const struct flag plan_create_flags[] = {
    FLAG("name", "NAME", "What people read.", FLAG_TEXT, FLAG_BODY, .needed = true),
    FLAG("markup-percent", "PERCENT", "What is put on the provider's price.", FLAG_AMOUNT,
         FLAG_BODY, .needed = true),
    FLAG("discount-percent", "PERCENT", "What is taken off the provider's price.", FLAG_AMOUNT,
         FLAG_BODY),
    FLAG("fixed", "USD", "Put on every request.", FLAG_AMOUNT, FLAG_BODY),
    FLAG("monthly-fee", "USD", "A line on every month's invoice.", FLAG_AMOUNT, FLAG_BODY),
    FLAG("volume-threshold", "USD", "The usage in a month from which the volume discount holds.",
         FLAG_AMOUNT, FLAG_BODY),
    FLAG("volume-discount-percent", "PERCENT", "What is taken off past the volume threshold.",
         FLAG_AMOUNT, FLAG_BODY),
    FLAG("margin-floor-percent", "PERCENT", "Discounts leave at least this above cost.",
         FLAG_AMOUNT, FLAG_BODY),
    FLAG("minimum-charge", "USD", "The least a month costs.", FLAG_AMOUNT, FLAG_BODY),
    FLAG("listed", NULL, "Everybody may see it.", FLAG_SWITCH, FLAG_BODY),
    FLAG("from", "TIME", "When it begins.", FLAG_TIME, FLAG_BODY, .member = "effective_from"),
};

static const struct column subscription_columns[] = {
    {"PLAN", "plan", CELL_TEXT, false},
    {"NAME", "name", CELL_TEXT, false},
    {"MARKUP %", "markup_percent", CELL_MONEY, false},
    {"MONTHLY FEE", "monthly_fee", CELL_MONEY, false},
    {"FROM", "effective_from", CELL_TIME, false},
    {"UNTIL", "effective_until", CELL_TIME, false},
    {"VERSION", "plan_version", CELL_ID, true},
};
static const struct view subscription_view = {VIEW_COLUMNS(subscription_columns)};

/* ---- prices ---- */

static const struct column price_columns[] = {
    {"ID", "id", CELL_ID, false},
    {"MODEL", "model", CELL_TEXT, false},
    {"PROVIDER", "provider", CELL_TEXT, false},
    {"BOOK", "book", CELL_TEXT, false},
    {"STATE", "state", CELL_STATUS, false},
    {"USD PER MILLION", "rates", CELL_RATES, false},
    {"FROM", "effective_from", CELL_TIME, false},
    {"UNTIL", "effective_until", CELL_TIME, true},
    {"DEPLOYMENT", "deployment", CELL_ID, true},
    {"TENANT", "tenant", CELL_ID, true},
    {"SOURCE", "source", CELL_TEXT, true},
    {"CREATED BY", "created_by", CELL_TEXT, true},
    {"CREATED", "created_at", CELL_TIME, true},
};
static const struct view price_view = {VIEW_COLUMNS(price_columns)};

static const struct flag price_list_flags[] = {
    FLAG("deployment", "DEPLOYMENT", "Only of this deployment.", FLAG_TEXT, FLAG_QUERY),
    FLAG("model", "MODEL", "Only of this model.", FLAG_TEXT, FLAG_QUERY),
    FLAG("provider", "PROVIDER", "Only of this provider.", FLAG_TEXT, FLAG_QUERY),
    FLAG("book", "BOOK", "cost is what the provider takes, list what tenants are told.", FLAG_WORD,
         FLAG_QUERY, .words = "cost|list"),
    FLAG("contract", "TENANT", "Only prices made for this tenant (its id).", FLAG_TEXT, FLAG_QUERY,
         .member = "tenant"),
    FLAG("state", "STATE", "Only past, current or future versions.", FLAG_WORD, FLAG_QUERY,
         .words = "past|current|future"),
};
static const struct flag price_set_flags[] = {
    FLAG("input", "USD", "Per million input tokens.", FLAG_AMOUNT, FLAG_OWN),
    FLAG("output", "USD", "Per million output tokens.", FLAG_AMOUNT, FLAG_OWN),
    FLAG("cache-read", "USD", "Per million input tokens read from the provider's cache.",
         FLAG_AMOUNT, FLAG_OWN),
    FLAG("rate", "METER=USD",
         "Any other rate, as meter[:mode[:context over]]=USD: output:batch=5, "
         "input:standard:200000=2.5. Once for each, or with commas.",
         FLAG_LIST, FLAG_OWN),
    FLAG("from", "TIME", "When it begins, at least ten minutes ahead.", FLAG_TIME, FLAG_OWN,
         .needed = true),
    FLAG("book", "BOOK", "The price book: list without it.", FLAG_WORD, FLAG_OWN,
         .words = "cost|list"),
    FLAG("contract", "TENANT", "A price for this tenant alone (its id).", FLAG_TEXT, FLAG_OWN),
    FLAG("reason", "TEXT", "Why; it stands in the audit log.", FLAG_TEXT, FLAG_OWN),
    FLAG("only", NULL, "Drop the rates that are not named; without it they stay as they are.",
         FLAG_SWITCH, FLAG_OWN),
    FLAG("dry-run", NULL, "Show what would change and change nothing.", FLAG_SWITCH, FLAG_OWN),
};

/* ---- invoices and the ledger ---- */

static const struct column invoice_columns[] = {
    {"ID", "id", CELL_ID, false},
    {"NUMBER", "number", CELL_TEXT, false},
    {"STATUS", "status", CELL_STATUS, false},
    {"PERIOD", "period_start", CELL_DAY, false},
    {"TO", "period_end", CELL_DAY, false},
    {"USAGE", "usage", CELL_MONEY, true},
    {"SUBTOTAL", "subtotal", CELL_MONEY, true},
    {"TAX", "tax", CELL_MONEY, true},
    {"CREDITS", "credits", CELL_MONEY, true},
    {"TOTAL", "total", CELL_MONEY, false},
    {"PAID", "paid", CELL_MONEY, false},
    {"CURRENCY", "currency", CELL_TEXT, true},
    {"DUE", "due_at", CELL_DAY, false},
    {"KIND", "kind", CELL_TEXT, true},
    {"PERIOD NO", "period_no", CELL_COUNT, true},
    {"FINALIZED", "finalized_at", CELL_TIME, true},
    {"CREATED", "created_at", CELL_TIME, true},
};
static const struct view invoice_view = {VIEW_COLUMNS(invoice_columns)};

static const struct flag invoice_flags[] = {
    FLAG("status", "STATUS", "Only with this status.", FLAG_WORD, FLAG_QUERY,
         .words = "draft|grace|finalized|paid|past_due|void|uncollectible"),
};

static const struct column ledger_columns[] = {
    {"TIME", "effective_at", CELL_TIME, false},     {"KIND", "kind", CELL_TEXT, false},
    {"ACCOUNT", "account", CELL_TEXT, false},       {"AMOUNT", "amount", CELL_MONEY, false},
    {"CURRENCY", "currency", CELL_TEXT, true},      {"PERIOD", "period_no", CELL_COUNT, false},
    {"TRANSACTION", "transaction", CELL_ID, false}, {"REFERENCE", "reference", CELL_JSON, true},
    {"POSTED", "created_at", CELL_TIME, true},
};
static const struct view ledger_view = {VIEW_COLUMNS(ledger_columns)};

static const struct flag ledger_flags[] = {
    FLAG("from", "TIME", "Only from then on.", FLAG_TIME, FLAG_QUERY),
    FLAG("to", "TIME", "Only before then.", FLAG_TIME, FLAG_QUERY),
    FLAG("account", "ACCOUNT", "Only of this account, such as prepaid.", FLAG_TEXT, FLAG_QUERY),
};

static const struct command rows[] = {
    {
        .words = "balance",
        .about = "Show what a tenant may still spend and how long it lasts",
        .examples = "tollgatectl balance\ntollgatectl balance --tenant 'Acme GmbH'",
        .shape = SHAPE_SHOW,
        .path = TENANT_PATH "/balance",
        .view = &balance_view,
    },
    {.words = "credit", .about = "Credit: given, and what is left of it"},
    {
        .words = "credit list",
        .about = "List the credit a tenant was given",
        .examples = "tollgatectl credit list",
        .shape = SHAPE_LIST,
        .path = TENANT_PATH "/credits",
        .view = &credit_view,
    },
    {
        .words = "credit add",
        .arguments = "AMOUNT",
        .about = "Give a tenant promotional credit in USD (operators only)",
        .examples = "tollgatectl credit add 100 --tenant 'Acme GmbH' --reason 'trial'",
        FLAGS(credit_flags),
        .shape = SHAPE_MAKE,
        .path = TENANT_PATH "/credits",
        .view = &credit_view,
    },
    {.words = "plans", .about = "Plans: markups, discounts and fees"},
    {
        .words = "plans list",
        .about = "List plans and their versions",
        .examples = "tollgatectl plans list --state current",
        FLAGS(plan_list_flags),
        .shape = SHAPE_LIST,
        .path = "/plans",
        .view = &plan_view,
    },
    {
        .words = "plans create",
        .arguments = "PLAN",
        .about = "Make a plan, or a new version of one (operators only)",
        .examples = "tollgatectl plans create standard --name Standard --markup-percent 5.5",
        FLAGS(plan_create_flags),
        .shape = SHAPE_MAKE,
        .path = "/plans",
        .view = &plan_view,
    },
    {
        .words = "plans subscribe",
        .arguments = "PLAN",
        .about = "Subscribe a tenant to a plan from now on (operators only)",
        .examples = "tollgatectl plans subscribe standard --tenant 'Acme GmbH'",
        .shape = SHAPE_MAKE,
        .path = TENANT_PATH "/subscriptions",
        .view = &subscription_view,
    },
    {
        .words = "plans history",
        .about = "List which plan held for a tenant when",
        .examples = "tollgatectl plans history --tenant 'Acme GmbH'",
        .shape = SHAPE_LIST,
        .path = TENANT_PATH "/subscriptions",
        .view = &subscription_view,
    },
    {.words = "prices", .about = "Prices: versions of what deployments cost (operators only)"},
    {
        .words = "prices list",
        .about = "List versions of prices",
        .examples = "tollgatectl prices list --model openai/gpt-4.1\n"
                    "tollgatectl prices list --state future",
        FLAGS(price_list_flags),
        .shape = SHAPE_LIST,
        .path = "/prices",
        .view = &price_view,
    },
    {
        .words = "prices show",
        .arguments = "PRICE",
        .about = "Show one version of a price",
        .examples = "tollgatectl prices show prc_01jd8y2m4kq0v5t7w9x1z3b5c7",
        .shape = SHAPE_SHOW,
        .path = "/prices/{price}",
        .view = &price_view,
    },
    {
        .words = "prices set",
        .arguments = "DEPLOYMENT",
        .about = "Publish a new price from a time on",
        .text = "Rates are in USD per million. The version before it ends where this begins.",
        .examples = "tollgatectl prices set dep_01jd8y2m4kq0v5t7w9x1z3b5c7 --input 1.25 --output "
                    "10 --from 2026-12-01T00:00:00Z --dry-run",
        FLAGS(price_set_flags),
        .shape = SHAPE_OWN,
        .run = run_prices_set,
        .view = &price_view,
    },
    {.words = "invoices", .about = "Invoices"},
    {
        .words = "invoices list",
        .about = "List a tenant's invoices",
        .examples = "tollgatectl invoices list --status past_due",
        FLAGS(invoice_flags),
        .shape = SHAPE_LIST,
        .path = TENANT_PATH "/invoices",
        .view = &invoice_view,
    },
    {
        .words = "invoices show",
        .arguments = "INVOICE",
        .about = "Show an invoice with its lines",
        .examples = "tollgatectl invoices show inv_01jd8y2m4kq0v5t7w9x1z3b5c7\n"
                    "tollgatectl invoices show inv_01jd8y2m4kq0v5t7w9x1z3b5c7 --csv > invoice.csv",
        .shape = SHAPE_OWN,
        .also = ALSO_CSV,
        .path = TENANT_PATH "/invoices/{invoice}",
        .run = run_invoice_show,
        .view = &invoice_view,
    },
    {
        .words = "ledger",
        .about = "List a tenant's ledger entries; debits are above zero, credits below",
        .examples = "tollgatectl ledger --from 2026-11-01 --account prepaid",
        FLAGS(ledger_flags),
        .shape = SHAPE_LIST,
        .path = TENANT_PATH "/ledger",
        .view = &ledger_view,
    },
};

const struct commands commands_money = {rows, array_size(rows)};
