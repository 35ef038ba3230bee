/*
 * openai_writing: what the files that write a chat completions body share.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_OPENAI_WRITING_H
#define TOLLGATE_GATEWAY_DIALECT_OPENAI_WRITING_H

#include "gateway/dialect/chat_write.h"
#include "gateway/dialect/compatible.h"

void openai_write_cache(struct chat_writing *w, enum chat_cache cache);
/* "messages":[…] (openai_message_write.c). */
void openai_write_messages(struct chat_writing *w);

#endif
