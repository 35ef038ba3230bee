/*
 * legs: see the header.
 */
#include "gateway/flow/legs.h"

#include "gateway/flow/parts.h"

/* The lists of a request, in the order in which they are gone to: those for one kind of failure
 * before those for any. */
struct leg_list {
    const char *member;
    const struct ask_models *models;
    uint8_t on;
};
enum { LISTS = 4 };

static void lists_of(const struct flow *flow, struct leg_list lists_out[LISTS])
{
    const struct ask_routing *routing = &flow->ask.routing;
    const struct leg_list lists[LISTS] = {
        {"context_window_fallbacks", &routing->fallbacks[FALL_CONTEXT], 1 << FALL_CONTEXT},
        {"content_policy_fallbacks", &routing->fallbacks[FALL_POLICY], 1 << FALL_POLICY},
        {"models", &routing->models, FALL_ANY},
        {"fallbacks", &routing->fallbacks[FALL_ERROR], FALL_ANY}};

    memcpy(lists_out, lists, sizeof(lists));
}

static void add(struct plan *plan, struct span model, uint8_t on)
{
    if (plan->count < PLAN_LEGS_MAX)
        plan->legs[plan->count++] = (struct plan_leg){.model = model, .on = on};
}

enum go legs_plan(struct flow *flow)
{
    struct leg_list lists[LISTS];

    flow->plan.count = 0;
    add(&flow->plan, (struct span){0}, FALL_ANY);
    lists_of(flow, lists);
    for (size_t i = 0; i < LISTS && !flow->pinned; i++)
        for (uint32_t j = 0; j < lists[i].models->count; j++)
            add(&flow->plan, lists[i].models->at[j], lists[i].on);
    return GO_NEXT;
}

const char *legs_member(const struct flow *flow, uint32_t leg)
{
    struct leg_list lists[LISTS];
    uint32_t before = 1;

    lists_of(flow, lists);
    for (size_t i = 0; i < LISTS && leg > 0; i++) {
        if (leg < before + lists[i].models->count)
            return lists[i].member;
        before += lists[i].models->count;
    }
    return "model";
}
