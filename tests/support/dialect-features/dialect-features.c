/*
 * dialect-features: which part of a chat each language and each compatible provider is told.
 *
 *   dialect-features DOC      ends with 1 when the tables in it are not what the code does
 *   dialect-features --write  prints them, to be put between the two comments
 *
 * A chat is written with a feature and without it, for every target; the table says what became of
 * it. What neither is in the body nor told as lost is a fault, unless a row says why it may be.
 */
#include <stdio.h>

#include <stdlib.h>
#include <string.h>

#include "common/base/file.h"
#include "common/base/mem.h"
#include "gateway/dialect/compatible.h"
#include "gateway/dialect/languages.h"

enum { TEXT_MAX = 1 << 20, ARENA_MAX = 4 << 20 };

#define BEGIN_MARK "<!-- dialect-features: begin -->\n"
#define END_MARK "<!-- dialect-features: end -->\n"

/* ---- features ---- */

#define USER(content) "{\"role\":\"user\",\"content\":" content "}"
#define HELLO USER("\"hello\"")
#define PART(part) USER("[{\"type\":\"text\",\"text\":\"hello\"}," part "]")
#define TEXT_PART(rest) USER("[{\"type\":\"text\",\"text\":\"hello\"" rest "}]")
#define TOOLS(rest)                                                                                \
    "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":"     \
    "\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},\"required\":[\"a\"],"                \
    "\"additionalProperties\":false}" rest "}}]"
#define SAYS(rest) HELLO ",{\"role\":\"assistant\",\"content\":\"a\"" rest "}," HELLO
#define CALLS(rest)                                                                                \
    HELLO ",{\"role\":\"assistant\",\"content\":null" rest                                         \
          ",\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"f\","    \
          "\"arguments\":\"{}\"}}]}"
#define RESULT(content)                                                                            \
    CALLS("") ",{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":" content "}"
#define RESULT_TAIL ",{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"r\"}"
#define THOUGHT ",\"reasoning_content\":\"hm\""
#define SIGNED(format)                                                                             \
    ",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"hm\",\"signature\":\"c2ln\"," \
    "\"format\":\"" format "\"}]"
#define PNG "data:image/png;base64,iVBORw0KGgo="

struct feature {
    const char *name;
    /* The messages and further members, with it and without. */
    const char *messages, *plain_messages, *members, *plain_members;
    bool quiet; /* may be left out without being told */
};

#define MEMBER(name, json)                                                                         \
    {                                                                                              \
        name, HELLO, HELLO, json, NULL, false                                                      \
    }
#define MESSAGES(name, with, without)                                                              \
    {                                                                                              \
        name, with, without, NULL, NULL, false                                                     \
    }

static const struct feature features[] = {
    MESSAGES("system prompt", "{\"role\":\"system\",\"content\":\"s\"}," HELLO, HELLO),
    MESSAGES("name of a participant", "{\"role\":\"user\",\"name\":\"n\",\"content\":\"hello\"}",
             HELLO),
    MESSAGES("image, in the request",
             PART("{\"type\":\"image_url\",\"image_url\":{\"url\":\"" PNG "\"}}"), HELLO),
    MESSAGES("image, by URL",
             PART("{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://a.example/b.png\"}}"),
             HELLO),
    MESSAGES(
        "image detail",
        PART("{\"type\":\"image_url\",\"image_url\":{\"url\":\"" PNG "\",\"detail\":\"low\"}}"),
        PART("{\"type\":\"image_url\",\"image_url\":{\"url\":\"" PNG "\"}}")),
    MESSAGES("audio",
             PART("{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"UklGRg==\",\"format\":"
                  "\"wav\"}}"),
             HELLO),
    MESSAGES("PDF, in the request",
             PART("{\"type\":\"file\",\"file\":{\"filename\":\"a.pdf\",\"file_data\":"
                  "\"data:application/pdf;base64,JVBERi0=\"}}"),
             HELLO),
    MESSAGES("cache_control", TEXT_PART(",\"cache_control\":{\"type\":\"ephemeral\"}"),
             TEXT_PART("")),
    MESSAGES("refusal of an earlier answer",
             HELLO ",{\"role\":\"assistant\",\"content\":null,\"refusal\":\"no\"}," HELLO,
             HELLO "," HELLO),
    {"earlier thought, unsigned", SAYS(THOUGHT), SAYS(""), NULL, NULL, true},
    {"the same, of a turn with calls", CALLS(THOUGHT) RESULT_TAIL, CALLS("") RESULT_TAIL, TOOLS(""),
     TOOLS(""), true},
    {"earlier thought, signed by Claude", SAYS(SIGNED("anthropic-claude-v1")), SAYS(""), NULL, NULL,
     true},
    {"earlier thought, signed by Gemini", SAYS(SIGNED("google-gemini-v1")), SAYS(""), NULL, NULL,
     true},
    MEMBER("tools", TOOLS("")),
    {"strict", HELLO, HELLO, TOOLS(",\"strict\":true"), TOOLS(""), false},
    {"tool_choice auto", HELLO, HELLO, TOOLS("") ",\"tool_choice\":\"auto\"", TOOLS(""), true},
    {"tool_choice none", HELLO, HELLO, TOOLS("") ",\"tool_choice\":\"none\"", TOOLS(""), false},
    {"tool_choice required", HELLO, HELLO, TOOLS("") ",\"tool_choice\":\"required\"", TOOLS(""),
     false},
    {"tool_choice of one tool", HELLO, HELLO,
     TOOLS("") ",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}", TOOLS(""),
     false},
    {"parallel_tool_calls false", HELLO, HELLO, TOOLS("") ",\"parallel_tool_calls\":false",
     TOOLS(""), false},
    {"tool calls and results", RESULT("\"r\""), HELLO, TOOLS(""), TOOLS(""), false},
    {"image in a tool result",
     RESULT("[{\"type\":\"text\",\"text\":\"r\"},{\"type\":\"image_url\",\"image_url\":{\"url\":"
            "\"" PNG "\"}}]"),
     RESULT("\"r\""), TOOLS(""), TOOLS(""), false},
    MEMBER("temperature", "\"temperature\":0.5"),
    MEMBER("top_p", "\"top_p\":0.5"),
    MEMBER("top_k", "\"top_k\":5"),
    MEMBER("min_p", "\"min_p\":0.1"),
    MEMBER("seed", "\"seed\":7"),
    MEMBER("frequency_penalty", "\"frequency_penalty\":0.5"),
    MEMBER("presence_penalty", "\"presence_penalty\":0.5"),
    MEMBER("repetition_penalty", "\"repetition_penalty\":1.1"),
    MEMBER("logit_bias", "\"logit_bias\":{\"5\":1}"),
    MEMBER("logprobs", "\"logprobs\":true,\"top_logprobs\":2"),
    MEMBER("n", "\"n\":2"),
    MEMBER("stop", "\"stop\":[\"x\"]"),
    MEMBER("response_format json_object", "\"response_format\":{\"type\":\"json_object\"}"),
    MEMBER("response_format json_schema",
           "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"s\","
           "\"schema\":{\"type\":\"object\",\"properties\":{}}}}"),
    MEMBER("reasoning_effort", "\"reasoning_effort\":\"low\""),
    {"reasoning_effort none", HELLO, HELLO, "\"reasoning_effort\":\"none\"", NULL, true},
    MEMBER("reasoning budget", "\"reasoning\":{\"max_tokens\":2000}"),
    MEMBER("user", "\"user\":\"u\""),
    MEMBER("metadata", "\"metadata\":{\"a\":\"b\"}"),
    MEMBER("service_tier flex", "\"service_tier\":\"flex\""),
    MEMBER("verbosity", "\"verbosity\":\"low\""),
    MEMBER("safety_settings", "\"safety_settings\":[{\"category\":\"c\"}]"),
};

/* ---- targets ---- */

struct column {
    const char *title;
    const struct upstream_language *language;
    const char *provider, *dialect; /* NULL: no provider compatible with OpenAI */
    const char *model;
};

static const struct column languages[] = {
    {"OpenAI", &openai_upstream, "openai", "openai", "gpt-4.1"},
    {"Responses", &responses_upstream, NULL, NULL, "gpt-5.2"},
    {"Anthropic", &anthropic_upstream, NULL, NULL, "claude-sonnet-4-5"},
    {"Gemini", &gemini_upstream, NULL, NULL, "gemini-2.5-flash"},
    {"Bedrock", &bedrock_upstream, NULL, NULL, "anthropic.claude-sonnet-4-5-20250929-v1:0"},
    {"Cohere", &cohere_upstream, NULL, NULL, "command-a-reasoning-08-2025"},
};

#define COMPATIBLE(title, slug, model)                                                             \
    {                                                                                              \
        title, &openai_upstream, slug, "openai-compatible", model                                  \
    }

static const struct column compatibles[] = {
    {"OpenAI's thinkers", &openai_upstream, "openai", "openai", "gpt-5.2"},
    COMPATIBLE("Mistral", "mistral", "mistral-small-latest"),
    COMPATIBLE("DeepSeek", "deepseek", "deepseek-v4-pro"),
    COMPATIBLE("xAI", "xai", "grok-4.3"),
    COMPATIBLE("Moonshot", "moonshotai", "kimi-k2.6"),
    COMPATIBLE("Qwen", "alibaba", "qwen-plus"),
    COMPATIBLE("Z.AI", "zai", "glm-4.7"),
    COMPATIBLE("Groq", "groq", "openai/gpt-oss-120b"),
    COMPATIBLE("Cerebras", "cerebras", "gpt-oss-120b"),
    COMPATIBLE("Perplexity", "perplexity", "sonar"),
    COMPATIBLE("Together", "togetherai", "m"),
    COMPATIBLE("Fireworks", "fireworks-ai", "m"),
    COMPATIBLE("DeepInfra", "deepinfra", "m"),
    COMPATIBLE("Novita", "novita-ai", "m"),
    COMPATIBLE("SiliconFlow", "siliconflow", "m"),
    COMPATIBLE("NVIDIA", "nvidia", "m"),
    COMPATIBLE("Cloudflare", "cloudflare-workers-ai", "m"),
    COMPATIBLE("OpenRouter", "openrouter", "m"),
    COMPATIBLE("Xiaomi", "xiaomi", "m"),
    COMPATIBLE("vLLM", "vllm", "m"),
    COMPATIBLE("Ollama", "ollama", "m"),
    COMPATIBLE("llama.cpp", "llama-cpp", "m"),
    COMPATIBLE("any other", "nobody", "m"),
};

/* ---- what becomes of a feature ---- */

enum fate { CARRIED, PARTLY, DROPPED, REFUSED, LEFT_OUT, SILENT, FATES };

static const char *const fates[FATES] = {
    [CARRIED] = "✓", [PARTLY] = "◐",   [DROPPED] = "–",
    [REFUSED] = "✗", [LEFT_OUT] = "·", [SILENT] = "silent!",
};

static void fill_target(const struct column *column, struct language_target *target)
{
    const struct compatible_facts facts = {.model = span_of(column->model), .reasoning = true};

    *target = (struct language_target){
        .model = span_of(column->model), .output_cap = 4096, .reasoning = true};
    if (column->provider != NULL)
        compatible_target(span_of(column->provider), span_of(column->dialect), &facts, target);
}

static enum ask_written write_chat(const struct column *column, const char *messages,
                                   const char *members, struct buf *out, struct ask_losses *losses)
{
    struct language_target target;
    struct arena *arena = arena_new(1 << 14, ARENA_MAX);
    struct pieces pieces = pieces_make(arena, ARENA_MAX);
    struct json_doc doc = json_doc_make();
    struct buf body = buf_make(TEXT_MAX);
    const char *why = "", *member = "";
    enum ask_written outcome;
    const struct span *spans;
    struct chat chat;
    uint32_t count;
    size_t size;

    fill_target(column, &target);
    buf_clear(out);
    buf_printf(&body, "{\"model\":\"x\",\"messages\":[%s]%s%s}", messages,
               members != NULL ? "," : "", members != NULL ? members : "");
    if (json_parse(&doc, buf_span(&body), &json_limits_body) != JSON_OK ||
        openai_client.read_ask(&doc, arena, &chat, &why, &member) != 0) {
        fprintf(stderr, "a probe is refused: %s: %s: %s\n", member, why, body.at);
        exit(2);
    }
    outcome = column->language->write_ask(&chat, &target, &pieces, losses);
    spans = pieces_spans(&pieces, &count, &size);
    for (uint32_t i = 0; outcome == ASK_WRITTEN && i < count; i++)
        buf_add_span(out, spans[i]);
    buf_done(&body);
    pieces_done(&pieces);
    json_doc_done(&doc);
    arena_free(arena);
    return outcome;
}

static enum fate fate_of(const struct feature *feature, const struct column *column)
{
    struct buf with = buf_make(TEXT_MAX), without = buf_make(TEXT_MAX);
    struct ask_losses losses, plain_losses;
    enum ask_written outcome =
        write_chat(column, feature->messages, feature->members, &with, &losses);
    bool differs, lost;

    (void)write_chat(column, feature->plain_messages, feature->plain_members, &without,
                     &plain_losses);
    differs = !span_equal(buf_span(&with), buf_span(&without));
    lost = (losses.lost & ~plain_losses.lost) != 0;
    buf_done(&with);
    buf_done(&without);
    if (outcome != ASK_WRITTEN)
        return REFUSED;
    if (lost)
        return differs ? PARTLY : DROPPED;
    return differs ? CARRIED : feature->quiet ? LEFT_OUT : SILENT;
}

static bool add_table(const struct column *columns, size_t count, struct buf *out)
{
    bool good = true;

    buf_add_string(out, "\n| |");
    for (size_t c = 0; c < count; c++)
        buf_printf(out, " %s |", columns[c].title);
    buf_add_string(out, "\n|---|");
    for (size_t c = 0; c < count; c++)
        buf_add_string(out, ":-:|");
    buf_add_string(out, "\n");
    for (size_t f = 0; f < array_size(features); f++) {
        buf_printf(out, "| %s |", features[f].name);
        for (size_t c = 0; c < count; c++) {
            enum fate fate = fate_of(&features[f], &columns[c]);
            buf_printf(out, " %s |", fates[fate]);
            if (fate == SILENT)
                fprintf(stderr, "%s is dropped by %s and nobody is told\n", features[f].name,
                        columns[c].title);
            good = good && fate != SILENT;
        }
        buf_add_string(out, "\n");
    }
    return good;
}

static bool make_tables(struct buf *out)
{
    bool good = add_table(languages, array_size(languages), out);

    buf_add_string(out, "\nProviders compatible with OpenAI:\n");
    good = add_table(compatibles, array_size(compatibles), out) && good;
    buf_add_string(out, "\n");
    return good;
}

/* ---- the page ---- */

static int check(const char *path, struct span tables)
{
    struct buf page = buf_make(TEXT_MAX);
    const char *begin, *end;
    int outcome = 0;

    if (file_read(path, &page) != 0) {
        perror(path);
        return 1;
    }
    begin = strstr(page.at, BEGIN_MARK);
    end = begin == NULL ? NULL : strstr(begin, END_MARK);
    if (end == NULL) {
        fprintf(stderr, "%s has no place for the tables: %s\n", path, BEGIN_MARK);
        outcome = 1;
    } else if (!span_equal(span_make(begin + sizeof(BEGIN_MARK) - 1,
                                     (size_t)(end - begin) - (sizeof(BEGIN_MARK) - 1)),
                           tables)) {
        fprintf(stderr,
                "The tables in %s are not what the code does: put the output of "
                "`dialect-features --write` there.\n",
                path);
        outcome = 1;
    }
    buf_done(&page);
    return outcome;
}

int main(int count, char **words)
{
    struct buf tables = buf_make(TEXT_MAX);
    int outcome = 0;
    bool good;

    if (count != 2) {
        fprintf(stderr, "dialect-features DOC|--write\n");
        return 1;
    }
    good = make_tables(&tables);
    if (strcmp(words[1], "--write") == 0)
        printf("%.*s", SPAN_ARG(buf_span(&tables)));
    else
        outcome = check(words[1], buf_span(&tables));
    buf_done(&tables);
    return good ? outcome : 1;
}
