/*
 * key_change: the half of key_store that looks keys up and changes them; see key_store.h.
 */
#include "tenants/store/audited.h"
#include "tenants/store/key_inside.h"
#include "tenants/store/key_view.h"

static bool read_scopes(const struct pg_rows *rows, int column, unsigned *scopes_out)
{
    size_t count = pg_array_count(rows, 0, column);
    for (size_t i = 0; i < count; i++) {
        unsigned scope;
        if (words_find(&key_scope_words, pg_array_text(rows, 0, column, i), &scope) < 0)
            return false;
        *scopes_out |= 1u << scope;
    }
    return true;
}

enum store_outcome key_store_lock(struct pg *pg, struct uuid tenant, struct uuid key,
                                  struct key_state *state_out, struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    struct key_state state = {0};
    unsigned status, window;
    enum store_outcome outcome =
        store_exec(pg, &rows, error_out, "find the key",
                   "SELECT revision, kind, status, coalesce(expires_at <= now(), false), scopes, "
                   "coalesce(budget_window, 'none'), coalesce(budget_pico, 0), "
                   "coalesce(expires_at, 'infinity') FROM tollgate.api_keys "
                   "WHERE tenant_id = $1 AND key_id = $2 FOR UPDATE",
                   PG_UUID(tenant), PG_UUID(key));
    if (outcome != STORE_OK)
        return outcome;
    if (pg_rows_count(rows) == 0)
        return store_fail(error_out, STORE_NOT_FOUND, "there is no such key");
    if (key_kind_parse(pg_get_text(rows, 0, 1), &state.kind) < 0 ||
        words_find(&key_status_words, pg_get_text(rows, 0, 2), &status) < 0 ||
        !read_scopes(rows, 4, &state.scopes) ||
        words_find(&budget_window_words, pg_get_text(rows, 0, 5), &window) < 0)
        return store_fail(error_out, STORE_BROKEN, "the key is in an unknown state");
    state.revision = pg_get_int64(rows, 0, 0);
    state.status = (enum key_status)status;
    state.expired = pg_get_bool(rows, 0, 3);
    state.budget_window = (enum budget_window)window;
    state.budget_pico = pg_get_int128(rows, 0, 6);
    state.expires_ms = pg_get_unix_ms(rows, 0, 7);
    *state_out = state;
    return STORE_OK;
}

struct changing {
    const struct store_actor *actor;
    const struct key_change *change;
};

static enum store_outcome change_row(struct pg *pg, const void *with, struct store_error *error_out)
{
    const struct changing *changing = with;
    const struct key_change *c = changing->change;
    struct span scopes[KEY_SCOPES];
    enum store_outcome outcome = store_exec(
        pg, NULL, error_out, "change the key",
        "UPDATE tollgate.api_keys SET revision = revision + 1, name = coalesce($3, name), "
        "allowed_models = CASE WHEN $4::boolean THEN $5::text[] ELSE allowed_models END, "
        "budget_pico = CASE WHEN $6::boolean THEN $7::numeric ELSE budget_pico END, "
        "budget_window = CASE WHEN $6::boolean THEN $8::text ELSE budget_window END, "
        "requests_per_minute = CASE WHEN $9::boolean THEN $10::int8 ELSE requests_per_minute END, "
        "tokens_per_minute = CASE WHEN $11::boolean THEN $12::int8 ELSE tokens_per_minute END, "
        "expires_at = CASE WHEN $13::boolean THEN $14::timestamptz ELSE expires_at END, "
        "scopes = CASE WHEN $15::boolean THEN $16::text[] ELSE scopes END, "
        "status = coalesce($17::text, status), "
        "status_reason = CASE $17::text WHEN 'disabled' THEN 'disabled by ' || $18 "
        "WHEN 'active' THEN NULL ELSE status_reason END, "
        "preset_id = CASE WHEN $19::boolean THEN $20::uuid ELSE preset_id END "
        "WHERE tenant_id = $1 AND key_id = $2 AND status <> 'revoked'",
        PG_UUID(c->tenant), PG_UUID(c->key), c->has_name ? PG_TEXT(c->name) : PG_NULL,
        PG_BOOL(c->has_models), key_texts(c->allowed_models, c->allowed_count),
        PG_BOOL(c->has_budget), key_budget(c->budget_window, c->budget_pico),
        key_window(c->budget_window), PG_BOOL(c->has_requests), key_limit(c->requests_per_minute),
        PG_BOOL(c->has_tokens), key_limit(c->tokens_per_minute), PG_BOOL(c->has_expires),
        key_time(c->expires_ms), PG_BOOL(c->has_scopes),
        PG_TEXTS(scopes, key_scope_names(c->scopes, scopes)),
        c->has_status ? PG_STRING(words_name(&key_status_words, c->status)) : PG_NULL,
        PG_STRING(changing->actor->name), PG_BOOL(c->has_preset), PG_UUID_OR_NULL(c->preset));
    if (outcome == STORE_OK && pg_affected(pg) == 0)
        outcome = store_fail(error_out, STORE_CONFLICT, "a revoked key does not change");
    if (outcome == STORE_OK && c->has_budget)
        outcome = store_exec(pg, NULL, error_out, "begin the budget",
                             "SELECT tollgate.budget_begin('key', $1)", PG_UUID(c->key));
    return outcome;
}

enum store_outcome key_store_change(struct pg *pg, const struct store_actor *actor,
                                    const struct key_change *change, struct store_error *error_out)
{
    const struct changing changing = {actor, change};
    const struct audited what = {"key.update", change->tenant, ID_KEY, change->key, &key_view};
    return audited_run(pg, actor, &what, change_row, &changing, error_out);
}

enum store_outcome key_store_first_project(struct pg *pg, struct uuid tenant,
                                           struct uuid *project_out, struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome =
        store_exec(pg, &rows, error_out, "find a project",
                   "SELECT project_id FROM tollgate.projects WHERE tenant_id = $1 "
                   "AND status = 'active' ORDER BY project_id LIMIT 1",
                   PG_UUID(tenant));
    if (outcome != STORE_OK)
        return outcome;
    if (pg_rows_count(rows) == 0)
        return store_fail(error_out, STORE_NOT_FOUND, "the tenant has no active project");
    *project_out = pg_get_uuid(rows, 0, 0);
    return STORE_OK;
}

static void add_once(struct span *items, size_t *count, struct span item)
{
    for (size_t i = 0; i < *count; i++) {
        if (span_equal(items[i], item))
            return;
    }
    items[(*count)++] = item;
}

enum store_outcome key_store_models(struct pg *pg, const struct span *names, size_t count,
                                    struct arena *arena, struct key_models *models_out,
                                    struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    struct key_models models = {
        .known = arena_array(arena, count + 1, sizeof(struct span)),
        .unknown = arena_array(arena, count + 1, sizeof(struct span)),
    };
    enum store_outcome outcome =
        store_exec(pg, &rows, error_out, "look for the models",
                   "SELECT n.name, coalesce(m.model, a.model) "
                   "FROM unnest($1::text[]) WITH ORDINALITY n(name, place) "
                   "LEFT JOIN tollgate.models m ON m.model = n.name "
                   "LEFT JOIN tollgate.model_aliases a ON a.alias = n.name ORDER BY n.place",
                   PG_TEXTS(names, count));
    for (size_t i = 0; outcome == STORE_OK && i < pg_rows_count(rows); i++) {
        bool known = !pg_is_null(rows, i, 1);
        struct span name = arena_span(arena, pg_get_text(rows, i, known ? 1 : 0));
        add_once(known ? models.known : models.unknown,
                 known ? &models.known_count : &models.unknown_count, name);
    }
    if (outcome == STORE_OK)
        *models_out = models;
    return outcome;
}
