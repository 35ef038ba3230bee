/*
 * plan: see the header. Targets that are still to be looked at wait on a stack, so that no depth of
 * a preset is one of calls. A loadbalance draws an exponential time for each target, whose rate is
 * its weight: the shortest is first. So shares are as the weights, and when a weight changes only
 * those move that its target gains or loses.
 */
#include "gateway/route/plan.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <xxhash.h>

#include "tenants/model/preset_condition.h"

enum { NEEDS_MAX = 8 };

/* ---- what conditions look at ---- */

struct looking {
    const struct plan_facts *facts;
    struct span needs[NEEDS_MAX];
    uint32_t need_count;
};

static struct condition_value text_value(struct span text)
{
    return (struct condition_value){.kind = text.size > 0 ? VALUE_TEXT : VALUE_NONE, .text = text};
}

static struct condition_value node_value(const struct json_doc *doc, uint32_t node)
{
    return (struct condition_value){
        .kind = node == JSON_NONE ? VALUE_NONE : VALUE_NODE, .doc = doc, .node = node};
}

static struct condition_value list_value(const struct span *texts, uint32_t count)
{
    return (struct condition_value){.kind = VALUE_LIST, .texts = texts, .text_count = count};
}

static uint32_t member_of(const struct plan_facts *facts, uint32_t object, const char *name)
{
    return facts->body == NULL || object == JSON_NONE ? JSON_NONE
                                                      : json_find(facts->body, object, name);
}

static struct condition_value look(const void *context, enum condition_field field,
                                   const char *name)
{
    const struct looking *l = context;
    const struct plan_facts *facts = l->facts;

    switch (field) {
    case FIELD_METADATA:
        return node_value(facts->body, member_of(facts, facts->metadata, name));
    case FIELD_PARAMS:
        return node_value(facts->body, member_of(facts, 0, name));
    case FIELD_MODEL:
        return text_value(facts->model);
    case FIELD_ENDPOINT:
        return text_value(facts->endpoint);
    case FIELD_STREAM:
        return (struct condition_value){.kind = VALUE_BOOL, .flag = facts->stream};
    case FIELD_PROMPT_TOKENS:
        return (struct condition_value){.kind = VALUE_NUMBER,
                                        .number = (double)facts->prompt_tokens};
    case FIELD_NEEDS:
        return list_value(l->needs, l->need_count);
    case FIELD_USER:
        return text_value(facts->user);
    case FIELD_TAGS:
        return list_value(facts->tags, facts->tag_count);
    case FIELD_KEY:
        return text_value(facts->key);
    case FIELDS:
        break;
    }
    return (struct condition_value){.kind = VALUE_NONE};
}

static const struct preset_target *take_branch(const struct preset_target *target,
                                               const struct looking *l)
{
    const struct condition_source source = {.look = look, .context = l};

    for (uint32_t i = 0; i < target->branch_count; i++)
        if (condition_holds(target->branches[i].query, &source))
            return target->branches[i].then;
    return target->otherwise;
}

/* ---- the draw ---- */

/* What all that are to stay together share. Where the request does not have it, what its
 * conversation shares. */
static uint64_t seed_of(const struct preset_target *target, const struct plan_facts *facts)
{
    struct span by = {0};
    char name[CONDITION_NAME_MAX + 1];
    uint32_t node;

    switch (target->sticky) {
    case STICKY_CONVERSATION:
        break;
    case STICKY_NONE:
        return facts->random;
    case STICKY_USER:
        by = facts->user;
        break;
    case STICKY_KEY:
        by = facts->key;
        break;
    case STICKY_METADATA:
        memcpy(name, target->sticky_member.at, target->sticky_member.size);
        name[target->sticky_member.size] = '\0';
        node = member_of(facts, facts->metadata, name);
        if (node != JSON_NONE && !json_is_null(facts->body, node))
            by = json_raw(facts->body, node);
        break;
    }
    return by.size > 0 ? XXH3_64bits(by.at, by.size) : facts->conversation;
}

/* splitmix64's finalizer: every bit of the input moves every bit of the output. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static double draw(const struct preset_target *child, uint64_t seed)
{
    uint64_t own = XXH3_64bits(child->name.at, child->name.size);
    uint64_t bits = mix(mix(seed + UINT64_C(0x9e3779b97f4a7c15)) ^ own) >> 11;

    return -log(((double)bits + 0.5) * 0x1p-53) / child->weight;
}

static void order_by_weight(const struct preset_target *target, uint64_t seed, uint32_t *order_out)
{
    double draws[PRESET_TARGETS_MAX];

    for (uint32_t i = 0; i < target->target_count; i++) {
        uint32_t at = i;

        draws[i] = draw(target->targets[i], seed);
        for (; at > 0 && draws[i] < draws[order_out[at - 1]]; at--)
            order_out[at] = order_out[at - 1];
        order_out[at] = i;
    }
}

/* ---- resolving ---- */

struct resolving {
    struct looking looking;
    struct plan_leg waiting[PRESET_TARGETS_MAX]; /* the next one last */
    uint32_t count;
};

static void wait_for(struct resolving *r, const struct plan_leg *parent, uint32_t child, uint8_t on)
{
    const struct preset_target *target = parent->target->targets[child];
    struct plan_leg *leg = &r->waiting[r->count++];

    *leg = *parent;
    leg->target = target;
    leg->model = target->model;
    leg->on = on;
    leg->levels[leg->level_count++] = (struct plan_level){parent->target, parent->leave_on, child};
}

/* What is in a target comes to wait in its place; the last first. */
static int open(struct resolving *r, struct plan_leg leg)
{
    const struct preset_target *target = leg.target, *then;
    uint32_t order[PRESET_TARGETS_MAX];

    if (target->leave_on.count > 0)
        leg.leave_on = &target->leave_on;
    if (target->mode == PRESET_CONDITIONAL) {
        then = take_branch(target, &r->looking);
        for (uint32_t i = 0; i < target->target_count && then != NULL; i++)
            if (target->targets[i] == then)
                wait_for(r, &leg, i, leg.on);
        return then == NULL ? -ENOENT : 0;
    }
    if (target->mode == PRESET_LOADBALANCE)
        order_by_weight(target, seed_of(target, r->looking.facts), order);
    for (uint32_t i = target->target_count; i-- > 0;) {
        if (target->mode == PRESET_LOADBALANCE)
            wait_for(r, &leg, order[i], leg.on);
        else
            wait_for(r, &leg, i, i == 0 ? leg.on : leg.on & target->targets[i]->on);
    }
    return 0;
}

int plan_resolve(const struct preset *preset, const struct plan_facts *facts, struct arena *arena,
                 struct plan *plan, const char **where_out)
{
    struct resolving r = {.looking.facts = facts, .count = 1};
    uint32_t before = plan->count;

    r.waiting[0] =
        (struct plan_leg){.target = preset->root, .model = preset->root->model, .on = FALL_ANY};
    for (uint32_t i = 0; i < facts->need_count && i < NEEDS_MAX; i++)
        r.looking.needs[r.looking.need_count++] = span_of(facts->needs[i]);
    while (r.count > 0) {
        struct plan_leg leg = r.waiting[--r.count];

        if (leg.target->mode == PRESET_SINGLE) {
            if (plan->count < PLAN_LEGS_MAX)
                plan->legs[plan->count++] = leg;
        } else if (open(&r, leg) != 0) {
            *where_out = arena_span(arena, leg.target->name).at;
            plan->count = before;
            return -ENOENT;
        }
    }
    return 0;
}

/* ---- from one to another ---- */

/* What is drawn first, or stands first, is where a target is entered; others only when those
 * before them have nobody to serve. */
static bool is_entered_at(const struct plan_level *level)
{
    return level->of->mode != PRESET_FALLBACK || level->child == 0 ||
           (level->of->targets[level->child]->on >> FALL_ERROR & 1) != 0;
}

uint8_t plan_leads(const struct plan *plan, uint32_t from, uint32_t to,
                   const struct preset_statuses **leave_on_out)
{
    const struct plan_leg *a = &plan->legs[from], *b = &plan->legs[to];
    const struct plan_level *level;
    uint32_t depth = 0;

    *leave_on_out = NULL;
    while (depth < a->level_count && depth < b->level_count &&
           a->levels[depth].of == b->levels[depth].of &&
           a->levels[depth].child == b->levels[depth].child)
        depth++;
    if (depth >= a->level_count || depth >= b->level_count ||
        a->levels[depth].of != b->levels[depth].of)
        return FALL_ANY;
    level = &b->levels[depth];
    *leave_on_out = level->leave_on;
    for (uint32_t i = depth + 1; i < b->level_count; i++)
        if (!is_entered_at(&b->levels[i]))
            return 0;
    return level->of->mode == PRESET_FALLBACK ? level->of->targets[level->child]->on : FALL_ANY;
}
