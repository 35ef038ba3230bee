/*
 * credentials: see credentials.h.
 */
#include "gateway/snapshot/credentials.h"

#include <errno.h>

#include "common/base/digest.h"
#include "gateway/sign/tokens.h"
#include "tenants/model/credential.h"
#include "tenants/model/secret.h"

const char credentials_waiting[] = "its token was not fetched yet";

static void note(struct credentials *c, uint32_t row, const char *why)
{
    const struct credential_row *credential = &c->rows->credentials[row];
    struct span provider = c->rows->providers[credential->provider].slug;

    if (c->unusable[row].why != NULL)
        return;
    c->unusable[row] = (struct snapshot_unusable){credential->id, arena_span(c->arena, provider),
                                                  why, why == credentials_waiting};
}

/* NULL, or why not. */
static const char *open_one(struct credentials *c, uint32_t row, const struct seal *seal)
{
    struct buf context cleanup(buf_done) = buf_make(CREDENTIAL_ORIGINS_MAX * 2);
    const struct credential_row *credential = &c->rows->credentials[row];
    struct buf secret = buf_make(CREDENTIAL_SECRET_MAX);
    int r;

    if (seal == NULL)
        return "this gateway has no master-key-file";
    r = credential_context(credential->id, c->rows->providers[credential->provider].slug,
                           credential->origin, &context);
    if (r == 0)
        r = seal_open(seal, credential->master_key_id, buf_span(&context), credential->sealed,
                      &secret);
    if (r == 0)
        c->secrets[row] = arena_span(c->arena, buf_span(&secret));
    if (secret.at != NULL)
        explicit_bzero(secret.at, secret.capacity);
    buf_done(&secret);
    if (r == -ENOKEY)
        return "its master key is not in master-key-file";
    return r == 0 ? NULL : "it was changed, or sealed for another row or other hosts";
}

struct credentials credentials_open(const struct snapshot_rows *rows, const struct seal *seal,
                                    struct tokens *tokens, struct arena *arena)
{
    struct credentials c = {
        .rows = rows,
        .tokens = tokens,
        .arena = arena,
        .secrets = arena_array(arena, rows->credential_count + 1, sizeof(*c.secrets)),
        .unusable = arena_array(arena, rows->credential_count + 1, sizeof(*c.unusable)),
    };

    for (uint32_t i = 0; i < rows->credential_count; i++) {
        const char *why;

        if (!uuid_is_zero(rows->credentials[i].tenant))
            continue; /* a tenant's own is not for everybody */
        why = open_one(&c, i, seal);
        if (why != NULL)
            note(&c, i, why);
    }
    return c;
}

/* ---- what a deployment is called with ---- */
/* A base URL, or another text with variables in it. */
static const char *fill(struct arena *arena, struct span text, const struct deployment_row *row,
                        struct span variables, struct span *filled_out)
{
    struct buf filled cleanup(buf_done) = buf_make(CREDENTIAL_URL_MAX);
    struct span missing;

    if (credential_fill_url(text, variables, row->upstream_id, &filled, &missing) < 0)
        return "it lacks a variable of a base URL";
    *filled_out = arena_span(arena, buf_span(&filled));
    return NULL;
}

/* What the provider calls the model with this credential: Azure's customers name it themselves. */
static struct span upstream_id_of(struct arena *arena, const struct deployment_row *row,
                                  struct span variables)
{
    struct buf named cleanup(buf_done) = buf_make(CREDENTIAL_URL_MAX);
    struct span missing;

    if (credential_fill_url(span_of("${" CREDENTIAL_UPSTREAM_ID "}"), variables, span_of(""),
                            &named, &missing) < 0)
        return arena_span(arena, row->upstream_id);
    return arena_span(arena, buf_span(&named));
}

/* Host and port of a URL. */
static struct span authority_of(struct span url)
{
    struct span rest = url, part = {0};

    for (int i = 0; i < 3; i++)
        part = span_cut(&rest, '/');
    return part;
}

/* The variable, else the label of the host behind the service's: bedrock-runtime.REGION.… */
static struct span region_of(struct arena *arena, struct span base_url, struct span variables)
{
    struct buf named cleanup(buf_done) = buf_make(CREDENTIAL_URL_MAX);
    struct span missing, rest = authority_of(base_url);

    if (credential_fill_url(span_of("${AWS_REGION}"), variables, span_of(""), &named, &missing) ==
        0)
        return arena_span(arena, buf_span(&named));
    while (rest.at != NULL) {
        struct span label = span_cut(&rest, '.');

        if (span_starts(label, "bedrock"))
            return span_cut(&rest, '.');
    }
    return span_make("", 0);
}

/* The token that a grant was exchanged for. */
static const char *make_token(struct credentials *c, const struct build_credential *given,
                              struct snapshot_credential *credential)
{
    const char *why;

    if (c->tokens == NULL)
        return "this gateway fetches no tokens";
    why = tokens_want(c->tokens, given->secret, given->provider, c->arena, &credential->secret);
    if (why != NULL)
        return why;
    credential->auth = AUTH_BEARER;
    return credential->secret.size > 0 ? NULL : credentials_waiting;
}

/* How the secret is sent, where its form says more than the catalog. */
static const char *make_auth(struct credentials *c, const struct build_credential *given,
                             struct snapshot_credential *credential)
{
    struct secret_aws aws;

    if (secret_is_grant(given->secret))
        return make_token(c, given, credential);
    credential->secret = arena_span(c->arena, given->secret);
    if (credential->auth == AUTH_OAUTH)
        credential->auth = AUTH_BEARER;
    if (credential->auth != AUTH_SIGV4)
        return NULL;
    /* Bedrock's own API keys have no colon and are sent as they are. */
    if (span_index(given->secret, ':') < 0) {
        credential->auth = AUTH_BEARER;
        return NULL;
    }
    if (secret_read_aws(given->secret, &aws) < 0)
        return "it is not of the form ACCESS_KEY_ID:SECRET[:SESSION_TOKEN]";
    credential->region = region_of(c->arena, credential->base_url, given->variables);
    return credential->region.size > 0 ? NULL : "it lacks the variable AWS_REGION";
}

const char *credentials_make(struct credentials *c, const struct deployment_row *deployment,
                             enum auth_scheme auth, const struct build_credential *given,
                             struct snapshot_credential *credential_out)
{
    struct snapshot_credential made = {.auth = auth};
    struct sha256 sum = digest_sha256(given->secret);
    const char *why =
        fill(c->arena, deployment->base_url, deployment, given->variables, &made.base_url);

    made.upstream_id = upstream_id_of(c->arena, deployment, given->variables);
    memcpy(&made.fingerprint, sum.at, sizeof(made.fingerprint));
    if (why == NULL)
        why = make_auth(c, given, &made);
    if (why == NULL)
        *credential_out = made;
    return why;
}

struct credentials_chosen credentials_keep(struct arena *arena,
                                           const struct snapshot_credential *found, uint32_t count)
{
    struct snapshot_credential *kept = arena_array(arena, count, sizeof(*kept));

    memcpy(kept, found, count * sizeof(*kept));
    return (struct credentials_chosen){kept, count};
}

static bool use(struct credentials *c, uint32_t row, const struct deployment_row *deployment,
                enum auth_scheme auth, struct snapshot_credential *credential_out)
{
    const struct credential_row *credential = &c->rows->credentials[row];
    const struct build_credential given = {c->rows->providers[credential->provider].slug,
                                           c->secrets[row], credential->variables};
    const char *why;

    if (given.secret.size == 0)
        return false;
    why = credentials_make(c, deployment, auth, &given, credential_out);
    if (why == NULL && !credential_may_go(credential->origin, credential_out->base_url))
        why = "a base URL has another host than it was made for";
    credential_out->id = credential->id;
    if (why != NULL)
        note(c, row, why);
    return why == NULL;
}

enum credential_found credentials_choose(struct credentials *c,
                                         const struct deployment_row *deployment,
                                         enum auth_scheme auth,
                                         struct credentials_chosen *chosen_out)
{
    static const struct uuid whole_provider;
    const struct uuid wanted[] = {deployment->id, whole_provider};
    struct snapshot_credential found[SNAPSHOT_CREDENTIALS_MAX];
    bool there = false;
    uint32_t count = 0;

    for (size_t w = 0; w < array_size(wanted) && count == 0; w++) {
        /* Ids are made in the order of time, so the newest is last. */
        for (uint32_t i = c->rows->credential_count; i-- > 0;) {
            const struct credential_row *credential = &c->rows->credentials[i];

            if (credential->provider != deployment->provider ||
                !uuid_equal(credential->deployment, wanted[w]) || !uuid_is_zero(credential->tenant))
                continue;
            there = true;
            if (count < SNAPSHOT_CREDENTIALS_MAX && use(c, i, deployment, auth, &found[count]))
                count++;
        }
    }
    if (count == 0)
        return there ? CREDENTIAL_UNFIT : CREDENTIAL_NONE;
    *chosen_out = credentials_keep(c->arena, found, count);
    return CREDENTIAL_CHOSEN;
}

uint32_t credentials_unusable(struct credentials *c)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < c->rows->credential_count; i++) {
        if (c->unusable[i].why != NULL)
            c->unusable[count++] = c->unusable[i];
    }
    return count;
}
