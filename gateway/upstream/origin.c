/*
 * origin: see the header.
 */
#include "gateway/upstream/origin.h"

#include "common/base/mem.h"
#include "common/httpd/httpd.h"
#include "tenants/model/secret.h"

struct origins origins_make(uint32_t idle_max)
{
    return (struct origins){.by_key = map_new(256), .idle_max = idle_max};
}

static void path_free(struct origin_path *path)
{
    curl_url_cleanup(path->url);
    curl_free(path->wire_path);
    curl_free(path->wire_query);
    mem_free(path->text);
    mem_free(path);
}

static void let_go_of_path(struct origin_path *path)
{
    path->kept = false;
    if (path->users == 0)
        path_free(path);
}

static void origin_free(struct origin *origin)
{
    while (origin->idle_count > 0)
        curl_easy_cleanup(origin->idle[--origin->idle_count]);
    for (uint32_t i = 0; i < ORIGIN_PATHS_MAX && origin->paths[i] != NULL; i++)
        let_go_of_path(origin->paths[i]);
    curl_slist_free_all(origin->headers);
    mem_free_secret(origin->secret, strlen(origin->secret));
    if (origin->signing != NULL) {
        mem_free(origin->signing->region);
        mem_free(origin->signing->host);
        mem_free(origin->signing);
    }
    mem_free(origin->base_url);
    mem_free(origin->query);
    mem_free(origin->idle);
    mem_free(origin);
}

void origins_done(struct origins *origins)
{
    struct span key;
    void *value;

    for (size_t cursor = 0; map_next(origins->by_key, &cursor, &key, &value);)
        origin_free(value);
    map_free(origins->by_key);
}

static struct span key_span(const struct origin_key *key)
{
    return span_make((const char *)key, sizeof(*key));
}

/* The one header that carries the secret; NULL when the scheme needs none, or (AUTH_SIGV4) one for
 * each request. */
static char *auth_header(enum auth_scheme scheme, const char *secret)
{
    switch (scheme) {
    case AUTH_BEARER:
    case AUTH_OAUTH:
        return mem_printf("Authorization: Bearer %s", secret);
    case AUTH_API_KEY:
        return mem_printf("api-key: %s", secret);
    case AUTH_X_API_KEY:
        return mem_printf("x-api-key: %s", secret);
    case AUTH_X_GOOG_API_KEY:
        return mem_printf("x-goog-api-key: %s", secret);
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

static void make_headers(struct origin *origin, enum auth_scheme scheme)
{
    char *auth = origin->secret[0] == '\0' ? NULL : auth_header(scheme, origin->secret);

    add_header(origin, "Content-Type: application/json");
    add_header(origin, "User-Agent: tollgate/" TOLLGATE_VERSION);
    add_header(origin, "Accept-Encoding: identity");
    add_header(origin, "Expect:");
    if (auth == NULL)
        return;
    add_header(origin, auth);
    mem_free_secret(auth, strlen(auth));
}

/* The host as curl sends it: with the port where that is not the scheme's own. */
static char *host_of(const char *base_url)
{
    char *host = NULL, *port = NULL, *whole = NULL;
    CURLU *url = curl_url();

    must(url != NULL);
    if (curl_url_set(url, CURLUPART_URL, base_url, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        (void)curl_url_get(url, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT);
        whole = mem_printf("%s%s%s", host, port == NULL ? "" : ":", port == NULL ? "" : port);
    }
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(url);
    return whole;
}

/* False when the secret or the base URL is not what can be signed with. */
static bool make_signing(struct origin *origin, const struct snapshot_credential *credential)
{
    struct secret_aws aws;
    char *host;

    if (secret_read_aws(span_of(origin->secret), &aws) < 0)
        return false;
    host = host_of(origin->base_url);
    if (host == NULL)
        return false;
    origin->signing = mem_new(sizeof(*origin->signing));
    *origin->signing = (struct origin_signing){.key = {aws.id, aws.secret, aws.token},
                                               .region = span_dup(credential->region),
                                               .host = host};
    return true;
}

static bool is_fit(const struct snapshot_deployment *deployment,
                   const struct snapshot_credential *credential)
{
    return (span_starts(credential->base_url, "http://") ||
            span_starts(credential->base_url, "https://")) &&
           httpd_header_ok(span_of("authorization"), credential->secret) &&
           httpd_header_ok(span_of("url"), credential->base_url) &&
           httpd_header_ok(span_of("query"), deployment->query);
}

static struct origin *origin_new(const struct snapshot_deployment *deployment,
                                 const struct snapshot_credential *credential, uint32_t idle_max)
{
    struct origin *origin;

    if (!is_fit(deployment, credential))
        return NULL;
    origin = mem_new(sizeof(*origin));
    origin->key = (struct origin_key){deployment->id, credential->fingerprint, deployment->sandbox};
    origin->base_url = span_dup(credential->base_url);
    origin->query = span_dup(deployment->query);
    origin->secret = span_dup(credential->secret);
    origin->auth = credential->auth;
    origin->sandbox = deployment->sandbox;
    origin->plain = span_starts(credential->base_url, "http://");
    origin->idle_max = idle_max;
    origin->idle = mem_array(idle_max, sizeof(CURL *));
    make_headers(origin, credential->auth);
    if (credential->auth == AUTH_SIGV4 && !make_signing(origin, credential)) {
        origin_free(origin);
        return NULL;
    }
    return origin;
}

static bool still_fits(const struct origin *origin, const struct snapshot_deployment *deployment,
                       const struct snapshot_credential *credential)
{
    return span_is(credential->base_url, origin->base_url) &&
           span_is(deployment->query, origin->query) &&
           span_is(credential->secret, origin->secret) && credential->auth == origin->auth &&
           (origin->signing == NULL || span_is(credential->region, origin->signing->region));
}

static void drop(struct origins *origins, struct origin *origin)
{
    map_remove(origins->by_key, key_span(&origin->key));
    origins->count--;
    origin->replaced = true;
    if (origin->users == 0)
        origin_free(origin);
}

static void drop_oldest(struct origins *origins)
{
    struct origin *oldest = NULL;
    struct span key;
    void *value;

    for (size_t cursor = 0; map_next(origins->by_key, &cursor, &key, &value);) {
        struct origin *origin = value;

        if (oldest == NULL || origin->used < oldest->used)
            oldest = origin;
    }
    if (oldest != NULL)
        drop(origins, oldest);
}

struct origin *origins_take(struct origins *origins, const struct snapshot_deployment *deployment,
                            const struct snapshot_credential *credential)
{
    const struct origin_key key = {deployment->id, credential->fingerprint, deployment->sandbox};
    struct origin *origin = map_get(origins->by_key, key_span(&key));

    if (origin != NULL && !still_fits(origin, deployment, credential)) {
        drop(origins, origin);
        origin = NULL;
    }
    if (origin == NULL) {
        origin = origin_new(deployment, credential, origins->idle_max);
        if (origin == NULL)
            return NULL;
        if (origins->count == ORIGINS_MAX)
            drop_oldest(origins);
        map_put(origins->by_key, key_span(&origin->key), origin);
        origins->count++;
    }
    origin->used = ++origins->taken;
    origin->users++;
    return origin;
}

void origin_give_back(struct origin *origin)
{
    origin->users--;
    if (origin->replaced && origin->users == 0)
        origin_free(origin);
}

/* ---- paths ---- */
static bool is_dots(struct span segment)
{
    struct span rest = segment;
    size_t dots = 0;

    for (; rest.size > 0; dots++) {
        bool encoded = span_is_nocase(span_part(rest, 0, 3), "%2e");

        if (!encoded && rest.at[0] != '.')
            return false;
        rest = span_part(rest, encoded ? 3 : 1, rest.size);
    }
    return dots == 1 || dots == 2;
}

/* A path may come from what a client sent: it stays below the base URL. */
static bool path_ok(struct span path)
{
    struct span before = path, segments = span_cut(&before, '?');

    for (size_t i = 0; i < path.size; i++) {
        if (path.at[i] <= ' ' || path.at[i] > '~' || strchr("#\\\"<>^`{|}", path.at[i]) != NULL)
            return false;
    }
    while (segments.at != NULL) {
        if (is_dots(span_cut(&segments, '/')))
            return false;
    }
    return path.size > 0 && path.at[0] == '/' && path.size <= ORIGIN_PATH_BYTES_MAX;
}

static CURLU *parse_url(const struct origin *origin, struct span path)
{
    size_t size = strlen(origin->base_url);
    const char *joint = origin->query[0] == '\0' ? "" : span_index(path, '?') < 0 ? "?" : "&";
    CURLU *url = curl_url();
    CURLUcode error;
    char *text;

    must(url != NULL);
    while (size > 0 && origin->base_url[size - 1] == '/')
        size--;
    text = mem_printf("%.*s%.*s%s%s", (int)size, origin->base_url, SPAN_ARG(path), joint,
                      origin->query);
    error = curl_url_set(url, CURLUPART_URL, text, CURLU_DISALLOW_USER);
    mem_free(text);
    if (error == CURLUE_OK)
        return url;
    curl_url_cleanup(url);
    return NULL;
}

/* An empty place, or the one whose path was not taken for the longest time. */
static struct origin_path **place_for_path(struct origin *origin)
{
    struct origin_path **oldest = &origin->paths[0];

    for (uint32_t i = 0; i < ORIGIN_PATHS_MAX; i++) {
        if (origin->paths[i] == NULL)
            return &origin->paths[i];
        if (origin->paths[i]->used < (*oldest)->used)
            oldest = &origin->paths[i];
    }
    return oldest;
}

static struct origin_path *path_new(struct origin *origin, struct span text)
{
    struct origin_path **place, *path;
    CURLU *url = path_ok(text) ? parse_url(origin, text) : NULL;

    if (url == NULL)
        return NULL;
    path = mem_new(sizeof(*path));
    *path =
        (struct origin_path){.text = span_dup(text), .size = text.size, .url = url, .kept = true};
    place = place_for_path(origin);
    if (*place != NULL)
        let_go_of_path(*place);
    *place = path;
    if (origin->signing != NULL) {
        must(curl_url_get(url, CURLUPART_PATH, &path->wire_path, 0) == CURLUE_OK);
        (void)curl_url_get(url, CURLUPART_QUERY, &path->wire_query, 0);
    }
    return path;
}

static struct origin_path *find_path(const struct origin *origin, struct span text)
{
    for (uint32_t i = 0; i < ORIGIN_PATHS_MAX && origin->paths[i] != NULL; i++) {
        if (span_equal(span_make(origin->paths[i]->text, origin->paths[i]->size), text))
            return origin->paths[i];
    }
    return NULL;
}

struct origin_path *origin_take_path(struct origin *origin, struct span text)
{
    struct origin_path *path = find_path(origin, text);

    if (path == NULL)
        path = path_new(origin, text);
    if (path == NULL)
        return NULL;
    path->used = ++origin->paths_taken;
    path->users++;
    return path;
}

void origin_give_back_path(struct origin_path *path)
{
    if (path == NULL)
        return;
    path->users--;
    if (!path->kept && path->users == 0)
        path_free(path);
}

/* ---- handles ---- */
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
