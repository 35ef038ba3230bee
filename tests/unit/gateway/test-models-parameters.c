/* models_parameters: what the list says is honoured at a wire is what its language carries. */
#include "tests/support/testing.h"

#include <stdio.h>

#include "common/base/arena.h"
#include "gateway/dialect/compatible.h"
#include "gateway/dialect/languages.h"
#include "gateway/models/models_private.h"

static const struct {
    const char *what;
    enum wire_dialect wire;
    const char *provider, *dialect, *model;
} wires[] = {
    {"OpenAI", WIRE_OPENAI, "openai", "openai", "gpt-4.1"},
    {"DeepSeek", WIRE_OPENAI, "deepseek", "openai-compatible", "deepseek-chat"},
    {"Groq", WIRE_OPENAI, "groq", "openai-compatible", "llama-3.3-70b-versatile"},
    {"any other", WIRE_OPENAI, "nobody", "openai-compatible", "x"},
    {"Together", WIRE_OPENAI, "togetherai", "openai-compatible", "meta-llama/Llama-3"},
    {"Anthropic", WIRE_ANTHROPIC, "anthropic", "anthropic", "claude-3-5-haiku-20241022"},
    {"Gemini", WIRE_GEMINI, "google", "gemini", "gemini-2.5-pro"},
    {"Anthropic on Vertex", WIRE_ANTHROPIC_VERTEX, "google-vertex", "anthropic-vertex",
     "claude-3-5-haiku"},
    {"Gemini on Vertex", WIRE_GEMINI_VERTEX, "google-vertex", "gemini-vertex", "gemini-2.5-pro"},
    {"Responses", WIRE_RESPONSES, "openai", "openai-responses", "gpt-4.1"},
    {"Bedrock", WIRE_BEDROCK, "amazon-bedrock", "bedrock-converse",
     "meta.llama3-1-70b-instruct-v1:0"},
    {"Cohere", WIRE_COHERE, "cohere", "cohere", "command-a-03-2025"},
};

/* A wish for one parameter, with a value that every language has. */
static struct chat_wish wish_for(const char *parameter)
{
    struct chat_wish wish = {.max_tokens = 100,
                             .choices = 1,
                             .schema_strict = -1,
                             .reasoning_budget = -1,
                             .parallel_tools = -1};

    if (strcmp(parameter, "stop") == 0) {
        wish.stops[0] = span_of("END");
        wish.stop_count = 1;
    } else if (strcmp(parameter, "temperature") == 0) {
        wish.temperature = span_of("0.5");
    } else if (strcmp(parameter, "top_p") == 0) {
        wish.top_p = span_of("0.5");
    } else if (strcmp(parameter, "top_k") == 0) {
        wish.top_k = span_of("40");
    } else if (strcmp(parameter, "min_p") == 0) {
        wish.min_p = span_of("0.1");
    } else if (strcmp(parameter, "repetition_penalty") == 0) {
        wish.repetition_penalty = span_of("1.1");
    } else if (strcmp(parameter, "seed") == 0) {
        wish.seed = span_of("7");
    } else if (strcmp(parameter, "frequency_penalty") == 0) {
        wish.frequency_penalty = span_of("0.5");
    } else if (strcmp(parameter, "presence_penalty") == 0) {
        wish.presence_penalty = span_of("0.5");
    } else if (strcmp(parameter, "logit_bias") == 0) {
        wish.logit_bias = span_of("{\"50256\":-100}");
    } else if (strcmp(parameter, "logprobs") == 0) {
        wish.logprobs = true;
    } else if (strcmp(parameter, "top_logprobs") == 0) {
        wish.logprobs = true;
        wish.top_logprobs = span_of("3");
    }
    return wish;
}

static uint64_t lost_at(size_t wire, const char *parameter)
{
    const struct upstream_language *language = upstream_language_for(
        FAMILY_OPENAI, &(struct language_place){wires[wire].wire, span_of(wires[wire].dialect),
                                                span_of(wires[wire].model)});
    const struct compatible_facts facts = {.model = span_of(wires[wire].model)};
    struct language_target target = {.output_cap = 100, .tokens_member = "max_tokens"};
    struct chat_part part = {.kind = PART_TEXT, .text = span_of("hello")};
    struct chat_message message = {.role = CHAT_USER, .count = 1};
    const struct chat chat = {.messages = &message,
                              .parts = &part,
                              .message_count = 1,
                              .part_count = 1,
                              .wish = wish_for(parameter)};
    struct arena *arena = arena_new(4096, 1 << 20);
    struct pieces out = pieces_make(arena, 1 << 20);
    struct ask_losses losses;

    compatible_target(span_of(wires[wire].provider), span_of(wires[wire].dialect), &facts, &target);
    assert_int(parameter, language->write_ask(&chat, &target, &out, &losses), ASK_WRITTEN);
    pieces_done(&out);
    arena_free(arena);
    return losses.lost;
}

/* The bit of a parameter in the table. */
static uint32_t bit_of(const char *name)
{
    for (uint32_t i = 0; i < models_parameter_count(); i++)
        if (strcmp(models_parameter_name(i), name) == 0)
            return i;
    fail_msg("%s is not in the table", name);
    return 0;
}

static void the_table_says_what_languages_carry(void **state)
{
    static const char *const plain[] = {
        "stop",       "temperature",      "top_p",    "top_k",       "seed", "frequency_penalty",
        "logit_bias", "presence_penalty", "logprobs", "top_logprobs"};
    const struct snapshot_model model = {.kind = span_of("chat")};

    (void)state;
    for (size_t w = 0; w < array_size(wires); w++) {
        const struct snapshot_deployment deployment = {.model = &model,
                                                       .wire = wires[w].wire,
                                                       .provider = span_of(wires[w].provider),
                                                       .dialect = span_of(wires[w].dialect),
                                                       .upstream_id = span_of(wires[w].model),
                                                       .abilities.can = UINT8_MAX};
        uint32_t told = models_parameters_at(&deployment);

        for (size_t p = 0; p < array_size(plain); p++) {
            char what[64];

            (void)snprintf(what, sizeof(what), "%s, %s", wires[w].what, plain[p]);
            assert_int(what, told >> bit_of(plain[p]) & 1, lost_at(w, plain[p]) == 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_table_says_what_languages_carry)};

    return run_test_table(tests);
}
