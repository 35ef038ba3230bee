/*
 * models_parameters: which members of a request a deployment honours, by OpenRouter's names; see
 * models_private.h.
 *
 * Two things decide: what the catalog says of the model, and what the provider's language can
 * carry, and the provider takes of it. The second is the dialects' own knowledge; a test holds this
 * table to them.
 */
#include "gateway/dialect/compatible.h"
#include "gateway/dialect/language.h"
#include "gateway/models/models_private.h"

#define STRUCTURED_OUTPUTS "structured_outputs"

enum needs {
    NEEDS_NOTHING,
    NEEDS_TOOLS,
    NEEDS_STRUCTURED_OUTPUT,
    NEEDS_REASONING,
    NEEDS_SAMPLING /* the catalog does not say that it refuses a temperature */
};

#define WIRE(wire) (1u << WIRE_##wire)
#define CLAUDE (WIRE(ANTHROPIC) | WIRE(ANTHROPIC_VERTEX))
#define GOOGLE (WIRE(GEMINI) | WIRE(GEMINI_VERTEX))
#define EVERY_WIRE ((1u << WIRES) - 1)

static const struct {
    const char *name;
    enum needs needs;
    unsigned wires;
    enum chat_member member; /* CHAT_MEMBERS: all of OpenAI's kind take it */
} parameters[] = {
    {"max_tokens", NEEDS_NOTHING, EVERY_WIRE, CHAT_MEMBERS},
    {"max_completion_tokens", NEEDS_NOTHING, EVERY_WIRE, CHAT_MEMBERS},
    {"stop", NEEDS_NOTHING, EVERY_WIRE & ~WIRE(RESPONSES), MEMBER_STOP},
    {"temperature", NEEDS_SAMPLING, EVERY_WIRE, MEMBER_TEMPERATURE},
    {"top_p", NEEDS_SAMPLING, EVERY_WIRE, MEMBER_TOP_P},
    {"top_k", NEEDS_SAMPLING, CLAUDE | GOOGLE | WIRE(COHERE), MEMBER_TOP_K},
    {"min_p", NEEDS_SAMPLING, 0, MEMBER_MIN_P},
    {"seed", NEEDS_NOTHING, WIRE(OPENAI) | GOOGLE | WIRE(COHERE), MEMBER_SEED},
    {"frequency_penalty", NEEDS_SAMPLING, WIRE(OPENAI) | GOOGLE | WIRE(COHERE),
     MEMBER_FREQUENCY_PENALTY},
    {"presence_penalty", NEEDS_SAMPLING, WIRE(OPENAI) | GOOGLE | WIRE(COHERE),
     MEMBER_PRESENCE_PENALTY},
    {"repetition_penalty", NEEDS_SAMPLING, 0, MEMBER_REPETITION_PENALTY},
    {"logit_bias", NEEDS_SAMPLING, WIRE(OPENAI), MEMBER_LOGIT_BIAS},
    {"logprobs", NEEDS_SAMPLING, WIRE(OPENAI) | WIRE(RESPONSES) | GOOGLE | WIRE(COHERE),
     MEMBER_LOGPROBS},
    {"top_logprobs", NEEDS_SAMPLING, WIRE(OPENAI) | WIRE(RESPONSES) | GOOGLE, MEMBER_LOGPROBS},
    {"tools", NEEDS_TOOLS, EVERY_WIRE, CHAT_MEMBERS},
    {"tool_choice", NEEDS_TOOLS, EVERY_WIRE, MEMBER_TOOL_CHOICE},
    {"parallel_tool_calls", NEEDS_TOOLS, WIRE(OPENAI) | WIRE(RESPONSES) | CLAUDE,
     MEMBER_PARALLEL_TOOLS},
    {"response_format", NEEDS_STRUCTURED_OUTPUT, EVERY_WIRE, MEMBER_RESPONSE_FORMAT},
    {STRUCTURED_OUTPUTS, NEEDS_STRUCTURED_OUTPUT, EVERY_WIRE, MEMBER_RESPONSE_FORMAT},
    {"reasoning", NEEDS_REASONING, EVERY_WIRE, MEMBER_REASONING},
    {"include_reasoning", NEEDS_REASONING, EVERY_WIRE, CHAT_MEMBERS},
    {"reasoning_effort", NEEDS_REASONING, EVERY_WIRE, MEMBER_REASONING},
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

/* How the provider differs from the language its API is made after. */
static struct language_target differing(const struct snapshot_deployment *deployment)
{
    const struct compatible_facts facts = {.model = deployment->upstream_id,
                                           .reasoning = deployment->reasoning,
                                           .no_temperature = deployment->no_temperature};
    struct language_target target = {.compatible = NULL};

    /* The sandbox is no provider: it takes what OpenAI takes. */
    if (!deployment->sandbox)
        compatible_target(deployment->provider, deployment->dialect, &facts, &target);
    return target;
}

static bool carried(size_t parameter, const struct snapshot_deployment *deployment,
                    const struct language_target *target)
{
    uint64_t member = UINT64_C(1) << parameters[parameter].member;

    if ((target->without & member) != 0)
        return false;
    if (target->compatible != NULL && (target->compatible->formats_not >> FORMAT_SCHEMA & 1) != 0 &&
        parameters[parameter].needs == NEEDS_STRUCTURED_OUTPUT &&
        strcmp(parameters[parameter].name, STRUCTURED_OUTPUTS) == 0)
        return false;
    return (parameters[parameter].wires >> deployment->wire & 1) != 0 ||
           (target->extra & member) != 0;
}

uint32_t models_parameters_at(const struct snapshot_deployment *deployment)
{
    struct language_target target;
    uint32_t bits = 0;

    if (!models_is_chat(deployment->model))
        return 0;
    target = differing(deployment);
    for (uint32_t i = 0; i < array_size(parameters); i++) {
        if (meets(&deployment->abilities, parameters[i].needs) && carried(i, deployment, &target))
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
