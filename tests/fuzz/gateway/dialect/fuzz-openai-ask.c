/*
 * fuzz-openai-ask: whatever a client sends, it is refused with a sentence or becomes a chat, and
 * what is written of that chat is JSON with messages in it.
 */
#include "gateway/dialect/compatible.h"
#include "tests/fuzz/gateway/dialect/checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY_MAX = 4 << 20 };

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
            check_written(&openai_upstream, &chat, &target, arena, "messages");
        } else {
            must(why != NULL && member != NULL);
        }
    }
    json_doc_done(&doc);
    arena_free(arena);
    return 0;
}
