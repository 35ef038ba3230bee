/*
 * fuzz-anthropic-answer: whatever a provider answers, as frames (one a line), as a whole or as an
 * error, is read without harm; usage that is believed is a quantity; what a client of Anthropic's
 * API gets of it is JSON, and its blocks are opened and closed in order.
 */
#include "common/base/mem.h"
#include "gateway/dialect/anthropic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct hearing {
    struct answer_writer stream, whole;
};

static void on_event(void *context, const struct answer_event *event)
{
    struct hearing *hearing = context;

    anthropic_client.write(&hearing->stream, event);
    anthropic_client.write(&hearing->whole, event);
}

static void check_usage(const struct answer *answer)
{
    must(answer->usage.verbatim_size <= ANSWER_VERBATIM_MAX);
    if (answer->usage.state != ANSWER_USAGE_GOOD)
        return;
    for (int i = 0; i < METERS; i++)
        must(answer->usage.meters.count[i] >= 0 && answer->usage.meters.count[i] <= 20000000);
    must(answer->usage.meters.count[METER_REASONING] <= answer->usage.meters.count[METER_OUTPUT]);
}

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

static void run(struct span text, int how)
{
    struct json_doc doc = json_doc_make();
    struct answer answer = answer_make();
    struct arena *arena = arena_new(1 << 16, 1 << 24);
    struct buf streamed = buf_make((size_t)1 << 26), whole = buf_make((size_t)1 << 26);
    struct hearing hearing = {answer_writer_make(&anthropic_client, &streamed, arena),
                              answer_writer_make(&anthropic_client, &whole, arena)};
    struct answer_reader reader = answer_reader_make(
        &anthropic_upstream, &doc, &answer, (struct answer_sink){on_event, &hearing}, NULL);

    hearing.stream.stream = true;
    if (how == 0) {
        while (text.size > 0) {
            struct span line = span_cut(&text, '\n');
            anthropic_upstream.read_frame(&reader, (struct span){0}, line);
        }
    } else if (how == 1) {
        anthropic_upstream.read_whole(&reader, text);
    } else {
        (void)!anthropic_upstream.read_error(&reader, text);
    }
    check_usage(&answer);
    must(memchr(answer.error_message, '\0', sizeof(answer.error_message)) != NULL);
    must(((answer.signs & ANSWER_DONE) != 0) == (whole.size > 0 || buf_failed(&whole)));
    check_stream(&doc, buf_span(&streamed));
    if (whole.size > 0 && !buf_failed(&whole))
        must(json_parse(&doc, buf_span(&whole), &json_limits_body) == JSON_OK);
    buf_done(&streamed);
    buf_done(&whole);
    arena_free(arena);
    json_doc_done(&doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int how = 0; how < 3; how++)
        run(span_make((const char *)data, size), how);
    return 0;
}
