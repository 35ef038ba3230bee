/* trace_place: the frame of each client's stream that takes a further member. */
#include "tests/support/testing.h"

#include "gateway/flow/trace_place.h"

#define DELTA                                                                                      \
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_"    \
    "turn\"}}\n\n"
#define STOP "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
#define COMPLETED                                                                                  \
    "event: response.completed\ndata: "                                                            \
    "{\"type\":\"response.completed\",\"response\":{\"id\":\"r\"},\"sequence_number\":5}\n\n"

static void each_stream_has_its_place(void **state)
{
    static const struct {
        const char *what;
        enum language_family family;
        const char *text, *behind; /* what stands there; NULL: there is no place */
    } rows[] = {
        {"Anthropic's, not the last event", FAMILY_ANTHROPIC, DELTA STOP, "}\n\n" STOP},
        {"the last of several", FAMILY_ANTHROPIC, DELTA DELTA STOP, "}\n\n" STOP},
        {"without it", FAMILY_ANTHROPIC, STOP, NULL},
        {"Responses: in the response", FAMILY_RESPONSES, COMPLETED, "},\"sequence_number\":5}\n\n"},
        {"lines of CR and LF", FAMILY_RESPONSES, "data:{\"response\":{\"id\":1}}\r\n\r\n",
         "}}\r\n\r\n"},
        {"no response", FAMILY_RESPONSES,
         "data: {\"response\":null}\n\ndata: {\"response\":{}}\n\n", NULL},
        {"Gemini's", FAMILY_GEMINI,
         "data: {\"candidates\":[]}\r\n\r\ndata: {\"candidates\":[{}]}\r\n\r\n", "}\r\n\r\n"},
        {"Gemini's, as an array", FAMILY_GEMINI, ",\r\n{\"candidates\":[{}]}\r\n]", "}\r\n]"},
        {"an array that ended before", FAMILY_GEMINI, "\r\n]", NULL},
        {"what is no JSON", FAMILY_GEMINI, "data: {\"candidates\":[\n\n", NULL},
        {"nothing", FAMILY_GEMINI, "", NULL},
        {"OpenAI's have a chunk of its own", FAMILY_OPENAI, "data: {\"id\":\"x\"}\n\n", NULL},
    };
    struct json_doc doc = json_doc_make();

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct span text = span_of(rows[i].text);
        size_t at = trace_place(rows[i].family, text, &doc);

        in_row(rows[i].what, (at == SIZE_MAX) == (rows[i].behind == NULL));
        if (at != SIZE_MAX)
            assert_span(rows[i].what, span_part(text, at, text.size), rows[i].behind);
    }
    json_doc_done(&doc);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(each_stream_has_its_place)};

    return run_test_table(tests);
}
