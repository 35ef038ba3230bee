#include <stdio.h>

#include "tests/support/testing.h"

#include "gateway/dialect/language.h"

enum { ARENA_MAX = 4 << 20 };

#define CLAUDES "tollgate/signed/claude//"
#define GEMINIS "tollgate/signed/gemini//"
#define OTHERS "tollgate/signed/other///"

/* ---- what a client sends back ---- */

#define OPENAI(format)                                                                             \
    "{\"model\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"},{\"role\":"              \
    "\"assistant\",\"content\":\"a\",\"reasoning_details\":[{\"type\":\"reasoning.text\","         \
    "\"text\":\"thought\",\"signature\":\"c2ln\"" format "}]},"                                    \
    "{\"role\":\"user\",\"content\":\"r\"}]}"
#define ANTHROPIC(block)                                                                           \
    "{\"model\":\"x\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"q\"},"       \
    "{\"role\":\"assistant\",\"content\":[" block ",{\"type\":\"text\",\"text\":\"a\"}]},"         \
    "{\"role\":\"user\",\"content\":\"r\"}]}"
#define THINKING(mark)                                                                             \
    ANTHROPIC("{\"type\":\"thinking\",\"thinking\":\"thought\",\"signature\":\"" mark "c2ln\"}")
#define REDACTED(mark) ANTHROPIC("{\"type\":\"redacted_thinking\",\"data\":\"" mark "c2ln\"}")
#define GEMINI(mark)                                                                               \
    "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"q\"}]},{\"role\":\"model\","         \
    "\"parts\":[{\"text\":\"thought\",\"thought\":true,\"thoughtSignature\":\"" mark               \
    "c2ln\"},{\"text\":\"a\"}]},{\"role\":\"user\",\"parts\":[{\"text\":\"r\"}]}]}"

static void write(const char *what, const struct client_language *client, const char *body,
                  const struct upstream_language *upstream, struct buf *out)
{
    const struct language_target target = {
        .model = span_of("anthropic.claude-x"), .output_cap = 4096, .reasoning = true};
    struct arena *arena = arena_new(1 << 14, ARENA_MAX);
    struct pieces pieces = pieces_make(arena, ARENA_MAX);
    struct json_doc doc = json_doc_make();
    const char *why = "", *member = "";
    struct ask_losses losses;
    const struct span *spans;
    struct chat chat;
    uint32_t count;
    size_t size;

    assert_int(what, json_parse(&doc, span_of(body), &json_limits_body), JSON_OK);
    assert_int(what, client->read_ask(&doc, arena, &chat, &why, &member), 0);
    assert_int(what, upstream->write_ask(&chat, &target, &pieces, &losses), ASK_WRITTEN);
    spans = pieces_spans(&pieces, &count, &size);
    for (uint32_t i = 0; i < count; i++)
        buf_add_span(out, spans[i]);
    json_doc_done(&doc);
    pieces_done(&pieces);
    arena_free(arena);
}

static void thoughts_go_back_to_who_signed_them(void **state)
{
    static const struct {
        const char *what;
        const struct client_language *client;
        const char *body;
        bool anthropic, gemini;
    } rows[] = {
        {"an OpenAI client, Claude's", &openai_client,
         OPENAI(",\"format\":\"anthropic-claude-v1\""), true, false},
        {"an OpenAI client, Gemini's", &openai_client, OPENAI(",\"format\":\"google-gemini-v1\""),
         false, true},
        {"an OpenAI client, somebody's", &openai_client, OPENAI(",\"format\":\"xai-responses-v1\""),
         false, false},
        {"an OpenAI client that does not say", &openai_client, OPENAI(""), true, true},
        {"an Anthropic client, Claude's", &anthropic_client, THINKING(""), true, false},
        {"an Anthropic client, Gemini's", &anthropic_client, THINKING(GEMINIS), false, true},
        {"an Anthropic client, somebody's", &anthropic_client, THINKING(OTHERS), false, false},
        {"an Anthropic client, Claude's, unreadable", &anthropic_client, REDACTED(""), true, false},
        {"an Anthropic client, somebody's, unreadable", &anthropic_client, REDACTED(OTHERS), false,
         false},
        {"a Gemini client, Gemini's", &gemini_client, GEMINI(""), false, true},
        {"a Gemini client, Claude's", &gemini_client, GEMINI(CLAUDES), true, false},
    };
    static const struct upstream_language *const claudes[] = {
        &anthropic_upstream, &anthropic_vertex_upstream, &bedrock_upstream};

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct buf out = buf_make(ARENA_MAX);
        for (size_t c = 0; c < array_size(claudes); c++) {
            buf_clear(&out);
            write(rows[i].what, rows[i].client, rows[i].body, claudes[c], &out);
            assert_int(rows[i].what, strstr(out.at, "c2ln") != NULL, rows[i].anthropic);
            in_row(rows[i].what, strstr(out.at, "tollgate/") == NULL);
        }
        buf_clear(&out);
        write(rows[i].what, rows[i].client, rows[i].body, &gemini_upstream, &out);
        assert_int(rows[i].what, strstr(out.at, "c2ln") != NULL, rows[i].gemini);
        in_row(rows[i].what, strstr(out.at, "tollgate/") == NULL);
        buf_clear(&out);
        write(rows[i].what, rows[i].client, rows[i].body, &openai_upstream, &out);
        in_row(rows[i].what, strstr(out.at, "c2ln") == NULL);
        buf_done(&out);
    }
}

/* ---- what a client is told ---- */

static void tell(const struct client_language *client, bool stream, enum answer_event_kind kind,
                 enum signer signer, struct buf *out)
{
    const struct answer_event events[] = {
        {.kind = EVENT_BEGIN},
        {.kind = EVENT_REASONING, .text = span_of("thought")},
        {.kind = kind, .text = span_of("c2ln"), .signer = signer},
        {.kind = EVENT_TEXT, .text = span_of("a")},
        {.kind = EVENT_FINISH},
        {.kind = EVENT_DONE},
    };
    struct arena *arena = arena_new(1 << 14, ARENA_MAX);
    struct answer_writer writer = answer_writer_make(client, out, arena);

    writer.stream = stream;
    for (size_t i = 0; i < array_size(events); i++)
        client->write(&writer, &events[i]);
    arena_free(arena);
}

static void a_client_can_tell_who_signed(void **state)
{
    static const struct {
        const char *what;
        const struct client_language *client;
        enum answer_event_kind kind;
        enum signer signer;
        const char *wanted; /* in the answer */
    } rows[] = {
        {"OpenAI, Claude's", &openai_client, EVENT_SIGNATURE, SIGNER_ANTHROPIC,
         "\"signature\":\"c2ln\",\"format\":\"anthropic-claude-v1\""},
        {"OpenAI, somebody's", &openai_client, EVENT_REDACTED, SIGNER_OTHER,
         "\"data\":\"c2ln\",\"format\":\"unknown\""},
        {"Anthropic, Claude's", &anthropic_client, EVENT_SIGNATURE, SIGNER_ANTHROPIC,
         "\"signature\":\"c2ln\""},
        {"Anthropic, Gemini's", &anthropic_client, EVENT_SIGNATURE, SIGNER_GEMINI, GEMINIS},
        {"Anthropic, somebody's, unreadable", &anthropic_client, EVENT_REDACTED, SIGNER_OTHER,
         "\"data\":\"" OTHERS "c2ln\""},
        {"Gemini, Gemini's", &gemini_client, EVENT_SIGNATURE, SIGNER_GEMINI,
         "\"thoughtSignature\":\"c2ln\""},
        {"Gemini, Claude's", &gemini_client, EVENT_SIGNATURE, SIGNER_ANTHROPIC,
         "\"thoughtSignature\":\"" CLAUDES "c2ln\""},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        for (int stream = 0; stream < 2; stream++) {
            struct buf out = buf_make(1 << 16);
            tell(rows[i].client, stream != 0, rows[i].kind, rows[i].signer, &out);
            in_row(rows[i].what, strstr(out.at, rows[i].wanted) != NULL);
            in_row(rows[i].what, strstr(out.at, "c2ln") != NULL);
            in_row(rows[i].what, (strstr(out.at, "tollgate/") != NULL) ==
                                     (strstr(rows[i].wanted, "tollgate/") != NULL));
            buf_done(&out);
        }
}

static void a_mark_is_base64_in_front_of_base64(void **state)
{
    (void)state;
    for (int i = SIGNER_UNKNOWN + 1; i < SIGNERS; i++) {
        const char *mark = signer_mark((enum signer)i);
        char text[64];
        struct span rest;
        assert_int_equal(strlen(mark) % 4, 0);
        assert_int_equal(strspn(mark, "abcdefghijklmnopqrstuvwxyz/"), strlen(mark));
        (void)snprintf(text, sizeof(text), "%sc2ln", mark);
        rest = span_of(text);
        assert_int_equal(signer_take(&rest), i);
        assert_span("the rest", rest, "c2ln");
        assert_int_equal(signer_of_format(span_of(signer_format((enum signer)i))), i);
    }
    assert_int_equal(signer_of_format((struct span){0}), SIGNER_UNKNOWN);
    assert_int_equal(signer_of_format(span_of("new-v9")), SIGNER_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thoughts_go_back_to_who_signed_them),
        cmocka_unit_test(a_client_can_tell_who_signed),
        cmocka_unit_test(a_mark_is_base64_in_front_of_base64),
    };

    return run_test_table(tests);
}
