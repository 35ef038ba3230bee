/*
 * answer: see the header.
 */
#include "answer.h"

#include "common/base/json_writer.h"

uint64_t answer_mix(uint64_t seed, uint64_t index)
{
    uint64_t z = seed + (index + 1) * UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* Some words are not ASCII, so that every answer of some length tries the splits of UTF-8. */
static const char *const words[] = {
    "gate",   "toll",    "river",  "ledger",  "copper", "bridge",  "morning", "paper",
    "signal", "garden",  "window", "harbor",  "silver", "candle",  "meadow",  "engine",
    "größe",  "token",   "stream", "answer",  "anchor", "button",  "winter",  "marble",
    "café",   "violet",  "thread", "orchard", "pepper", "lantern", "quiet",   "bright",
    "東京",   "carries", "opens",  "holds",   "counts", "follows", "keeps",   "turns",
    "naïve",  "under",   "over",   "beside",  "toward", "within",  "without", "between",
    "🙂",   "slowly",  "often",  "never",   "always", "rarely",  "softly",  "again",
    "and",    "then",    "while",  "because", "where",  "until",   "a",       "the",
};

#define OPENING "This answer is invented by the Tollgate sandbox provider."

void answer_prose(uint64_t seed, size_t bytes, struct buf *out)
{
    size_t start = out->size, end = start + bytes;

    buf_add_string(out, OPENING);
    for (uint64_t i = 0; out->size < end; i++) {
        const char *word = words[answer_mix(seed, i) % array_size(words)];

        buf_add_byte(out, ' ');
        buf_add_string(out, word);
        if (answer_mix(seed, i) >> 60 == 0)
            buf_add_byte(out, '.');
    }
    out->size = start + answer_cut(span_make(out->at + start, out->size - start), bytes);
}

size_t answer_cut(struct span text, size_t bytes)
{
    if (text.size <= bytes)
        return text.size;
    while (bytes > 0 && ((unsigned char)text.at[bytes] & 0xC0) == 0x80)
        bytes--;
    return bytes;
}

#define PIECE_BYTES_MAX 24

size_t answer_piece(struct span text)
{
    size_t size = 0;

    while (size < text.size && text.at[size] == ' ')
        size++;
    while (size < text.size && text.at[size] != ' ')
        size++;
    if (size <= PIECE_BYTES_MAX)
        return size;
    size = answer_cut(text, PIECE_BYTES_MAX);
    return size == 0 ? text.size : size;
}
