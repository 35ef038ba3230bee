/*
 * fuzz-responses-ask: whatever a client of the Responses API sends, it is refused with a sentence
 * or becomes a chat; what is written of that chat, for either of OpenAI's APIs, is JSON.
 */
#include "common/base/mem.h"
#include "gateway/dialect/language.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY_MAX = 4 << 20, OWN_MAX = 16 << 20, OUT_MAX = 64 << 20 };

static void check_parts(const struct chat *chat)
{
    for (uint32_t i = 0; i < chat->message_count; i++)
        must((uint64_t)chat->messages[i].first + chat->messages[i].count <= chat->part_count);
    for (uint32_t i = 0; i < chat->part_count; i++)
        must((uint64_t)chat->parts[i].first + chat->parts[i].count <= chat->part_count);
}

static void check_written(const struct upstream_language *language, const struct chat *chat,
                          struct arena *arena, const char *list)
{
    const struct language_target target = {.model = {"m", 1}, .output_cap = 10, .reasoning = true};
    struct pieces pieces = pieces_make(arena, OWN_MAX);
    struct json_doc doc = json_doc_make();
    struct buf all = buf_make(OUT_MAX);
    struct ask_losses losses;
    const struct span *spans;
    uint32_t count;
    size_t bytes;

    enum ask_written outcome = language->write_ask(chat, &target, &pieces, &losses);
    must((outcome == ASK_UNSPEAKABLE) == (losses.why != NULL));
    spans = pieces_spans(&pieces, &count, &bytes);
    for (uint32_t i = 0; i < count; i++)
        buf_add_span(&all, spans[i]);
    if (outcome == ASK_WRITTEN && spans != NULL) {
        must(all.size == bytes);
        must(json_parse(&doc, buf_span(&all), &json_limits_body) == JSON_OK);
        must(json_kind(&doc, json_find(&doc, 0, list)) == JSON_ARRAY);
    }
    buf_done(&all);
    json_doc_done(&doc);
    pieces_done(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(1 << 14, MEMORY_MAX);
    struct json_doc doc = json_doc_make();
    const char *why = NULL, *member = NULL;
    struct chat chat;

    if (json_parse(&doc, span_make((const char *)data, size), &json_limits_body) == JSON_OK) {
        if (responses_client.read_ask(&doc, arena, &chat, &why, &member) == 0) {
            check_parts(&chat);
            check_written(&responses_upstream, &chat, arena, "input");
            check_written(&openai_upstream, &chat, arena, "messages");
        } else {
            must(why != NULL && member != NULL);
        }
        if (openai_client.read_ask(&doc, arena, &chat, &why, &member) == 0)
            check_written(&responses_upstream, &chat, arena, "input");
    }
    json_doc_done(&doc);
    arena_free(arena);
    return 0;
}
