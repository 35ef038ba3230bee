/*
 * refusals: the table of what can be refused, in every dialect's words. Used by reply alone.
 */
#ifndef TOLLGATE_GATEWAY_EDGE_REFUSALS_H
#define TOLLGATE_GATEWAY_EDGE_REFUSALS_H

#include "gateway/edge/reply.h"

struct refusal_row {
    int status;
    const char *word;                      /* ours, stable: x-tollgate-error */
    const char *openai_type, *openai_code; /* code NULL: null */
    const char *anthropic_type;            /* from Anthropic's list only */
    const char *gemini_status;             /* a google.rpc.Code */
    const char *message;                   /* when nobody says anything better */
};

extern const struct refusal_row refusals[REFUSALS];

#endif
