/*
 * claude: what is alike where Claude is asked in Anthropic's language and in Amazon's Converse.
 *
 * Other models of Converse are asked under the same rules, which they bear. Follows
 * https://docs.claude.com/en/docs/build-with-claude/extended-thinking.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_CLAUDE_H
#define TOLLGATE_GATEWAY_DIALECT_CLAUDE_H

#include "gateway/dialect/chat_write.h"

/* Whether a part can be told: not a text of blanks, nor a thought that Claude did not sign. */
must_use bool claude_takes(const struct chat_part *part);

struct claude_sampling {
    bool none;   /* the model takes no sampling parameters */
    bool one;    /* temperature or top_p, not both */
    bool thinks; /* thinking is on: no temperature, and a top_p near 1 alone */
};
/* temperature and top_p (by that name); lost where they are not taken. */
void claude_put_sampling(struct pieces *out, const struct chat_wish *wish,
                         struct claude_sampling rules, const char *top_p_name,
                         struct ask_losses *losses);
/* "name":["…"]; those of blanks alone, which are refused, are lost. */
void claude_put_stops(struct pieces *out, const struct chat_wish *wish, const char *name,
                      struct ask_losses *losses);

/* The turn before, where the calls of results stand: messages, last excluded. */
struct claude_turn {
    uint32_t first, last;
    uint32_t looks; /* at its parts so far; bounded, then none is found */
};
must_use bool claude_turn_calls(const struct chat *chat, struct claude_turn *turn, struct span id);

#endif
