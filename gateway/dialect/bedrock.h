/*
 * bedrock: what the files of Amazon Bedrock's Converse language share.
 *
 * Follows https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html and
 * ConverseStream's page beside it. Knows no credentials and no region: sigv4.h signs.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_BEDROCK_H
#define TOLLGATE_GATEWAY_DIALECT_BEDROCK_H

#include "gateway/dialect/language.h"

#define USAGE_BEDROCK_NORMALISER "bedrock/1"

/* A TokenUsage object (or whatever stands there). inputTokens has neither what was read from nor
 * what was written to a cache; writes are split by their lifetime where cacheDetails tells it. The
 * last one read wins whole. */
void bedrock_usage_read(const struct json_doc *doc, uint32_t node, struct answer_usage *usage_out);

/* One message of ConverseStream. `event`: its type, or an exception's, which end in "Exception";
 * "error" with a plain text is an error that has no shape. */
void bedrock_read_frame(struct answer_reader *reader, struct span event, struct span data);
/* The metadata may be missing behind messageStop; what says the stop is whole then. */
void bedrock_read_end(struct answer_reader *reader, bool framed);
void bedrock_read_whole(struct answer_reader *reader, struct span body);
must_use bool bedrock_read_error(struct answer_reader *reader, struct span body);

/* "/model/{id}/converse" or "…/converse-stream"; the id percent-encoded once, so that sigv4 may
 * encode it twice. */
void bedrock_path(const struct language_target *target, bool stream, struct buf *out);

#endif
