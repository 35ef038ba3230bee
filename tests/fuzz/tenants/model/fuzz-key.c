/* Any bytes as a tenant key: what is accepted reads back as itself. */
#include <stdlib.h>

#include "tenants/model/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct key key, again;
    if (key_parse(span_make((const char *)data, size), &key) != KEY_OK)
        return 0;
    if (key_parse(span_of(key.text), &again) != KEY_OK || again.kind != key.kind ||
        !digest_equal(again.text, key.text, sizeof(key.text)))
        abort();
    return 0;
}
