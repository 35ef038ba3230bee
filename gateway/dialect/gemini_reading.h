/*
 * gemini_reading: what the files that read a client's generateContent body share.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_GEMINI_READING_H
#define TOLLGATE_GATEWAY_DIALECT_GEMINI_READING_H

#include "gateway/dialect/gemini_language.h"

struct gemini_reading {
    const struct json_doc *doc;
    struct arena *arena;
    struct chat *chat;
    const char *why; /* NULL while all is well */
    const char *member;
    uint32_t part, held; /* where the next part goes, and the next one inside of a result */
    uint32_t part_limit; /* held ones stand behind it */
    uint32_t *calls;     /* parts that are calls, as they came */
    bool *answered;      /* per call */
    uint32_t call_count;
};

/* Keeps the first of what is wrong. Always false. */
bool gemini_refuse(struct gemini_reading *r, const char *member, const char *why);
/* Room in the arena, or NULL and refused. */
must_use void *gemini_take(struct gemini_reading *r, size_t count, size_t size);
/* A member by its name in camelCase or in snake_case, both of which Google takes. */
must_use uint32_t gemini_find(const struct json_doc *doc, uint32_t object, const char *camel,
                              const char *snake);

/* systemInstruction and contents (gemini_contents_read.c). */
must_use bool gemini_read_contents(struct gemini_reading *r);
/* tools, toolConfig (gemini_tools_read.c). */
must_use bool gemini_read_tools(struct gemini_reading *r);
/* generationConfig (gemini_ask_read.c). A schema in Gemini's words as JSON Schema, in the arena:
 * types in small letters, nullable as a type. */
must_use struct span gemini_json_schema(struct gemini_reading *r, uint32_t schema);

#endif
