/*
 * truth-request: what is noted of a request, so that a test can see what was asked of a provider.
 */
#include "common/base/json_writer.h"
#include "common/base/mem.h"
#include "http.h"
#include "truth.h"

#define MEMBERS_BYTES_MAX ((size_t)32 << 10)
#define VALUE_BYTES_MAX 160

/* Headers whose value is noted. */
static const char *const plain[] = {
    "accept",
    "anthropic-beta",
    "anthropic-version",
    "content-type",
    "openai-beta",
    "openai-organization",
    "openai-project",
    "user-agent",
    "x-amz-date",
    "x-amz-content-sha256",
    "x-client-name",
    "x-goog-api-client",
    "x-goog-user-project",
    "x-vertex-ai-llm-request-type",
    "http-referer",
    "x-title",
};
/* Headers that hold a secret: their scheme is noted, or that they are there. */
static const char *const secret[] = {"authorization", "api-key", "x-api-key", "x-goog-api-key",
                                     "x-amz-security-token"};

static void put_headers(struct json_writer *w, const struct http_request *request)
{
    json_name(w, "headers");
    json_begin(w, '{');
    for (size_t i = 0; i < array_size(plain); i++) {
        struct span value = http_header(request, plain[i]);

        if (value.at != NULL)
            json_put_string(w, plain[i], span_part(value, 0, VALUE_BYTES_MAX));
    }
    for (size_t i = 0; i < array_size(secret); i++) {
        struct span value = http_header(request, secret[i]), scheme = span_cut(&value, ' ');

        if (scheme.at != NULL)
            json_put_string(w, secret[i], value.at != NULL ? scheme : span_of("present"));
    }
    json_end(w, '}');
}

struct truth_request *truth_request_new(const struct http_request *http)
{
    struct truth_request *request = mem_new(sizeof(*request));
    struct buf members = buf_make(MEMBERS_BYTES_MAX);
    struct json_writer w = json_writer_make(&members);

    w.comma = true; /* others come before */
    json_put_string(&w, "path", span_part(http->path, 0, VALUE_BYTES_MAX));
    if (http->query.size > 0 && http_query(http, "key").size == 0)
        json_put_string(&w, "query", span_part(http->query, 0, VALUE_BYTES_MAX));
    put_headers(&w, http);
    must(!buf_failed(&members));
    request->members = buf_take(&members);
    request->whole_bytes = http->body.size;
    request->body_bytes =
        http->body.size < TRUTH_BODY_BYTES_MAX ? http->body.size : TRUTH_BODY_BYTES_MAX;
    request->body = span_dup(span_part(http->body, 0, request->body_bytes));
    return request;
}

void truth_request_free(struct truth_request *request)
{
    if (request == NULL)
        return;
    mem_free(request->members);
    mem_free(request->body);
    mem_free(request);
}
