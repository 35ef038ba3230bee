/* What a browser asks for: path, Accept-Encoding and If-None-Match, a line each. A path that is let
 * through has no segment that leads upward, however it is written. */
#include "common/base/mem.h"
#include "gateway/edge/console.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool leads_upward(const char *path)
{
    return strstr(path, "/../") != NULL || strstr(path, "//") != NULL || strchr(path, '\\') != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = mem_dup(data, size), *path;
    struct span rest = span_make(bytes, size), raw = span_cut(&rest, '\n');
    struct span accept = span_cut(&rest, '\n');

    path = mem_printf("/%.*s/", SPAN_ARG(raw));
    if (console_path_ok(raw))
        must(raw.size == 0 || span_ends(raw, "/") || !leads_upward(path));
    must(negotiate_coding(accept, 0) == CODING_IDENTITY);
    must((1U << negotiate_coding(accept, 1U << CODING_GZIP) &
          (1U << CODING_GZIP | 1U << CODING_IDENTITY)) != 0);
    must(!negotiate_has(rest, span_of("\"a\"")) || span_index(rest, 'a') >= 0 ||
         span_index(rest, '*') >= 0);
    mem_free(path);
    mem_free(bytes);
    return 0;
}
