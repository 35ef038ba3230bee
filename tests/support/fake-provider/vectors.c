/*
 * vectors: see the header.
 */
#include "vectors.h"

#include <math.h>
#include <xxhash.h>

#include "answer.h"
#include "common/base/mem.h"

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_write(const void *data, size_t size, struct buf *out)
{
    size_t padded = (size + 2) / 3 * 4;
    const uint8_t *bytes = data;
    char *text = buf_reserve(out, padded);

    must(text != NULL);
    for (size_t i = 0; i < size; i += 3) {
        uint32_t word = (uint32_t)bytes[i] << 16;

        word |= i + 1 < size ? (uint32_t)bytes[i + 1] << 8 : 0;
        word |= i + 2 < size ? bytes[i + 2] : 0;
        *text++ = base64[word >> 18];
        *text++ = base64[word >> 12 & 63];
        *text++ = i + 1 < size ? base64[word >> 6 & 63] : '=';
        *text++ = i + 2 < size ? base64[word & 63] : '=';
    }
    buf_grew(out, padded);
}

/* Eight decimals, which is more than a float of this size has. */
static void write_number(float number, struct buf *out)
{
    char text[12] = "0.00000000";
    uint32_t scaled = (uint32_t)lround(fabs((double)number) * 1e8);

    if (number < 0)
        buf_add_byte(out, '-');
    text[0] = (char)('0' + scaled / 100000000 % 10);
    for (int i = 9; i > 1; i--, scaled /= 10)
        text[i] = (char)('0' + scaled % 10);
    buf_add(out, text, 10);
}

static void write_numbers(const float *numbers, size_t count, struct buf *out)
{
    buf_add_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_byte(out, ',');
        write_number(numbers[i], out);
    }
    buf_add_byte(out, ']');
}

static void make_vector(uint64_t seed, float *numbers, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++) {
        int32_t number = (int32_t)(uint32_t)(answer_mix(seed, i) >> 32);

        numbers[i] = (float)number;
        sum += (double)number * (double)number;
    }
    for (size_t i = 0; i < count; i++)
        numbers[i] = (float)(sum > 0 ? (double)numbers[i] / sqrt(sum) : 1.0);
}

void vector_write(struct span text, size_t dimensions, struct buf *out)
{
    float *numbers = mem_array(dimensions, sizeof(*numbers));

    make_vector(XXH3_64bits(text.at, text.size), numbers, dimensions);
    write_numbers(numbers, dimensions, out);
    mem_free(numbers);
}

void vector_write_base64(struct span text, size_t dimensions, struct buf *out)
{
    float *numbers = mem_array(dimensions, sizeof(*numbers));

    make_vector(XXH3_64bits(text.at, text.size), numbers, dimensions);
    base64_write(numbers, dimensions * sizeof(*numbers), out);
    mem_free(numbers);
}
