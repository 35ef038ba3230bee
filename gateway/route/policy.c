/*
 * policy: see the header. Chance is drawn per deployment: the shortest of exponential times whose
 * rates are the shares (weighted rendezvous hashing), so that who shares the random number finds
 * the same deployment while it is well, and the next best when it is not.
 */
#include "gateway/route/policy.h"

#include <errno.h>
#include <float.h>
#include <math.h>

#include "common/base/mem.h"

/* One request in so many that asks for the fastest goes by weight: or a deployment that was slow
 * once would never be measured again. */
#define EXPLORE_ONE_IN 64

static const char *const names[POLICIES] = {
    [POLICY_DEFAULT] = "default",       [POLICY_PRICE] = "price",
    [POLICY_THROUGHPUT] = "throughput", [POLICY_LATENCY] = "latency",
    [POLICY_BALANCED] = "balanced",     [POLICY_WEIGHTED] = "weighted",
    [POLICY_PRIORITY] = "priority",     [POLICY_LEAST_BUSY] = "least-busy",
    [POLICY_USAGE] = "usage",
};

static const struct {
    const char *word;
    enum policy policy;
} preferences[] = {{"speed", POLICY_THROUGHPUT},
                   {"cost", POLICY_PRICE},
                   {"balanced", POLICY_BALANCED}},
  suffixes[] = {{":floor", POLICY_PRICE}, {":nitro", POLICY_THROUGHPUT}},
  synonyms[] = {{"cheapest", POLICY_PRICE}, {"fastest", POLICY_THROUGHPUT}};

const char *policy_name(enum policy policy)
{
    return names[policy];
}

int policy_parse(struct span name, enum policy *policy_out)
{
    for (int i = 0; i < POLICIES; i++) {
        if (span_is(name, names[i])) {
            *policy_out = (enum policy)i;
            return 0;
        }
    }
    for (size_t i = 0; i < array_size(synonyms); i++) {
        if (span_is(name, synonyms[i].word)) {
            *policy_out = synonyms[i].policy;
            return 0;
        }
    }
    return -ENOENT;
}

int policy_parse_preference(struct span word, enum policy *policy_out)
{
    for (size_t i = 0; i < array_size(preferences); i++) {
        if (span_is(word, preferences[i].word)) {
            *policy_out = preferences[i].policy;
            return 0;
        }
    }
    return -ENOENT;
}

int policy_parse_suffix(struct span *model, enum policy *policy_out)
{
    for (size_t i = 0; i < array_size(suffixes); i++) {
        if (span_ends(*model, suffixes[i].word)) {
            *model = span_part(*model, 0, model->size - strlen(suffixes[i].word));
            *policy_out = suffixes[i].policy;
            return 0;
        }
    }
    return -ENOENT;
}

/* What places are compared by, in this order. */
struct rank {
    enum policy_health health;
    bool unpreferred;
    uint32_t wished;
    int32_t priority; /* 0 where the policy passes over it */
    double score;     /* the lower, the sooner */
    double draw;      /* among equal scores */
};

/* The least of what is above 0 at any place; 1 where nothing is. */
struct least {
    double price, first_token;
};

static struct least least_of(const struct policy_place *places, uint32_t count)
{
    struct least least = {0, 0};

    for (uint32_t i = 0; i < count; i++) {
        double price = places[i].price, first = (double)places[i].first_token_ms;

        if (price > 0 && (least.price <= 0 || price < least.price))
            least.price = price;
        if (first > 0 && (least.first_token <= 0 || first < least.first_token))
            least.first_token = first;
    }
    return (struct least){least.price > 0 ? least.price : 1,
                          least.first_token > 0 ? least.first_token : 1};
}

/* splitmix64's finalizer: every bit of the input moves every bit of the output. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* An exponential time of mean 1. */
static double draw_of(const struct policy_place *place, uint64_t random)
{
    uint64_t bits = mix(random + mix(place->key + UINT64_C(0x9e3779b97f4a7c15))) >> 11;

    return -log(((double)bits + 0.5) * 0x1p-53);
}

static double square(double x)
{
    return x * x;
}

/* How many times as dear as the cheapest that costs anything. What is free is a thousandth of it.
 */
static double times_as_dear(const struct policy_place *place, const struct least *least)
{
    return place->price > 0 ? place->price / least->price : 0.001;
}

/* What was not measured is taken for the fastest: so it is measured soon. */
static double times_as_slow(const struct policy_place *place, const struct least *least)
{
    return place->first_token_ms > 0 ? (double)place->first_token_ms / least->first_token : 1;
}

/* One failure more and two attempts more than there were: nobody is perfect, nobody hopeless. */
static double served_share(const struct policy_place *place)
{
    return (place->served + 1.0) / (place->served + place->failed + 2.0);
}

static double by_weight(const struct policy_place *place, double load)
{
    return load / (place->weight > 0 ? place->weight : 1);
}

static double score_of(enum policy policy, const struct policy_place *place,
                       const struct least *least, double draw)
{
    switch (policy) {
    case POLICY_DEFAULT:
        return draw * square(times_as_dear(place, least));
    case POLICY_PRICE:
        return place->price;
    case POLICY_THROUGHPUT:
        return place->decitokens > 0 ? -(double)place->decitokens : -DBL_MAX;
    case POLICY_LATENCY:
        return (double)place->first_token_ms;
    case POLICY_BALANCED:
        return draw * square(times_as_dear(place, least) * times_as_slow(place, least)) /
               square(served_share(place));
    case POLICY_LEAST_BUSY: /* with this one: the idle are told apart by weight */
        return by_weight(place, (double)place->in_flight + 1);
    case POLICY_USAGE:
        return by_weight(place, (double)place->tokens + 1);
    case POLICY_WEIGHTED:
    case POLICY_PRIORITY:
    case POLICIES:
        break;
    }
    return draw;
}

static bool heeds_priority(enum policy policy)
{
    return policy == POLICY_DEFAULT || policy == POLICY_BALANCED || policy == POLICY_PRIORITY;
}

static bool before(const struct rank *a, const struct rank *b)
{
    if (a->health != b->health)
        return a->health < b->health;
    if (a->unpreferred != b->unpreferred)
        return b->unpreferred;
    if (a->wished != b->wished)
        return a->wished < b->wished;
    if (a->priority != b->priority)
        return a->priority < b->priority;
    if (a->score < b->score || b->score < a->score)
        return a->score < b->score;
    return a->draw < b->draw;
}

static enum policy explored(enum policy policy, uint64_t random)
{
    bool fastest = policy == POLICY_THROUGHPUT || policy == POLICY_LATENCY;

    return fastest && mix(random) % EXPLORE_ONE_IN == 0 ? POLICY_WEIGHTED : policy;
}

void policy_order(enum policy policy, const struct policy_place *places, uint32_t count,
                  uint64_t random, uint32_t *order_out)
{
    const struct least least = least_of(places, count);
    struct rank ranks[POLICY_PLACES_MAX];

    must(count <= POLICY_PLACES_MAX);
    policy = explored(policy, random);
    for (uint32_t i = 0; i < count; i++) {
        const struct policy_place *place = &places[i];
        double draw = draw_of(place, random) / (place->weight > 0 ? place->weight : 1);
        uint32_t at = i;

        ranks[i] = (struct rank){.health = place->health,
                                 .unpreferred = place->unpreferred,
                                 .wished = place->wished,
                                 .priority = heeds_priority(policy) ? place->priority : 0,
                                 .score = score_of(policy, place, &least, draw),
                                 .draw = draw};
        while (at > 0 && before(&ranks[i], &ranks[order_out[at - 1]])) {
            order_out[at] = order_out[at - 1];
            at--;
        }
        order_out[at] = i;
    }
}
