/*
 * bedrock_model: what the models behind Converse take, told by their names.
 *
 * Follows the pages "Supported models and model features", "Prompt caching", "Structured outputs"
 * and "Extended thinking" of Bedrock's user guide.
 */
#include "gateway/dialect/bedrock_ask.h"

/* The first mark that an id has is its row; Claude's versions change it further. */
static const struct bedrock_model models[] = {
    {.mark = "claude", .top_k = "top_k", .choice = CHOOSES_TOOL},
    {.mark = "nova-2",
     .top_k = "inferenceConfig",
     .choice = CHOOSES_TOOL,
     .thinking = THINKING_NOVA,
     .cache = true,
     .prefill = true},
    {.mark = "nova",
     .top_k = "inferenceConfig",
     .choice = CHOOSES_TOOL,
     .cache = true,
     .prefill = true},
    {.mark = "gpt-oss", .choice = CHOOSES_TOOL, .thinking = THINKING_EFFORT, .schema = true},
    {.mark = "mistral-large-3", .top_k = "top_k", .choice = CHOOSES_ANY, .schema = true},
    {.mark = "ministral", .top_k = "top_k", .choice = CHOOSES_ANY, .schema = true},
    {.mark = "magistral", .top_k = "top_k", .choice = CHOOSES_ANY, .schema = true},
    {.mark = "mistral", .top_k = "top_k", .choice = CHOOSES_ANY},
    {.mark = "cohere.", .top_k = "k"},
    {.mark = "deepseek.r1"},
    {.mark = "deepseek.", .schema = true},
    {.mark = "qwen", .choice = CHOOSES_TOOL, .schema = true},
    {.mark = "gemma", .schema = true},
    {.mark = "kimi", .choice = CHOOSES_TOOL, .schema = true},
    {.mark = "minimax", .choice = CHOOSES_TOOL, .schema = true},
    {.mark = "nemotron", .choice = CHOOSES_TOOL, .schema = true},
    {.mark = "meta."},
    {.mark = "ai21."},
    {.mark = "",
     .choice = CHOOSES_TOOL}, /* a provisioned model, a profile with a name of its own */
};

static const char *find(struct span text, const char *word)
{
    return word[0] == '\0' ? text.at : memmem(text.at, text.size, word, strlen(word));
}

/* 0 to 9 standing alone: "4" and "6:0", not "20250929"; else -1. */
static int lone_digit(struct span token)
{
    if (token.size == 0 || token.at[0] < '0' || token.at[0] > '9')
        return -1;
    return token.size == 1 || token.at[1] == ':' ? token.at[0] - '0' : -1;
}

/* "claude-3-7-sonnet-20250219-v1:0" is 37, "claude-sonnet-4-20250514-v1:0" 40; 0: no number. */
static int version_of(struct span id, const char *claude)
{
    struct span rest = span_part(id, (size_t)(claude - id.at), id.size);
    int major = -1;

    while (rest.size > 0) {
        int digit = lone_digit(span_cut(&rest, '-'));
        if (major >= 0)
            return major * 10 + (digit < 0 ? 0 : digit);
        major = digit;
    }
    return major < 0 ? 0 : major * 10;
}

static void refine_claude(struct bedrock_model *model, int version)
{
    model->thinking = version >= 46   ? THINKING_ADAPTIVE
                      : version >= 37 ? THINKING_BUDGET
                                      : THINKING_NONE;
    model->cache = version >= 35;
    model->cache_1h = model->schema = version >= 45;
    model->no_sampling = version >= 47;
    model->one_sampling = version >= 41;
    model->silent = version >= 47;
    model->prefill = version < 46;
}

struct bedrock_model bedrock_model_of(struct span id)
{
    struct bedrock_model model = {0};

    for (size_t i = 0; i < array_size(models); i++) {
        const char *at = find(id, models[i].mark);
        if (at == NULL && models[i].mark[0] != '\0')
            continue;
        model = models[i];
        if (i == 0)
            refine_claude(&model, version_of(id, at));
        break;
    }
    return model;
}
