/*
 * spoken: what a provider says in another language than OpenAI's, or to a client of another one:
 * read into events, and written from them unless the client speaks the provider's language.
 *
 * The end of an answer (usage, DONE) is not written here: last.c does, when its cost is known.
 */
#include "common/base/json_writer.h"
#include "gateway/flow/parts.h"
#include "gateway/flow/resume.h"

static void count_event(struct flow *flow, const struct answer_event *event)
{
    switch (event->kind) {
    case EVENT_TEXT:
    case EVENT_REFUSAL:
    case EVENT_REASONING:
    case EVENT_ARGUMENTS:
        count_feed_json(&metering_running(&flow->metering)->output, event->text);
        return;
    case EVENT_TOOL:
        count_feed_json(&metering_running(&flow->metering)->output, event->name);
        return;
    case EVENT_BEGIN:
    case EVENT_SIGNATURE:
    case EVENT_REDACTED:
    case EVENT_CITATION:
    case EVENT_LOGPROBS:
    case EVENT_IMAGE:
    case EVENT_FINISH:
    case EVENT_USAGE:
    case EVENT_ERROR:
    case EVENT_DONE:
    case EVENT_KINDS:
        return;
    }
}

static void on_event(void *context, const struct answer_event *event)
{
    struct flow *flow = context;
    struct answer_event told = *event;
    bool ends =
        event->kind == EVENT_USAGE || event->kind == EVENT_DONE || event->kind == EVENT_ERROR;

    count_event(flow, event);
    if (event->kind == EVENT_FINISH && event->finish == FINISH_ERROR) {
        flow_fail(flow, FAULT_STREAM);
        return;
    }
    if (resume_hear(flow, &told) && flow->attempt->way == WAY_TRANSLATE && flow->request != NULL &&
        !ends)
        flow->attempt->writer.language->write(&flow->attempt->writer, &told);
}

/* A catalog's id is no inside of a JSON string by itself. */
static struct span quoted_inside(struct flow *flow, struct span text)
{
    struct buf *scratch = &flow->worker->pool->scratch;

    buf_clear(scratch);
    if (json_quote(scratch, text) != 0)
        return (struct span){0};
    return arena_span(flow->arena, span_part(buf_span(scratch), 1, scratch->size - 2));
}

void spoken_name(struct flow *flow)
{
    struct attempt *attempt = flow->attempt;
    struct answer_writer *writer = &attempt->writer;
    char id[ID_TEXT_SIZE];

    writer->chat = &flow->chat;
    if (writer->id.size == 0) {
        id_format(ID_GENERATION, flow->call.id, id);
        writer->id = span_of(arena_strdup(flow->arena, id));
    }
    if (writer->model.size == 0)
        writer->model = quoted_inside(flow, attempt->candidate->deployment->model->id);
    if (writer->created_s == 0)
        writer->created_s = flow->call.start_ms / 1000;
}

void spoken_begin(struct flow *flow)
{
    struct attempt *attempt = flow->attempt;
    struct flow_pool *pool = flow->worker->pool;
    const struct answer_sink sink = {.on_event = on_event, .context = flow};

    buf_clear(&attempt->told);
    attempt->pin.ids[0] = (struct responses_pair){0};
    attempt->answer.normaliser = attempt->language->normaliser;
    attempt->reader =
        answer_reader_make(attempt->language, &pool->doc, &attempt->answer, sink, pool->frame);
    if (resume_is_on(flow)) {
        attempt->writer = flow->resume->writer;
        attempt->writer.out = &attempt->told;
        return;
    }
    attempt->writer = answer_writer_make(flow->client, &attempt->told, flow->arena);
    attempt->writer.stream = flow->ask.stream;
    attempt->writer.include_usage = flow->ask.include_usage || !flow->ask.stream;
    if (attempt->way == WAY_TRANSLATE)
        spoken_name(flow);
}

static void hear(struct flow *flow)
{
    struct attempt *attempt = flow->attempt;

    if ((attempt->answer.signs & ANSWER_ERROR) != 0)
        flow_fail(flow, FAULT_STREAM);
    else if ((attempt->answer.signs & ANSWER_MALFORMED) != 0)
        flow_fail(flow, FAULT_NONSENSE);
    if (flow->attempt->reader.done && !attempt->done) {
        attempt->done = true;
        attempt->done_ms = flow_now_ms(flow);
    }
}

static void tell(struct flow *flow, struct span text, struct span data)
{
    if ((flow->attempt->reader.signs & ANSWER_CONTENT) != 0 && !flow->attempt->content)
        flow_note_content(flow);
    if (flow->attempt->way == WAY_PASS)
        out_passed(flow, text, data);
    else
        out_told(flow);
    resume_told(flow);
}

/* A response that its provider keeps is named by an id of ours; what comes in the events is
 * numbered. */
static void follow(struct flow *flow, struct span read)
{
    const struct json_doc *doc = &flow->worker->pool->doc;
    struct attempt *attempt = flow->attempt;
    const struct response_place place = {
        .project = flow->key->project,
        .deployment = attempt->candidate->deployment->id,
        .account = attempt->credential == NULL ? 0 : attempt->credential->fingerprint,
        .id = span_of(attempt->answer.id)};
    struct responses_pair *pair = &flow->attempt->pin.ids[0];

    if (flow->client->family != FAMILY_RESPONSES || attempt->way != WAY_PASS || doc->count == 0 ||
        doc->text.at != read.at || doc->text.size != read.size)
        return;
    responses_follow(&flow->attempt->writer, doc);
    if (pair->ours.size > 0 || place.id.size == 0)
        return;
    pair->own = place.id;
    pair->ours = responses_quote_id(&flow->worker->response_key, &place, flow->arena);
    /* "resp_" is put before it again. */
    flow->attempt->writer.id = span_part(pair->ours, strlen("\"resp_"), SIZE_MAX);
    if (flow->attempt->writer.id.size > 0)
        flow->attempt->writer.id.size--;
}

void spoken_frame(struct flow *flow, struct span event, struct span data, struct span text)
{
    struct attempt *attempt = flow->attempt;
    bool over = attempt->done;

    attempt->language->read_frame(&flow->attempt->reader, event, data);
    arena_reset(flow->worker->pool->frame);
    hear(flow);
    /* Only what was read left a document. */
    if (!attempt->failed && (flow->attempt->reader.signs & ANSWER_MALFORMED) == 0) {
        follow(flow, data);
        if (attempt->way == WAY_PASS)
            resume_follow(flow, data);
    }
    /* What comes behind the end may tell usage and is for nobody else. */
    if (!attempt->failed && !over)
        tell(flow, text, data);
}

void spoken_end(struct flow *flow, bool whole)
{
    struct attempt *attempt = flow->attempt;

    if (attempt->failed || attempt->done || attempt->language->read_end == NULL)
        return;
    attempt->language->read_end(&flow->attempt->reader, whole);
    arena_reset(flow->worker->pool->frame);
    hear(flow);
    if (!attempt->failed && attempt->way == WAY_TRANSLATE)
        out_told(flow);
}

void spoken_whole(struct flow *flow)
{
    struct attempt *attempt = flow->attempt;

    attempt->language->read_whole(&flow->attempt->reader, buf_span(&attempt->body));
    if ((flow->attempt->reader.signs & ANSWER_MALFORMED) == 0)
        follow(flow, buf_span(&attempt->body));
    hear(flow);
    if (!attempt->failed && (!attempt->done || buf_failed(&flow->attempt->told)))
        flow_fail(flow, FAULT_NONSENSE);
}
