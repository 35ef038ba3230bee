/*
 * speech: OpenAI's speech, as a dialect of its own: what the core streams as words goes out as
 * sound, so that every fault of a stream befalls it too. Sixteen bytes are a letter.
 */
#include <stdio.h>

#include "chat.h"
#include "endpoints.h"
#include "openai.h"
#include "vectors.h"

#define BYTES_PER_LETTER 16
#define INPUT_BYTES_MAX 4096

static void put_sound(struct span text, struct buf *out)
{
    for (size_t i = 0; i < text.size; i++)
        for (unsigned b = 0; b < BYTES_PER_LETTER; b++)
            buf_add_byte(out, (char)((unsigned char)text.at[i] * 31U + b * 17U));
}

static void say(struct telling *telling, const struct said *said, struct buf *out)
{
    struct buf *event = telling_event(telling);
    struct buf sound;

    if (!telling->framed) {
        if (said->kind == SAY_TEXT)
            put_sound(said->text, out);
        return;
    }
    if (said->kind == SAY_TEXT) {
        sound = buf_make(said->text.size * BYTES_PER_LETTER);
        put_sound(said->text, &sound);
        buf_add_string(event, "{\"type\":\"speech.audio.delta\",\"audio\":\"");
        base64_write(sound.at, sound.size, event);
        buf_add_string(event, "\"}");
        buf_done(&sound);
        telling_sse(telling, NULL, out);
    } else if (said->kind == SAY_END) {
        buf_printf(event,
                   "{\"type\":\"speech.audio.done\",\"usage\":{\"input_tokens\":%lld,"
                   "\"output_tokens\":%lld,\"total_tokens\":%lld}}",
                   (long long)telling->script->input_tokens,
                   (long long)telling->script->output_tokens,
                   (long long)(telling->script->input_tokens + telling->script->output_tokens));
        telling_sse(telling, NULL, out);
    }
}

static void say_error(struct telling *telling, const struct error_told *error, struct buf *out)
{
    if (!telling->framed)
        return; /* Sound just ends. */
    openai_write_error(error, telling_event(telling));
    telling->scratch.size--;
    telling_sse(telling, NULL, out);
}

static void write_whole(struct telling *telling, struct buf *out)
{
    put_sound(script_text(telling->script, telling->script->choices[0].content), out);
}

/* It is billed by the letters of what is said, whatever comes of it. */
static void begin(struct provider *provider, struct arrival *arrival, struct telling *telling)
{
    struct truth_entry *entry = &arrival->record.entry;
    struct span input;

    (void)telling;
    if (json_string(&provider->doc, json_find(&provider->doc, 0, "input"), provider->arena,
                    &input) != 0)
        return;
    entry->input = entry->output = entry->reasoning = 0;
    for (size_t i = 0; i < input.size; i++)
        entry->characters += ((unsigned char)input.at[i] & 0xC0) != 0x80;
}

static const struct dialect speech_dialect = {
    .name = "openai",
    .words = {.turns = "input", .may_be_text = true},
    .finish = {"stop", "length", "stop", "content_filter", "stop"},
    .stream_type = "audio/mpeg",
    .request_id_header = "x-request-id",
    .usage_apart = true,
    .usage_when_asked = true,
    .usage_by_request = true,
    .begin = begin,
    .say = say,
    .say_error = say_error,
    .write_whole = write_whole,
    .write_error = openai_write_error,
};

struct call *openai_speech(struct provider *provider, struct arrival *arrival)
{
    static const struct {
        const char *format, *type;
    } types[] = {{"opus", "audio/ogg"},
                 {"aac", "audio/aac"},
                 {"flac", "audio/flac"},
                 {"wav", "audio/wav"},
                 {"pcm", "audio/pcm"}};
    const struct json_doc *doc = &provider->doc;
    uint32_t format = json_find(doc, 0, "response_format");
    uint32_t input = json_find(doc, 0, "input");

    if (!json_is(doc, input, JSON_STRING) || json_raw(doc, input).size > 6 * INPUT_BYTES_MAX ||
        json_is_null(doc, json_find(doc, 0, "voice")))
        return chat_error(arrival, 400, "an input of up to 4096 characters and a voice are wanted",
                          "input");
    arrival->dialect = &speech_dialect;
    arrival->framed = json_string_is(doc, json_find(doc, 0, "stream_format"), "sse");
    for (size_t i = 0; i < array_size(types); i++)
        if (json_string_is(doc, format, types[i].format))
            arrival->stream_type = types[i].type;
    return chat_call(provider, arrival);
}
