/*
 * call_id: see the header.
 */
#include "gateway/dialect/call_id.h"

#include <string.h>

static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
enum { BASE = sizeof(digits) - 1 };

bool call_id_is_short(struct span id)
{
    if (id.size != CALL_ID_SHORT)
        return false;
    for (size_t i = 0; i < id.size; i++)
        if (id.at[i] == '\0' || strchr(digits, id.at[i]) == NULL)
            return false;
    return true;
}

void call_id_shorten(struct span id, char short_out[CALL_ID_SHORT])
{
    /* FNV-1a. Nine digits of base 62 hold 53 bits of it: two ids of one chat do not meet. */
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    if (call_id_is_short(id)) {
        memcpy(short_out, id.at, CALL_ID_SHORT);
        return;
    }
    for (size_t i = 0; i < id.size; i++)
        hash = (hash ^ (uint8_t)id.at[i]) * UINT64_C(0x100000001b3);
    for (int i = 0; i < CALL_ID_SHORT; i++, hash /= BASE)
        short_out[i] = digits[hash % BASE];
}
