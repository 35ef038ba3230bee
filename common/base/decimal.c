/*
 * decimal: see decimal.h.
 */
#include "common/base/decimal.h"

#include <errno.h>

#define EXPONENT_CLIP INT64_C(1000000000000000)
#define DIGITS_MAX 38

static struct span take_digits(struct span *rest)
{
    size_t size = 0;

    while (size < rest->size && rest->at[size] >= '0' && rest->at[size] <= '9')
        size++;
    struct span digits = span_make(rest->at, size);
    *rest = span_make(rest->at + size, rest->size - size);
    return digits;
}

static bool take_byte(struct span *rest, char a, char b)
{
    if (rest->size == 0 || (rest->at[0] != a && rest->at[0] != b))
        return false;
    rest->at++;
    rest->size--;
    return true;
}

static int take_exponent(struct span *rest, int64_t *exponent_out)
{
    bool minus = false;

    if (take_byte(rest, '-', '-'))
        minus = true;
    else
        (void)take_byte(rest, '+', '+');
    struct span digits = take_digits(rest);
    if (digits.size == 0)
        return -EINVAL;
    int64_t value = 0;
    for (size_t i = 0; i < digits.size; i++) {
        value = value * 10 + (digits.at[i] - '0');
        if (value > EXPONENT_CLIP)
            value = EXPONENT_CLIP;
    }
    *exponent_out = minus ? -value : value;
    return 0;
}

int decimal_parse(struct span text, struct decimal *decimal_out)
{
    struct decimal decimal = {.negative = false};

    if (text.size == 0)
        return -EINVAL;
    decimal.negative = take_byte(&text, '-', '-');
    decimal.whole = take_digits(&text);
    decimal.fraction = span_make(text.at, 0);
    if (decimal.whole.size == 0)
        return -EINVAL;
    if (take_byte(&text, '.', '.')) {
        decimal.fraction = take_digits(&text);
        if (decimal.fraction.size == 0)
            return -EINVAL;
    }
    if (take_byte(&text, 'e', 'E') && take_exponent(&text, &decimal.exponent) < 0)
        return -EINVAL;
    if (text.size > 0)
        return -EINVAL;
    *decimal_out = decimal;
    return 0;
}

static int digit_at(const struct decimal *decimal, size_t i)
{
    if (i < decimal->whole.size)
        return decimal->whole.at[i] - '0';
    return decimal->fraction.at[i - decimal->whole.size] - '0';
}

static size_t digit_count(const struct decimal *decimal)
{
    return decimal->whole.size + decimal->fraction.size;
}

/* What is cut off behind digit i: whether it is at least a half, and whether it is anything. */
static void look_at_rest(const struct decimal *decimal, size_t i, bool first_is_tenth,
                         bool *half_out, bool *any_out)
{
    size_t count = digit_count(decimal);

    *half_out = first_is_tenth && i < count && digit_at(decimal, i) >= 5;
    *any_out = false;
    for (; i < count; i++)
        *any_out = *any_out || digit_at(decimal, i) != 0;
}

int decimal_scaled(const struct decimal *decimal, int scale, enum decimal_rounding rounding,
                   int128 *value_out)
{
    size_t count = digit_count(decimal), i = 0;
    int128 value = 0;
    bool half, any;

    while (i < count && digit_at(decimal, i) == 0)
        i++;
    /* The power of ten of the first digit that counts. */
    int64_t power = (int64_t)decimal->whole.size - 1 - (int64_t)i + decimal->exponent + scale;
    if (i < count && power >= DIGITS_MAX)
        return -ERANGE;
    for (; i < count && power >= 0; power--)
        value = value * 10 + digit_at(decimal, i++);
    look_at_rest(decimal, i, power == -1, &half, &any);
    for (; value != 0 && power >= 0; power--)
        value *= 10;
    if (rounding == DECIMAL_EXACT && any)
        return -EINVAL;
    if (rounding == DECIMAL_HALF_UP && half)
        value++;
    *value_out = decimal->negative ? -value : value;
    return 0;
}
