/*
 * fuzz-openai: whatever a provider answers, it is read without harm; usage that is believed is a
 * quantity; what the client gets of it parses, has our cost and no money of the provider's. A frame
 * that fits the shape of another says nothing but its text.
 */
#include "gateway/dialect/openai.h"
#include "gateway/dialect/shape.h"
#include "tests/fuzz/gateway/dialect/checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct span shown;
static uint32_t shown_count;

static void on_text(void *context, struct span inside)
{
    (void)context;
    shown = inside;
    shown_count++;
}

static const struct answer_tap tap = {.on_text = on_text};

static void check_patched(struct json_doc *doc, const struct openai_places *places)
{
    const struct openai_cost cost = {.charge_pico = 11, .base_pico = 10, .discount_pico = 1};
    struct arena *arena = arena_new(4096, 1 << 20);
    struct span pieces[PATCH_PIECES_MAX];
    struct json_doc after = json_doc_make();
    struct buf out = buf_make((size_t)64 << 20);
    struct patch patch;
    size_t bytes;

    patch_begin(&patch, doc);
    openai_patch_usage(&patch, places->usage, openai_cost_members(arena, &cost));
    uint32_t count = patch_pieces(&patch, pieces, &bytes);
    for (uint32_t i = 0; i < count; i++)
        buf_add_span(&out, pieces[i]);
    must(json_parse(&after, buf_span(&out), &json_limits_body) == JSON_OK);
    must(span_is(json_raw(&after, json_find(&after, json_find(&after, 0, "usage"), "cost")),
                 "0.000000000011"));
    buf_done(&out);
    json_doc_done(&after);
    arena_free(arena);
}

/* Ends by other words than OpenAI's are patched into JSON; ends that were not told are told. */
static void check_ends(struct json_doc *doc, const struct openai_places *places,
                       const struct answer *answer)
{
    struct arena *arena = arena_new(4096, 1 << 20);
    struct span pieces[PATCH_PIECES_MAX];
    struct json_doc after = json_doc_make();
    struct buf out = buf_make((size_t)64 << 20);
    struct patch patch;
    size_t bytes;

    patch_begin(&patch, doc);
    openai_patch_finishes(&patch, places->choices);
    must((patch.count > 0) == places->odd_finish);
    if (places->usage != JSON_NONE)
        openai_patch_usage(&patch, places->usage,
                           openai_detail_members(arena, doc, places->usage, &answer->usage.meters,
                                                 span_of("\"x_cost\":1")));
    uint32_t count = patch_pieces(&patch, pieces, &bytes);
    for (uint32_t i = 0; i < count; i++)
        buf_add_span(&out, pieces[i]);
    must(json_parse(&after, buf_span(&out), &json_limits_body) == JSON_OK);
    must(openai_make_finishes(arena, answer, 1).size <= (size_t)1 << 19);
    buf_done(&out);
    json_doc_done(&after);
    arena_free(arena);
}

/* The frame again with another text in it must fit, and be read as the same. */
static void check_shape(struct json_doc *doc, struct span text, uint32_t signs)
{
    struct shape shape = {0};
    struct answer answer = answer_make();
    struct openai_places places;
    struct buf other = buf_make((size_t)1 << 20);
    struct span inside;
    size_t before = (size_t)(shown.at - text.at);

    shape_learn(&shape, text, shown, 0, 0);
    if (shape.before + shape.behind > 0) {
        buf_add(&other, text.at, before);
        buf_add_string(&other, "another text");
        buf_add(&other, shown.at + shown.size, text.size - before - shown.size);
        must(shape_fits(&shape, buf_span(&other), &inside));
        must(span_is(inside, "another text"));
        openai_read_frame(doc, buf_span(&other), &tap, &answer, &places);
        must(places.signs == signs && span_is(shown, "another text"));
    }
    buf_done(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_doc doc = json_doc_make();
    struct span text = span_make((const char *)data, size);
    struct answer frame = answer_make(), whole = answer_make(), error = answer_make();
    struct openai_places places;

    shown_count = 0;
    openai_read_frame(&doc, text, &tap, &frame, &places);
    check_usage(&frame);
    if ((places.signs & ANSWER_USAGE) != 0 && json_kind(&doc, places.usage) == JSON_OBJECT)
        check_patched(&doc, &places);
    if (places.choices != JSON_NONE && (places.signs & ANSWER_MALFORMED) == 0 &&
        (places.usage == JSON_NONE || json_kind(&doc, places.usage) == JSON_OBJECT))
        check_ends(&doc, &places, &frame);
    if (places.signs == ANSWER_CONTENT && shown_count == 1)
        check_shape(&doc, text, places.signs);
    openai_read_whole(&doc, ASK_CHAT, text, &tap, &whole, &places);
    check_usage(&whole);
    openai_read_whole(&doc, ASK_EMBEDDINGS, text, &tap, &whole, &places);
    (void)!openai_read_error(&doc, text, &error);
    must(memchr(error.error_message, '\0', sizeof(error.error_message)) != NULL);
    json_doc_done(&doc);
    return 0;
}
