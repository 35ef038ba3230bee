/*
 * breaker: see the header. The word holds a time, how often it opened in a row, and what it is
 * doing; whoever finds it changed meanwhile looks again, and nobody waits.
 */
#include "gateway/route/breaker.h"

/* What the word is about; its time means: */
enum phase {
    PHASE_CLOSED,  /* … since when; 0: it was never open */
    PHASE_OPEN,    /* … until when */
    PHASE_PROBING, /* … when the probe is given up */
};
#define OPEN_FIRST_MS INT64_C(5000)
#define OPEN_MAX_MS INT64_C(60000)
#define AGAIN_MS INT64_C(60000)
#define PROBE_MS INT64_C(60000)
enum { LEVEL_MAX = 4 }; /* 5, 10, 20, 40, 60 s */

const char *breaker_state_name(enum breaker_state state)
{
    static const char *const names[] = {
        [BREAKER_CLOSED] = "closed", [BREAKER_OPEN] = "open", [BREAKER_HALF_OPEN] = "half_open"};

    return names[state];
}

struct parts {
    int64_t at_ms;
    uint32_t level;
    enum phase phase;
};

static struct parts parts_of(uint64_t word)
{
    return (struct parts){(int64_t)(word >> 8), (uint32_t)(word >> 4 & 0xf),
                          (enum phase)(word & 0xf)};
}

static uint64_t word_of(enum phase phase, uint32_t level, int64_t at_ms)
{
    return (uint64_t)at_ms << 8 | (uint64_t)level << 4 | (uint64_t)phase;
}

static uint64_t load(const struct breaker *breaker)
{
    return atomic_load_explicit(&breaker->word, memory_order_relaxed);
}

static bool change(struct breaker *breaker, uint64_t from, uint64_t to)
{
    return atomic_compare_exchange_strong_explicit(&breaker->word, &from, to, memory_order_relaxed,
                                                   memory_order_relaxed);
}

static int64_t open_ms(uint32_t level)
{
    int64_t wanted_ms = OPEN_FIRST_MS << level;

    return wanted_ms < OPEN_MAX_MS ? wanted_ms : OPEN_MAX_MS;
}

static uint64_t open_word(uint32_t level, int64_t now_ms)
{
    return word_of(PHASE_OPEN, level, now_ms + open_ms(level));
}

/* When what the word is about began. */
static int64_t since_ms(const struct parts *parts)
{
    switch (parts->phase) {
    case PHASE_OPEN:
        return parts->at_ms - open_ms(parts->level);
    case PHASE_PROBING:
        return parts->at_ms - PROBE_MS;
    case PHASE_CLOSED:
        break;
    }
    return parts->at_ms;
}

static enum breaker_state state_of(const struct parts *parts, int64_t now_ms)
{
    if (parts->phase == PHASE_CLOSED)
        return BREAKER_CLOSED;
    return parts->at_ms > now_ms ? BREAKER_OPEN : BREAKER_HALF_OPEN;
}

enum breaker_state breaker_state(const struct breaker *breaker, int64_t now_ms)
{
    const struct parts parts = parts_of(load(breaker));

    return state_of(&parts, now_ms);
}

bool breaker_probe(struct breaker *breaker, int64_t now_ms)
{
    uint64_t word = load(breaker);
    const struct parts parts = parts_of(word);

    return state_of(&parts, now_ms) == BREAKER_HALF_OPEN &&
           change(breaker, word, word_of(PHASE_PROBING, parts.level, now_ms + PROBE_MS));
}

/* The word after a failure; the same where it changes nothing. */
static uint64_t failed(uint64_t word, bool many, int64_t now_ms)
{
    const struct parts parts = parts_of(word);
    uint32_t higher = parts.level < LEVEL_MAX ? parts.level + 1 : LEVEL_MAX;

    if (parts.phase == PHASE_PROBING || state_of(&parts, now_ms) == BREAKER_HALF_OPEN)
        return open_word(higher, now_ms);
    /* Those that were under way when it opened say nothing new. */
    if (parts.phase == PHASE_OPEN || !many)
        return word;
    return open_word(parts.at_ms > 0 && now_ms - parts.at_ms < AGAIN_MS ? higher : 0, now_ms);
}

bool breaker_failed(struct breaker *breaker, uint32_t failures, uint32_t all, int64_t now_ms)
{
    bool many = all >= BREAKER_ATTEMPTS && 2 * (uint64_t)failures > all;
    uint64_t word, next;

    do {
        word = load(breaker);
        next = failed(word, many, now_ms);
        if (next == word)
            return false;
    } while (!change(breaker, word, next));
    return true;
}

bool breaker_silent(struct breaker *breaker, int64_t begun_ms, int64_t now_ms)
{
    uint64_t word = load(breaker);
    const struct parts parts = parts_of(word);

    if (parts.phase == PHASE_OPEN || begun_ms < since_ms(&parts))
        return false;
    /* Whoever changed it meanwhile knows as much. */
    return change(breaker, word, failed(word, true, now_ms));
}

void breaker_served(struct breaker *breaker, int64_t begun_ms, int64_t now_ms)
{
    struct parts parts;
    uint64_t word;

    do {
        word = load(breaker);
        parts = parts_of(word);
        /* Most of the time it is closed, and reading leaves the line to all. */
        if (parts.phase == PHASE_CLOSED || begun_ms < since_ms(&parts))
            return;
    } while (!change(breaker, word, word_of(PHASE_CLOSED, parts.level, now_ms)));
}

void breaker_neither(struct breaker *breaker, int64_t now_ms)
{
    uint64_t word = load(breaker);

    if (parts_of(word).phase == PHASE_PROBING)
        (void)change(breaker, word, word_of(PHASE_OPEN, parts_of(word).level, now_ms));
}
