/*
 * transcriptions: OpenAI's transcriptions and translations of speech. How long a sound is comes
 * from its WAV head, or from its size.
 */
#include <stdio.h>
#include <xxhash.h>

#include "answer.h"
#include "chat.h"
#include "common/base/json_writer.h"
#include "endpoints.h"
#include "parts.h"
#include "usage.h"

#define BODY_BYTES_MAX ((size_t)64 << 10)
#define BYTES_PER_SECOND 16000
#define TEXT_BYTES 120
#define WAV_HEAD_BYTES 44

static uint32_t little_endian(const char *at)
{
    const unsigned char *bytes = (const unsigned char *)at;

    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static int64_t length_ms(struct span sound)
{
    uint32_t per_second = BYTES_PER_SECOND;

    if (sound.size > WAV_HEAD_BYTES && span_starts(sound, "RIFF") &&
        memcmp(sound.at + 8, "WAVE", 4) == 0) {
        per_second = little_endian(sound.at + 28);
        sound = span_part(sound, WAV_HEAD_BYTES, sound.size);
    }
    return (int64_t)(sound.size * 1000 / (per_second == 0 ? BYTES_PER_SECOND : per_second));
}

static void put_usage(const struct arrival *arrival, int64_t ms, struct buf *out)
{
    enum fault_kind fault = arrival->spec.fault->kind;
    const struct usage_row rows[] = {{"seconds", COUNT_OUTPUT, (ms + 999) / 1000}};

    if (!usage_open(out, fault, "usage"))
        return;
    buf_add_string(out, "\"type\":\"duration\",");
    usage_write(out, fault, rows, array_size(rows));
    buf_add_byte(out, '}');
}

static void put_verbose(const struct arrival *arrival, struct span text, int64_t ms,
                        struct buf *out)
{
    bool translates = span_ends(arrival->request->path, "/translations");

    buf_printf(out, "{\"task\":\"%s\",\"language\":\"english\",\"duration\":%lld.%03lld,\"text\":",
               translates ? "translate" : "transcribe", (long long)(ms / 1000),
               (long long)(ms % 1000));
    json_quote(out, text);
    buf_printf(out,
               ",\"segments\":[{\"id\":0,\"seek\":0,\"start\":0.0,\"end\":%lld.%03lld,\"text\":",
               (long long)(ms / 1000), (long long)(ms % 1000));
    json_quote(out, text);
    buf_add_string(out, ",\"tokens\":[],\"temperature\":0.0,\"avg_logprob\":-0.3,"
                        "\"compression_ratio\":1.2,\"no_speech_prob\":0.01}]");
    put_usage(arrival, ms, out);
    buf_add_string(out, "}\n");
}

/* "00:00:01,500" or with a point. */
static void put_time(int64_t ms, char point, struct buf *out)
{
    buf_printf(out, "%02lld:%02lld:%02lld%c%03lld", (long long)(ms / 3600000),
               (long long)(ms / 60000 % 60), (long long)(ms / 1000 % 60), point,
               (long long)(ms % 1000));
}

static void put_subtitles(bool vtt, struct span text, int64_t ms, struct buf *out)
{
    char point = vtt ? '.' : ',';

    buf_add_string(out, vtt ? "WEBVTT\n\n" : "1\n");
    put_time(0, point, out);
    buf_add_string(out, " --> ");
    put_time(ms, point, out);
    buf_printf(out, "\n%.*s\n\n", SPAN_ARG(text));
}

struct call *openai_transcription(struct provider *provider, struct arrival *arrival)
{
    size_t count;
    struct span sound = parts_find(arrival->request, "file", &count);
    struct span format = parts_find(arrival->request, "response_format", &count);
    int64_t ms = length_ms(sound);
    struct buf text = buf_make(TEXT_BYTES * 4), body = buf_make(BODY_BYTES_MAX);
    const char *type = "application/json";

    (void)provider;
    if (sound.size == 0) {
        buf_done(&text);
        return chat_error(arrival, 400, "a file is wanted", "file");
    }
    answer_prose(XXH3_64bits(sound.at, sound.size), TEXT_BYTES, &text);
    if (span_is(format, "verbose_json")) {
        put_verbose(arrival, buf_span(&text), ms, &body);
    } else if (span_is(format, "text")) {
        buf_printf(&body, "%s\n", text.at);
        type = "text/plain; charset=utf-8";
    } else if (span_is(format, "srt") || span_is(format, "vtt")) {
        put_subtitles(span_is(format, "vtt"), buf_span(&text), ms, &body);
        type = "text/plain; charset=utf-8";
    } else {
        buf_add_string(&body, "{\"text\":");
        json_quote(&body, buf_span(&text));
        put_usage(arrival, ms, &body);
        buf_add_string(&body, "}\n");
    }
    buf_done(&text);
    arrival->record.entry.milliseconds = ms;
    arrival->record.entry.usage_told =
        type[0] == 'a' && usage_is_right(arrival->dialect, arrival->spec.fault->kind);
    return chat_reply(arrival, type, body);
}
