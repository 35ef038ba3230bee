/*
 * script: see the header.
 */
#include "gateway/upstream/script.h"

#include "common/base/mem.h"

struct upstream_call {
    struct script *script;
    uint32_t n;
    const struct upstream_events *events;
    void *context;
};

struct script {
    struct upstream base;
    struct script_call calls[SCRIPT_CALLS_MAX];
    struct upstream_call inner[SCRIPT_CALLS_MAX];
    uint32_t count;
    bool refuse_next;
};

static void note_lines(struct buf *lines, const struct upstream_request *request)
{
    if (request->content_type.size > 0)
        buf_printf(lines, "content-type: %.*s\n", SPAN_ARG(request->content_type));
    if (request->accept.size > 0)
        buf_printf(lines, "accept: %.*s\n", SPAN_ARG(request->accept));
    for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++)
        buf_printf(lines, "%s\n", request->headers[i]);
    for (uint32_t i = 0; i < request->passed_count; i++)
        buf_printf(lines, "%.*s: %.*s\n", SPAN_ARG(request->passed[i].name),
                   SPAN_ARG(request->passed[i].value));
}

static struct upstream_call *start(struct upstream *base, const struct upstream_request *request,
                                   const struct upstream_events *events, void *context)
{
    struct script *script = container_of(base, struct script, base);
    uint32_t n = script->count;

    if (script->refuse_next) {
        script->refuse_next = false;
        return NULL;
    }
    must(n < SCRIPT_CALLS_MAX);
    script->count++;
    script->inner[n] = (struct upstream_call){script, n, events, context};
    script->calls[n] = (struct script_call){.call = &script->inner[n],
                                            .deployment = request->deployment,
                                            .credential = request->credential,
                                            .method = request->method,
                                            .path = span_dup(request->path),
                                            .lines = buf_make((size_t)64 << 10),
                                            .body = buf_make((size_t)64 << 20),
                                            .attempt = request->attempt};
    note_lines(&script->calls[n].lines, request);
    for (uint32_t i = 0; i < request->piece_count; i++)
        buf_add_span(&script->calls[n].body, request->pieces[i]);
    must(script->calls[n].body.size == request->body_bytes);
    return &script->inner[n];
}

static struct script_call *outer(struct upstream_call *call)
{
    return &call->script->calls[call->n];
}

static void pause_call(struct upstream_call *call)
{
    outer(call)->paused = true;
}

static void resume_call(struct upstream_call *call)
{
    outer(call)->paused = false;
    outer(call)->resumed++;
}

static void cancel_call(struct upstream_call *call)
{
    must(outer(call)->call != NULL);
    outer(call)->cancelled = true;
    outer(call)->call = NULL;
}

static void turn(struct upstream *base)
{
    (void)base;
}

static void free_script(struct upstream *base)
{
    struct script *script = container_of(base, struct script, base);

    for (uint32_t i = 0; i < script->count; i++) {
        mem_free(script->calls[i].path);
        buf_done(&script->calls[i].lines);
        buf_done(&script->calls[i].body);
    }
    mem_free(script);
}

struct script *script_new(void)
{
    static const struct upstream_ops ops = {.start = start,
                                            .pause = pause_call,
                                            .resume = resume_call,
                                            .cancel = cancel_call,
                                            .turn = turn,
                                            .free = free_script};
    struct script *script = mem_new(sizeof(*script));

    script->base.ops = &ops;
    return script;
}

struct upstream *script_upstream(struct script *script)
{
    return &script->base;
}

uint32_t script_count(const struct script *script)
{
    return script->count;
}

const struct script_call *script_at(const struct script *script, uint32_t n)
{
    must(n < script->count);
    return &script->calls[n];
}

void script_refuse_next(struct script *script)
{
    script->refuse_next = true;
}

static struct upstream_call *live(struct script *script, uint32_t n)
{
    must(n < script->count);
    return script->calls[n].call;
}

static void tell_head(struct script *script, uint32_t n, const struct upstream_head *head)
{
    struct upstream_call *call = live(script, n);

    if (call != NULL)
        call->events->on_head(call->context, head);
}

void script_head(struct script *script, uint32_t n, int status, const char *content_type)
{
    struct upstream_head head = {.status = status,
                                 .content_type = span_of(content_type),
                                 .request_id = span_of("req_of_provider"),
                                 .framed = true};

    tell_head(script, n, &head);
}

void script_head_unframed(struct script *script, uint32_t n, const char *content_type)
{
    struct upstream_head head = {.status = 200, .content_type = span_of(content_type)};

    tell_head(script, n, &head);
}

void script_head_retry(struct script *script, uint32_t n, int status, int64_t retry_after_ms)
{
    struct upstream_head head = {.status = status,
                                 .content_type = span_of("application/json"),
                                 .retry_after_ms = retry_after_ms};

    tell_head(script, n, &head);
}

void script_bytes(struct script *script, uint32_t n, const char *text)
{
    struct upstream_call *call = live(script, n);

    if (call != NULL)
        call->events->on_bytes(call->context, span_of(text));
}

void script_end(struct script *script, uint32_t n, enum upstream_end end)
{
    struct upstream_call *call = live(script, n);

    if (call == NULL)
        return;
    script->calls[n].ended = true;
    script->calls[n].call = NULL;
    call->events->on_end(call->context, end);
}

void script_answer(struct script *script, uint32_t n, int status, const char *content_type,
                   const char *text)
{
    script_head(script, n, status, content_type);
    script_bytes(script, n, text);
    script_end(script, n, UPSTREAM_WHOLE);
}
