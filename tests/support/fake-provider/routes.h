/*
 * routes: which path is answered how.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_ROUTES_H
#define TOLLGATE_FAKE_PROVIDER_ROUTES_H

#include "provider.h"

/* A route is the end of a path, since base URLs differ; or it stands within one, before an id. */
enum match { MATCH_WHOLE, MATCH_END, MATCH_WITHIN };

struct route {
    const char *methods, *path;
    enum match match;
    /* A page of the provider's own; or, where it is NULL, a call: */
    struct call *(*page)(struct provider *provider, const struct http_request *request);
    struct call *(*answer)(struct provider *provider, struct arrival *arrival);
    const struct dialect *dialect;
    enum truth_endpoint endpoint;
    enum body body;
    int stream;        /* what the path says of it */
    const char *model; /* when the request names none; NULL: it must */
};

/* The route of a request. NULL: none; *other_method_out tells whether the path has some. */
must_use const struct route *route_find(const struct http_request *request, bool *other_method_out);

/* The model that stands in a path, decoded into the arena: behind /models/, /model/ or
 * /deployments/. Empty when there is none. */
must_use struct span route_model(struct span path, struct arena *arena);

/* What stands before the version, for telling base URLs apart; without slashes around it. */
must_use struct span route_site(const struct route *route, struct span path);

#endif
