/*
 * openai_answer_read: chunks and whole answers of the OpenAI language -> events.
 *
 * The root (id, model, tier, usage, error) is read by openai.c; here is what the choices say.
 * Usage is cumulative where a provider tells it with every chunk, so it is told at the end.
 */
#include "common/base/mem.h"
#include "gateway/dialect/compatible.h"
#include "gateway/dialect/openai.h"
#include "gateway/dialect/openai_answer_reading.h"
#include "gateway/dialect/openai_language.h"
#include "gateway/dialect/usage.h"

/* ---- texts ---- */

static void tell_signed(struct answer_reader *reader, uint32_t choice, uint32_t detail,
                        enum answer_event_kind kind, const char *name)
{
    struct answer_event event = {
        .kind = kind, .choice = choice, .text = json_inside_in(reader->doc, detail, name)};

    event.signer = signer_of_format(json_inside_in(reader->doc, detail, "format"));
    if (event.text.size > 0)
        answer_reader_emit(reader, &event);
}

/* OpenRouter's blocks: what of them is not in the plain text. */
static void read_details(struct answer_reader *reader, uint32_t choice, uint32_t message,
                         bool has_text)
{
    const struct json_doc *doc = reader->doc;
    uint32_t details = array_in(doc, message, "reasoning_details");

    if (details == JSON_NONE)
        return;
    for (uint32_t detail = json_first(doc, details); detail != JSON_NONE;
         detail = json_after(doc, details, detail)) {
        if (!has_text) {
            answer_reader_emit_text(reader, EVENT_REASONING, choice,
                                    json_inside_in(doc, detail, "text"));
            answer_reader_emit_text(reader, EVENT_REASONING, choice,
                                    json_inside_in(doc, detail, "summary"));
        }
        tell_signed(reader, choice, detail, EVENT_SIGNATURE, "signature");
        tell_signed(reader, choice, detail, EVENT_REDACTED, "data");
    }
}

static bool has_blocks(const struct json_doc *doc, uint32_t details)
{
    uint32_t texts = 0;

    if (details == JSON_NONE || json_count(doc, details) < 2)
        return false;
    for (uint32_t detail = json_first(doc, details); detail != JSON_NONE;
         detail = json_after(doc, details, detail))
        texts += json_inside_in(doc, detail, "text").size > 0 ||
                 json_inside_in(doc, detail, "summary").size > 0;
    return texts > 0;
}

static void read_reasoning(struct answer_reader *reader, uint32_t choice, uint32_t message)
{
    /* Two names of one text: told once. */
    struct span text = json_inside_in(reader->doc, message, "reasoning_content");

    if (text.size == 0)
        text = json_inside_in(reader->doc, message, "reasoning");
    /* A whole answer with several blocks tells where each ends. */
    if (has_blocks(reader->doc, array_in(reader->doc, message, "reasoning_details")))
        text = (struct span){0};
    answer_reader_emit_text(reader, EVENT_REASONING, choice, text);
    read_details(reader, choice, message, text.size > 0);
}

/* Mistral's content in parts; its thinking is a list of them. */
static void read_parts(struct answer_reader *reader, uint32_t choice, uint32_t parts,
                       enum answer_event_kind kind)
{
    const struct json_doc *doc = reader->doc;

    for (uint32_t part = json_first(doc, parts); part != JSON_NONE;
         part = json_after(doc, parts, part)) {
        uint32_t thinking = array_in(doc, part, "thinking");
        if (thinking != JSON_NONE && kind == EVENT_TEXT)
            for (uint32_t item = json_first(doc, thinking); item != JSON_NONE;
                 item = json_after(doc, thinking, item))
                answer_reader_emit_text(reader, EVENT_REASONING, choice,
                                        json_inside_in(doc, item, "text"));
        else if (kind == EVENT_TEXT)
            answer_reader_emit_text(reader, EVENT_REASONING, choice,
                                    json_inside_in(doc, part, "thinking"));
        answer_reader_emit_text(reader, kind, choice, json_inside_in(doc, part, "text"));
    }
}

static void read_content(struct answer_reader *reader, uint32_t choice, uint32_t message)
{
    uint32_t content = json_find(reader->doc, message, "content");

    if (json_is(reader->doc, content, JSON_STRING))
        answer_reader_emit_text(reader, EVENT_TEXT, choice, json_inside(reader->doc, content));
    else if (json_is(reader->doc, content, JSON_ARRAY))
        read_parts(reader, choice, content, EVENT_TEXT);
    answer_reader_emit_text(reader, EVENT_REFUSAL, choice,
                            json_inside_in(reader->doc, message, "refusal"));
}

/* OpenRouter's generated pictures, which are data URLs. */
static void read_images(struct answer_reader *reader, uint32_t choice, uint32_t message)
{
    const struct json_doc *doc = reader->doc;
    uint32_t images = array_in(doc, message, "images");

    if (images == JSON_NONE)
        return;
    for (uint32_t image = json_first(doc, images); image != JSON_NONE;
         image = json_after(doc, images, image)) {
        struct span rest = json_inside_in(doc, json_find(doc, image, "image_url"), "url"), type;
        if (!span_starts(rest, "data:"))
            continue;
        rest = span_part(rest, 5, rest.size);
        type = span_cut(&rest, ';');
        if (span_starts(rest, "base64,"))
            answer_reader_emit(reader,
                               &(struct answer_event){.kind = EVENT_IMAGE,
                                                      .choice = choice,
                                                      .type = type,
                                                      .text = span_part(rest, 7, rest.size)});
    }
}

/* ---- citations ---- */

static void cite(struct answer_reader *reader, uint32_t choice, struct span json)
{
    answer_reader_emit(
        reader, &(struct answer_event){.kind = EVENT_CITATION, .choice = choice, .json = json});
}

static void read_annotations(struct answer_reader *reader, uint32_t choice, uint32_t message)
{
    const struct json_doc *doc = reader->doc;
    uint32_t list = array_in(doc, message, "annotations");

    if (list == JSON_NONE)
        return;
    for (uint32_t item = json_first(doc, list); item != JSON_NONE;
         item = json_after(doc, list, item))
        if (json_kind(doc, item) == JSON_OBJECT)
            cite(reader, choice, json_raw(doc, item));
}

/* Perplexity's, beside the choices and the same in every chunk: told with the end. */
static void read_sources(struct answer_reader *reader, uint32_t choice)
{
    const struct json_doc *doc = reader->doc;
    uint32_t results = array_in(doc, 0, "search_results"), urls = array_in(doc, 0, "citations");

    if (results != JSON_NONE && json_first(doc, results) != JSON_NONE)
        for (uint32_t item = json_first(doc, results); item != JSON_NONE;
             item = json_after(doc, results, item))
            answer_reader_cite_url(reader, choice, json_inside_in(doc, item, "url"),
                                   json_inside_in(doc, item, "title"));
    else if (urls != JSON_NONE)
        for (uint32_t item = json_first(doc, urls); item != JSON_NONE;
             item = json_after(doc, urls, item))
            answer_reader_cite_url(reader, choice, json_inside(doc, item), (struct span){0});
}

/* ---- ends ---- */

static void finish(struct answer_reader *reader, uint32_t choice, struct span word)
{
    enum answer_finish how = openai_finish_of(word);

    if (in_set(reader, FINISHED, choice))
        return;
    openai_tell_held(reader);
    put_in_set(reader, FINISHED, choice);
    /* A call that was demanded by name ends in "stop", and some say so for every call. */
    if (how == FINISH_STOP && in_set(reader, CALLING, choice))
        how = FINISH_TOOL_CALLS;
    answer_reader_emit(reader,
                       &(struct answer_event){
                           .kind = EVENT_FINISH, .choice = choice, .finish = how, .text = word});
}

static void end(struct answer_reader *reader)
{
    openai_tell_held(reader);
    for (uint32_t choice = 0; choice < ASK_CHOICES_MAX; choice++)
        if (in_set(reader, SPOKEN, choice))
            finish(reader, choice, (struct span){0});
    if (reader->answer->usage.state != ANSWER_USAGE_ABSENT)
        answer_reader_emit(
            reader, &(struct answer_event){.kind = EVENT_USAGE, .usage = &reader->answer->usage});
    answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_DONE});
}

/* ---- frames ---- */

static void read_message(struct answer_reader *reader, uint32_t choice, uint32_t message)
{
    if (!json_is(reader->doc, message, JSON_OBJECT))
        return;
    read_reasoning(reader, choice, message);
    read_content(reader, choice, message);
    read_images(reader, choice, message);
    openai_read_calls(reader, choice, message);
    read_annotations(reader, choice, message);
}

static void read_choice(struct answer_reader *reader, uint32_t node, const char *body_name)
{
    const struct json_doc *doc = reader->doc;
    uint32_t word = json_find(doc, node, "finish_reason");
    uint32_t logprobs = json_find(doc, node, "logprobs");
    int64_t index = 0;

    (void)!json_int64(doc, json_find(doc, node, "index"), &index);
    if (json_kind(doc, node) != JSON_OBJECT || index < 0 || index >= ASK_CHOICES_MAX) {
        answer_reader_malformed(reader);
        return;
    }
    put_in_set(reader, SPOKEN, (uint32_t)index);
    read_message(reader, (uint32_t)index, json_find(doc, node, body_name));
    /* Of the older completions. */
    answer_reader_emit_text(reader, EVENT_TEXT, (uint32_t)index, json_inside_in(doc, node, "text"));
    if (json_is(doc, logprobs, JSON_OBJECT))
        answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_LOGPROBS,
                                                          .choice = (uint32_t)index,
                                                          .json = json_raw(doc, logprobs)});
    if (json_inside(doc, word).size == 0 || in_set(reader, FINISHED, (uint32_t)index))
        return;
    read_sources(reader, (uint32_t)index);
    finish(reader, (uint32_t)index, json_inside(doc, word));
}

/* What openai.c read of the root. False: nothing more is to be read. */
static bool take_root(struct answer_reader *reader, const struct openai_places *places)
{
    const struct json_doc *doc = reader->doc;

    if ((places->signs & ANSWER_ERROR) != 0) {
        answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_ERROR});
        return false;
    }
    if ((places->signs & ANSWER_MALFORMED) != 0) {
        answer_reader_malformed(reader);
        return false;
    }
    if (!reader->begun && (places->choices != JSON_NONE || json_inside_in(doc, 0, "id").size > 0))
        answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_BEGIN,
                                                          .id = json_inside_in(doc, 0, "id"),
                                                          .name = json_inside_in(doc, 0, "model")});
    reader->signs |= places->signs & ANSWER_USAGE;
    reader->answer->signs |= places->signs & ANSWER_USAGE;
    return true;
}

static void read_choices(struct answer_reader *reader, const struct openai_places *places,
                         const char *body_name)
{
    const struct json_doc *doc = reader->doc;

    if (!take_root(reader, places) || places->choices == JSON_NONE)
        return;
    for (uint32_t choice = json_first(doc, places->choices); choice != JSON_NONE;
         choice = json_after(doc, places->choices, choice))
        read_choice(reader, choice, body_name);
}

/* An error that is told by the event's name and has no "error" around it. */
static bool is_bare_error(struct answer_reader *reader, struct span event, struct span data)
{
    struct answer *answer = reader->answer;

    return span_is(event, "error") &&
           json_is_null(reader->doc, json_find(reader->doc, 0, "error")) &&
           openai_read_error(reader->doc, data, answer);
}

void openai_speak_frame(struct answer_reader *reader, struct span event, struct span data)
{
    uint32_t signs = reader->answer->signs;
    struct openai_places places;

    reader->signs = 0;
    if (span_trim(data).size == 0 || reader->done)
        return;
    openai_read_frame(reader->doc, data, NULL, reader->answer, &places);
    /* They are set again with the events. */
    reader->answer->signs = signs;
    if ((places.signs & ANSWER_DONE) != 0 && (signs & (ANSWER_CONTENT | ANSWER_FINISH)) == 0)
        answer_reader_malformed(reader); /* an end of nothing */
    else if ((places.signs & ANSWER_DONE) != 0)
        end(reader);
    else if ((places.signs & ANSWER_MALFORMED) == 0 && is_bare_error(reader, event, data))
        answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_ERROR});
    else
        read_choices(reader, &places, "delta");
}

void openai_speak_whole(struct answer_reader *reader, struct span body)
{
    uint32_t signs = reader->answer->signs;
    struct openai_places places;

    reader->signs = 0;
    openai_read_whole(reader->doc, ASK_CHAT, body, NULL, reader->answer, &places);
    reader->answer->signs = signs;
    read_choices(reader, &places, "message");
    if ((places.signs & (ANSWER_ERROR | ANSWER_MALFORMED)) == 0)
        end(reader);
}

bool openai_speak_error(struct answer_reader *reader, struct span body)
{
    return openai_read_error(reader->doc, body, reader->answer);
}

static void write_path(const struct language_target *target, bool stream, struct buf *out)
{
    const struct compatible *compatible = target->compatible;

    (void)stream;
    if (target->goes_on && compatible != NULL && compatible->prefill_path != NULL)
        buf_add_string(out, compatible->prefill_path);
    buf_add_string(out, "/chat/completions");
}

const struct upstream_language openai_upstream = {
    .name = "openai",
    .normaliser = USAGE_OPENAI_NORMALISER,
    .family = FAMILY_OPENAI,
    .framing = FRAMING_SSE,
    .signer = SIGNER_OTHER,
    .path = write_path,
    .patch_ask = openai_patch_body,
    .write_ask = openai_write_ask,
    .read_frame = openai_speak_frame,
    .read_whole = openai_speak_whole,
    .read_error = openai_speak_error,
};
