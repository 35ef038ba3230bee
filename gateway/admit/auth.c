/*
 * auth: whose request it is, from the headers and the snapshot alone. Part of admit.h.
 */
#include "gateway/admit/admit.h"

/* A snapshot that nobody could confirm for that long says nothing about revoked keys any more. */
#define STALE_MS (INT64_C(24) * 3600 * 1000)

/* The credential of an Authorization value: behind "Bearer", in any case of letters. */
static struct span bearer_of(struct span value)
{
    struct span scheme = span_part(value, 0, 7);

    return scheme.size == 7 && span_is_nocase(scheme, "bearer ")
               ? span_trim(span_part(value, 7, value.size))
               : span_trim(value);
}

/* The one credential among up to three; they may be sent twice alike. */
static enum auth_outcome choose(const struct auth_headers *headers, struct span *text_out)
{
    struct span all[3] = {
        headers->authorization.at == NULL ? headers->authorization
                                          : bearer_of(headers->authorization),
        headers->x_api_key.at == NULL ? headers->x_api_key : span_trim(headers->x_api_key),
        headers->x_goog_api_key.at == NULL ? headers->x_goog_api_key
                                           : span_trim(headers->x_goog_api_key),
    };
    struct span chosen = {0};

    for (size_t i = 0; i < array_size(all); i++) {
        if (all[i].size == 0) {
            continue;
        }
        if (chosen.size > 0 && !span_equal(chosen, all[i])) {
            return AUTH_CONFLICT;
        }
        chosen = all[i];
    }
    *text_out = chosen;
    return chosen.size == 0 ? AUTH_MISSING : AUTH_OK;
}

static enum auth_outcome judge(const struct snapshot_key *key, int64_t secret_expires_ms,
                               int64_t now_ms)
{
    if (key->status == KEY_REVOKED || secret_expires_ms == 0) {
        return AUTH_REVOKED;
    }
    if (key->status == KEY_DISABLED) {
        return AUTH_DISABLED;
    }
    if (now_ms >= key->expires_ms || now_ms >= secret_expires_ms) {
        return AUTH_EXPIRED;
    }
    if (key->tenant->status != ACCOUNT_ACTIVE) {
        return AUTH_SUSPENDED;
    }
    return key->kind == KEY_MGMT ? AUTH_WRONG_KIND : AUTH_OK;
}

enum auth_outcome admit_authenticate(const struct snapshot *snapshot,
                                     const struct auth_headers *headers, int64_t now_wall_ms,
                                     const struct snapshot_key **key_out)
{
    struct span text;
    struct key parsed;
    struct sha256 hash;
    int64_t secret_expires_ms;
    const struct snapshot_key *key;
    enum auth_outcome outcome = choose(headers, &text);

    if (outcome != AUTH_OK) {
        return outcome;
    }
    if (key_parse(text, &parsed) != KEY_OK) {
        return AUTH_GARBAGE;
    }
    if (now_wall_ms - snapshot_confirmed_ms(snapshot) > STALE_MS) {
        key_forget(&parsed);
        return AUTH_STALE;
    }
    hash = key_hash(&parsed);
    key_forget(&parsed);
    key = snapshot_find_key(snapshot, &hash, &secret_expires_ms);
    if (key == NULL) {
        return AUTH_UNKNOWN;
    }
    *key_out = key; /* Also when it is refused: logs may name whose it was. */
    return judge(key, secret_expires_ms, now_wall_ms);
}
