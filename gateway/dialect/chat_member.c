/*
 * chat_member: see the header.
 */
#include "gateway/dialect/chat_member.h"

static const char *const names[CHAT_MEMBERS] = {
    [MEMBER_TEMPERATURE] = "temperature",
    [MEMBER_TOP_P] = "top_p",
    [MEMBER_TOP_K] = "top_k",
    [MEMBER_MIN_P] = "min_p",
    [MEMBER_SEED] = "seed",
    [MEMBER_FREQUENCY_PENALTY] = "frequency_penalty",
    [MEMBER_PRESENCE_PENALTY] = "presence_penalty",
    [MEMBER_REPETITION_PENALTY] = "repetition_penalty",
    [MEMBER_LOGIT_BIAS] = "logit_bias",
    [MEMBER_LOGPROBS] = "logprobs",
    [MEMBER_N] = "n",
    [MEMBER_STOP] = "stop",
    [MEMBER_RESPONSE_FORMAT] = "response_format",
    [MEMBER_REASONING] = "reasoning",
    [MEMBER_TOOL_CHOICE] = "tool_choice",
    [MEMBER_PARALLEL_TOOLS] = "parallel_tool_calls",
    [MEMBER_STRICT] = "strict",
    [MEMBER_CACHE] = "cache_control",
    [MEMBER_IMAGE_DETAIL] = "image_url.detail",
    [MEMBER_NAME] = "name",
    [MEMBER_USER] = "user",
    [MEMBER_METADATA] = "metadata",
    [MEMBER_SERVICE_TIER] = "service_tier",
    [MEMBER_VERBOSITY] = "verbosity",
    [MEMBER_SAFETY] = "safety_settings",
};

const char *chat_member_name(enum chat_member member)
{
    return names[member];
}
