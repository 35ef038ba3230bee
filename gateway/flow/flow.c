/*
 * flow: the step table and what moves it; see the header.
 */
#include "gateway/flow/flow.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "gateway/flow/health.h"
#include "gateway/flow/hedge.h"
#include "gateway/flow/legs.h"
#include "gateway/flow/parts.h"
#include "gateway/flow/resume.h"
#include "gateway/flow/stored.h"

enum { UNUSED_FLOWS_MAX = 256, ARENA_CHUNK_BYTES = 8 << 10, FRAME_CHUNK_BYTES = 64 << 10 };
#define SCRATCH_MAX_BYTES ((size_t)4 << 20)
/* What a reader takes apart one frame or whole body with. */
#define FRAME_MAX_BYTES ((size_t)48 << 20)
/* Of an arena, for what is ours: prices, headers, refusals. What came from outside leaves it. */
#define KEPT_FOR_OURS_MAX_BYTES ((size_t)2 << 20)

static enum go nothing(struct flow *flow)
{
    (void)flow;
    return GO_NEXT;
}

static const struct {
    const char *name;
    enum go (*run)(struct flow *flow);
} steps[STEP_DONE] = {
    [STEP_AUTH] = {"auth", flow_auth},
    [STEP_ASK] = {"ask", flow_ask},
    [STEP_IDEMPOTENCY] = {"idempotency", nothing},
    [STEP_GUARD_IN] = {"guard_in", nothing},
    [STEP_CACHE] = {"cache", nothing},
    [STEP_ADMIT] = {"admit", flow_admit},
    [STEP_ROUTE] = {"route", flow_route},
    [STEP_SEND] = {"send", flow_send},
    [STEP_RELAY] = {"relay", flow_relay},
    [STEP_GUARD_OUT] = {"guard_out", nothing},
    [STEP_SETTLE] = {"settle", flow_settle},
};

struct flow_config flow_config_default(void)
{
    return (struct flow_config){.first_ping_ms = 10000,
                                .ping_ms = 10000,
                                .progress_ms = 2000,
                                .first_token_ms = 60000,
                                .idle_ms = 60000,
                                .total_ms = 600000,
                                .drain_ms = 60000,
                                .default_output_cap = 16384,
                                .max_flows = 20000,
                                .max_stream_bytes = (size_t)256 << 20,
                                .max_answer_bytes = (size_t)16 << 20,
                                .max_request_memory = (size_t)64 << 20};
}

static size_t kept_for_ours(size_t max_bytes)
{
    return max_bytes / 8 < KEPT_FOR_OURS_MAX_BYTES ? max_bytes / 8 : KEPT_FOR_OURS_MAX_BYTES;
}

/* A request may not leave so little that its provider's answer is taken for too large. */
void flow_keep_memory(struct flow *flow, bool for_answer)
{
    size_t max_bytes = flow->worker->config.max_request_memory;

    arena_keep(flow->arena, kept_for_ours(max_bytes) + (for_answer ? max_bytes / 2 : 0));
}

void flow_worker_init(struct flow_worker *worker)
{
    struct flow_pool *pool = mem_new(sizeof(*pool));

    list_init(&pool->live);
    list_init(&pool->unused);
    list_init(&pool->stored);
    pool->doc = json_doc_make();
    pool->scratch = buf_make(SCRATCH_MAX_BYTES);
    pool->frame = arena_new(FRAME_CHUNK_BYTES, FRAME_MAX_BYTES);
    arena_keep(pool->frame, kept_for_ours(FRAME_MAX_BYTES));
    worker->pool = pool;
}

static struct flow *flow_new(struct flow_worker *worker)
{
    struct flow *flow = mem_new(sizeof(*flow));

    flow->arena = arena_new(ARENA_CHUNK_BYTES, worker->config.max_request_memory);
    flow->ask_doc = json_doc_make();
    flow->attempt = attempt_new(&worker->config);
    flow->attempt->flow = flow;
    return flow;
}

static void flow_free(struct flow *flow)
{
    arena_free(flow->arena);
    json_doc_done(&flow->ask_doc);
    attempt_free(flow->attempt);
    mem_free(flow);
}

/* A flow for the next request: all but its memory is as new. */
static void wipe(struct flow *flow)
{
    struct flow_worker *worker = flow->worker;
    struct arena *arena = flow->arena;
    struct attempt *attempt = flow->attempt;
    struct json_doc ask_doc = flow->ask_doc;

    /* In its place: it is large, and no copy of it is wanted. */
    memset(flow, 0, sizeof(*flow));
    flow->worker = worker;
    flow->arena = arena;
    flow->attempt = attempt;
    flow->ask_doc = ask_doc;
    arena_reset(flow->arena);
    attempt_clear(flow->attempt);
    list_init(&flow->link);
}

static bool keeps_little(const struct flow *flow)
{
    return attempt_keeps_little(flow->attempt) &&
           flow->ask_doc.capacity * sizeof(struct json_node) <= ATTEMPT_KEPT_BYTES;
}

static void flow_end(struct flow *flow)
{
    struct flow_pool *pool = flow->worker->pool;

    if (flow->other != NULL)
        flow_drop(flow);
    flow_cancel(flow);
    flow_tell_gone(flow);
    resume_done(flow);
    legs_done(flow);
    httpd_timer_cancel(flow->worker->httpd, &flow->timer);
    snapshot_unref(flow->snapshot);
    list_remove(&flow->link);
    pool->live_count--;
    if (pool->unused_count == UNUSED_FLOWS_MAX || !keeps_little(flow)) {
        flow_free(flow);
        return;
    }
    wipe(flow);
    list_push_back(&pool->unused, &flow->link);
    pool->unused_count++;
}

static struct flow *flow_take(struct flow_worker *worker)
{
    struct flow_pool *pool = worker->pool;
    struct flow *flow;

    if (list_empty(&pool->unused)) {
        flow = flow_new(worker);
    } else {
        flow = list_item(pool->unused.next, struct flow, link);
        list_remove(&flow->link);
        pool->unused_count--;
    }
    flow->worker = worker;
    flow_keep_memory(flow, true);
    list_push_back(&pool->live, &flow->link);
    pool->live_count++;
    return flow;
}

void flow_worker_done(struct flow_worker *worker)
{
    struct flow_pool *pool = worker->pool;

    while (!list_empty(&pool->live)) {
        struct flow *flow = list_item(pool->live.next, struct flow, link);
        if (flow->lease_waiting)
            admit_forget(worker->admit, &flow->waiter);
        if (flow->journalling == JOURNAL_WRITING)
            journal_forget(worker->journal, &flow->ticket);
        flow_end(flow);
    }
    while (!list_empty(&pool->unused)) {
        struct flow *flow = list_item(pool->unused.next, struct flow, link);
        list_remove(&flow->link);
        flow_free(flow);
    }
    stored_abort_all(worker);
    json_doc_done(&pool->doc);
    buf_done(&pool->scratch);
    arena_free(pool->frame);
    mem_free(pool);
    worker->pool = NULL;
    if (worker->snapshot != NULL)
        snapshot_unref(worker->snapshot);
    worker->snapshot = NULL;
}

void flow_set_snapshot(struct flow_worker *worker, struct snapshot *snapshot)
{
    if (worker->snapshot != NULL)
        snapshot_unref(worker->snapshot);
    worker->snapshot = snapshot;
}

uint32_t flow_open(const struct flow_worker *worker)
{
    return worker->pool->live_count;
}

void flow_gauges(const struct flow_worker *worker, int64_t *upstreams_out, int64_t *streams_out)
{
    *upstreams_out = *streams_out = 0;
    list_each(&worker->pool->live, link)
    {
        const struct flow *flow = list_item(link, struct flow, link);

        *upstreams_out += flow->attempt->call != NULL;
        *upstreams_out += flow->other != NULL && flow->other->call != NULL;
        *streams_out += flow->ask.stream && flow->head_sent && flow->request != NULL;
    }
}

int64_t flow_now_ms(const struct flow *flow)
{
    return httpd_now_ms(flow->worker->httpd);
}

void flow_refuse(struct flow *flow, enum refusal refusal, const struct refusal_say *say)
{
    flow->refused = true;
    flow->refusal = refusal;
    flow->say = say == NULL ? (struct refusal_say){0} : *say;
}

void flow_arm(struct flow *flow, int64_t due_mono_ms)
{
    /* A timer that goes off early finds nothing due and is set again: cheaper than moving it. */
    if (flow->timer.due_ms == 0 || due_mono_ms < flow->timer.due_ms)
        httpd_timer_set(flow->worker->httpd, &flow->timer, due_mono_ms);
}

static enum step step_after(enum step step, enum go go)
{
    switch (go) {
    case GO_NEXT:
        return step + 1;
    case GO_ROUTE:
        return STEP_ROUTE;
    case GO_SEND:
        return STEP_SEND;
    case GO_END:
    case GO_WAIT:
        break;
    }
    return STEP_SETTLE;
}

void flow_run(struct flow *flow)
{
    if (flow->running) {
        flow->again = true;
        return;
    }
    flow->running = true;
    do {
        flow->again = false;
        while (flow->step != STEP_DONE) {
            enum go go = steps[flow->step].run(flow);
            if (go == GO_WAIT)
                break;
            flow->step = step_after(flow->step, go);
        }
    } while (flow->again && flow->step != STEP_DONE);
    flow->running = false;
    if (flow->step == STEP_DONE)
        flow_end(flow);
}

static void on_gone(void *owner)
{
    struct flow *flow = owner;

    flow->request = NULL;
    flow->left = true;
    flow_run(flow);
}

static void on_room(void *owner)
{
    struct flow *flow = owner;

    if (!flow->attempt->paused || flow->attempt->call == NULL)
        return;
    flow->attempt->paused = false;
    flow->attempt->last_ms = flow_now_ms(flow);
    flow->worker->upstream->ops->resume(flow->attempt->call);
}

static void on_timer(void *context)
{
    flow_run(context);
}

/* Cuts the answer: the client sees that it is not whole. */
static void let_go(struct flow *flow)
{
    if (flow->request != NULL)
        httpd_end(flow->request, false);
    flow->request = NULL;
    flow->left = true;
}

void flow_abort_all(struct flow_worker *worker)
{
    stored_abort_all(worker);
    list_each_safe(&worker->pool->live, link, after)
    {
        struct flow *flow = list_item(link, struct flow, link);
        let_go(flow);
        flow_run(flow);
    }
}

/* Why no flow can begin now; NULL when it can. */
static const char *too_busy(const struct flow_worker *worker)
{
    if (worker->snapshot == NULL)
        return "The gateway has not read its settings yet.";
    if (worker->pool->live_count >= worker->config.max_flows)
        return "The gateway has as many requests as it can take.";
    return NULL;
}

void flow_start(struct flow_worker *worker, const struct call *call)
{
    const char *busy = too_busy(worker);
    struct flow *flow;

    if (busy != NULL) {
        const struct reply_head head = {.id = call->id,
                                        .client_request_id = call->client_request_id,
                                        .attempts = 0,
                                        .overhead_us = -1};
        const struct refusal_say say = {.message = span_of(busy), .retry_after_ms = 1000};
        reply_refuse(call->request, call->dialect, &head, REFUSE_OVERLOADED, &say);
        return;
    }
    flow = flow_take(worker);
    flow->call = *call;
    flow->call.client_request_id =
        arena_span(flow->arena, span_part(call->client_request_id, 0, EVENT_TEXT_MAX));
    flow->request = call->request;
    flow->client = &openai_client;
    flow->snapshot = snapshot_ref(worker->snapshot);
    flow->timer = (struct httpd_timer){.expired = on_timer, .context = flow};
    flow->output_cap = -1;
    flow->sent_ms = flow_now_ms(flow);
    httpd_attach(flow->request, flow, on_gone, on_room);
    flow_run(flow);
}
