/*
 * pattern_items: see the header. One pass from left to right; a choice or a group is closed by what
 * ends it.
 */
#include "tenants/model/pattern_items.h"

#include <string.h>

enum {
    RANGES_MAX = 128, /* of one set */
    REPEATS_MAX = 255,
};
#define ENDLESS UINT32_MAX

/* ---- characters ---- */

uint32_t pattern_take(struct span *rest)
{
    unsigned char lead = (unsigned char)rest->at[0];
    size_t size = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint32_t character = size == 1 ? lead : lead & (0x7fU >> size);

    for (size_t i = 1; i < size; i++) {
        if (i >= rest->size || ((unsigned char)rest->at[i] & 0xc0) != 0x80) {
            size = 1;
            character = lead;
            break;
        }
        character = character << 6 | ((unsigned char)rest->at[i] & 0x3f);
    }
    *rest = span_part(*rest, size, rest->size);
    return character;
}

uint32_t pattern_lower(uint32_t c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static bool is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

bool pattern_is_word(uint32_t c)
{
    return is_digit(c) || (pattern_lower(c) >= 'a' && pattern_lower(c) <= 'z') || c == '_';
}

/* ---- from text to items ---- */

struct level { /* of groups */
    uint32_t atoms, choices, start;
};

struct reader {
    struct span rest;
    struct arena *arena;
    const char *why; /* NULL: nothing is wrong yet */
    struct pattern_items *items;
    uint32_t last; /* where what stands last begins */
    struct level levels[PATTERN_DEPTH_MAX];
    uint32_t depth;
};

struct ranges {
    struct pattern_range at[RANGES_MAX];
    uint16_t count;
};

static void fail(struct reader *r, const char *why)
{
    if (r->why == NULL)
        r->why = why;
}

static void put(struct reader *r, enum pattern_kind kind, uint32_t arg)
{
    if (r->items->count == PATTERN_ITEMS_MAX)
        fail(r, "is too large");
    else
        r->items->at[r->items->count++] = (struct pattern_item){kind, arg};
}

static struct level *level_of(struct reader *r)
{
    return &r->levels[r->depth];
}

/* What comes next stands behind what came: at most two of them wait to be joined. */
static void make_room(struct reader *r)
{
    if (level_of(r)->atoms > 1) {
        put(r, JOIN, 0);
        level_of(r)->atoms--;
    }
}

static void put_atom(struct reader *r, enum pattern_kind kind, uint32_t arg)
{
    make_room(r);
    r->last = r->items->count;
    put(r, kind, arg);
    level_of(r)->atoms++;
}

/* One side of a choice is complete. */
static void end_side(struct reader *r)
{
    if (level_of(r)->atoms == 0)
        put_atom(r, PASS, 0);
    for (; level_of(r)->atoms > 1; level_of(r)->atoms--)
        put(r, JOIN, 0);
}

static void end_choice(struct reader *r)
{
    end_side(r);
    for (; level_of(r)->choices > 0; level_of(r)->choices--)
        put(r, EITHER, 0);
}

static void open_group(struct reader *r)
{
    if (span_starts(r->rest, "?:"))
        r->rest = span_part(r->rest, 2, r->rest.size);
    else if (span_starts(r->rest, "?"))
        fail(r, "has a group of a kind that is not known: only ( ) and (?: ) are");
    make_room(r);
    if (r->depth + 1 == PATTERN_DEPTH_MAX) {
        fail(r, "has too many groups in one another");
        return;
    }
    r->levels[++r->depth] = (struct level){.start = r->items->count};
}

static void close_group(struct reader *r)
{
    if (r->depth == 0) {
        fail(r, "closes a group that is not open");
        return;
    }
    end_choice(r);
    r->last = level_of(r)->start;
    r->depth--;
    level_of(r)->atoms++;
}

static void add_range(struct reader *r, struct ranges *ranges, uint32_t from, uint32_t to)
{
    if (ranges->count == RANGES_MAX)
        fail(r, "is too large");
    else
        ranges->at[ranges->count++] = (struct pattern_range){from, to};
}

/* \d, \w, \s; false when it is none of these. */
static bool add_class(struct reader *r, struct ranges *ranges, uint32_t letter)
{
    if (letter == 'd' || letter == 'w')
        add_range(r, ranges, '0', '9');
    if (letter == 'w') {
        add_range(r, ranges, 'A', 'Z');
        add_range(r, ranges, 'a', 'z');
        add_range(r, ranges, '_', '_');
    }
    if (letter == 's') {
        add_range(r, ranges, '\t', '\r');
        add_range(r, ranges, ' ', ' ');
    }
    return letter == 'd' || letter == 'w' || letter == 's';
}

/* The character that is meant by a backslash and this. */
static uint32_t unescape(struct reader *r, uint32_t c)
{
    if (c == 't')
        return '\t';
    if (c == 'n')
        return '\n';
    if (c == 'r')
        return '\r';
    if (pattern_is_word(c) && c != '_')
        fail(r, "has an escape that is not known");
    return c;
}

static uint32_t take_escaped(struct reader *r)
{
    if (r->rest.size == 0) {
        fail(r, "ends in a backslash");
        return 0;
    }
    return pattern_take(&r->rest);
}

static void put_set(struct reader *r, const struct ranges *ranges, bool negated)
{
    struct pattern_range *kept;

    if (r->items->set_count == PATTERN_SETS_MAX || r->why != NULL) {
        fail(r, "is too large");
        return;
    }
    kept = arena_array(r->arena, ranges->count, sizeof(*kept));
    memcpy(kept, ranges->at, ranges->count * sizeof(*kept));
    r->items->sets[r->items->set_count] = (struct pattern_set){kept, ranges->count, negated};
    put_atom(r, SET, r->items->set_count++);
}

static void put_escape(struct reader *r)
{
    uint32_t c = take_escaped(r);
    struct ranges ranges = {.count = 0};

    if (c == 'b')
        put_atom(r, EDGE, 0);
    else if (add_class(r, &ranges, pattern_lower(c)))
        put_set(r, &ranges, c != pattern_lower(c));
    else
        put_atom(r, ONE, unescape(r, c));
}

/* One character of a set, or a class: NO_CHARACTER then. */
static uint32_t take_of_set(struct reader *r, struct ranges *ranges)
{
    uint32_t c = pattern_take(&r->rest);

    if (c != '\\')
        return c;
    c = take_escaped(r);
    return add_class(r, ranges, c) ? NO_CHARACTER : unescape(r, c);
}

/* Behind '['. A ']' that comes first is one of the set. */
static void put_brackets(struct reader *r)
{
    bool negated = span_starts(r->rest, "^");
    struct ranges ranges = {.count = 0};

    r->rest = span_part(r->rest, negated ? 1 : 0, r->rest.size);
    for (bool first = true; r->why == NULL; first = false) {
        if (r->rest.size == 0) {
            fail(r, "has a '[' that is not closed");
        } else if (!first && r->rest.at[0] == ']') {
            r->rest = span_part(r->rest, 1, r->rest.size);
            break;
        } else {
            uint32_t from = take_of_set(r, &ranges), to = from;
            if (from == NO_CHARACTER)
                continue;
            if (r->rest.size > 1 && r->rest.at[0] == '-' && r->rest.at[1] != ']') {
                r->rest = span_part(r->rest, 1, r->rest.size);
                to = take_of_set(r, &ranges);
            }
            if (to == NO_CHARACTER || to < from)
                fail(r, "has a range in '[' ']' that runs backwards");
            add_range(r, &ranges, from, to);
        }
    }
    put_set(r, &ranges, negated);
}

/* ---- repetition ---- */

static bool take_count(struct reader *r, uint32_t *count_out)
{
    uint32_t count = 0, digits = 0;

    for (; r->rest.size > 0 && is_digit((unsigned char)r->rest.at[0]) && digits < 4; digits++)
        count = count * 10 + pattern_take(&r->rest) - '0';
    *count_out = count;
    return digits > 0 && count <= REPEATS_MAX;
}

static bool take_byte(struct reader *r, char byte)
{
    if (r->rest.size == 0 || r->rest.at[0] != byte)
        return false;
    r->rest = span_part(r->rest, 1, r->rest.size);
    return true;
}

/* Writes what stands last so often: n times, and then as often as is allowed. */
static void repeat(struct reader *r, uint32_t least, uint32_t most)
{
    struct pattern_item again[PATTERN_ITEMS_MAX];
    uint32_t size = r->items->count - r->last, times = most == ENDLESS ? least + 1 : most;

    memcpy(again, &r->items->at[r->last], size * sizeof(*again));
    r->items->count = r->last;
    if (times == 0)
        put(r, PASS, 0);
    for (uint32_t i = 0; i < times && r->why == NULL; i++) {
        for (uint32_t j = 0; j < size; j++)
            put(r, again[j].kind, again[j].arg);
        if (i >= least)
            put(r, most == ENDLESS ? STAR : OPTIONAL, 0);
        if (i > 0)
            put(r, JOIN, 0);
    }
}

/* Behind '{'. */
static void put_repetition(struct reader *r)
{
    uint32_t least, most;
    bool good = take_count(r, &least);

    most = least;
    if (good && take_byte(r, ',')) {
        most = ENDLESS;
        if (r->rest.size > 0 && r->rest.at[0] != '}')
            good = take_count(r, &most) && most >= least;
    }
    if (!good || !take_byte(r, '}'))
        fail(r, "has a repetition that is none of {m}, {m,} and {m,n}, with numbers up to 255");
    else
        repeat(r, least, most);
}

static void put_quantifier(struct reader *r, uint32_t c)
{
    if (level_of(r)->atoms == 0)
        fail(r, "repeats nothing");
    else if (c == '{')
        put_repetition(r);
    else
        put(r, c == '*' ? STAR : c == '+' ? PLUS : OPTIONAL, 0);
}

static void put_character(struct reader *r, uint32_t c)
{
    if (c == '\\')
        put_escape(r);
    else if (c == '[')
        put_brackets(r);
    else if (c == '.')
        put_atom(r, ANY, 0);
    else if (c == '^')
        put_atom(r, BEGIN, 0);
    else if (c == '$')
        put_atom(r, END, 0);
    else
        put_atom(r, ONE, c);
}

static void read_items(struct reader *r)
{
    while (r->rest.size > 0 && r->why == NULL) {
        uint32_t c = pattern_take(&r->rest);

        if (c == '(') {
            open_group(r);
        } else if (c == ')') {
            close_group(r);
        } else if (c == '|') {
            end_side(r);
            level_of(r)->atoms = 0;
            level_of(r)->choices++;
        } else if (c == '*' || c == '+' || c == '?' || c == '{') {
            put_quantifier(r, c);
        } else {
            put_character(r, c);
        }
    }
    if (r->depth > 0)
        fail(r, "has a group that is not closed");
    end_choice(r);
}

const char *pattern_read_items(struct span text, struct arena *arena,
                               struct pattern_items *items_out)
{
    struct reader r = {.rest = text, .arena = arena, .items = items_out};

    items_out->count = 0;
    items_out->set_count = 0;
    read_items(&r);
    return r.why;
}
