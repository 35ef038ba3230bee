/*
 * fuzz-bedrock: whatever Bedrock answers is read without harm, and usage that is believed is a
 * quantity; whatever chat a client asks for, what is written of it is JSON. The first byte says
 * which: lines of "event payload", a whole answer, an error, or a chat in OpenAI's language.
 */
#include "common/base/mem.h"
#include "gateway/dialect/bedrock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_MAX = 8 << 20 };

struct seen {
    uint32_t begins, finishes, usages, ends;
};

static void on_event(void *context, const struct answer_event *event)
{
    struct seen *seen = context;

    must(seen->ends == 0);
    seen->begins += event->kind == EVENT_BEGIN;
    seen->finishes += event->kind == EVENT_FINISH;
    seen->usages += event->kind == EVENT_USAGE;
    seen->ends += event->kind == EVENT_DONE || event->kind == EVENT_ERROR;
    must(event->tool < LANGUAGE_TOOLS_MAX);
}

static void check_answer(const struct answer *answer, const struct seen *seen)
{
    must(answer->usage.verbatim_size <= ANSWER_VERBATIM_MAX);
    must(memchr(answer->error_message, '\0', sizeof(answer->error_message)) != NULL);
    must(seen->begins <= 1 && seen->finishes <= 1 && seen->usages <= 1 && seen->ends <= 1);
    if (answer->usage.state != ANSWER_USAGE_GOOD)
        return;
    for (int i = 0; i < METERS; i++)
        must(answer->usage.meters.count[i] >= 0 && answer->usage.meters.count[i] <= 10000000);
}

static void read_answer(uint8_t kind, struct span text)
{
    struct json_doc doc = json_doc_make();
    struct answer answer = answer_make();
    struct seen seen = {0};
    struct answer_reader reader = answer_reader_make(&bedrock_upstream, &doc, &answer,
                                                     (struct answer_sink){on_event, &seen}, NULL);

    if (kind == 1) {
        bedrock_read_whole(&reader, text);
    } else if (kind == 2) {
        (void)!bedrock_read_error(&reader, text);
    } else {
        while (text.size > 0) {
            struct span line = span_cut(&text, '\n'), event = span_cut(&line, ' ');
            bedrock_read_frame(&reader, event, line);
        }
        bedrock_read_end(&reader, true);
    }
    check_answer(&answer, &seen);
    json_doc_done(&doc);
}

static void check_written(struct pieces *pieces)
{
    struct json_doc doc = json_doc_make();
    struct buf body = buf_make((size_t)64 << 20);
    uint32_t count;
    size_t bytes;
    const struct span *spans = pieces_spans(pieces, &count, &bytes);

    must(spans != NULL);
    for (uint32_t i = 0; i < count; i++)
        buf_add_span(&body, spans[i]);
    must(body.size == bytes);
    enum json_error error = json_parse(&doc, buf_span(&body), &json_limits_body);
    must(error == JSON_OK || error == JSON_TOO_DEEP);
    buf_done(&body);
    json_doc_done(&doc);
}

static void write_chat(struct span text)
{
    static const char *const models[] = {"anthropic.claude-sonnet-4-5-20250929-v1:0",
                                         "us.amazon.nova-2-lite-v1:0", "meta.llama3"};
    struct json_doc doc = json_doc_make();
    struct arena *arena = arena_new(1 << 14, ARENA_MAX);
    const char *why, *member;
    struct chat chat;

    if (json_parse(&doc, text, &json_limits_body) == JSON_OK &&
        openai_client.read_ask(&doc, arena, &chat, &why, &member) == 0) {
        for (size_t i = 0; i < array_size(models); i++) {
            const struct language_target target = {.model = span_of(models[i]), .output_cap = 4096};
            struct pieces pieces = pieces_make(arena, ARENA_MAX);
            struct ask_losses losses;
            if (bedrock_upstream.write_ask(&chat, &target, &pieces, &losses) == ASK_WRITTEN)
                check_written(&pieces);
            pieces_done(&pieces);
        }
    }
    arena_free(arena);
    json_doc_done(&doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy;

    if (size < 2)
        return 0;
    copy = mem_dup(data + 1, size - 1);
    if (data[0] % 4 == 3)
        write_chat(span_make(copy, size - 1));
    else
        read_answer(data[0] % 4, span_make(copy, size - 1));
    mem_free(copy);
    return 0;
}
