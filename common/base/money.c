/*
 * money: see money.h.
 */
#include "common/base/money.h"

#include <errno.h>
#include <string.h>

#include "common/base/decimal.h"
#include "common/base/mem.h"

#define PICO_DIGITS 12
#define PRICE_DIGITS 6 /* USD per million with 6 decimals is whole pico per unit */

static uint128 magnitude(int128 value)
{
    return value < 0 ? (uint128)0 - (uint128)value : (uint128)value;
}

int128 money_divide_half_up(int128 numerator, int128 denominator)
{
    must(denominator > 0);
    int128 quotient = numerator / denominator;
    int128 rest = numerator % denominator;

    if (rest < 0)
        rest = -rest;
    if (rest >= denominator - rest)
        quotient += numerator < 0 ? -1 : 1;
    return quotient;
}

int money_narrow(int128 value, int64_t *value_out)
{
    if (value < INT64_MIN || value > INT64_MAX)
        return -ERANGE;
    *value_out = (int64_t)value;
    return 0;
}

/* Writes the digits from the right, with a point before the last `decimals`, and at least one digit
 * before it. Returns where the text begins. */
static size_t digits_backwards(uint128 value, size_t decimals, char text[MONEY_TEXT_MAX], size_t at)
{
    size_t count = 0;

    do {
        if (count > 0 && count == decimals)
            text[--at] = '.';
        text[--at] = (char)('0' + (int)(value % 10));
        value /= 10;
        count++;
    } while (value > 0 || count <= decimals);
    return at;
}

static size_t format_scaled(int128 value, size_t decimals, bool drop_zeros, char *text_out)
{
    char text[MONEY_TEXT_MAX];
    size_t end = sizeof(text);
    size_t at = digits_backwards(magnitude(value), decimals, text, end);

    if (value < 0)
        text[--at] = '-';
    if (drop_zeros) {
        while (text[end - 1] == '0')
            end--;
        if (text[end - 1] == '.')
            end--;
    }
    memcpy(text_out, text + at, end - at);
    text_out[end - at] = '\0';
    return end - at;
}

size_t money_format(int128 pico, char text_out[MONEY_TEXT_MAX])
{
    return format_scaled(pico, PICO_DIGITS, true, text_out);
}

size_t money_format_integer(int128 value, char text_out[MONEY_TEXT_MAX])
{
    return format_scaled(value, 0, false, text_out);
}

size_t money_format_minor(int64_t minor, char text_out[MONEY_TEXT_MAX])
{
    return format_scaled(minor, 2, false, text_out);
}

int money_parse(struct span text, int64_t *pico_out)
{
    struct decimal decimal;
    int128 pico;

    if (span_index(text, 'e') >= 0 || span_index(text, 'E') >= 0)
        return -EINVAL;
    int r = decimal_parse(text, &decimal);
    if (r == 0)
        r = decimal_scaled(&decimal, PICO_DIGITS, DECIMAL_EXACT, &pico);
    return r < 0 ? r : money_narrow(pico, pico_out);
}

int money_parse_price_per_million(struct span text, int64_t *pico_per_unit_out)
{
    struct decimal decimal;
    int128 pico;

    int r = decimal_parse(text, &decimal);
    if (r == 0 && decimal.negative)
        r = -EINVAL;
    if (r == 0)
        r = decimal_scaled(&decimal, PRICE_DIGITS, DECIMAL_HALF_UP, &pico);
    return r < 0 ? r : money_narrow(pico, pico_per_unit_out);
}
