/*
 * fuzz-service: whatever is answered to what is no chat is read without harm: usage that is
 * believed is a quantity, and what another language becomes is JSON. Audio files say their length
 * without harm, too.
 *
 * The first byte chooses the kind; lines are the events of a stream.
 */
#include "common/base/mem.h"
#include "gateway/dialect/audio_length.h"
#include "gateway/dialect/service.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_meters(const struct meters *meters)
{
    for (int m = 0; m < METERS; m++)
        must(meters->count[m] >= 0 && meters->count[m] <= 10000000);
}

static void check_answer(const struct answer *answer, const struct service_places *places,
                         const struct json_doc *doc)
{
    must(memchr(answer->error_message, '\0', sizeof(answer->error_message)) != NULL);
    check_meters(&places->seen);
    if (answer->usage.state == ANSWER_USAGE_GOOD)
        check_meters(&answer->usage.meters);
    must(places->usage == JSON_NONE || places->usage < doc->count);
}

static void read_native(enum ask_kind kind, struct span text, struct json_doc *doc)
{
    static const char *const types[] = {"application/json", "text/plain", "audio/mpeg"};
    struct service_places places;

    for (size_t i = 0; i < array_size(types); i++) {
        struct answer answer = answer_make();

        service_read_whole(&(struct service_reader){kind, doc, NULL, &answer}, span_of(types[i]),
                           text, &places);
        check_answer(&answer, &places, doc);
    }
    while (text.size > 0) {
        struct answer answer = answer_make();

        service_read_frame(&(struct service_reader){kind, doc, NULL, &answer},
                           span_cut(&text, '\n'), &places);
        check_answer(&answer, &places, doc);
    }
}

static void read_other(struct span text, struct json_doc *doc)
{
    static const char *const dialects[][2] = {
        {"gemini", "e"}, {"vertex-gemini", "e"}, {"bedrock-converse", "amazon.titan-embed"}};
    struct json_doc ask = json_doc_make(), check = json_doc_make();
    struct buf out = buf_make(1 << 22);

    must(json_parse(&ask, span_of("{\"input\":\"a\",\"encoding_format\":\"base64\"}"),
                    &json_limits_body) == JSON_OK);
    for (size_t i = 0; i < array_size(dialects); i++) {
        const struct service_language *language =
            service_language_find(ASK_EMBEDDINGS, span_of(dialects[i][0]), span_of(dialects[i][1]));
        struct answer answer = answer_make();

        buf_clear(&out);
        if (language->read(doc, text, &ask, span_of("m"), &answer, &out))
            must(json_parse(&check, buf_span(&out), &json_limits_body) == JSON_OK);
        else
            must(buf_failed(&out) || (answer.signs & (ANSWER_ERROR | ANSWER_MALFORMED)) != 0);
    }
    buf_done(&out);
    json_doc_done(&ask);
    json_doc_done(&check);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum ask_kind kinds[] = {ASK_MODERATIONS,    ASK_RERANK, ASK_IMAGES,
                                          ASK_TRANSCRIPTIONS, ASK_SPEECH, ASK_EMBEDDINGS};
    struct span text = span_make((const char *)data, size);
    struct json_doc doc = json_doc_make();

    if (size > 0)
        read_native(kinds[data[0] % array_size(kinds)], span_part(text, 1, SIZE_MAX), &doc);
    read_other(text, &doc);
    must(audio_length_ms(text) >= -1);
    must(audio_length_bound_s(text) >= audio_length_counted_s(text) || audio_length_ms(text) >= 0);
    json_doc_done(&doc);
    return 0;
}
