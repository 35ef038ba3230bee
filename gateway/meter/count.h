/*
 * count: the one deterministic token counter, for answers whose provider told no usage.
 *
 * Pure and streaming: text may be fed in any pieces, and every split gives the same count. The
 * gateway counts what it relayed with it and the fake provider bills aborted calls by it, so that
 * the two compare exactly. Knows no model and no provider: the caller passes the method that the
 * snapshot has for the model. Depends on common/base alone; reads no clock, takes no lock.
 *
 * What is counted of a chat: input is the text of all messages (see count_chat_input); output is
 * every text the model generated, in the order it was sent: content, refusal, reasoning text, names
 * and arguments of tool calls. All choices of one answer feed one counter.
 */
#ifndef TOLLGATE_GATEWAY_METER_COUNT_H
#define TOLLGATE_GATEWAY_METER_COUNT_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/json.h"
#include "common/base/span.h"

enum count_method {
    COUNT_BYTES, /* bytes of UTF-8 over a fixed number of bytes per token, rounded up */
    COUNT_METHODS
};

/* Four bytes per token, for a model that was never calibrated. */
#define COUNT_MILLIBYTES_DEFAULT 4000
/* Calibration outside of this is a mistake: 1 byte to 64 bytes per token. */
#define COUNT_MILLIBYTES_MIN 1000
#define COUNT_MILLIBYTES_MAX 64000

/* A value; copying it forks the count. */
struct count {
    enum count_method method;
    uint32_t millibytes_per_token;
    uint64_t bytes; /* text fed so far */
    uint64_t exact; /* tokens that came as tokens, see count_add_tokens */
};

/* A counter at zero. `millibytes_per_token` belongs to COUNT_BYTES and is brought into its range.
 */
must_use struct count count_make(enum count_method method, uint32_t millibytes_per_token);

/* The next piece of decoded text; may cut anywhere, inside a character too. */
void count_feed(struct count *count, struct span text);

/* The same for the inside of a JSON string (without its quotes, escapes as they stand): counts
 * what it decodes to. The piece is a whole string. */
void count_feed_json(struct count *count, struct span inside);

/* Input that came as token numbers (embeddings take arrays of them). */
void count_add_tokens(struct count *count, uint64_t tokens);

/* Tokens so far; 0 only when nothing was fed. Saturates at INT64_MAX. */
must_use int64_t count_tokens(const struct count *count);

#define COUNT_METHOD_TEXT_SIZE 24
/* The method as it stands in the event: "bytes:4.000". Returns the length. */
size_t count_method_format(const struct count *count, char text_out[COUNT_METHOD_TEXT_SIZE]);
/* Reads such a text back into a counter at zero: 0 or -EINVAL. */
must_use int count_method_parse(struct span text, struct count *count_out);

/* Feeds the input of a chat request whose object is node `request`: string contents, "text" and
 * "refusal" of content parts, names and arguments of earlier tool calls, the raw JSON of "tools".
 * Roles, media and everything else count nothing. */
void count_chat_input(struct count *count, const struct json_doc *doc, uint32_t request);

/* Feeds the "input" of an embeddings request: a string, strings, token numbers, or lists of token
 * numbers. */
void count_embeddings_input(struct count *count, const struct json_doc *doc, uint32_t request);

#endif
