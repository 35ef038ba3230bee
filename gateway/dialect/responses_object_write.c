/*
 * responses_object_write: the response object and what is in it.
 *
 * Says again what was asked, as far as it was understood: SDKs read tools and format from there.
 */
#include "gateway/dialect/openai_language.h"
#include "gateway/dialect/responses_writer.h"

enum { CHUNK_MIN = 256, CHUNK_MAX = 16384 };

/* ---- texts ---- */

static struct responses_chunk *add_chunk(struct answer_writer *writer, struct responses_text *text,
                                         size_t size)
{
    size_t capacity = text->last == NULL ? CHUNK_MIN : 2 * text->last->capacity;
    struct responses_chunk *chunk;

    if (capacity > CHUNK_MAX)
        capacity = CHUNK_MAX;
    if (capacity < size)
        capacity = size;
    chunk = openai_take(writer, sizeof(*chunk) + capacity);
    if (chunk == NULL)
        return NULL;
    chunk->capacity = capacity;
    if (text->last == NULL)
        text->first = chunk;
    else
        text->last->next = chunk;
    text->last = chunk;
    return chunk;
}

void responses_append(struct answer_writer *writer, struct responses_text *text, struct span more)
{
    struct responses_chunk *chunk = text->last;

    if (more.size == 0)
        return;
    if (chunk == NULL || chunk->capacity - chunk->size < more.size)
        chunk = add_chunk(writer, text, more.size);
    if (chunk == NULL)
        return;
    memcpy(chunk->at + chunk->size, more.at, more.size);
    chunk->size += more.size;
}

static void add_text(struct json_writer *w, const struct responses_text *text)
{
    for (const struct responses_chunk *chunk = text->first; chunk != NULL; chunk = chunk->next)
        buf_add_span(w->out, span_make(chunk->at, chunk->size));
}

void responses_put_text(struct json_writer *w, const char *name, const struct responses_text *text)
{
    json_name(w, name);
    buf_add_byte(w->out, '"');
    add_text(w, text);
    buf_add_byte(w->out, '"');
    w->comma = true;
}

/* A list whose items have a comma before each. */
static void put_list(struct json_writer *w, const char *name, const struct responses_text *list)
{
    json_name(w, name);
    buf_add_byte(w->out, '[');
    for (const struct responses_chunk *chunk = list->first; chunk != NULL; chunk = chunk->next)
        buf_add_span(w->out, span_part(span_make(chunk->at, chunk->size), chunk == list->first,
                                       chunk->size));
    buf_add_byte(w->out, ']');
    w->comma = true;
}

static void put_raw(struct json_writer *w, const char *name, const char *json)
{
    json_name(w, name);
    json_write_raw(w, span_of(json));
}

/* ---- items ---- */

void responses_put_item_id(struct json_writer *w, const char *name,
                           const struct answer_writer *writer, const struct responses_item *item)
{
    static const char *const prefixes[] = {[RESPONSES_REASONING] = "rs",
                                           [RESPONSES_MESSAGE] = "msg",
                                           [RESPONSES_CALL] = "fc",
                                           [RESPONSES_IMAGE] = "ig"};

    if (item->own_id.size > 0) {
        json_put_inside(w, name, item->own_id);
        return;
    }
    json_name(w, name);
    buf_printf(w->out, "\"%s_%.*s_%u\"", prefixes[item->kind], SPAN_ARG(writer->id), item->index);
    w->comma = true;
}

void responses_put_logprobs(struct json_writer *w, const struct responses_part *part)
{
    put_list(w, "logprobs", &part->logprobs);
}

void responses_put_part(struct json_writer *w, const struct responses_part *part, bool empty)
{
    static const struct responses_text none;

    json_begin(w, '{');
    json_put_cstring(w, "type", part->refusal ? "refusal" : "output_text");
    if (part->refusal) {
        responses_put_text(w, "refusal", empty ? &none : &part->text);
    } else {
        responses_put_text(w, "text", empty ? &none : &part->text);
        put_list(w, "annotations", empty ? &none : &part->annotations);
        put_list(w, "logprobs", empty ? &none : &part->logprobs);
    }
    json_end(w, '}');
}

static const char *status_of(const struct responses_item *item, bool empty)
{
    return empty || item->open ? "in_progress" : item->cut ? "incomplete" : "completed";
}

static void put_message(struct json_writer *w, const struct responses_item *item, bool empty)
{
    json_put_cstring(w, "type", "message");
    json_put_cstring(w, "status", status_of(item, empty));
    json_put_cstring(w, "role", "assistant");
    json_name(w, "content");
    json_begin(w, '[');
    for (const struct responses_part *part = empty ? NULL : item->first_part; part != NULL;
         part = part->next)
        responses_put_part(w, part, false);
    json_end(w, ']');
}

static void put_reasoning(struct json_writer *w, const struct responses_item *item, bool empty)
{
    json_put_cstring(w, "type", "reasoning");
    json_name(w, "summary");
    json_begin(w, '[');
    if (!empty && item->text.first != NULL) {
        json_begin(w, '{');
        json_put_cstring(w, "type", "summary_text");
        responses_put_text(w, "text", &item->text);
        json_end(w, '}');
    }
    json_end(w, ']');
    if (!empty && item->secret.first != NULL)
        responses_put_text(w, "encrypted_content", &item->secret);
}

static void put_call(struct json_writer *w, const struct responses_item *item, bool empty)
{
    static const struct responses_text none;

    json_put_cstring(w, "type", "function_call");
    json_put_cstring(w, "status", status_of(item, empty));
    responses_put_text(w, "arguments", empty ? &none : &item->text);
    json_put_inside(w, "call_id", item->call_id);
    json_put_inside(w, "name", item->name);
}

static void put_image(struct json_writer *w, const struct responses_item *item, bool empty)
{
    json_put_cstring(w, "type", "image_generation_call");
    json_put_cstring(w, "status", status_of(item, empty));
    if (empty)
        put_raw(w, "result", "null");
    else
        responses_put_text(w, "result", &item->text);
}

void responses_put_item(struct json_writer *w, const struct answer_writer *writer,
                        const struct responses_item *item, bool empty)
{
    if (item->raw.size > 0) {
        json_write_raw(w, item->raw);
        return;
    }
    json_begin(w, '{');
    responses_put_item_id(w, "id", writer, item);
    switch (item->kind) {
    case RESPONSES_REASONING:
        put_reasoning(w, item, empty);
        break;
    case RESPONSES_MESSAGE:
        put_message(w, item, empty);
        break;
    case RESPONSES_CALL:
        put_call(w, item, empty);
        break;
    case RESPONSES_IMAGE:
        put_image(w, item, empty);
        break;
    }
    json_end(w, '}');
}

/* ---- what was asked ---- */

static void put_json_or_null(struct json_writer *w, const char *name, struct span json)
{
    json_name(w, name);
    json_write_raw(w, json.size > 0 ? json : span_of("null"));
}

static void put_inside_or_null(struct json_writer *w, const char *name, struct span inside)
{
    if (inside.size > 0)
        json_put_inside(w, name, inside);
    else
        put_raw(w, name, "null");
}

static void put_strict(struct json_writer *w, int strict)
{
    put_raw(w, "strict", strict < 0 ? "null" : strict ? "true" : "false");
}

static void put_tools(struct json_writer *w, const struct chat *chat)
{
    json_name(w, "tools");
    json_begin(w, '[');
    for (uint32_t i = 0; i < chat->tool_count; i++) {
        const struct chat_tool *tool = &chat->tools[i];
        json_begin(w, '{');
        json_put_cstring(w, "type", "function");
        json_put_inside(w, "name", tool->name);
        put_inside_or_null(w, "description", tool->description);
        put_json_or_null(w, "parameters", tool->schema);
        put_strict(w, tool->strict);
        json_end(w, '}');
    }
    json_end(w, ']');
}

static void put_choice(struct json_writer *w, const struct chat_wish *wish)
{
    if (wish->tool_choice == CHOICE_NAMED) {
        json_name(w, "tool_choice");
        json_begin(w, '{');
        json_put_cstring(w, "type", "function");
        json_put_inside(w, "name", wish->tool_name);
        json_end(w, '}');
    } else {
        json_put_cstring(w, "tool_choice",
                         wish->tool_choice == CHOICE_NONE       ? "none"
                         : wish->tool_choice == CHOICE_REQUIRED ? "required"
                                                                : "auto");
    }
}

static void put_text_config(struct json_writer *w, const struct chat_wish *wish)
{
    json_name(w, "text");
    json_begin(w, '{');
    json_name(w, "format");
    json_begin(w, '{');
    json_put_cstring(w, "type",
                     wish->format == FORMAT_TEXT   ? "text"
                     : wish->format == FORMAT_JSON ? "json_object"
                                                   : "json_schema");
    if (wish->format == FORMAT_SCHEMA) {
        json_put_inside(w, "name", wish->schema_name);
        put_json_or_null(w, "schema", wish->schema);
        put_strict(w, wish->schema_strict);
    }
    json_end(w, '}');
    if (wish->verbosity.size > 0)
        json_put_inside(w, "verbosity", wish->verbosity);
    json_end(w, '}');
}

static void put_reasoning_config(struct json_writer *w, const struct chat_wish *wish)
{
    static const char *const words[] = {
        [EFFORT_UNSET] = NULL,    [EFFORT_NONE] = "none",     [EFFORT_MINIMAL] = "minimal",
        [EFFORT_LOW] = "low",     [EFFORT_MEDIUM] = "medium", [EFFORT_HIGH] = "high",
        [EFFORT_XHIGH] = "xhigh",
    };

    json_name(w, "reasoning");
    json_begin(w, '{');
    if (words[wish->effort] == NULL)
        put_raw(w, "effort", "null");
    json_put_cstring(w, "effort", words[wish->effort]);
    put_raw(w, "summary", "null");
    json_end(w, '}');
}

static void put_asked(struct json_writer *w, const struct chat *chat)
{
    static const struct chat nothing = {.wish = {.max_tokens = -1, .parallel_tools = -1}};
    const struct chat_wish *wish;

    if (chat == NULL)
        chat = &nothing;
    wish = &chat->wish;
    put_raw(w, "instructions", "null");
    if (wish->max_tokens < 0)
        put_raw(w, "max_output_tokens", "null");
    else
        json_put_int64(w, "max_output_tokens", wish->max_tokens);
    json_put_bool(w, "parallel_tool_calls", wish->parallel_tools != 0);
    put_raw(w, "previous_response_id", "null");
    put_reasoning_config(w, wish);
    json_put_bool(w, "store", false);
    put_json_or_null(w, "temperature", wish->temperature);
    put_text_config(w, wish);
    put_choice(w, wish);
    put_tools(w, chat);
    put_json_or_null(w, "top_p", wish->top_p);
    json_put_cstring(w, "truncation", "disabled");
    put_inside_or_null(w, "user", wish->user);
    json_name(w, "metadata");
    json_write_raw(w, wish->metadata.size > 0 ? wish->metadata : span_of("{}"));
}

/* ---- the response ---- */

static void put_usage(struct json_writer *w, const struct responses_writer *r)
{
    const int64_t *count = r->usage.count;
    int64_t input = meters_prompt(&r->usage);
    int64_t output = count[METER_OUTPUT] + count[METER_OUTPUT_AUDIO] + count[METER_OUTPUT_IMAGE];

    if (!r->has_usage) {
        put_raw(w, "usage", "null");
        return;
    }
    json_name(w, "usage");
    json_begin(w, '{');
    json_put_int64(w, "input_tokens", input);
    json_name(w, "input_tokens_details");
    json_begin(w, '{');
    json_put_int64(w, "cached_tokens", count[METER_CACHE_READ]);
    json_put_int64(w, "cache_write_tokens",
                   count[METER_CACHE_WRITE_5M] + count[METER_CACHE_WRITE_1H]);
    json_end(w, '}');
    json_put_int64(w, "output_tokens", output);
    json_name(w, "output_tokens_details");
    json_begin(w, '{');
    json_put_int64(w, "reasoning_tokens", count[METER_REASONING]);
    json_end(w, '}');
    json_put_int64(w, "total_tokens", input + output);
    if (r->more.size > 0) {
        buf_add_byte(w->out, ',');
        buf_add_span(w->out, r->more);
    }
    json_end(w, '}');
}

static void put_state(struct json_writer *w, const struct responses_state *state)
{
    json_put_cstring(w, "status", state->status);
    json_put_bool(w, "background", false);
    if (state->error_code.size == 0) {
        put_raw(w, "error", "null");
    } else {
        json_name(w, "error");
        json_begin(w, '{');
        json_put_inside(w, "code", state->error_code);
        json_put_inside(w, "message", state->error_message);
        json_end(w, '}');
    }
    if (state->incomplete == NULL) {
        put_raw(w, "incomplete_details", "null");
    } else {
        json_name(w, "incomplete_details");
        json_begin(w, '{');
        json_put_cstring(w, "reason", state->incomplete);
        json_end(w, '}');
    }
}

void responses_put_response(struct json_writer *w, const struct answer_writer *writer,
                            const struct responses_writer *r, const struct responses_state *state)
{
    json_begin(w, '{');
    json_name(w, "id");
    buf_printf(w->out, "\"resp_%.*s\"", SPAN_ARG(writer->id));
    w->comma = true;
    json_put_cstring(w, "object", "response");
    json_put_int64(w, "created_at", writer->created_s);
    put_state(w, state);
    json_put_inside(w, "model", writer->model);
    json_name(w, "output");
    json_begin(w, '[');
    /* Nothing of it stands in the first events, whatever a provider said with its begin. */
    for (const struct responses_item *item = r->first; item != NULL; item = item->next)
        responses_put_item(w, writer, item, false);
    json_end(w, ']');
    put_asked(w, writer->chat);
    put_usage(w, r);
    json_end(w, '}');
}
