/*
 * origin: what is kept per deployment and credential: its URLs parsed once, its headers, and idle
 * handles with all that does not change already set. Private to gateway/upstream.
 *
 * A secret is bound to the origin it was loaded with: where a base URL or a secret changed, there
 * is a new origin. Those that nobody took for the longest time are dropped when there are too many.
 */
#ifndef TOLLGATE_GATEWAY_UPSTREAM_ORIGIN_H
#define TOLLGATE_GATEWAY_UPSTREAM_ORIGIN_H

#include <curl/curl.h>

#include "common/base/map.h"
#include "gateway/sign/sigv4.h"
#include "gateway/upstream/upstream.h"

enum { ORIGIN_PATHS_MAX = 8, ORIGIN_PATH_BYTES_MAX = 4096, ORIGINS_MAX = 4096 };

/* A test key calls the same deployment at the sandbox. No padding: it is hashed as bytes. */
struct origin_key {
    struct uuid deployment;
    uint64_t fingerprint; /* of the credential */
    uint64_t sandbox;     /* 0 or 1 */
};

/* A parsed URL. curl reads it anew when it has to connect again, so it stays while it is used. */
struct origin_path {
    char *text; /* owned: what stands behind the base URL */
    size_t size;
    CURLU *url;
    char *wire_path,
        *wire_query; /* as they go over the wire, curl's own; where requests are signed */
    uint32_t users;
    uint64_t used; /* when it was last taken, by the origin's own count */
    bool kept;     /* by its origin; else it goes with its last user */
};

struct origin {
    struct origin_key key;
    char *base_url, *query, *secret; /* owned, as they were when it was made */
    enum auth_scheme auth;
    bool sandbox, plain;            /* plain: http:// */
    struct origin_signing *signing; /* of AUTH_SIGV4, owned; else NULL */
    struct curl_slist *headers;     /* those of every request, the content type first; owned */
    struct origin_path *paths[ORIGIN_PATHS_MAX]; /* those that were taken last */
    uint64_t paths_taken;
    CURL **idle;
    uint32_t idle_count, idle_max;
    uint32_t users; /* calls under way; a replaced origin goes with the last */
    uint64_t used;  /* when it was last taken, by the count of all */
    bool replaced;
};

/* What requests there are signed with; into the origin's own secret, but for the region. */
struct origin_signing {
    struct sigv4_key key;
    char *region, *host; /* owned */
};

struct origins {
    struct map *by_key;
    uint32_t idle_max, count;
    uint64_t taken;
};

must_use struct origins origins_make(uint32_t idle_max);
void origins_done(struct origins *origins);

/* The origin of a deployment's credential, with one more user; NULL when its base URL or secret is
 * unfit (not http or https, a control character in it). */
must_use struct origin *origins_take(struct origins *origins,
                                     const struct snapshot_deployment *deployment,
                                     const struct snapshot_credential *credential);
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
