/*
 * json_text: what stands between the quotes of a JSON string. Shared by the scanner, the accessors
 * and the writer; not for use outside common/base.
 */
#ifndef TOLLGATE_COMMON_BASE_JSON_TEXT_H
#define TOLLGATE_COMMON_BASE_JSON_TEXT_H

#include "common/base/attr.h"
#include "common/base/span.h"

/* Length in bytes (1 to 4) of the well-formed UTF-8 character at `at`, or 0 (RFC 3629: no overlong
 * forms, no surrogates, nothing past U+10FFFF). There is at least one byte. */
must_use size_t json_utf8_length(const char *at, const char *end);

/* Decodes the next piece of a validated string's inside: a run without escapes, or one escape.
 * Returns the decoded bytes, which stand in the text itself or in `room`; empty at the end. */
must_use struct span json_piece(struct span *rest, char room[4]);

/* Whether two validated insides decode to the same bytes. */
must_use bool json_text_equal(struct span a, struct span b);
/* Whether a validated inside decodes to `plain`. */
must_use bool json_text_is(struct span inside, struct span plain);

#endif
