/*
 * api: see api.h. What handlers call; nothing here speaks with the client.
 */
#include "tenants/api/api.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "tenants/api/inside.h"

enum { DETAIL_BYTES_MAX = 1000, HEADER_BYTES_MAX = 1000 };

void inside_begin(struct api *api, const struct api_came *came)
{
    struct api_inside *inside = arena_take(api->arena, sizeof(*inside));

    inside->came = came;
    api->inside = inside;
    api->route = came->match.route;
    api->request_id = came->request_id;
    inside_clear(api);
}

void inside_clear(struct api *api)
{
    struct api_inside *inside = api->inside;

    inside_done(api);
    inside->answer = (struct api_answer){
        .json = buf_make(API_ANSWER_BYTES_MAX),
        .text = buf_make(API_ANSWER_BYTES_MAX),
    };
    inside->answer.writer = json_writer_make(&inside->answer.json);
    inside->refusal = (struct api_refusal){0};
    inside->header_count = inside->kept_headers;
    inside->again = false;
    inside->lost = false;
    inside->replayed = false;
}

/* An answer may hold a secret that is shown once. */
static void wipe(struct buf *buf)
{
    if (buf->at != NULL)
        explicit_bzero(buf->at, buf->size);
    buf_done(buf);
}

void inside_done(struct api *api)
{
    wipe(&api->inside->answer.json);
    wipe(&api->inside->answer.text);
}

/* ---- what came ---- */

static const struct route_value *path_value(const struct api *api, const char *name)
{
    const struct api_inside *inside = api->inside;
    size_t i = 0;

    while (i < inside->path_count && !span_is(inside->path[i].name, name))
        i++;
    must(i < inside->path_count);
    return &inside->path[i];
}

struct uuid api_path_id(const struct api *api, const char *name)
{
    const struct route_value *value = path_value(api, name);

    must(value->is_id);
    return value->id;
}

struct span api_path_text(const struct api *api, const char *name)
{
    return path_value(api, name)->text;
}

static size_t index_of(const struct fields *fields, const char *name)
{
    size_t i = 0;

    while (i < fields->count && strcmp(fields->table[i].name, name) != 0)
        i++;
    must(i < fields->count);
    return i;
}

const struct field_value *api_query(const struct api *api, const char *name)
{
    return &api->inside->query[index_of(&api->inside->query_fields, name)];
}

const struct field_value *api_body(const struct api *api, const char *name)
{
    return &api->inside->body[index_of(&api->route->body, name)];
}

/* The idx-th of "a|b|c". */
static struct span choice_word(const char *choices, int index)
{
    struct span rest = span_of(choices), word = span_cut(&rest, '|');

    while (index-- > 0)
        word = span_cut(&rest, '|');
    return word;
}

static struct pg_param param_of(const struct api *api, const struct field *field,
                                const struct field_value *value)
{
    if (value->state != FIELD_SET)
        return PG_NULL;
    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_SECRET:
    case FIELD_EMAIL:
        return PG_TEXT(value->text);
    case FIELD_INT:
        return PG_INT(value->number);
    case FIELD_BOOL:
        return PG_BOOL(value->flag);
    case FIELD_CHOICE:
        return PG_TEXT(choice_word(field->choices, value->choice));
    case FIELD_USD:
        return PG_NUMERIC(value->pico);
    case FIELD_TIME:
        return PG_TIME(value->number);
    case FIELD_ID:
        return PG_UUID(value->id);
    case FIELD_TEXTS:
        return PG_TEXTS(value->texts.items, value->texts.count);
    case FIELD_JSON:
        return PG_TEXT(json_raw(api->document, value->node));
    }
    return PG_NULL;
}

struct pg_param api_query_param(const struct api *api, const char *name)
{
    size_t at = index_of(&api->inside->query_fields, name);

    return param_of(api, &api->inside->query_fields.table[at], &api->inside->query[at]);
}

struct pg_param api_body_param(const struct api *api, const char *name)
{
    size_t at = index_of(&api->route->body, name);

    return param_of(api, &api->route->body.table[at], &api->inside->body[at]);
}

bool api_body_has(const struct api *api, const char *name)
{
    return api_body(api, name)->state != FIELD_ABSENT;
}

struct span api_idempotency_key(const struct api *api)
{
    return api->inside->came->idempotency_key;
}

/* ---- the answer ---- */

struct json_writer *api_json(struct api *api)
{
    api->inside->answer.has_json = true;
    return &api->inside->answer.writer;
}

struct buf *api_text(struct api *api, const char *content_type, const char *file_name)
{
    struct api_answer *answer = &api->inside->answer;

    answer->has_text = true;
    answer->content_type = arena_strdup(api->arena, content_type);
    answer->file_name = file_name == NULL ? NULL : arena_strdup(api->arena, file_name);
    return &answer->text;
}

void api_etag(struct api *api, int64_t revision)
{
    api->inside->answer.has_revision = true;
    api->inside->answer.revision = revision;
}

void api_header(struct api *api, const char *name, const char *format, ...)
{
    struct api_inside *inside = api->inside;
    char text[HEADER_BYTES_MAX];
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    must(inside->header_count < API_HEADERS_MAX && size >= 0);
    if ((size_t)size >= sizeof(text) || !httpd_header_ok(span_of(name), span_of(text))) {
        log_event(LOG_ALARM, "api.header_refused", LOG_S("header", name));
        return;
    }
    inside->headers[inside->header_count++] = (struct api_header){
        .name = arena_strdup(api->arena, name),
        .value = arena_span(api->arena, span_of(text)),
    };
}

/* ---- refusing ---- */

enum api_outcome api_fail(struct api *api, enum problem problem, const char *format, ...)
{
    struct api_refusal *refusal = &api->inside->refusal;
    char text[DETAIL_BYTES_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    refusal->problem = problem;
    refusal->detail = arena_strdup(api->arena, text);
    return API_FAILED;
}

enum api_outcome api_fail_field(struct api *api, const char *field, const char *format, ...)
{
    char text[DETAIL_BYTES_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    field_complain(&api->inside->refusal.complaints, api->arena, span_of(field), "%s", text);
    api->inside->refusal.of_query = api->inside->refusal.of_query || api->route->method == API_GET;
    return api_fail(api, PROBLEM_INVALID_FIELD, "%s: %s", field, text);
}

void api_problem_member(struct api *api, const char *name, struct span json)
{
    struct api_refusal *refusal = &api->inside->refusal;

    must(refusal->member_count < API_MEMBERS_MAX);
    refusal->members[refusal->member_count++] = (struct api_member){
        .name = arena_strdup(api->arena, name),
        .json = arena_span(api->arena, json),
    };
}

static enum api_outcome fail_quietly(struct api *api, enum problem problem,
                                     const struct store_error *error, const char *detail)
{
    char id[ID_TEXT_SIZE];

    id_format(ID_GENERATION, api->request_id, id);
    log_event(problem == PROBLEM_UNAVAILABLE ? LOG_WARN : LOG_ALARM, "api.store_failed",
              LOG_S("route", api->route == NULL ? "" : api->route->path), LOG_S("request_id", id),
              LOG_S("error", error->text));
    return api_fail(api, problem, "%s", detail);
}

enum api_outcome api_store(struct api *api, enum store_outcome outcome,
                           const struct store_error *error)
{
    switch (outcome) {
    case STORE_OK:
        return API_OK;
    case STORE_NOT_FOUND:
        return api_fail(api, PROBLEM_NOT_FOUND, "%s", error->text);
    case STORE_CONFLICT:
        return api_fail(api, PROBLEM_CONFLICT, "%s", error->text);
    case STORE_REFUSED:
        return api_fail(api, PROBLEM_REFUSED, "%s", error->text);
    case STORE_DENIED:
        return fail_quietly(api, PROBLEM_FORBIDDEN, error, "the database does not let you do this");
    case STORE_RETRY:
        /* A statement that took too long once takes too long again. */
        if (strcmp(pg_error(api->pg)->sqlstate, "57014") == 0)
            return fail_quietly(api, PROBLEM_UNAVAILABLE, error,
                                "this took too long: ask for less, or again later");
        api->inside->again = true;
        return api_fail(api, PROBLEM_UNAVAILABLE, "others change the same: try again");
    case STORE_LOST:
        api->inside->lost = true;
        return fail_quietly(api, PROBLEM_UNAVAILABLE, error, "the database is away: try again");
    case STORE_BROKEN:
        return fail_quietly(api, PROBLEM_INTERNAL, error, "this is our fault; it was logged");
    }
    return API_FAILED;
}

/* ---- preconditions ---- */

static bool etag_is(struct span item, int64_t revision, bool weak)
{
    int64_t number;

    if (span_starts(item, "W/")) {
        if (!weak)
            return false;
        item = span_part(item, 2, SIZE_MAX);
    }
    if (item.size >= 2 && item.at[0] == '"' && item.at[item.size - 1] == '"')
        item = span_part(item, 1, item.size - 2);
    return span_is(item, "*") || (span_int64(item, &number) == 0 && number == revision);
}

bool inside_etag_listed(struct span header, int64_t revision, bool weak)
{
    while (header.at != NULL) {
        if (etag_is(span_trim(span_cut(&header, ',')), revision, weak))
            return true;
    }
    return false;
}

enum api_outcome api_match(struct api *api, int64_t revision)
{
    if (inside_etag_listed(api->inside->came->if_match, revision, false))
        return API_OK;
    return api_fail(api, PROBLEM_CHANGED,
                    "it was changed meanwhile and is at etag \"%lld\" now: read it again",
                    (long long)revision);
}
