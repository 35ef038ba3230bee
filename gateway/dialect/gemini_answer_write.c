/*
 * gemini_answer_write: events as GenerateContentResponse objects: one whole, or many in a stream.
 *
 * A call is written whole, so its arguments are gathered until its candidate ends. How the
 * candidates ended and the usage stand in the last object. Streams are events (?alt=sse) or one
 * JSON array; neither has anything that says nothing: Google's SDKs take no comments.
 */
#include "common/base/json_writer.h"
#include "gateway/dialect/gemini_answer.h"

static bool is_array(const struct answer_writer *writer)
{
    return writer->language == &gemini_array_client;
}

void *gemini_answer_take(struct answer_writer *writer, size_t size)
{
    if (arena_room(writer->arena) < size + GEMINI_ARENA_SLACK) {
        writer->out->failed = true;
        return NULL;
    }
    return arena_take(writer->arena, size);
}

void gemini_append(struct answer_writer *writer, struct gemini_texts *texts, struct span text)
{
    struct gemini_text *item;

    if (text.size == 0)
        return;
    item = gemini_answer_take(writer, sizeof(*item) + text.size);
    if (item == NULL)
        return;
    memcpy(item + 1, text.at, text.size);
    item->at = span_make((const char *)(item + 1), text.size);
    if (texts->last == NULL)
        texts->first = item;
    else
        texts->last->next = item;
    texts->last = item;
}

void gemini_put_texts(struct json_writer *w, const char *name, const struct gemini_texts *texts)
{
    json_name(w, name);
    buf_add_byte(w->out, '"');
    for (const struct gemini_text *item = texts->first; item != NULL; item = item->next)
        buf_add_span(w->out, item->at);
    buf_add_byte(w->out, '"');
    w->comma = true;
}

/* ---- the objects ---- */

static struct json_writer begin_response(struct answer_writer *writer)
{
    struct json_writer w = json_writer_make(writer->out);

    if (writer->stream && is_array(writer))
        buf_add_string(writer->out, writer->open ? ",\r\n" : "[");
    else if (writer->stream)
        buf_add_string(writer->out, "data: ");
    writer->open = true;
    json_begin(&w, '{');
    json_name(&w, "candidates");
    json_begin(&w, '[');
    return w;
}

static void end_response(struct answer_writer *writer, struct json_writer *w,
                         const struct answer_usage *usage, struct span members)
{
    json_end(w, ']');
    if (usage != NULL)
        gemini_write_usage(w, usage, members);
    json_put_inside(w, "modelVersion", writer->model);
    if (writer->own_id.size > 0)
        json_put_inside(w, "responseId", writer->own_id);
    else
        json_put_string(w, "responseId", writer->id);
    json_end(w, '}');
    if (writer->stream && !is_array(writer))
        buf_add_string(writer->out, "\r\n\r\n");
}

static void begin_candidate(struct json_writer *w)
{
    json_begin(w, '{');
    json_name(w, "content");
    json_begin(w, '{');
    json_name(w, "parts");
    json_begin(w, '[');
}

static void end_parts(struct json_writer *w, uint32_t choice)
{
    json_end(w, ']');
    json_put_cstring(w, "role", "model");
    json_end(w, '}');
    json_put_int64(w, "index", choice);
}

/* With its signer's mark, when that was no Gemini. */
static void put_signature(struct json_writer *w, const struct answer_event *event)
{
    json_name(w, "thoughtSignature");
    buf_add_byte(w->out, '"');
    if (event->signer != SIGNER_GEMINI)
        buf_add_string(w->out, signer_mark(event->signer));
    buf_add_span(w->out, event->text);
    buf_add_byte(w->out, '"');
    w->comma = true;
}

/* One part, at once: a text, a thought, a picture. */
static void write_part_now(struct answer_writer *writer, const struct answer_event *event)
{
    struct json_writer w = begin_response(writer);

    begin_candidate(&w);
    json_begin(&w, '{');
    if (event->kind == EVENT_IMAGE) {
        json_name(&w, "inlineData");
        json_begin(&w, '{');
        json_put_inside(&w, "mimeType", event->type);
        json_put_inside(&w, "data", event->text);
        json_end(&w, '}');
    } else {
        bool signature = event->kind == EVENT_SIGNATURE;
        json_put_inside(&w, "text", signature ? (struct span){0} : event->text);
        if (signature || event->kind == EVENT_REASONING)
            json_put_bool(&w, "thought", true);
        if (signature)
            put_signature(&w, event);
    }
    json_end(&w, '}');
    end_parts(&w, event->choice);
    json_end(&w, '}');
    end_response(writer, &w, NULL, (struct span){0});
}

/* All calls of a candidate that ended. */
static void write_calls(struct answer_writer *writer, uint32_t choice,
                        const struct gemini_candidate *candidate)
{
    struct json_writer w;

    if (candidate->parts == NULL)
        return;
    w = begin_response(writer);
    begin_candidate(&w);
    gemini_write_parts(&w, candidate);
    end_parts(&w, choice);
    json_end(&w, '}');
    end_response(writer, &w, NULL, (struct span){0});
}

static const char *reason_of(enum answer_finish finish)
{
    static const char *const reasons[FINISHES] = {
        [FINISH_STOP] = "STOP",       [FINISH_LENGTH] = "MAX_TOKENS",
        [FINISH_TOOL_CALLS] = "STOP", [FINISH_CONTENT_FILTER] = "SAFETY",
        [FINISH_PAUSE] = "STOP",      [FINISH_ERROR] = "OTHER"};

    return reasons[finish];
}

/* The last object of a stream, or the only one: whole candidates, or how they ended. */
static void write_last(struct answer_writer *writer, const struct gemini_gathered *gathered)
{
    struct json_writer w = begin_response(writer);

    for (uint32_t choice = 0; choice < GEMINI_CANDIDATES_MAX; choice++) {
        const struct gemini_candidate *candidate = gathered->candidates[choice];
        if (candidate == NULL)
            continue;
        begin_candidate(&w);
        if (writer->stream) {
            json_begin(&w, '{');
            json_put_cstring(&w, "text", "");
            json_end(&w, '}');
        } else {
            gemini_write_parts(&w, candidate);
        }
        end_parts(&w, choice);
        json_put_cstring(&w, "finishReason", reason_of(candidate->finish));
        gemini_write_extras(&w, candidate);
        json_end(&w, '}');
    }
    end_response(writer, &w, gathered->usage, gathered->members);
    if (writer->stream && is_array(writer))
        buf_add_string(writer->out, "]");
}

/* ---- events ---- */

static struct gemini_gathered *gathered_of(struct answer_writer *writer)
{
    if (writer->gathered == NULL)
        writer->gathered = gemini_answer_take(writer, sizeof(struct gemini_gathered));
    return writer->gathered;
}

static struct gemini_candidate *candidate_of(struct answer_writer *writer,
                                             struct gemini_gathered *gathered, uint32_t choice)
{
    if (choice >= GEMINI_CANDIDATES_MAX) {
        writer->out->failed = true;
        return NULL;
    }
    if (gathered->candidates[choice] == NULL)
        gathered->candidates[choice] =
            gemini_answer_take(writer, sizeof(*gathered->candidates[choice]));
    return gathered->candidates[choice];
}

static void finish(struct answer_writer *writer, struct gemini_candidate *candidate,
                   const struct answer_event *event)
{
    candidate->finish = event->finish;
    writer->finish = event->finish;
    if (writer->stream)
        write_calls(writer, event->choice, candidate);
}

static void write_of_choice(struct answer_writer *writer, struct gemini_candidate *candidate,
                            const struct answer_event *event)
{
    bool of_call = event->kind == EVENT_TOOL || event->kind == EVENT_ARGUMENTS ||
                   (event->kind == EVENT_SIGNATURE && event->of_call);

    if (event->kind == EVENT_FINISH)
        finish(writer, candidate, event);
    else if (event->kind == EVENT_CITATION)
        gemini_append(writer, &candidate->citations, event->json);
    else if (event->kind == EVENT_LOGPROBS)
        gemini_gather_logprobs(writer, candidate, event->json);
    else if (event->kind == EVENT_REDACTED)
        return;
    else if (writer->stream && !of_call)
        write_part_now(writer, event);
    else
        gemini_gather_part(writer, candidate, event);
}

static void keep_usage(struct answer_writer *writer, struct gemini_gathered *gathered,
                       const struct answer_event *event)
{
    struct answer_usage *usage = gemini_answer_take(writer, sizeof(*usage) + event->json.size);

    if (usage == NULL)
        return;
    *usage = *event->usage;
    gathered->usage = usage;
    if (event->json.size > 0)
        memcpy(usage + 1, event->json.at, event->json.size);
    gathered->members = span_make((const char *)(usage + 1), event->json.size);
}

void gemini_write_answer(struct answer_writer *writer, const struct answer_event *event)
{
    struct gemini_gathered *gathered = gathered_of(writer);
    struct gemini_candidate *candidate;

    if (gathered == NULL)
        return;
    switch (event->kind) {
    case EVENT_BEGIN:
        writer->begun = true;
        return;
    case EVENT_USAGE:
        keep_usage(writer, gathered, event);
        return;
    case EVENT_DONE:
        write_last(writer, gathered);
        return;
    case EVENT_ERROR:
    case EVENT_KINDS:
        return;
    case EVENT_TEXT:
    case EVENT_REFUSAL:
    case EVENT_REASONING:
    case EVENT_SIGNATURE:
    case EVENT_REDACTED:
    case EVENT_TOOL:
    case EVENT_ARGUMENTS:
    case EVENT_CITATION:
    case EVENT_LOGPROBS:
    case EVENT_IMAGE:
    case EVENT_FINISH:
        candidate = candidate_of(writer, gathered, event->choice);
        /* A plan is neither text nor thought: this language has no place for it. */
        if (candidate != NULL && !event->plan)
            write_of_choice(writer, candidate, event);
        return;
    }
}

/* ---- behind what passed ---- */

void gemini_follow(struct answer_writer *writer, const struct json_doc *frame)
{
    answer_writer_keep(writer, frame, json_find(frame, 0, "responseId"), &writer->own_id);
    answer_writer_keep(writer, frame, json_find(frame, 0, "modelVersion"), &writer->model);
}

/* Each object stands for itself. */
bool gemini_resume(struct answer_writer *writer)
{
    writer->begun = writer->open = true;
    return true;
}
