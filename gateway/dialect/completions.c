/*
 * completions: OpenAI's older completions, as a client's language: a prompt becomes one user's
 * message, and what a chat answers becomes a text_completion.
 *
 * https://platform.openai.com/docs/api-reference/completions. What belongs to completing alone and
 * not to a chat (echo, suffix, logprobs, best_of, several prompts, tokens) cannot be said so and is
 * refused. Reasoning is not shown: the dialect has no place for it.
 */
#include "gateway/dialect/completions.h"

#include <errno.h>

#include "gateway/dialect/openai.h"
#include "gateway/dialect/openai_language.h"
#include "gateway/dialect/openai_reading.h"

/* ---- who has them ---- */

bool completions_native(struct span provider, struct span model)
{
    static const struct {
        const char *provider, *model; /* how its name begins; NULL: any */
    } rows[] = {
        {"azure", "gpt-35-turbo-instruct"},
        {"deepinfra", NULL},
        {"fireworks-ai", NULL},
        {"friendli", NULL},
        {"llama-cpp", NULL},
        {"nebius", NULL},
        {"novita-ai", NULL},
        {"ollama", NULL},
        {"openai", "babbage-002"},
        {"openai", "davinci-002"},
        {"openai", "gpt-3.5-turbo-instruct"},
        {"togetherai", NULL},
        {"vllm", NULL},
    };

    for (size_t i = 0; i < array_size(rows); i++)
        if (span_is(provider, rows[i].provider) &&
            (rows[i].model == NULL || span_starts(model, rows[i].model)))
            return true;
    return false;
}

/* ---- the ask ---- */

/* The one text there is; JSON_NONE otherwise. */
static uint32_t prompt_of(const struct json_doc *doc)
{
    uint32_t prompt = json_find(doc, 0, "prompt");

    if (json_is(doc, prompt, JSON_ARRAY) && json_count(doc, prompt) == 1)
        prompt = json_first(doc, prompt);
    return json_is(doc, prompt, JSON_STRING) ? prompt : JSON_NONE;
}

static bool is_set(const struct json_doc *doc, const char *name)
{
    uint32_t node = json_find(doc, 0, name);

    return !json_is_null(doc, node) && json_kind(doc, node) != JSON_FALSE &&
           !(json_kind(doc, node) == JSON_STRING && json_string_is(doc, node, ""));
}

static bool refuse_what_chats_lack(struct openai_reading *r)
{
    static const struct {
        const char *name, *why;
    } rows[] = {
        {"echo", "'echo' cannot be honoured: this model is asked as a chat."},
        {"suffix", "'suffix' cannot be honoured: this model is asked as a chat."},
        {"logprobs", "'logprobs' cannot be honoured: this model is asked as a chat."},
    };
    int64_t best_of = 1, choices = 1;

    for (size_t i = 0; i < array_size(rows); i++)
        if (is_set(r->doc, rows[i].name))
            return openai_refuse(r, rows[i].name, rows[i].why);
    (void)!json_int64(r->doc, json_find(r->doc, 0, "best_of"), &best_of);
    (void)!json_int64(r->doc, json_find(r->doc, 0, "n"), &choices);
    if (best_of > choices)
        return openai_refuse(r, "best_of",
                             "'best_of' cannot be above 'n': this model is asked as a chat.");
    return prompt_of(r->doc) != JSON_NONE ||
           openai_refuse(r, "prompt",
                         "'prompt' must be one string: this model is asked as a chat.");
}

static void make_message(struct openai_reading *r)
{
    struct chat *chat = r->chat;

    chat->messages = arena_array(r->arena, 1, sizeof(*chat->messages));
    chat->parts = arena_array(r->arena, 1, sizeof(*chat->parts));
    chat->messages[0] = (struct chat_message){.role = CHAT_USER, .count = 1};
    chat->parts[0] =
        (struct chat_part){.kind = PART_TEXT, .text = openai_inside(r, prompt_of(r->doc))};
    chat->message_count = chat->part_count = 1;
}

static int read_ask(const struct json_doc *doc, struct arena *arena, struct chat *chat_out,
                    const char **why_out, const char **member_out)
{
    struct chat chat = {0};
    struct openai_reading r = {
        .doc = doc, .arena = arena, .chat = &chat, .list = "prompt", .calls = JSON_NONE};

    if (refuse_what_chats_lack(&r) && openai_read_wish(&r)) {
        make_message(&r);
        *chat_out = chat;
        return 0;
    }
    *why_out = r.why;
    *member_out = r.member;
    return -EINVAL;
}

/* ---- the answer ---- */

static struct json_writer begin_object(struct answer_writer *writer)
{
    struct json_writer w = json_writer_make(writer->out);

    json_begin(&w, '{');
    json_name(&w, "id");
    buf_printf(writer->out, "\"cmpl-%.*s\"", SPAN_ARG(writer->id));
    w.comma = true;
    json_put_cstring(&w, "object", "text_completion");
    json_put_int64(&w, "created", writer->created_s);
    json_put_inside(&w, "model", writer->model);
    json_name(&w, "choices");
    json_begin(&w, '[');
    return w;
}

static void begin_choice(struct json_writer *w, uint32_t index)
{
    json_begin(w, '{');
    json_put_int64(w, "index", index);
    json_name(w, "text");
    buf_add_byte(w->out, '"');
}

static void end_choice(struct json_writer *w, const char *finish)
{
    buf_add_byte(w->out, '"');
    w->comma = true;
    json_name(w, "logprobs");
    json_write_null(w);
    json_name(w, "finish_reason");
    if (finish == NULL)
        json_write_null(w);
    else
        json_write_string(w, span_of(finish));
    json_end(w, '}');
}

static void put_usage(struct answer_writer *writer, struct json_writer *w, struct span usage)
{
    if (usage.size > 0) {
        json_name(w, "usage");
        json_write_raw(w, usage);
    } else if (writer->stream && writer->include_usage) {
        json_name(w, "usage");
        json_write_null(w);
    }
    json_end(w, '}');
}

static void begin_event(struct answer_writer *writer)
{
    buf_add_string(writer->out, "data: ");
}

static void write_chunk(struct answer_writer *writer, const struct answer_event *event)
{
    struct json_writer w;

    begin_event(writer);
    w = begin_object(writer);
    begin_choice(&w, event->choice);
    if (event->kind != EVENT_FINISH)
        buf_add_span(writer->out, event->text);
    end_choice(&w, event->kind == EVENT_FINISH ? answer_finish_name(event->finish) : NULL);
    json_end(&w, ']');
    put_usage(writer, &w, (struct span){0});
    buf_add_string(writer->out, "\n\n");
}

static struct span usage_text(struct answer_writer *writer, const struct answer_event *event)
{
    const struct answer_usage *usage = event->usage;

    if (usage == NULL || usage->state != ANSWER_USAGE_GOOD)
        return (struct span){0};
    return openai_make_usage(writer->arena,
                             usage->shown.present != 0 ? &usage->shown : &usage->meters, ASK_CHAT,
                             event->json);
}

static void write_usage_chunk(struct answer_writer *writer, struct span usage)
{
    struct json_writer w;

    if (!writer->include_usage || usage.size == 0)
        return;
    begin_event(writer);
    w = begin_object(writer);
    json_end(&w, ']');
    put_usage(writer, &w, usage);
    buf_add_string(writer->out, "\n\n");
}

static void write_whole(struct answer_writer *writer, const struct openai_gathered *gathered)
{
    struct json_writer w = begin_object(writer);

    for (uint32_t i = 0; i < ASK_CHOICES_MAX; i++) {
        const struct openai_choice *choice = gathered->choices[i];

        if (choice == NULL)
            continue;
        begin_choice(&w, i);
        for (const struct openai_text *text = choice->text.first; text != NULL; text = text->next)
            buf_add_span(writer->out, text->at);
        end_choice(&w, answer_finish_name(choice->finished ? choice->finish : FINISH_STOP));
    }
    json_end(&w, ']');
    put_usage(writer, &w, gathered->usage);
}

static void gather(struct answer_writer *writer, struct openai_gathered *gathered,
                   const struct answer_event *event)
{
    struct openai_choice **choice = &gathered->choices[event->choice];

    if (*choice == NULL)
        *choice = openai_take(writer, sizeof(**choice));
    if (*choice != NULL)
        openai_gather(writer, *choice, event);
}

static void write_end(struct answer_writer *writer, struct openai_gathered *gathered,
                      const struct answer_event *event)
{
    if (event->kind == EVENT_USAGE && writer->stream)
        write_usage_chunk(writer, usage_text(writer, event));
    else if (event->kind == EVENT_USAGE)
        gathered->usage = usage_text(writer, event);
    else if (writer->stream)
        buf_add_string(writer->out, "data: [DONE]\n\n");
    else
        write_whole(writer, gathered);
}

static void write(struct answer_writer *writer, const struct answer_event *event)
{
    struct answer_event said = *event;

    if (writer->gathered == NULL)
        writer->gathered = openai_take(writer, sizeof(struct openai_gathered));
    if (writer->gathered == NULL)
        return;
    if (event->kind == EVENT_USAGE || event->kind == EVENT_DONE) {
        write_end(writer, writer->gathered, event);
        return;
    }
    if (event->kind == EVENT_REFUSAL)
        said.kind = EVENT_TEXT;
    if ((said.kind != EVENT_TEXT && said.kind != EVENT_FINISH) || said.choice >= ASK_CHOICES_MAX)
        return;
    if (writer->stream)
        write_chunk(writer, &said);
    else
        gather(writer, writer->gathered, &said);
}

static void write_error(struct answer_writer *writer, struct span envelope)
{
    begin_event(writer);
    buf_add_span(writer->out, envelope);
    buf_add_string(writer->out, "\n\n");
}

const struct client_language completions_client = {
    .name = "completions",
    .family = FAMILY_COMPLETIONS,
    .stream_type = "text/event-stream; charset=utf-8",
    .read_ask = read_ask,
    .write = write,
    .write_ping = openai_write_ping,
    .write_error = write_error,
};
