/*
 * provider: see the header. The order of what decides a call's faults, the last one wins: the
 * model's name, the path, "user", "metadata", the header x-fake-fault, a rule of /control.
 */
#include "provider.h"

#include <stdio.h>

#include "answer.h"
#include "ask.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/json_writer.h"
#include "openai.h"

#define ARENA_CHUNK 65536
#define ARENA_MAX ((size_t)80 << 20)
#define PAGE_BYTES_MAX ((size_t)64 << 20)
#define TRUTH_LIMIT_DEFAULT 100000
#define MODEL_BYTES_MAX 256
/* A stall without end, in numbers that can be added to a clock. */
#define TEN_YEARS_MS INT64_C(315360000000)

void provider_init(struct provider *provider, struct truth *truth, int64_t pace_us,
                   uint32_t millibytes_per_token)
{
    *provider = (struct provider){
        .truth = truth,
        .rules = fault_rules_make(),
        .pace_us = pace_us,
        .zero = count_make(COUNT_BYTES, millibytes_per_token),
        .doc = json_doc_make(),
        .arena = arena_new(ARENA_CHUNK, ARENA_MAX),
    };
    digest_random(&provider->run, sizeof(provider->run));
}

void provider_done(struct provider *provider)
{
    fault_rules_done(&provider->rules);
    json_doc_done(&provider->doc);
    arena_free(provider->arena);
}

static struct call *error_page(int status, const char *message)
{
    struct buf body = buf_make(4096);
    struct json_writer w = json_writer_make(&body);

    json_begin(&w, '{');
    json_name(&w, "error");
    json_begin(&w, '{');
    json_put_cstring(&w, "message", message);
    json_put_cstring(&w, "type", "invalid_request_error");
    json_end(&w, '}');
    json_end(&w, '}');
    buf_add_byte(&body, '\n');
    return reply_page(status, "application/json", body);
}

static struct call *ok_page(void)
{
    struct buf body = buf_make(64);

    buf_add_string(&body, "{\"ok\":true}\n");
    return reply_page(200, "application/json", body);
}

static int64_t query_int(const struct http_request *request, const char *name, int64_t otherwise)
{
    int64_t value;

    return span_int64(http_query(request, name), &value) == 0 && value >= 0 ? value : otherwise;
}

/* GET and DELETE /truth. The next `since` stands in a header, for paging. */
static struct call *truth_page(struct provider *provider, const struct http_request *request)
{
    struct reply reply = {
        .status = 200, .content_type = "application/x-ndjson", .spec = fault_spec_make()};
    int64_t next;

    if (span_is(request->method, "DELETE")) {
        truth_clear(provider->truth);
        return ok_page();
    }
    reply.body = buf_make(PAGE_BYTES_MAX);
    next = truth_write(provider->truth, query_int(request, "since", 0),
                       query_int(request, "limit", TRUTH_LIMIT_DEFAULT),
                       http_query(request, "request_id"), &reply.body);
    snprintf(reply.extra_text, sizeof(reply.extra_text),
             "x-truth-next: %lld\r\nx-truth-last: %lld\r\n", (long long)next,
             (long long)truth_last(provider->truth));
    return reply_whole(&reply);
}

/* GET, POST and DELETE /control. */
static struct call *control_page(struct provider *provider, const struct http_request *request)
{
    struct buf body;
    const char *wrong;

    if (span_is(request->method, "DELETE")) {
        fault_rules_clear(&provider->rules);
        return ok_page();
    }
    if (span_is(request->method, "POST")) {
        if (json_parse(&provider->doc, request->body, &json_limits_body) != JSON_OK ||
            json_kind(&provider->doc, 0) != JSON_OBJECT)
            return error_page(400, "the body is a JSON object");
        wrong = fault_rules_add(&provider->rules, &provider->doc);
        return wrong == NULL ? ok_page() : error_page(400, wrong);
    }
    body = buf_make((size_t)2 << 20);
    fault_rules_write(&provider->rules, &body);
    return reply_page(200, "application/json", body);
}

static struct call *faults_page(struct provider *provider, const struct http_request *request)
{
    struct buf body = buf_make(65536);

    (void)provider;
    (void)request;
    fault_table_write(&body);
    return reply_page(200, "application/json", body);
}

static struct call *health_page(struct provider *provider, const struct http_request *request)
{
    (void)provider;
    (void)request;
    return ok_page();
}

static struct call *models_page(struct provider *provider, const struct http_request *request)
{
    (void)request;
    return openai_models(provider);
}

/* What stands before "/v1" or before the route, without slashes around it. */
static struct span site_of(struct span path, const char *route)
{
    struct span site = span_part(path, 1, path.size - strlen(route) - 1);

    if (path.size <= strlen(route))
        return span_make(NULL, 0);
    if (span_is(site, "v1"))
        return span_make(NULL, 0);
    if (span_ends(site, "/v1"))
        site.size -= 3;
    return site;
}

static void copy_text(struct span text, char *at, size_t capacity)
{
    size_t size = answer_cut(text, capacity - 1);

    if (size > 0)
        memcpy(at, text.at, size);
    at[size] = '\0';
}

static struct span bearer(const struct http_request *request)
{
    struct span value = http_header(request, "authorization");

    return span_starts(value, "Bearer ") ? span_part(value, 7, value.size) : value;
}

static void note_arrival(struct provider *provider, struct arrival *arrival, struct span site)
{
    const struct http_request *request = arrival->request;
    struct truth_entry *entry = &arrival->record.entry;
    int64_t attempt = 0;

    arrival->unix_ms = clock_wall_ms();
    arrival->id = answer_mix(provider->run, ++provider->calls);
    arrival->record.truth = provider->truth;
    arrival->record.start_us = clock_mono_us();
    entry->unix_ms = arrival->unix_ms;
    entry->id = arrival->id;
    copy_text(http_header(request, "x-tollgate-request-id"), entry->request_id,
              sizeof(entry->request_id));
    if (span_int64(http_header(request, "x-tollgate-attempt"), &attempt) == 0 && attempt > 0)
        entry->attempt = (uint8_t)(attempt > UINT8_MAX ? UINT8_MAX : attempt);
    copy_text(arrival->model, entry->model, sizeof(entry->model));
    copy_text(site, entry->site, sizeof(entry->site));
}

static void decide_spec(struct provider *provider, struct arrival *arrival, struct span site)
{
    struct fault_spec *spec = &arrival->spec;

    *spec = fault_spec_make();
    fault_spec_apply_name(spec, arrival->model);
    fault_spec_apply_name(spec, site);
    ask_spec(&provider->doc, provider->arena, spec);
    (void)fault_spec_apply(spec, http_header(arrival->request, "x-fake-fault"));
    fault_rules_apply(&provider->rules, spec, arrival->model, site, bearer(arrival->request));
    arrival->record.entry.fault = (uint8_t)(spec->fault - fault_at(0));
}

/* The answer that a fault is, with the error's body where it has one. */
static struct call *answer_fault(const struct arrival *arrival)
{
    const struct fault_spec *spec = &arrival->spec;
    struct reply reply = {.status = spec->fault->status,
                          .content_type = "application/json",
                          .body = buf_make(4096),
                          .record = arrival->record,
                          .spec = *spec};
    int64_t retry_after_s = spec->retry_after_s;

    if (retry_after_s < 0 && (spec->fault->status == 429 || spec->fault->status == 503))
        retry_after_s = 1;
    if (retry_after_s >= 0)
        snprintf(reply.extra_text, sizeof(reply.extra_text),
                 "retry-after: %lld\r\nx-request-id: req_%016llx\r\n", (long long)retry_after_s,
                 (unsigned long long)arrival->id);
    openai_write_fault(spec->fault, &reply.body);
    record_bills_nothing(&reply.record);
    return reply_whole(&reply);
}

static struct call *model_call(struct provider *provider, const struct http_request *request,
                               const char *route, enum truth_endpoint endpoint)
{
    struct arrival arrival = {.request = request};
    enum json_error error = json_parse(&provider->doc, request->body, &json_limits_body);
    struct span site = site_of(request->path, route);

    arrival.record.entry.endpoint = (uint8_t)endpoint;
    if (error != JSON_OK || ask_model(&provider->doc, provider->arena, &arrival.model) != 0 ||
        arrival.model.size == 0 || arrival.model.size > MODEL_BYTES_MAX) {
        arrival.model = span_make(NULL, 0);
        note_arrival(provider, &arrival, site);
        return openai_error(&arrival, 400,
                            error == JSON_OK ? "you must provide a model parameter"
                                             : "we could not parse the JSON body of your request",
                            error == JSON_OK ? "model" : NULL);
    }
    note_arrival(provider, &arrival, site);
    decide_spec(provider, &arrival, site);
    if (reply_is_instead(arrival.spec.fault->kind) &&
        arrival.spec.fault->kind != FAULT_STALL_BEFORE_HEAD)
        return answer_fault(&arrival);
    if (arrival.spec.fault->kind == FAULT_STALL_BEFORE_HEAD)
        arrival.spec.first_ms = arrival.spec.wait_ms < 0 ? TEN_YEARS_MS : arrival.spec.wait_ms;
    if (endpoint == TRUTH_EMBEDDINGS)
        return openai_embeddings(provider, &arrival);
    return openai_chat(provider, &arrival);
}

static struct call *chat(struct provider *provider, const struct http_request *request)
{
    return model_call(provider, request, "/chat/completions", TRUTH_CHAT);
}

static struct call *embeddings(struct provider *provider, const struct http_request *request)
{
    return model_call(provider, request, "/embeddings", TRUTH_EMBEDDINGS);
}

/* A route is the end of a path, since base URLs differ; ours are the whole path. */
static const struct {
    const char *methods, *path;
    bool whole;
    struct call *(*make)(struct provider *provider, const struct http_request *request);
} routes[] = {
    {"POST", "/chat/completions", false, chat},
    {"POST", "/embeddings", false, embeddings},
    {"GET", "/models", false, models_page},
    {"GET DELETE", "/truth", true, truth_page},
    {"GET POST DELETE", "/control", true, control_page},
    {"GET", "/faults", true, faults_page},
    {"GET", "/healthz", true, health_page},
};

struct call *provider_on_request(void *app, const struct http_request *request)
{
    struct provider *provider = app;
    bool found = false;

    arena_reset(provider->arena);
    for (size_t i = 0; i < array_size(routes); i++) {
        if (routes[i].whole ? !span_is(request->path, routes[i].path)
                            : !span_ends(request->path, routes[i].path))
            continue;
        found = true;
        if (memmem(routes[i].methods, strlen(routes[i].methods), request->method.at,
                   request->method.size) != NULL)
            return routes[i].make(provider, request);
    }
    return found ? error_page(405, "this path knows other methods")
                 : error_page(404, "no such path; see the README of the fake provider");
}
