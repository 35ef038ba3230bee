/*
 * checks: what the fuzz targets of several languages hold an answer, a chat or a body to.
 */
#ifndef TOLLGATE_TESTS_FUZZ_GATEWAY_DIALECT_CHECKS_H
#define TOLLGATE_TESTS_FUZZ_GATEWAY_DIALECT_CHECKS_H

#include "common/base/mem.h"
#include "gateway/dialect/language.h"
#include "gateway/dialect/usage.h"

/* Of a body that is written. */
enum { CHECKS_OWN_MAX = 16 << 20, CHECKS_OUT_MAX = 64 << 20 };

/* Usage that is believed is a quantity. */
static inline void check_usage(const struct answer *answer)
{
    must(answer->usage.verbatim_size <= ANSWER_VERBATIM_MAX);
    if (answer->usage.state != ANSWER_USAGE_GOOD)
        return;
    for (int i = 0; i < METERS; i++)
        must(answer->usage.meters.count[i] >= 0 &&
             answer->usage.meters.count[i] <= 2 * USAGE_QUANTITY_MAX);
    must(answer->usage.meters.count[METER_REASONING] <=
         answer->usage.meters.count[METER_OUTPUT] + answer->usage.meters.count[METER_OUTPUT_AUDIO]);
}

static inline void check_parts(const struct chat *chat)
{
    for (uint32_t i = 0; i < chat->message_count; i++)
        must((uint64_t)chat->messages[i].first + chat->messages[i].count <= chat->part_count);
    for (uint32_t i = 0; i < chat->part_count; i++)
        must((uint64_t)chat->parts[i].first + chat->parts[i].count <= chat->part_count);
}

/* What is written of a chat is JSON with an array of that name in it. */
static inline void check_written(const struct upstream_language *language, const struct chat *chat,
                                 const struct language_target *target, struct arena *arena,
                                 const char *list)
{
    struct pieces pieces = pieces_make(arena, CHECKS_OWN_MAX);
    struct json_doc doc = json_doc_make();
    struct buf all = buf_make(CHECKS_OUT_MAX);
    struct ask_losses losses;
    const struct span *spans;
    uint32_t count;
    size_t bytes;

    enum ask_written outcome = language->write_ask(chat, target, &pieces, &losses);
    must((outcome == ASK_UNSPEAKABLE) == (losses.why != NULL));
    spans = pieces_spans(&pieces, &count, &bytes);
    for (uint32_t i = 0; i < count; i++)
        buf_add_span(&all, spans[i]);
    if (outcome == ASK_WRITTEN && spans != NULL) {
        must(all.size == bytes);
        must(json_parse(&doc, buf_span(&all), &json_limits_body) == JSON_OK);
        must(json_kind(&doc, json_find(&doc, 0, list)) == JSON_ARRAY);
    }
    buf_done(&all);
    json_doc_done(&doc);
    pieces_done(&pieces);
}

/* ---- an answer, told to clients of a stream and of a whole ---- */

struct hearing {
    struct json_doc doc;
    struct answer answer;
    struct arena *arena;
    struct buf streamed, gathered;
    struct answer_writer stream, whole;
};

static inline void hear_event(void *context, const struct answer_event *event)
{
    struct hearing *hearing = context;

    hearing->stream.language->write(&hearing->stream, event);
    hearing->whole.language->write(&hearing->whole, event);
}

/* As frames, one a line; as a whole; as an error. */
enum hear_how { HEAR_FRAMES, HEAR_WHOLE, HEAR_ERROR, HEAR_HOWS };

static inline void hear(const struct upstream_language *upstream,
                        const struct client_language *client, struct span text, enum hear_how how,
                        void (*check)(struct hearing *hearing))
{
    struct hearing h = {.doc = json_doc_make(),
                        .answer = answer_make(),
                        .arena = arena_new(1 << 16, 1 << 24),
                        .streamed = buf_make(CHECKS_OUT_MAX),
                        .gathered = buf_make(CHECKS_OUT_MAX)};
    struct answer_reader reader =
        answer_reader_make(upstream, &h.doc, &h.answer, (struct answer_sink){hear_event, &h}, NULL);

    h.stream = answer_writer_make(client, &h.streamed, h.arena);
    h.whole = answer_writer_make(client, &h.gathered, h.arena);
    h.stream.stream = true;
    if (how == HEAR_WHOLE)
        upstream->read_whole(&reader, text);
    else if (how == HEAR_ERROR)
        (void)!upstream->read_error(&reader, text);
    while (how == HEAR_FRAMES && text.size > 0)
        upstream->read_frame(&reader, (struct span){0}, span_cut(&text, '\n'));
    check_usage(&h.answer);
    must(memchr(h.answer.error_message, '\0', sizeof(h.answer.error_message)) != NULL);
    check(&h);
    if (h.gathered.size > 0 && !buf_failed(&h.gathered))
        must(json_parse(&h.doc, buf_span(&h.gathered), &json_limits_body) == JSON_OK);
    buf_done(&h.streamed);
    buf_done(&h.gathered);
    arena_free(h.arena);
    json_doc_done(&h.doc);
}

#endif
