/*
 * fuzz-responses-answer: whatever a provider answers, as frames (one a line), as a whole or as an
 * error, is read without harm; usage that is believed is a quantity; what a client of the Responses
 * API gets of it is JSON, its events are numbered, and items are opened before they are closed.
 */
#include "gateway/dialect/responses.h"
#include "tests/fuzz/gateway/dialect/checks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

static void check(struct hearing *hearing)
{
    bool done = (hearing->answer.signs & ANSWER_DONE) != 0;

    if (buf_failed(&hearing->streamed) || buf_failed(&hearing->gathered))
        return;
    must(done == (hearing->gathered.size > 0));
    if (!done && hearing->stream.begun)
        responses_write_error(&hearing->stream,
                              span_of("{\"error\":{\"message\":\"It \\\"failed\\\".\"}}"));
    if (!buf_failed(&hearing->streamed))
        check_stream(&hearing->doc, buf_span(&hearing->streamed), hearing->stream.begun);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_make((const char *)data, size);

    for (enum hear_how how = 0; how < HEAR_HOWS; how++)
        hear(&responses_upstream, &responses_client, text, how, check);
    return 0;
}
