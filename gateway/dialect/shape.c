/*
 * shape: see the header.
 */
#include "gateway/dialect/shape.h"

void shape_learn(struct shape *shape, struct span data, struct span inside, size_t cut_from,
                 size_t cut_to)
{
    size_t before = (size_t)(inside.at - data.at), behind = data.size - before - inside.size;

    shape->before = shape->behind = 0;
    if (before + behind > SHAPE_MAX_BYTES || (cut_to > 0 && cut_from < before + inside.size))
        return;
    memcpy(shape->text, data.at, before);
    memcpy(shape->text + before, inside.at + inside.size, behind);
    shape->before = before;
    shape->behind = behind;
    shape->cut = cut_to - cut_from;
    shape->cut_from_end = data.size - cut_from;
}

/* ASCII without quotes, backslashes and control characters: such a string ends where it seems to.
 * Eight bytes at a time; the sums carry only out of bytes that are refused anyway. */
static bool is_plain(struct span text)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = UINT64_C(0x8080808080808080);
    uint64_t bad = 0;
    size_t i = 0;

    for (; i + 8 <= text.size; i += 8) {
        uint64_t word, quote, slash;
        memcpy(&word, text.at + i, 8);
        quote = word ^ (ones * '"');
        slash = word ^ (ones * '\\');
        bad |= word | (word - ones * 0x20) | (quote - ones) | (slash - ones);
    }
    if ((bad & highs) != 0)
        return false;
    for (; i < text.size; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\')
            return false;
    }
    return true;
}

bool shape_fits(const struct shape *shape, struct span data, struct span *inside_out)
{
    size_t around = shape->before + shape->behind;

    if (around == 0 || data.size <= around || memcmp(data.at, shape->text, shape->before) != 0 ||
        memcmp(data.at + data.size - shape->behind, shape->text + shape->before, shape->behind) !=
            0)
        return false;
    *inside_out = span_part(data, shape->before, data.size - around);
    return is_plain(*inside_out);
}
