/*
 * tokens: the bearer tokens that grants are exchanged for, fetched and kept fresh by a thread of
 * their own.
 *
 * Who makes a snapshot says which grants it wants and takes the tokens that are there; workers see
 * a token as part of their snapshot, so no request ever waits for one or takes a lock. A token is
 * asked for anew when four fifths of its life are over; what fails is tried again with backoff, and
 * the old one stays until it expires. Secrets and tokens are never logged.
 */
#ifndef TOLLGATE_GATEWAY_SIGN_TOKENS_H
#define TOLLGATE_GATEWAY_SIGN_TOKENS_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

struct arena;
struct tokens;

struct tokens_config {
    bool allow_loopback; /* issuers on this host may be asked: trials and tests */
    const char *ca_file; /* NULL: the system's; borrowed until tokens_stop() */
    void *context;
    /* A token came, or the last one of a grant expired: the next snapshot would be another. On the
     * thread of the tokens. */
    void (*on_change)(void *context);
};

must_use struct tokens *tokens_start(const struct tokens_config *config);
/* NULL is allowed. */
void tokens_stop(struct tokens *tokens);

/* Between the two every grant that is still wanted is asked for; others are forgotten. All three on
 * one thread. */
void tokens_begin(struct tokens *tokens);
/* How many are wanted. */
uint32_t tokens_end(struct tokens *tokens);

/* The token of a grant (a JSON object of secret.h; copied), in the arena; empty when there is none
 * yet. `provider` is for the log. NULL, or why there will never be one: a sentence's end. */
must_use const char *tokens_want(struct tokens *tokens, struct span secret, struct span provider,
                                 struct arena *arena, struct span *token_out);

#endif
