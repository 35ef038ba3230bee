/*
 * fuzz-responses-patch: what passes between both sides that speak Responses: whatever body is
 * accepted goes upstream as JSON with the provider's names and a cap not above ours; a frame keeps
 * all but the ids of responses; and no text is an id that was not handed out.
 */
#include "common/base/mem.h"
#include "gateway/dialect/responses.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CAP = 100 };
#define OUT_MAX ((size_t)64 << 20)

/* The patched text, read again. */
static void reread(struct patch *patch, struct buf *out, struct json_doc *after)
{
    struct span pieces[PATCH_PIECES_MAX];
    size_t bytes;
    uint32_t count = patch_pieces(patch, pieces, &bytes);

    for (uint32_t i = 0; i < count; i++)
        buf_add_span(out, pieces[i]);
    must(out->size == bytes);
    must(json_parse(after, buf_span(out), &json_limits_body) == JSON_OK);
}

static void check_ask(struct ask *ask, struct arena *arena)
{
    const struct language_target target = {.model = span_of("up/\"m"), .output_cap = CAP};
    struct json_doc after = json_doc_make();
    struct buf out = buf_make(OUT_MAX);
    struct patch patch;
    int64_t cap = CAP + 1;

    if (ask->previous.size > 0)
        ask->previous = span_of("resp_own");
    patch_begin(&patch, ask->doc);
    must(responses_upstream.patch_ask(&patch, ask, &target, arena));
    reread(&patch, &out, &after);
    must(json_string_is(&after, json_find(&after, 0, "model"), "up/\"m"));
    must(json_int64(&after, json_find(&after, 0, "max_output_tokens"), &cap) == 0 && cap <= CAP);
    if (ask->previous.size > 0)
        must(json_string_is(&after, json_find(&after, 0, "previous_response_id"), "resp_own"));
    if (!responses_passes(ask->doc))
        must(json_kind(ask->doc, json_find(ask->doc, 0, "input")) == JSON_ARRAY);
    buf_done(&out);
    json_doc_done(&after);
}

static void check_frame(struct json_doc *doc)
{
    const struct responses_pin pin = {{{span_of("resp_1"), span_of("\"resp_ours\"")},
                                       {span_of("resp_0"), span_of("\"resp_before\"")}}};
    struct json_doc after = json_doc_make();
    struct buf out = buf_make(OUT_MAX);
    uint32_t response = responses_find(doc);
    struct patch patch;

    if (response != JSON_NONE) {
        patch_begin(&patch, doc);
        responses_patch_ids(&patch, response, &pin);
        reread(&patch, &out, &after);
        must(after.count == doc->count);
    }
    buf_done(&out);
    json_doc_done(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sha256 key = response_id_key(span_of("a secret that nobody fuzzes"));
    struct span text = span_make((const char *)data, size);
    const struct ask_source source = {.kind = ASK_RESPONSES, .body = text};
    struct arena *arena = arena_new(4096, (size_t)256 << 20);
    struct response_place place = {0};
    struct json_doc doc = json_doc_make();
    struct ask_refusal why;
    struct ask ask;

    must(response_id_read(&key, text, &place) != RESPONSE_ID_GOOD);
    if (ask_read(&source, &doc, arena, &ask, &why) == ASK_OK)
        check_ask(&ask, arena);
    if (json_parse(&doc, text, &json_limits_body) == JSON_OK)
        check_frame(&doc);
    arena_free(arena);
    json_doc_done(&doc);
    return 0;
}
