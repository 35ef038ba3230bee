/*
 * gemini_answer_read: GenerateContentResponse objects, one whole or many in a stream, read into
 * events.
 *
 * A stream has no end marker, and older models tell a finishReason in each of its frames: what
 * ended is told at the end of the body. Of the reader's own notes, numbers[] has which candidates
 * were begun and whether the last usage told of an output; blocks[] has per candidate its tool
 * calls, then the word it ended with, then (gemini_extras_read.c) what was cited.
 */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/json_writer.h"
#include "gateway/dialect/gemini_language.h"
#include "gateway/dialect/gemini_usage.h"

enum { NOTE_BEGUN, NOTE_OUTPUT_TOLD };                    /* of numbers[] */
enum { BLOCK_TOOLS, BLOCK_WORD = GEMINI_CANDIDATES_MAX }; /* of blocks[] */
enum { ARGUMENTS_MAX = 8 << 20, CALL_ID_MAX = 64, ID_PART_MAX = 26 };

static const struct json_limits limits_whole = {
    .max_bytes = (size_t)32 << 20, .max_depth = 64, .max_nodes = 1000000};
static const struct json_limits limits_frame = {
    .max_bytes = (size_t)2 << 20, .max_depth = 64, .max_nodes = 100000};

/* The first two have no word of their own: it stands in the answer. */
static const struct {
    const char *word;
    enum answer_finish finish;
} words[] = {
    {"", FINISH_STOP},
    {"", FINISH_CONTENT_FILTER},
    {"STOP", FINISH_STOP},
    {"MAX_TOKENS", FINISH_LENGTH},
    {"SAFETY", FINISH_CONTENT_FILTER},
    {"RECITATION", FINISH_CONTENT_FILTER},
    {"LANGUAGE", FINISH_CONTENT_FILTER},
    {"BLOCKLIST", FINISH_CONTENT_FILTER},
    {"PROHIBITED_CONTENT", FINISH_CONTENT_FILTER},
    {"SPII", FINISH_CONTENT_FILTER},
    {"MODEL_ARMOR", FINISH_CONTENT_FILTER},
    {"IMAGE_SAFETY", FINISH_CONTENT_FILTER},
    {"IMAGE_PROHIBITED_CONTENT", FINISH_CONTENT_FILTER},
    {"IMAGE_RECITATION", FINISH_CONTENT_FILTER},
    {"OTHER", FINISH_CONTENT_FILTER},
    {"MALFORMED_FUNCTION_CALL", FINISH_ERROR},
    {"UNEXPECTED_TOOL_CALL", FINISH_ERROR},
    {"TOO_MANY_TOOL_CALLS", FINISH_ERROR},
    {"MISSING_THOUGHT_SIGNATURE", FINISH_ERROR},
    {"MALFORMED_RESPONSE", FINISH_ERROR},
    {"IMAGE_OTHER", FINISH_ERROR},
    {"NO_IMAGE", FINISH_ERROR},
};
enum { WORD_UNKNOWN, WORD_BLOCKED, WORD_FIRST };

static bool is_begun(const struct answer_reader *reader, uint32_t choice)
{
    return (reader->numbers[NOTE_BEGUN] >> choice & 1) != 0;
}

static uint16_t *word_of(struct answer_reader *reader, uint32_t choice)
{
    return &reader->blocks[BLOCK_WORD + choice]; /* one more than its place; 0: none yet */
}

/* What a choice ended with; the last word counts. */
static void note_word(struct answer_reader *reader, uint32_t choice, struct span word, bool blocked)
{
    uint32_t at = blocked ? WORD_BLOCKED : WORD_UNKNOWN;

    if (word.size == 0 || span_is(word, "FINISH_REASON_UNSPECIFIED") ||
        span_is(word, "BLOCK_REASON_UNSPECIFIED"))
        return;
    for (uint32_t i = WORD_FIRST; i < array_size(words) && !blocked; i++)
        if (span_is(word, words[i].word))
            at = i;
    *word_of(reader, choice) = (uint16_t)(at + 1);
    if (choice == 0)
        answer_copy(reader->answer->finish_reason, sizeof(reader->answer->finish_reason), word);
    reader->numbers[NOTE_BEGUN] |= INT64_C(1) << choice;
}

/* An id that is the same however the answer is cut, and no other answer's. */
static void make_id(const struct answer_reader *reader, uint32_t choice, uint32_t tool,
                    char id_out[CALL_ID_MAX])
{
    char part[ID_PART_MAX + 1];
    size_t size = 0;

    for (const char *at = reader->answer->id; *at != '\0' && size < ID_PART_MAX; at++)
        if ((*at >= '0' && *at <= '9') || (*at >= 'A' && *at <= 'Z') ||
            (*at >= 'a' && *at <= 'z') || *at == '-' || *at == '_')
            part[size++] = *at;
    part[size] = '\0';
    if (choice == 0)
        (void)snprintf(id_out, CALL_ID_MAX, "call_%s_%" PRIu32, part, tool);
    else
        (void)snprintf(id_out, CALL_ID_MAX, "call_%s_%" PRIu32 "_%" PRIu32, part, choice, tool);
}

static void emit_arguments(struct answer_reader *reader, uint32_t choice, uint32_t tool,
                           uint32_t args)
{
    struct answer_event event = {.kind = EVENT_ARGUMENTS, .choice = choice, .tool = tool};
    struct buf quoted = buf_make(ARGUMENTS_MAX);
    struct span text = span_of("{}");

    if (!json_is_null(reader->doc, args))
        text = json_raw(reader->doc, args);
    (void)json_quote(&quoted, text);
    if (buf_failed(&quoted)) {
        answer_reader_malformed(reader);
    } else {
        event.text = span_part(buf_span(&quoted), 1, quoted.size - 2);
        answer_reader_emit(reader, &event);
    }
    buf_done(&quoted);
}

static void read_call(struct answer_reader *reader, uint32_t choice, uint32_t call)
{
    struct answer_event event = {.kind = EVENT_TOOL, .choice = choice};
    char id[CALL_ID_MAX];

    event.name = json_inside(reader->doc, json_find(reader->doc, call, "name"));
    if (event.name.size == 0)
        return;
    if (reader->blocks[BLOCK_TOOLS + choice] >= LANGUAGE_TOOLS_MAX) {
        answer_reader_malformed(reader);
        return;
    }
    event.tool = reader->blocks[BLOCK_TOOLS + choice]++;
    event.id = json_inside(reader->doc, json_find(reader->doc, call, "id"));
    if (event.id.size == 0) {
        make_id(reader, choice, event.tool, id);
        event.id = span_of(id);
    }
    answer_reader_emit(reader, &event);
    emit_arguments(reader, choice, event.tool, json_find(reader->doc, call, "args"));
}

static void emit_signature(struct answer_reader *reader, uint32_t choice, bool of_call,
                           struct span signature)
{
    struct answer_event event = {.kind = EVENT_SIGNATURE, .choice = choice, .text = signature};

    if (signature.size == 0)
        return;
    event.of_call = of_call;
    if (of_call)
        event.tool = (uint32_t)reader->blocks[BLOCK_TOOLS + choice] - 1;
    answer_reader_emit(reader, &event);
}

static void read_media(struct answer_reader *reader, uint32_t choice, uint32_t media)
{
    struct answer_event event = {.kind = EVENT_IMAGE, .choice = choice};

    event.type = json_inside(reader->doc, json_find(reader->doc, media, "mimeType"));
    event.text = json_inside(reader->doc, json_find(reader->doc, media, "data"));
    if (event.text.size > 0 && span_starts(event.type, "image/"))
        answer_reader_emit(reader, &event);
}

static void read_part(struct answer_reader *reader, uint32_t choice, uint32_t part)
{
    const struct json_doc *doc = reader->doc;
    struct span text = json_inside(doc, json_find(doc, part, "text"));
    struct span signature = json_inside(doc, json_find(doc, part, "thoughtSignature"));
    uint32_t call = json_find(doc, part, "functionCall");
    uint32_t media = json_find(doc, part, "inlineData");
    uint32_t calls = reader->blocks[BLOCK_TOOLS + choice];

    if (gemini_is_true(doc, part, "thought")) {
        answer_reader_emit_text(reader, EVENT_REASONING, choice, text);
        emit_signature(reader, choice, false, signature);
        return;
    }
    if (json_is(doc, call, JSON_OBJECT)) {
        read_call(reader, choice, call);
        emit_signature(reader, choice, reader->blocks[BLOCK_TOOLS + choice] > calls, signature);
        return;
    }
    emit_signature(reader, choice, false, signature);
    answer_reader_emit_text(reader, EVENT_TEXT, choice, text);
    if (json_is(doc, media, JSON_OBJECT))
        read_media(reader, choice, media);
}

static void read_candidate(struct answer_reader *reader, uint32_t candidate, uint32_t position)
{
    const struct json_doc *doc = reader->doc;
    int64_t index = position;
    uint32_t parts = json_find(doc, json_find(doc, candidate, "content"), "parts");

    (void)!json_int64(doc, json_find(doc, candidate, "index"), &index);
    if (!json_is(doc, candidate, JSON_OBJECT) || index < 0 || index >= GEMINI_CANDIDATES_MAX) {
        answer_reader_malformed(reader);
        return;
    }
    uint32_t choice = (uint32_t)index;
    reader->numbers[NOTE_BEGUN] |= INT64_C(1) << choice;
    for (uint32_t part = gemini_first(doc, parts); part != JSON_NONE;
         part = gemini_after(doc, parts, part))
        read_part(reader, choice, part);
    gemini_read_extras(reader, choice, candidate);
    note_word(reader, choice, json_inside(doc, json_find(doc, candidate, "finishReason")), false);
}

/* In the words of AI Studio, and of Vertex. */
static void read_mode(struct answer_reader *reader, uint32_t usage)
{
    static const struct {
        const char *member, *word;
        enum price_mode mode;
    } rows[] = {
        {"serviceTier", "standard", MODE_STANDARD},
        {"serviceTier", "flex", MODE_FLEX},
        {"serviceTier", "priority", MODE_PRIORITY},
        {"trafficType", "ON_DEMAND", MODE_STANDARD},
        {"trafficType", "ON_DEMAND_FLEX", MODE_FLEX},
        {"trafficType", "ON_DEMAND_PRIORITY", MODE_PRIORITY},
    };

    for (size_t i = 0; i < array_size(rows); i++)
        if (span_is_nocase(json_inside(reader->doc, json_find(reader->doc, usage, rows[i].member)),
                           rows[i].word))
            reader->answer->mode = rows[i].mode;
}

static void read_usage(struct answer_reader *reader, uint32_t usage)
{
    const struct json_doc *doc = reader->doc;
    int64_t count;

    if (json_is_null(doc, usage))
        return;
    usage_read_gemini(doc, usage, (reader->answer->signs & ANSWER_CONTENT) != 0,
                      &reader->answer->usage);
    read_mode(reader, usage);
    reader->numbers[NOTE_OUTPUT_TOLD] =
        json_int64(doc, json_find(doc, usage, "candidatesTokenCount"), &count) == 0 ||
        json_int64(doc, json_find(doc, usage, "thoughtsTokenCount"), &count) == 0;
}

/* One response object; false when it is an error or says nothing of an answer. */
static bool read_response(struct answer_reader *reader, uint32_t root)
{
    const struct json_doc *doc = reader->doc;
    uint32_t candidates = json_find(doc, root, "candidates"), position = 0;
    uint32_t feedback = json_find(doc, root, "promptFeedback");
    struct span blocked = json_inside(doc, json_find(doc, feedback, "blockReason"));
    struct answer_event begin = {.kind = EVENT_BEGIN};

    if (gemini_note_error(doc, json_find(doc, root, "error"), reader->answer)) {
        answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_ERROR});
        return false;
    }
    begin.id = json_inside(doc, json_find(doc, root, "responseId"));
    begin.name = json_inside(doc, json_find(doc, root, "modelVersion"));
    uint32_t first = gemini_first(doc, candidates);
    if (first != JSON_NONE || blocked.size > 0)
        answer_reader_emit(reader, &begin);
    for (uint32_t one = first; one != JSON_NONE; one = gemini_after(doc, candidates, one))
        read_candidate(reader, one, position++);
    if (first == JSON_NONE)
        note_word(reader, 0, blocked, true);
    read_usage(reader, json_find(doc, root, "usageMetadata"));
    return first != JSON_NONE || blocked.size > 0;
}

static void emit_finish(struct answer_reader *reader, uint32_t choice)
{
    struct answer_event event = {.kind = EVENT_FINISH, .choice = choice};
    uint32_t word = *word_of(reader, choice) == 0 ? WORD_UNKNOWN : *word_of(reader, choice) - 1u;
    char own[sizeof(reader->answer->finish_reason)] = "";

    /* What it did counts, not that it says it stopped. */
    event.finish = words[word].finish;
    if (event.finish == FINISH_STOP && reader->blocks[BLOCK_TOOLS + choice] > 0)
        event.finish = FINISH_TOOL_CALLS;
    event.text = span_of(words[word].word);
    if (word < WORD_FIRST && choice == 0) {
        memcpy(own, reader->answer->finish_reason, sizeof(own));
        event.text = span_of(own);
    }
    answer_reader_emit(reader, &event);
}

static void end(struct answer_reader *reader)
{
    struct answer_event usage = {.kind = EVENT_USAGE, .usage = &reader->answer->usage};

    for (uint32_t choice = 0; choice < GEMINI_CANDIDATES_MAX; choice++)
        if (is_begun(reader, choice))
            emit_finish(reader, choice);
    if (reader->answer->usage.state != ANSWER_USAGE_ABSENT)
        answer_reader_emit(reader, &usage);
    answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_DONE});
}

void gemini_read_frame(struct answer_reader *reader, struct span event, struct span data)
{
    (void)event;
    reader->signs = 0;
    if (json_parse(reader->doc, data, &limits_frame) == JSON_OK &&
        json_kind(reader->doc, 0) == JSON_OBJECT)
        (void)read_response(reader, 0);
    else
        answer_reader_malformed(reader);
}

/* Streams that end well without a finishReason exist; their last frame tells of the output, which
 * that of one cut off in its midst rarely does. */
void gemini_read_end(struct answer_reader *reader, bool framed)
{
    bool finished = reader->numbers[NOTE_BEGUN] != 0;

    reader->signs = 0;
    for (uint32_t choice = 0; choice < GEMINI_CANDIDATES_MAX; choice++)
        if (is_begun(reader, choice) && *word_of(reader, choice) == 0)
            finished = false;
    if (finished || (framed && reader->begun && reader->numbers[NOTE_OUTPUT_TOLD] != 0))
        end(reader);
}

/* Without ?alt=sse a stream is an array of what its frames would be. */
void gemini_read_whole(struct answer_reader *reader, struct span body)
{
    bool any = false;

    reader->signs = 0;
    if (json_parse(reader->doc, body, &limits_whole) == JSON_OK)
        for (uint32_t one = gemini_first(reader->doc, 0); one != JSON_NONE;
             one = gemini_after(reader->doc, 0, one))
            any |= read_response(reader, one);
    if (any)
        end(reader);
    else if ((reader->signs & ANSWER_ERROR) == 0)
        answer_reader_malformed(reader);
}

bool gemini_read_error(struct answer_reader *reader, struct span body)
{
    const struct json_doc *doc = reader->doc;

    reader->signs = 0;
    if (json_parse(reader->doc, body, &limits_frame) != JSON_OK)
        return false;
    uint32_t error = json_find(doc, gemini_first(doc, 0), "error");
    if (!gemini_note_error(doc, error, reader->answer))
        return false;
    reader->signs |= ANSWER_ERROR;
    reader->answer->signs |= ANSWER_ERROR;
    return true;
}
