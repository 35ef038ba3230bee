/*
 * fuzz-responses-answer: whatever a provider answers, as frames (one a line), as a whole or as an
 * error, is read without harm; usage that is believed is a quantity; what a client of the Responses
 * API gets of it is JSON, its events are numbered, and items are opened before they are closed.
 */
#include "common/base/mem.h"
#include "gateway/dialect/responses.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct hearing {
    struct answer_writer stream, whole;
};

static void on_event(void *context, const struct answer_event *event)
{
    struct hearing *hearing = context;

    responses_client.write(&hearing->stream, event);
    responses_client.write(&hearing->whole, event);
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

static void check_item(const struct json_doc *doc, int64_t *begun, int64_t *ended)
{
    int64_t index;

    if (json_int64(doc, json_find(doc, 0, "output_index"), &index) != 0)
        return;
    if (json_string_is(doc, json_find(doc, 0, "type"), "response.output_item.added"))
        must(index == (*begun)++);
    must(index >= 0 && index < *begun);
    if (json_string_is(doc, json_find(doc, 0, "type"), "response.output_item.done"))
        (*ended)++;
}

/* A stream that is done has closed what it opened. */
static void check_stream(struct json_doc *doc, struct span text, bool done)
{
    int64_t sequence, next = 0, begun = 0, ended = 0;

    while (text.size > 0) {
        struct span line = span_cut(&text, '\n');
        if (!span_starts(line, "data: "))
            continue;
        must(json_parse(doc, span_part(line, 6, line.size), &json_limits_body) == JSON_OK);
        must(json_int64(doc, json_find(doc, 0, "sequence_number"), &sequence) == 0);
        must(sequence == next++);
        check_item(doc, &begun, &ended);
    }
    must(!done || begun == ended);
}

static void run(struct span text, int how)
{
    struct json_doc doc = json_doc_make();
    struct answer answer = answer_make();
    struct arena *arena = arena_new(1 << 16, 1 << 24);
    struct buf streamed = buf_make((size_t)1 << 26), whole = buf_make((size_t)1 << 26);
    struct hearing hearing = {answer_writer_make(&responses_client, &streamed, arena),
                              answer_writer_make(&responses_client, &whole, arena)};
    struct answer_reader reader = answer_reader_make(
        &responses_upstream, &doc, &answer, (struct answer_sink){on_event, &hearing}, NULL);
    bool good;

    hearing.stream.stream = true;
    if (how == 0) {
        while (text.size > 0) {
            struct span line = span_cut(&text, '\n');
            responses_upstream.read_frame(&reader, (struct span){0}, line);
        }
    } else if (how == 1) {
        responses_upstream.read_whole(&reader, text);
    } else {
        (void)!responses_upstream.read_error(&reader, text);
    }
    check_usage(&answer);
    must(memchr(answer.error_message, '\0', sizeof(answer.error_message)) != NULL);
    good = !buf_failed(&streamed) && !buf_failed(&whole);
    must(!good || ((answer.signs & ANSWER_DONE) != 0) == (whole.size > 0));
    if (good && (answer.signs & ANSWER_DONE) == 0 && hearing.stream.begun)
        responses_write_error(&hearing.stream,
                              span_of("{\"error\":{\"message\":\"It \\\"failed\\\".\"}}"));
    if (good && !buf_failed(&streamed))
        check_stream(&doc, buf_span(&streamed), hearing.stream.begun);
    if (good && whole.size > 0)
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
