#include <errno.h>
#include <stdio.h>

#include "tests/support/testing.h"

#include "gateway/dialect/responses.h"

enum { ARENA_MAX = 4 << 20 };

static struct json_doc doc;
static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    doc = json_doc_make();
    arena = arena_new(1 << 14, ARENA_MAX);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    json_doc_done(&doc);
    arena_free(arena);
    return 0;
}

static const struct language_target plain_target = {.model = {"m", 1}, .output_cap = 100};
static const struct language_target thinking_target = {
    .model = {"m", 1}, .output_cap = 100, .reasoning = true};

static const struct language_target amazons_target = {
    .model = {"openai.gpt-5.5", 14}, .output_cap = 100, .reasoning = true};

static int read_body(const struct client_language *client, const char *body, struct chat *chat,
                     const char **why, const char **member)
{
    *why = *member = "";
    assert_int_equal(json_parse(&doc, span_of(body), &json_limits_body), JSON_OK);
    return client->read_ask(&doc, arena, chat, why, member);
}

/* From one of the two APIs to the other. */
static const struct way {
    const struct client_language *client;
    const struct upstream_language *upstream;
} to_chats = {&responses_client, &openai_upstream},
  to_responses = {&openai_client, &responses_upstream};

static void assert_body(const char *what, const struct way *way, const char *body,
                        const struct language_target *target, const char *wanted, uint64_t lost)
{
    struct ask_losses losses;
    struct pieces pieces = pieces_make(arena, ARENA_MAX);
    struct buf all = buf_make(ARENA_MAX);
    struct json_doc again = json_doc_make();
    const char *why, *member;
    const struct span *spans;
    struct chat chat;
    uint32_t count;
    size_t size;

    assert_int(what, read_body(way->client, body, &chat, &why, &member), 0);
    assert_int(what, way->upstream->write_ask(&chat, target, &pieces, &losses), ASK_WRITTEN);
    spans = pieces_spans(&pieces, &count, &size);
    for (uint32_t i = 0; i < count; i++)
        buf_add_span(&all, spans[i]);
    assert_span(what, buf_span(&all), wanted);
    assert_int(what, json_parse(&again, buf_span(&all), &json_limits_body), JSON_OK);
    assert_int(what, (int64_t)losses.lost, (int64_t)lost);
    buf_done(&all);
    pieces_done(&pieces);
    json_doc_done(&again);
}

#define USER "{\"role\":\"user\",\"content\":\"q\"}"
#define CALL(id)                                                                                   \
    "{\"type\":\"function_call\",\"call_id\":\"" id "\",\"name\":\"f\",\"arguments\":\"{}\"}"
#define OUTPUT(id) "{\"type\":\"function_call_output\",\"call_id\":\"" id "\",\"output\":\"r\"}"
#define INPUT(items) "{\"model\":\"x\",\"input\":[" items "]}"
#define PART(part) INPUT("{\"role\":\"user\",\"content\":[" part "]}")
#define ASKED(rest) "{\"model\":\"x\",\"input\":\"q\"," rest "}"

static void what_cannot_be_translated_is_refused_with_its_member(void **state)
{
    static const struct {
        const char *what, *body, *member;
    } rows[] = {
        {"no input", "{\"model\":\"x\"}", "input"},
        {"an empty text", "{\"input\":\"\"}", "input"},
        {"no items", INPUT(""), "input"},
        {"a number as input", "{\"input\":5}", "input"},
        {"an item that is none", INPUT("1"), "input[0]"},
        {"an item of no type", INPUT("{\"id\":\"x\"}"), "input[0].type"},
        {"another's tool's item", INPUT("{\"type\":\"web_search_call\",\"id\":\"w\"}"),
         "input[0].type"},
        {"an item by reference", INPUT(USER ",{\"type\":\"item_reference\",\"id\":\"x\"}"),
         "input[1]"},
        {"what was answered before", ASKED("\"previous_response_id\":\"resp_1\""),
         "previous_response_id"},
        {"a role nobody has", INPUT("{\"role\":\"tool\",\"content\":\"a\"}"), "input[0].role"},
        {"a user who says nothing", INPUT("{\"role\":\"user\",\"content\":\"\"}"),
         "input[0].content"},
        {"a user without content", INPUT("{\"role\":\"user\"}"), "input[0].content"},
        {"a user who refuses", PART("{\"type\":\"refusal\",\"refusal\":\"no\"}"),
         "input[0].content"},
        {"an assistant with a picture",
         INPUT("{\"role\":\"assistant\",\"content\":[{\"type\":\"input_image\",\"image_url\":"
               "\"https://x\"}]}"),
         "input[0].content"},
        {"a part of another API", PART("{\"type\":\"text\",\"text\":\"a\"}"), "input[0].content"},
        {"a picture that is nowhere", PART("{\"type\":\"input_image\"}"), "input[0].content"},
        {"a data URL without base64",
         PART("{\"type\":\"input_image\",\"image_url\":\"data:image/png,abc\"}"),
         "input[0].content.image_url"},
        {"a file that is nowhere", PART("{\"type\":\"input_file\",\"filename\":\"a\"}"),
         "input[0].content"},
        {"audio without a format",
         PART("{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"AA\"}}"),
         "input[0].content.input_audio"},
        {"an output of no call", INPUT(OUTPUT("c")), "input[0].call_id"},
        {"an output of another call", INPUT(CALL("c") "," OUTPUT("d")), "input[1].call_id"},
        {"a call without an output", INPUT(CALL("c") "," USER), "input[1]"},
        {"a call without an output at the end", INPUT(USER "," CALL("c")), "input[2]"},
        {"a call without an id", INPUT("{\"type\":\"function_call\",\"name\":\"f\"}"),
         "input[0].call_id"},
        {"a call without a name", INPUT("{\"type\":\"function_call\",\"call_id\":\"c\"}"),
         "input[0].name"},
        {"instructions that are no text", ASKED("\"instructions\":[]"), "instructions"},
        {"a tool that runs elsewhere", ASKED("\"tools\":[{\"type\":\"web_search\"}]"), "tools"},
        {"a tool without a name", ASKED("\"tools\":[{\"type\":\"function\"}]"), "tools"},
        {"a choice of a tool that there is not",
         ASKED("\"tool_choice\":{\"type\":\"function\",\"name\":\"g\"}"), "tool_choice"},
        {"a choice of some tools", ASKED("\"tool_choice\":{\"type\":\"allowed_tools\"}"),
         "tool_choice"},
        {"a temperature that is none", ASKED("\"temperature\":\"hot\""), "temperature"},
        {"a cap below one", ASKED("\"max_output_tokens\":0"), "max_output_tokens"},
        {"a format nobody has", ASKED("\"text\":{\"format\":{\"type\":\"xml\"}}"),
         "text.format.type"},
        {"a schema that is not there", ASKED("\"text\":{\"format\":{\"type\":\"json_schema\"}}"),
         "text.format.schema"},
        {"an effort nobody has", ASKED("\"reasoning\":{\"effort\":\"huge\"}"), "reasoning.effort"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const char *why, *member;
        struct chat chat;

        assert_int(rows[i].what, read_body(&responses_client, rows[i].body, &chat, &why, &member),
                   -EINVAL);
        assert_span(rows[i].what, span_of(member), rows[i].member);
        in_row(rows[i].what, strlen(why) > 0);
    }
}

#define CHAT(rest) "{\"model\":\"m\",\"messages\":[" rest "],\"max_tokens\":100"
#define CHAT_USER_Q "{\"role\":\"user\",\"content\":\"q\"}"
#define CHAT_CALL(id)                                                                              \
    "{\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}"
#define CHAT_TOOL(id) "{\"role\":\"tool\",\"tool_call_id\":\"" id "\",\"content\":\"r\"}"

static void a_body_becomes_a_chat(void **state)
{
    static const struct {
        const char *what, *body, *wanted;
    } rows[] = {
        {"a text", "{\"input\":\"q\"}", CHAT(CHAT_USER_Q) "}"},
        {"instructions", "{\"input\":\"q\",\"instructions\":\"be\"}",
         CHAT("{\"role\":\"system\",\"content\":\"be\"}," CHAT_USER_Q) "}"},
        {"roles",
         INPUT("{\"role\":\"developer\",\"content\":\"be\"}," USER
               ",{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":"
               "\"output_text\",\"text\":\"a\",\"annotations\":[]}]}," USER),
         CHAT("{\"role\":\"system\",\"content\":\"be\"}," CHAT_USER_Q
              ",{\"role\":\"assistant\",\"content\":\"a\"}," CHAT_USER_Q) "}"},
        {"what an assistant did is one message, whatever came between",
         INPUT(USER ",{\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\",\"text\":"
                    "\"hm\"}]},{\"role\":\"assistant\",\"content\":\"a\"}," CALL("c") "," CALL(
                        "d") "," OUTPUT("d") "," OUTPUT("c")),
         CHAT(CHAT_USER_Q ",{\"role\":\"assistant\",\"content\":\"a\",\"tool_calls\":[" CHAT_CALL(
             "c") "," CHAT_CALL("d") "]}," CHAT_TOOL("d") "," CHAT_TOOL("c")) "}"},
        {"calls one after the other",
         INPUT(CALL("c") "," OUTPUT("c") "," CALL("d") "," OUTPUT("d") "," USER),
         CHAT("{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[" CHAT_CALL(
             "c") "]}," CHAT_TOOL("c") ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":"
                                       "[" CHAT_CALL("d") "]}," CHAT_TOOL(
                                           "d") "," CHAT_USER_Q) "}"},
        {"an assistant that said nothing",
         INPUT(USER ",{\"type\":\"reasoning\",\"summary\":[]},{\"role\":\"assistant\","
                    "\"content\":\"\"}," USER),
         CHAT(CHAT_USER_Q "," CHAT_USER_Q) "}"},
        {"media",
         PART("{\"type\":\"input_text\",\"text\":\"a\"},{\"type\":\"input_image\",\"image_url\":"
              "\"https://x/y\",\"detail\":\"low\"},{\"type\":\"input_file\",\"filename\":\"a.pdf\","
              "\"file_data\":\"data:application/pdf;base64,AA\"},{\"type\":\"input_file\","
              "\"file_id\":\"f\"}"),
         CHAT("{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":"
              "\"image_url\",\"image_url\":{\"url\":\"https://x/y\",\"detail\":\"low\"}},"
              "{\"type\":\"file\",\"file\":{\"filename\":\"a.pdf\",\"file_data\":"
              "\"data:application/pdf;base64,AA\"}},{\"type\":\"file\",\"file\":{\"file_id\":"
              "\"f\"}}]}") "}"},
        {"tools and wishes",
         ASKED("\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"parameters\":{\"a\":1},"
               "\"strict\":true}],\"tool_choice\":{\"type\":\"function\",\"name\":\"f\"},"
               "\"parallel_tool_calls\":false,\"temperature\":0.5,\"top_p\":1,\"include\":"
               "[\"message.output_text.logprobs\"],\"top_logprobs\":2,\"text\":{\"format\":"
               "{\"type\":\"json_schema\",\"name\":\"n\",\"schema\":{},\"strict\":true},"
               "\"verbosity\":\"low\"},\"user\":\"u\",\"stream\":true"),
         CHAT(CHAT_USER_Q) ",\"temperature\":0.5,\"top_p\":1,\"logprobs\":true,\"top_logprobs\":2,"
                           "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":"
                           "{\"name\":\"n\",\"schema\":{},\"strict\":true}},\"verbosity\":"
                           "\"low\",\"user\":\"u\",\"stream\":true,\"stream_options\":"
                           "{\"include_usage\":true}}"},
    };
    static const char tools[] =
        ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"a\":1},"
        "\"strict\":true}}],\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}},"
        "\"parallel_tool_calls\":false,\"max_tokens\":100";

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct buf wanted = buf_make(1 << 16);
        const char *cap = strstr(rows[i].wanted, ",\"max_tokens\":100");
        bool tooled = strstr(rows[i].body, "\"tools\"") != NULL;

        buf_add_span(&wanted, span_make(rows[i].wanted, (size_t)(cap - rows[i].wanted)));
        buf_add_string(&wanted, tooled ? tools : ",\"max_tokens\":100");
        buf_add_string(&wanted, cap + strlen(",\"max_tokens\":100"));
        assert_body(rows[i].what, &to_chats, rows[i].body, &plain_target, wanted.at, 0);
        buf_done(&wanted);
    }
}

#define SAID(role, type, text)                                                                     \
    "{\"type\":\"message\",\"role\":\"" role "\",\"content\":[{\"type\":\"" type                   \
    "\",\"text\":\"" text "\"}]}"
#define WRITTEN(items, rest) "{\"model\":\"m\",\"input\":[" items "]" rest ",\"store\":false}"
#define CAP ",\"max_output_tokens\":100"
#define THINKS ",\"include\":[\"reasoning.encrypted_content\"]"

static void a_chat_becomes_a_body(void **state)
{
    static const struct {
        const char *what, *body;
        const struct language_target *target;
        const char *wanted;
        uint64_t lost;
    } rows[] = {
        {"who says what",
         "{\"messages\":[{\"role\":\"system\",\"content\":\"be\"},{\"role\":\"user\",\"content\":"
         "\"q\"},{\"role\":\"assistant\",\"content\":\"a\",\"refusal\":\"no\"},{\"role\":\"user\","
         "\"content\":\"q\"}]}",
         &plain_target,
         WRITTEN(SAID("system", "input_text", "be") "," SAID(
                     "user", "input_text",
                     "q") ",{\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":"
                          "\"output_text\",\"text\":\"a\"},{\"type\":\"refusal\",\"refusal\":"
                          "\"no\"}]}," SAID("user", "input_text", "q"),
                 CAP),
         0},
        {"calls and results",
         "{\"messages\":[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[" CHAT_CALL(
             "c") "]},{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"r\"}]}",
         &plain_target, WRITTEN(CALL("c") "," OUTPUT("c"), CAP), 0},
        {"media",
         "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
         "{\"url\":\"data:image/png;base64,AA\",\"detail\":\"low\"}},{\"type\":\"file\",\"file\":"
         "{\"file_id\":\"f\"}},{\"type\":\"file\",\"file\":{\"filename\":\"a.pdf\",\"file_data\":"
         "\"data:application/pdf;base64,AA\"}}]}]}",
         &plain_target,
         WRITTEN("{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_image\","
                 "\"image_url\":\"data:image/png;base64,AA\",\"detail\":\"low\"},{\"type\":"
                 "\"input_file\",\"file_id\":\"f\"},{\"type\":\"input_file\",\"filename\":"
                 "\"a.pdf\",\"file_data\":\"data:application/pdf;base64,AA\"}]}",
                 CAP),
         0},
        {"tools are not strict unless they say so",
         "{\"messages\":[" USER "],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}"
         "},{\"type\":\"function\",\"function\":{\"name\":\"g\",\"strict\":true,\"description\":"
         "\"d\",\"parameters\":{}}}],\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":"
         "\"g\"}},\"parallel_tool_calls\":true}",
         &plain_target,
         WRITTEN(SAID("user", "input_text", "q"),
                 ",\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"parameters\":{\"type\":"
                 "\"object\",\"properties\":{}},\"strict\":false},{\"type\":\"function\",\"name\":"
                 "\"g\",\"description\":\"d\",\"parameters\":{},\"strict\":true}],\"tool_choice\":"
                 "{\"type\":\"function\",\"name\":\"g\"},\"parallel_tool_calls\":true" CAP),
         0},
        {"wishes",
         "{\"messages\":[" USER "],\"temperature\":0.5,\"top_p\":1,\"logprobs\":true,"
         "\"top_logprobs\":2,\"response_format\":{\"type\":\"json_schema\",\"json_schema\":"
         "{\"name\":\"n\",\"schema\":{},\"strict\":true}},\"verbosity\":\"low\",\"user\":\"u\","
         "\"metadata\":{\"a\":\"b\"},\"stream\":true}",
         &plain_target,
         "{\"model\":\"m\",\"input\":[" SAID(
             "user", "input_text",
             "q") "]" CAP
                  ",\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"n\",\"schema\":{},"
                  "\"strict\":true},\"verbosity\":\"low\"},\"temperature\":0.5,\"top_p\":1,"
                  "\"include\":"
                  "[\"message.output_text.logprobs\"],\"top_logprobs\":2,\"user\":\"u\","
                  "\"metadata\":"
                  "{\"a\":\"b\"},\"store\":false,\"stream\":true}",
         0},
        {"what there is no word for",
         "{\"messages\":[" USER "],\"stop\":\"x\",\"seed\":1,\"n\":2,\"logit_bias\":{},"
         "\"frequency_penalty\":1,\"presence_penalty\":1,\"top_k\":3}",
         &plain_target, WRITTEN(SAID("user", "input_text", "q"), CAP),
         UINT64_C(1) << MEMBER_STOP | UINT64_C(1) << MEMBER_SEED | UINT64_C(1) << MEMBER_N |
             UINT64_C(1) << MEMBER_LOGIT_BIAS | UINT64_C(1) << MEMBER_FREQUENCY_PENALTY |
             UINT64_C(1) << MEMBER_PRESENCE_PENALTY | UINT64_C(1) << MEMBER_TOP_K},
        {"a model that thinks, and is not asked to tell", "{\"messages\":[" USER "]}",
         &thinking_target, WRITTEN(SAID("user", "input_text", "q"), CAP THINKS), 0},
        {"a model that is asked to think", "{\"messages\":[" USER "],\"reasoning_effort\":\"low\"}",
         &thinking_target,
         WRITTEN(SAID("user", "input_text", "q"),
                 CAP ",\"reasoning\":{\"effort\":\"low\",\"summary\":\"auto\"}" THINKS),
         0},
        {"Amazon's name of a model that thinks more than others",
         "{\"messages\":[" USER "],\"reasoning_effort\":\"xhigh\",\"temperature\":1}",
         &amazons_target,
         "{\"model\":\"openai.gpt-5.5\",\"input\":[" SAID(
             "user", "input_text",
             "q") "]" CAP ",\"reasoning\":{\"effort\":\"xhigh\",\"summary\":\"auto\"}" THINKS
                  ",\"store\":false}",
         UINT64_C(1) << MEMBER_TEMPERATURE},
        {"no thinking where that can be said",
         "{\"messages\":[" USER "],\"reasoning_effort\":\"none\"}", &amazons_target,
         "{\"model\":\"openai.gpt-5.5\",\"input\":[" SAID(
             "user", "input_text", "q") "]" CAP ",\"reasoning\":{\"effort\":\"none\"}" THINKS
                                        ",\"store\":false}",
         0},
        {"an effort where nobody thinks", "{\"messages\":[" USER "],\"reasoning_effort\":\"low\"}",
         &plain_target, WRITTEN(SAID("user", "input_text", "q"), CAP),
         UINT64_C(1) << MEMBER_REASONING},
        {"its own thoughts go back, others' do not",
         "{\"messages\":[" USER ",{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_details\":"
         "[{\"type\":\"reasoning.text\",\"text\":\"hm\",\"signature\":\"gAAAAs\",\"index\":0},"
         "{\"type\":\"reasoning.encrypted\",\"data\":\"gAAAAd\",\"index\":1},{\"type\":"
         "\"reasoning.text\",\"text\":\"x\",\"signature\":\"Eq\",\"index\":2}]},"
         "{\"role\":\"user\",\"content\":\"q\"}]}",
         &thinking_target,
         WRITTEN(SAID("user", "input_text",
                      "q") ",{\"type\":\"reasoning\",\"summary\":[{\"type\":"
                           "\"summary_text\",\"text\":\"hm\"}],\"encrypted_content\":\"gAAAAs\"},"
                           "{\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":"
                           "\"gAAAAd\"}," SAID("assistant", "output_text",
                                               "a") "," SAID("user", "input_text", "q"),
                 CAP THINKS),
         UINT64_C(1) << MEMBER_REASONING},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_body(rows[i].what, &to_responses, rows[i].body, rows[i].target, rows[i].wanted,
                    rows[i].lost);
}

static void caps_are_never_below_what_the_provider_takes(void **state)
{
    static const struct {
        const char *what;
        int64_t cap, limit;
        const char *wanted;
    } rows[] = {
        {"as it is", 500, 0, "\"max_output_tokens\":500"},
        {"the model's limit", 500, 300, "\"max_output_tokens\":300"},
        {"the least there is", 1, 0, "\"max_output_tokens\":16"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct language_target target = {
            .model = {"m", 1}, .output_cap = rows[i].cap, .output_limit = rows[i].limit};
        char body[256];

        (void)snprintf(body, sizeof(body), WRITTEN("%s", ",%s"), SAID("user", "input_text", "q"),
                       rows[i].wanted);
        assert_body(rows[i].what, &to_responses, "{\"messages\":[" USER "]}", &target, body, 0);
    }
}

static void audio_can_not_be_said(void **state)
{
    struct pieces pieces = pieces_make(arena, ARENA_MAX);
    struct ask_losses losses;
    const char *why, *member;
    struct chat chat;

    (void)state;
    assert_int("read",
               read_body(&responses_client,
                         PART("{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"AA\","
                              "\"format\":\"wav\"}}"),
                         &chat, &why, &member),
               0);
    assert_int("unspeakable", responses_upstream.write_ask(&chat, &plain_target, &pieces, &losses),
               ASK_UNSPEAKABLE);
    assert_string_equal(losses.why, "audio input");
    pieces_done(&pieces);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_cannot_be_translated_is_refused_with_its_member,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_body_becomes_a_chat, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_chat_becomes_a_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(caps_are_never_below_what_the_provider_takes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(audio_can_not_be_said, set_up, tear_down),
    };

    return run_test_table(tests);
}
