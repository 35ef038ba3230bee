/*
 * fuzz-secret: whatever is given as a secret is of a form that can be used, or refused. A grant's
 * token URL is one that a secret may be sent to, and what is filled into a base URL never changes
 * its host.
 */
#include "common/base/arena.h"
#include "common/base/mem.h"
#include "tenants/model/credential.h"
#include "tenants/model/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_grant(struct span secret)
{
    struct arena *arena = arena_new(64 << 10, 1 << 20);
    struct buf origin = buf_make(CREDENTIAL_URL_MAX);
    struct secret_grant grant = {0};

    if (secret_read_grant(secret, arena, &grant) == NULL) {
        must(grant.id.size > 0 && grant.key.size > 0 && grant.scope.size > 0);
        must(credential_origin(grant.token_url, &origin) == 0);
        must(span_starts(buf_span(&origin), "https://") ||
             span_starts(buf_span(&origin), "http://localhost") ||
             span_starts(buf_span(&origin), "http://127.") ||
             span_starts(buf_span(&origin), "http://[::1]"));
    }
    buf_done(&origin);
    arena_free(arena);
}

static void read_aws(struct span secret)
{
    struct secret_aws aws;

    if (secret_read_aws(secret, &aws) != 0)
        return;
    must(aws.id.size > 0 && aws.secret.size > 0);
    must(span_index(aws.id, ':') < 0 && span_index(aws.secret, ':') < 0);
}

/* The provider's name of a model comes from a catalog. */
static void fill(struct span name)
{
    struct buf url = buf_make(CREDENTIAL_URL_MAX), origin = buf_make(CREDENTIAL_URL_MAX);
    struct span missing;

    if (name.size > 0 && credential_fill_url(span_of("https://a.example/d/${UPSTREAM_ID}/x"),
                                             span_of("{}"), name, &url, &missing) == 0) {
        must(credential_origin(buf_span(&url), &origin) == 0);
        must(span_is(buf_span(&origin), "https://a.example"));
        must(span_index(span_part(buf_span(&url), 20, url.size), '?') < 0);
    }
    buf_done(&url);
    buf_done(&origin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_make((const char *)data, size);

    read_grant(text);
    read_aws(text);
    fill(text);
    (void)!credential_secret_ok(text);
    return 0;
}
