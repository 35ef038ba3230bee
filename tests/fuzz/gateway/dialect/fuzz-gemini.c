/*
 * fuzz-gemini: whatever Gemini answers or a client of its language asks, it is read without harm;
 * usage that is believed is a quantity; what is written of either is JSON. Lines of the input are
 * frames of a stream.
 */
#include "common/base/mem.h"
#include "gateway/dialect/language.h"

enum { ROOM = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct heard {
    struct answer answer;
    struct answer_writer writer;
    struct buf out;
    uint32_t begins, dones;
};

static void on_event(void *context, const struct answer_event *event)
{
    struct heard *heard = context;

    must(heard->dones == 0);
    heard->begins += event->kind == EVENT_BEGIN;
    heard->dones += event->kind == EVENT_DONE;
    must(heard->begins == 1 || event->kind == EVENT_ERROR);
    heard->writer.language->write(&heard->writer, event);
}

static void check_json(struct span text)
{
    struct json_doc doc = json_doc_make();
    enum json_error error = json_parse(&doc, text, &json_limits_body);

    /* What the provider nested deeply may be too deep one level further in. */
    must(error == JSON_OK || error == JSON_TOO_DEEP || error == JSON_TOO_MANY ||
         error == JSON_TOO_LARGE);
    json_doc_done(&doc);
}

static void check_answer(const struct answer *answer)
{
    const struct meters *meters = &answer->usage.meters;

    must(memchr(answer->error_message, '\0', sizeof(answer->error_message)) != NULL);
    must(answer->error_retry_ms >= 0 && answer->usage.verbatim_size <= ANSWER_VERBATIM_MAX);
    if (answer->usage.state != ANSWER_USAGE_GOOD)
        return;
    for (int i = 0; i < METERS; i++)
        must(meters->count[i] >= 0 && meters->count[i] <= 30000000);
    must(meters->count[METER_REASONING] <= meters->count[METER_OUTPUT]);
}

static void read_frames(struct answer_reader *reader, struct span text)
{
    while (text.at != NULL)
        gemini_upstream.read_frame(reader, (struct span){0}, span_cut(&text, '\n'));
    gemini_upstream.read_end(reader, true);
}

static void hear(struct span text, const struct client_language *client, bool frames, bool stream)
{
    struct arena *arena = arena_new(1 << 16, ROOM);
    struct json_doc doc = json_doc_make();
    struct heard *heard = mem_new(sizeof(*heard));
    struct answer_reader reader = answer_reader_make(&gemini_upstream, &doc, &heard->answer,
                                                     (struct answer_sink){on_event, heard}, arena);

    *heard = (struct heard){.answer = answer_make(), .out = buf_make(ROOM)};
    heard->writer = answer_writer_make(client, &heard->out, arena);
    heard->writer.id = span_of("gen_1");
    heard->writer.stream = stream;
    if (frames)
        read_frames(&reader, text);
    else
        gemini_upstream.read_whole(&reader, text);
    check_answer(&heard->answer);
    if (heard->dones == 1 && !buf_failed(&heard->out))
        check_json(buf_span(&heard->out));
    buf_done(&heard->out);
    mem_free(heard);
    json_doc_done(&doc);
    arena_free(arena);
}

static void write_again(const struct chat *chat, const struct upstream_language *language,
                        struct arena *arena)
{
    struct language_target target = {
        .model = span_of("gemini-3-flash"), .output_cap = 9, .reasoning = true};
    struct pieces pieces = pieces_make(arena, ROOM);
    struct buf all = buf_make(ROOM);
    struct ask_losses losses;
    const struct span *spans;
    uint32_t count;
    size_t bytes;

    if (language->write_ask(chat, &target, &pieces, &losses) == ASK_WRITTEN) {
        spans = pieces_spans(&pieces, &count, &bytes);
        for (uint32_t i = 0; spans != NULL && i < count; i++)
            buf_add_span(&all, spans[i]);
        must(spans == NULL || all.size == bytes);
        if (spans != NULL)
            check_json(buf_span(&all));
    }
    buf_done(&all);
    pieces_done(&pieces);
}

static void ask(struct span text)
{
    struct arena *arena = arena_new(1 << 16, ROOM);
    struct json_doc doc = json_doc_make();
    const char *why = NULL, *member = NULL;
    struct chat chat;

    if (json_parse(&doc, text, &json_limits_body) == JSON_OK) {
        if (gemini_client.read_ask(&doc, arena, &chat, &why, &member) == 0) {
            write_again(&chat, &gemini_upstream, arena);
            write_again(&chat, &gemini_vertex_upstream, arena);
        } else {
            must(why != NULL);
        }
    }
    json_doc_done(&doc);
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_make((const char *)data, size);
    struct json_doc doc = json_doc_make();
    struct answer error = answer_make();
    struct answer_reader reader =
        answer_reader_make(&gemini_upstream, &doc, &error, (struct answer_sink){0}, NULL);

    hear(text, &gemini_client, false, false);
    hear(text, &gemini_array_client, true, true);
    (void)gemini_upstream.read_error(&reader, text);
    check_answer(&error);
    ask(text);
    json_doc_done(&doc);
    return 0;
}
