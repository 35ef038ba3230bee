/* Heads: whatever comes, what is accepted has a path and headers that may be passed on. */
#include "common/base/mem.h"
#include "common/httpd/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = mem_dup(data, size);
    size_t scanned = 0;
    ptrdiff_t end = head_end(bytes, size, &scanned);
    struct head head;

    if (end > 0 && head_parse(bytes, (size_t)end, &head) == NULL) {
        must(head.path.size > 0 && head.path.at[0] == '/');
        must(!head.chunked || head.content_length == -1);
        for (uint32_t i = 0; i < head.header_count; i++)
            must(httpd_header_ok(head.headers[i].name, head.headers[i].value));
    }
    mem_free(bytes);
    return 0;
}
