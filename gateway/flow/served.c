/*
 * served: attempts of what is no chat: embeddings in other languages, moderations, reranking,
 * pictures, speech, transcriptions. What passes is read for its usage; what another language says
 * is turned around.
 */
#include "gateway/flow/served.h"
#include "common/base/mem.h"
#include "gateway/dialect/sse.h"
#include "gateway/flow/parts.h"

/* Several pictures are larger than any other answer. */
#define PICTURES_MAX_BYTES ((size_t)64 << 20)
#define TURNED_MAX_BYTES ((size_t)64 << 20)

/* ---- what is asked ---- */

bool served_can(const void *context, const struct snapshot_deployment *deployment)
{
    const struct flow *flow = context;
    enum ask_kind kind = flow->ask.kind;

    if (!deployment->sandbox && deployment->wire != WIRE_OPENAI)
        return service_language_find(kind, deployment->dialect, deployment->upstream_id) != NULL;
    if (kind != ASK_MODERATIONS)
        return true;
    /* A model that judges by what it writes is asked as a chat: its answers are paid for. */
    for (uint32_t i = 0; i < deployment->price_count; i++)
        if (rate_has_dimension(&deployment->prices[i], METER_OUTPUT))
            return false;
    return true;
}

const char *served_kind(enum ask_kind kind)
{
    static const char *const kinds[ASK_KINDS] = {
        [ASK_EMBEDDINGS] = "embedding",
        [ASK_MODERATIONS] = "moderation",
        [ASK_RERANK] = "rerank",
        [ASK_IMAGES] = "image",
        [ASK_IMAGE_EDITS] = "image",
        [ASK_SPEECH] = "speech",
        [ASK_TRANSCRIPTIONS] = "transcription",
        [ASK_TRANSLATIONS] = "transcription",
    };

    return kinds[kind];
}

static void feed(void *context, struct span inside)
{
    count_feed_json(context, inside);
}

void served_measure(struct flow *flow)
{
    struct metering *m = &flow->metering;
    struct count count = m->counter;

    service_measure(&flow->ask, flow->form, &flow->service);
    service_texts(&flow->ask, feed, &count);
    m->counted_input = count_tokens(&count);
    m->by_units = true;
    m->counted = flow->service.counted;
    m->bounds = flow->service.bounds;
}

/* ---- the body ---- */

void served_begin(struct flow *flow)
{
    struct attempt *attempt = flow->attempt;
    const struct snapshot_deployment *deployment = attempt->candidate->deployment;
    bool pictures = flow->ask.kind == ASK_IMAGES || flow->ask.kind == ASK_IMAGE_EDITS;

    attempt->body.max = flow->worker->config.max_answer_bytes;
    if (!ask_is_service(flow->ask.kind) && flow->ask.kind != ASK_EMBEDDINGS)
        return;
    if (pictures && attempt->body.max < PICTURES_MAX_BYTES)
        attempt->body.max = PICTURES_MAX_BYTES;
    if (!deployment->sandbox && deployment->wire != WIRE_OPENAI)
        attempt->service =
            service_language_find(flow->ask.kind, deployment->dialect, deployment->upstream_id);
    if (attempt->service != NULL || ask_is_service(flow->ask.kind))
        attempt->way = WAY_SERVICE;
}

/* In another language. False, and `unspeakable` says why. */
bool served_write(struct flow *flow, size_t own_max)
{
    struct attempt *attempt = flow->attempt;
    struct ask_losses losses = {0};

    pieces_done(&flow->attempt->said);
    flow->attempt->said = pieces_make(flow->arena, own_max);
    if (attempt->service->write(&flow->ask_doc, attempt->candidate->deployment->upstream_id,
                                &flow->attempt->said, &losses) == ASK_WRITTEN)
        attempt->pieces =
            pieces_spans(&flow->attempt->said, &attempt->piece_count, &attempt->body_bytes);
    attempt->lost = losses.lost;
    if (attempt->pieces == NULL)
        flow->unspeakable = losses.why != NULL ? losses.why : "a request of this size";
    return attempt->pieces != NULL;
}

void served_patch_form(struct flow *flow)
{
    struct attempt *attempt = flow->attempt;

    attempt->piece_count =
        form_patch(flow->form, &flow->ask, attempt->candidate->deployment->upstream_id, flow->arena,
                   &attempt->pieces, &attempt->body_bytes);
}

void served_path(const struct flow *flow, struct buf *out)
{
    const struct attempt *attempt = flow->attempt;

    if (attempt->service != NULL)
        attempt->service->path(attempt->candidate->deployment->upstream_id, out);
    else
        buf_add_string(out, service_path(flow->ask.kind));
}

/* ---- the answer ---- */

bool served_streams(const struct flow *flow)
{
    return flow->ask.stream && !flow->attempt->unstreamed;
}

static void on_text(void *context, struct span inside)
{
    struct flow *flow = context;

    count_feed_json(&metering_running(&flow->metering)->output, inside);
}

static void judge(struct flow *flow, uint32_t signs)
{
    if ((signs & ANSWER_ERROR) != 0)
        flow_fail(flow, FAULT_STREAM);
    else if ((signs & ANSWER_MALFORMED) != 0)
        flow_fail(flow, FAULT_NONSENSE);
}

void served_head(struct flow *flow, struct span content_type)
{
    struct attempt *attempt = flow->attempt;
    bool good = attempt->head.status >= 200 && attempt->head.status < 300;

    if (attempt->way != WAY_SERVICE || !good)
        return;
    attempt->content_type = arena_span(flow->arena, content_type);
    /* OpenAI itself passes over a wish for a stream where a model has none. */
    attempt->unstreamed = flow->ask.stream && !attempt->streamed && !flow->head_sent;
    attempt->raw = flow->ask.kind == ASK_SPEECH && !served_streams(flow) &&
                   service_takes_type(ASK_SPEECH, content_type);
    attempt->answer.normaliser =
        attempt->service != NULL ? attempt->service->normaliser : SERVICE_NORMALISER;
}

void served_raw(struct flow *flow, struct span bytes)
{
    struct attempt *attempt = flow->attempt;

    if (attempt->bytes > flow->worker->config.max_stream_bytes) {
        flow_fail(flow, FAULT_NONSENSE);
        return;
    }
    attempt->answer.signs |= ANSWER_CONTENT;
    if (!attempt->content)
        flow_note_content(flow);
    if (flow->request == NULL)
        return;
    if (!flow->head_sent)
        out_start(flow, attempt->content_type, SIZE_MAX);
    out_bytes(flow, bytes);
}

/* What another language says, as the client wants it: in place of the body. */
static void turn_around(struct flow *flow)
{
    struct attempt *attempt = flow->attempt;
    struct buf turned = buf_make(TURNED_MAX_BYTES);
    struct span model = flow->attempt->candidate->deployment->model->id;

    if (!attempt->service->read(&flow->worker->pool->doc, buf_span(&attempt->body), &flow->ask_doc,
                                model, &attempt->answer, &turned)) {
        judge(flow, attempt->answer.signs);
        flow_fail(flow, FAULT_NONSENSE);
        buf_done(&turned);
        return;
    }
    turned.max = attempt->body.max > turned.size ? attempt->body.max : turned.size;
    buf_done(&attempt->body);
    attempt->body = turned;
    attempt->content_type = span_of("application/json");
    attempt->answer.signs |= ANSWER_CONTENT;
    attempt->done = true;
}

/* JSON shows its own end; a sound or a plain text has none but that of its framing. */
void served_whole(struct flow *flow)
{
    struct attempt *attempt = flow->attempt;
    const struct answer_tap tap = {.on_text = on_text, .context = flow};
    const struct service_reader reader = {.kind = flow->ask.kind,
                                          .doc = &flow->worker->pool->doc,
                                          .tap = &tap,
                                          .answer = &attempt->answer};
    struct service_places places;

    if (!attempt->head.framed && service_takes_type(flow->ask.kind, attempt->content_type)) {
        flow_fail(flow, FAULT_TRUNCATED);
        return;
    }
    if (attempt->raw) {
        attempt->done = attempt->content;
        if (!attempt->done)
            flow_fail(flow, FAULT_NONSENSE);
        return;
    }
    if (attempt->service != NULL) {
        turn_around(flow);
        return;
    }
    service_read_whole(&reader, attempt->content_type, buf_span(&attempt->body), &places);
    judge(flow, attempt->answer.signs);
    if (attempt->failed)
        return;
    metering_running(&flow->metering)->seen = places.seen;
    attempt->done = true;
}

/* ---- streams ---- */

static void flush(struct flow *flow, struct buf *held)
{
    if (held->size > 0)
        out_bytes(flow, buf_span(held));
    buf_clear(held);
    flow->attempt->usage_bytes = 0;
}

/* The last event is held until its cost is known. */
static void relay(struct flow *flow, const struct sse_frame *frame, bool content, bool last)
{
    bool whole = frame->data.at >= frame->text.at &&
                 frame->data.at + frame->data.size <= frame->text.at + frame->text.size;

    if (content) {
        out_start_stream(flow);
        flush(flow, &flow->attempt->held);
        flush(flow, &flow->attempt->tail);
    }
    if (last && whole) {
        flow->attempt->usage_at = (size_t)(frame->data.at - frame->text.at);
        flow->attempt->usage_bytes = frame->data.size;
    }
    if (content && !last) {
        out_bytes(flow, frame->text);
        out_bytes(flow, span_of("\n\n"));
        return;
    }
    struct buf *held = flow->attempt->content ? &flow->attempt->tail : &flow->attempt->held;
    buf_add_span(held, frame->text);
    buf_add_string(held, "\n\n");
    if (buf_failed(held))
        flow_fail(flow, FAULT_NONSENSE);
}

void served_frame(struct flow *flow, const struct sse_frame *frame)
{
    struct attempt *attempt = flow->attempt;
    const struct answer_tap tap = {.on_text = on_text, .context = flow};
    struct answer answer = attempt->answer;
    const struct service_reader reader = {
        .kind = flow->ask.kind, .doc = &flow->worker->pool->doc, .tap = &tap, .answer = &answer};
    struct service_places places;
    uint32_t signs;

    answer.signs = 0;
    service_read_frame(&reader, frame->data, &places);
    signs = answer.signs;
    answer.signs |= attempt->answer.signs;
    attempt->answer = answer;
    judge(flow, signs);
    if (attempt->failed)
        return;
    if ((signs & ANSWER_CONTENT) != 0 && !attempt->content)
        flow_note_content(flow);
    if (meters_has(&places.seen, METER_IMAGE))
        meters_set(&metering_running(&flow->metering)->seen, METER_IMAGE,
                   metering_running(&flow->metering)->seen.count[METER_IMAGE] + 1);
    if (flow->request != NULL)
        relay(flow, frame, (signs & ANSWER_CONTENT) != 0, (signs & ANSWER_FINISH) != 0);
}

void served_end(struct flow *flow, bool whole)
{
    flow->attempt->done = whole && (flow->attempt->answer.signs & ANSWER_FINISH) != 0;
}
