/*
 * fuzz-openai-answer: whatever a provider streams, it comes to the same at once and byte by byte,
 * and what an OpenAI client gets of it is JSON, streamed and whole.
 */
#include "common/base/mem.h"
#include "gateway/dialect/language.h"
#include "gateway/dialect/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY_MAX = 16 << 20, OUT_MAX = 64 << 20 };

static void on_event(void *context, const struct answer_event *event)
{
    struct answer_writer *writer = context;

    writer->language->write(writer, event);
}

struct run {
    struct json_doc doc;
    struct answer answer;
    struct arena *scratch, *request;
    struct buf out;
    struct answer_writer writer;
    struct answer_reader reader;
};

static void begin(struct run *run, bool stream)
{
    *run = (struct run){.doc = json_doc_make(),
                        .answer = answer_make(),
                        .scratch = arena_new(1 << 14, MEMORY_MAX),
                        .request = arena_new(1 << 14, MEMORY_MAX),
                        .out = buf_make(OUT_MAX)};
    run->writer = answer_writer_make(&openai_client, &run->out, run->request);
    run->writer.id = span_of("gen_1");
    run->writer.model = span_of("m");
    run->writer.stream = run->writer.include_usage = stream;
    run->reader = answer_reader_make(&openai_upstream, &run->doc, &run->answer,
                                     (struct answer_sink){on_event, &run->writer}, run->scratch);
}

static void end(struct run *run)
{
    json_doc_done(&run->doc);
    arena_free(run->scratch);
    arena_free(run->request);
    buf_done(&run->out);
}

static void feed(struct run *run, struct span bytes, size_t piece)
{
    struct sse sse = sse_make();
    struct sse_frame frame;

    for (size_t at = 0; at < bytes.size; at += piece) {
        enum sse_outcome outcome;
        sse_feed(&sse, span_part(bytes, at, piece));
        while ((outcome = sse_next(&sse, &frame)) == SSE_FRAME) {
            run->reader.language->read_frame(&run->reader, frame.event, frame.data);
            arena_reset(run->scratch);
        }
        must(outcome == SSE_MORE);
    }
    sse_done(&sse);
}

static void check_json(struct span text)
{
    struct json_doc doc = json_doc_make();

    must(json_parse(&doc, text, &json_limits_body) == JSON_OK);
    json_doc_done(&doc);
}

/* Each frame of ours is "data: …\n\n", and only the last one is [DONE]. */
static void check_stream(struct span out)
{
    while (out.size > 0) {
        const char *frame_end = memmem(out.at, out.size, "\n\n", 2);
        must(frame_end != NULL && span_starts(out, "data: "));
        struct span data = span_part(out, 6, (size_t)(frame_end - out.at) - 6);
        out = span_part(out, (size_t)(frame_end - out.at) + 2, out.size);
        if (span_is(data, "[DONE]"))
            must(out.size == 0);
        else
            check_json(data);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = span_make((const char *)data, size);
    struct run whole, split, gathered;

    begin(&whole, true);
    begin(&split, true);
    begin(&gathered, false);
    if (size > 0) {
        feed(&whole, bytes, size);
        feed(&split, bytes, 1);
        feed(&gathered, bytes, size);
    }
    must(span_equal(buf_span(&whole.out), buf_span(&split.out)));
    must(whole.answer.signs == split.answer.signs);
    check_stream(buf_span(&whole.out));
    if (gathered.out.size > 0)
        check_json(buf_span(&gathered.out));
    end(&gathered);
    begin(&gathered, false);
    gathered.reader.language->read_whole(&gathered.reader, bytes);
    if (gathered.out.size > 0)
        check_json(buf_span(&gathered.out));
    (void)!gathered.reader.language->read_error(&gathered.reader, bytes);
    end(&whole);
    end(&split);
    end(&gathered);
    return 0;
}
