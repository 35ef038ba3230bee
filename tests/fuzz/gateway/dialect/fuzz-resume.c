/*
 * fuzz-resume: a stream whose frames passed and that another provider goes on with: whatever they
 * were, the writer that follows them goes on with JSON or says that it cannot, and blanks at the
 * seam are left out and nothing else. One frame a line, the first line is the text so far.
 */
#include "common/base/mem.h"
#include "gateway/dialect/prefill.h"
#include "gateway/dialect/responses.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FRAMES_MAX = 200 };
#define OUT_MAX ((size_t)64 << 20)
#define ARENA_MAX ((size_t)16 << 20)

static const struct client_language *const clients[] = {&openai_client, &anthropic_client,
                                                        &gemini_client, &responses_client};

/* All that was written is events of JSON. */
static void check_events(struct span out)
{
    struct json_doc doc = json_doc_make();

    while (out.size > 0) {
        struct span line = span_trim(span_cut(&out, '\n'));
        if (!span_starts(line, "data: ") || span_is(line, "data: [DONE]"))
            continue;
        must(json_parse(&doc, span_part(line, 6, line.size), &json_limits_body) == JSON_OK);
    }
    json_doc_done(&doc);
}

static void check_client(const struct client_language *client, struct span frames)
{
    static const struct answer_usage usage = {.state = ANSWER_USAGE_GOOD};
    const struct answer_event events[] = {{.kind = EVENT_TEXT, .text = {"b", 1}},
                                          {.kind = EVENT_FINISH, .finish = FINISH_STOP},
                                          {.kind = EVENT_USAGE, .usage = &usage},
                                          {.kind = EVENT_DONE}};
    struct arena *arena = arena_new(1 << 14, ARENA_MAX);
    struct buf out = buf_make(OUT_MAX);
    struct answer_writer writer = answer_writer_make(client, &out, arena);
    struct json_doc doc = json_doc_make();

    writer.stream = writer.include_usage = true;
    writer.id = span_of("gen_1");
    for (int i = 0; i < FRAMES_MAX && frames.size > 0; i++) {
        struct span frame = span_cut(&frames, '\n');
        if (json_parse(&doc, frame, &json_limits_body) != JSON_OK)
            continue;
        client->follow(&writer, &doc);
        if (client == &responses_client)
            responses_follow(&writer, &doc);
    }
    must(out.size == 0);
    if (client->resume(&writer)) {
        for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
            client->write(&writer, &events[i]);
        if (!buf_failed(&out))
            check_events(buf_span(&out));
    }
    buf_done(&out);
    json_doc_done(&doc);
    arena_free(arena);
}

static void check_seam(struct span text, struct span said)
{
    struct prefill prefill = prefill_make(text);
    size_t half = said.size / 2;
    struct span first, second;

    must(prefill.text.size + prefill.blanks.size == text.size);
    first = prefill_fresh(&prefill, span_part(said, 0, half));
    second = prefill_fresh(&prefill, span_part(said, half, SIZE_MAX));
    /* Ends of what was said, at most so much shorter as there were blanks, however escaped. */
    must(first.size <= half && second.size <= said.size - half);
    must(said.size - first.size - second.size <= 6 * text.size);
    must(first.size == 0 || first.at + first.size == said.at + half);
    must(second.size == 0 || second.at + second.size == said.at + said.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span frames = span_make((const char *)data, size), text;

    text = span_cut(&frames, '\n');
    check_seam(text, frames);
    for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++)
        check_client(clients[i], frames);
    return 0;
}
