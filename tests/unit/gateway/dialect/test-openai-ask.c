#include <errno.h>
#include <stdio.h>

#include "tests/support/testing.h"

#include "gateway/dialect/openai_language.h"

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

static int read_body(const char *body, struct chat *chat, const char **why, const char **member)
{
    *why = *member = "";
    assert_int_equal(json_parse(&doc, span_of(body), &json_limits_body), JSON_OK);
    return openai_client.read_ask(&doc, arena, chat, why, member);
}

static const struct language_target plain_target = {.model = {"m", 1}, .output_cap = 100};

static void assert_body(const char *what, const char *body, const struct language_target *target,
                        const char *wanted, uint64_t lost)
{
    struct ask_losses losses;
    struct pieces pieces = pieces_make(arena, ARENA_MAX);
    struct buf all = buf_make(ARENA_MAX);
    const char *why, *member;
    const struct span *spans;
    struct json_doc again = json_doc_make();
    struct chat chat;
    uint32_t count;
    size_t size;

    assert_int(what, read_body(body, &chat, &why, &member), 0);
    assert_int(what, openai_upstream.write_ask(&chat, target, &pieces, &losses), ASK_WRITTEN);
    spans = pieces_spans(&pieces, &count, &size);
    for (uint32_t i = 0; i < count; i++)
        buf_add_span(&all, spans[i]);
    assert_span(what, buf_span(&all), wanted);
    assert_int(what, json_parse(&again, buf_span(&all), &json_limits_body), JSON_OK);
    assert_int(what, losses.lost, lost);
    buf_done(&all);
    pieces_done(&pieces);
    json_doc_done(&again);
}

#define ASKED "{\"model\":\"x\","
#define CALLED                                                                                     \
    "{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"assistant\",\"content\":null,"              \
    "\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"f\","           \
    "\"arguments\":\"{}\"}}]}"

static void what_contradicts_itself_is_refused_with_its_member(void **state)
{
    static const struct {
        const char *what, *body, *member;
    } rows[] = {
        {"no messages", ASKED "\"messages\":[]}", "messages"},
        {"a message that is none", ASKED "\"messages\":[1]}", "messages[0]"},
        {"a role nobody has", ASKED "\"messages\":[{\"role\":\"bot\",\"content\":\"a\"}]}",
         "messages[0].role"},
        {"no role", ASKED "\"messages\":[{\"content\":\"a\"}]}", "messages[0].role"},
        {"a user who says nothing", ASKED "\"messages\":[{\"role\":\"user\",\"content\":\"\"}]}",
         "messages[0].content"},
        {"a user with null", ASKED "\"messages\":[{\"role\":\"user\",\"content\":null}]}",
         "messages[0].content"},
        {"a user with no parts", ASKED "\"messages\":[{\"role\":\"user\",\"content\":[]}]}",
         "messages[0].content"},
        {"a user with an empty part",
         ASKED
         "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"\"}]}]}",
         "messages[0].content"},
        {"a number as content", ASKED "\"messages\":[{\"role\":\"user\",\"content\":5}]}",
         "messages[0].content"},
        {"a part of an unknown type",
         ASKED "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"video_url\"}]}]}",
         "messages[0].content"},
        {"a user who refuses",
         ASKED "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"refusal\","
               "\"refusal\":\"no\"}]}]}",
         "messages[0].content"},
        {"an image in a system message",
         ASKED "\"messages\":[{\"role\":\"system\",\"content\":[{\"type\":\"image_url\","
               "\"image_url\":{\"url\":\"https://x/y\"}}]}]}",
         "messages[0].content"},
        {"an assistant with nothing",
         ASKED "\"messages\":[{\"role\":\"assistant\",\"content\":null}]}", "messages[0].content"},
        {"a data URL without base64",
         ASKED "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
               "\"image_url\":{\"url\":\"data:image/png,abc\"}}]}]}",
         "messages[0].content.image_url"},
        {"an empty data URL",
         ASKED "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
               "\"image_url\":\"data:image/png;base64,\"}]}]}",
         "messages[0].content.image_url"},
        {"audio without a format",
         ASKED "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_audio\","
               "\"input_audio\":{\"data\":\"AA\"}}]}]}",
         "messages[0].content.input_audio"},
        {"a file that is not there",
         ASKED "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{}}]}]}",
         "messages[0].content.file"},
        {"a result without a call",
         ASKED "\"messages\":[{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"a\"}]}",
         "messages[0].tool_call_id"},
        {"a result of another call",
         ASKED "\"messages\":[" CALLED ",{\"role\":\"tool\",\"tool_call_id\":\"c2\","
               "\"content\":\"a\"}]}",
         "messages[2].tool_call_id"},
        {"a result that names no call",
         ASKED "\"messages\":[" CALLED ",{\"role\":\"tool\",\"content\":\"a\"}]}",
         "messages[2].tool_call_id"},
        {"a call without a result",
         ASKED "\"messages\":[" CALLED ",{\"role\":\"user\",\"content\":\"a\"}]}",
         "messages[2].role"},
        {"a call without a result at the end", ASKED "\"messages\":[" CALLED "]}",
         "messages[2].role"},
        {"a call without an id",
         ASKED "\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"type\":\"function\","
               "\"function\":{\"name\":\"f\"}}]}]}",
         "messages[0].tool_calls"},
        {"a call without a name",
         ASKED "\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"a\"}]}]}",
         "messages[0].tool_calls"},
#define HELLO ASKED "\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],"
        {"a custom tool", HELLO "\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"a\"}}]}",
         "tools"},
        {"a tool without a name", HELLO "\"tools\":[{\"type\":\"function\",\"function\":{}}]}",
         "tools"},
        {"parameters that are a list",
         HELLO
         "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":[]}}]}",
         "tools"},
        {"a tool demanded where there is none", HELLO "\"tool_choice\":\"required\"}",
         "tool_choice"},
        {"a tool named that is not there",
         HELLO "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}}",
         "tool_choice"},
        {"a choice that is none", HELLO "\"tool_choice\":\"maybe\"}", "tool_choice"},
        {"a format that is none", HELLO "\"response_format\":{\"type\":\"xml\"}}",
         "response_format.type"},
        {"a schema that is not there", HELLO "\"response_format\":{\"type\":\"json_schema\"}}",
         "response_format.json_schema"},
        {"a temperature in words", HELLO "\"temperature\":\"hot\"}", "temperature"},
        {"a user who is a number", HELLO "\"user\":1}", "user"},
        {"a bias that is a list", HELLO "\"logit_bias\":[]}", "logit_bias"},
        {"no choices at all", HELLO "\"n\":0}", "n"},
        {"a stop that is a number", HELLO "\"stop\":[1]}", "stop"},
        {"an effort that is none", HELLO "\"reasoning_effort\":\"huge\"}", "reasoning_effort"},
        {"a budget below nothing", HELLO "\"reasoning\":{\"max_tokens\":-1}}",
         "reasoning.max_tokens"},
    };

    for (size_t i = 0; i < array_size(rows); i++) {
        const char *why, *member;
        struct chat chat;
        (void)set_up(state);
        assert_int(rows[i].what, read_body(rows[i].body, &chat, &why, &member), -EINVAL);
        assert_span(rows[i].what, span_of(member), rows[i].member);
        in_row(rows[i].what, strlen(why) > 10 && why[strlen(why) - 1] == '.');
        (void)tear_down(state);
    }
}

static void a_chat_is_written_as_it_was_read(void **state)
{
    static const struct {
        const char *what, *body, *wanted;
        uint64_t lost;
    } rows[] = {
        {"a text", HELLO "\"temperature\":0.5,\"stop\":\"x\",\"user\":null}",
         "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],\"max_tokens\":100,"
         "\"temperature\":0.5,\"stop\":[\"x\"]}",
         0},
        {"developers are systems, empty ones as well",
         ASKED
         "\"messages\":[{\"role\":\"developer\",\"content\":[{\"type\":\"text\",\"text\":"
         "\"a\\n\"},{\"type\":\"text\",\"text\":\"b\"}]},{\"role\":\"system\",\"content\":\"\"},"
         "{\"role\":\"user\",\"content\":\"q\",\"name\":\"eve\"}],\"stream\":true}",
         "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":[{\"type\":\"text\","
         "\"text\":\"a\\n\"},{\"type\":\"text\",\"text\":\"b\"}]},{\"role\":\"system\",\"content\":"
         "\"\"},{\"role\":\"user\",\"name\":\"eve\",\"content\":\"q\"}],\"max_tokens\":100,"
         "\"stream\":true,\"stream_options\":{\"include_usage\":true}}",
         0},
        {"media",
         ASKED "\"messages\":[{\"role\":\"user\",\"content\":["
               "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image\\/png;base64,A\\/B=\","
               "\"detail\":\"low\"}},"
               "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://x/y\"}},"
               "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"AA\",\"format\":\"mp3\"}},"
               "{\"type\":\"file\",\"file\":{\"file_data\":\"data:application/pdf;base64,BB\","
               "\"filename\":\"a.pdf\"}},{\"type\":\"file\",\"file\":{\"file_id\":\"file-1\"}}]}]}",
         "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":["
         "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,A/B=\","
         "\"detail\":\"low\"}},"
         "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://x/y\"}},"
         "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"AA\",\"format\":\"mp3\"}},"
         "{\"type\":\"file\",\"file\":{\"filename\":\"a.pdf\","
         "\"file_data\":\"data:application/pdf;base64,BB\"}},"
         "{\"type\":\"file\",\"file\":{\"file_id\":\"file-1\"}}]}],\"max_tokens\":100}",
         0},
        {"calls and their results, a picture among them",
         ASKED "\"messages\":[" CALLED ",{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":"
               "[{\"type\":\"text\",\"text\":\"r\"},{\"type\":\"image_url\",\"image_url\":{\"url\":"
               "\"https://p\"}}]},{\"role\":\"user\",\"content\":\"and?\"}]}",
         "{\"model\":\"m\",\"messages\":[" CALLED ",{\"role\":\"tool\",\"tool_call_id\":\"c1\","
         "\"content\":\"r\"},{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
         "{\"url\":\"https://p\"}}]},{\"role\":\"user\",\"content\":\"and?\"}],\"max_tokens\":100}",
         0},
        {"functions as they were",
         ASKED "\"messages\":[{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"assistant\","
               "\"content\":null,\"function_call\":{\"name\":\"f\",\"arguments\":\"\"}},{\"role\":"
               "\"function\",\"name\":\"f\",\"content\":\"\"}],\"functions\":[{\"name\":\"f\"}],"
               "\"function_call\":{\"name\":\"f\"}}",
         "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"},{\"role\":"
         "\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_f\",\"type\":\"function\","
         "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\","
         "\"tool_call_id\":\"call_f\",\"content\":\"\"}],\"tools\":[{\"type\":\"function\","
         "\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"object\",\"properties\":{}}}}],"
         "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}},"
         "\"max_tokens\":100}",
         0},
        {"tools",
         HELLO "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":"
               "\"d\",\"parameters\":{\"a\":[]},\"strict\":true}}],\"tool_choice\":\"any\","
               "\"parallel_tool_calls\":false}",
         "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],\"tools\":[{"
         "\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":\"d\","
         "\"parameters\":{\"a\":[]},\"strict\":true}}],\"tool_choice\":\"required\","
         "\"parallel_tool_calls\":false,\"max_tokens\":100}",
         0},
        {"what an assistant refused and thought",
         ASKED "\"messages\":[{\"role\":\"assistant\",\"content\":null,\"refusal\":\"no\","
               "\"reasoning_content\":\"hm\"},{\"role\":\"assistant\",\"content\":\"\"}]}",
         "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":null,\"refusal\":"
         "\"no\"},{\"role\":\"assistant\",\"content\":\"\"}],\"max_tokens\":100}",
         0},
        {"a schema, numbers and choices",
         HELLO "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\","
               "\"strict\":false,\"schema\":{\"x\":1}}},\"n\":2,\"seed\":7,\"logprobs\":true,"
               "\"top_logprobs\":3,\"logit_bias\":{\"5\":-1},\"stop\":[\"a\",\"\",\"b\"]}",
         "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],\"max_tokens\":100,"
         "\"seed\":7,\"logit_bias\":{\"5\":-1},\"logprobs\":true,\"top_logprobs\":3,\"n\":2,"
         "\"stop\":[\"a\",\"b\"],\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{"
         "\"name\":\"n\",\"schema\":{\"x\":1},\"strict\":false}}}",
         0},
        {"what OpenAI has no word for",
         HELLO "\"top_k\":5,\"reasoning_effort\":\"low\",\"metadata\":{},"
               "\"cache_control\":{\"type\":\"ephemeral\"}}",
         "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],"
         "\"max_tokens\":100}",
         UINT64_C(1) << MEMBER_TOP_K | UINT64_C(1) << MEMBER_REASONING |
             UINT64_C(1) << MEMBER_METADATA | UINT64_C(1) << MEMBER_CACHE},
    };

    for (size_t i = 0; i < array_size(rows); i++) {
        (void)set_up(state);
        assert_body(rows[i].what, rows[i].body, &plain_target, rows[i].wanted, rows[i].lost);
        (void)tear_down(state);
    }
}

static void a_deployment_says_what_it_takes(void **state)
{
    static const struct language_target target = {
        .model = {"a\"b", 3},
        .output_cap = 5000,
        .output_limit = 4096,
        .reasoning = true,
        .tokens_member = "max_completion_tokens",
        .reasoning_member = "reasoning_content",
        .extra = UINT64_C(1) << MEMBER_TOP_K | UINT64_C(1) << MEMBER_CACHE,
        .without = UINT64_C(1) << MEMBER_TEMPERATURE | UINT64_C(1) << MEMBER_NAME,
    };

    (void)state;
    assert_body(
        "quirks",
        ASKED "\"messages\":[{\"role\":\"user\",\"name\":\"x\",\"content\":\"q\",\"cache_control\":"
              "{\"type\":\"ephemeral\",\"ttl\":\"1h\"}},{\"role\":\"assistant\",\"content\":\"a\","
              "\"reasoning\":\"hm\"}],\"temperature\":1,\"top_k\":4,"
              "\"reasoning\":{\"max_tokens\":8000}}",
        &target,
        "{\"model\":\"a\\\"b\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\","
        "\"text\":\"q\",\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}}]},{\"role\":"
        "\"assistant\",\"content\":\"a\",\"reasoning_content\":\"hm\"}],"
        "\"max_completion_tokens\":4096,\"top_k\":4,\"reasoning_effort\":\"medium\"}",
        UINT64_C(1) << MEMBER_TEMPERATURE | UINT64_C(1) << MEMBER_NAME);
}

static void thoughts_come_back_with_their_signatures(void **state)
{
    static const struct {
        const char *what, *message;
        struct {
            enum chat_part_kind kind;
            const char *text, *signature, *data;
        } parts[3];
        uint32_t count;
    } rows[] = {
        {"blocks",
         "\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"a\","
         "\"signature\":\"s\",\"index\":0},{\"type\":\"reasoning.encrypted\",\"data\":"
         "\"d\",\"index\":1}],\"reasoning\":\"a\"",
         {{PART_REASONING, "a", "s", ""}, {PART_REDACTED, "", "", "d"}},
         2},
        {"deltas, one after the other",
         "\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"a\",\"index\":0},"
         "{\"type\":\"reasoning.text\",\"text\":\"b\",\"index\":0},{\"type\":\"reasoning.text\","
         "\"signature\":\"s\",\"index\":0},{\"type\":\"reasoning.text\",\"text\":\"c\",\"index\":1}"
         "]",
         {{PART_REASONING, "ab", "s", ""}, {PART_REASONING, "c", "", ""}},
         2},
        {"a signature beside the text",
         "\"reasoning_details\":[{\"type\":\"reasoning.text\",\"signature\":\"s\"}],"
         "\"reasoning_content\":\"a\"",
         {{PART_REASONING, "a", "s", ""}},
         1},
        {"a plan before calls, beside thoughts",
         "\"reasoning\":\"a\",\"tool_plan\":\"plan\"",
         {{PART_REASONING, "a", "", ""}, {PART_REASONING, "plan", "", ""}},
         2},
        {"a text alone", "\"reasoning\":\"a\"", {{PART_REASONING, "a", "", ""}}, 1},
        {"of a kind nobody knows",
         "\"reasoning_details\":[{\"type\":\"reasoning.smell\"}]",
         {{PART_TEXT, "", "", ""}},
         0},
    };

    for (size_t i = 0; i < array_size(rows); i++) {
        const char *why, *member;
        struct chat chat;
        char body[1024];
        (void)set_up(state);
        snprintf(body, sizeof(body),
                 ASKED "\"messages\":[{\"role\":\"assistant\",\"content\":\"\",%s}]}",
                 rows[i].message);
        assert_int(rows[i].what, read_body(body, &chat, &why, &member), 0);
        assert_int(rows[i].what, chat.messages[0].count, rows[i].count);
        for (uint32_t at = 0; at < rows[i].count; at++) {
            assert_int(rows[i].what, chat.parts[at].kind, rows[i].parts[at].kind);
            assert_span(rows[i].what, chat.parts[at].text, rows[i].parts[at].text);
            assert_span(rows[i].what, chat.parts[at].signature, rows[i].parts[at].signature);
            assert_span(rows[i].what, chat.parts[at].data, rows[i].parts[at].data);
            assert_int(rows[i].what, chat.parts[at].plan, span_is(chat.parts[at].text, "plan"));
        }
        (void)tear_down(state);
    }
}

static void what_cannot_be_said_is_named(void **state)
{
    static const struct {
        const char *what, *part, *why;
    } rows[] = {
        {"a file by URL", "{\"type\":\"file\",\"file\":{\"file_data\":\"https://x/y.pdf\"}}",
         "a file by its URL"},
    };

    for (size_t i = 0; i < array_size(rows); i++) {
        const char *why, *member;
        struct ask_losses losses;
        struct pieces pieces;
        struct chat chat;
        char body[1024];
        (void)set_up(state);
        pieces = pieces_make(arena, ARENA_MAX);
        snprintf(body, sizeof(body), ASKED "\"messages\":[{\"role\":\"user\",\"content\":[%s]}]}",
                 rows[i].part);
        assert_int(rows[i].what, read_body(body, &chat, &why, &member), 0);
        assert_int(rows[i].what, openai_upstream.write_ask(&chat, &plain_target, &pieces, &losses),
                   ASK_UNSPEAKABLE);
        assert_span(rows[i].what, span_of(losses.why), rows[i].why);
        pieces_done(&pieces);
        (void)tear_down(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_contradicts_itself_is_refused_with_its_member),
        cmocka_unit_test(a_chat_is_written_as_it_was_read),
        cmocka_unit_test_setup_teardown(a_deployment_says_what_it_takes, set_up, tear_down),
        cmocka_unit_test(thoughts_come_back_with_their_signatures),
        cmocka_unit_test(what_cannot_be_said_is_named),
    };

    return run_test_table(tests);
}
