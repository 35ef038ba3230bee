/*
 * ask_reading: what the readers of request bodies share: the engine in ask.c walks the members of a
 * body, and one table per dialect says what becomes of each. Private to gateway/dialect.
 *
 * A member that no table has is left for the provider.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_ASK_READING_H
#define TOLLGATE_GATEWAY_DIALECT_ASK_READING_H

#include "gateway/dialect/ask.h"

struct ask_reading {
    struct ask *ask;
    struct ask_refusal *refusal;
    struct arena *arena;
    const struct json_doc *doc;
    enum ask_outcome outcome;
};

enum ask_becomes {
    ASK_PASSED,
    ASK_CONSUMED, /* an extension of ours: taken out */
    ASK_HOST,     /* names a host or a credential: refused */
    ASK_PRICED    /* changes the price, and the catalog has none for it: refused unless null */
};

struct ask_member {
    const char *name;
    uint32_t kinds; /* 1 << enum ask_kind: where it is known; elsewhere it is passed on */
    enum ask_becomes becomes;
    /* NULL: not looked at. False: refused, and `refusal` says why. */
    bool (*read)(struct ask_reading *r, const char *name, uint32_t value);
};

/* Members sorted by name. `check` sees the whole behind them; what the dialect cannot do without
 * is asked for there. */
struct ask_table {
    const struct ask_member *members;
    size_t count;
    bool (*check)(struct ask_reading *r);
};
extern const struct ask_table ask_common_table; /* known in all dialects; its check is NULL */
/* One of those by its name; NULL: not there. (ask.c) */
must_use const struct ask_member *ask_find_common(struct span name);
extern const struct ask_table ask_openai_table, ask_messages_table, ask_generate_table,
    ask_services_table, ask_responses_table;

/* All return false, for `return` in a reader. `message` is a constant or in the arena. */
bool ask_invalid(struct ask_reading *r, const char *param, const char *message);
bool ask_wrong_type(struct ask_reading *r, const char *param, const char *wanted);
bool ask_unsupported(struct ask_reading *r, const char *param, const char *message);

/* Readers of values. Absent and null leave *_out alone. */
must_use bool ask_read_text(struct ask_reading *r, const char *param, uint32_t value, size_t max,
                            struct span *text_out); /* copied; at most `max` bytes */
must_use bool ask_read_flag(struct ask_reading *r, const char *param, uint32_t value,
                            bool *flag_out);
must_use bool ask_read_number(struct ask_reading *r, const char *param, uint32_t value, int64_t max,
                              int64_t *number_out); /* whole, 1 to max */

/* An array of at most `max` names, copied. */
must_use bool ask_read_names(struct ask_reading *r, const char *param, uint32_t value,
                             struct span *names_out, uint32_t max, uint32_t *count_out);

/* Readers of members that several dialects have. */
bool ask_read_model(struct ask_reading *r, const char *name, uint32_t value);
bool ask_read_stream(struct ask_reading *r, const char *name, uint32_t value);
bool ask_read_max_tokens(struct ask_reading *r, const char *name, uint32_t value);
bool ask_read_user(struct ask_reading *r, const char *name, uint32_t value);
bool ask_read_choices(struct ask_reading *r, const char *name, uint32_t value); /* n */
bool ask_read_service_tier(struct ask_reading *r, const char *name, uint32_t value);
bool ask_read_provider(struct ask_reading *r, const char *name, uint32_t value);
bool ask_read_preference(struct ask_reading *r, const char *name, uint32_t value);
/* Of ask_routing.h. */
bool ask_read_models(struct ask_reading *r, const char *name, uint32_t value);
bool ask_read_fallbacks(struct ask_reading *r, const char *name, uint32_t value);
bool ask_read_context_fallbacks(struct ask_reading *r, const char *name, uint32_t value);
bool ask_read_policy_fallbacks(struct ask_reading *r, const char *name, uint32_t value);
bool ask_read_retries(struct ask_reading *r, const char *name, uint32_t value);
bool ask_read_timeout(struct ask_reading *r, const char *name, uint32_t value);
bool ask_read_stream_timeout(struct ask_reading *r, const char *name, uint32_t value);
bool ask_read_first_ping(struct ask_reading *r, const char *name, uint32_t value);
bool ask_read_preset(struct ask_reading *r, const char *name, uint32_t value);
bool ask_read_mock_limit(struct ask_reading *r, const char *name, uint32_t value);
bool ask_read_mock_fallbacks(struct ask_reading *r, const char *name, uint32_t value);
bool ask_read_mock_context(struct ask_reading *r, const char *name, uint32_t value);
bool ask_read_mock_policy(struct ask_reading *r, const char *name, uint32_t value);
/* OpenAI's: functions and what the client itself runs; others have a price of their own. */
bool ask_read_tools(struct ask_reading *r, const char *name, uint32_t value);
/* Anything but null. */
must_use bool ask_require(struct ask_reading *r, const char *name);
bool ask_read_object(struct ask_reading *r, const char *name, uint32_t value); /* or null */
/* An array of objects with a `role` that is a string; at least one. */
bool ask_read_messages(struct ask_reading *r, const char *name, uint32_t value);

#endif
