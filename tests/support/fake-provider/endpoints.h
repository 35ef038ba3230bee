/*
 * endpoints: what is no chat: embeddings, images, speech and the like. Each is a route's answer.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_ENDPOINTS_H
#define TOLLGATE_FAKE_PROVIDER_ENDPOINTS_H

#include "provider.h"

must_use struct call *openai_embeddings(struct provider *provider, struct arrival *arrival);
must_use struct call *gemini_embed(struct provider *provider, struct arrival *arrival);
must_use struct call *vertex_predict(struct provider *provider, struct arrival *arrival);
must_use struct call *cohere_embed(struct provider *provider, struct arrival *arrival);
must_use struct call *cohere_rerank(struct provider *provider, struct arrival *arrival);
must_use struct call *openai_moderations(struct provider *provider, struct arrival *arrival);
must_use struct call *openai_images(struct provider *provider, struct arrival *arrival);
must_use struct call *openai_edits(struct provider *provider, struct arrival *arrival);
must_use struct call *openai_speech(struct provider *provider, struct arrival *arrival);
must_use struct call *openai_transcription(struct provider *provider, struct arrival *arrival);
/* OAuth: a token for the claim or the secret that is shown. */
must_use struct call *token_call(struct provider *provider, struct arrival *arrival);

#endif
