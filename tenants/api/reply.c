/*
 * reply: see reply.h.
 */
#include "tenants/api/reply.h"

#include "common/base/log.h"
#include "common/base/mem.h"

enum { PROBLEM_BYTES_MAX = 64 << 10, STATUS_INVALID_QUERY = 400 };

static const struct {
    int status;
    const char *word, *title;
} problems[PROBLEMS] = {
    [PROBLEM_BAD_REQUEST] = {400, "bad_request", "The request cannot be read"},
    [PROBLEM_INVALID_FIELD] = {422, "invalid_field", "A member is not as it must be"},
    [PROBLEM_BAD_CURSOR] = {400, "bad_cursor", "The cursor is not one of this list"},
    [PROBLEM_NEEDS_IDEMPOTENCY] = {400, "needs_idempotency_key", "Idempotency-Key is missing"},
    [PROBLEM_NOT_SIGNED_IN] = {401, "not_signed_in", "Not signed in"},
    [PROBLEM_WRONG_LOGIN] = {401, "wrong_login", "E-mail address or password is wrong"},
    [PROBLEM_CSRF] = {403, "csrf", "The x-csrf-token is missing or wrong"},
    [PROBLEM_FORBIDDEN] = {403, "forbidden", "Not with this role"},
    [PROBLEM_SCOPE] = {403, "scope", "Not with this key"},
    [PROBLEM_NOT_FOUND] = {404, "not_found", "There is nothing here"},
    [PROBLEM_METHOD] = {405, "method", "Not with this method"},
    [PROBLEM_CONFLICT] = {409, "conflict", "Its state does not allow this"},
    [PROBLEM_IN_PROGRESS] = {409, "in_progress", "The same call is being answered"},
    [PROBLEM_CHANGED] = {412, "changed", "It was changed meanwhile"},
    [PROBLEM_TOO_LARGE] = {413, "too_large", "The body is too large"},
    [PROBLEM_CONTENT_TYPE] = {415, "content_type", "Only application/json is taken"},
    [PROBLEM_KEY_REUSED] = {422, "key_reused", "The Idempotency-Key was used for another call"},
    [PROBLEM_REFUSED] = {422, "refused", "A rule is against it"},
    [PROBLEM_NEEDS_MATCH] = {428, "needs_match", "If-Match is missing"},
    [PROBLEM_LOCKED_OUT] = {429, "locked_out", "Too many attempts"},
    [PROBLEM_INTERNAL] = {500, "internal", "Something is wrong on our side"},
    [PROBLEM_UNAVAILABLE] = {503, "unavailable", "Not now"},
};

enum problem reply_problem_of(int status)
{
    if (status == 413)
        return PROBLEM_TOO_LARGE;
    return status == 503 ? PROBLEM_UNAVAILABLE : PROBLEM_BAD_REQUEST;
}

const char *reply_problem_word(enum problem problem)
{
    return problems[problem].word;
}

static void put_header(struct reply *reply, const char *name, struct span value)
{
    must(reply->header_count < REPLY_HEADERS_MAX);
    if (httpd_header_ok(span_of(name), value))
        reply->headers[reply->header_count++] = (struct httpd_header){span_of(name), value};
    else
        log_event(LOG_ALARM, "api.header_refused", LOG_S("header", name));
}

/* What every answer has, and what the call added. */
static void put_common(const struct api *api, struct reply *reply)
{
    const struct api_inside *inside = api->inside;
    char *id = arena_take(api->arena, ID_TEXT_SIZE);
    size_t size = id_format(ID_GENERATION, api->request_id, id);

    put_header(reply, "x-request-id", span_make(id, size));
    put_header(reply, "cache-control", span_of("no-store"));
    put_header(reply, "x-content-type-options", span_of("nosniff"));
    for (size_t i = 0; i < inside->header_count; i++)
        put_header(reply, inside->headers[i].name, inside->headers[i].value);
}

static bool has_header(const struct api_inside *inside, const char *name)
{
    for (size_t i = 0; i < inside->header_count; i++) {
        if (strcmp(inside->headers[i].name, name) == 0)
            return true;
    }
    return false;
}

/* ---- problems ---- */

static void write_errors(const struct field_complaints *complaints, struct json_writer *w)
{
    if (complaints->count == 0)
        return;
    json_name(w, "errors");
    json_begin(w, '[');
    for (size_t i = 0; i < complaints->count; i++) {
        json_begin(w, '{');
        json_put_string(w, "field", complaints->items[i].field);
        json_put_string(w, "message", complaints->items[i].message);
        json_end(w, '}');
    }
    json_end(w, ']');
}

static void write_problem(const struct api *api, int status, struct buf *out)
{
    const struct api_refusal *refusal = &api->inside->refusal;
    struct json_writer w = json_writer_make(out);
    char type[64] = "urn:tollgate:problem:", id[ID_TEXT_SIZE];
    struct span request_id = span_make(id, id_format(ID_GENERATION, api->request_id, id));

    strncat(type, problems[refusal->problem].word, sizeof(type) - strlen(type) - 1);
    json_begin(&w, '{');
    json_put_cstring(&w, "type", type);
    json_put_cstring(&w, "title", problems[refusal->problem].title);
    json_put_int64(&w, "status", status);
    json_put_string(&w, "detail", span_of(refusal->detail));
    json_put_string(&w, "instance", request_id);
    json_put_string(&w, "request_id", request_id);
    write_errors(&refusal->complaints, &w);
    for (size_t i = 0; i < refusal->member_count; i++) {
        json_name(&w, refusal->members[i].name);
        json_write_raw(&w, refusal->members[i].json);
    }
    json_end(&w, '}');
}

static void make_problem(struct api *api, struct reply *reply)
{
    const struct api_refusal *refusal = &api->inside->refusal;

    must(refusal->detail != NULL);
    reply->problem = problems[refusal->problem].word;
    reply->status = refusal->status != 0 ? refusal->status : problems[refusal->problem].status;
    if (refusal->problem == PROBLEM_INVALID_FIELD && refusal->of_query)
        reply->status = STATUS_INVALID_QUERY;
    reply->body = buf_make(PROBLEM_BYTES_MAX);
    write_problem(api, reply->status, &reply->body);
    put_header(reply, "content-type", span_of("application/problem+json"));
    if (reply->status == 401)
        put_header(reply, "www-authenticate", span_of("Bearer realm=\"tollgate\""));
    if (reply->status == 503 && !has_header(api->inside, "retry-after"))
        put_header(reply, "retry-after", span_of("1"));
}

/* ---- answers ---- */

static void put_file_name(const struct api *api, struct reply *reply)
{
    const char *name = api->inside->answer.file_name;

    if (name == NULL)
        return;
    char *value = arena_printf(api->arena, "attachment; filename=\"%s\"", name);
    put_header(reply, "content-disposition", span_of(value));
}

static bool is_unchanged(const struct api *api)
{
    const struct api_inside *inside = api->inside;

    return api->route->method == API_GET && inside->answer.has_revision &&
           inside->came->if_none_match.at != NULL &&
           inside_etag_listed(inside->came->if_none_match, inside->answer.revision, true);
}

static struct buf take(struct buf *buf)
{
    struct buf taken = *buf;

    *buf = buf_make(0);
    return taken;
}

static void make_answer(struct api *api, enum api_outcome outcome, struct reply *reply)
{
    struct api_answer *answer = &api->inside->answer;

    reply->status = outcome == API_CREATED ? 201 : outcome == API_NO_CONTENT ? 204 : 200;
    if (answer->has_revision) {
        char *etag = arena_printf(api->arena, "\"%lld\"", (long long)answer->revision);
        put_header(reply, "etag", span_of(etag));
    }
    if (api->inside->replayed)
        put_header(reply, "idempotent-replayed", span_of("true"));
    if (is_unchanged(api))
        reply->status = 304;
    if (reply->status == 204 || reply->status == 304)
        return;
    if (answer->has_text) {
        reply->body = take(&answer->text);
        put_header(reply, "content-type", span_of(answer->content_type));
        put_file_name(api, reply);
    } else {
        reply->body = take(&answer->json);
        put_header(reply, "content-type", span_of("application/json"));
    }
}

void reply_make(struct api *api, enum api_outcome outcome, struct reply *reply_out)
{
    const struct api_answer *answer = &api->inside->answer;

    *reply_out = (struct reply){0};
    if (outcome != API_FAILED && (buf_failed(&answer->json) || buf_failed(&answer->text)))
        outcome = api_fail(api, PROBLEM_REFUSED, "the answer is too large: ask for less");
    put_common(api, reply_out);
    if (outcome == API_FAILED)
        make_problem(api, reply_out);
    else
        make_answer(api, outcome, reply_out);
}

void reply_done(struct reply *reply)
{
    if (reply->body.at != NULL)
        explicit_bzero(reply->body.at, reply->body.size);
    buf_done(&reply->body);
}
