/*
 * idempotency_store: see idempotency_store.h.
 */
#include "tenants/store/idempotency_store.h"

static struct span sum_of(const struct idempotency_claim *claim)
{
    return span_make((const char *)claim->request.at, sizeof(claim->request.at));
}

/* What the one before us left. None: it was swept between the two statements. */
static enum store_outcome look(struct pg *pg, const struct idempotency_claim *claim,
                               struct idempotency_found *found_out, struct store_error *error_out)
{
    struct pg_rows *rows = NULL;
    enum store_outcome outcome =
        store_exec(pg, &rows, error_out, "read the answer of the Idempotency-Key",
                   "SELECT request_sha256, answer, coalesce(master_key_id, '')"
                   "  FROM tollgate.idempotency_keys WHERE caller = $1 AND idempotency_key = $2",
                   PG_STRING(claim->caller), PG_TEXT(claim->key));

    if (outcome != STORE_OK)
        return outcome;
    if (pg_rows_count(rows) == 0) {
        pg_rows_free(rows);
        return store_fail(error_out, STORE_RETRY, "the Idempotency-Key has just ended");
    }
    *found_out = (struct idempotency_found){
        .same = span_equal(pg_get_bytes(rows, 0, 0), sum_of(claim)),
        .rows = rows,
        .answer = pg_get_bytes(rows, 0, 1),
        .master_key = pg_get_text(rows, 0, 2),
    };
    return STORE_OK;
}

enum store_outcome idempotency_store_claim(struct pg *pg, const struct idempotency_claim *claim,
                                           struct idempotency_found *found_out,
                                           struct store_error *error_out)
{
    enum store_outcome outcome = store_exec(
        pg, NULL, error_out, "claim the Idempotency-Key",
        "INSERT INTO tollgate.idempotency_keys (caller, idempotency_key, tenant_id, request_sha256)"
        " VALUES ($1, $2, $3, $4) ON CONFLICT (caller, idempotency_key) DO NOTHING",
        PG_STRING(claim->caller), PG_TEXT(claim->key), PG_UUID_OR_NULL(claim->tenant),
        PG_BYTES(sum_of(claim)));

    if (outcome != STORE_OK)
        return outcome;
    if (pg_affected(pg) == 0)
        return look(pg, claim, found_out, error_out);
    *found_out = (struct idempotency_found){.ours = true};
    return STORE_OK;
}

enum store_outcome idempotency_store_keep(struct pg *pg, const struct idempotency_claim *claim,
                                          struct span sealed, const char *master_key,
                                          struct store_error *error_out)
{
    return store_exec(pg, NULL, error_out, "keep the answer for its Idempotency-Key",
                      "UPDATE tollgate.idempotency_keys SET answer = $3, master_key_id = $4"
                      " WHERE caller = $1 AND idempotency_key = $2",
                      PG_STRING(claim->caller), PG_TEXT(claim->key), PG_BYTES(sealed),
                      PG_STRING(master_key));
}

enum store_outcome idempotency_store_sweep(struct pg *pg, int64_t hours, int64_t *gone_out,
                                           struct store_error *error_out)
{
    enum store_outcome outcome =
        store_exec(pg, NULL, error_out, "sweep Idempotency-Keys",
                   "DELETE FROM tollgate.idempotency_keys"
                   " WHERE created_at < now() - make_interval(hours => $1::int)",
                   PG_INT(hours));

    if (outcome == STORE_OK)
        *gone_out = pg_affected(pg);
    return outcome;
}
