/*
 * service_read: answers of what is no chat, in OpenAI's dialect and in that of those compatible
 * with it: whole, or as events.
 *
 * https://platform.openai.com/docs/api-reference: images, audio, moderations, and the streams of
 * images, audio and transcriptions.
 */
#include "gateway/dialect/openai.h"
#include "gateway/dialect/service.h"

/* Several pictures as base64 are large; of transcripts with words there are many. */
static const struct json_limits limits_whole = {
    .max_bytes = (size_t)96 << 20, .max_depth = 64, .max_nodes = 4000000};

static bool is_form_of_text(enum ask_kind kind)
{
    return kind == ASK_TRANSCRIPTIONS || kind == ASK_TRANSLATIONS;
}

bool service_takes_type(enum ask_kind kind, struct span content_type)
{
    struct span rest = content_type, type = span_trim(span_cut(&rest, ';'));

    if (kind == ASK_SPEECH)
        return span_starts(type, "audio/") || span_is_nocase(type, "application/octet-stream") ||
               span_is_nocase(type, "application/ogg");
    return is_form_of_text(kind) &&
           (span_is_nocase(type, "text/plain") || span_is_nocase(type, "text/vtt") ||
            span_is_nocase(type, "text/srt") || span_is_nocase(type, "application/x-subrip") ||
            span_is_nocase(type, "application/octet-stream"));
}

/* ---- usage and errors ---- */

static void read_error(const struct service_reader *reader, struct service_places *places)
{
    struct span body = reader->doc->text;

    if (openai_read_error(reader->doc, body, reader->answer)) {
        reader->answer->signs |= ANSWER_ERROR;
        return;
    }
    reader->answer->signs |= ANSWER_MALFORMED;
    places->json = false;
}

static void read_usage(const struct service_reader *reader, struct service_places *places)
{
    const struct json_doc *doc = reader->doc;
    struct answer_usage *usage = &reader->answer->usage;
    uint32_t meta = json_find(doc, 0, "meta");

    places->usage = json_find(doc, 0, "usage");
    if (!json_is_null(doc, places->usage))
        service_read_usage(reader->kind, doc, places->usage, usage);
    else if (reader->kind == ASK_RERANK && json_is(doc, meta, JSON_OBJECT))
        service_read_usage(reader->kind, doc, meta, usage);
    if (usage->state != ANSWER_USAGE_ABSENT)
        reader->answer->signs |= ANSWER_USAGE;
}

/* ---- whole answers ---- */

static int64_t count_items(const struct json_doc *doc, const char *name)
{
    uint32_t list = json_find(doc, 0, name);

    return json_is(doc, list, JSON_ARRAY) ? (int64_t)json_count(doc, list) : -1;
}

/* Whole seconds, rounded up as providers do. */
static int64_t seconds_of(const struct json_doc *doc, uint32_t node)
{
    double seconds;

    if (json_double(doc, node, &seconds) != 0 || !(seconds >= 0 && seconds <= 10000000))
        return -1;
    return (int64_t)seconds + ((double)(int64_t)seconds < seconds);
}

static bool read_transcript(const struct json_doc *doc, const struct answer_tap *tap,
                            struct service_places *places)
{
    uint32_t text = json_find(doc, 0, "text");
    int64_t seconds = seconds_of(doc, json_find(doc, 0, "duration"));

    if (!json_is(doc, text, JSON_STRING))
        return false;
    if (tap != NULL)
        tap->on_text(tap->context, json_inside(doc, text));
    if (seconds >= 0)
        meters_set(&places->seen, METER_SECOND, seconds);
    return true;
}

/* Whether it is what that kind is answered by. */
static bool read_content(const struct service_reader *reader, struct service_places *places)
{
    const struct json_doc *doc = reader->doc;
    enum ask_kind kind = reader->kind;
    int64_t pictures;

    switch (kind) {
    case ASK_MODERATIONS:
    case ASK_RERANK:
        return count_items(doc, "results") > 0 ||
               (kind == ASK_RERANK &&
                (count_items(doc, "results") == 0 || count_items(doc, "data") >= 0));
    case ASK_IMAGES:
    case ASK_IMAGE_EDITS:
        pictures = count_items(doc, "data");
        if (pictures > 0)
            meters_set(&places->seen, METER_IMAGE, pictures);
        return pictures > 0;
    case ASK_TRANSCRIPTIONS:
    case ASK_TRANSLATIONS:
        return read_transcript(doc, reader->tap, places);
    case ASK_EMBEDDINGS:
        return count_items(doc, "data") > 0;
    case ASK_SPEECH:
    case ASK_CHAT:
    case ASK_MESSAGES:
    case ASK_GENERATE:
    case ASK_RESPONSES:
    case ASK_COMPLETIONS:
    case ASK_KINDS:
        break;
    }
    return false;
}

/* A tap takes insides of JSON strings: a text is one but for its backslashes. */
static void read_text(struct span body, const struct answer_tap *tap, struct answer *answer)
{
    answer->signs |= ANSWER_CONTENT;
    while (tap != NULL && body.size > 0) {
        tap->on_text(tap->context, span_cut(&body, '\\'));
        if (body.at != NULL)
            tap->on_text(tap->context, span_of("\\\\"));
    }
}

void service_read_whole(const struct service_reader *reader, struct span content_type,
                        struct span body, struct service_places *places_out)
{
    struct json_doc *doc = reader->doc;

    *places_out = (struct service_places){.usage = JSON_NONE};
    if (service_takes_type(reader->kind, content_type)) {
        read_text(reader->kind == ASK_SPEECH ? (struct span){0} : body, reader->tap,
                  reader->answer);
        return;
    }
    if (json_parse(doc, body, &limits_whole) != JSON_OK || json_kind(doc, 0) != JSON_OBJECT) {
        reader->answer->signs |= ANSWER_MALFORMED;
        return;
    }
    places_out->json = true;
    if (!json_is_null(doc, json_find(doc, 0, "error")) || !read_content(reader, places_out)) {
        read_error(reader, places_out);
        return;
    }
    read_usage(reader, places_out);
    reader->answer->signs |= ANSWER_CONTENT;
}

/* ---- streams ---- */

/* What a type of event is; `text` names the member with generated text. */
static const struct {
    const char *type;
    uint32_t signs;
    const char *text;
} events[] = {
    {"image_generation.partial_image", ANSWER_CONTENT, NULL},
    {"image_edit.partial_image", ANSWER_CONTENT, NULL},
    {"image_generation.completed", ANSWER_CONTENT | ANSWER_FINISH, NULL},
    {"image_edit.completed", ANSWER_CONTENT | ANSWER_FINISH, NULL},
    {"transcript.text.delta", ANSWER_CONTENT, "delta"},
    {"transcript.text.segment", ANSWER_CONTENT, NULL},
    {"transcript.text.done", ANSWER_CONTENT | ANSWER_FINISH, NULL},
    {"speech.audio.delta", ANSWER_CONTENT, NULL},
    {"speech.audio.done", ANSWER_CONTENT | ANSWER_FINISH, NULL},
};

static uint32_t read_event(const struct json_doc *doc, const struct answer_tap *tap)
{
    uint32_t type = json_find(doc, 0, "type"), text;
    struct span inside;

    if (!json_is(doc, type, JSON_STRING))
        return 0;
    for (size_t i = 0; i < array_size(events); i++) {
        if (!json_string_is(doc, type, events[i].type))
            continue;
        text = events[i].text == NULL ? JSON_NONE : json_find(doc, 0, events[i].text);
        inside = json_inside(doc, text);
        if (tap != NULL && inside.size > 0)
            tap->on_text(tap->context, inside);
        return events[i].signs;
    }
    return json_string_is(doc, type, "error") ? ANSWER_ERROR : 0;
}

void service_read_frame(const struct service_reader *reader, struct span data,
                        struct service_places *places_out)
{
    bool pictures = reader->kind == ASK_IMAGES || reader->kind == ASK_IMAGE_EDITS;
    struct json_doc *doc = reader->doc;
    uint32_t signs;

    *places_out = (struct service_places){.usage = JSON_NONE};
    if (span_is(span_trim(data), "[DONE]"))
        return;
    if (json_parse(doc, data, &limits_whole) != JSON_OK || json_kind(doc, 0) != JSON_OBJECT) {
        reader->answer->signs |= ANSWER_MALFORMED;
        return;
    }
    places_out->json = true;
    signs = read_event(doc, reader->tap);
    if (signs == ANSWER_ERROR || !json_is_null(doc, json_find(doc, 0, "error"))) {
        read_error(reader, places_out);
        return;
    }
    if ((signs & ANSWER_FINISH) != 0)
        read_usage(reader, places_out);
    if ((signs & ANSWER_FINISH) != 0 && pictures)
        meters_set(&places_out->seen, METER_IMAGE, 1);
    reader->answer->signs |= signs;
}
