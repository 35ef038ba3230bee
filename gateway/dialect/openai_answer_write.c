/*
 * openai_answer_write: events -> chat.completion.chunk, or what openai_answer_whole.c gathers.
 */
#include "gateway/dialect/openai.h"
#include "gateway/dialect/openai_language.h"

void *openai_take(struct answer_writer *writer, size_t size)
{
    /* Half of a chunk is what an arena may lose at the end of one. */
    if (arena_room(writer->arena) < size + (size_t)64 * 1024) {
        writer->out->failed = true;
        return NULL;
    }
    return arena_take(writer->arena, size);
}

uint32_t openai_detail_index(struct openai_choice *choice, bool redacted)
{
    if (redacted || !choice->detail_open)
        choice->details++;
    choice->detail_open = !redacted;
    return choice->details - 1;
}

void openai_call_id(const struct answer_writer *writer, const struct answer_event *event,
                    struct buf *out)
{
    if (event->id.size > 0)
        buf_add_span(out, event->id);
    else
        buf_printf(out, "call_%.*s_%u_%u", SPAN_ARG(writer->id), event->choice, event->tool);
}

static struct json_writer begin_object(struct answer_writer *writer)
{
    struct json_writer w = json_writer_make(writer->out);

    buf_add_string(writer->out, "data: ");
    json_begin(&w, '{');
    if (writer->own_id.size > 0) {
        json_put_inside(&w, "id", writer->own_id);
    } else {
        json_name(&w, "id");
        buf_printf(writer->out, "\"chatcmpl-%.*s\"", SPAN_ARG(writer->id));
        w.comma = true;
    }
    json_put_cstring(&w, "object", "chat.completion.chunk");
    json_put_int64(&w, "created", writer->created_s);
    json_put_inside(&w, "model", writer->model);
    return w;
}

static void end_object(struct answer_writer *writer, struct json_writer *w)
{
    json_end(w, '}');
    buf_add_string(writer->out, "\n\n");
}

static struct json_writer begin_chunk(struct answer_writer *writer, uint32_t choice)
{
    struct json_writer w = begin_object(writer);

    json_name(&w, "choices");
    json_begin(&w, '[');
    json_begin(&w, '{');
    json_put_int64(&w, "index", choice);
    json_name(&w, "delta");
    json_begin(&w, '{');
    return w;
}

/* `logprobs` is JSON text; `finish` NULL: not yet. */
static void end_chunk(struct answer_writer *writer, struct json_writer *w, struct span logprobs,
                      const char *finish)
{
    json_end(w, '}');
    json_name(w, "logprobs");
    json_write_raw(w, logprobs.size > 0 ? logprobs : span_of("null"));
    json_name(w, "finish_reason");
    if (finish == NULL)
        json_write_null(w);
    else
        json_write_string(w, span_of(finish));
    json_end(w, '}');
    json_end(w, ']');
    if (writer->include_usage) {
        json_name(w, "usage");
        json_write_null(w);
    }
    end_object(writer, w);
}

static void write_role(struct answer_writer *writer, struct openai_choice *choice, uint32_t index)
{
    struct json_writer w;

    if (choice->begun)
        return;
    choice->begun = true;
    w = begin_chunk(writer, index);
    json_put_cstring(&w, "role", "assistant");
    json_put_cstring(&w, "content", "");
    end_chunk(writer, &w, (struct span){0}, NULL);
}

static void begin_detail(struct json_writer *w, const char *type)
{
    json_name(w, "reasoning_details");
    json_begin(w, '[');
    json_begin(w, '{');
    json_put_cstring(w, "type", type);
}

static void end_detail(struct json_writer *w, uint32_t index)
{
    json_put_int64(w, "index", index);
    json_end(w, '}');
    json_end(w, ']');
}

static void put_reasoning(struct json_writer *w, struct openai_choice *choice,
                          const struct answer_event *event)
{
    bool redacted = event->kind == EVENT_REDACTED;

    if (event->kind == EVENT_REASONING) {
        json_put_inside(w, "reasoning_content", event->text);
        json_put_inside(w, "reasoning", event->text);
    }
    begin_detail(w, redacted ? "reasoning.encrypted" : "reasoning.text");
    json_put_inside(w,
                    redacted                         ? "data"
                    : event->kind == EVENT_SIGNATURE ? "signature"
                                                     : "text",
                    event->text);
    if (event->kind != EVENT_REASONING && signer_format(event->signer) != NULL)
        json_put_cstring(w, "format", signer_format(event->signer));
    end_detail(w, openai_detail_index(choice, redacted));
    if (event->kind == EVENT_SIGNATURE)
        choice->detail_open = false;
}

static void begin_call(struct json_writer *w, const struct answer_event *event)
{
    json_name(w, "tool_calls");
    json_begin(w, '[');
    json_begin(w, '{');
    json_put_int64(w, "index", event->tool);
}

static void end_call(struct json_writer *w)
{
    json_end(w, '}');
    json_end(w, ']');
}

static void put_call(struct answer_writer *writer, struct json_writer *w,
                     const struct answer_event *event)
{
    begin_call(w, event);
    json_name(w, "id");
    buf_add_byte(w->out, '"');
    openai_call_id(writer, event, w->out);
    buf_add_byte(w->out, '"');
    w->comma = true;
    json_put_cstring(w, "type", "function");
    json_name(w, "function");
    json_begin(w, '{');
    json_put_inside(w, "name", event->name);
    json_put_cstring(w, "arguments", "");
    json_end(w, '}');
    end_call(w);
}

static void put_arguments(struct json_writer *w, const struct answer_event *event)
{
    begin_call(w, event);
    json_name(w, "function");
    json_begin(w, '{');
    json_put_inside(w, "arguments", event->text);
    json_end(w, '}');
    end_call(w);
}

/* Where Google's own OpenAI endpoint has it. OpenAI's SDKs want a function in every delta of a
 * call.
 */
static void put_call_signature(struct json_writer *w, const struct answer_event *event)
{
    begin_call(w, event);
    json_name(w, "function");
    json_write_raw(w, span_of("{\"arguments\":\"\"}"));
    json_name(w, "extra_content");
    json_begin(w, '{');
    json_name(w, "google");
    json_begin(w, '{');
    json_put_inside(w, "thought_signature", event->text);
    json_end(w, '}');
    json_end(w, '}');
    end_call(w);
}

/* OpenAI's SDKs want an index in whatever stands in a list of a delta. */
static void put_citation(struct json_writer *w, struct openai_choice *choice, struct span citation)
{
    json_name(w, "annotations");
    json_begin(w, '[');
    if (memmem(citation.at, citation.size, "\"index\"", 7) != NULL || citation.size <= 2) {
        json_write_raw(w, citation);
    } else {
        json_begin(w, '{');
        json_put_int64(w, "index", choice->citation_count++);
        json_write_raw(w, span_part(citation, 1, citation.size - 2));
        json_end(w, '}');
    }
    json_end(w, ']');
}

static void put_image(struct json_writer *w, struct openai_choice *choice,
                      const struct answer_event *event)
{
    json_name(w, "images");
    json_begin(w, '[');
    json_begin(w, '{');
    json_put_cstring(w, "type", "image_url");
    json_name(w, "image_url");
    buf_add_string(w->out, "{\"url\":\"data:");
    buf_add_span(w->out, event->type);
    buf_add_string(w->out, ";base64,");
    buf_add_span(w->out, event->text);
    buf_add_string(w->out, "\"}");
    w->comma = true;
    json_put_int64(w, "index", choice->image_count++);
    json_end(w, '}');
    json_end(w, ']');
}

static void put_delta(struct answer_writer *writer, struct json_writer *w,
                      struct openai_choice *choice, const struct answer_event *event)
{
    if (event->kind == EVENT_TEXT)
        json_put_inside(w, "content", event->text);
    else if (event->kind == EVENT_REFUSAL)
        json_put_inside(w, "refusal", event->text);
    else if (event->kind == EVENT_SIGNATURE && event->of_call)
        put_call_signature(w, event);
    else if (event->kind == EVENT_REASONING && event->plan)
        json_put_inside(w, "tool_plan", event->text);
    else if (event->kind == EVENT_REASONING || event->kind == EVENT_SIGNATURE ||
             event->kind == EVENT_REDACTED)
        put_reasoning(w, choice, event);
    else if (event->kind == EVENT_TOOL)
        put_call(writer, w, event);
    else if (event->kind == EVENT_ARGUMENTS)
        put_arguments(w, event);
    else if (event->kind == EVENT_CITATION)
        put_citation(w, choice, event->json);
    else if (event->kind == EVENT_IMAGE)
        put_image(w, choice, event);
}

static void write_arguments(struct answer_writer *writer, const struct answer_event *event)
{
    struct json_writer w = begin_chunk(writer, event->choice);

    put_arguments(&w, event);
    end_chunk(writer, &w, (struct span){0}, NULL);
}

/* A call whose provider told no arguments has none: an SDK wants to read that as JSON. */
static void settle_calls(struct answer_writer *writer, struct openai_choice *choice,
                         const struct answer_event *event)
{
    uint64_t bit = UINT64_C(1) << (event->tool % 64);
    uint64_t *word = &choice->bare_calls[event->tool / 64 % array_size(choice->bare_calls)];

    if (event->kind == EVENT_TOOL)
        *word |= bit;
    else if (event->kind == EVENT_ARGUMENTS)
        *word &= ~bit;
    if (event->kind != EVENT_FINISH)
        return;
    for (uint32_t tool = 0; tool < LANGUAGE_TOOLS_MAX; tool++)
        if ((choice->bare_calls[tool / 64] >> (tool % 64) & 1) != 0)
            write_arguments(writer, &(struct answer_event){.kind = EVENT_ARGUMENTS,
                                                           .choice = event->choice,
                                                           .tool = tool,
                                                           .text = span_of("{}")});
}

static void write_delta(struct answer_writer *writer, struct openai_choice *choice,
                        const struct answer_event *event)
{
    struct json_writer w;

    write_role(writer, choice, event->choice);
    settle_calls(writer, choice, event);
    w = begin_chunk(writer, event->choice);
    put_delta(writer, &w, choice, event);
    end_chunk(writer, &w, event->kind == EVENT_LOGPROBS ? event->json : (struct span){0},
              event->kind == EVENT_FINISH ? answer_finish_name(event->finish) : NULL);
}

static struct span make_usage(struct answer_writer *writer, const struct answer_event *event)
{
    const struct answer_usage *usage = event->usage;

    return openai_make_usage(writer->arena,
                             usage->shown.present != 0 ? &usage->shown : &usage->meters, ASK_CHAT,
                             event->json);
}

static void write_usage(struct answer_writer *writer, const struct answer_event *event)
{
    struct json_writer w;

    if (!writer->include_usage)
        return;
    w = begin_object(writer);
    json_name(&w, "choices");
    json_begin(&w, '[');
    json_end(&w, ']');
    json_name(&w, "usage");
    json_write_raw(&w, make_usage(writer, event));
    end_object(writer, &w);
}

static struct openai_gathered *gathered_of(struct answer_writer *writer)
{
    if (writer->gathered == NULL)
        writer->gathered = openai_take(writer, sizeof(struct openai_gathered));
    return writer->gathered;
}

static struct openai_choice *choice_of(struct answer_writer *writer,
                                       struct openai_gathered *gathered, uint32_t index)
{
    if (index >= ASK_CHOICES_MAX)
        return NULL;
    if (gathered->choices[index] == NULL)
        gathered->choices[index] = openai_take(writer, sizeof(struct openai_choice));
    return gathered->choices[index];
}

/* What belongs to no choice. */
static void write_frame(struct answer_writer *writer, struct openai_gathered *gathered,
                        const struct answer_event *event)
{
    bool told = event->usage != NULL && event->usage->state == ANSWER_USAGE_GOOD;

    if (event->kind == EVENT_USAGE && told && writer->stream)
        write_usage(writer, event);
    else if (event->kind == EVENT_USAGE && told)
        gathered->usage = make_usage(writer, event);
    else if (event->kind == EVENT_DONE && writer->stream)
        buf_add_string(writer->out, "data: [DONE]\n\n");
    else if (event->kind == EVENT_DONE)
        openai_write_whole(writer, gathered);
}

void openai_write_answer(struct answer_writer *writer, const struct answer_event *event)
{
    struct openai_gathered *gathered = gathered_of(writer);
    struct openai_choice *choice;

    if (gathered == NULL || event->kind == EVENT_BEGIN || event->kind == EVENT_ERROR)
        return;
    if (event->kind == EVENT_USAGE || event->kind == EVENT_DONE) {
        write_frame(writer, gathered, event);
        return;
    }
    choice = choice_of(writer, gathered, event->choice);
    if (choice == NULL)
        return;
    /* Reasoning behind something else is another block of it. */
    if (event->kind != EVENT_REASONING && event->kind != EVENT_SIGNATURE)
        choice->detail_open = false;
    if (writer->stream)
        write_delta(writer, choice, event);
    else
        openai_gather(writer, choice, event);
}

void openai_write_ping(struct answer_writer *writer)
{
    if (writer->stream)
        buf_add_string(writer->out, ": ping\n\n");
}

static void follow(struct answer_writer *writer, const struct json_doc *frame)
{
    int64_t created_s;

    answer_writer_keep(writer, frame, json_find(frame, 0, "id"), &writer->own_id);
    answer_writer_keep(writer, frame, json_find(frame, 0, "model"), &writer->model);
    if (json_int64(frame, json_find(frame, 0, "created"), &created_s) == 0 && created_s > 0)
        writer->created_s = created_s;
}

static bool resume(struct answer_writer *writer)
{
    struct openai_gathered *gathered = gathered_of(writer);
    struct openai_choice *choice = gathered == NULL ? NULL : choice_of(writer, gathered, 0);

    if (choice == NULL)
        return false;
    choice->begun = true;
    return true;
}

static void write_error(struct answer_writer *writer, struct span envelope)
{
    buf_add_string(writer->out, "data: ");
    buf_add_span(writer->out, envelope);
    buf_add_string(writer->out, "\n\n");
}

const struct client_language openai_client = {
    .name = "openai",
    .family = FAMILY_OPENAI,
    .stream_type = "text/event-stream; charset=utf-8",
    .usage_member = "usage",
    .read_ask = openai_read_ask,
    .write = openai_write_answer,
    .write_ping = openai_write_ping,
    .comments = true,
    .follow = follow,
    .resume = resume,
    .write_error = write_error,
};
