/*
 * billing_view: see billing_view.h.
 */
#include "tenants/store/billing_view.h"

/* ---- plans ---- */
#define PLAN_SHOW                                                                                  \
    "SELECT p.plan_version_id, p.plan, p.name, p.listed, p.currency::text, "                       \
    "trim_scale(p.markup_ppm::numeric / 10000)::text, trim_scale(p.discount_ppm::numeric "         \
    "/ 10000)::text, p.fixed_pico, p.monthly_fee_minor, p.volume_threshold_pico, "                 \
    "trim_scale(p.volume_discount_ppm::numeric / 10000)::text, "                                   \
    "trim_scale(p.margin_floor_ppm::numeric / 10000)::text, p.minimum_charge_minor, "              \
    "lower(p.effective), upper(p.effective), p.state, "                                            \
    "CASE WHEN tollgate.is_operator() THEN (SELECT count(*) FROM tollgate.subscriptions s "        \
    "WHERE s.plan_version_id = p.plan_version_id AND s.effective @> now()) END, "                  \
    "CASE WHEN tollgate.is_operator() THEN p.created_by "                                          \
    "ELSE '' END, p.created_at, p.plan_version_id::text FROM (SELECT v.*, "                        \
    "CASE WHEN v.effective @> now() THEN 'current' WHEN lower(v.effective) > now() THEN "          \
    "'future' ELSE 'past' END AS state FROM tollgate.plan_versions v) p "

static const struct view_column plan_columns[] = {
    {"id", VIEW_ID, ID_PLAN_VERSION},
    {"plan", VIEW_TEXT, 0},
    {"name", VIEW_TEXT, 0},
    {"listed", VIEW_BOOL, 0},
    {"currency", VIEW_TEXT, 0},
    {"markup_percent", VIEW_TEXT, 0},
    {"discount_percent", VIEW_TEXT, 0},
    {"fixed", VIEW_USD, 0},
    {"monthly_fee", VIEW_CENTS, 0},
    {"volume_threshold", VIEW_USD, 0},
    {"volume_discount_percent", VIEW_TEXT, 0},
    {"margin_floor_percent", VIEW_TEXT, 0},
    {"minimum_charge", VIEW_CENTS, 0},
    {"effective_from", VIEW_TIME, 0},
    {"effective_until", VIEW_TIME, 0},
    {"state", VIEW_TEXT, 0},
    {"subscribers", VIEW_INT, 0},
    {"created_by", VIEW_TEXT, 0},
    {"created_at", VIEW_TIME, 0},
};
const struct view plan_list_view =
    VIEW(PLAN_SHOW "WHERE ($2::uuid IS NULL OR p.plan_version_id < $2::uuid) AND $3::text IS NULL "
                   "AND ($4::text IS NULL OR p.plan = $4) AND ($5::text IS NULL OR p.state = $5) "
                   "ORDER BY p.plan_version_id DESC LIMIT $1",
         plan_columns, 1);
const struct view plan_view = VIEW(PLAN_SHOW "WHERE p.plan_version_id = $1", plan_columns, 0);

/* ---- the ledger ---- */
static const struct view_column ledger_columns[] = {
    {"transaction", VIEW_ID, ID_TRANSACTION},
    {"kind", VIEW_TEXT, 0},
    {"account", VIEW_TEXT, 0},
    {"amount", VIEW_USD, 0},
    {"currency", VIEW_TEXT, 0},
    {"period_no", VIEW_INT, 0},
    {"effective_at", VIEW_TIME, 0},
    {"created_at", VIEW_TIME, 0},
    {"reference", VIEW_JSON, 0},
};
/* An entry's key has three parts; the cursor's second holds two of them: "12.3". */
const struct view ledger_list_view =
    VIEW("SELECT e.txn_id, t.kind, a.kind, e.amount_pico, e.currency::text, e.period_no, "
         "t.effective_at, t.created_at, t.ref, e.txn_id::text, e.account_id::text || '.' || "
         "e.period_no::text FROM tollgate.ledger_entries e "
         "JOIN tollgate.ledger_txns t USING (txn_id) JOIN tollgate.accounts a USING "
         "(account_id) WHERE e.tenant_id = $4 AND ($2::uuid IS NULL OR (e.txn_id, "
         "e.account_id, e.period_no) < ($2::uuid, split_part($3, '.', 1)::int8, split_part($3, "
         "'.', 2)::int4)) AND ($5::timestamptz IS NULL OR t.effective_at >= $5::timestamptz) "
         "AND ($6::timestamptz IS NULL OR t.effective_at < $6::timestamptz) "
         "AND ($7::text IS NULL OR a.kind = $7) ORDER BY e.txn_id DESC, e.account_id DESC, "
         "e.period_no DESC LIMIT $1",
         ledger_columns, 2);

/* ---- invoices ---- */
#define INVOICE_SHOW                                                                               \
    "SELECT i.invoice_id, i.tenant_id, i.number, i.status, i.kind, i.period_no, "                  \
    "lower(i.period), upper(i.period), i.currency::text, i.usage_pico, i.subtotal_minor, "         \
    "i.tax_minor, i.credits_minor, i.total_minor, i.paid_minor, i.created_at, "                    \
    "i.finalized_at, i.due_at, i.invoice_id::text FROM tollgate.invoices i "

static const struct view_column invoice_columns[] = {
    {"id", VIEW_ID, ID_INVOICE},    {"tenant", VIEW_ID, ID_TENANT}, {"number", VIEW_TEXT, 0},
    {"status", VIEW_TEXT, 0},       {"kind", VIEW_TEXT, 0},         {"period_no", VIEW_INT, 0},
    {"period_start", VIEW_TIME, 0}, {"period_end", VIEW_TIME, 0},   {"currency", VIEW_TEXT, 0},
    {"usage", VIEW_USD, 0},         {"subtotal", VIEW_CENTS, 0},    {"tax", VIEW_CENTS, 0},
    {"credits", VIEW_CENTS, 0},     {"total", VIEW_CENTS, 0},       {"paid", VIEW_CENTS, 0},
    {"created_at", VIEW_TIME, 0},   {"finalized_at", VIEW_TIME, 0}, {"due_at", VIEW_TIME, 0},
};
const struct view invoice_list_view =
    VIEW(INVOICE_SHOW "WHERE i.tenant_id = $4 AND ($2::uuid IS NULL OR i.invoice_id < $2::uuid) "
                      "AND $3::text IS NULL AND ($5::text IS NULL OR i.status = $5) "
                      "ORDER BY i.invoice_id DESC LIMIT $1",
         invoice_columns, 1);
const struct view invoice_view =
    VIEW(INVOICE_SHOW "WHERE i.tenant_id = $1 AND i.invoice_id = $2", invoice_columns, 0);

static const struct view_column line_columns[] = {
    {"line_no", VIEW_INT, 0},      {"kind", VIEW_TEXT, 0},
    {"description", VIEW_TEXT, 0}, {"model", VIEW_TEXT, 0},
    {"key", VIEW_ID, ID_KEY},      {"meter", VIEW_TEXT, 0},
    {"context_tier", VIEW_INT, 0}, {"price_version", VIEW_ID, ID_PRICE_VERSION},
    {"quantity", VIEW_TEXT, 0},    {"per_million", VIEW_PRICE, 0},
    {"amount", VIEW_USD, 0},       {"cents", VIEW_CENTS, 0},
};
const struct view invoice_line_view =
    VIEW("SELECT l.line_no, l.kind, l.description, l.model, l.key_id, l.meter, l.context_tier, "
         "l.price_version_id, l.quantity::text, l.pico_per_unit, l.amount_pico, l.amount_minor "
         "FROM tollgate.invoice_lines l WHERE l.tenant_id = $1 AND l.invoice_id = $2 "
         "ORDER BY l.line_no",
         line_columns, 0);
