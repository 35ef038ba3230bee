/*
 * origin: what is kept per deployment: its URLs parsed once, its headers, and idle handles with all
 * that does not change already set.
 *
 * A provider key is bound to the origin it was loaded with: a deployment whose base URL or
 * credential changed gets a new origin.
 */
#ifndef TOLLGATE_GATEWAY_UPSTREAM_ORIGIN_H
#define TOLLGATE_GATEWAY_UPSTREAM_ORIGIN_H

#include <curl/curl.h>

#include "common/base/map.h"
#include "gateway/upstream/upstream.h"

enum { ORIGIN_PATHS_MAX = 8 };

/* A test key calls the same deployment at the sandbox. */
struct origin_key {
    struct uuid deployment;
    uint8_t sandbox;
};

struct origin {
    struct origin_key key;
    char *base_url, *query, *credential; /* owned, as they were when it was made */
    bool sandbox, plain;                 /* plain: http:// */
    struct curl_slist *headers;          /* those of every request; owned */
    struct {
        const char *path; /* a constant */
        CURLU *url;
    } paths[ORIGIN_PATHS_MAX];
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

/* The parsed URL of a path there, or NULL. */
must_use CURLU *origin_url(struct origin *origin, const char *path);

/* An idle handle, or NULL: the caller makes one. */
must_use CURL *origin_take_handle(struct origin *origin);
/* Takes the handle, to keep or to clean up. */
void origin_keep_handle(struct origin *origin, CURL *handle);

#endif
