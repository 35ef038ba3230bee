/*
 * models_parameters: which members of a request a deployment honours, by OpenRouter's names; see
 * models_private.h.
 *
 * Two things decide: what the catalog says of the model, and what the provider's language can
 * carry. The second is the dialects' own knowledge; a test holds this table to them.
 */
#include "gateway/models/models_private.h"

enum needs {
    NEEDS_NOTHING,
    NEEDS_TOOLS,
    NEEDS_STRUCTURED_OUTPUT,
    NEEDS_REASONING,
    NEEDS_SAMPLING /* the catalog does not say that it refuses a temperature */
};

#define WIRE(wire) (1u << (wire))
#define EVERY_WIRE                                                                                 \
    (WIRE(WIRE_OPENAI) | WIRE(WIRE_ANTHROPIC) | WIRE(WIRE_GEMINI) | WIRE(WIRE_BEDROCK) |           \
     WIRE(WIRE_COHERE))

static const struct {
    const char *name;
    enum needs needs;
    unsigned wires;
} parameters[] = {
    {"max_tokens", NEEDS_NOTHING, EVERY_WIRE},
    {"max_completion_tokens", NEEDS_NOTHING, EVERY_WIRE},
    {"stop", NEEDS_NOTHING, EVERY_WIRE},
    {"temperature", NEEDS_SAMPLING, EVERY_WIRE},
    {"top_p", NEEDS_SAMPLING, EVERY_WIRE},
    {"top_k", NEEDS_SAMPLING, WIRE(WIRE_ANTHROPIC) | WIRE(WIRE_GEMINI) | WIRE(WIRE_COHERE)},
    {"seed", NEEDS_NOTHING, WIRE(WIRE_OPENAI) | WIRE(WIRE_GEMINI) | WIRE(WIRE_COHERE)},
    {"frequency_penalty", NEEDS_SAMPLING,
     WIRE(WIRE_OPENAI) | WIRE(WIRE_GEMINI) | WIRE(WIRE_COHERE)},
    {"presence_penalty", NEEDS_SAMPLING, WIRE(WIRE_OPENAI) | WIRE(WIRE_GEMINI) | WIRE(WIRE_COHERE)},
    {"logit_bias", NEEDS_SAMPLING, WIRE(WIRE_OPENAI)},
    {"logprobs", NEEDS_SAMPLING, WIRE(WIRE_OPENAI) | WIRE(WIRE_GEMINI) | WIRE(WIRE_COHERE)},
    {"top_logprobs", NEEDS_SAMPLING, WIRE(WIRE_OPENAI) | WIRE(WIRE_GEMINI)},
    {"tools", NEEDS_TOOLS, EVERY_WIRE},
    {"tool_choice", NEEDS_TOOLS, EVERY_WIRE},
    {"response_format", NEEDS_STRUCTURED_OUTPUT, EVERY_WIRE},
    {"structured_outputs", NEEDS_STRUCTURED_OUTPUT, EVERY_WIRE},
    {"reasoning", NEEDS_REASONING, EVERY_WIRE},
    {"include_reasoning", NEEDS_REASONING, EVERY_WIRE},
    {"reasoning_effort", NEEDS_REASONING, EVERY_WIRE},
};

uint32_t models_parameter_count(void)
{
    return array_size(parameters);
}

const char *models_parameter_name(uint32_t bit)
{
    return parameters[bit].name;
}

static bool meets(const struct abilities *abilities, enum needs needs)
{
    switch (needs) {
    case NEEDS_NOTHING:
        return true;
    case NEEDS_TOOLS:
        return ability_known(abilities, ABILITY_TOOLS);
    case NEEDS_STRUCTURED_OUTPUT:
        return ability_known(abilities, ABILITY_STRUCTURED_OUTPUT);
    case NEEDS_REASONING:
        return ability_known(abilities, ABILITY_REASONING);
    case NEEDS_SAMPLING:
        return !ability_denied(abilities, ABILITY_TEMPERATURE);
    }
    return false;
}

uint32_t models_parameters_at(const struct snapshot_deployment *deployment)
{
    uint32_t bits = 0;

    if (!span_is(deployment->model->kind, "chat"))
        return 0;
    for (uint32_t i = 0; i < array_size(parameters); i++) {
        if ((parameters[i].wires & WIRE(deployment->wire)) != 0 &&
            meets(&deployment->abilities, parameters[i].needs))
            bits |= 1u << i;
    }
    return bits;
}

uint32_t models_parameters_of(const struct models_view *view, const struct snapshot_model *model)
{
    uint32_t bits = 0;

    for (uint32_t i = 0; i < model->deployment_count; i++) {
        const struct snapshot_deployment *usable = models_usable(view, model->deployments[i]);

        if (usable != NULL)
            bits |= models_parameters_at(usable);
    }
    return bits;
}
