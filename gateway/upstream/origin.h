/*
 * origin: what is kept per deployment: its URLs parsed once, its headers, and idle handles with all
 * that does not change already set. Private to gateway/upstream.
 *
 * A provider key is bound to the origin it was loaded with: a deployment whose base URL or
 * credential changed gets a new origin.
 */
#ifndef TOLLGATE_GATEWAY_UPSTREAM_ORIGIN_H
#define TOLLGATE_GATEWAY_UPSTREAM_ORIGIN_H

#include <curl/curl.h>

#include "common/base/map.h"
#include "gateway/upstream/upstream.h"

enum { ORIGIN_PATHS_MAX = 8, ORIGIN_PATH_BYTES_MAX = 4096 };

/* A test key calls the same deployment at the sandbox. */
struct origin_key {
    struct uuid deployment;
    uint8_t sandbox;
};

/* A parsed URL. curl reads it anew when it has to connect again, so it stays while it is used. */
struct origin_path {
    char *text; /* owned: what stands behind the base URL */
    size_t size;
    CURLU *url;
    uint32_t users;
    uint64_t used; /* when it was last taken, by the origin's own count */
    bool kept;     /* by its origin; else it goes with its last user */
};

struct origin {
    struct origin_key key;
    char *base_url, *query, *credential; /* owned, as they were when it was made */
    bool sandbox, plain;                 /* plain: http:// */
    struct curl_slist *headers;          /* those of every request, the content type first; owned */
    struct origin_path *paths[ORIGIN_PATHS_MAX]; /* those that were taken last */
    uint64_t paths_taken;
    CURL **idle;
    uint32_t idle_count, idle_max;
    uint32_t users; /* calls under way; a replaced origin goes with the last */
    bool replaced;
};

struct origins {
    struct map *by_deployment;
    uint32_t idle_max;
};

must_use struct origins origins_make(uint32_t idle_max);
void origins_done(struct origins *origins);

/* The origin of a deployment, with one more user; NULL when its base URL or credential is unfit
 * (not http or https, a control character in it). */
must_use struct origin *origins_take(struct origins *origins,
                                     const struct snapshot_deployment *deployment);
void origin_give_back(struct origin *origin);

/* The parsed URL of a path there, with one more user; NULL when the path is unfit: it does not
 * begin with a slash, leads upward ("/../"), or has a byte that no URL may have. */
must_use struct origin_path *origin_take_path(struct origin *origin, struct span path);
/* NULL is allowed. */
void origin_give_back_path(struct origin_path *path);

/* An idle handle, or NULL: the caller makes one. */
must_use CURL *origin_take_handle(struct origin *origin);
/* Takes the handle, to keep or to clean up. */
void origin_keep_handle(struct origin *origin, CURL *handle);

#endif
