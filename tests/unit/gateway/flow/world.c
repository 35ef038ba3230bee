/*
 * world: see the header.
 */
#include "tests/unit/gateway/flow/world.h"

#include <errno.h>

#include "common/base/json.h"
#include "common/base/mem.h"
#include "gateway/flow/stored.h"
#include "gateway/route/board_live.h"

struct world world;

static struct httpd_timer *timers[16];
static struct journal_ticket *tickets[16];
static uint32_t ticket_count;
static struct arena *arena;
static struct json_doc doc;

/* ---- httpd ---- */
int64_t httpd_now_ms(const struct httpd *httpd)
{
    (void)httpd;
    return world.now_ms;
}

void httpd_timer_set(struct httpd *httpd, struct httpd_timer *timer, int64_t due_mono_ms)
{
    (void)httpd;
    size_t slot = 0;

    while (timers[slot] != NULL && timers[slot] != timer)
        slot++;
    timers[slot] = timer;
    timer->due_ms = due_mono_ms;
}

void httpd_timer_cancel(struct httpd *httpd, struct httpd_timer *timer)
{
    (void)httpd;
    for (size_t i = 0; i < array_size(timers); i++)
        if (timers[i] == timer)
            timers[i] = NULL;
    timer->due_ms = 0;
}

struct span httpd_body(const struct httpd_request *request)
{
    return request->body;
}

struct span httpd_method(const struct httpd_request *request)
{
    return request->method;
}

struct span httpd_peer(const struct httpd_request *request)
{
    (void)request;
    return span_of("127.0.0.1");
}

struct span httpd_query(const struct httpd_request *request)
{
    return request->query;
}

struct span httpd_header(const struct httpd_request *request, const char *name)
{
    const char *const rows[][2] = {
        {"content-type", world.content_type},
        {"x-tollgate-hedge", world.hedged ? "1" : NULL},
        {"x-tollgate-continue-on-failure", world.not_continued ? "0" : NULL},
        {"x-tollgate-trace", world.traced ? "1" : NULL},
        {"x-title", "An app"},
        {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}};

    (void)request;
    for (size_t i = 0; i < array_size(rows); i++)
        if (strcmp(name, rows[i][0]) == 0 && rows[i][1] != NULL)
            return span_of(rows[i][1]);
    return (struct span){0};
}

const struct httpd_header *httpd_header_nth(const struct httpd_request *request, uint32_t n)
{
    (void)request;
    return n < array_size(world.headers) && world.headers[n].name.size > 0 ? &world.headers[n]
                                                                           : NULL;
}

void httpd_attach(struct httpd_request *request, void *owner, void (*on_gone)(void *owner),
                  void (*on_room)(void *owner))
{
    request->owner = owner;
    request->on_gone = on_gone;
    request->on_room = on_room;
}

bool httpd_header_ok(struct span name, struct span value)
{
    (void)name;
    (void)value;
    return true;
}

void httpd_start(struct httpd_request *request, int status, const struct httpd_header *headers,
                 size_t count, size_t body_size)
{
    must(request->status == 0 && !request->ended);
    request->status = status;
    for (size_t i = 0; i < count; i++)
        buf_printf(&request->head, "%.*s: %.*s\n", SPAN_ARG(headers[i].name),
                   SPAN_ARG(headers[i].value));
    if (body_size != SIZE_MAX)
        buf_printf(&request->head, "content-length: %zu\n", body_size);
}

bool httpd_send(struct httpd_request *request, struct span bytes)
{
    must(request->status != 0 && !request->ended);
    buf_add_span(&request->sent, bytes);
    return request->full;
}

void httpd_end(struct httpd_request *request, bool complete)
{
    must(!request->ended);
    request->ended = true;
    request->complete = complete;
}

void httpd_answer(struct httpd_request *request, int status, const struct httpd_header *headers,
                  size_t count, struct span body)
{
    httpd_start(request, status, headers, count, body.size);
    (void)!httpd_send(request, body);
    httpd_end(request, true);
}

/* ---- journal ---- */
struct uuid journal_id(const struct journal *journal)
{
    (void)journal;
    return (struct uuid){.at = {0x01, 0x9a, 0, 0, 0, 0, 0x70, 1, 0x80, 7}};
}

int journal_put(struct journal *journal, enum record_type type, struct uuid event,
                struct span payload, struct journal_ticket *ticket)
{
    (void)journal;
    (void)event;
    if (type == RECORD_INTENT && world.journal_error != 0)
        return world.journal_error;
    must(world.record_count < WORLD_RECORDS_MAX && ticket_count < array_size(tickets));
    world.records[world.record_count].type = type;
    world.records[world.record_count].payload = buf_make(EVENT_BYTES_MAX);
    buf_add_span(&world.records[world.record_count++].payload, payload);
    if (ticket != NULL)
        tickets[ticket_count++] = ticket;
    return 0;
}

void journal_forget(struct journal *journal, struct journal_ticket *ticket)
{
    (void)journal;
    for (uint32_t i = 0; i < ticket_count; i++)
        if (tickets[i] == ticket)
            tickets[i] = tickets[--ticket_count];
}

bool journal_healthy(const struct journal *journal)
{
    (void)journal;
    return !world.journal_sick;
}

/* ---- admit ---- */
enum auth_outcome admit_authenticate(const struct snapshot *snapshot,
                                     const struct auth_headers *headers, int64_t now_wall_ms,
                                     const struct snapshot_key **key_out)
{
    (void)snapshot;
    (void)now_wall_ms;
    (void)headers;
    *key_out = &world.key;
    return world.auth;
}

enum admit_outcome admit_reserve(struct admit *admit, const struct admit_demand *demand,
                                 int64_t now_mono_ms, struct admit_waiter *waiter,
                                 struct reservation *reservation, struct admit_refusal *refusal_out)
{
    enum admit_outcome outcome = world.admit;

    (void)admit;
    (void)now_mono_ms;
    if (outcome == ADMIT_WAIT)
        world.waiting = waiter;
    if ((outcome == ADMIT_NO_CREDIT || outcome == ADMIT_NO_BUDGET) &&
        demand->worst_case_pico <= world.affordable_pico)
        outcome = ADMIT_OK;
    *refusal_out =
        (struct admit_refusal){.limit_source = "balance", .affordable_pico = world.affordable_pico};
    if (outcome == ADMIT_OK) {
        world.reserved_pico = demand->worst_case_pico;
        reservation->count = 1;
        reservation->parts[0].pico = demand->worst_case_pico;
    }
    return outcome;
}

void admit_forget(struct admit *admit, struct admit_waiter *waiter)
{
    (void)admit;
    must(world.waiting == waiter);
    world.waiting = NULL;
    world.forgotten++;
}

uint32_t admit_leases(const struct reservation *reservation,
                      struct event_lease out[EVENT_LEASES_MAX])
{
    out[0] = (struct event_lease){.lease = {.at = {1, 0x9a, 0, 0, 0, 0, 0x70, 2, 0x80, 1}},
                                  .reserved_pico = reservation->parts[0].pico};
    return 1;
}

void admit_settle(struct admit *admit, struct reservation *reservation, int64_t charge_pico,
                  uint32_t events)
{
    (void)admit;
    must(reservation->count == 1);
    reservation->count = 0;
    world.settled++;
    world.settled_pico += charge_pico;
    world.settled_events += events;
}

enum admit_outcome admit_rate(struct admit *admit, const struct snapshot_key *key, int64_t tokens,
                              int64_t now_mono_ms, struct admit_rate *rate_out,
                              struct admit_refusal *refusal_out)
{
    (void)admit;
    (void)key;
    (void)tokens;
    (void)now_mono_ms;
    (void)rate_out;
    *refusal_out =
        (struct admit_refusal){.limit_source = "requests_per_minute", .retry_after_ms = 2000};
    return world.rate;
}

/* ---- world ---- */
static struct snapshot_deployment deployment(uint8_t n, const char *provider)
{
    static const struct snapshot_credential credentials[] = {
        {.fingerprint = 1, .upstream_id = {"up-m", 4}},
        {.fingerprint = 2, .upstream_id = {"up-m", 4}},
        {.fingerprint = 3, .upstream_id = {"up-big", 6}}};

    return (struct snapshot_deployment){.id = {.at = {1, 0x9a, 0, 0, 0, 0, 0x70, 5, 0x80, n}},
                                        .index = n,
                                        .model = &world_chat_model,
                                        .provider = span_of(provider),
                                        .upstream_id = span_of("up-m"),
                                        .failure_domain = span_of(provider),
                                        .dialect = span_of("openai-compatible"),
                                        .credentials = &credentials[n],
                                        .credential_count = 1,
                                        .callable = true,
                                        .context_limit = 100000,
                                        .output_limit = 1000};
}

void world_open(void)
{
    static const struct snapshot_tenant tenant = {
        .id = {.at = {1, 0x9a, 0, 0, 0, 0, 0x70, 6, 0x80, 1}}, .cell = {"cell", 4}};

    world = (struct world){.script = script_new(), .now_ms = 1000000};
    world.deployments[0] = deployment(0, "one");
    world.deployments[1] = deployment(1, "two");
    world.deployments[2] = deployment(2, "three");
    world.deployments[2].model = &world_big_model;
    world.deployments[2].upstream_id = span_of("up-big");
    world.deployments[1].priority = 1; /* the second, or chance would choose */
    world.key = (struct snapshot_key){.id = {.at = {1, 0x9a, 0, 0, 0, 0, 0x70, 7, 0x80, 1}},
                                      .project = {.at = {1, 0x9a, 0, 0, 0, 0, 0x70, 8, 0x80, 1}},
                                      .tenant = &tenant,
                                      .kind = KEY_LIVE};
    world.worker = (struct flow_worker){.config = flow_config_default(),
                                        .upstream = script_upstream(world.script),
                                        .board = board_new()};
    world.worker.config.gateway = (struct uuid){.at = {1, 0x9a, 0, 0, 0, 0, 0x70, 9, 0x80, 1}};
    flow_worker_init(&world.worker);
    flow_set_snapshot(&world.worker, (struct snapshot *)&world);
    world.request.head = buf_make(1 << 16);
    world.request.sent = buf_make((size_t)64 << 20);
    memset(timers, 0, sizeof(timers));
    ticket_count = 0;
    arena = arena_new(4096, 1 << 20);
    doc = json_doc_make();
}

void world_close(void)
{
    flow_worker_done(&world.worker);
    for (size_t i = 0; i < array_size(world.deployments); i++)
        assert_int("attempts under way, by the board",
                   board_load_of(world.worker.board, &world.deployments[i], world.now_ms).in_flight,
                   0);
    board_free(world.worker.board);
    world.worker.upstream->ops->free(world.worker.upstream);
    for (uint32_t i = 0; i < world.record_count; i++)
        buf_done(&world.records[i].payload);
    buf_done(&world.request.head);
    buf_done(&world.request.sent);
    arena_free(arena);
    json_doc_done(&doc);
}

static void ask_bytes(struct span body, enum endpoint endpoint, enum reply_dialect dialect)
{
    struct call call = {.request = &world.request,
                        .endpoint = endpoint,
                        .dialect = dialect,
                        .model = span_of(endpoint == ENDPOINT_GENERATE ? "a/m" : ""),
                        .stream = world.path_streams,
                        .id = {.at = {0x01, 0x9a, 0, 0, 0, 0, 0x70, 10, 0x80, 1}},
                        .arrived_us = 1};

    call.start_ms = uuid_unix_ms(call.id);
    buf_clear(&world.request.head);
    buf_clear(&world.request.sent);
    world.request = (struct httpd_request){.body = body,
                                           .query = span_of(world.query == NULL ? "" : world.query),
                                           .head = world.request.head,
                                           .sent = world.request.sent};
    flow_start(&world.worker, &call);
}

static void ask(const char *body, enum endpoint endpoint, enum reply_dialect dialect)
{
    ask_bytes(span_of(body), endpoint, dialect);
}

void world_serve(enum endpoint endpoint, struct span body)
{
    ask_bytes(body, endpoint, REPLY_OPENAI);
}

void world_ask(const char *body)
{
    ask(body, ENDPOINT_CHAT_COMPLETIONS, REPLY_OPENAI);
}

void world_dry_run(const char *body)
{
    ask(body, ENDPOINT_DRY_RUN, REPLY_OPENAI);
}

void world_responses(const char *body)
{
    ask(body, ENDPOINT_RESPONSES, REPLY_OPENAI);
}

void world_response(const char *method, enum endpoint endpoint, const char *id)
{
    const struct call call = {.request = &world.request,
                              .endpoint = endpoint,
                              .dialect = REPLY_OPENAI,
                              .response = span_of(id),
                              .id = {.at = {0x01, 0x9a, 0, 0, 0, 0, 0x70, 11, 0x80, 1}},
                              .arrived_us = 1};

    buf_clear(&world.request.head);
    buf_clear(&world.request.sent);
    world.request = (struct httpd_request){.query = span_of(world.query == NULL ? "" : world.query),
                                           .method = span_of(method),
                                           .head = world.request.head,
                                           .sent = world.request.sent};
    stored_start(&world.worker, &call);
}

void world_messages(const char *body)
{
    ask(body, ENDPOINT_MESSAGES, REPLY_ANTHROPIC);
}

void world_count_messages(const char *body)
{
    ask(body, ENDPOINT_COUNT_TOKENS, REPLY_ANTHROPIC);
}

void world_generate(const char *body)
{
    ask(body, ENDPOINT_GENERATE, REPLY_GEMINI);
}

void world_write(void)
{
    while (ticket_count > 0 && !world.journal_stalls) {
        struct journal_ticket *ticket = tickets[--ticket_count];
        ticket->on_written(ticket->context, world.journal_write_error);
    }
}

void world_wait(int64_t ms)
{
    int64_t until = world.now_ms + ms;

    while (world.now_ms < until) {
        struct httpd_timer *soonest = NULL;
        for (size_t i = 0; i < array_size(timers); i++)
            if (timers[i] != NULL && (soonest == NULL || timers[i]->due_ms < soonest->due_ms))
                soonest = timers[i];
        if (soonest == NULL || soonest->due_ms > until) {
            world.now_ms = until;
            break;
        }
        if (soonest->due_ms > world.now_ms)
            world.now_ms = soonest->due_ms;
        httpd_timer_cancel(NULL, soonest);
        soonest->expired(soonest->context);
        world_write();
    }
}

void world_leave(void)
{
    must(!world.request.ended);
    world.request.ended = true;
    world.request.on_gone(world.request.owner);
}

bool world_head_has(const char *line)
{
    char *wanted = mem_printf("%s\n", line);
    bool has = world.request.head.at != NULL && strstr(world.request.head.at, wanted) != NULL;

    mem_free(wanted);
    return has;
}

uint32_t world_count(enum record_type type)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < world.record_count; i++)
        count += world.records[i].type == type;
    return count;
}

const struct usage_event *world_event(void)
{
    struct buf why = buf_make(1024);

    assert_int_equal(world_count(RECORD_FINAL), 1);
    for (uint32_t i = 0; i < world.record_count; i++) {
        if (world.records[i].type != RECORD_FINAL)
            continue;
        if (event_decode(buf_span(&world.records[i].payload), &doc, arena, &world.event, &why) != 0)
            fail_msg("the event cannot be read: %s", why.at);
    }
    buf_done(&why);
    assert_int_equal(world.event.kind, EVENT_KIND_USAGE);
    return &world.event.usage;
}

int world_setup(void **state)
{
    (void)state;
    world_open();
    return 0;
}

int world_teardown(void **state)
{
    (void)state;
    assert_int_equal(flow_open(&world.worker), 0);
    world_close();
    return 0;
}

struct span world_sent(void)
{
    return buf_span(&world.request.sent);
}

bool world_sent_has(const char *text)
{
    return world.request.sent.at != NULL && strstr(world.request.sent.at, text) != NULL;
}
