/*
 * provider_credential_store: see provider_credential_store.h.
 */
#include "tenants/store/provider_credential_store.h"

static const struct view_column credential_columns[] = {
    {"id", VIEW_ID, ID_CREDENTIAL},
    {"provider", VIEW_TEXT, 0},
    {"deployment", VIEW_ID, ID_DEPLOYMENT},
    {"tenant", VIEW_ID, ID_TENANT},
    {"name", VIEW_TEXT, 0},
    {"origin", VIEW_TEXT, 0},
    {"variables", VIEW_JSON, 0},
    {"status", VIEW_TEXT, 0},
    {"master_key", VIEW_TEXT, 0},
    {"created_at", VIEW_TIME, 0},
    {"etag", VIEW_ETAG, 0},
};

#define CREDENTIAL_SELECT                                                                          \
    "SELECT c.credential_id, c.provider, c.deployment_id, c.tenant_id, c.name, c.origin, "         \
    "c.variables, c.status, c.master_key_id, c.created_at, c.revision"
#define CREDENTIAL_FROM " FROM tollgate.provider_credentials c "

static const char credential_list_sql[] =
    CREDENTIAL_SELECT ", c.credential_id::text" CREDENTIAL_FROM
                      "WHERE ($2::uuid IS NULL OR c.credential_id < $2) AND $3::text IS NULL "
                      "AND ($4::text IS NULL OR c.provider = $4) "
                      "AND ($5::text IS NULL OR c.status = $5) "
                      "ORDER BY c.credential_id DESC LIMIT $1";
const struct view provider_credential_list_view = VIEW(credential_list_sql, credential_columns, 1);

static const char credential_sql[] = CREDENTIAL_SELECT CREDENTIAL_FROM "WHERE c.credential_id = $1";
const struct view provider_credential_view = VIEW(credential_sql, credential_columns, 0);

/* The provider's own endpoints first, as the catalog orders them. */
static const char places_sql[] =
    "SELECT s.variables, (SELECT array_agg(u.url ORDER BY u.place, u.url) FROM ("
    "    SELECT url, min(place) AS place FROM ("
    "      SELECT e.value ->> 'base_url' AS url, e.ordinality AS place "
    "        FROM jsonb_array_elements(s.endpoints) WITH ORDINALITY AS e WHERE $2::uuid IS NULL "
    "      UNION ALL SELECT d.base_url, 1000 FROM tollgate.deployments d "
    "        WHERE d.provider = s.provider "
    "        AND CASE WHEN $2 IS NULL THEN d.status <> 'retired' ELSE d.deployment_id = $2 END) a "
    "    WHERE url IS NOT NULL GROUP BY url) u) "
    "FROM tollgate.providers s WHERE s.provider = $1";

enum store_outcome provider_credential_places(struct pg *pg, struct span provider,
                                              struct uuid deployment, struct arena *arena,
                                              struct credential_places *places_out,
                                              struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome =
        store_exec(pg, &rows, error_out, "look where it would be sent", places_sql,
                   PG_TEXT(provider), PG_UUID_OR_NULL(deployment));
    if (outcome != STORE_OK)
        return outcome;
    if (pg_rows_count(rows) == 0)
        return store_fail(error_out, STORE_NOT_FOUND, "there is no such provider");
    if (pg_is_null(rows, 0, 1))
        return store_fail(error_out, STORE_NOT_FOUND,
                          uuid_is_zero(deployment) ? "the provider has no endpoint"
                                                   : "the provider has no such deployment");
    places_out->count = pg_array_count(rows, 0, 1);
    places_out->urls = arena_array(arena, places_out->count, sizeof(struct span));
    places_out->variables = arena_span(arena, pg_get_text(rows, 0, 0));
    for (size_t i = 0; i < places_out->count; i++)
        places_out->urls[i] = arena_span(arena, pg_array_text(rows, 0, 1, i));
    return STORE_OK;
}

enum store_outcome provider_credential_insert(struct pg *pg, const struct credential_row_new *row,
                                              struct store_error *error_out)
{
    return store_exec(
        pg, NULL, error_out, "keep the credential",
        "INSERT INTO tollgate.provider_credentials (credential_id, provider, deployment_id, name, "
        "origin, variables, sealed, master_key_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        PG_UUID(row->id), PG_TEXT(row->provider), PG_UUID_OR_NULL(row->deployment),
        PG_TEXT(row->name), PG_TEXT(row->origins), PG_TEXT(row->variables), PG_BYTES(row->sealed),
        PG_STRING(row->master_key_id));
}

enum store_outcome provider_credential_lock(struct pg *pg, struct uuid id, struct arena *arena,
                                            struct credential_locked *locked_out,
                                            struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome =
        store_exec(pg, &rows, error_out, "lock the credential",
                   "SELECT provider, deployment_id, origin, variables, revision "
                   "FROM tollgate.provider_credentials WHERE credential_id = $1 FOR UPDATE",
                   PG_UUID(id));
    if (outcome != STORE_OK)
        return outcome;
    if (pg_rows_count(rows) == 0)
        return store_fail(error_out, STORE_NOT_FOUND, "there is no such credential");
    *locked_out = (struct credential_locked){
        .provider = arena_span(arena, pg_get_text(rows, 0, 0)),
        .deployment = pg_get_uuid(rows, 0, 1),
        .origins = arena_span(arena, pg_get_text(rows, 0, 2)),
        .variables = arena_span(arena, pg_get_text(rows, 0, 3)),
        .revision = pg_get_int64(rows, 0, 4),
    };
    return STORE_OK;
}

enum store_outcome provider_credential_update(struct pg *pg, struct uuid id,
                                              const struct credential_change *change,
                                              struct store_error *error_out)
{
    bool anew = change->sealed.size > 0;
    return store_exec(
        pg, NULL, error_out, "change the credential",
        "UPDATE tollgate.provider_credentials SET name = coalesce($2::text, name), "
        "status = coalesce($3::text, status), variables = coalesce($4::jsonb, variables), "
        "sealed = coalesce($5::bytea, sealed), origin = coalesce($6::text, origin), "
        "master_key_id = coalesce($7::text, master_key_id), revision = revision + 1 "
        "WHERE credential_id = $1",
        PG_UUID(id), change->name, change->status, change->variables,
        anew ? PG_BYTES(change->sealed) : PG_NULL, anew ? PG_TEXT(change->origins) : PG_NULL,
        anew ? PG_STRING(change->master_key_id) : PG_NULL);
}
