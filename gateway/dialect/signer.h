/*
 * signer: whose model signed a thought, so that it goes back to nobody else.
 *
 * A signature (and reasoning that only its provider can read) is sent again with the next turn; a
 * provider that is shown another's refuses the whole chat. To an OpenAI client it is told by the
 * `format` of reasoning_details, as OpenRouter has it; elsewhere, when the client's language is
 * another than the signer's, by a mark before the signature, which the client gives back with it.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_SIGNER_H
#define TOLLGATE_GATEWAY_DIALECT_SIGNER_H

#include "common/base/attr.h"
#include "common/base/span.h"

enum signer {
    SIGNER_UNKNOWN, /* nobody said: whoever is asked may read it */
    SIGNER_ANTHROPIC,
    SIGNER_GEMINI,
    SIGNER_OPENAI, /* encrypted reasoning of its Responses API */
    SIGNER_OTHER,  /* somebody whom none of our languages sends it to */
    SIGNERS
};

/* Whether `reader` can read what `by` signed. */
must_use bool signer_reads(enum signer reader, enum signer by);
/* 24 letters of base64, so that base64 behind it stays base64; empty for UNKNOWN. */
must_use const char *signer_mark(enum signer signer);
/* Takes the mark off; UNKNOWN when there is none. */
must_use enum signer signer_take(struct span *signature);
/* "anthropic-claude-v1"; "unknown" for OTHER; NULL for UNKNOWN. */
must_use const char *signer_format(enum signer signer);
must_use enum signer signer_of_format(struct span format);

#endif
