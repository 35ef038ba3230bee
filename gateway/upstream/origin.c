/*
 * origin: see the header.
 */
#include "gateway/upstream/origin.h"

#include "common/base/mem.h"
#include "common/httpd/httpd.h"

struct origins origins_make(uint32_t idle_max)
{
    return (struct origins){.by_deployment = map_new(256), .idle_max = idle_max};
}

static void origin_free(struct origin *origin)
{
    while (origin->idle_count > 0)
        curl_easy_cleanup(origin->idle[--origin->idle_count]);
    for (uint32_t i = 0; i < ORIGIN_PATHS_MAX && origin->paths[i].path != NULL; i++)
        curl_url_cleanup(origin->paths[i].url);
    curl_slist_free_all(origin->headers);
    mem_free_secret(origin->credential, strlen(origin->credential));
    mem_free(origin->base_url);
    mem_free(origin->query);
    mem_free(origin->idle);
    mem_free(origin);
}

void origins_done(struct origins *origins)
{
    struct span key;
    void *value;

    for (size_t cursor = 0; map_next(origins->by_deployment, &cursor, &key, &value);)
        origin_free(value);
    map_free(origins->by_deployment);
}

static struct span key_span(const struct origin_key *key)
{
    return span_make((const char *)key, sizeof(*key));
}

/* The one header that carries the credential; NULL when the scheme needs none, or (AUTH_SIGV4) one
 * for each request. */
static char *auth_header(enum auth_scheme scheme, const char *credential)
{
    switch (scheme) {
    case AUTH_BEARER:
    case AUTH_OAUTH:
        return mem_printf("Authorization: Bearer %s", credential);
    case AUTH_API_KEY:
        return mem_printf("api-key: %s", credential);
    case AUTH_X_API_KEY:
        return mem_printf("x-api-key: %s", credential);
    case AUTH_X_GOOG_API_KEY:
        return mem_printf("x-goog-api-key: %s", credential);
    case AUTH_NONE:
    case AUTH_SIGV4:
        return NULL;
    }
    return NULL;
}

static void add_header(struct origin *origin, const char *line)
{
    struct curl_slist *list = curl_slist_append(origin->headers, line);

    must(list != NULL);
    origin->headers = list;
}

static void make_headers(struct origin *origin, const struct snapshot_deployment *deployment)
{
    char *auth =
        origin->credential[0] == '\0' ? NULL : auth_header(deployment->auth, origin->credential);

    add_header(origin, "Content-Type: application/json");
    add_header(origin, "User-Agent: tollgate/" TOLLGATE_VERSION);
    add_header(origin, "Accept-Encoding: identity");
    add_header(origin, "Expect:");
    if (auth == NULL)
        return;
    add_header(origin, auth);
    mem_free_secret(auth, strlen(auth));
}

static struct origin *origin_new(const struct snapshot_deployment *deployment, uint32_t idle_max)
{
    bool plain = span_starts(deployment->base_url, "http://");
    struct origin *origin;

    if ((!plain && !span_starts(deployment->base_url, "https://")) ||
        !httpd_header_ok(span_of("authorization"), deployment->credential) ||
        !httpd_header_ok(span_of("url"), deployment->base_url) ||
        !httpd_header_ok(span_of("query"), deployment->query))
        return NULL;
    origin = mem_new(sizeof(*origin));
    origin->key = (struct origin_key){deployment->id, deployment->sandbox};
    origin->base_url = span_dup(deployment->base_url);
    origin->query = span_dup(deployment->query);
    origin->credential = span_dup(deployment->credential);
    origin->sandbox = deployment->sandbox;
    origin->plain = plain;
    origin->idle_max = idle_max;
    origin->idle = mem_array(idle_max, sizeof(CURL *));
    make_headers(origin, deployment);
    return origin;
}

static void drop_when_unused(struct origin *origin)
{
    if (origin->replaced && origin->users == 0)
        origin_free(origin);
}

static bool still_fits(const struct origin *origin, const struct snapshot_deployment *deployment)
{
    return span_is(deployment->base_url, origin->base_url) &&
           span_is(deployment->query, origin->query) &&
           span_is(deployment->credential, origin->credential);
}

struct origin *origins_take(struct origins *origins, const struct snapshot_deployment *deployment)
{
    struct origin_key key = {deployment->id, deployment->sandbox};
    struct origin *origin = map_get(origins->by_deployment, key_span(&key));

    if (origin != NULL && !still_fits(origin, deployment)) {
        map_remove(origins->by_deployment, key_span(&key));
        origin->replaced = true;
        drop_when_unused(origin);
        origin = NULL;
    }
    if (origin == NULL) {
        origin = origin_new(deployment, origins->idle_max);
        if (origin == NULL)
            return NULL;
        map_put(origins->by_deployment, key_span(&origin->key), origin);
    }
    origin->users++;
    return origin;
}

void origin_give_back(struct origin *origin)
{
    origin->users--;
    drop_when_unused(origin);
}

static CURLU *parse_url(const struct origin *origin, const char *path)
{
    size_t size = strlen(origin->base_url);
    CURLU *url = curl_url();
    CURLUcode error;
    char *text;

    must(url != NULL);
    while (size > 0 && origin->base_url[size - 1] == '/')
        size--;
    text = mem_printf("%.*s%s%s%s", (int)size, origin->base_url, path,
                      origin->query[0] == '\0' ? "" : "?", origin->query);
    error = curl_url_set(url, CURLUPART_URL, text, CURLU_DISALLOW_USER);
    mem_free(text);
    if (error == CURLUE_OK)
        return url;
    curl_url_cleanup(url);
    return NULL;
}

CURLU *origin_url(struct origin *origin, const char *path)
{
    uint32_t i = 0;

    for (; i < ORIGIN_PATHS_MAX && origin->paths[i].path != NULL; i++)
        if (strcmp(origin->paths[i].path, path) == 0)
            return origin->paths[i].url;
    if (i == ORIGIN_PATHS_MAX)
        return NULL;
    origin->paths[i].url = parse_url(origin, path);
    if (origin->paths[i].url != NULL)
        origin->paths[i].path = path;
    return origin->paths[i].url;
}

CURL *origin_take_handle(struct origin *origin)
{
    return origin->idle_count == 0 ? NULL : origin->idle[--origin->idle_count];
}

void origin_keep_handle(struct origin *origin, CURL *handle)
{
    if (origin->replaced || origin->idle_count == origin->idle_max)
        curl_easy_cleanup(handle);
    else
        origin->idle[origin->idle_count++] = handle;
}
