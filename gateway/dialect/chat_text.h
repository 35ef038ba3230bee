/*
 * chat_text: blanks of a text that stands as the inside of a JSON string. Some providers refuse
 * texts of blanks alone, or an assistant's text that ends in one. Pure.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_CHAT_TEXT_H
#define TOLLGATE_GATEWAY_DIALECT_CHAT_TEXT_H

#include "common/base/attr.h"
#include "common/base/span.h"

/* The text without the spaces, line ends and tabs (escapes of them) at its end. */
must_use struct span chat_text_without_end(struct span inside);
/* It is nothing else. */
must_use bool chat_text_is_blank(struct span inside);

#endif
