/*
 * trace_place: where in the last frames of a stream a trace stands that is no frame of its own.
 * Pure.
 *
 * Clients pass over members that they do not know, but not over events: those of Anthropic's
 * clients get it in message_delta, those of the Responses API in the response of its last event,
 * Gemini's in the last chunk.
 */
#ifndef TOLLGATE_GATEWAY_FLOW_TRACE_PLACE_H
#define TOLLGATE_GATEWAY_FLOW_TRACE_PLACE_H

#include "common/base/json.h"
#include "gateway/dialect/answer_writer.h"

/* Offset in `text`, whole frames as the client gets them (or the end of an array of Gemini's), of
 * the '}' in front of which a further member may stand, behind a comma; SIZE_MAX when there is
 * none. `doc` is scratch. */
must_use size_t trace_place(enum language_family family, struct span text, struct json_doc *doc);

#endif
