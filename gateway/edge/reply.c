/*
 * reply: see reply.h.
 */
#include "gateway/edge/reply.h"

#include <stdio.h>

#include "common/base/json_writer.h"
#include "common/base/mem.h"
#include "gateway/edge/refusals.h"

enum { HEADERS_MAX = 20 + REPLY_FURTHER_MAX, SCRATCH = 512, BODY_MAX = 64 << 10, ECHO_MAX = 256 };

/* The headers of one answer, and the numbers in them as text. */
struct headers {
    struct httpd_header at[HEADERS_MAX];
    size_t count;
    char scratch[SCRATCH];
    size_t used;
};

static void add(struct headers *headers, const char *name, struct span value)
{
    must(headers->count < HEADERS_MAX);
    headers->at[headers->count++] = (struct httpd_header){span_of(name), value};
}

static void add_text(struct headers *headers, const char *name, const char *text)
{
    size_t size = strlen(text);
    char *at = headers->scratch + headers->used;

    must(headers->used + size < SCRATCH);
    memcpy(at, text, size);
    headers->used += size;
    add(headers, name, span_make(at, size));
}

static void add_number(struct headers *headers, const char *name, int64_t value)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%lld", (long long)value);
    add_text(headers, name, text);
}

/* As OpenAI writes durations: 120ms, 1.5s, 6m0s. */
static void add_duration(struct headers *headers, const char *name, int64_t ms)
{
    char text[40];

    if (ms < 1000)
        (void)snprintf(text, sizeof(text), "%lldms", (long long)(ms < 0 ? 0 : ms));
    else if (ms < 60000)
        (void)snprintf(text, sizeof(text),
                       "%g"
                       "s",
                       (double)ms / 1000);
    else
        (void)snprintf(text, sizeof(text), "%lldm%llds", (long long)(ms / 60000),
                       (long long)(ms / 1000 % 60));
    add_text(headers, name, text);
}

static void add_limits(struct headers *headers, const struct reply_limits *limits)
{
    if (limits->limit_requests > 0) {
        add_number(headers, "x-ratelimit-limit-requests", limits->limit_requests);
        add_number(headers, "x-ratelimit-remaining-requests", limits->remaining_requests);
        add_duration(headers, "x-ratelimit-reset-requests", limits->reset_requests_ms);
    }
    if (limits->limit_tokens > 0) {
        add_number(headers, "x-ratelimit-limit-tokens", limits->limit_tokens);
        add_number(headers, "x-ratelimit-remaining-tokens", limits->remaining_tokens);
        add_duration(headers, "x-ratelimit-reset-tokens", limits->reset_tokens_ms);
    }
}

static void add_head(struct headers *headers, const struct reply_head *head,
                     struct span content_type)
{
    struct span echoed = head->client_request_id;
    char id[ID_TEXT_SIZE];

    if (content_type.size > 0)
        add(headers, "content-type", content_type);
    if (!uuid_is_zero(head->id)) {
        (void)id_format(ID_GENERATION, head->id, id);
        add_text(headers, "x-request-id", id);
        add(headers, "x-generation-id", headers->at[headers->count - 1].value);
    }
    if (echoed.size > 0 && echoed.size <= ECHO_MAX &&
        httpd_header_ok(span_of("x-client-request-id"), echoed))
        add(headers, "x-client-request-id", echoed);
    if (head->model.size > 0)
        add(headers, "x-tollgate-model", head->model);
    if (head->provider.size > 0)
        add(headers, "x-tollgate-provider", head->provider);
    if (head->attempts >= 0)
        add_number(headers, "x-tollgate-attempts", head->attempts);
    if (head->overhead_us >= 0)
        add_number(headers, "x-tollgate-overhead-us", head->overhead_us);
    if (head->limits != NULL)
        add_limits(headers, head->limits);
    must(head->further_count <= REPLY_FURTHER_MAX);
    for (size_t i = 0; i < head->further_count; i++)
        headers->at[headers->count++] = head->further[i];
}

void reply_start(struct httpd_request *request, int status, const struct reply_head *head,
                 struct span content_type, size_t body_size)
{
    struct headers headers;

    headers.count = headers.used = 0;
    add_head(&headers, head, content_type);
    httpd_start(request, status, headers.at, headers.count, body_size);
}

void reply_answer(struct httpd_request *request, int status, const struct reply_head *head,
                  struct span content_type, struct span body)
{
    struct headers headers;

    headers.count = headers.used = 0;
    add_head(&headers, head, content_type);
    httpd_answer(request, status, headers.at, headers.count, body);
}

/* ---- envelopes ---- */

static void put_message(struct json_writer *w, enum refusal refusal, const struct refusal_say *say)
{
    struct span message = span_of(refusals[refusal].message);

    if (say != NULL && say->message.size > 0)
        message = say->message;
    json_put_string(w, "message", message);
}

static void put_metadata(struct json_writer *w, const char *name, const struct refusal_say *say)
{
    if (say == NULL || say->metadata.size == 0)
        return;
    json_name(w, name);
    json_write_raw(w, say->metadata);
}

static void put_openai(struct json_writer *w, enum refusal refusal, const struct refusal_say *say)
{
    json_begin(w, '{');
    json_name(w, "error");
    json_begin(w, '{');
    put_message(w, refusal, say);
    json_put_cstring(w, "type", refusals[refusal].openai_type);
    json_name(w, "param");
    if (say != NULL && say->param != NULL)
        json_write_string(w, span_of(say->param));
    else
        json_write_null(w);
    json_name(w, "code");
    if (refusals[refusal].openai_code != NULL)
        json_write_string(w, span_of(refusals[refusal].openai_code));
    else
        json_write_null(w);
    put_metadata(w, "metadata", say);
    json_end(w, '}');
    json_end(w, '}');
}

static void put_anthropic(struct json_writer *w, enum refusal refusal,
                          const struct refusal_say *say, struct uuid id)
{
    char text[ID_TEXT_SIZE];

    json_begin(w, '{');
    json_put_cstring(w, "type", "error");
    json_name(w, "error");
    json_begin(w, '{');
    json_put_cstring(w, "type", refusals[refusal].anthropic_type);
    put_message(w, refusal, say);
    json_end(w, '}');
    if (!uuid_is_zero(id))
        json_put_string(w, "request_id", span_make(text, id_format(ID_GENERATION, id, text)));
    json_end(w, '}');
}

static void put_gemini(struct json_writer *w, enum refusal refusal, const struct refusal_say *say)
{
    json_begin(w, '{');
    json_name(w, "error");
    json_begin(w, '{');
    json_put_int64(w, "code", refusals[refusal].status);
    put_message(w, refusal, say);
    json_put_cstring(w, "status", refusals[refusal].gemini_status);
    if (say != NULL && say->metadata.size > 0) {
        json_name(w, "details");
        json_begin(w, '[');
        json_write_raw(w, say->metadata);
        json_end(w, ']');
    }
    json_end(w, '}');
    json_end(w, '}');
}

/* The words of the control plane itself (tenants/api/problem.h). */
static const char *problem_word(int status)
{
    static const struct {
        int status;
        const char *word;
    } words[] = {
        {400, "bad_request"}, {404, "not_found"},         {405, "method"},   {408, "timeout"},
        {413, "too_large"},   {431, "headers_too_large"}, {500, "internal"}, {503, "unavailable"},
    };

    for (size_t i = 0; i < array_size(words); i++) {
        if (words[i].status == status)
            return words[i].word;
    }
    return "refused";
}

static void put_problem(struct json_writer *w, enum refusal refusal, const struct refusal_say *say,
                        struct uuid id)
{
    char type[64], text[ID_TEXT_SIZE];
    int status = refusals[refusal].status;
    struct span detail = span_of(refusals[refusal].message);

    (void)snprintf(type, sizeof(type), "urn:tollgate:problem:%s", problem_word(status));
    (void)id_format(ID_GENERATION, id, text);
    if (say != NULL && say->message.size > 0)
        detail = say->message;
    json_begin(w, '{');
    json_put_cstring(w, "type", type);
    json_put_cstring(w, "title", refusals[refusal].message);
    json_put_int64(w, "status", status);
    json_put_string(w, "detail", detail);
    json_put_cstring(w, "instance", text);
    json_put_cstring(w, "request_id", text);
    json_end(w, '}');
}

void reply_error_body(struct buf *out, enum reply_dialect dialect, enum refusal refusal,
                      const struct refusal_say *say, struct uuid id)
{
    struct json_writer w = json_writer_make(out);

    if (dialect == REPLY_ANTHROPIC)
        put_anthropic(&w, refusal, say, id);
    else if (dialect == REPLY_GEMINI)
        put_gemini(&w, refusal, say);
    else if (dialect == REPLY_PROBLEM)
        put_problem(&w, refusal, say, id);
    else
        put_openai(&w, refusal, say);
}

void reply_refuse(struct httpd_request *request, enum reply_dialect dialect,
                  const struct reply_head *head, enum refusal refusal,
                  const struct refusal_say *say)
{
    struct buf body cleanup(buf_done) = buf_make(BODY_MAX);
    struct headers headers;

    reply_error_body(&body, dialect, refusal, say, head->id);
    headers.count = headers.used = 0;
    add_head(&headers, head,
             span_of(dialect == REPLY_PROBLEM ? "application/problem+json" : "application/json"));
    add(&headers, "x-tollgate-error", span_of(refusal_word(refusal)));
    if (say != NULL && say->retry_after_ms > 0)
        add_number(&headers, "retry-after", (say->retry_after_ms + 999) / 1000);
    httpd_answer(request, refusal_status(refusal), headers.at, headers.count, buf_span(&body));
}
