#include "tests/support/testing.h"

#include "gateway/dialect/ask_needs.h"
#include "gateway/snapshot/abilities.h"

#define IMAGE (1 << MODALITY_IMAGE)
#define FILE_IN (1 << MODALITY_FILE)
#define AUDIO (1 << MODALITY_AUDIO)
#define TOOLS (1 << ABILITY_TOOLS)
#define SCHEMA (1 << ABILITY_STRUCTURED_OUTPUT)

static void each_dialect_says_what_it_needs(void **state)
{
    static const struct {
        const char *what;
        enum ask_kind kind;
        const char *body;
        int input, can;
    } rows[] = {
        {"a text", ASK_CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"image_url\"}]}", 0,
         0},
        {"an image, a sound and a file", ASK_CHAT,
         "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\"},"
         "{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://x\"}},{\"type\":\"input_audio\","
         "\"input_audio\":{}},{\"type\":\"file\",\"file\":{}}]}]}",
         IMAGE | AUDIO | FILE_IN, 0},
        {"tools", ASK_CHAT, "{\"messages\":[],\"tools\":[{\"type\":\"function\"}]}", 0, TOOLS},
        {"no tools", ASK_CHAT, "{\"messages\":[],\"tools\":[]}", 0, 0},
        {"tools of null", ASK_CHAT, "{\"messages\":[],\"tools\":null}", 0, 0},
        {"a schema", ASK_CHAT, "{\"messages\":[],\"response_format\":{\"type\":\"json_schema\"}}",
         0, SCHEMA},
        {"any JSON", ASK_CHAT, "{\"messages\":[],\"response_format\":{\"type\":\"json_object\"}}",
         0, 0},
        {"a format of text", ASK_CHAT, "{\"messages\":[],\"response_format\":\"json_schema\"}", 0,
         0},
        {"messages that are none", ASK_CHAT, "{\"messages\":[5,null,{\"content\":[7]}]}", 0, 0},
        {"Anthropic's image in a tool's result", ASK_MESSAGES,
         "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"content\":["
         "{\"type\":\"image\",\"source\":{}}]}]}]}",
         IMAGE, 0},
        {"Anthropic's document", ASK_MESSAGES,
         "{\"messages\":[{\"content\":[{\"type\":\"document\",\"source\":{}}]}],\"tools\":[{}]}",
         FILE_IN, TOOLS},
        {"a schema's word for images is none", ASK_MESSAGES,
         "{\"messages\":[],\"tools\":[{\"input_schema\":{\"type\":\"image\",\"source\":1}}]}", 0,
         TOOLS},
        {"Gemini's image", ASK_GENERATE,
         "{\"contents\":[{\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\"}}]}]}", IMAGE, 0},
        {"Gemini's file", ASK_GENERATE,
         "{\"contents\":[{\"parts\":[{\"file_data\":{\"mime_type\":\"application/pdf\"}}]}]}",
         FILE_IN, 0},
        {"of no kind told", ASK_GENERATE, "{\"contents\":[{\"parts\":[{\"inlineData\":{}}]}]}", 0,
         0},
        {"Responses'", ASK_RESPONSES,
         "{\"input\":[{\"content\":[{\"type\":\"input_image\"},{\"type\":\"input_file\"}]}],"
         "\"text\":{\"format\":{\"type\":\"json_schema\"}}}",
         IMAGE | FILE_IN, SCHEMA},
        {"Responses of a text", ASK_RESPONSES, "{\"input\":\"input_image\"}", 0, 0},
        {"no chat", ASK_EMBEDDINGS, "{\"input\":\"x\",\"tools\":[{}]}", 0, 0},
    };
    struct json_doc doc = json_doc_make();

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        assert_int(rows[i].what, json_parse(&doc, span_of(rows[i].body), &json_limits_body),
                   JSON_OK);
        struct ask_needs needs = ask_needs_of(rows[i].kind, &doc);
        assert_int(rows[i].what, needs.input, rows[i].input);
        assert_int(rows[i].what, needs.can, rows[i].can);
    }
    json_doc_done(&doc);
}

static uint64_t conversation(const char *body)
{
    struct json_doc doc = json_doc_make();
    uint64_t number;

    assert_int(body, json_parse(&doc, span_of(body), &json_limits_body), JSON_OK);
    number = ask_conversation(&doc);
    json_doc_done(&doc);
    return number;
}

#define SYSTEM "{\"role\":\"system\",\"content\":\"s\"}"
#define HELLO "{\"role\":\"user\",\"content\":\"hello\"}"
#define HI "{\"role\":\"assistant\",\"content\":\"hi\"}"
#define BYE "{\"role\":\"user\",\"content\":\"bye\"}"

static void a_conversation_is_known_by_how_it_began(void **state)
{
    static const struct {
        const char *what, *one, *other;
        bool same;
    } rows[] = {
        {"its next turn", "{\"messages\":[" SYSTEM "," HELLO "]}",
         "{\"messages\":[" SYSTEM "," HELLO "," HI "," BYE "]}", true},
        {"without a system prompt", "{\"messages\":[" HELLO "]}",
         "{\"messages\":[" HELLO "," HI "," BYE "]}", true},
        {"another first message", "{\"messages\":[" SYSTEM "," HELLO "]}",
         "{\"messages\":[" SYSTEM "," BYE "]}", false},
        {"another system prompt", "{\"messages\":[" SYSTEM "," HELLO "]}",
         "{\"messages\":[" HELLO "]}", false},
        {"Anthropic's system prompt", "{\"system\":\"a\",\"messages\":[" HELLO "]}",
         "{\"system\":\"b\",\"messages\":[" HELLO "]}", false},
        {"other settings", "{\"temperature\":1,\"messages\":[" HELLO "]}",
         "{\"messages\":[" HELLO "],\"temperature\":0}", true},
        {"Gemini's", "{\"contents\":[" HELLO "]}", "{\"contents\":[" HELLO "," HI "]}", true},
        {"another input", "{\"input\":\"a\"}", "{\"input\":\"b\"}", false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_int(rows[i].what, conversation(rows[i].one) == conversation(rows[i].other),
                   rows[i].same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_dialect_says_what_it_needs),
        cmocka_unit_test(a_conversation_is_known_by_how_it_began),
    };

    return run_test_table(tests);
}
