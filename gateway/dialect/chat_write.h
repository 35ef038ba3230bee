/*
 * chat_write: what the writers of several languages ask of a chat, and say alike.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_CHAT_WRITE_H
#define TOLLGATE_GATEWAY_DIALECT_CHAT_WRITE_H

#include "gateway/dialect/chat.h"
#include "gateway/dialect/pieces.h"

/* Sets of kinds of parts. */
#define KIND(kind) (1u << (kind))
enum { MEDIA = KIND(PART_IMAGE) | KIND(PART_AUDIO) | KIND(PART_FILE) };

must_use bool chat_part_is(const struct chat_part *part, uint32_t kinds);
/* How many of the parts from `first` on are of these kinds. */
must_use uint32_t chat_count_parts(const struct chat *chat, uint32_t first, uint32_t count,
                                   uint32_t kinds);

/* "data:image/png;base64,…" of a part with data; `type` where it tells none. */
void chat_write_data_url(struct pieces *out, const struct chat_part *part, const char *type);

#endif
