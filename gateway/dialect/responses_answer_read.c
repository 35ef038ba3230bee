/*
 * responses_answer_read: what the Responses API answers, in frames or whole, as events.
 *
 * The end of a stream is response.completed or response.incomplete and nothing else. An item is
 * told by its deltas; what had none is told by the item itself when it is done, as in a whole
 * answer. Items of the provider's own tools and unknown events are passed over.
 */
#include "common/base/json_writer.h"
#include "gateway/dialect/openai.h"
#include "gateway/dialect/responses.h"
#include "gateway/dialect/usage.h"

/* The last frame has the whole answer in it, and what was asked. */
static const struct json_limits limits_frame = {
    .max_bytes = (size_t)4 << 20, .max_depth = 64, .max_nodes = 400000};
static const struct json_limits limits_whole = {
    .max_bytes = (size_t)32 << 20, .max_depth = 64, .max_nodes = 2000000};

/* reader->blocks, by output_index: what was told of an item; a call's number behind it. */
enum { ITEM_SAID = 1, ITEM_CALL = 2, ITEM_RAW = 4, ITEM_CALL_SHIFT = 8 };

static const struct {
    const char *code;
    int32_t status;
} errors[] = {
    {"rate_limit_exceeded", 429},
    {"insufficient_quota", 429},
    {"server_error", 500},
    {"server_is_overloaded", 503},
    {"slow_down", 503},
    {"vector_store_timeout", 504},
    {"invalid_prompt", 400},
    {"context_length_exceeded", 400},
    {"invalid_image", 400},
    {"invalid_image_format", 400},
    {"invalid_base64_image", 400},
    {"invalid_image_url", 400},
    {"image_too_large", 400},
    {"image_too_small", 400},
    {"image_parse_error", 400},
    {"image_content_policy_violation", 400},
    {"invalid_image_mode", 400},
    {"image_file_too_large", 400},
    {"empty_image_file", 400},
    {"unsupported_image_media_type", 400},
    {"failed_to_download_image", 400},
    {"image_file_not_found", 400},
};

static uint32_t array_in(const struct answer_reader *reader, uint32_t object, const char *name)
{
    uint32_t node = json_find(reader->doc, object, name);

    return json_is(reader->doc, node, JSON_ARRAY) ? node : JSON_NONE;
}

static uint32_t object_in(const struct answer_reader *reader, uint32_t object, const char *name)
{
    uint32_t node = json_find(reader->doc, object, name);

    return json_is(reader->doc, node, JSON_OBJECT) ? node : JSON_NONE;
}

static bool has_items(const struct answer_reader *reader, uint32_t array)
{
    return array != JSON_NONE && json_first(reader->doc, array) != JSON_NONE;
}

/* ---- errors ---- */

static void tell_error(struct answer_reader *reader, uint32_t error)
{
    const struct json_doc *doc = reader->doc;
    struct answer *answer = reader->answer;
    int64_t status;

    answer_copy(answer->error_message, sizeof(answer->error_message),
                json_inside_in(reader->doc, error, "message"));
    answer_copy(answer->error_code, sizeof(answer->error_code),
                json_inside_in(reader->doc, error, "code"));
    answer_copy(answer->error_param, sizeof(answer->error_param),
                json_inside_in(reader->doc, error, "param"));
    for (size_t i = 0; i < array_size(errors); i++)
        if (strcmp(answer->error_code, errors[i].code) == 0)
            answer->error_status = errors[i].status;
    if (json_int64(doc, json_find(doc, error, "code"), &status) == 0 && status >= 400 &&
        status <= 599)
        answer->error_status = (int32_t)status;
    answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_ERROR});
}

/* An event "error" has its members beside its type, or in an object. */
static void on_error(struct answer_reader *reader, uint32_t root)
{
    uint32_t error = object_in(reader, root, "error");

    tell_error(reader, error == JSON_NONE ? root : error);
}

bool responses_read_error(struct answer_reader *reader, struct span body)
{
    return openai_read_error(reader->doc, body, reader->answer);
}

/* ---- items ---- */

static void tell_logprobs(struct answer_reader *reader, uint32_t logprobs)
{
    struct span raw;
    struct buf json;

    if (!has_items(reader, logprobs))
        return;
    raw = json_raw(reader->doc, logprobs);
    json = buf_make(raw.size + 64);
    buf_add_string(&json, "{\"content\":");
    buf_add_span(&json, raw);
    buf_add_string(&json, ",\"refusal\":null}");
    answer_reader_emit(reader,
                       &(struct answer_event){.kind = EVENT_LOGPROBS, .json = buf_span(&json)});
    buf_done(&json);
}

static void put_number(struct answer_reader *reader, struct json_writer *w, uint32_t object,
                       const char *name)
{
    int64_t number = 0;

    (void)!json_int64(reader->doc, json_find(reader->doc, object, name), &number);
    json_put_int64(w, name, number);
}

/* {"type":"url_citation","url":…} becomes OpenAI's annotation of chat completions. */
static void tell_annotation(struct answer_reader *reader, uint32_t annotation)
{
    struct span url = json_inside_in(reader->doc, annotation, "url");
    struct span title = json_inside_in(reader->doc, annotation, "title");
    struct buf json;
    struct json_writer w;

    if (!span_is(json_inside_in(reader->doc, annotation, "type"), "url_citation") || url.size == 0)
        return;
    json = buf_make(url.size + title.size + 256);
    w = json_writer_make(&json);
    json_begin(&w, '{');
    json_put_cstring(&w, "type", "url_citation");
    json_name(&w, "url_citation");
    buf_add_string(&json, "{\"url\":\"");
    buf_add_span(&json, url);
    buf_add_string(&json, "\",\"title\":\"");
    buf_add_span(&json, title);
    buf_add_byte(&json, '"');
    w.comma = true;
    put_number(reader, &w, annotation, "start_index");
    put_number(reader, &w, annotation, "end_index");
    json_end(&w, '}');
    json_end(&w, '}');
    answer_reader_emit(reader,
                       &(struct answer_event){.kind = EVENT_CITATION, .json = buf_span(&json)});
    buf_done(&json);
}

static void tell_message(struct answer_reader *reader, uint32_t item)
{
    const struct json_doc *doc = reader->doc;
    uint32_t content = array_in(reader, item, "content"), list;

    if (content == JSON_NONE)
        return;
    for (uint32_t part = json_first(doc, content); part != JSON_NONE;
         part = json_after(doc, content, part)) {
        answer_reader_emit_text(reader, EVENT_TEXT, 0, json_inside_in(reader->doc, part, "text"));
        answer_reader_emit_text(reader, EVENT_REFUSAL, 0,
                                json_inside_in(reader->doc, part, "refusal"));
        tell_logprobs(reader, array_in(reader, part, "logprobs"));
        list = array_in(reader, part, "annotations");
        if (list != JSON_NONE)
            for (uint32_t at = json_first(doc, list); at != JSON_NONE;
                 at = json_after(doc, list, at))
                tell_annotation(reader, at);
    }
}

/* True when there was some. */
static bool tell_thoughts(struct answer_reader *reader, uint32_t item, const char *name)
{
    const struct json_doc *doc = reader->doc;
    uint32_t list = array_in(reader, item, name);
    bool any = false;

    if (list == JSON_NONE)
        return false;
    for (uint32_t part = json_first(doc, list); part != JSON_NONE;
         part = json_after(doc, list, part)) {
        struct span text = json_inside_in(reader->doc, part, "text");
        answer_reader_emit_text(reader, EVENT_REASONING, 0, text);
        any = any || text.size > 0;
    }
    return any;
}

/* What was thought itself stands before its summary. The encrypted content is the signature of a
 * text that was told, else all there is. */
static void tell_reasoning(struct answer_reader *reader, uint32_t item, bool said)
{
    if (!said)
        said = tell_thoughts(reader, item, "content") || tell_thoughts(reader, item, "summary");
    answer_reader_emit_text(reader, said ? EVENT_SIGNATURE : EVENT_REDACTED, 0,
                            json_inside_in(reader->doc, item, "encrypted_content"));
}

/* A call begins: its number behind ITEM_CALL; 0 when there are too many. */
static uint16_t begin_call(struct answer_reader *reader, uint32_t item)
{
    struct span id = json_inside_in(reader->doc, item, "call_id");
    uint32_t tool = reader->tool_count;

    if (tool >= LANGUAGE_TOOLS_MAX) {
        answer_reader_malformed(reader);
        return 0;
    }
    answer_reader_emit(reader, &(struct answer_event){
                                   .kind = EVENT_TOOL,
                                   .tool = tool,
                                   .id = id.size > 0 ? id : json_inside_in(reader->doc, item, "id"),
                                   .name = json_inside_in(reader->doc, item, "name")});
    return (uint16_t)(tool << ITEM_CALL_SHIFT | ITEM_CALL);
}

static void tell_arguments(struct answer_reader *reader, uint16_t *block, struct span text)
{
    if (text.size == 0)
        return;
    answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_ARGUMENTS,
                                                      .tool = (uint32_t)*block >> ITEM_CALL_SHIFT,
                                                      .text = text});
    *block |= ITEM_SAID;
}

/* An item that is done: what of it was not told yet. */
static void tell_item(struct answer_reader *reader, uint32_t item, uint16_t *block)
{
    struct span type = json_inside_in(reader->doc, item, "type");

    if (span_is(type, "message") && (*block & ITEM_SAID) == 0)
        tell_message(reader, item);
    else if (span_is(type, "reasoning"))
        tell_reasoning(reader, item, (*block & ITEM_SAID) != 0);
    if (!span_is(type, "function_call"))
        return;
    if ((*block & ITEM_CALL) == 0)
        *block = begin_call(reader, item);
    if ((*block & ITEM_CALL) != 0 && (*block & ITEM_SAID) == 0)
        tell_arguments(reader, block, json_inside_in(reader->doc, item, "arguments"));
}

/* ---- the answer itself ---- */

static void begin(struct answer_reader *reader, uint32_t response)
{
    if (!reader->begun && response != JSON_NONE)
        answer_reader_emit(
            reader, &(struct answer_event){.kind = EVENT_BEGIN,
                                           .id = json_inside_in(reader->doc, response, "id"),
                                           .name = json_inside_in(reader->doc, response, "model")});
}

static enum answer_finish finish_of(const struct answer_reader *reader, struct span status,
                                    struct span reason)
{
    if (span_is(status, "incomplete"))
        return span_is(reason, "content_filter") ? FINISH_CONTENT_FILTER : FINISH_LENGTH;
    return reader->tool_count > 0 ? FINISH_TOOL_CALLS : FINISH_STOP;
}

static void read_tier(struct answer_reader *reader, uint32_t response)
{
    struct span tier = json_inside_in(reader->doc, response, "service_tier");

    if (tier.size > 0)
        reader->answer->mode = span_is(tier, "flex")       ? MODE_FLEX
                               : span_is(tier, "priority") ? MODE_PRIORITY
                                                           : MODE_STANDARD;
}

static void read_usage(struct answer_reader *reader, uint32_t response)
{
    uint32_t usage = json_find(reader->doc, response, "usage");

    if (!json_is_null(reader->doc, usage))
        usage_read_responses(reader->doc, usage, &reader->answer->usage);
}

static void end(struct answer_reader *reader, uint32_t response, struct span status)
{
    struct span reason = json_inside_in(
        reader->doc, json_find(reader->doc, response, "incomplete_details"), "reason");

    read_tier(reader, response);
    read_usage(reader, response);
    answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_FINISH,
                                                      .finish = finish_of(reader, status, reason),
                                                      .text = reason.size > 0 ? reason : status});
    if (reader->answer->usage.state != ANSWER_USAGE_ABSENT)
        answer_reader_emit(
            reader, &(struct answer_event){.kind = EVENT_USAGE, .usage = &reader->answer->usage});
    answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_DONE});
}

/* ---- a stream ---- */

/* What was told of the item that an event is of. NULL: the answer is malformed. */
static uint16_t *block_at(struct answer_reader *reader, uint32_t root)
{
    int64_t index = 0;
    int error = json_int64(reader->doc, json_find(reader->doc, root, "output_index"), &index);

    if (error == 0 && index >= 0 && index < LANGUAGE_TOOLS_MAX)
        return &reader->blocks[index];
    answer_reader_malformed(reader);
    return NULL;
}

static void on_begin(struct answer_reader *reader, uint32_t root)
{
    begin(reader, object_in(reader, root, "response"));
}

static void on_item_added(struct answer_reader *reader, uint32_t root)
{
    uint32_t item = object_in(reader, root, "item");
    uint16_t *block = item == JSON_NONE ? NULL : block_at(reader, root);

    if (block == NULL || !span_is(json_inside_in(reader->doc, item, "type"), "function_call"))
        return;
    *block = begin_call(reader, item);
    if ((*block & ITEM_CALL) != 0)
        tell_arguments(reader, block, json_inside_in(reader->doc, item, "arguments"));
}

static void on_item_done(struct answer_reader *reader, uint32_t root)
{
    uint32_t item = object_in(reader, root, "item");
    uint16_t *block = item == JSON_NONE ? NULL : block_at(reader, root);

    if (block != NULL)
        tell_item(reader, item, block);
}

static void on_delta(struct answer_reader *reader, uint32_t root, enum answer_event_kind kind)
{
    struct span text = json_inside_in(reader->doc, root, "delta");
    uint16_t *block = block_at(reader, root);

    if (block == NULL || text.size == 0)
        return;
    *block |= ITEM_SAID;
    answer_reader_emit_text(reader, kind, 0, text);
}

static void on_text(struct answer_reader *reader, uint32_t root)
{
    on_delta(reader, root, EVENT_TEXT);
    tell_logprobs(reader, array_in(reader, root, "logprobs"));
}

static void on_refusal(struct answer_reader *reader, uint32_t root)
{
    on_delta(reader, root, EVENT_REFUSAL);
}

static void on_annotation(struct answer_reader *reader, uint32_t root)
{
    uint32_t annotation = object_in(reader, root, "annotation");

    if (annotation != JSON_NONE)
        tell_annotation(reader, annotation);
}

static void on_thought(struct answer_reader *reader, uint32_t root)
{
    uint16_t *block = block_at(reader, root);

    if (block == NULL)
        return;
    *block |= ITEM_RAW;
    on_delta(reader, root, EVENT_REASONING);
}

/* Of what was told as it was thought, no summary is needed. */
static void on_summary(struct answer_reader *reader, uint32_t root)
{
    uint16_t *block = block_at(reader, root);

    if (block != NULL && (*block & ITEM_RAW) == 0)
        on_delta(reader, root, EVENT_REASONING);
}

static void on_arguments(struct answer_reader *reader, uint32_t root)
{
    uint16_t *block = block_at(reader, root);

    if (block != NULL && (*block & ITEM_CALL) != 0)
        tell_arguments(reader, block, json_inside_in(reader->doc, root, "delta"));
}

static void on_end(struct answer_reader *reader, uint32_t root)
{
    uint32_t response = object_in(reader, root, "response");

    if (response == JSON_NONE) {
        answer_reader_malformed(reader);
        return;
    }
    begin(reader, response);
    end(reader, response,
        span_of(span_is(json_inside_in(reader->doc, root, "type"), "response.incomplete")
                    ? "incomplete"
                    : "completed"));
}

static void on_failed(struct answer_reader *reader, uint32_t root)
{
    uint32_t response = object_in(reader, root, "response");

    read_usage(reader, response);
    tell_error(reader, object_in(reader, response, "error"));
}

static const struct {
    const char *type;
    void (*read)(struct answer_reader *reader, uint32_t root);
} events[] = {
    {"response.output_text.delta", on_text},
    {"response.function_call_arguments.delta", on_arguments},
    {"response.reasoning_summary_text.delta", on_summary},
    {"response.reasoning_text.delta", on_thought},
    {"response.refusal.delta", on_refusal},
    {"response.output_text.annotation.added", on_annotation},
    {"response.output_item.added", on_item_added},
    {"response.output_item.done", on_item_done},
    {"response.created", on_begin},
    {"response.in_progress", on_begin},
    {"response.completed", on_end},
    {"response.incomplete", on_end},
    {"response.failed", on_failed},
    {"error", on_error},
};

void responses_read_frame(struct answer_reader *reader, struct span event, struct span data)
{
    struct span type;

    reader->signs = 0;
    if (span_trim(data).size == 0 || reader->done || span_is(span_trim(data), "[DONE]"))
        return;
    if (json_parse(reader->doc, data, &limits_frame) != JSON_OK ||
        json_kind(reader->doc, 0) != JSON_OBJECT) {
        answer_reader_malformed(reader);
        return;
    }
    type = json_inside_in(reader->doc, 0, "type");
    if (type.size == 0)
        type = event;
    for (size_t i = 0; i < array_size(events); i++)
        if (span_is(type, events[i].type)) {
            events[i].read(reader, 0);
            return;
        }
    /* Proxies tell an error as they do for chats. */
    if (json_inside_in(reader->doc, 0, "type").size == 0 &&
        object_in(reader, 0, "error") != JSON_NONE)
        on_error(reader, 0);
}

/* ---- a whole answer ---- */

static void read_output(struct answer_reader *reader)
{
    uint32_t output = array_in(reader, 0, "output");

    if (output == JSON_NONE) {
        answer_reader_malformed(reader);
        return;
    }
    for (uint32_t item = json_first(reader->doc, output); item != JSON_NONE;
         item = json_after(reader->doc, output, item)) {
        uint16_t block = 0;
        tell_item(reader, item, &block);
    }
}

void responses_read_whole(struct answer_reader *reader, struct span body)
{
    struct span status;

    reader->signs = 0;
    if (json_parse(reader->doc, body, &limits_whole) != JSON_OK ||
        json_kind(reader->doc, 0) != JSON_OBJECT) {
        answer_reader_malformed(reader);
        return;
    }
    status = json_inside_in(reader->doc, 0, "status");
    if (object_in(reader, 0, "error") != JSON_NONE) {
        read_usage(reader, 0);
        on_error(reader, 0);
    } else if (!span_is(status, "completed") && !span_is(status, "incomplete")) {
        answer_reader_malformed(reader);
    } else {
        begin(reader, 0);
        read_output(reader);
        end(reader, 0, status);
    }
}
