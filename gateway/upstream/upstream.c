/*
 * upstream: the names of ends, as they stand in events and logs.
 */
#include "gateway/upstream/upstream.h"

const char *upstream_end_name(enum upstream_end end)
{
    static const char *const names[UPSTREAM_ENDS] = {
        [UPSTREAM_WHOLE] = "ok",
        [UPSTREAM_NO_CONNECTION] = "connect",
        [UPSTREAM_CONNECT_TIMEOUT] = "timeout_connect",
        [UPSTREAM_FORBIDDEN] = "forbidden_address",
        [UPSTREAM_BROKEN] = "reset",
    };

    return names[end];
}
