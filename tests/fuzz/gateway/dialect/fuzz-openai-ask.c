/*
 * fuzz-openai-ask: whatever a client sends, it is refused with a sentence or becomes a chat, and
 * what is written of that chat is JSON with messages in it.
 */
#include "common/base/mem.h"
#include "gateway/dialect/compatible.h"
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

/* OpenAI with all that anybody takes, and providers that take less of it, each in its own way. */
static struct language_target target_of(size_t number)
{
    static const char *const slugs[] = {"mistral",    "deepseek",  "moonshotai",
                                        "perplexity", "alibaba",   "cloudflare-workers-ai",
                                        "zai",        "openrouter"};
    const struct compatible_facts facts = {.model = {"m", 1}, .reasoning = true};
    struct language_target target = {.output_cap = 10};

    if (number % 2 != 0) {
        compatible_target(span_of(slugs[number / 2 % array_size(slugs)]),
                          span_of("openai-compatible"), &facts, &target);
        return target;
    }
    target.model = facts.model;
    target.reasoning = true;
    target.reasoning_member = "reasoning_content";
    target.extra = UINT64_MAX;
    return target;
}

static void check_written(const struct chat *chat, const struct language_target *target,
                          struct arena *arena)
{
    struct pieces pieces = pieces_make(arena, OWN_MAX);
    struct json_doc doc = json_doc_make();
    struct buf all = buf_make(OUT_MAX);
    struct ask_losses losses;
    const struct span *spans;
    uint32_t count;
    size_t bytes;

    enum ask_written outcome = openai_upstream.write_ask(chat, target, &pieces, &losses);
    must((outcome == ASK_UNSPEAKABLE) == (losses.why != NULL));
    spans = pieces_spans(&pieces, &count, &bytes);
    for (uint32_t i = 0; i < count; i++)
        buf_add_span(&all, spans[i]);
    if (outcome == ASK_WRITTEN && spans != NULL) {
        must(all.size == bytes);
        must(json_parse(&doc, buf_span(&all), &json_limits_body) == JSON_OK);
        must(json_kind(&doc, json_find(&doc, 0, "messages")) == JSON_ARRAY);
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
    const struct language_target target = target_of(size);
    struct chat chat;

    if (json_parse(&doc, span_make((const char *)data, size), &json_limits_body) == JSON_OK) {
        if (target.compatible != NULL)
            (void)!compatible_passes(target.compatible, &doc);
        if (openai_client.read_ask(&doc, arena, &chat, &why, &member) == 0) {
            check_parts(&chat);
            check_written(&chat, &target, arena);
        } else {
            must(why != NULL && member != NULL);
        }
    }
    json_doc_done(&doc);
    arena_free(arena);
    return 0;
}
