/*
 * secret: see secret.h.
 */
#include "tenants/model/secret.h"

#include <errno.h>

#include "common/base/arena.h"
#include "common/base/json.h"
#include "tenants/model/credential.h"

#define GOOGLE_TOKEN_URL "https://oauth2.googleapis.com/token"
#define GOOGLE_SCOPE "https://www.googleapis.com/auth/cloud-platform"
#define MICROSOFT_LOGIN "https://login.microsoftonline.com"
#define MICROSOFT_SCOPE "https://cognitiveservices.azure.com/.default"

int secret_read_aws(struct span secret, struct secret_aws *aws_out)
{
    struct secret_aws aws;
    struct span rest = secret;

    aws.id = span_cut(&rest, ':');
    aws.secret = span_cut(&rest, ':');
    aws.token = rest.at == NULL ? span_make("", 0) : rest;
    if (aws.id.size == 0 || aws.secret.size == 0 || span_index(aws.token, ':') >= 0)
        return -EINVAL;
    *aws_out = aws;
    return 0;
}

bool secret_is_grant(struct span secret)
{
    return span_starts(secret, "{");
}

/* ---- grants ---- */
struct reading {
    struct json_doc doc;
    struct arena *arena;
};

/* The text of a member; empty when there is none. */
static struct span member(const struct reading *r, const char *name)
{
    struct span value;
    uint32_t node = json_find(&r->doc, 0, name);

    if (node == JSON_NONE || json_string(&r->doc, node, r->arena, &value) != 0)
        return span_make("", 0);
    return value;
}

static struct span member_or(const struct reading *r, const char *name, const char *otherwise)
{
    struct span value = member(r, name);

    return value.size > 0 ? value : span_of(otherwise);
}

static const char *read_account(const struct reading *r, struct secret_grant *grant)
{
    *grant = (struct secret_grant){
        .kind = SECRET_SERVICE_ACCOUNT,
        .id = member(r, "client_email"),
        .key = member(r, "private_key"),
        .key_id = member(r, "private_key_id"),
        .token_url = member_or(r, "token_uri", GOOGLE_TOKEN_URL),
        .scope = member_or(r, "scope", GOOGLE_SCOPE),
    };
    if (grant->id.size == 0)
        return "has no client_email";
    return span_starts(grant->key, "-----BEGIN ") ? NULL : "has no private_key in PEM";
}

static const char *read_client(const struct reading *r, struct secret_grant *grant)
{
    struct span tenant = member(r, "tenant_id");

    *grant = (struct secret_grant){
        .kind = SECRET_CLIENT,
        .id = member(r, "client_id"),
        .key = member(r, "client_secret"),
        .token_url = member(r, "token_uri"),
        .scope = member_or(r, "scope", MICROSOFT_SCOPE),
    };
    if (grant->id.size == 0 || grant->key.size == 0)
        return "has neither a service account's members nor client_id and client_secret";
    if (grant->token_url.size > 0)
        return NULL;
    if (!credential_value_ok(tenant))
        return "has neither a tenant_id nor a token_uri";
    grant->token_url = span_of(
        arena_printf(r->arena, MICROSOFT_LOGIN "/%.*s/oauth2/v2.0/token", SPAN_ARG(tenant)));
    return NULL;
}

static const char *read_parts(const struct reading *r, struct secret_grant *grant)
{
    struct buf origin cleanup(buf_done) = buf_make(CREDENTIAL_URL_MAX);
    struct span type = member(r, "type");
    const char *why;

    if (type.size > 0 && !span_is(type, "service_account") && !span_is(type, "client"))
        return "is of a type that is not known: service_account or client";
    why = type.size > 0 && span_is(type, "service_account") ? read_account(r, grant)
                                                            : read_client(r, grant);
    if (why != NULL)
        return why;
    return credential_origin(grant->token_url, &origin) == 0
               ? NULL
               : "has a token_uri that is not https (plain http to this host alone)";
}

const char *secret_read_grant(struct span secret, struct arena *arena,
                              struct secret_grant *grant_out)
{
    struct reading r = {.doc = json_doc_make(), .arena = arena};
    struct secret_grant grant;
    const char *why = "is not valid JSON";

    if (secret.size <= CREDENTIAL_SECRET_MAX &&
        json_parse(&r.doc, secret, &json_limits_body) == JSON_OK &&
        json_kind(&r.doc, 0) == JSON_OBJECT)
        why = read_parts(&r, &grant);
    json_doc_done(&r.doc);
    if (why == NULL)
        *grant_out = grant;
    return why;
}
