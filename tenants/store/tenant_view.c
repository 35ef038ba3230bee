/*
 * tenant_view: see tenant_view.h. A list takes its page first, so that what has to be added up is
 * added up for that page alone. The third parameter of a list has to stand somewhere, else nothing
 * tells its type.
 */
#include "tenants/store/tenant_view.h"

#define WALLET_FREE                                                                                \
    "w.promo_pico + w.prepaid_pico - w.accrued_pico - w.receivable_pico + "                        \
    "w.credit_limit_pico - w.held_pico"

/* ---- tenants ---- */
#define TENANT_PAGE                                                                                \
    "WITH page AS MATERIALIZED (SELECT t.tenant_id, t.name, t.status, t.billing_mode, "            \
    "t.currency::text, t.created_at, t.revision FROM tollgate.tenants t WHERE "
#define TENANT_SHOW                                                                                \
    "), used AS (SELECT h.tenant_id, sum(h.charge_pico) AS charge, sum(h.cost_pico) AS "           \
    "cost, sum(h.requests)::int8 AS requests FROM tollgate.usage_hourly h "                        \
    "WHERE h.tenant_id IN (SELECT tenant_id FROM page) "                                           \
    "AND h.hour > now() - interval '30 days' GROUP BY h.tenant_id) "                               \
    "SELECT g.tenant_id, g.name, g.status, g.billing_mode, g.currency, p.plan, "                   \
    "p.plan_version_id, " WALLET_FREE                                                              \
    ", w.credit_limit_pico, coalesce(u.charge, 0), CASE WHEN tollgate.is_operator() THEN "         \
    "coalesce(u.cost, 0) END, coalesce(u.requests, 0), g.created_at, g.revision, "                 \
    "g.tenant_id::text FROM page g JOIN tollgate.wallets w USING (tenant_id) "                     \
    "LEFT JOIN used u USING (tenant_id) LEFT JOIN tollgate.subscriptions s ON s.tenant_id "        \
    "= g.tenant_id AND s.effective @> now() LEFT JOIN tollgate.plan_versions p USING "             \
    "(plan_version_id) ORDER BY g.tenant_id DESC"

static const struct view_column tenant_columns[] = {
    {"id", VIEW_ID, ID_TENANT},
    {"name", VIEW_TEXT, 0},
    {"status", VIEW_TEXT, 0},
    {"billing_mode", VIEW_TEXT, 0},
    {"currency", VIEW_TEXT, 0},
    {"plan", VIEW_TEXT, 0},
    {"plan_version", VIEW_ID, ID_PLAN_VERSION},
    {"free", VIEW_USD, 0},
    {"credit_limit", VIEW_USD, 0},
    {"charge_30d", VIEW_USD, 0},
    {"cost_30d", VIEW_USD, 0},
    {"requests_30d", VIEW_INT, 0},
    {"created_at", VIEW_TIME, 0},
    {"etag", VIEW_ETAG, 0},
};
const struct view tenant_list_view =
    VIEW(TENANT_PAGE
         "($2::uuid IS NULL OR t.tenant_id < $2::uuid) AND $3::text IS NULL "
         "AND ($4::text IS NULL OR strpos(lower(t.name), lower($4)) > 0) "
         "AND ($5::text IS NULL OR t.status = $5) ORDER BY t.tenant_id DESC LIMIT $1" TENANT_SHOW,
         tenant_columns, 1);
const struct view tenant_view = VIEW(TENANT_PAGE "t.tenant_id = $1" TENANT_SHOW, tenant_columns, 0);

/* ---- subscriptions ---- */
#define SUBSCRIPTION_SHOW                                                                          \
    "SELECT p.plan, p.plan_version_id, p.name, trim_scale(p.markup_ppm::numeric / "                \
    "10000)::text, p.monthly_fee_minor, lower(s.effective), upper(s.effective), "                  \
    "lower(s.effective)::text FROM tollgate.subscriptions s "                                      \
    "JOIN tollgate.plan_versions p USING (plan_version_id) "

static const struct view_column subscription_columns[] = {
    {"plan", VIEW_TEXT, 0},
    {"plan_version", VIEW_ID, ID_PLAN_VERSION},
    {"name", VIEW_TEXT, 0},
    {"markup_percent", VIEW_TEXT, 0},
    {"monthly_fee", VIEW_CENTS, 0},
    {"effective_from", VIEW_TIME, 0},
    {"effective_until", VIEW_TIME, 0},
};
/* Subscriptions of a tenant never overlap, so their beginnings tell them apart. */
const struct view subscription_list_view =
    VIEW(SUBSCRIPTION_SHOW
         "WHERE s.tenant_id = $4 AND ($2::timestamptz IS NULL OR lower(s.effective) < "
         "$2::timestamptz) AND $3::text IS NULL ORDER BY lower(s.effective) DESC LIMIT $1",
         subscription_columns, 1);
const struct view subscription_view = VIEW(
    SUBSCRIPTION_SHOW "WHERE s.tenant_id = $1 AND s.effective @> now()", subscription_columns, 0);

/* ---- balance ---- */
static const struct view_column balance_columns[] = {
    {"currency", VIEW_TEXT, 0},    {"free", VIEW_USD, 0},      {"promo", VIEW_USD, 0},
    {"prepaid", VIEW_USD, 0},      {"accrued", VIEW_USD, 0},   {"receivable", VIEW_USD, 0},
    {"credit_limit", VIEW_USD, 0}, {"held", VIEW_USD, 0},      {"burn_per_day", VIEW_USD, 0},
    {"days_left", VIEW_DOUBLE, 0}, {"period_no", VIEW_INT, 0}, {"period_start", VIEW_TIME, 0},
    {"as_of", VIEW_TIME, 0},
};
const struct view balance_view =
    VIEW("SELECT w.currency::text, f.free, w.promo_pico, w.prepaid_pico, w.accrued_pico, "
         "w.receivable_pico, w.credit_limit_pico, w.held_pico, b.burn, "
         "CASE WHEN b.burn > 0 THEN round(greatest(f.free, 0) / b.burn, 1)::float8 END, "
         "w.period_no, w.period_start, now() FROM tollgate.wallets w CROSS JOIN LATERAL ("
         "SELECT " WALLET_FREE
         " AS free) f CROSS JOIN LATERAL (SELECT trunc(coalesce(sum(h.charge_pico), 0) / "
         "least(7, greatest(1, extract(epoch FROM now() - min(h.hour)) / 86400))) AS "
         "burn FROM tollgate.usage_hourly h WHERE h.tenant_id = w.tenant_id "
         "AND h.hour > now() - interval '7 days') b WHERE w.tenant_id = $1",
         balance_columns, 0);

/* ---- credit ---- */
#define CREDIT_SHOW                                                                                \
    "SELECT c.grant_id, c.kind, c.amount_pico, c.used_pico, c.expires_at, c.reason, "              \
    "c.created_by, c.created_at, c.grant_id::text FROM tollgate.credit_grants c "

static const struct view_column credit_columns[] = {
    {"id", VIEW_ID, ID_GRANT},    {"kind", VIEW_TEXT, 0},       {"amount", VIEW_USD, 0},
    {"used", VIEW_USD, 0},        {"expires_at", VIEW_TIME, 0}, {"reason", VIEW_TEXT, 0},
    {"created_by", VIEW_TEXT, 0}, {"created_at", VIEW_TIME, 0},
};
const struct view credit_list_view =
    VIEW(CREDIT_SHOW "WHERE c.tenant_id = $4 AND ($2::uuid IS NULL OR c.grant_id < $2::uuid) "
                     "AND $3::text IS NULL ORDER BY c.grant_id DESC LIMIT $1",
         credit_columns, 1);
const struct view credit_view =
    VIEW(CREDIT_SHOW "WHERE c.tenant_id = $1 AND c.grant_id = $2", credit_columns, 0);

/* ---- projects ---- */
#define PROJECT_PAGE                                                                               \
    "WITH page AS MATERIALIZED (SELECT p.*, CASE p.budget_window WHEN 'total' THEN "               \
    "timestamptz '-infinity' ELSE date_trunc(p.budget_window, now(), 'UTC') END AS "               \
    "window_start FROM tollgate.projects p WHERE p.tenant_id = "
#define PROJECT_SHOW                                                                               \
    ") SELECT p.project_id, p.tenant_id, p.name, p.status, p.budget_pico, "                        \
    "p.budget_window, CASE WHEN p.budget_window IS NOT NULL THEN coalesce(b.spent_pico, "          \
    "0) END, coalesce(k.keys, 0), (SELECT r.name FROM tollgate.routing_presets r "                 \
    "WHERE r.preset_id = p.preset_id), p.created_at, p.revision, p.project_id::text "              \
    "FROM page p LEFT JOIN tollgate.budgets b ON b.scope = 'project' "                             \
    "AND b.scope_id = p.project_id AND b.window_start = p.window_start LEFT JOIN ("                \
    "SELECT k.project_id, count(*) AS keys FROM tollgate.api_keys k WHERE k.tenant_id IN ("        \
    "SELECT tenant_id FROM page) AND k.status <> 'revoked' "                                       \
    "GROUP BY k.project_id) k ON k.project_id = p.project_id ORDER BY p.project_id DESC"

static const struct view_column project_columns[] = {
    {"id", VIEW_ID, ID_PROJECT},  {"tenant", VIEW_ID, ID_TENANT}, {"name", VIEW_TEXT, 0},
    {"status", VIEW_TEXT, 0},     {"budget", VIEW_USD, 0},        {"budget_window", VIEW_TEXT, 0},
    {"spent", VIEW_USD, 0},       {"keys", VIEW_INT, 0},          {"preset", VIEW_TEXT, 0},
    {"created_at", VIEW_TIME, 0}, {"etag", VIEW_ETAG, 0},
};
const struct view project_list_view =
    VIEW(PROJECT_PAGE
         "$4 AND ($2::uuid IS NULL OR p.project_id < $2::uuid) AND $3::text IS NULL "
         "AND ($5::text IS NULL OR strpos(lower(p.name), lower($5)) > 0) "
         "AND ($6::text IS NULL OR p.status = $6) ORDER BY p.project_id DESC LIMIT $1" PROJECT_SHOW,
         project_columns, 1);
const struct view project_view =
    VIEW(PROJECT_PAGE "$1 AND p.project_id = $2" PROJECT_SHOW, project_columns, 0);
