/*
 * responses_reading: what the files that read a body of the Responses API share; the rest of it is
 * openai_reading.h.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_RESPONSES_READING_H
#define TOLLGATE_GATEWAY_DIALECT_RESPONSES_READING_H

#include "gateway/dialect/openai_reading.h"

/* One item of a content, or of a tool's output (responses_part_read.c). */
must_use bool responses_read_part(struct openai_reading *r, uint32_t node);
/* A reasoning item, as a part of the assistant's message that is open. */
must_use bool responses_read_reasoning(struct openai_reading *r, uint32_t item);
/* Tools and everything but the input (responses_wish_read.c). */
must_use bool responses_read_tools(struct openai_reading *r);
must_use bool responses_read_wish(struct openai_reading *r);

#endif
