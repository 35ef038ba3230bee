/*
 * openai_answer_reading: what the files that read answers of the OpenAI language share.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_OPENAI_ANSWER_READING_H
#define TOLLGATE_GATEWAY_DIALECT_OPENAI_ANSWER_READING_H

#include "gateway/dialect/language.h"

/* Notes in reader->numbers. The first three are sets of choices, two words each; HELD is 1 + the
 * number of the call that is held back until its name is known, or 0. */
enum openai_note { FINISHED = 0, SPOKEN = 2, CALLING = 4, LAST_ID = 6, CALLS = 7, HELD = 8 };

static inline uint32_t array_in(const struct json_doc *doc, uint32_t object, const char *name)
{
    uint32_t node = json_find(doc, object, name);

    return json_is(doc, node, JSON_ARRAY) ? node : JSON_NONE;
}

static inline bool in_set(const struct answer_reader *reader, enum openai_note set, uint32_t choice)
{
    return ((uint64_t)reader->numbers[set + choice / 64] >> (choice % 64) & 1) != 0;
}

static inline void put_in_set(struct answer_reader *reader, enum openai_note set, uint32_t choice)
{
    int64_t *word = &reader->numbers[set + choice / 64];

    *word = (int64_t)((uint64_t)*word | UINT64_C(1) << (choice % 64));
}

/* Tells the call that is held back, as far as it is known (openai_call_read.c). */
void openai_tell_held(struct answer_reader *reader);
/* tool_calls and function_call of a message or delta. */
void openai_read_calls(struct answer_reader *reader, uint32_t choice, uint32_t message);

#endif
