/*
 * ask_policy: reads what a client says of the providers that may serve it: `provider`, and the
 * short form of its `sort`.
 */
#include "gateway/dialect/ask_reading.h"

bool ask_read_provider(struct ask_reading *r, const char *name, uint32_t value)
{
    struct wish_error error;

    return provider_wish_read(r->doc, value, name, r->arena, &r->ask->wish, &error) == 0 ||
           ask_invalid(r, error.param, arena_printf(r->arena, "'%s' %s.", error.param, error.text));
}

bool ask_read_preference(struct ask_reading *r, const char *name, uint32_t value)
{
    return ask_read_text(r, name, value, ASK_NAME_MAX, &r->ask->preference);
}
