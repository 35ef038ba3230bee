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

static void path_free(struct origin_path *path)
{
    curl_url_cleanup(path->url);
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
