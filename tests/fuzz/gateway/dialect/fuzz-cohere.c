/*
 * fuzz-cohere: whatever Cohere answers is read without harm; usage that is believed is a quantity,
 * events come in their order, and nothing comes behind the end. What becomes of embeddings and
 * reranked lists is JSON.
 *
 * Frames of a stream stand one a line; all of the input is read as a whole answer, too.
 */
#include "common/base/mem.h"
#include "gateway/dialect/cohere.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    bool begun, finished, done;
    uint32_t tools;
};

static void on_event(void *context, const struct answer_event *event)
{
    struct seen *seen = context;

    must(!seen->done);
    must(event->kind == EVENT_BEGIN || event->kind == EVENT_ERROR || seen->begun);
    must(event->choice == 0);
    if (event->kind == EVENT_BEGIN)
        seen->begun = true;
    else if (event->kind == EVENT_TOOL)
        must(event->tool == seen->tools++);
    else if (event->kind == EVENT_ARGUMENTS)
        must(event->tool < seen->tools && event->text.size > 0);
    else if (event->kind == EVENT_FINISH)
        seen->finished = true;
    else if (event->kind == EVENT_DONE) {
        must(seen->finished);
        seen->done = true;
    }
}

static void check_json(struct span text)
{
    struct json_doc doc = json_doc_make();

    must(json_parse(&doc, text, &json_limits_body) == JSON_OK);
    json_doc_done(&doc);
}

static void check_answer(const struct answer *answer)
{
    must(memchr(answer->error_message, '\0', sizeof(answer->error_message)) != NULL);
    must(answer->usage.verbatim_size <= ANSWER_VERBATIM_MAX);
    if (answer->usage.state != ANSWER_USAGE_GOOD)
        return;
    for (int i = 0; i < METERS; i++) {
        must(answer->usage.meters.count[i] >= 0 && answer->usage.meters.count[i] <= 10000000);
        must(answer->usage.shown.count[i] >= 0 && answer->usage.shown.count[i] <= 10000000);
    }
}

static void read_chat(struct span text, bool whole)
{
    struct arena *arena = arena_new(4096, 1 << 20);
    struct json_doc doc = json_doc_make();
    struct answer answer = answer_make();
    struct seen seen = {0};
    struct answer_reader reader = answer_reader_make(&cohere_upstream, &doc, &answer,
                                                     (struct answer_sink){on_event, &seen}, arena);

    if (whole)
        cohere_upstream.read_whole(&reader, text);
    while (!whole && text.size > 0) {
        cohere_upstream.read_frame(&reader, (struct span){0}, span_cut(&text, '\n'));
        arena_reset(arena);
    }
    must(((answer.signs & ANSWER_DONE) != 0) == seen.done);
    check_answer(&answer);
    arena_free(arena);
    json_doc_done(&doc);
}

static void read_lists(struct span text)
{
    struct json_doc doc = json_doc_make(), ask = json_doc_make();
    struct answer answer = answer_make();
    struct buf out = buf_make(1 << 20);

    must(json_parse(&ask,
                    span_of("{\"documents\":[\"a\",{}],\"return_documents\":true,"
                            "\"encoding_format\":\"base64\"}"),
                    &json_limits_body) == JSON_OK);
    if (cohere_read_embed(&doc, text, &ask, span_of("m"), &answer, &out))
        check_json(buf_span(&out));
    check_answer(&answer);
    buf_clear(&out);
    if (cohere_read_rerank(&doc, text, &ask, &answer, &out))
        check_json(buf_span(&out));
    check_answer(&answer);
    buf_done(&out);
    json_doc_done(&ask);
    json_doc_done(&doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_make((const char *)data, size);

    read_chat(text, false);
    read_chat(text, true);
    read_lists(text);
    return 0;
}
