/*
 * answers: what clients ask and providers say in the tests of flows.
 */
#ifndef TOLLGATE_TESTS_UNIT_GATEWAY_FLOW_ANSWERS_H
#define TOLLGATE_TESTS_UNIT_GATEWAY_FLOW_ANSWERS_H

#include "tests/unit/gateway/flow/world.h"

#define HELLO "\"messages\":[{\"role\":\"user\",\"content\":\"hello there\"}]"
#define WHOLE "{\"model\":\"a/m\"," HELLO "}"
#define STREAM "{\"model\":\"a/m\",\"stream\":true," HELLO "}"
#define STREAM_USAGE                                                                               \
    "{\"model\":\"a/m\",\"stream\":true,\"stream_options\":{\"include_usage\":true}," HELLO "}"
#define USAGE "{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15}"
#define ANSWER                                                                                     \
    "{\"id\":\"c1\",\"choices\":[{\"message\":{\"content\":\"abcdefgh\"},\"finish_reason\":"       \
    "\"stop\"}],\"usage\":" USAGE "}"
#define ROLE                                                                                       \
    "data: "                                                                                       \
    "{\"id\":\"c1\",\"model\":\"up-m\",\"choices\":[{\"delta\":{\"role\":\"assistant\","           \
    "\"content\":\"\"}}]}\n\n"
#define TEXT "data: {\"id\":\"c1\",\"choices\":[{\"delta\":{\"content\":\"abcdefgh\"}}]}\n\n"
#define STOP "data: {\"id\":\"c1\",\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
#define TOLD "data: {\"id\":\"c1\",\"choices\":[],\"usage\":" USAGE "}\n\n"
#define DONE "data: [DONE]\n\n"
#define SSE "text/event-stream"
#define JSON "application/json"
/* 10 x 2e6 + 5 x 8e6 pico, and 5 % on it. */
#define CHARGE 63000000
#define COST                                                                                       \
    "\"cost\":0.000063,\"cost_details\":{\"base\":\"0.00006\",\"markup\":\"0.000003\","            \
    "\"discount\":\"0\"}"

/* Who the n-th attempt went to. */
static inline const char *provider_at(uint32_t n)
{
    static char name[16];
    struct span provider = script_at(world.script, n)->deployment->provider;

    memcpy(name, provider.at, provider.size);
    name[provider.size] = '\0';
    return name;
}

/* A test in a world of its own. */
#define world_row(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

#endif
