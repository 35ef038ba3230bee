/*
 * fuzz-anthropic-ask: whatever a client of Anthropic's API sends is read or refused with a reason;
 * what is read becomes a body of JSON for every kind of model, and that body is read again.
 */
#include "common/base/mem.h"
#include "gateway/dialect/anthropic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_written(const struct chat *chat, const char *model, bool vertex)
{
    const struct upstream_language *language =
        vertex ? &anthropic_vertex_upstream : &anthropic_upstream;
    const struct language_target target = {
        .model = span_of(model), .output_cap = 200000, .reasoning = true};
    struct arena *arena = arena_new(1 << 16, 1 << 26);
    struct pieces pieces = pieces_make(arena, 1 << 24);
    struct buf body = buf_make((size_t)1 << 27);
    struct json_doc doc = json_doc_make();
    struct ask_losses losses;
    struct chat again;
    const char *why, *member;
    uint32_t count;
    size_t size;

    if (language->write_ask(chat, &target, &pieces, &losses) == ASK_WRITTEN) {
        const struct span *spans = pieces_spans(&pieces, &count, &size);
        for (uint32_t i = 0; i < count; i++)
            buf_add_span(&body, spans[i]);
        must(json_parse(&doc, buf_span(&body), &json_limits_body) == JSON_OK);
        must(anthropic_client.read_ask(&doc, arena, &again, &why, &member) == 0);
    } else {
        must(losses.why != NULL || pieces.failed);
    }
    json_doc_done(&doc);
    buf_done(&body);
    pieces_done(&pieces);
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_doc doc = json_doc_make();
    struct arena *arena = arena_new(1 << 16, 1 << 26);
    const char *why = NULL, *member = NULL;
    struct chat chat;

    if (json_parse(&doc, span_make((const char *)data, size), &json_limits_body) == JSON_OK) {
        if (anthropic_client.read_ask(&doc, arena, &chat, &why, &member) == 0) {
            check_written(&chat, "claude-3-5-haiku-20241022", false);
            check_written(&chat, "claude-sonnet-4-5", false);
            check_written(&chat, "claude-opus-4-8", true);
        } else {
            must(why != NULL && member != NULL);
        }
        (void)!anthropic_read_count_ask(&doc, arena, &chat, &why, &member);
    }
    json_doc_done(&doc);
    arena_free(arena);
    return 0;
}
