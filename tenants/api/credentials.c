/*
 * credentials: what providers know us by. A secret comes in, is sealed for its credential, its
 * provider and the hosts it may be sent to, and is never shown again.
 */
#include <errno.h>
#include <stdio.h>

#include "common/base/seal.h"
#include "tenants/api/change.h"
#include "tenants/model/credential.h"
#include "tenants/model/secret.h"
#include "tenants/store/provider_credential_store.h"

enum { VARIABLE_NAME_SHOWN = 64 };

static enum api_outcome list_credentials(struct api *api)
{
    return api_list_of(api, &provider_credential_list_view, api_query_param(api, "provider"),
                       api_query_param(api, "status"));
}

static enum api_outcome get_credential(struct api *api)
{
    return api_one_of(api, &provider_credential_view, "credential",
                      PG_UUID(api_path_id(api, "credential")));
}

/* ---- where it may be sent ---- */

static bool is_known(const struct json_doc *known, struct span name)
{
    for (uint32_t n = json_first(known, 0); n != JSON_NONE; n = json_after(known, 0, n)) {
        char text[128];
        if (json_copy_string(known, json_find(known, n, "name"), text, sizeof(text)) == 0 &&
            span_is(name, text))
            return true;
    }
    return false;
}

static enum api_outcome check_variable(struct api *api, const struct json_doc *known, uint32_t node)
{
    struct span name, value;
    char field[VARIABLE_NAME_SHOWN + 16];

    if (json_string(api->document, node, api->arena, &name) != 0)
        return api_fail_field(api, "variables", "cannot be read");
    snprintf(field, sizeof(field), "variables.%.*s",
             (int)(name.size > VARIABLE_NAME_SHOWN ? VARIABLE_NAME_SHOWN : name.size), name.at);
    if (!is_known(known, name))
        return api_fail_field(api, field, "is not a variable of this provider");
    if (json_kind(api->document, json_value(api->document, node)) != JSON_STRING ||
        json_string(api->document, json_value(api->document, node), api->arena, &value) != 0 ||
        !credential_value_ok(value))
        return api_fail_field(api, field,
                              "must be 1 to 253 letters, digits, dots, dashes or underscores");
    return API_OK;
}

/* The variables of the body as JSON, which the URLs may be filled from. */
static enum api_outcome read_variables(struct api *api, struct span known_json,
                                       struct span *variables_out)
{
    cleanup(json_doc_done) struct json_doc known = json_doc_make();
    const struct field_value *given = api_body(api, "variables");
    enum api_outcome outcome = API_OK;

    if (json_kind(api->document, given->node) != JSON_OBJECT)
        return api_fail_field(api, "variables", "must be an object");
    if (json_parse(&known, known_json, &json_limits_body) != JSON_OK)
        return api_fail(api, PROBLEM_INTERNAL, "the provider's variables cannot be read");
    for (uint32_t n = json_first(api->document, given->node); n != JSON_NONE;
         n = json_after(api->document, given->node, n)) {
        if (check_variable(api, &known, n) != API_OK)
            outcome = API_FAILED;
    }
    *variables_out = json_raw(api->document, given->node);
    return outcome;
}

static bool has_origin(struct span origins, struct span origin)
{
    struct span rest = origins;

    while (rest.at != NULL && rest.size > 0) {
        if (span_equal(span_cut(&rest, ' '), origin))
            return true;
    }
    return false;
}

static enum api_outcome add_origin(struct api *api, struct span url, struct span variables,
                                   struct buf *origins)
{
    cleanup(buf_done) struct buf filled = buf_make(CREDENTIAL_URL_MAX);
    cleanup(buf_done) struct buf origin = buf_make(CREDENTIAL_URL_MAX);
    struct span missing = {0};
    /* The model's name never stands in the host, which is all that is looked at. */
    int r = credential_fill_url(url, variables, span_of("model"), &filled, &missing);

    if (r == -ENOENT)
        return api_fail_field(api, "variables", "%.*s is missing: %.*s needs it", SPAN_ARG(missing),
                              SPAN_ARG(url));
    if (r == 0)
        r = credential_origin(buf_span(&filled), &origin);
    if (r == -EPERM)
        return api_fail(api, PROBLEM_REFUSED,
                        "%.*s is plain http: a secret is sent over https, or to this host only",
                        SPAN_ARG(url));
    if (r < 0)
        return api_fail(api, PROBLEM_REFUSED, "%.*s is not a URL that a secret can be sent to",
                        SPAN_ARG(url));
    if (has_origin(buf_span(origins), buf_span(&origin)))
        return API_OK;
    if (origins->size > 0)
        buf_add_byte(origins, ' ');
    buf_add_span(origins, buf_span(&origin));
    return API_OK;
}

/* All hosts that the provider, or the deployment, is reached at. */
static enum api_outcome find_origins(struct api *api, const struct credential_places *places,
                                     struct span variables, struct buf *origins)
{
    for (size_t i = 0; i < places->count; i++) {
        if (add_origin(api, places->urls[i], variables, origins) != API_OK)
            return API_FAILED;
    }
    return buf_failed(origins) ? api_fail(api, PROBLEM_REFUSED,
                                          "the provider is reached at too many hosts: give "
                                          "the credential to its deployments one by one")
                               : API_OK;
}

/* ---- sealing ---- */

static enum api_outcome seal_secret(struct api *api, struct uuid id, struct span provider,
                                    struct span origins, struct buf *sealed)
{
    cleanup(buf_done) struct buf context = buf_make(CREDENTIAL_ORIGINS_MAX * 2);
    struct span secret = api_body(api, "secret")->text;

    if (api->seal == NULL)
        return api_fail(api, PROBLEM_REFUSED,
                        "tollgate-control has no master key to seal it with: set master-key-file");
    if (!credential_secret_ok(secret))
        return api_fail_field(api, "secret",
                              "must be printable ASCII without blanks at its ends: it is sent in a "
                              "header");
    if (secret_is_grant(secret)) {
        struct secret_grant grant;
        const char *why = secret_read_grant(secret, api->arena, &grant);

        if (why != NULL)
            return api_fail_field(api, "secret", "%s", why);
    }
    if (credential_context(id, provider, origins, &context) != 0 ||
        seal_shut(api->seal, buf_span(&context), secret, sealed) != 0)
        return api_fail(api, PROBLEM_INTERNAL, "it could not be sealed");
    return API_OK;
}

/* ---- new ones ---- */

static enum api_outcome find_places(struct api *api, struct span provider, struct uuid deployment,
                                    struct credential_places *places)
{
    struct store_error error;
    enum store_outcome outcome =
        provider_credential_places(api->pg, provider, deployment, api->arena, places, &error);

    if (outcome == STORE_NOT_FOUND && api->route->method == API_POST)
        return api_fail_field(api, uuid_is_zero(deployment) ? "provider" : "deployment", "%s",
                              error.text);
    return api_store(api, outcome, &error);
}

static enum store_outcome insert(struct pg *pg, const void *with, struct store_error *error_out)
{
    return provider_credential_insert(pg, with, error_out);
}

static enum api_outcome create_credential(struct api *api)
{
    cleanup(buf_done) struct buf origins = buf_make(CREDENTIAL_ORIGINS_MAX);
    cleanup(buf_done) struct buf sealed = buf_make(CREDENTIAL_SECRET_MAX + SEAL_OVERHEAD);
    const struct field_value *deployment = api_body(api, "deployment");
    struct credential_places places;
    struct credential_row_new row = {
        .id = uuid_new(),
        .provider = api_body(api, "provider")->text,
        .name = api_body(api, "name")->text,
        .variables = span_of("{}"),
        .deployment = deployment->state == FIELD_SET ? deployment->id : (struct uuid){{0}},
    };
    char subject[ID_TEXT_SIZE];

    if (find_places(api, row.provider, row.deployment, &places) != API_OK ||
        (api_body_has(api, "variables") &&
         read_variables(api, places.variables, &row.variables) != API_OK) ||
        find_origins(api, &places, row.variables, &origins) != API_OK ||
        seal_secret(api, row.id, row.provider, buf_span(&origins), &sealed) != API_OK)
        return API_FAILED;
    row.origins = buf_span(&origins);
    row.sealed = buf_span(&sealed);
    row.master_key_id = seal_key_id(api->seal);
    id_format(ID_CREDENTIAL, row.id, subject);
    const struct pg_param params[] = {PG_UUID(row.id), {.kind = PG_PARAM_END}};
    enum api_outcome outcome = change_run(api, &(struct change){.what = "credential",
                                                                .action = "credential.create",
                                                                .subject = span_of(subject),
                                                                .view = &provider_credential_view,
                                                                .params = params,
                                                                .run = insert,
                                                                .with = &row});
    return outcome == API_OK ? API_CREATED : outcome;
}

/* ---- changes ---- */

struct patch {
    struct uuid id;
    struct credential_change change;
};

static enum store_outcome apply(struct pg *pg, const void *with, struct store_error *error_out)
{
    const struct patch *patch = with;

    return provider_credential_update(pg, patch->id, &patch->change, error_out);
}

/* A secret that stays must not be led to another host by new variables: whoever gives those has to
 * know it. */
static enum api_outcome change_secret(struct api *api, const struct credential_locked *locked,
                                      struct buf *origins, struct buf *sealed, struct patch *patch)
{
    struct span variables = locked->variables;
    struct credential_places places;

    if (find_places(api, locked->provider, locked->deployment, &places) != API_OK ||
        (api_body_has(api, "variables") &&
         read_variables(api, places.variables, &variables) != API_OK) ||
        find_origins(api, &places, variables, origins) != API_OK)
        return API_FAILED;
    if (!api_body_has(api, "secret"))
        return span_equal(buf_span(origins), locked->origins)
                   ? API_OK
                   : api_fail_field(api, "variables",
                                    "change where the secret is sent: give the secret again");
    if (seal_secret(api, patch->id, locked->provider, buf_span(origins), sealed) != API_OK)
        return API_FAILED;
    patch->change.origins = buf_span(origins);
    patch->change.sealed = buf_span(sealed);
    patch->change.master_key_id = seal_key_id(api->seal);
    return API_OK;
}

static enum api_outcome patch_credential(struct api *api)
{
    cleanup(buf_done) struct buf origins = buf_make(CREDENTIAL_ORIGINS_MAX);
    cleanup(buf_done) struct buf sealed = buf_make(CREDENTIAL_SECRET_MAX + SEAL_OVERHEAD);
    struct patch patch = {.id = api_path_id(api, "credential"),
                          .change = {.name = api_body_param(api, "name"),
                                     .status = api_body_param(api, "status"),
                                     .variables = api_body_param(api, "variables")}};
    const struct pg_param params[] = {PG_UUID(patch.id), {.kind = PG_PARAM_END}};
    struct credential_locked locked;
    struct store_error error;
    char subject[ID_TEXT_SIZE];
    enum store_outcome outcome =
        provider_credential_lock(api->pg, patch.id, api->arena, &locked, &error);

    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    if (api_match(api, locked.revision) != API_OK)
        return API_FAILED;
    if ((api_body_has(api, "secret") || api_body_has(api, "variables")) &&
        change_secret(api, &locked, &origins, &sealed, &patch) != API_OK)
        return API_FAILED;
    id_format(ID_CREDENTIAL, patch.id, subject);
    return change_run(api, &(struct change){.what = "credential",
                                            .action = "credential.update",
                                            .subject = span_of(subject),
                                            .view = &provider_credential_view,
                                            .params = params,
                                            .run = apply,
                                            .with = &patch});
}

static const struct field list_query[] = {
    {.name = "provider", .type = FIELD_TEXT, .min = 1, .max = 64},
    {.name = "status", .type = FIELD_CHOICE, .choices = "active|disabled"},
};

static const struct field new_body[] = {
    {.name = "provider", .type = FIELD_TEXT, .required = true, .min = 1, .max = 64},
    {.name = "deployment", .type = FIELD_ID, .id = ID_DEPLOYMENT},
    {.name = "name", .type = FIELD_TEXT, .required = true, .min = 1, .max = 200},
    {.name = "secret",
     .type = FIELD_SECRET,
     .required = true,
     .min = 1,
     .max = CREDENTIAL_SECRET_MAX},
    {.name = "variables", .type = FIELD_JSON},
};

static const struct field patch_body[] = {
    {.name = "name", .type = FIELD_TEXT, .min = 1, .max = 200},
    {.name = "status", .type = FIELD_CHOICE, .choices = "active|disabled"},
    {.name = "secret", .type = FIELD_SECRET, .min = 1, .max = CREDENTIAL_SECRET_MAX},
    {.name = "variables", .type = FIELD_JSON},
};

static const struct api_route table[] = {
    ROUTE(API_GET, "/credentials", ROLE_OPERATOR, NULL, list_credentials,
          .query = FIELDS(list_query), .flags = API_LIST),
    ROUTE(API_POST, "/credentials", ROLE_OPERATOR, NULL, create_credential,
          .body = FIELDS(new_body)),
    ROUTE(API_GET, "/credentials/{credential}", ROLE_OPERATOR, NULL, get_credential),
    ROUTE(API_PATCH, "/credentials/{credential}", ROLE_OPERATOR, NULL, patch_credential,
          .body = FIELDS(patch_body), .flags = API_IF_MATCH),
};

const struct api_routes credentials_routes = API_ROUTES(table);
