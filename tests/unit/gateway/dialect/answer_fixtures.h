/*
 * answer_fixtures: one answer as each provider's language tells it, streamed and whole: a thought,
 * a text, a call, usage with a cache. Made up, in the shapes of the providers' documentation.
 */
#ifndef TOLLGATE_TESTS_UNIT_GATEWAY_DIALECT_ANSWER_FIXTURES_H
#define TOLLGATE_TESTS_UNIT_GATEWAY_DIALECT_ANSWER_FIXTURES_H

#include "gateway/dialect/language.h"

enum { FIXTURE_FRAMES_MAX = 20 };

struct answer_fixture {
    const struct upstream_language *language;
    struct fixture_frame {
        const char *event, *data; /* event NULL: none is told */
    } frames[FIXTURE_FRAMES_MAX]; /* data NULL at the end */
    const char *whole;
    /* Frames that may stand the other way round: i and i + 1; 0 ends the list. */
    uint32_t swaps[3];
    bool thinks; /* it tells reasoning */
    int64_t cache_write;
};

enum { ANSWER_FIXTURES = 6 };
extern const struct answer_fixture answer_fixtures[ANSWER_FIXTURES];

/* "text", "reasoning", "tool", … */
extern const char *const fixture_event_names[EVENT_KINDS];
/* on_event of a sink whose context is a buffer: what was said, "|t0:" before a text and the like: a
 * letter per kind (t text, r reasoning, p plan, s signature, x redacted, T tool, a arguments, c
 * citation, F finish, U usage, E error, D done) and the tool it is of. Parts of one text are one
 * text, however they were cut. */
void fixture_note(void *context, const struct answer_event *event);

#endif
