/*
 * fuzz-trace_place: whatever a stream ends with, a member goes in front of a brace, and the frame
 * is JSON with it where it was before. The first byte says whose stream it is.
 */
#include "common/base/mem.h"
#include "gateway/flow/trace_place.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct json_limits limits = {
    .max_bytes = (size_t)1 << 20, .max_depth = 64, .max_nodes = 10000};

/* Of the line with a place in it. */
static void check_line(struct span text, size_t at, struct json_doc *doc)
{
    struct buf with = buf_make(text.size + 64);
    size_t from = at, to = at;

    while (from > 0 && text.at[from - 1] != '\n')
        from--;
    while (to < text.size && text.at[to] != '\n')
        to++;
    from += sizeof("data:") - 1;
    buf_add_span(&with, span_part(text, from, at - from));
    buf_add_string(&with, ",\"a trace of its own\":[]");
    buf_add_span(&with, span_part(text, at, to - at));
    must(json_parse(doc, buf_span(&with), &limits) == JSON_OK);
    buf_done(&with);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum language_family families[] = {FAMILY_ANTHROPIC, FAMILY_RESPONSES,
                                                    FAMILY_GEMINI};
    struct json_doc doc = json_doc_make();
    enum language_family family;
    struct span text;
    char *copy;
    size_t at;

    if (size == 0)
        return 0;
    family = families[data[0] % array_size(families)];
    copy = mem_dup(data + 1, size - 1);
    text = span_make(copy, size - 1);
    at = trace_place(family, text, &doc);
    must(at == SIZE_MAX || (at < text.size && text.at[at] == '}'));
    if (at != SIZE_MAX && family != FAMILY_GEMINI)
        check_line(text, at, &doc);
    json_doc_done(&doc);
    mem_free(copy);
    return 0;
}
