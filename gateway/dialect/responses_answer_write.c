/*
 * responses_answer_write: events as a client of the Responses API gets them.
 *
 * Each item is opened, told and closed, in the order in which they began. Calls stay open to the
 * end of the answer, because their arguments may come in turns. All that is said is kept, because
 * the last event has the whole response in it. Other choices than the first are told by nobody.
 */
#include "common/base/json.h"
#include "gateway/dialect/openai_language.h"
#include "gateway/dialect/responses_items.h"

static const struct json_limits limits_annotation = {
    .max_bytes = (size_t)1 << 20, .max_depth = 32, .max_nodes = 20000};

static struct responses_writer *writing_of(struct answer_writer *writer)
{
    if (writer->gathered == NULL)
        writer->gathered = openai_take(writer, sizeof(struct responses_writer));
    return writer->gathered;
}

/* ---- texts ---- */

static void on_text(struct answer_writer *writer, struct responses_writer *r,
                    const struct answer_event *event)
{
    bool refusal = event->kind == EVENT_REFUSAL;
    struct responses_item *item = responses_current_of(writer, r, RESPONSES_MESSAGE);
    struct responses_part *part = item == NULL ? NULL : responses_part_of(writer, r, item, refusal);
    struct json_writer w;

    if (part == NULL)
        return;
    responses_append(writer, &part->text, event->text);
    if (!writer->stream)
        return;
    w = responses_begin_of_part(writer, item,
                                refusal ? "response.refusal.delta" : "response.output_text.delta");
    if (!refusal) {
        json_name(&w, "logprobs");
        json_write_raw(&w, span_of("[]"));
    }
    responses_tell_delta(writer, r, &w, event->text);
}

/* The objects of OpenAI's {"content":[…]}, for the end of the part. */
static void on_logprobs(struct answer_writer *writer, struct responses_writer *r,
                        const struct answer_event *event)
{
    struct json_doc doc = json_doc_make();
    struct responses_item *item = r->current;
    uint32_t list = JSON_NONE;

    if (item != NULL && item->kind == RESPONSES_MESSAGE && item->last_part != NULL &&
        json_parse(&doc, event->json, &limits_annotation) == JSON_OK)
        list = json_find(&doc, 0, "content");
    if (json_is(&doc, list, JSON_ARRAY) && json_first(&doc, list) != JSON_NONE) {
        struct span raw = json_raw(&doc, list);
        responses_append(writer, &item->last_part->logprobs, span_of(","));
        responses_append(writer, &item->last_part->logprobs, span_part(raw, 1, raw.size - 2));
    }
    json_doc_done(&doc);
}

/* OpenAI's annotation of chats is an object in an object; here it is one. */
static void put_annotation(struct json_writer *w, const struct json_doc *doc, uint32_t citation)
{
    static const struct {
        const char *name, *otherwise;
    } members[] = {{"url", "\"\""}, {"title", "\"\""}, {"start_index", "0"}, {"end_index", "0"}};

    json_begin(w, '{');
    json_put_cstring(w, "type", "url_citation");
    for (size_t i = 0; i < array_size(members); i++) {
        uint32_t node = json_find(doc, citation, members[i].name);
        json_name(w, members[i].name);
        json_write_raw(w, json_is_null(doc, node) ? span_of(members[i].otherwise)
                                                  : json_raw(doc, node));
    }
    json_end(w, '}');
}

static void add_annotation(struct answer_writer *writer, struct responses_writer *r,
                           struct span annotation)
{
    struct responses_item *item = responses_current_of(writer, r, RESPONSES_MESSAGE);
    struct responses_part *part = item == NULL ? NULL : responses_part_of(writer, r, item, false);
    struct json_writer w;

    if (part == NULL)
        return;
    responses_append(writer, &part->annotations, span_of(","));
    responses_append(writer, &part->annotations, annotation);
    part->annotation_count++;
    if (!writer->stream)
        return;
    w = responses_begin_of_part(writer, item, "response.output_text.annotation.added");
    json_put_int64(&w, "annotation_index", part->annotation_count - 1);
    json_name(&w, "annotation");
    json_write_raw(&w, annotation);
    responses_end_event(writer, r, &w);
}

static void on_citation(struct answer_writer *writer, struct responses_writer *r,
                        const struct answer_event *event)
{
    struct json_doc doc = json_doc_make();
    struct buf json = buf_make(event->json.size + 256);
    struct json_writer w = json_writer_make(&json);
    uint32_t citation = JSON_NONE;

    if (json_parse(&doc, event->json, &limits_annotation) == JSON_OK)
        citation = json_find(&doc, 0, "url_citation");
    if (json_is(&doc, citation, JSON_OBJECT)) {
        put_annotation(&w, &doc, citation);
        if (!buf_failed(&json))
            add_annotation(writer, r, buf_span(&json));
    }
    buf_done(&json);
    json_doc_done(&doc);
}

/* ---- reasoning ---- */

/* Behind a signature another thought begins. */
static void on_reasoning(struct answer_writer *writer, struct responses_writer *r,
                         const struct answer_event *event)
{
    static const struct responses_text none;
    struct responses_item *item = r->current;
    struct json_writer w;

    /* A plan is neither text nor thought: this language has no place for it. */
    if (event->plan)
        return;
    if (item != NULL && item->kind == RESPONSES_REASONING && item->secret.first != NULL)
        responses_close_current(writer, r);
    item = responses_current_of(writer, r, RESPONSES_REASONING);
    if (item == NULL || event->text.size == 0)
        return;
    if (item->text.first == NULL && writer->stream) {
        w = responses_begin_of_summary(writer, item, "response.reasoning_summary_part.added");
        responses_put_summary_part(&w, &none);
        responses_end_event(writer, r, &w);
    }
    responses_append(writer, &item->text, event->text);
    if (!writer->stream)
        return;
    w = responses_begin_of_summary(writer, item, "response.reasoning_summary_text.delta");
    responses_tell_delta(writer, r, &w, event->text);
}

/* What is OpenAI's own has none. */
static const char *mark_of(const struct answer_event *event)
{
    return event->signer == SIGNER_OPENAI ? "" : signer_mark(event->signer);
}

/* An item that has nothing but what only a provider can read. */
static void tell_secret(struct answer_writer *writer, struct responses_writer *r, const char *word,
                        const char *mark, struct span text)
{
    struct responses_item *item;

    responses_close_current(writer, r);
    item = responses_current_of(writer, r, RESPONSES_REASONING);
    if (item == NULL)
        return;
    responses_append(writer, &item->secret, span_of(word));
    responses_append(writer, &item->secret, span_of(mark));
    responses_append(writer, &item->secret, text);
    responses_close_current(writer, r);
}

static void on_signature(struct answer_writer *writer, struct responses_writer *r,
                         const struct answer_event *event)
{
    struct responses_item *item;

    if (event->text.size == 0)
        return;
    if (event->of_call) {
        /* It is known by the call that stands right before it. */
        if (event->tool < LANGUAGE_TOOLS_MAX && r->calls[event->tool] != NULL &&
            r->calls[event->tool] == r->last)
            tell_secret(writer, r, RESPONSES_CALL_SIGNATURE, "", event->text);
        return;
    }
    item = responses_current_of(writer, r, RESPONSES_REASONING);
    if (item == NULL)
        return;
    if (item->secret.first == NULL)
        responses_append(writer, &item->secret, span_of(mark_of(event)));
    responses_append(writer, &item->secret, event->text);
}

/* ---- calls ---- */

static struct span kept(struct answer_writer *writer, struct span text)
{
    char *at = text.size == 0 ? NULL : openai_take(writer, text.size + 1);

    if (at == NULL)
        return (struct span){0};
    memcpy(at, text.at, text.size);
    return span_make(at, text.size);
}

static void on_tool(struct answer_writer *writer, struct responses_writer *r,
                    const struct answer_event *event)
{
    struct buf id = buf_make(event->id.size + writer->id.size + 64);
    struct responses_item *item;

    if (event->tool < LANGUAGE_TOOLS_MAX && r->calls[event->tool] == NULL) {
        responses_close_current(writer, r);
        item = responses_open_item(writer, r, RESPONSES_CALL);
        if (item != NULL) {
            openai_call_id(writer, event, &id);
            item->call_id = kept(writer, buf_span(&id));
            item->name = kept(writer, event->name);
            r->calls[event->tool] = item;
            responses_tell_item(writer, r, item, "response.output_item.added", true);
        }
    }
    buf_done(&id);
}

static void on_arguments(struct answer_writer *writer, struct responses_writer *r,
                         const struct answer_event *event)
{
    if (event->tool < LANGUAGE_TOOLS_MAX && r->calls[event->tool] != NULL)
        responses_add_arguments(writer, r, r->calls[event->tool], event->text);
}

static void on_image(struct answer_writer *writer, struct responses_writer *r,
                     const struct answer_event *event)
{
    struct responses_item *item;

    responses_close_current(writer, r);
    item = responses_open_item(writer, r, RESPONSES_IMAGE);
    if (item == NULL)
        return;
    responses_tell_item(writer, r, item, "response.output_item.added", true);
    responses_append(writer, &item->text, event->text);
    responses_close_item(writer, r, item);
}

/* ---- ends ---- */

static void note_usage(struct answer_writer *writer, struct responses_writer *r,
                       const struct answer_event *event)
{
    const struct answer_usage *usage = event->usage;

    if (usage == NULL || usage->state != ANSWER_USAGE_GOOD)
        return;
    r->has_usage = true;
    r->usage = usage->shown.present != 0 ? usage->shown : usage->meters;
    r->more = kept(writer, event->json);
}

static void on_finish(struct answer_writer *writer, struct responses_writer *r,
                      const struct answer_event *event)
{
    writer->finish = event->finish;
    responses_close_all(writer, r,
                        event->finish == FINISH_LENGTH || event->finish == FINISH_CONTENT_FILTER ||
                            event->finish == FINISH_ERROR);
}

static struct responses_state end_state(const struct answer_writer *writer)
{
    static const char failed[] = "The model's provider failed in the middle of its answer.";

    switch (writer->finish) {
    case FINISH_LENGTH:
        return (struct responses_state){.status = "incomplete", .incomplete = "max_output_tokens"};
    case FINISH_CONTENT_FILTER:
        return (struct responses_state){.status = "incomplete", .incomplete = "content_filter"};
    case FINISH_ERROR:
        return (struct responses_state){.status = "failed",
                                        .error_code = span_of("server_error"),
                                        .error_message = span_of(failed)};
    case FINISH_STOP:
    case FINISH_TOOL_CALLS:
    case FINISH_PAUSE:
    case FINISHES:
        break;
    }
    return (struct responses_state){.status = "completed"};
}

static void on_done(struct answer_writer *writer, struct responses_writer *r)
{
    const struct responses_state state = end_state(writer);
    struct json_writer w = json_writer_make(writer->out);

    responses_close_all(writer, r, false);
    if (!writer->stream)
        responses_put_response(&w, writer, r, &state);
    else
        responses_tell(writer, r,
                       state.incomplete != NULL    ? "response.incomplete"
                       : state.error_code.size > 0 ? "response.failed"
                                                   : "response.completed",
                       &state);
}

void responses_write_failed(struct answer_writer *writer, struct span code, struct span message)
{
    const struct responses_state state = {
        .status = "failed", .error_code = code, .error_message = message};
    struct responses_writer *r = writing_of(writer);

    if (r == NULL || !writer->stream)
        return;
    /* What passed is not closed by who did not open it. */
    if (r->passing)
        r->first = r->last = r->current = NULL;
    responses_begin(writer, r);
    responses_close_all(writer, r, true);
    responses_tell(writer, r, "response.failed", &state);
}

void responses_write_error(struct answer_writer *writer, struct span envelope)
{
    struct json_doc doc = json_doc_make();
    struct span code = {0}, message = {0};
    uint32_t error;

    if (json_parse(&doc, envelope, &limits_annotation) == JSON_OK) {
        error = json_find(&doc, 0, "error");
        code = json_inside_in(&doc, error, "code");
        message = json_inside_in(&doc, error, "message");
    }
    responses_write_failed(writer, code.size > 0 ? code : span_of("server_error"), message);
    json_doc_done(&doc);
}

void responses_follow(struct answer_writer *writer, const struct json_doc *event)
{
    struct responses_writer *r = writing_of(writer);
    int64_t number;

    if (r != NULL && json_int64(event, json_find(event, 0, "sequence_number"), &number) == 0 &&
        number >= 0 && number < INT64_MAX)
        r->sequence = number + 1;
}

/* ---- all of them ---- */

typedef void write_event_fn(struct answer_writer *writer, struct responses_writer *r,
                            const struct answer_event *event);

static void on_redacted(struct answer_writer *writer, struct responses_writer *r,
                        const struct answer_event *event)
{
    tell_secret(writer, r, RESPONSES_REDACTED, mark_of(event), event->text);
}

static write_event_fn *const writers[EVENT_KINDS] = {
    [EVENT_TEXT] = on_text,           [EVENT_REFUSAL] = on_text,
    [EVENT_REASONING] = on_reasoning, [EVENT_SIGNATURE] = on_signature,
    [EVENT_REDACTED] = on_redacted,   [EVENT_TOOL] = on_tool,
    [EVENT_ARGUMENTS] = on_arguments, [EVENT_CITATION] = on_citation,
    [EVENT_LOGPROBS] = on_logprobs,   [EVENT_IMAGE] = on_image,
    [EVENT_FINISH] = on_finish,       [EVENT_USAGE] = note_usage,
};

void responses_write_answer(struct answer_writer *writer, const struct answer_event *event)
{
    struct responses_writer *r = writing_of(writer);

    if (r == NULL || event->kind == EVENT_ERROR || event->choice != 0)
        return;
    responses_begin(writer, r);
    if (event->kind == EVENT_DONE)
        on_done(writer, r);
    else if (writers[event->kind] != NULL)
        writers[event->kind](writer, r, event);
}

void responses_write_ping(struct answer_writer *writer)
{
    if (writer->stream)
        buf_add_string(writer->out, ": ping\n\n");
}
