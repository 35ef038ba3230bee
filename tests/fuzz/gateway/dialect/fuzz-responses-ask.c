/*
 * fuzz-responses-ask: whatever a client of the Responses API sends, it is refused with a sentence
 * or becomes a chat; what is written of that chat, for either of OpenAI's APIs, is JSON.
 */
#include "tests/fuzz/gateway/dialect/checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY_MAX = 4 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct language_target target = {.model = {"m", 1}, .output_cap = 10, .reasoning = true};
    struct arena *arena = arena_new(1 << 14, MEMORY_MAX);
    struct json_doc doc = json_doc_make();
    const char *why = NULL, *member = NULL;
    struct chat chat;

    if (json_parse(&doc, span_make((const char *)data, size), &json_limits_body) == JSON_OK) {
        if (responses_client.read_ask(&doc, arena, &chat, &why, &member) == 0) {
            check_parts(&chat);
            check_written(&responses_upstream, &chat, &target, arena, "input");
            check_written(&openai_upstream, &chat, &target, arena, "messages");
        } else {
            must(why != NULL && member != NULL);
        }
        if (openai_client.read_ask(&doc, arena, &chat, &why, &member) == 0)
            check_written(&responses_upstream, &chat, &target, arena, "input");
    }
    json_doc_done(&doc);
    arena_free(arena);
    return 0;
}
