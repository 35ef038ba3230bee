/*
 * preset_store: see preset_store.h.
 */
#include "tenants/store/preset_store.h"

#include "tenants/store/audited.h"
#include "tenants/store/tenant_store.h"

enum { DEFAULTS_SHOWN_MAX = 20 };

/* ---- views ---- */

/* u: whose default it is. Keys that are revoked call nothing any more. */
#define PRESET_USED                                                                                \
    "SELECT 0 AS place, tollgate.typed_id('ten', r.tenant_id) AS id, 'the tenant' AS what "        \
    "  FROM tollgate.tenant_routing r WHERE r.tenant_id = p.tenant_id "                            \
    "  AND r.preset_id = p.preset_id "                                                             \
    "UNION ALL SELECT 1, tollgate.typed_id('prj', j.project_id), 'the project ' || j.name "        \
    "  FROM tollgate.projects j WHERE j.preset_id = p.preset_id "                                  \
    "UNION ALL SELECT 2, tollgate.typed_id('key', k.key_id), 'the key ' || k.name "                \
    "  FROM tollgate.api_keys k WHERE k.preset_id = p.preset_id AND k.status <> 'revoked' "        \
    "ORDER BY 1, 2 LIMIT 20"
#define PRESET_SELECT                                                                              \
    "SELECT p.preset_id, p.tenant_id, p.name, p.current_version, p.created_at, p.created_by, "     \
    "v.created_at, v.created_by, coalesce((SELECT array_agg(u.id ORDER BY u.place, u.id) "         \
    "FROM (" PRESET_USED ") u), '{}'), p.revision"
#define PRESET_FROM                                                                                \
    " FROM tollgate.routing_presets p JOIN tollgate.routing_preset_versions v "                    \
    "ON v.preset_id = p.preset_id AND v.version = p.current_version WHERE p.deleted_at IS NULL "

#define PRESET_COLUMNS                                                                             \
    {"id", VIEW_ID, ID_PRESET}, {"tenant", VIEW_ID, ID_TENANT}, {"name", VIEW_TEXT, 0},            \
        {"version", VIEW_INT, 0}, {"created_at", VIEW_TIME, 0}, {"created_by", VIEW_TEXT, 0},      \
        {"updated_at", VIEW_TIME, 0}, {"updated_by", VIEW_TEXT, 0}, {"default_of", VIEW_TEXTS, 0}, \
    {                                                                                              \
        "etag", VIEW_ETAG, 0                                                                       \
    }

static const struct view_column preset_columns[] = {PRESET_COLUMNS};
static const struct view_column preset_whole_columns[] = {PRESET_COLUMNS, {"body", VIEW_JSON, 0}};

static const char preset_list_sql[] =
    PRESET_SELECT ", p.name COLLATE \"C\" AS place" PRESET_FROM "AND p.tenant_id = $4 "
                  "AND ($2::text IS NULL OR p.name COLLATE \"C\" > $2) AND $3::text IS NULL "
                  "AND ($5::text IS NULL OR strpos(p.name, lower($5)) > 0) ORDER BY place LIMIT $1";
const struct view preset_list_view = VIEW(preset_list_sql, preset_columns, 1);

static const char preset_sql[] =
    PRESET_SELECT ", v.body" PRESET_FROM "AND p.tenant_id = $1 AND p.preset_id = $2";
const struct view preset_view = VIEW(preset_sql, preset_whole_columns, 0);

#define VERSION_SELECT "SELECT v.version, v.version = p.current_version, v.created_at, v.created_by"
#define VERSION_FROM                                                                               \
    " FROM tollgate.routing_presets p JOIN tollgate.routing_preset_versions v USING (preset_id) "  \
    "WHERE p.deleted_at IS NULL "
#define VERSION_COLUMNS                                                                            \
    {"version", VIEW_INT, 0}, {"current", VIEW_BOOL, 0}, {"created_at", VIEW_TIME, 0},             \
    {                                                                                              \
        "created_by", VIEW_TEXT, 0                                                                 \
    }

static const struct view_column version_columns[] = {VERSION_COLUMNS};
static const struct view_column version_whole_columns[] = {VERSION_COLUMNS, {"body", VIEW_JSON, 0}};

static const char version_list_sql[] =
    VERSION_SELECT ", v.version::text" VERSION_FROM "AND p.tenant_id = $4 AND p.preset_id = $5 "
                   "AND ($2::int8 IS NULL OR v.version < $2::int8) AND $3::text IS NULL "
                   "ORDER BY v.version DESC LIMIT $1";
const struct view preset_version_list_view = VIEW(version_list_sql, version_columns, 1);

static const char version_sql[] = VERSION_SELECT
    ", v.body" VERSION_FROM "AND p.tenant_id = $1 AND p.preset_id = $2 AND v.version = $3";
const struct view preset_version_view = VIEW(version_sql, version_whole_columns, 0);

/* ---- finding ---- */

#define LIVING "WHERE tenant_id = $1 AND name = $2 AND deleted_at IS NULL"

static enum store_outcome find(struct pg *pg, const char *sql, struct uuid tenant, struct span name,
                               struct preset_state *state_out, struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome =
        store_exec(pg, &rows, error_out, "find the preset", sql, PG_UUID(tenant), PG_TEXT(name));
    if (outcome != STORE_OK)
        return outcome;
    if (pg_rows_count(rows) == 0)
        return store_fail(error_out, STORE_NOT_FOUND, "there is no such preset");
    *state_out = (struct preset_state){tenant, pg_get_uuid(rows, 0, 0), pg_get_int64(rows, 0, 1)};
    return STORE_OK;
}

enum store_outcome preset_store_find(struct pg *pg, struct uuid tenant, struct span name,
                                     struct uuid *preset_out, struct store_error *error_out)
{
    struct preset_state state;
    enum store_outcome outcome =
        find(pg, "SELECT preset_id, revision FROM tollgate.routing_presets " LIVING, tenant, name,
             &state, error_out);
    if (outcome == STORE_OK)
        *preset_out = state.id;
    return outcome;
}

enum store_outcome preset_store_hold(struct pg *pg, struct uuid tenant, struct span name,
                                     struct uuid *preset_out, struct store_error *error_out)
{
    struct preset_state state;
    enum store_outcome outcome =
        find(pg, "SELECT preset_id, revision FROM tollgate.routing_presets " LIVING " FOR SHARE",
             tenant, name, &state, error_out);
    if (outcome == STORE_OK)
        *preset_out = state.id;
    return outcome;
}

enum store_outcome preset_store_lock(struct pg *pg, struct uuid tenant, struct span name,
                                     struct preset_state *state_out, struct store_error *error_out)
{
    int64_t of_tenant;
    enum store_outcome outcome = tenant_store_lock(pg, tenant, &of_tenant, error_out);
    if (outcome != STORE_OK)
        return outcome;
    return find(pg,
                "SELECT preset_id, revision FROM tollgate.routing_presets " LIVING " FOR UPDATE",
                tenant, name, state_out, error_out);
}

enum store_outcome preset_store_names(struct pg *pg, struct uuid tenant, struct arena *arena,
                                      struct span *names_out, struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome =
        store_exec(pg, &rows, error_out, "list the presets",
                   "SELECT coalesce(string_agg(name, ', ' ORDER BY name COLLATE \"C\"), '') "
                   "FROM (SELECT name FROM tollgate.routing_presets WHERE tenant_id = $1 "
                   "AND deleted_at IS NULL ORDER BY name COLLATE \"C\" LIMIT $2::int8) n",
                   PG_UUID(tenant), PG_INT(DEFAULTS_SHOWN_MAX));
    if (outcome == STORE_OK)
        *names_out = arena_span(arena, pg_get_text(rows, 0, 0));
    return outcome;
}

/* ---- making and changing ---- */

/* Of all living presets of the tenant but this one. */
static enum store_outcome check_room(struct pg *pg, const struct preset_state *state,
                                     struct span body, struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    int64_t revision;
    enum store_outcome outcome = tenant_store_lock(pg, state->tenant, &revision, error_out);
    if (outcome == STORE_OK)
        outcome =
            store_exec(pg, &rows, error_out, "count the presets",
                       "SELECT count(*), coalesce(sum(octet_length(v.body::text)), 0)::int8 "
                       "FROM tollgate.routing_presets p JOIN tollgate.routing_preset_versions v "
                       "ON v.preset_id = p.preset_id AND v.version = p.current_version "
                       "WHERE p.tenant_id = $1 AND p.deleted_at IS NULL AND p.preset_id <> $2",
                       PG_UUID(state->tenant), PG_UUID(state->id));
    if (outcome != STORE_OK)
        return outcome;
    if (pg_get_int64(rows, 0, 0) >= PRESETS_MAX)
        return store_fail(error_out, STORE_CONFLICT, "a tenant has at most %d presets",
                          (int)PRESETS_MAX);
    if (pg_get_int64(rows, 0, 1) + (int64_t)body.size > PRESETS_BYTES_MAX)
        return store_fail(error_out, STORE_CONFLICT,
                          "the presets of a tenant have at most %d KiB together",
                          PRESETS_BYTES_MAX >> 10);
    return STORE_OK;
}

struct writing {
    const struct store_actor *actor;
    struct preset_state state;
    struct span name, body;
};

/* The audit log keeps it as jsonb, which takes less than json does. */
static enum store_outcome cannot_keep(enum store_outcome outcome, struct store_error *error_out)
{
    if (outcome != STORE_REFUSED)
        return outcome;
    return store_fail(error_out, STORE_REFUSED,
                      "the body holds what the database cannot keep: a NUL, half of a surrogate "
                      "pair, or a number beyond all bounds");
}

static enum store_outcome make(struct pg *pg, const void *with, struct store_error *error_out)
{
    const struct writing *w = with;
    enum store_outcome outcome =
        store_exec(pg, NULL, error_out, "make the preset",
                   "INSERT INTO tollgate.routing_presets (preset_id, tenant_id, name, created_by) "
                   "VALUES ($1, $2, $3, $4)",
                   PG_UUID(w->state.id), PG_UUID(w->state.tenant), PG_TEXT(w->name),
                   PG_STRING(w->actor->name));
    if (outcome == STORE_CONFLICT)
        return store_fail(error_out, STORE_CONFLICT, "there is a preset \"%.*s\" already",
                          SPAN_ARG(w->name));
    if (outcome != STORE_OK)
        return outcome;
    outcome = store_exec(
        pg, NULL, error_out, "make the preset's first version",
        "INSERT INTO tollgate.routing_preset_versions (preset_id, tenant_id, version, body, "
        "created_by) SELECT $1, $2, 1, $3::json, $4 WHERE $3::jsonb IS NOT NULL",
        PG_UUID(w->state.id), PG_UUID(w->state.tenant), PG_TEXT(w->body),
        PG_STRING(w->actor->name));
    return cannot_keep(outcome, error_out);
}

enum store_outcome preset_store_create(struct pg *pg, const struct store_actor *actor,
                                       const struct preset_new *preset, struct uuid *preset_out,
                                       struct store_error *error_out)
{
    const struct writing writing = {
        actor, {preset->tenant, uuid_new(), 0}, preset->name, preset->body};
    const struct audited what = {"preset.create", preset->tenant, ID_PRESET, writing.state.id,
                                 &preset_view};
    enum store_outcome outcome = check_room(pg, &writing.state, preset->body, error_out);
    if (outcome == STORE_OK)
        outcome = audited_run(pg, actor, &what, make, &writing, error_out);
    if (outcome == STORE_OK)
        *preset_out = writing.state.id;
    return outcome;
}

static enum store_outcome is_same(struct pg *pg, const struct preset_state *state, struct span body,
                                  bool *same_out, struct store_error *error_out)
{
    enum store_outcome outcome = store_exec(
        pg, NULL, error_out, "compare the preset",
        "SELECT 1 FROM tollgate.routing_presets p JOIN tollgate.routing_preset_versions v "
        "ON v.preset_id = p.preset_id AND v.version = p.current_version "
        "WHERE p.preset_id = $1 AND v.body::text = $2",
        PG_UUID(state->id), PG_TEXT(body));
    if (outcome == STORE_OK)
        *same_out = pg_affected(pg) > 0;
    return outcome;
}

static enum store_outcome add_version(struct pg *pg, const void *with,
                                      struct store_error *error_out)
{
    const struct writing *w = with;
    enum store_outcome outcome = store_exec(
        pg, NULL, error_out, "make the preset's version",
        "INSERT INTO tollgate.routing_preset_versions (preset_id, tenant_id, version, body, "
        "created_by) SELECT p.preset_id, p.tenant_id, p.current_version + 1, $2::json, $3 "
        "FROM tollgate.routing_presets p WHERE p.preset_id = $1 AND p.current_version < $4::int8 "
        "AND $2::jsonb IS NOT NULL",
        PG_UUID(w->state.id), PG_TEXT(w->body), PG_STRING(w->actor->name),
        PG_INT(PRESET_VERSIONS_MAX));
    outcome = cannot_keep(outcome, error_out);
    if (outcome == STORE_OK && pg_affected(pg) == 0)
        outcome = store_fail(error_out, STORE_CONFLICT,
                             "a preset has at most %d versions: make one of another name",
                             (int)PRESET_VERSIONS_MAX);
    if (outcome == STORE_OK)
        outcome = store_exec(pg, NULL, error_out, "move the preset on",
                             "UPDATE tollgate.routing_presets SET revision = revision + 1, "
                             "current_version = current_version + 1 WHERE preset_id = $1",
                             PG_UUID(w->state.id));
    return outcome;
}

enum store_outcome preset_store_put(struct pg *pg, const struct store_actor *actor,
                                    const struct preset_state *state, struct span body,
                                    struct store_error *error_out)
{
    const struct writing writing = {.actor = actor, .state = *state, .body = body};
    const struct audited what = {"preset.update", state->tenant, ID_PRESET, state->id,
                                 &preset_view};
    bool same = false;
    enum store_outcome outcome = is_same(pg, state, body, &same, error_out);
    if (outcome != STORE_OK || same)
        return outcome;
    outcome = check_room(pg, state, body, error_out);
    if (outcome == STORE_OK)
        outcome = audited_run(pg, actor, &what, add_version, &writing, error_out);
    return outcome;
}

/* ---- deleting ---- */

static enum store_outcome check_unused(struct pg *pg, const struct preset_state *state,
                                       struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome =
        store_exec(pg, &rows, error_out, "look whose default it is",
                   "SELECT string_agg(u.what, ', ' ORDER BY u.place, u.id) "
                   "FROM tollgate.routing_presets p CROSS JOIN LATERAL (" PRESET_USED ") u "
                   "WHERE p.preset_id = $1",
                   PG_UUID(state->id));
    if (outcome != STORE_OK || pg_is_null(rows, 0, 0))
        return outcome;
    return store_fail(error_out, STORE_CONFLICT,
                      "it is the default of %.*s: give them another one, or none, first",
                      SPAN_ARG(span_part(pg_get_text(rows, 0, 0), 0, 280)));
}

static enum store_outcome delete_row(struct pg *pg, const void *with, struct store_error *error_out)
{
    const struct preset_state *state = with;
    return store_exec(pg, NULL, error_out, "delete the preset",
                      "UPDATE tollgate.routing_presets SET deleted_at = now(), "
                      "revision = revision + 1 WHERE preset_id = $1",
                      PG_UUID(state->id));
}

enum store_outcome preset_store_delete(struct pg *pg, const struct store_actor *actor,
                                       const struct preset_state *state,
                                       struct store_error *error_out)
{
    const struct audited what = {"preset.delete", state->tenant, ID_PRESET, state->id,
                                 &preset_view};
    enum store_outcome outcome = check_unused(pg, state, error_out);
    if (outcome == STORE_OK)
        outcome = audited_run(pg, actor, &what, delete_row, state, error_out);
    return outcome;
}

/* ---- what bodies name ---- */

static enum store_outcome unknown_of(struct pg *pg, const char *sql, struct pg_param names,
                                     struct arena *arena, struct preset_unknowns *unknown_out,
                                     struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome =
        store_exec(pg, &rows, error_out, "look into the catalog", sql, names);
    if (outcome != STORE_OK)
        return outcome;
    size_t count = pg_rows_count(rows);
    struct preset_unknown *unknown = arena_array(arena, count + 1, sizeof(*unknown));
    for (size_t i = 0; i < count; i++) {
        unknown[i].name = arena_span(arena, pg_get_text(rows, i, 0));
        if (!pg_is_null(rows, i, 1))
            unknown[i].near = arena_span(arena, pg_get_text(rows, i, 1));
    }
    *unknown_out = (struct preset_unknowns){unknown, count};
    return STORE_OK;
}

/* Near is who has the same name behind its author, or one that begins so. */
enum store_outcome preset_store_unknown_models(struct pg *pg, const struct span *names,
                                               size_t count, struct arena *arena,
                                               struct preset_unknowns *unknown_out,
                                               struct store_error *error_out)
{
    return unknown_of(
        pg,
        "SELECT n.name, (SELECT m.model FROM tollgate.models m WHERE m.status = 'published' "
        "  AND starts_with(lower(split_part(m.model, '/', 2)), lower(n.slug)) "
        "  ORDER BY length(m.model), m.model COLLATE \"C\" LIMIT 1) "
        "FROM (SELECT DISTINCT name, regexp_replace(name, ':(floor|nitro)$', '') AS bare, "
        "    regexp_replace(regexp_replace(name, '^.*/', ''), ':.*$', '') AS slug "
        "  FROM unnest($1::text[]) AS name) n "
        "WHERE NOT EXISTS (SELECT 1 FROM tollgate.models m WHERE m.model IN (n.name, n.bare) "
        "  AND m.status <> 'draft') AND NOT EXISTS (SELECT 1 FROM tollgate.model_aliases a "
        "  WHERE a.alias IN (n.name, n.bare)) ORDER BY n.name",
        PG_TEXTS(names, count), arena, unknown_out, error_out);
}

enum store_outcome preset_store_unknown_providers(struct pg *pg, const struct span *names,
                                                  size_t count, struct arena *arena,
                                                  struct preset_unknowns *unknown_out,
                                                  struct store_error *error_out)
{
    return unknown_of(
        pg,
        "SELECT n.name, (SELECT p.provider FROM tollgate.providers p WHERE p.status <> 'retired' "
        "  AND left(p.provider, 3) = left(lower(n.name), 3) "
        "  ORDER BY abs(length(p.provider) - length(n.name)), p.provider COLLATE \"C\" LIMIT 1) "
        "FROM (SELECT DISTINCT name FROM unnest($1::text[]) AS name) n "
        "WHERE NOT EXISTS (SELECT 1 FROM tollgate.providers p WHERE p.provider = n.name) "
        "ORDER BY n.name",
        PG_TEXTS(names, count), arena, unknown_out, error_out);
}
