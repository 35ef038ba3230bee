/*
 * perform: see perform.h.
 */
#include "tenants/api/perform.h"

#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "tenants/api/idempotency.h"
#include "tenants/store/idempotency_store.h"
#include "tenants/store/tenant_store.h"

enum { TRIES_MAX = 3, JSON_NODES_MAX = 400000, JSON_DEPTH_MAX = 64 };

struct performer {
    const struct performing *performing;
    struct pg *pg;            /* NULL: not connected */
    struct json_doc document; /* of the call at hand; keeps its memory */
};

struct performer *performer_new(const struct performing *performing)
{
    struct performer *performer = mem_new(sizeof(*performer));

    performer->performing = performing;
    performer->document = json_doc_make();
    return performer;
}

void performer_free(struct performer *performer)
{
    if (performer == NULL)
        return;
    pg_close(performer->pg);
    json_doc_done(&performer->document);
    mem_free(performer);
}

static bool connect_if_needed(struct performer *performer)
{
    struct pg_error said;

    if (performer->pg != NULL && pg_alive(performer->pg))
        return true;
    pg_close_at(&performer->pg);
    bool there = pg_open(&performer->performing->database, &performer->pg, &said) == PG_OK;
    if (!there)
        log_event(LOG_WARN, "api.database_away", LOG_S("error", said.message));
    atomic_store(&performer->performing->counts->database_up, there);
    return there;
}

/* ---- may they ---- */

static enum api_outcome fail_of_role(struct api *api)
{
    cleanup(buf_done) struct buf words = buf_make(200);
    cleanup(buf_done) struct buf quoted = buf_make(400);

    route_role_words(api->route->roles, ", ", &words);
    buf_add_string(&quoted, "[\"");
    route_role_words(api->route->roles, "\",\"", &quoted);
    buf_add_string(&quoted, "\"]");
    api_problem_member(api, "allowed", buf_span(&quoted));
    return api_fail(api, PROBLEM_FORBIDDEN, "this may be done by: %s", words.at);
}

static enum api_outcome check_scope(struct api *api)
{
    const char *scope = api->route->scope;

    if (scope == NULL)
        return api_fail(api, PROBLEM_SCOPE, "no management key may do this: sign in instead");
    for (size_t i = 0; i < api->caller.scope_count; i++) {
        if (span_is(api->caller.scopes[i], scope))
            return API_OK;
    }
    return api_fail(api, PROBLEM_SCOPE, "this needs a management key with the scope %s", scope);
}

/* Another's tenant is not there, before anything else is said of it. */
static bool is_foreign(const struct api *api)
{
    const struct api_inside *inside = api->inside;

    for (size_t i = 0; i < inside->path_count; i++) {
        if (span_is(inside->path[i].name, "tenant"))
            return !uuid_is_zero(api->caller.tenant) &&
                   !uuid_equal(api->caller.tenant, inside->path[i].id);
    }
    return false;
}

static enum api_outcome check_caller(struct api *api)
{
    bool public = (api->route->roles & ROLE_PUBLIC) != 0;

    if (api->caller.kind == CALLER_NOBODY && !public)
        return api_fail(api, PROBLEM_NOT_SIGNED_IN,
                        "sign in, or send Authorization: Bearer with a token or a management key");
    if (is_foreign(api))
        return api_fail(api, PROBLEM_NOT_FOUND, "there is no such tenant");
    if (public)
        return API_OK;
    if (api->caller.kind == CALLER_KEY && check_scope(api) != API_OK)
        return API_FAILED;
    return (api->route->roles & api->caller.role) != 0 ? API_OK : fail_of_role(api);
}

/* ---- what do they say ---- */

static bool is_json(struct span content_type)
{
    return span_is_nocase(span_trim(span_cut(&content_type, ';')), "application/json");
}

static enum api_outcome parse_body(struct performer *performer, struct api *api)
{
    const struct json_limits limits = {
        .max_bytes = API_LARGE_BODY_BYTES_MAX,
        .max_depth = JSON_DEPTH_MAX,
        .max_nodes = JSON_NODES_MAX,
    };
    struct span body = api->inside->came->body;

    if (body.size == 0)
        return API_OK;
    if (api->route->method == API_GET || api->route->method == API_DELETE)
        return api_fail(api, PROBLEM_BAD_REQUEST, "%s takes no body",
                        route_method_name(api->route->method));
    if (!is_json(api->inside->came->content_type))
        return api_fail(api, PROBLEM_CONTENT_TYPE,
                        "send the body as JSON with content-type: application/json");
    enum json_error error = json_parse(&performer->document, body, &limits);
    if (error == JSON_OK)
        return API_OK;
    return api_fail(api, PROBLEM_BAD_REQUEST, "the body %s at byte %zu", json_error_text(error),
                    performer->document.error_at);
}

static enum api_outcome fail_of_fields(struct api *api)
{
    const struct field_complaint *first = &api->inside->refusal.complaints.items[0];
    size_t count = api->inside->refusal.complaints.count;

    return api_fail(api, PROBLEM_INVALID_FIELD, "%.*s%s%.*s%s", SPAN_ARG(first->field),
                    first->field.size > 0 ? " " : "", SPAN_ARG(first->message),
                    count > 1 ? "; errors has all of them" : "");
}

/* A PATCH that names nothing was meant otherwise. */
static void complain_of_nothing(struct api *api)
{
    const struct api_inside *inside = api->inside;

    if (api->route->method != API_PATCH || inside->refusal.complaints.count > 0)
        return;
    for (size_t i = 0; i < api->route->body.count; i++) {
        if (inside->body[i].state != FIELD_ABSENT)
            return;
    }
    field_complain(&api->inside->refusal.complaints, api->arena, span_of(""),
                   "name at least one member to change");
}

static enum api_outcome read_fields(struct performer *performer, struct api *api)
{
    struct api_inside *inside = api->inside;
    struct field_complaints *complaints = &inside->refusal.complaints;
    uint32_t root = inside->came->body.size > 0 ? 0 : JSON_NONE;
    size_t own = api->route->query.count;
    size_t all = own + ((api->route->flags & API_LIST) != 0 ? route_list_fields.count : 0);
    struct field *table = arena_array(api->arena, all + 1, sizeof(*table));

    for (size_t i = 0; i < all; i++)
        table[i] = i < own ? api->route->query.table[i] : route_list_fields.table[i - own];
    inside->query_fields = (struct fields){table, all};
    inside->query = arena_array(api->arena, all + 1, sizeof(*inside->query));
    inside->body = arena_array(api->arena, api->route->body.count + 1, sizeof(*inside->body));
    fields_read_query(&inside->query_fields, inside->came->query, api->arena, inside->query,
                      complaints);
    inside->refusal.of_query = complaints->count > 0;
    fields_read_body(&api->route->body, &performer->document, root, api->arena, inside->body,
                     complaints);
    complain_of_nothing(api);
    return complaints->count > 0 ? fail_of_fields(api) : API_OK;
}

static enum api_outcome prepare(struct performer *performer, struct api *api)
{
    struct api_inside *inside = api->inside;

    api->caller = (struct caller){0};
    if (!route_values(&inside->came->match, api->arena, inside->path, &inside->path_count))
        return api_fail(api, PROBLEM_NOT_FOUND, "there is nothing at this path");
    if (identify(api, &inside->came->identify) != API_OK || check_caller(api) != API_OK ||
        parse_body(performer, api) != API_OK || read_fields(performer, api) != API_OK ||
        idempotency_check(api) != API_OK)
        return API_FAILED;
    if ((api->route->flags & API_IF_MATCH) != 0 && inside->came->if_match.at == NULL)
        return api_fail(api, PROBLEM_NEEDS_MATCH,
                        "this needs the header If-Match with the etag of what you read, or *");
    api->document = &performer->document;
    api->actor = (struct store_actor){
        .name = api->caller.name,
        .address = api->caller.address,
        .tenant = api->caller.tenant,
    };
    inside->kept_headers = inside->header_count;
    return API_OK;
}

/* ---- the transaction ---- */

/* A member's tenant is there; an operator may ask for any, also in lists, which would be empty. */
static enum api_outcome check_tenant(struct api *api)
{
    const struct api_inside *inside = api->inside;
    struct store_error error;
    bool exists = true;

    if (api->caller.kind != CALLER_OPERATOR)
        return API_OK;
    for (size_t i = 0; i < inside->path_count; i++) {
        if (!span_is(inside->path[i].name, "tenant"))
            continue;
        enum store_outcome outcome =
            tenant_store_exists(api->pg, inside->path[i].id, &exists, &error);
        if (outcome != STORE_OK)
            return api_store(api, outcome, &error);
    }
    return exists ? API_OK : api_fail(api, PROBLEM_NOT_FOUND, "there is no such tenant");
}

static enum api_outcome handle(struct api *api)
{
    const struct api_answer *answer = &api->inside->answer;
    bool done = false, keyed = idempotency_applies(api);
    enum api_outcome outcome = check_tenant(api);

    if (outcome == API_OK && keyed)
        outcome = idempotency_begin(api, &done);

    if (outcome == API_FAILED || done)
        return outcome;
    outcome = api->route->run(api);
    if (outcome == API_FAILED)
        return outcome;
    if (buf_failed(&answer->json) || buf_failed(&answer->text))
        return api_fail(api, PROBLEM_REFUSED, "the answer is too large: ask for less");
    return keyed ? idempotency_end(api, outcome) : outcome;
}

static enum api_outcome commit(struct api *api)
{
    bool reads = api->route->method == API_GET;
    struct store_error error;
    enum store_outcome committed = store_commit(api->pg, &error);
    enum api_outcome outcome = api_store(api, committed, &error);

    if (committed == STORE_LOST && !reads) {
        api->inside->again = false;
        api->inside->lost = false;
        (void)api_fail(api, PROBLEM_UNAVAILABLE,
                       "the database went away before it said whether this was done: look, or "
                       "ask again with the same Idempotency-Key");
    }
    return outcome;
}

static enum api_outcome transact(struct api *api)
{
    struct store_error error;
    enum store_outcome begun =
        api->route->method == API_GET
            ? store_begin_reading(api->pg, &api->actor,
                                  (api->route->flags & API_READ_COMMITTED) == 0, &error)
            : store_begin(api->pg, &api->actor, &error);

    if (begun != STORE_OK)
        return api_store(api, begun, &error);
    enum api_outcome outcome = handle(api);
    if (outcome == API_FAILED || api->inside->replayed) {
        store_rollback(api->pg);
        return outcome;
    }
    return commit(api) == API_OK ? outcome : API_FAILED;
}

static enum api_outcome run_until_settled(struct performer *performer, struct api *api, int *tries)
{
    enum api_outcome outcome;
    bool prepared = false;

    for (*tries = 1;; ++*tries) {
        if (!connect_if_needed(performer))
            return api_fail(api, PROBLEM_UNAVAILABLE, "the database is away: try again");
        api->pg = performer->pg;
        outcome = prepared ? API_OK : prepare(performer, api);
        prepared = outcome == API_OK;
        if (prepared)
            outcome = transact(api);
        if (outcome != API_FAILED || *tries == TRIES_MAX ||
            !(api->inside->again || api->inside->lost))
            return outcome;
        store_rollback(performer->pg);
        inside_clear(api);
    }
}

static void count(struct performer *performer, const struct call *call, const struct api *api)
{
    struct counts *counts = performer->performing->counts;

    if (call->tries > 1)
        atomic_fetch_add(&counts->again, (uint64_t)call->tries - 1);
    if (api->inside->replayed)
        atomic_fetch_add(&counts->replayed, 1);
}

static void wipe(struct span text)
{
    if (text.size > 0)
        explicit_bzero((char *)(uintptr_t)text.at, text.size); /* of the call's arena */
}

/* A body with a secret in it, and what was decoded of it. */
static void wipe_secrets(const struct api *api)
{
    const struct api_inside *inside = api->inside;
    bool secret = false;

    for (size_t i = 0; i < api->route->body.count; i++) {
        if (api->route->body.table[i].type != FIELD_SECRET)
            continue;
        secret = true;
        if (inside->body != NULL && inside->body[i].state == FIELD_SET)
            wipe(inside->body[i].text);
    }
    if (secret)
        wipe(inside->came->body);
    wipe(inside->came->identify.authorization);
    wipe(inside->came->identify.cookie);
}

void performer_run(struct performer *performer, struct call *call)
{
    struct api api = {
        .arena = call->arena,
        .now_ms = clock_wall_ms(),
        .seal = performer->performing->seal,
        .identity = performer->performing->identity,
        .counts = performer->performing->counts,
    };

    inside_begin(&api, &call->came);
    enum api_outcome outcome = run_until_settled(performer, &api, &call->tries);
    reply_make(&api, outcome, &call->reply);
    snprintf(call->caller, sizeof(call->caller), "%s", api.caller.name);
    count(performer, call, &api);
    wipe_secrets(&api);
    inside_done(&api);
    must(performer->pg == NULL || !pg_in_transaction(performer->pg));
}

void performer_keep_house(struct performer *performer)
{
    static const struct store_actor actor = {.name = "tollgate-control"};
    struct store_error error = {""};
    int64_t gone = 0;

    if (!connect_if_needed(performer))
        return;
    enum store_outcome outcome = store_begin(performer->pg, &actor, &error);
    if (outcome == STORE_OK)
        outcome = idempotency_store_sweep(performer->pg, IDEMPOTENCY_HOURS, &gone, &error);
    if (outcome == STORE_OK)
        outcome = store_commit(performer->pg, &error);
    if (outcome != STORE_OK) {
        log_event(LOG_WARN, "api.sweep_failed", LOG_S("error", error.text));
        store_rollback(performer->pg);
    }
    atomic_store(&performer->performing->counts->database_up, outcome != STORE_LOST);
}
