/*
 * fuzz-anthropic-answer: whatever a provider answers, as frames (one a line), as a whole or as an
 * error, is read without harm; usage that is believed is a quantity; what a client of Anthropic's
 * API gets of it is JSON, and its blocks are opened and closed in order.
 */
#include "tests/fuzz/gateway/dialect/checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each frame's data is JSON; a delta or an end belongs to a block that was begun. */
static void check_stream(struct json_doc *doc, struct span text)
{
    int64_t begun = 0, index;

    while (text.size > 0) {
        struct span line = span_cut(&text, '\n');
        uint32_t node;
        if (!span_starts(line, "data: "))
            continue;
        must(json_parse(doc, span_part(line, 6, line.size), &json_limits_body) == JSON_OK);
        node = json_find(doc, 0, "index");
        if (json_int64(doc, node, &index) != 0)
            continue;
        if (json_string_is(doc, json_find(doc, 0, "type"), "content_block_start"))
            must(index == begun++);
        else
            must(index < begun);
    }
}

static void check(struct hearing *hearing)
{
    must(((hearing->answer.signs & ANSWER_DONE) != 0) ==
         (hearing->gathered.size > 0 || buf_failed(&hearing->gathered)));
    check_stream(&hearing->doc, buf_span(&hearing->streamed));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_make((const char *)data, size);

    for (enum hear_how how = 0; how < HEAR_HOWS; how++)
        hear(&anthropic_upstream, &anthropic_client, text, how, check);
    return 0;
}
