/*
 * negotiate: see the header.
 */
#include "gateway/edge/negotiate.h"

/* A quality in thousandths; a coding that is not named has none. */
enum { QUALITY_MAX = 1000, QUALITY_UNNAMED = -1 };

static const char *const names[CODINGS] = {
    [CODING_BROTLI] = "br", [CODING_GZIP] = "gzip", [CODING_IDENTITY] = "identity"};

const char *coding_name(enum coding coding)
{
    return coding == CODING_IDENTITY ? NULL : names[coding];
}

/* "0", "0.5", "1.000"; what is malformed counts as 0: not wanted. */
static int read_quality(struct span text)
{
    int quality, unit = QUALITY_MAX / 10;

    if (text.size == 0 || text.size > 5 || (text.at[0] != '0' && text.at[0] != '1') ||
        (text.size > 1 && text.at[1] != '.'))
        return 0;
    quality = (text.at[0] - '0') * QUALITY_MAX;
    for (size_t i = 2; i < text.size; i++, unit /= 10) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return 0;
        quality += (text.at[i] - '0') * unit;
    }
    return quality > QUALITY_MAX ? 0 : quality;
}

static int quality_of(struct span parameters)
{
    while (parameters.at != NULL) {
        struct span value = span_cut(&parameters, ';'), name = span_trim(span_cut(&value, '='));

        if (span_is_nocase(name, "q"))
            return read_quality(span_trim(value));
    }
    return QUALITY_MAX;
}

/* Reads the list; the first word on a coding holds. */
static void read_qualities(struct span list, int qualities[CODINGS])
{
    int rest = QUALITY_UNNAMED;

    while (list.at != NULL) {
        struct span parameters = span_cut(&list, ','), name = span_trim(span_cut(&parameters, ';'));
        int quality = quality_of(parameters);

        if (span_is(name, "*") && rest == QUALITY_UNNAMED)
            rest = quality;
        for (int i = 0; i < CODINGS; i++) {
            bool named = span_is_nocase(name, names[i]) ||
                         (i == CODING_GZIP && span_is_nocase(name, "x-gzip"));

            if (named && qualities[i] == QUALITY_UNNAMED)
                qualities[i] = quality;
        }
    }
    for (int i = 0; i < CODINGS; i++) {
        if (qualities[i] == QUALITY_UNNAMED)
            qualities[i] = rest;
    }
}

enum coding negotiate_coding(struct span accept_encoding, unsigned available)
{
    int qualities[CODINGS] = {QUALITY_UNNAMED, QUALITY_UNNAMED, QUALITY_UNNAMED};
    enum coding best = CODING_IDENTITY;
    int most = 0;

    read_qualities(accept_encoding, qualities);
    /* Unless it is refused, the file as it is will do, but is nobody's wish. */
    if (qualities[CODING_IDENTITY] == QUALITY_UNNAMED)
        qualities[CODING_IDENTITY] = 0;
    for (int i = 0; i < CODINGS; i++) {
        bool there = i == CODING_IDENTITY || (available & (1U << i)) != 0;

        if (there && qualities[i] > most) {
            best = (enum coding)i;
            most = qualities[i];
        }
    }
    return best;
}

bool negotiate_has(struct span if_none_match, struct span etag)
{
    while (if_none_match.at != NULL) {
        struct span tag = span_trim(span_cut(&if_none_match, ','));

        if (span_starts(tag, "W/"))
            tag = span_part(tag, 2, SIZE_MAX);
        if (span_is(tag, "*") || (tag.size > 0 && span_equal(tag, etag)))
            return true;
    }
    return false;
}
