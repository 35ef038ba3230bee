/*
 * fuzz-override: a line of overrides, then a body. Whatever body is accepted, with the overrides of
 * any preset in it it is accepted again, says the cap of the overrides, and has each member that
 * they do not touch byte for byte; and once more changes nothing.
 */
#include "common/base/mem.h"
#include "gateway/dialect/override.h"
#include "tenants/model/preset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The text of the overrides, as a preset keeps it; empty: a preset would not have them. */
static struct span accepted(struct span line, struct arena *arena)
{
    struct preset_error_at error;
    struct preset preset;
    char *text = arena_printf(arena, "{\"override_params\":%.*s}", SPAN_ARG(line));

    if (memchr(line.at, '\0', line.size) != NULL ||
        preset_read(span_of(text), arena, &preset, &error) != 0)
        return (struct span){0};
    return preset.root->overrides;
}

static int64_t cap_of(const struct ask *ask)
{
    return ask->max_completion_tokens >= 0 ? ask->max_completion_tokens : ask->max_tokens;
}

static void check(const struct ask *ask, struct span overrides, struct arena *arena)
{
    struct override_effect effect = override_effect_of(overrides);
    struct buf once = buf_make((size_t)1 << 24), twice = buf_make((size_t)1 << 24);
    struct json_doc doc = json_doc_make(), other = json_doc_make();
    const struct ask_source source = {
        .kind = ask->kind, .body = {NULL, 0}, .model = span_of("m"), .stream = ask->stream};
    struct ask_source again = source;
    struct ask_refusal why;
    struct ask after;

    must(override_write(ask->kind, ask->doc, overrides, &once) == 0);
    again.body = buf_span(&once);
    must(ask_read(&again, &doc, arena, &after, &why) == ASK_OK);
    must(span_equal(after.model, ask->model) && after.stream == ask->stream);
    must(effect.max_tokens < 0 || !ask_is_chat(ask->kind) || cap_of(&after) == effect.max_tokens);
    must(override_write(ask->kind, &doc, overrides, &twice) == 0);
    must(json_parse(&other, buf_span(&twice), &json_limits_body) == JSON_OK);
    must(once.size == twice.size && other.count == doc.count);
    json_doc_done(&doc);
    json_doc_done(&other);
    buf_done(&once);
    buf_done(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(4096, (size_t)64 << 20);
    struct json_doc doc = json_doc_make();
    struct span body = span_make((const char *)data, size), line = span_cut(&body, '\n');
    struct span overrides =
        line.size > 0 && line.size < PRESET_BYTES_MAX ? accepted(line, arena) : (struct span){0};
    struct ask ask;
    struct ask_refusal why;

    for (int kind = 0; kind < ASK_KINDS && overrides.size > 0; kind++) {
        const struct ask_source source = {
            .kind = (enum ask_kind)kind, .body = body, .model = span_of("m")};
        if (body.at != NULL && ask_read(&source, &doc, arena, &ask, &why) == ASK_OK &&
            json_is(&doc, 0, JSON_OBJECT))
            check(&ask, overrides, arena);
    }
    arena_free(arena);
    json_doc_done(&doc);
    return 0;
}
