/*
 * fuzz-patch: whatever body is accepted, what goes upstream parses, names the upstream's model, has
 * usage asked for and a cap not above ours, none of our members, and every other member byte for
 * byte.
 */
#include "common/base/mem.h"
#include "gateway/dialect/ask_needs.h"
#include "gateway/dialect/openai.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CAP = 100 };

static const char *const ours[] = {"model", "stream_options", "max_tokens",
                                   "max_completion_tokens"};

static bool is_ours(const struct json_doc *doc, uint32_t name)
{
    for (size_t i = 0; i < array_size(ours); i++)
        if (json_string_is(doc, name, ours[i]))
            return true;
    return false;
}

/* The member of the same raw name, by looking at each: names may be escaped. */
static uint32_t find_raw(const struct json_doc *doc, struct span raw)
{
    for (uint32_t name = json_first(doc, 0); name != JSON_NONE; name = json_after(doc, 0, name))
        if (span_equal(json_raw(doc, name), raw))
            return json_value(doc, name);
    return JSON_NONE;
}

static void check_members(const struct ask *ask, const struct json_doc *after)
{
    const struct json_doc *doc = ask->doc;

    for (uint32_t name = json_first(doc, 0); name != JSON_NONE; name = json_after(doc, 0, name)) {
        uint32_t value = find_raw(after, json_raw(doc, name));
        if (ask_consumes(ask, name))
            must(value == JSON_NONE);
        else if (!is_ours(doc, name))
            must(value != JSON_NONE &&
                 span_equal(json_raw(doc, json_value(doc, name)), json_raw(after, value)));
    }
}

static void check_ours(const struct ask *ask, const struct json_doc *after)
{
    uint32_t options = json_find(after, 0, "stream_options");
    int64_t tokens = CAP + 1, completion = CAP + 1;
    bool usage = false;

    must(json_string_is(after, json_find(after, 0, "model"), "up/\"m"));
    (void)!json_int64(after, json_find(after, 0, "max_tokens"), &tokens);
    (void)!json_int64(after, json_find(after, 0, "max_completion_tokens"), &completion);
    must(tokens <= CAP || completion <= CAP);
    must(ask->max_tokens < 0 || tokens <= CAP);
    must(ask->max_completion_tokens < 0 || completion <= CAP);
    if (ask->stream)
        must(json_bool(after, json_find(after, options, "include_usage"), &usage) == 0 && usage);
}

static void check(const struct ask *ask, struct arena *arena)
{
    const struct openai_ask_patch what = {.upstream_model = span_of("up/\"m"),
                                          .output_cap = CAP,
                                          .cap_member = span_of("max_tokens")};
    struct span pieces[PATCH_PIECES_MAX];
    struct json_doc after = json_doc_make();
    struct buf out = buf_make((size_t)64 << 20);
    struct patch patch;
    size_t bytes;

    patch_begin(&patch, ask->doc);
    must(openai_patch_ask(&patch, ask, &what, arena));
    uint32_t count = patch_pieces(&patch, pieces, &bytes);
    for (uint32_t i = 0; i < count; i++)
        buf_add_span(&out, pieces[i]);
    must(out.size == bytes);
    must(json_parse(&after, buf_span(&out), &json_limits_body) == JSON_OK);
    check_members(ask, &after);
    check_ours(ask, &after);
    buf_done(&out);
    json_doc_done(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_doc doc = json_doc_make();
    struct arena *arena = arena_new(4096, (size_t)256 << 20);
    struct ask ask;
    struct ask_refusal why;
    struct span body = span_make((const char *)data, size);

    if (ask_read(&(struct ask_source){.body = body}, &doc, arena, &ask, &why) == ASK_OK)
        check(&ask, arena);
    for (int kind = ASK_CHAT + 1; kind < ASK_KINDS; kind++) {
        const struct ask_source source = {.kind = (enum ask_kind)kind, .body = body};
        if (ask_read(&source, &doc, arena, &ask, &why) == ASK_OK) {
            (void)!ask_needs_of(source.kind, &doc).can;
            must(ask_conversation(&doc) == ask_conversation(&doc));
        }
    }
    arena_free(arena);
    json_doc_done(&doc);
    return 0;
}
