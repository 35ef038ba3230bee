/*
 * prober: see the header.
 */
#include "gateway/probe/prober.h"

#include "billing/rate/rate.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/base/mem.h"
#include "gateway/dialect/compatible.h"
#include "gateway/dialect/languages.h"
#include "gateway/probe/probe.h"
#include "gateway/route/board_live.h"
#include "gateway/route/rotation.h"
#include "gateway/route/verdict.h"

enum {
    BODY_BYTES_MAX = 64 << 10, /* of a question, and of what is read of an answer */
    ARENA_CHUNK = 4 << 10,
    ARENA_MAX = 1 << 20,
    PATH_MAX_BYTES = 1024,
    /* OpenAI's Responses refuse less (https://platform.openai.com/docs/api-reference/responses). */
    RESPONSES_TOKENS_MIN = 16,
    /* What a probe is taken for whose usage nobody told. */
    GUESSED_INPUT = 32,
};
#define DAY_MS INT64_C(86400000)

/* What is known of a deployment that has an interval. */
struct known {
    struct uuid id;
    int64_t interval_ms; /* as when due_ms was set */
    int64_t due_ms;
    int64_t day, spent_pico; /* of that day */
    bool under_way, capped;  /* capped: it was told so today */
};

struct probing {
    struct prober *prober; /* NULL: this place is free */
    struct known *known;
    struct snapshot *snapshot; /* a reference */
    const struct snapshot_deployment *deployment;
    const struct snapshot_credential *credential;
    const struct upstream_language *language;
    struct upstream_call *call; /* NULL: gone */
    struct arena *arena;
    struct pieces said;
    int64_t output_cap;
    int64_t begun_ms;
    struct upstream_head head; /* status, retry_after_ms */
    struct buf body;
    bool ended;
    enum upstream_end end;
};

struct prober {
    struct prober_config config;
    struct map *known;
    struct probing probing[PROBER_AT_ONCE_MAX];
    uint64_t random;
    struct json_doc doc; /* scratch */
    bool full_told;
};

struct prober *prober_new(const struct prober_config *config)
{
    struct prober *prober = mem_new(sizeof(*prober));

    prober->config = *config;
    prober->random = config->seed;
    prober->known = map_new(64);
    prober->doc = json_doc_make();
    return prober;
}

/* splitmix64 */
static uint64_t draw(struct prober *prober)
{
    uint64_t x = prober->random += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* ---- what the upstream tells ---- */

static void on_head(void *context, const struct upstream_head *head)
{
    struct probing *probing = context;

    probing->head =
        (struct upstream_head){.status = head->status, .retry_after_ms = head->retry_after_ms};
}

static void on_bytes(void *context, struct span bytes)
{
    struct probing *probing = context;

    /* What does not fit is cut, and reads as nonsense. */
    (void)!buf_add_span(&probing->body, bytes);
}

static void on_end(void *context, enum upstream_end end)
{
    struct probing *probing = context;

    probing->call = NULL;
    probing->ended = true;
    probing->end = end;
}

static const struct upstream_events events = {
    .on_head = on_head, .on_bytes = on_bytes, .on_end = on_end};

/* ---- one probe ---- */

static struct language_target target_of(const struct probing *probing)
{
    const struct snapshot_deployment *deployment = probing->deployment;
    const struct snapshot_credential *credential = probing->credential;
    const struct compatible_facts facts = {.model = credential == NULL ? deployment->upstream_id
                                                                       : credential->upstream_id,
                                           .reasoning = deployment->reasoning,
                                           .no_temperature = deployment->no_temperature};
    struct language_target target = {.output_cap = probing->output_cap,
                                     .output_limit = deployment->output_limit};

    compatible_target(deployment->provider, deployment->dialect, &facts, &target);
    return target;
}

static enum ask_written write_ask(struct probing *probing, const struct language_target *target)
{
    struct chat_part part = {.kind = PART_TEXT, .text = span_of("Hi")};
    struct chat_message message = {.role = CHAT_USER, .first = 0, .count = 1};
    const struct chat chat = {.messages = &message,
                              .parts = &part,
                              .message_count = 1,
                              .part_count = 1,
                              .wish = {.max_tokens = probing->output_cap,
                                       .choices = 1,
                                       .schema_strict = -1,
                                       .reasoning_budget = -1,
                                       .parallel_tools = -1}};
    struct ask_losses losses = {0};

    return probing->language->write_ask(&chat, target, &probing->said, &losses);
}

static bool send_probe(struct probing *probing)
{
    struct upstream *upstream = probing->prober->config.upstream;
    const struct language_target target = target_of(probing);
    struct upstream_request request = {.deployment = probing->deployment,
                                       .credential = probing->credential,
                                       .headers = probing->language->headers,
                                       .attempt = 1};
    struct buf path cleanup(buf_done) = buf_make(PATH_MAX_BYTES);

    if (write_ask(probing, &target) != ASK_WRITTEN)
        return false;
    request.pieces = pieces_spans(&probing->said, &request.piece_count, &request.body_bytes);
    probing->language->path(&target, false, &path);
    if (request.pieces == NULL || buf_failed(&path))
        return false;
    request.path = buf_span(&path);
    probing->call = upstream->ops->start(upstream, &request, &events, probing);
    return probing->call != NULL;
}

static void release(struct probing *probing)
{
    if (probing->call != NULL)
        probing->prober->config.upstream->ops->cancel(probing->call);
    probing->known->under_way = false;
    pieces_done(&probing->said);
    arena_free(probing->arena);
    buf_done(&probing->body);
    snapshot_unref(probing->snapshot);
    *probing = (struct probing){0};
}

/* ---- what came of it ---- */

/* What it cost: as the provider told its usage, else as if it had read and said what was asked. */
static int64_t cost_of(const struct probing *probing, const struct answer *answer, int64_t wall_ms)
{
    const struct price_version *price = snapshot_cost(probing->deployment, wall_ms);
    struct meters meters = {0};
    int64_t cost_pico = 0;

    if (answer->usage.state == ANSWER_USAGE_GOOD) {
        meters = answer->usage.meters;
    } else {
        meters_set(&meters, METER_INPUT, GUESSED_INPUT);
        meters_set(&meters, METER_OUTPUT, probing->output_cap);
    }
    return price != NULL && rate_base(&meters, MODE_STANDARD, price, &cost_pico) == RATE_OK
               ? cost_pico
               : 0;
}

static struct verdict_in fault(enum attempt_fault fault)
{
    return (struct verdict_in){.fault = fault, .code = ""};
}

/* FAULTS where it served. */
static struct verdict_in read_answer(struct probing *probing, struct answer *answer)
{
    const uint32_t bad = ANSWER_ERROR | ANSWER_MALFORMED;
    struct answer_reader reader = answer_reader_make(
        probing->language, &probing->prober->doc, answer, (struct answer_sink){0}, probing->arena);
    struct verdict_in in = fault(FAULTS);

    if (!probing->ended)
        return fault(FAULT_TOTAL);
    if (probing->end == UPSTREAM_STALE)
        return fault(FAULT_STALE);
    if (probing->head.status == 0)
        return fault(probing->end == UPSTREAM_BROKEN ? FAULT_RESET : FAULT_CONNECT);
    if (probing->head.status >= 200 && probing->head.status <= 299) {
        if (probing->end != UPSTREAM_WHOLE)
            return fault(FAULT_RESET);
        probing->language->read_whole(&reader, buf_span(&probing->body));
        return (answer->signs & bad) != 0 ? fault(FAULT_NONSENSE) : in;
    }
    (void)!probing->language->read_error(&reader, buf_span(&probing->body));
    in.fault = FAULT_STATUS;
    in.status = probing->head.status;
    in.code = answer->error_code;
    in.retry_after_ms = probing->head.retry_after_ms;
    return in;
}

static void log_out(const struct probing *probing, const struct verdict_in *in)
{
    char id[ID_TEXT_SIZE];

    id_format(ID_DEPLOYMENT, probing->deployment->id, id);
    log_event(LOG_ALARM, "deployment.out_of_service", LOG_S("deployment", id),
              LOG_SP("provider", probing->deployment->provider),
              LOG_SP("model", probing->deployment->model->id),
              LOG_SP("upstream_model", probing->deployment->upstream_id),
              LOG_N("status", in->status), LOG_S("code", in->code), LOG_S("found_by", "probe"));
}

/* As flow/health.c tells of a client's attempt. A question that is refused was answered well. */
static void tell_failed(const struct probing *probing, const struct verdict_in *in, int64_t now_ms)
{
    const struct verdict_out out = verdict_of(in);
    struct board *board = probing->prober->config.board;
    bool counts = out.verdict != VERDICT_PASS_ON && in->fault != FAULT_STALE;
    bool was_out = board_state_of(board, probing->deployment).out_until_ms > now_ms;
    struct board_end end = {.result = counts ? BOARD_FAILED : BOARD_NEITHER};

    if (out.blame == BLAME_DEPLOYMENT || probing->credential == NULL) {
        end.outage_ms = out.outage_ms;
        end.cooldown_ms = out.cooldown_ms;
    } else if (rotation_blame(board_rotation(board), probing->deployment, probing->credential, &out,
                              now_ms)) {
        end.result = BOARD_NEITHER; /* the next one is made with another credential */
    }
    board_end(board, probing->deployment, &end, now_ms);
    if (!was_out && board_state_of(board, probing->deployment).out_until_ms > now_ms)
        log_out(probing, in);
}

static void tell_served(const struct probing *probing, int64_t now_ms)
{
    struct board *board = probing->prober->config.board;
    /* One token says nothing of how long answers take. */
    const struct board_end end = {.result = BOARD_SERVED,
                                  .begun_ms = probing->begun_ms,
                                  .first_token_ms = -1,
                                  .total_ms = -1};

    board_end(board, probing->deployment, &end, now_ms);
    if (probing->credential != NULL)
        rotation_served(board_rotation(board), probing->deployment, probing->credential,
                        probing->begun_ms);
}

static void judge(struct probing *probing, const struct prober_now *now)
{
    struct answer answer = answer_make();
    const struct verdict_in in = read_answer(probing, &answer);
    bool served = in.fault == FAULTS, read = served || in.fault == FAULT_TOTAL ||
                                             in.fault == FAULT_NONSENSE || in.fault == FAULT_RESET;
    int64_t cost_pico = read ? cost_of(probing, &answer, now->wall_ms) : 0;

    probing->known->spent_pico += cost_pico;
    if (served)
        tell_served(probing, now->mono_ms);
    else
        tell_failed(probing, &in, now->mono_ms);
    board_probed(probing->prober->config.board, probing->deployment, served, cost_pico);
    release(probing);
}

/* ---- which are due ---- */

static struct known *known_of(struct prober *prober, const struct snapshot_deployment *deployment)
{
    struct known *known = map_get(prober->known, uuid_span(&deployment->id));

    if (known != NULL)
        return known;
    if (map_size(prober->known) == PROBER_KNOWN_MAX) {
        if (!prober->full_told)
            log_event(LOG_ALARM, "probe.full", LOG_N("deployments", PROBER_KNOWN_MAX));
        prober->full_told = true;
        return NULL;
    }
    known = mem_new(sizeof(*known));
    known->id = deployment->id;
    map_put(prober->known, uuid_span(&known->id), known);
    return known;
}

/* An interval that was changed begins anew, and so does the money of a day. */
static void bring_up(struct prober *prober, struct known *known, int64_t interval_ms,
                     const struct prober_now *now)
{
    int64_t day = now->wall_ms / DAY_MS;

    if (known->interval_ms != interval_ms) {
        known->interval_ms = interval_ms;
        known->due_ms = now->mono_ms + probe_first_ms(interval_ms, draw(prober));
    }
    if (known->day != day) {
        known->day = day;
        known->spent_pico = 0;
        known->capped = false;
    }
}

static void tell_capped(struct known *known, const struct snapshot_deployment *deployment)
{
    char id[ID_TEXT_SIZE];

    if (known->capped)
        return;
    known->capped = true;
    id_format(ID_DEPLOYMENT, deployment->id, id);
    log_event(LOG_WARN, "probe.capped", LOG_S("deployment", id),
              LOG_SP("provider", deployment->provider), LOG_N("spent_pico", known->spent_pico),
              LOG_N("cap_pico", deployment->probe_daily_cap_pico));
}

static struct probing *free_place(struct prober *prober)
{
    for (size_t i = 0; i < array_size(prober->probing); i++)
        if (prober->probing[i].prober == NULL)
            return &prober->probing[i];
    return NULL;
}

/* One that cannot even be said is no probe, and says nothing of the deployment. */
static void begin(struct prober *prober, struct probing *probing, struct known *known,
                  struct snapshot *snapshot, const struct snapshot_deployment *deployment,
                  const struct prober_now *now)
{
    const struct language_place place = {
        .wire = deployment->wire, .dialect = deployment->dialect, .model = deployment->upstream_id};

    known->due_ms = now->mono_ms + probe_wait_ms(known->interval_ms, draw(prober));
    known->under_way = true;
    *probing = (struct probing){
        .prober = prober,
        .known = known,
        .snapshot = snapshot_ref(snapshot),
        .deployment = deployment,
        .credential = rotation_next(board_rotation(prober->config.board), deployment, now->mono_ms),
        .language = upstream_language_for(FAMILY_OPENAI, &place),
        .arena = arena_new(ARENA_CHUNK, ARENA_MAX),
        .begun_ms = now->mono_ms,
        .body = buf_make(BODY_BYTES_MAX)};
    probing->output_cap = probing->language == &responses_upstream ? RESPONSES_TOKENS_MIN : 1;
    probing->said = pieces_make(probing->arena, BODY_BYTES_MAX);
    if (!send_probe(probing)) {
        board_end(prober->config.board, deployment, &(struct board_end){.result = BOARD_NEITHER},
                  now->mono_ms);
        release(probing);
    }
}

static void start(struct prober *prober, struct known *known, struct snapshot *snapshot,
                  const struct snapshot_deployment *deployment, const struct prober_now *now)
{
    struct probing *probing = free_place(prober);
    struct board *board = prober->config.board;

    if (probing == NULL)
        return; /* it is due at the next tick too */
    if (board_look_at(board, deployment, now->mono_ms).breaker == BREAKER_CLOSED ||
        board_probe(board, deployment, now->mono_ms))
        begin(prober, probing, known, snapshot, deployment, now);
}

static void consider(struct prober *prober, struct snapshot *snapshot,
                     const struct snapshot_deployment *deployment, const struct prober_now *now)
{
    struct board *board = prober->config.board;
    int64_t interval_ms = (int64_t)deployment->probe_interval_s * 1000;
    struct known *known = interval_ms > 0 ? known_of(prober, deployment) : NULL;
    struct board_look look;
    struct probe_facts facts;

    if (known == NULL || known->under_way)
        return;
    bring_up(prober, known, interval_ms, now);
    if (now->mono_ms < known->due_ms)
        return;
    look = board_look_at(board, deployment, now->mono_ms);
    facts = (struct probe_facts){.callable = deployment->callable &&
                                             span_is(deployment->model->kind, "chat") &&
                                             snapshot_cost(deployment, now->wall_ms) != NULL,
                                 .draining = deployment->draining,
                                 .out = look.state.out_until_ms > now->mono_ms,
                                 .breaker = look.breaker,
                                 .interval_ms = interval_ms,
                                 .due_ms = known->due_ms,
                                 .sent_ms = board_load_of(board, deployment, now->mono_ms).sent_ms,
                                 .spent_pico = known->spent_pico,
                                 .cap_pico = deployment->probe_daily_cap_pico,
                                 .now_ms = now->mono_ms};
    switch (probe_decide(&facts)) {
    case PROBE_OFF:
    case PROBE_EARLY:
        break;
    case PROBE_TRAFFIC:
        known->due_ms = now->mono_ms + probe_wait_ms(interval_ms, draw(prober));
        break;
    case PROBE_CAPPED:
        tell_capped(known, deployment);
        break;
    case PROBE_NOW:
        start(prober, known, snapshot, deployment, now);
        break;
    }
    board_capped(board, deployment, known->capped);
}

void prober_tick(struct prober *prober, struct snapshot *snapshot, const struct prober_now *now)
{
    for (size_t i = 0; i < array_size(prober->probing); i++) {
        struct probing *probing = &prober->probing[i];

        if (probing->prober != NULL &&
            (probing->ended || now->mono_ms - probing->begun_ms >= PROBER_TIMEOUT_MS))
            judge(probing, now);
    }
    for (uint32_t i = 0; snapshot != NULL && i < snapshot_deployment_count(snapshot); i++)
        consider(prober, snapshot, snapshot_deployment_at(snapshot, i), now);
}

void prober_free(struct prober *prober)
{
    struct span key;
    size_t cursor = 0;
    void *known;

    if (prober == NULL)
        return;
    for (size_t i = 0; i < array_size(prober->probing); i++)
        if (prober->probing[i].prober != NULL)
            release(&prober->probing[i]);
    while (map_next(prober->known, &cursor, &key, &known))
        mem_free(known);
    map_free(prober->known);
    json_doc_done(&prober->doc);
    mem_free(prober);
}
