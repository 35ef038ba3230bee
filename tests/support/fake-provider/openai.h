/*
 * openai: the OpenAI dialect: chat (whole and streamed), embeddings, models, errors.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_OPENAI_H
#define TOLLGATE_FAKE_PROVIDER_OPENAI_H

#include "ask.h"
#include "provider.h"
#include "script.h"
#include "server.h"

/* A request that passed the faults that come instead of an answer. Makes its call. */
must_use struct call *openai_chat(struct provider *provider, struct arrival *arrival);
must_use struct call *openai_embeddings(struct provider *provider, struct arrival *arrival);
must_use struct call *openai_models(struct provider *provider);

/* An error answer with a status; bills nothing. */
must_use struct call *openai_error(const struct arrival *arrival, int status, const char *message,
                                   const char *param);
/* The body of the error answer that a fault is. */
void openai_write_fault(const struct fault *fault, struct buf *out);

/* The parts that chat's two forms share, for each other. */
struct openai_head {
    char id[48]; /* chatcmpl-… */
    int64_t created_s;
    struct span model;
};
struct call *openai_chat_stream(struct provider *provider, struct arrival *arrival,
                                const struct ask *ask, const struct openai_head *head,
                                struct script *script);
/* "usage": as the script has it, or as a fault wants it: with its name, behind a comma; nothing
 * when there is none. `last`: of two, the right one. */
void openai_write_usage(const struct script *script, enum fault_kind fault, bool last,
                        struct buf *out);
/* Whether what openai_write_usage wrote is right. */
must_use bool openai_usage_is_right(enum fault_kind fault);

#define OPENAI_FINGERPRINT "fp_7011fa4e00"

#endif
