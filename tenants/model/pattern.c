/*
 * pattern: see the header. What the text says becomes states, and a text is matched by the set of
 * the states it can be in.
 */
#include "tenants/model/pattern.h"

#include <errno.h>
#include <string.h>

#include "tenants/model/pattern_items.h"

struct state {
    uint8_t kind;
    uint16_t next, other; /* `other` of a SPLIT */
    uint32_t arg;
};

struct pattern {
    const struct state *states;
    const struct pattern_set *sets;
    uint16_t count, first;
    uint32_t cost;
    bool folded; /* ASCII letters compare alike */
};

/* ---- from items to states ---- */

/* Where a next state is still to be filled in: 2 * state + (1: of `other`) + 1; the field itself
 * has the one behind it, 0 at the end. */
struct part {
    uint16_t first, holes;
};

struct builder {
    struct state states[PATTERN_STATES_MAX];
    uint16_t count;
    struct part parts[PATTERN_ITEMS_MAX];
    uint32_t part_count;
};

static uint16_t *field_of(struct builder *b, uint16_t hole)
{
    struct state *state = &b->states[(hole - 1) / 2];

    return (hole - 1) % 2 == 0 ? &state->next : &state->other;
}

static void fill(struct builder *b, uint16_t holes, uint16_t with)
{
    while (holes != 0) {
        uint16_t *field = field_of(b, holes);
        holes = *field;
        *field = with;
    }
}

static uint16_t chain(struct builder *b, uint16_t a, uint16_t c)
{
    uint16_t at = a;

    if (a == 0)
        return c;
    while (*field_of(b, at) != 0)
        at = *field_of(b, at);
    *field_of(b, at) = c;
    return a;
}

static uint16_t add_state(struct builder *b, enum pattern_kind kind, uint32_t arg)
{
    b->states[b->count] = (struct state){.kind = (uint8_t)kind, .arg = arg};
    return b->count++;
}

static uint16_t hole_of(uint16_t state, bool other)
{
    return (uint16_t)(2 * state + (other ? 2 : 1));
}

/* An operator on the last part, or on the last two. */
static void build_operator(struct builder *b, enum pattern_kind kind)
{
    struct part *one = &b->parts[b->part_count - 1], *two = one;
    uint16_t split;

    if (kind == JOIN) {
        one = &b->parts[b->part_count-- - 2];
        fill(b, one->holes, two->first);
        one->holes = two->holes;
        return;
    }
    split = add_state(b, SPLIT, 0);
    if (kind == EITHER) {
        one = &b->parts[b->part_count-- - 2];
        b->states[split].next = one->first;
        b->states[split].other = two->first;
        *one = (struct part){split, chain(b, one->holes, two->holes)};
        return;
    }
    b->states[split].next = one->first;
    if (kind == OPTIONAL) {
        *one = (struct part){split, chain(b, one->holes, hole_of(split, true))};
        return;
    }
    fill(b, one->holes, split);
    *one = (struct part){kind == PLUS ? one->first : split, hole_of(split, true)};
}

static int build(const struct pattern_items *items, struct arena *arena, struct pattern *pattern)
{
    struct builder b = {.count = 0};
    uint32_t states = 1, cost = 1;
    struct state *kept;

    for (uint32_t i = 0; i < items->count; i++) {
        const struct pattern_item *item = &items->at[i];

        states += item->kind != JOIN;
        cost += item->kind == SET ? 1U + items->sets[item->arg].count : item->kind != JOIN;
    }
    if (states > PATTERN_STATES_MAX || cost > PATTERN_COST_MAX)
        return -EINVAL;
    pattern->cost = cost;
    for (uint32_t i = 0; i < items->count; i++) {
        if (items->at[i].kind >= JOIN) {
            build_operator(&b, items->at[i].kind);
        } else {
            uint16_t state = add_state(&b, items->at[i].kind, items->at[i].arg);
            b.parts[b.part_count++] = (struct part){state, hole_of(state, false)};
        }
    }
    pattern->first = b.parts[0].first;
    fill(&b, b.parts[0].holes, add_state(&b, FOUND, 0));
    pattern->count = b.count;
    kept = arena_array(arena, b.count, sizeof(*kept));
    memcpy(kept, b.states, b.count * sizeof(*kept));
    pattern->states = kept;
    return 0;
}

int pattern_read(struct span text, struct arena *arena, const struct pattern **pattern_out,
                 const char **why_out)
{
    bool folded = span_starts(text, "(?i)");
    struct pattern_items items;
    struct pattern *pattern;
    struct pattern_set *sets;

    if (text.size > PATTERN_BYTES_MAX) {
        *why_out = "must have at most 256 bytes";
        return -EINVAL;
    }
    *why_out = pattern_read_items(span_part(text, folded ? 4 : 0, text.size), arena, &items);
    if (*why_out != NULL)
        return -EINVAL;
    pattern = arena_array(arena, 1, sizeof(*pattern));
    if (build(&items, arena, pattern) != 0) {
        *why_out = "is too large";
        return -EINVAL;
    }
    sets = arena_array(arena, items.set_count, sizeof(*sets));
    memcpy(sets, items.sets, items.set_count * sizeof(*sets));
    pattern->sets = sets;
    pattern->folded = folded;
    *pattern_out = pattern;
    return 0;
}

uint32_t pattern_cost(const struct pattern *pattern)
{
    return pattern->cost;
}

/* ---- matching ---- */

struct place {              /* in the text: between two characters */
    uint32_t before, after; /* NO_CHARACTER at its begin and end */
    bool begin, end;
};

struct walk {
    const struct pattern *pattern;
    uint16_t states[PATTERN_STATES_MAX]; /* what the text can be in here */
    uint32_t count;
    uint32_t seen[PATTERN_STATES_MAX]; /* the step in which it was last put in */
    uint32_t step;
    bool found;
};

static uint32_t upper(uint32_t c)
{
    return c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c;
}

static bool set_has(const struct pattern_set *set, uint32_t c)
{
    for (uint16_t i = 0; i < set->count; i++)
        if (c >= set->ranges[i].from && c <= set->ranges[i].to)
            return true;
    return false;
}

static bool state_takes(const struct pattern *pattern, const struct state *state, uint32_t c)
{
    const struct pattern_set *set;

    if (state->kind == ONE)
        return pattern->folded ? pattern_lower(c) == pattern_lower(state->arg) : c == state->arg;
    if (state->kind == ANY)
        return c != '\n';
    set = &pattern->sets[state->arg];
    if (pattern->folded)
        return (set_has(set, pattern_lower(c)) || set_has(set, upper(c))) != set->negated;
    return set_has(set, c) != set->negated;
}

static bool place_is(const struct place *place, enum pattern_kind kind)
{
    if (kind == BEGIN)
        return place->begin;
    if (kind == END)
        return place->end;
    return kind != EDGE || pattern_is_word(place->before) != pattern_is_word(place->after);
}

/* Puts in a state and all that can be reached from it here without a character. */
static void reach(struct walk *walk, uint16_t first, const struct place *place)
{
    uint16_t waiting[2 * PATTERN_STATES_MAX];
    uint32_t count = 1;

    waiting[0] = first;
    while (count > 0) {
        uint16_t at = waiting[--count];
        const struct state *state = &walk->pattern->states[at];

        if (walk->seen[at] == walk->step)
            continue;
        walk->seen[at] = walk->step;
        if (state->kind <= SET)
            walk->states[walk->count++] = at;
        else if (state->kind == FOUND)
            walk->found = true;
        else if (place_is(place, (enum pattern_kind)state->kind))
            waiting[count++] = state->next;
        if (state->kind == SPLIT)
            waiting[count++] = state->other;
    }
}

/* Takes the character; what it leads to is in `next_out`. */
static uint32_t advance(const struct walk *walk, uint32_t c, uint16_t *next_out)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < walk->count; i++) {
        const struct state *state = &walk->pattern->states[walk->states[i]];
        if (state_takes(walk->pattern, state, c))
            next_out[count++] = state->next;
    }
    return count;
}

bool pattern_matches(const struct pattern *pattern, struct span text)
{
    struct span rest = span_part(text, 0, PATTERN_SUBJECT_MAX);
    struct walk walk = {.pattern = pattern};
    struct place place = {.before = NO_CHARACTER, .begin = true};
    uint16_t next[PATTERN_STATES_MAX];
    uint32_t count = 0;

    for (;;) {
        bool last = rest.size == 0;

        place.after = last ? NO_CHARACTER : pattern_take(&rest);
        place.end = last && text.size <= PATTERN_SUBJECT_MAX;
        walk.count = 0;
        walk.step++;
        reach(&walk, pattern->first, &place);
        for (uint32_t i = 0; i < count; i++)
            reach(&walk, next[i], &place);
        if (walk.found || last)
            return walk.found;
        count = advance(&walk, place.after, next);
        place = (struct place){.before = place.after};
    }
}
