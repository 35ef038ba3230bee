/*
 * secure: see the header. The policy of the console needs no nonces: it has no inline script or
 * style and loads nothing from elsewhere.
 */
#include "gateway/edge/secure.h"

static const char *const policies[] = {
    [SECURE_CONSOLE] =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'",
    [SECURE_DATA] =
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

static const struct {
    const char *name, *value;
    bool tls_only;
} rows[] = {
    {"x-content-type-options", "nosniff", false},
    {"referrer-policy", "no-referrer", false},
    {"x-frame-options", "DENY", false},
    {"permissions-policy",
     "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
     "magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
     false},
    {"cross-origin-opener-policy", "same-origin", false},
    {"cross-origin-resource-policy", "same-origin", false},
    {"strict-transport-security", "max-age=31536000", true},
};

size_t secure_headers(enum secure_for what, bool tls, struct httpd_header at[SECURE_HEADERS_MAX])
{
    size_t count = 0;

    _Static_assert(array_size(rows) + 1 <= SECURE_HEADERS_MAX, "each has its place");
    at[count++] =
        (struct httpd_header){span_of("content-security-policy"), span_of(policies[what])};
    for (size_t i = 0; i < array_size(rows); i++) {
        if (tls || !rows[i].tls_only)
            at[count++] = (struct httpd_header){span_of(rows[i].name), span_of(rows[i].value)};
    }
    return count;
}
