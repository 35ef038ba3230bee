/*
 * key_view: see key_view.h. What was spent is the budget's own figure where there is a budget,
 * because that is what is held to it; the hours tell the rest, and when a key was used last.
 */
#include "tenants/store/key_view.h"

#define KEY_PAGE                                                                                   \
    "WITH page AS MATERIALIZED (SELECT * FROM (SELECT k.*, CASE WHEN k.status = 'active' "         \
    "AND k.expires_at <= now() THEN 'expired' ELSE k.status END AS shown, "                        \
    "CASE k.budget_window WHEN 'total' THEN timestamptz '-infinity' "                              \
    "ELSE date_trunc(k.budget_window, now(), 'UTC') END AS window_start "                          \
    "FROM tollgate.api_keys k) k WHERE k.tenant_id = "
#define KEY_SHOW                                                                                   \
    ") SELECT k.key_id, k.tenant_id, k.project_id, p.name, k.name, k.kind, k.shown, "              \
    "k.status_reason, coalesce(s.parts, '{}'), k.allowed_models, k.scopes, k.budget_pico, "        \
    "k.budget_window, coalesce(CASE WHEN k.budget_window IS NULL THEN u.charge "                   \
    "ELSE b.spent_pico END, 0), k.requests_per_minute, k.tokens_per_minute, k.expires_at, "        \
    "(SELECT r.name FROM tollgate.routing_presets r WHERE r.preset_id = k.preset_id), "            \
    "u.last_hour, k.created_by, k.created_at, k.revision, k.key_id::text FROM page k "             \
    "JOIN tollgate.projects p USING (project_id) LEFT JOIN ("                                      \
    "SELECT s.key_id, array_agg(s.public_part ORDER BY s.created_at, s.public_part) AS "           \
    "parts FROM tollgate.api_key_secrets s WHERE s.key_id IN (SELECT key_id FROM page) "           \
    "AND s.revoked_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > now()) "                 \
    "GROUP BY s.key_id) s ON s.key_id = k.key_id LEFT JOIN tollgate.budgets b ON b.scope "         \
    "= 'key' AND b.scope_id = k.key_id AND b.window_start = k.window_start LEFT JOIN ("            \
    "SELECT h.key_id, sum(h.charge_pico) AS charge, max(h.hour) AS last_hour "                     \
    "FROM tollgate.usage_hourly h WHERE h.key_id IN (SELECT key_id FROM page) "                    \
    "GROUP BY h.key_id) u ON u.key_id = k.key_id ORDER BY k.key_id DESC"

static const struct view_column key_columns[] = {
    {"id", VIEW_ID, ID_KEY},
    {"tenant", VIEW_ID, ID_TENANT},
    {"project", VIEW_ID, ID_PROJECT},
    {"project_name", VIEW_TEXT, 0},
    {"name", VIEW_TEXT, 0},
    {"kind", VIEW_TEXT, 0},
    {"status", VIEW_TEXT, 0},
    {"status_reason", VIEW_TEXT, 0},
    {"public_parts", VIEW_TEXTS, 0},
    {"models", VIEW_TEXTS, 0},
    {"scopes", VIEW_TEXTS, 0},
    {"budget", VIEW_USD, 0},
    {"budget_window", VIEW_TEXT, 0},
    {"spent", VIEW_USD, 0},
    {"requests_per_minute", VIEW_INT, 0},
    {"tokens_per_minute", VIEW_INT, 0},
    {"expires_at", VIEW_TIME, 0},
    {"preset", VIEW_TEXT, 0},
    {"last_used_at", VIEW_TIME, 0},
    {"created_by", VIEW_TEXT, 0},
    {"created_at", VIEW_TIME, 0},
    {"etag", VIEW_ETAG, 0},
};
const struct view key_list_view = VIEW(
    KEY_PAGE
    "$4 AND ($2::uuid IS NULL OR k.key_id < $2::uuid) AND $3::text IS NULL "
    "AND ($5::text IS NULL OR strpos(lower(k.name), lower($5)) > 0 OR EXISTS (SELECT 1 "
    "FROM tollgate.api_key_secrets s WHERE s.key_id = k.key_id "
    "AND strpos(lower(s.public_part), lower($5)) > 0)) "
    "AND ($6::text IS NULL OR k.kind = $6) AND ($7::text IS NULL OR k.shown = $7) "
    "AND ($8::uuid IS NULL OR k.project_id = $8::uuid) ORDER BY k.key_id DESC LIMIT $1" KEY_SHOW,
    key_columns, 1);
const struct view key_view = VIEW(KEY_PAGE "$1 AND k.key_id = $2" KEY_SHOW, key_columns, 0);
