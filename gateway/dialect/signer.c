/*
 * signer: see the header.
 */
#include "gateway/dialect/signer.h"

#include <string.h>

static const struct {
    const char *mark, *format;
} signers[SIGNERS] = {
    [SIGNER_UNKNOWN] = {"", NULL},
    [SIGNER_ANTHROPIC] = {"tollgate/signed/claude//", "anthropic-claude-v1"},
    [SIGNER_GEMINI] = {"tollgate/signed/gemini//", "google-gemini-v1"},
    [SIGNER_OPENAI] = {"tollgate/signed/openai//", "openai-responses-v1"},
    [SIGNER_OTHER] = {"tollgate/signed/other///", "unknown"},
};

bool signer_reads(enum signer reader, enum signer by)
{
    return by == SIGNER_UNKNOWN || by == reader;
}

const char *signer_mark(enum signer signer)
{
    return signers[signer].mark;
}

enum signer signer_take(struct span *signature)
{
    for (int i = SIGNER_UNKNOWN + 1; i < SIGNERS; i++)
        if (span_starts(*signature, signers[i].mark)) {
            *signature = span_part(*signature, strlen(signers[i].mark), signature->size);
            return (enum signer)i;
        }
    return SIGNER_UNKNOWN;
}

const char *signer_format(enum signer signer)
{
    return signers[signer].format;
}

enum signer signer_of_format(struct span format)
{
    if (format.size == 0)
        return SIGNER_UNKNOWN;
    for (int i = SIGNER_UNKNOWN + 1; i < SIGNERS; i++)
        if (span_is(format, signers[i].format))
            return (enum signer)i;
    return SIGNER_OTHER;
}
