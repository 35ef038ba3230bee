/*
 * attempts: see attempts.h.
 */
#include "tenants/api/attempts.h"

#include <inttypes.h>
#include <stdio.h>

/* The gateway's words (gateway/route/verdict.c and gateway/flow). */
static const struct {
    const char *word, *plain;
} reasons[] = {
    {"ok", ""},
    {"connect", "could not connect"},
    {"stale", "the kept connection was closed"},
    {"reset", "the connection was reset"},
    {"timeout_first", "no first token in time"},
    {"timeout_idle", "nothing came for too long"},
    {"timeout_total", "took too long in all"},
    {"nonsense", "the answer could not be understood"},
    {"truncated", "the answer broke off"},
    {"stream_error", "told an error within the stream"},
    {"cancelled", "cancelled: the client had left"},
    {"journal", "not sent: the journal could not be written"},
};

static const struct {
    int64_t status;
    const char *plain;
} statuses[] = {
    {400, "refused the request as invalid"},
    {401, "refused our credential"},
    {402, "says our account has no credit"},
    {403, "refused our credential"},
    {404, "does not know the model"},
    {408, "gave up waiting"},
    {413, "says the request is too large"},
    {422, "refused the request as invalid"},
    {429, "limits our rate"},
    {500, "had an internal error"},
    {502, "had a bad gateway"},
    {503, "was unavailable"},
    {504, "timed out behind its gateway"},
    {529, "was overloaded"},
};

static void explain_status(int64_t status, char out[ATTEMPT_REASON_SIZE])
{
    const char *plain = "answered";

    for (size_t i = 0; i < array_size(statuses); i++) {
        if (statuses[i].status == status)
            plain = statuses[i].plain;
    }
    snprintf(out, ATTEMPT_REASON_SIZE, "%s (%" PRId64 ")", plain, status);
}

static void explain(struct span word, int64_t status, char out[ATTEMPT_REASON_SIZE])
{
    if (span_is(word, "status")) {
        explain_status(status, out);
        return;
    }
    snprintf(out, ATTEMPT_REASON_SIZE, "%.*s", SPAN_ARG(word));
    for (size_t i = 0; i < array_size(reasons); i++) {
        if (span_is(word, reasons[i].word))
            snprintf(out, ATTEMPT_REASON_SIZE, "%s", reasons[i].plain);
    }
}

static int64_t number(const struct json_doc *doc, uint32_t object, const char *name, int64_t none)
{
    int64_t value;

    return json_int64(doc, json_find(doc, object, name), &value) == 0 ? value : none;
}

static struct attempt read_one(const struct json_doc *doc, uint32_t node, struct arena *arena)
{
    struct attempt attempt = {
        .status = number(doc, node, "status", 0),
        .started_ms = number(doc, node, "started_ms", -1),
        .ms = number(doc, node, "ms", -1),
        .cost_pico = number(doc, node, "cost_pico", 0),
    };
    struct span deployment, reason;

    if (json_string(doc, json_find(doc, node, "deployment"), arena, &deployment) != 0 ||
        id_parse(ID_DEPLOYMENT, deployment, &attempt.deployment) < 0)
        attempt.deployment = (struct uuid){{0}};
    if (json_string(doc, json_find(doc, node, "provider"), arena, &attempt.provider) != 0)
        attempt.provider = (struct span){0};
    if (json_string(doc, json_find(doc, node, "reason"), arena, &reason) == 0)
        explain(reason, attempt.status, attempt.reason);
    (void)!json_bool(doc, json_find(doc, node, "delivered"), &attempt.delivered);
    return attempt;
}

size_t attempts_read(struct span json, struct arena *arena,
                     struct attempt attempts_out[ATTEMPTS_MAX])
{
    struct json_doc doc = json_doc_make();
    size_t count = 0;

    if (json_parse(&doc, json, &json_limits_body) == JSON_OK && json_kind(&doc, 0) == JSON_ARRAY) {
        for (uint32_t n = json_first(&doc, 0); n != JSON_NONE && count < ATTEMPTS_MAX;
             n = json_after(&doc, 0, n)) {
            if (json_kind(&doc, n) == JSON_OBJECT)
                attempts_out[count++] = read_one(&doc, n, arena);
        }
    }
    json_doc_done(&doc);
    return count;
}
