/*
 * Any bytes as a catalog and as models.dev's file: what is accepted is written as text that is
 * accepted again and is the same catalog.
 */
#include <stdlib.h>

#include "tenants/model/catalog_diff.h"
#include "tenants/model/catalog_models_dev.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct catalog *catalog)
{
    cleanup(buf_done) struct buf text = buf_make(CATALOG_MAX_BYTES);
    struct arena *arena = arena_new(1 << 16, (size_t)256 << 20);
    struct catalog *again = NULL;
    struct catalog_error error;

    catalog_write(catalog, &text);
    if (!buf_failed(&text)) {
        if (catalog_parse(buf_span(&text), &again, &error) < 0 ||
            catalog_diff(catalog, again, arena).count != 0)
            abort();
    }
    catalog_free(again);
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_make((const char *)data, size);
    struct catalog *catalog = NULL;
    struct catalog_error error;

    if (catalog_parse(text, &catalog, &error) == 0) {
        check(catalog);
        catalog_free(catalog);
    }
    if (catalog_from_models_dev(text, NULL, NULL, &catalog, &error) == 0) {
        check(catalog);
        catalog_free(catalog);
    }
    return 0;
}
