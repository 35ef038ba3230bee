/*
 * idempotency: see idempotency.h. A kept answer is one line (outcome, whether it has a revision,
 * the revision, its content type) and the body.
 */
#include "tenants/api/idempotency.h"

#include <errno.h>

#include "common/base/mem.h"
#include "common/base/seal.h"
#include "tenants/store/idempotency_store.h"

enum { HEAD_BYTES_MAX = 400 };

bool idempotency_applies(const struct api *api)
{
    return api->route->method == API_POST && api->caller.kind != CALLER_NOBODY &&
           api->inside->came->idempotency_key.at != NULL;
}

enum api_outcome idempotency_check(struct api *api)
{
    struct span key = api->inside->came->idempotency_key;

    if (api->route->method != API_POST || api->caller.kind == CALLER_NOBODY)
        return API_OK;
    if (key.at == NULL && (api->route->flags & API_NEEDS_IDEMPOTENCY) == 0)
        return API_OK;
    if (key.at == NULL)
        return api_fail(api, PROBLEM_NEEDS_IDEMPOTENCY,
                        "this needs the header Idempotency-Key: 1 to %d visible ASCII characters "
                        "of your own, new for each intent",
                        IDEMPOTENCY_KEY_MAX);
    bool visible = key.size >= 1 && key.size <= IDEMPOTENCY_KEY_MAX;
    for (size_t i = 0; visible && i < key.size; i++)
        visible = key.at[i] > ' ' && key.at[i] < 0x7f;
    if (visible)
        return API_OK;
    return api_fail(api, PROBLEM_BAD_REQUEST,
                    "Idempotency-Key must be 1 to %d visible ASCII characters",
                    IDEMPOTENCY_KEY_MAX);
}

/* Over method, path, query and body, each with its size before it, so that nothing of one can pass
 * for the other's. */
static struct sha256 request_sum(const struct api *api)
{
    const struct api_came *came = api->inside->came;
    const struct span parts[] = {came->method, came->path, came->query, came->body};
    struct sha256 sums[array_size(parts)];

    for (size_t i = 0; i < array_size(parts); i++)
        sums[i] = digest_sha256(parts[i]);
    return digest_sha256(span_make((const char *)sums, sizeof(sums)));
}

static struct idempotency_claim claim_of(const struct api *api)
{
    return (struct idempotency_claim){
        .caller = api->caller.name,
        .key = api->inside->came->idempotency_key,
        .tenant = api->caller.tenant,
        .request = request_sum(api),
    };
}

/* A kept answer opens for its caller and key alone. */
static struct span context_of(const struct api *api, const struct idempotency_claim *claim)
{
    return span_of(
        arena_printf(api->arena, "idempotency %s %.*s", claim->caller, SPAN_ARG(claim->key)));
}

static bool read_answer(struct api *api, struct span kept, enum api_outcome *outcome_out)
{
    struct span head = span_cut(&kept, '\n');
    int64_t outcome, has_revision, revision;

    if (span_int64(span_cut(&head, ' '), &outcome) < 0 ||
        span_int64(span_cut(&head, ' '), &has_revision) < 0 ||
        span_int64(span_cut(&head, ' '), &revision) < 0 || outcome < API_OK ||
        outcome > API_NO_CONTENT)
        return false;
    *outcome_out = (enum api_outcome)outcome;
    if (has_revision != 0)
        api_etag(api, revision);
    if (outcome != API_NO_CONTENT) {
        char *type = arena_printf(api->arena, "%.*s", SPAN_ARG(head));
        buf_add_span(api_text(api, type, NULL), kept);
    }
    api->inside->replayed = true;
    return true;
}

static enum api_outcome replay(struct api *api, const struct idempotency_claim *claim,
                               const struct idempotency_found *found)
{
    cleanup(buf_done) struct buf kept = buf_make(API_ANSWER_BYTES_MAX);
    enum api_outcome outcome = API_FAILED;

    if (!found->same)
        return api_fail(api, PROBLEM_KEY_REUSED,
                        "this Idempotency-Key was used with another method, path or body within "
                        "the last %d hours: take a new one",
                        IDEMPOTENCY_HOURS);
    int r = seal_open(api->seal, found->master_key, context_of(api, claim), found->answer, &kept);
    if (r < 0 || !read_answer(api, buf_span(&kept), &outcome))
        outcome = api_fail(api, PROBLEM_CONFLICT,
                           "this call was made before, and its answer cannot be read any more");
    if (kept.at != NULL)
        explicit_bzero(kept.at, kept.size);
    return outcome;
}

enum api_outcome idempotency_begin(struct api *api, bool *done_out)
{
    const struct idempotency_claim claim = claim_of(api);
    struct idempotency_found found = {0};
    struct store_error error;
    enum store_outcome outcome = idempotency_store_claim(api->pg, &claim, &found, &error);

    *done_out = false;
    /* The first call holds the key until it ends: it did not in time. */
    if (outcome == STORE_RETRY && strncmp(pg_error(api->pg)->sqlstate, "5", 1) == 0)
        return api_fail(api, PROBLEM_IN_PROGRESS,
                        "the first call with this Idempotency-Key is still being answered");
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    if (found.ours)
        return API_OK;
    *done_out = true;
    enum api_outcome replayed = replay(api, &claim, &found);
    pg_rows_free(found.rows);
    return replayed;
}

enum api_outcome idempotency_end(struct api *api, enum api_outcome outcome)
{
    const struct idempotency_claim claim = claim_of(api);
    const struct api_answer *answer = &api->inside->answer;
    const char *type = answer->has_text ? answer->content_type : "application/json";
    struct span body = buf_span(answer->has_text ? &answer->text : &answer->json);
    cleanup(buf_done) struct buf kept = buf_make(body.size + HEAD_BYTES_MAX);
    cleanup(buf_done) struct buf sealed = buf_make(body.size + HEAD_BYTES_MAX + SEAL_OVERHEAD);
    struct store_error error;

    buf_printf(&kept, "%d %d %lld %s\n", (int)outcome, answer->has_revision ? 1 : 0,
               (long long)answer->revision, type);
    buf_add_span(&kept, body);
    must(!buf_failed(&kept));
    must(seal_shut(api->seal, context_of(api, &claim), buf_span(&kept), &sealed) == 0);
    explicit_bzero(kept.at, kept.size);
    enum store_outcome stored =
        idempotency_store_keep(api->pg, &claim, buf_span(&sealed), seal_key_id(api->seal), &error);
    return stored == STORE_OK ? outcome : api_store(api, stored, &error);
}
