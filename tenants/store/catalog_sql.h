/*
 * catalog_sql: parts of statements that several views of the catalog have in common. Not for use
 * outside tenants/store.
 */
#ifndef TOLLGATE_TENANTS_STORE_CATALOG_SQL_H
#define TOLLGATE_TENANTS_STORE_CATALOG_SQL_H

/* p: the version of book list that holds now for the deployment d and a tenant (or null). */
#define CATALOG_SQL_LIST_PRICE(tenant)                                                             \
    "LEFT JOIN LATERAL (SELECT v.price_version_id FROM tollgate.price_versions v "                 \
    "  WHERE v.deployment_id = d.deployment_id AND v.book = 'list' AND v.currency = 'USD' "        \
    "  AND v.effective @> now() AND (v.tenant_id IS NULL OR v.tenant_id = " tenant "::uuid) "      \
    "  ORDER BY v.tenant_id NULLS LAST LIMIT 1) p ON true "

/* The rates of the version `id` as JSON, as a list of {meter, mode, context_over, per_million}. */
#define CATALOG_SQL_RATES(id)                                                                      \
    "(SELECT coalesce(json_agg(json_build_object('meter', t.meter, 'mode', t.mode, "               \
    "'context_over', t.context_over, "                                                             \
    "'per_million', trim_scale(t.pico_per_unit * 0.000001)::text) "                                \
    "ORDER BY t.mode = 'standard' DESC, t.mode, t.meter, t.context_over), '[]') "                  \
    "FROM tollgate.price_rates t WHERE t.price_version_id = " id ")"

/* Whether the version p has what the gateway asks of a price that is sold by. */
#define CATALOG_SQL_SOLD                                                                           \
    "EXISTS (SELECT 1 FROM tollgate.price_rates t WHERE t.price_version_id = p.price_version_id "  \
    "AND ((t.mode = 'standard' AND t.context_over = 0 AND t.pico_per_unit > 0) "                   \
    "     OR d.free_on_purpose))"

#endif
