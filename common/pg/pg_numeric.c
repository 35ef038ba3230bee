/*
 * pg_numeric: see pg_numeric.h.
 */
#include "common/pg/pg_numeric.h"

#include <errno.h>

#include "common/pg/pg_inside.h"

#define HEAD_BYTES 8
#define GROUP 10000
#define GROUPS_MAX 10
#define LIMIT ((uint128)1 << 127)
#define SIGN_MINUS 0x4000
#define SIGN_PLUS 0x0000

size_t pg_numeric_encode(int128 value, uint8_t at[PG_NUMERIC_MAX])
{
    uint128 left = value < 0 ? (uint128)0 - (uint128)value : (uint128)value;
    uint16_t groups[GROUPS_MAX]; /* lowest first */
    size_t count = 0, low = 0;

    for (; left > 0; left /= GROUP)
        groups[count++] = (uint16_t)(left % GROUP);
    while (low < count && groups[low] == 0)
        low++;
    pg_store(at, count - low, 2);
    pg_store(at + 2, count == 0 ? 0 : count - 1, 2); /* weight of the first group */
    pg_store(at + 4, value < 0 ? SIGN_MINUS : SIGN_PLUS, 2);
    pg_store(at + 6, 0, 2); /* decimals */
    size_t size = HEAD_BYTES;
    for (size_t i = count; i > low; i--, size += 2)
        pg_store(at + size, groups[i - 1], 2);
    return size;
}

/* value * 10000 + group; false when that is more than 2^127. */
static bool add_group(uint128 *value, uint64_t group)
{
    if (*value > (LIMIT - group) / GROUP)
        return false;
    *value = *value * GROUP + group;
    return true;
}

/* The groups before the point; those behind it have to be zero. */
static int read_groups(struct span groups, int weight, uint128 *value_out)
{
    int count = (int)(groups.size / 2);
    uint128 value = 0;

    if (count > 0 && weight >= GROUPS_MAX)
        return -ERANGE;
    for (int i = 0; count > 0 && (i < count || i <= weight); i++) {
        uint64_t group = i < count ? pg_load(groups.at + 2 * i, 2) : 0;
        if (group >= GROUP || (i > weight && group != 0))
            return -EINVAL;
        if (i <= weight && !add_group(&value, group))
            return -ERANGE;
    }
    *value_out = value;
    return 0;
}

int pg_numeric_decode(struct span bytes, int128 *value_out)
{
    uint128 value;

    if (bytes.size < HEAD_BYTES)
        return -EINVAL;
    size_t count = pg_load(bytes.at, 2);
    int weight = (int16_t)pg_load(bytes.at + 2, 2);
    uint64_t sign = pg_load(bytes.at + 4, 2);
    if (bytes.size != HEAD_BYTES + 2 * count || (sign != SIGN_PLUS && sign != SIGN_MINUS))
        return -EINVAL;
    int r = read_groups(span_part(bytes, HEAD_BYTES, SIZE_MAX), weight, &value);
    if (r < 0)
        return r;
    if (value == LIMIT && sign == SIGN_PLUS)
        return -ERANGE;
    *value_out = (int128)(sign == SIGN_MINUS ? (uint128)0 - value : value);
    return 0;
}
