/* prefill, and writers that go on behind what passed of a stream. */
#include "tests/support/testing.h"

#include "gateway/dialect/compatible.h"
#include "gateway/dialect/languages.h"
#include "gateway/dialect/prefill.h"
#include "gateway/dialect/responses.h"

enum { ARENA_MAX = 4 << 20 };

static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new(1 << 14, ARENA_MAX);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void blanks_at_the_seam_are_told_once(void **state)
{
    static const struct {
        const char *what, *told, *asked;
        const char *said[3], *fresh[3];
    } rows[] = {
        {"none", "one", "one", {" two"}, {" two"}},
        {"said again", "one ", "one", {" two"}, {"two"}},
        {"not said again", "one ", "one", {"two", " three"}, {"two", " three"}},
        {"others", "one ", "one", {"\\ttwo"}, {"\\ttwo"}},
        {"some of them", "one\\n\\n", "one", {"\\ntwo", "\\n"}, {"two", "\\n"}},
        {"more of them", "one\\n", "one", {"\\n\\ntwo"}, {"\\ntwo"}},
        {"in pieces", "one \\n", "one", {" ", "\\n", " two"}, {"", "", " two"}},
        {"escaped otherwise", "one \\n", "one", {"\\u0020\\u000atwo"}, {"two"}},
        {"an escape that is no blank", "one ", "one", {"\\u00e4"}, {"\\u00e4"}},
        {"an escape that is cut", "one ", "one", {"\\u00"}, {"\\u00"}},
        {"a backslash before an n", "one\\\\n", "one\\\\n", {" two"}, {" two"}},
        {"nothing else", " \\n", "", {" "}, {""}},
        {"nothing", "", "", {" "}, {" "}},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct prefill prefill = prefill_make(span_of(rows[i].told));
        assert_span(rows[i].what, prefill.text, rows[i].asked);
        for (size_t s = 0; s < 3 && rows[i].said[s] != NULL; s++)
            assert_span(rows[i].what, prefill_fresh(&prefill, span_of(rows[i].said[s])),
                        rows[i].fresh[s]);
    }
}

/* ---- what providers are asked ---- */

#define HELLO "{\"role\":\"user\",\"content\":\"hi\"}"

static void assert_asks(const char *what, const struct upstream_language *language,
                        const struct language_target *target, const char *messages,
                        const char *wanted)
{
    struct json_doc doc = json_doc_make();
    struct ask_losses losses;
    struct pieces pieces = pieces_make(arena, ARENA_MAX);
    struct buf body = buf_make(ARENA_MAX), all = buf_make(ARENA_MAX);
    const char *why, *member;
    const struct span *spans;
    struct chat chat, asked;
    uint32_t count;
    size_t size;

    buf_printf(&body, "{\"model\":\"x\",\"reasoning_effort\":\"high\",\"messages\":[%s]}",
               messages);
    assert_int(what, json_parse(&doc, buf_span(&body), &json_limits_body), JSON_OK);
    assert_int(what, openai_client.read_ask(&doc, arena, &chat, &why, &member), 0);
    assert_true(prefill_chat(&chat, span_of("so far"), arena, &asked));
    assert_false(chat.goes_on);
    assert_int(what, language->write_ask(&asked, target, &pieces, &losses), ASK_WRITTEN);
    spans = pieces_spans(&pieces, &count, &size);
    for (uint32_t i = 0; i < count; i++)
        buf_add_span(&all, spans[i]);
    if (memmem(all.at, all.size, wanted, strlen(wanted)) == NULL)
        assert_span(what, buf_span(&all), wanted);
    assert_int(what, json_parse(&doc, buf_span(&all), &json_limits_body), JSON_OK);
    buf_done(&body);
    buf_done(&all);
    pieces_done(&pieces);
    json_doc_done(&doc);
}

static void each_language_ends_with_the_text_so_far(void **state)
{
    static const struct {
        const char *language, *wanted;
    } rows[] = {
        {"anthropic",
         "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"so far\"}]}]"},
        {"anthropic-vertex",
         "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"so far\"}]}]"},
        {"bedrock", "{\"role\":\"assistant\",\"content\":[{\"text\":\"so far\"}]}]"},
        {"cohere", "{\"role\":\"assistant\",\"content\":\"so far\"}]"},
        {"gemini", "{\"role\":\"model\",\"parts\":[{\"text\":\"so far\"}]}]"},
        {"gemini-vertex", "{\"role\":\"model\",\"parts\":[{\"text\":\"so far\"}]}]"},
        {"openai", "{\"role\":\"assistant\",\"content\":\"so far\"}]"},
        {"responses",
         "\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"so far\""},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_asks(rows[i].language, upstream_language_find(span_of(rows[i].language)),
                    &(struct language_target){
                        .model = span_of("claude-sonnet-4-5"), .output_cap = 5000, .goes_on = true},
                    HELLO, rows[i].wanted);
}

static void what_the_client_began_itself_stands_before_it(void **state)
{
    (void)state;
    assert_asks("joined", &anthropic_upstream,
                &(struct language_target){.model = span_of("claude-sonnet-4-5"), .output_cap = 9},
                HELLO ",{\"role\":\"assistant\",\"content\":\"Well, \"}",
                "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"Well, \"},"
                "{\"type\":\"text\",\"text\":\"so far\"}]}]");
}

static void compatible_providers_are_asked_in_their_own_way(void **state)
{
    static const struct {
        const char *provider, *model, *wanted, *path;
    } rows[] = {
        {"mistral", "mistral-large-latest",
         "{\"role\":\"assistant\",\"content\":\"so far\",\"prefix\":true}]", "/chat/completions"},
        {"deepseek", "deepseek-chat",
         "{\"role\":\"assistant\",\"content\":\"so far\",\"prefix\":true}]",
         "/beta/chat/completions"},
        {"moonshotai", "kimi-k2.6",
         "{\"role\":\"assistant\",\"content\":\"so far\",\"partial\":true}]", "/chat/completions"},
        {"alibaba", "qwen3-max",
         "{\"role\":\"assistant\",\"content\":\"so far\",\"partial\":true}]", "/chat/completions"},
        {"vllm", "any", "\"add_generation_prompt\":false,\"continue_final_message\":true",
         "/chat/completions"},
        {"groq", "llama-3.3-70b", "{\"role\":\"assistant\",\"content\":\"so far\"}]",
         "/chat/completions"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct compatible_facts facts = {.model = span_of(rows[i].model)};
        struct language_target target = {.output_cap = 9, .goes_on = true};
        struct buf path = buf_make(1000);
        compatible_target(span_of(rows[i].provider), span_of("openai-compatible"), &facts, &target);
        assert_asks(rows[i].provider, &openai_upstream, &target, HELLO, rows[i].wanted);
        openai_upstream.path(&target, true, &path);
        assert_span(rows[i].provider, buf_span(&path), rows[i].path);
        buf_done(&path);
    }
}

static void who_takes_no_such_beginning_is_known(void **state)
{
    static const struct {
        const char *language, *provider, *model;
        bool taken;
    } rows[] = {
        {"anthropic", "anthropic", "claude-sonnet-4-5-20250929", true},
        {"anthropic", "anthropic", "claude-opus-4-20250514", true},
        {"anthropic", "anthropic", "claude-3-7-sonnet-latest", true},
        {"anthropic", "anthropic", "claude-opus-4-6", false},
        {"anthropic", "anthropic", "claude-sonnet-5", false},
        {"anthropic", "minimax", "MiniMax-M2", true},
        {"anthropic-vertex", "google-vertex", "claude-opus-4-6@default", false},
        {"bedrock", "amazon-bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", true},
        {"bedrock", "amazon-bedrock", "anthropic.claude-opus-4-6-v1", false},
        {"bedrock", "amazon-bedrock", "amazon.nova-pro-v1:0", true},
        {"bedrock", "amazon-bedrock", "meta.llama3-3-70b-instruct-v1:0", false},
        {"openai", "openrouter", "anthropic/claude-sonnet-4.5", true},
        {"openai", "openrouter", "anthropic/claude-opus-4.6", false},
        {"openai", "perplexity", "sonar", false},
        {"openai", "mistral", "mistral-large-latest", true},
        {"gemini", "google", "gemini-2.5-flash", true},
        {"cohere", "cohere", "command-a-03-2025", true},
        {"responses", "openai", "gpt-5.4", true},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct compatible_facts facts = {.model = span_of(rows[i].model)};
        struct language_target target = {.output_cap = 9};
        compatible_target(span_of(rows[i].provider), span_of("openai-compatible"), &facts, &target);
        assert_int(rows[i].model,
                   prefill_is_taken(upstream_language_find(span_of(rows[i].language)), &target),
                   rows[i].taken);
    }
}

static void there_may_be_no_room(void **state)
{
    struct arena *small = arena_new(1 << 10, 1 << 11);
    struct chat_message messages[] = {{.role = CHAT_USER}};
    struct chat_part parts[64] = {0};
    const struct chat chat = {
        .messages = messages, .parts = parts, .message_count = 1, .part_count = 64};
    struct chat asked;

    (void)state;
    assert_false(prefill_chat(&chat, span_of("x"), small, &asked));
    arena_free(small);
}

/* ---- what clients are told ---- */

struct stream {
    const char *what;
    const struct client_language *client;
    const char *frames[12]; /* that passed */
    const char *written;    /* behind them; NULL: nothing can be */
};

static const struct answer_usage usage = {
    .state = ANSWER_USAGE_GOOD,
    .meters = {.count = {[METER_INPUT] = 7, [METER_OUTPUT] = 9},
               .present = 1u << METER_INPUT | 1u << METER_OUTPUT}};

static void assert_goes_on(const struct stream *row)
{
    static const struct answer_event events[] = {{.kind = EVENT_TEXT, .text = {"b", 1}},
                                                 {.kind = EVENT_FINISH, .finish = FINISH_STOP},
                                                 {.kind = EVENT_USAGE, .usage = &usage},
                                                 {.kind = EVENT_DONE}};
    struct json_doc doc = json_doc_make();
    struct buf out = buf_make(1 << 20);
    struct answer_writer writer = answer_writer_make(row->client, &out, arena);

    writer.stream = writer.include_usage = true;
    for (size_t i = 0; row->frames[i] != NULL; i++) {
        assert_int(row->what, json_parse(&doc, span_of(row->frames[i]), &json_limits_body),
                   JSON_OK);
        row->client->follow(&writer, &doc);
        if (row->client == &responses_client)
            responses_follow(&writer, &doc);
    }
    if (writer.id.size == 0)
        writer.id = span_of("gen_1");
    if (writer.model.size == 0)
        writer.model = span_of("m");
    assert_int(row->what, row->client->resume(&writer), row->written != NULL);
    assert_int(row->what, out.size, 0);
    for (size_t i = 0; row->written != NULL && i < array_size(events); i++)
        row->client->write(&writer, &events[i]);
    assert_span(row->what, buf_span(&out), row->written == NULL ? "" : row->written);
    buf_done(&out);
    json_doc_done(&doc);
}

#define CHUNK(id, created, model, choices)                                                         \
    "data: {\"id\":\"" id "\",\"object\":\"chat.completion.chunk\",\"created\":" created           \
    ",\"model\":\"" model "\",\"choices\":" choices
#define CHOICE(delta, finish)                                                                      \
    "[{\"index\":0,\"delta\":{" delta "},\"logprobs\":null,\"finish_reason\":" finish              \
    "}],\"usage\":null}\n\n"
#define PASSED(delta)                                                                              \
    "{\"id\":\"c-1\",\"created\":5,\"model\":\"up\",\"choices\":[{\"delta\":" delta "}]}"

static void a_chat_goes_on(void **state)
{
    static const struct stream rows[] = {
        {"the provider's id, time and model stay",
         &openai_client,
         {PASSED("{\"role\":\"assistant\",\"content\":\"\"}"), PASSED("{\"content\":\"a\"}")},
         CHUNK("c-1", "5", "up", CHOICE("\"content\":\"b\"", "null")) CHUNK("c-1", "5", "up",
                                                                            CHOICE("", "\"stop\""))
             CHUNK("c-1", "5", "up",
                   "[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":9,"
                   "\"total_tokens\":16,\"prompt_tokens_details\":{\"cached_tokens\":0},"
                   "\"completion_tokens_details\":{\"reasoning_tokens\":0}}}\n\n") "data: "
                                                                                   "[DONE]\n\n"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_goes_on(&rows[i]);
}

#define FRAME(type, rest) "event: " type "\ndata: {\"type\":\"" type "\"" rest "}\n\n"
#define START "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"up\"}}"
#define OPEN(index, kind)                                                                          \
    "{\"type\":\"content_block_start\",\"index\":" #index ",\"content_block\":{\"type\":\"" kind   \
    "\"}}"
#define STOP(index) "{\"type\":\"content_block_stop\",\"index\":" #index "}"
#define TOLD(index)                                                                                \
    FRAME("content_block_delta",                                                                   \
          ",\"index\":" #index ",\"delta\":{\"type\":\"text_delta\",\"text\":\"b\"}")              \
    FRAME("content_block_stop", ",\"index\":" #index)                                              \
    FRAME("message_delta", ",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},"     \
                           "\"usage\":{\"input_tokens\":7,\"cache_creation_input_tokens\":0,"      \
                           "\"cache_read_input_tokens\":0,\"output_tokens\":9}")                   \
    FRAME("message_stop", "")

static void a_message_goes_on(void **state)
{
    static const struct stream rows[] = {
        {"the open block goes on",
         &anthropic_client,
         {START, OPEN(0, "thinking"), STOP(0), OPEN(1, "text"),
          "{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\","
          "\"text\":\"a\"}}"},
         TOLD(1)},
        {"behind a block that is closed comes another",
         &anthropic_client,
         {START, OPEN(0, "text"), STOP(0)},
         FRAME("content_block_start",
               ",\"index\":1,\"content_block\":{\"type\":\"text\",\"text\":\"\"}") TOLD(1)},
        {"inside of a thought", &anthropic_client, {START, OPEN(0, "thinking")}, NULL},
        {"inside of a call",
         &anthropic_client,
         {START, OPEN(0, "text"), STOP(0), OPEN(1, "tool_use")},
         NULL},
        {"frames that are none",
         &anthropic_client,
         {START, "{\"type\":1}", "{\"type\":\"content_block_start\",\"index\":-1}",
          "{\"type\":\"content_block_start\",\"index\":100000}", OPEN(0, "text")},
         TOLD(0)},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_goes_on(&rows[i]);
}

static void contents_go_on(void **state)
{
    static const struct stream rows[] = {
        {"ids stay",
         &gemini_client,
         {"{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}],\"modelVersion\":\"up\","
          "\"responseId\":\"r-1\"}"},
         "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"b\"}],\"role\":\"model\"},"
         "\"index\":0}],\"modelVersion\":\"up\",\"responseId\":\"r-1\"}\r\n\r\n"
         "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}],\"role\":\"model\"},"
         "\"index\":0,\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":7,"
         "\"candidatesTokenCount\":9,\"totalTokenCount\":16},\"modelVersion\":\"up\","
         "\"responseId\":\"r-1\"}\r\n\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_goes_on(&rows[i]);
}

#define EVENT(number, type, rest)                                                                  \
    "{\"type\":\"response." type "\"," rest ",\"sequence_number\":" #number "}"
#define CREATED                                                                                    \
    EVENT(0, "created", "\"response\":{\"id\":\"resp_1\",\"created_at\":5,\"model\":\"up\"}")
#define THOUGHT "{\"id\":\"rs_1\",\"type\":\"reasoning\",\"summary\":[],\"own\":true}"
#define ADDED(number, index, item)                                                                 \
    EVENT(number, "output_item.added", "\"output_index\":" #index ",\"item\":" item)
#define MESSAGE "{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"in_progress\",\"content\":[]}"
#define PART(number, index)                                                                        \
    EVENT(number, "content_part.added",                                                            \
          "\"output_index\":" #index ",\"content_index\":0,\"part\":{\"type\":\"output_text\"}")
#define DELTA(number, index)                                                                       \
    EVENT(number, "output_text.delta", "\"output_index\":" #index ",\"delta\":\"a\"")

static void assert_response(const char *what, const char *const *frames, const char *const *wanted)
{
    struct json_doc doc = json_doc_make();
    struct buf out = buf_make(1 << 20);
    struct answer_writer writer = answer_writer_make(&responses_client, &out, arena);
    const struct answer_event text = {.kind = EVENT_TEXT, .text = span_of("b")};
    const struct answer_event finish = {.kind = EVENT_FINISH}, done = {.kind = EVENT_DONE};

    writer.stream = true;
    writer.id = span_of("gen_1");
    for (size_t i = 0; frames[i] != NULL; i++) {
        assert_int(what, json_parse(&doc, span_of(frames[i]), &json_limits_body), JSON_OK);
        responses_client.follow(&writer, &doc);
        responses_follow(&writer, &doc);
    }
    assert_int(what, responses_client.resume(&writer), wanted != NULL);
    if (wanted != NULL) {
        responses_client.write(&writer, &text);
        responses_client.write(&writer, &finish);
        responses_client.write(&writer, &done);
    }
    for (size_t i = 0; wanted != NULL && wanted[i] != NULL; i++)
        if (memmem(out.at, out.size, wanted[i], strlen(wanted[i])) == NULL)
            assert_span(what, buf_span(&out), wanted[i]);
    buf_done(&out);
    json_doc_done(&doc);
}

static void a_response_goes_on(void **state)
{
    static const struct {
        const char *what;
        const char *frames[12], *wanted[8];
        bool refused;
    } rows[] = {
        {"the message goes on, and the last event has all of it",
         {CREATED, ADDED(1, 0, THOUGHT),
          EVENT(2, "output_item.done", "\"output_index\":0,\"item\":" THOUGHT),
          ADDED(3, 1, MESSAGE), PART(4, 1), DELTA(5, 1)},
         {"data: {\"type\":\"response.output_text.delta\",\"item_id\":\"msg_1\",\"output_index\":1,"
          "\"content_index\":0,\"logprobs\":[],\"delta\":\"b\",\"sequence_number\":6}\n\n",
          "\"text\":\"ab\",\"logprobs\":[],\"sequence_number\":7}",
          "data: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp_gen_1\","
          "\"object\":\"response\",\"created_at\":5,",
          "\"model\":\"up\",\"output\":[" THOUGHT
          ",{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"completed\",\"role\":\"assistant\","
          "\"content\":[{\"type\":\"output_text\",\"text\":\"ab\",",
          "\"sequence_number\":10}\n\n"},
         false},
        {"annotations stay",
         {CREATED, ADDED(1, 0, MESSAGE), PART(2, 0), DELTA(3, 0),
          EVENT(4, "output_text.annotation.added",
                "\"output_index\":0,\"annotation\":{\"type\":\"url_citation\"}")},
         {"\"annotations\":[{\"type\":\"url_citation\"}]"},
         false},
        {"behind a message that is done comes another",
         {CREATED, ADDED(1, 0, MESSAGE), PART(2, 0), DELTA(3, 0),
          EVENT(4, "content_part.done", "\"output_index\":0"),
          EVENT(5, "output_item.done", "\"output_index\":0,\"item\":" MESSAGE)},
         {"\"item\":{\"id\":\"msg_gen_1_1\"", "\"output\":[" MESSAGE ",{\"id\":\"msg_gen_1_1\""},
         false},
        {"a part that is done",
         {CREATED, ADDED(1, 0, MESSAGE), PART(2, 0), DELTA(3, 0),
          EVENT(4, "content_part.done", "\"output_index\":0")},
         {NULL},
         true},
        {"a thought that is open", {CREATED, ADDED(1, 0, THOUGHT)}, {NULL}, true},
        {"a message before another item",
         {CREATED, ADDED(1, 0, MESSAGE), ADDED(2, 1, MESSAGE)},
         {NULL},
         true},
        {"nothing", {NULL}, {NULL}, true},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_response(rows[i].what, rows[i].frames, rows[i].refused ? NULL : rows[i].wanted);
}

static void a_response_that_does_not_go_on_closes_nothing(void **state)
{
    static const char *const frames[] = {CREATED, ADDED(1, 0, MESSAGE), PART(2, 0), DELTA(3, 0)};
    struct json_doc doc = json_doc_make();
    struct buf out = buf_make(1 << 20);
    struct answer_writer writer = answer_writer_make(&responses_client, &out, arena);

    (void)state;
    writer.stream = writer.begun = true;
    writer.id = span_of("gen_1");
    for (size_t i = 0; i < array_size(frames); i++) {
        assert_int(frames[i], json_parse(&doc, span_of(frames[i]), &json_limits_body), JSON_OK);
        responses_client.follow(&writer, &doc);
        responses_follow(&writer, &doc);
    }
    responses_write_failed(&writer, span_of("server_error"), span_of("no"));
    assert_true(span_starts(buf_span(&out), "event: response.failed\n"));
    assert_non_null(memmem(out.at, out.size, "\"output\":[]", 11));
    assert_non_null(memmem(out.at, out.size, "\"sequence_number\":4}\n\n", 22));
    buf_done(&out);
    json_doc_done(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_at_the_seam_are_told_once),
        cmocka_unit_test_setup_teardown(each_language_ends_with_the_text_so_far, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_client_began_itself_stands_before_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(compatible_providers_are_asked_in_their_own_way, set_up,
                                        tear_down),
        cmocka_unit_test(who_takes_no_such_beginning_is_known),
        cmocka_unit_test(there_may_be_no_room),
        cmocka_unit_test_setup_teardown(a_chat_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_message_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(contents_go_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_response_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_response_that_does_not_go_on_closes_nothing, set_up,
                                        tear_down),
    };

    return run_test_table(tests);
}
