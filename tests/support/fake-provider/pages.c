/*
 * pages: see the header.
 */
#include "pages.h"

#include <stdio.h>

#include "common/base/json_writer.h"
#include "routes.h"

#define PAGE_BYTES_MAX ((size_t)64 << 20)
#define TRUTH_LIMIT_DEFAULT 100000

struct call *error_page(int status, const char *message)
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
struct call *truth_page(struct provider *provider, const struct http_request *request)
{
    struct reply reply = {
        .status = 200, .content_type = "application/x-ndjson", .spec = fault_spec_make()};
    struct truth_query query = {.since = query_int(request, "since", 0),
                                .limit = query_int(request, "limit", TRUTH_LIMIT_DEFAULT),
                                .request_id = http_query(request, "request_id"),
                                .bodies = http_query(request, "body").size > 0};
    int64_t next;

    if (span_is(request->method, "DELETE")) {
        truth_clear(provider->truth);
        return ok_page();
    }
    reply.body = buf_make(PAGE_BYTES_MAX);
    next = truth_write(provider->truth, &query, &reply.body);
    snprintf(reply.extra_text, sizeof(reply.extra_text),
             "x-truth-next: %lld\r\nx-truth-last: %lld\r\n", (long long)next,
             (long long)truth_last(provider->truth));
    return reply_whole(&reply);
}

/* GET, POST and DELETE /control. */
struct call *control_page(struct provider *provider, const struct http_request *request)
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

struct call *faults_page(struct provider *provider, const struct http_request *request)
{
    struct buf body = buf_make(65536);

    (void)provider;
    (void)request;
    fault_table_write(&body);
    return reply_page(200, "application/json", body);
}

struct call *health_page(struct provider *provider, const struct http_request *request)
{
    (void)provider;
    (void)request;
    return ok_page();
}

static void put_model(struct json_writer *w, struct span name)
{
    json_begin(w, '{');
    json_put_string(w, "id", name);
    json_put_cstring(w, "object", "model");
    json_put_int64(w, "created", 1700000000);
    json_put_cstring(w, "owned_by", "tollgate-sandbox");
    json_end(w, '}');
}

struct call *models_page(struct provider *provider, const struct http_request *request)
{
    static const char *const models[] = {"fake-small", "fake-large", "fake-reasoning",
                                         "fake-embedding"};
    struct buf body = buf_make(4096);
    struct json_writer w = json_writer_make(&body);

    (void)provider;
    (void)request;
    json_begin(&w, '{');
    json_put_cstring(&w, "object", "list");
    json_name(&w, "data");
    json_begin(&w, '[');
    for (size_t i = 0; i < array_size(models); i++)
        put_model(&w, span_of(models[i]));
    json_end(&w, ']');
    json_end(&w, '}');
    return reply_page(200, "application/json", body);
}

struct call *model_page(struct provider *provider, const struct http_request *request)
{
    struct span name = route_model(request->path, provider->arena);
    struct buf body = buf_make(4096 + 6 * MODEL_BYTES_MAX);
    struct json_writer w = json_writer_make(&body);

    put_model(&w, span_part(name, 0, MODEL_BYTES_MAX));
    return reply_page(200, "application/json", body);
}
