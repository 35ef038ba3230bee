/*
 * json: the scanner; see json.h. The accessors stand in json_value.c.
 *
 * No recursion and no stack of its own: while a container is open, `size` of its node holds the
 * index of the container around it and `next` counts its members; both get their meaning when it
 * closes.
 */
#include "common/base/json.h"

#include <string.h>

#include "common/base/json_text.h"
#include "common/base/map.h"
#include "common/base/mem.h"

#define NODES_FIRST 64u
#define NODES_KEPT 16384u /* a document that held more lets them go at its next use */
#define MEMBERS_COMPARED 8u

const struct json_limits json_limits_body = {
    .max_bytes = 32u << 20, .max_depth = 64, .max_nodes = 400000};

/* What may come next. */
enum want {
    WANT_VALUE,
    WANT_VALUE_OR_END, /* behind [ */
    WANT_NAME,
    WANT_NAME_OR_END, /* behind { */
    WANT_COMMA_OR_END,
    WANT_NOTHING, /* the root is complete */
};

/* The functions below take the place to read from and return the place behind what they read, or
 * NULL after fail(): a place that is kept here would be stored and loaded again for every byte. */
struct scan {
    const char *begin, *end;
    struct json_doc *doc;
    uint32_t max_nodes, max_depth;
    uint32_t open; /* index of the innermost open container, or JSON_NONE */
    uint32_t depth;
    enum want want;
    enum json_error error;
    const char *error_at;
};

static const char *fail(struct scan *scan, const char *at, enum json_error error)
{
    scan->error = error;
    scan->error_at = at;
    return NULL;
}

/* What a byte begins or is. */
enum { BLANK = 1, DIGIT = 2, HEX = 4, ESCAPE = 8 };
static const uint8_t classes[256] = {
    [' '] = BLANK,       ['\t'] = BLANK,      ['\n'] = BLANK,      ['\r'] = BLANK,
    ['0'] = DIGIT | HEX, ['1'] = DIGIT | HEX, ['2'] = DIGIT | HEX, ['3'] = DIGIT | HEX,
    ['4'] = DIGIT | HEX, ['5'] = DIGIT | HEX, ['6'] = DIGIT | HEX, ['7'] = DIGIT | HEX,
    ['8'] = DIGIT | HEX, ['9'] = DIGIT | HEX, ['a'] = HEX,         ['b'] = HEX | ESCAPE,
    ['c'] = HEX,         ['d'] = HEX,         ['e'] = HEX,         ['f'] = HEX | ESCAPE,
    ['A'] = HEX,         ['B'] = HEX,         ['C'] = HEX,         ['D'] = HEX,
    ['E'] = HEX,         ['F'] = HEX,         ['"'] = ESCAPE,      ['\\'] = ESCAPE,
    ['/'] = ESCAPE,      ['n'] = ESCAPE,      ['r'] = ESCAPE,      ['t'] = ESCAPE,
};

static inline bool is(char c, uint8_t class)
{
    return (classes[(unsigned char)c] & class) != 0;
}

static inline const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && is(*at, BLANK))
        at++;
    return at;
}

/* Doubles the room for nodes; false at the limit. */
static bool grow(struct scan *scan)
{
    struct json_doc *doc = scan->doc;
    uint32_t capacity = doc->capacity == 0 ? NODES_FIRST : doc->capacity * 2;

    if (doc->count >= scan->max_nodes)
        return false;
    if (doc->count == doc->capacity) {
        doc->nodes = mem_resize(doc->nodes, capacity * sizeof(*doc->nodes));
        doc->capacity = capacity;
    }
    return true;
}

/* Adds a node that begins at `at`; NULL, having failed, when there are too many. */
static inline struct json_node *add_node(struct scan *scan, const char *at, enum json_kind kind)
{
    struct json_doc *doc = scan->doc;

    if ((doc->count == doc->capacity || doc->count >= scan->max_nodes) && !grow(scan)) {
        (void)fail(scan, at, JSON_TOO_MANY);
        return NULL;
    }
    struct json_node *node = &doc->nodes[doc->count++];
    *node = (struct json_node){.at = (uint32_t)(at - scan->begin),
                               .next = doc->count,
                               .kind = (uint8_t)kind,
                               .depth = (uint16_t)scan->depth};
    return node;
}

typedef uint8_t lanes __attribute__((vector_size(16)));
typedef uint64_t halves __attribute__((vector_size(16)));
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the lowest");

/* Skips plain ASCII, 16 bytes at a time: stops at a quote, a backslash, a control character, a byte
 * above 0x7f or fewer than 16 bytes before the end. */
static inline const char *skip_plain(const char *at, const char *end)
{
    while (end - at >= 16) {
        lanes text;
        memcpy(&text, at, sizeof(text));
        /* A byte in 0x20..0x7f is below 0x60 when 0x20 is taken away, every other is not. */
        halves stops =
            (halves)((lanes)(text == '"') | (lanes)(text == '\\') | (lanes)(text - 0x20 >= 0x60));
        if ((stops[0] | stops[1]) != 0) {
            int bits = stops[0] != 0 ? __builtin_ctzll(stops[0]) : 64 + __builtin_ctzll(stops[1]);
            return at + bits / 8;
        }
        at += 16;
    }
    return at;
}

static const char *escape(struct scan *scan, const char *at)
{
    at++;
    if (at == scan->end)
        return fail(scan, at, JSON_SYNTAX);
    if (*at != 'u')
        return is(*at, ESCAPE) ? at + 1 : fail(scan, at, JSON_SYNTAX);
    at++;
    for (int i = 0; i < 4; i++, at++) {
        if (at == scan->end || !is(*at, HEX))
            return fail(scan, at, JSON_SYNTAX);
    }
    return at;
}

/* json_utf8_length() with a short way for characters of two and three bytes: one comparison for the
 * form of all bytes, one that keeps out overlong forms and surrogates. */
static inline size_t letter_length(const char *at, const char *end)
{
    uint32_t word;

    if (end - at >= 4) {
        memcpy(&word, at, sizeof(word));
        uint32_t edge = word & 0x200f;
        if ((word & 0x00c0c0f0) == 0x008080e0 && edge != 0 && edge != 0x200d)
            return 3;
        if ((word & 0xc0e0) == 0x80c0 && (word & 0x1e) != 0)
            return 2;
    }
    return json_utf8_length(at, end);
}

/* Letters of other scripts come in runs. */
static const char *letters(struct scan *scan, const char *at)
{
    while (at < scan->end && (unsigned char)*at >= 0x80) {
        size_t length = letter_length(at, scan->end);
        if (length == 0)
            return fail(scan, at, JSON_NOT_UTF8);
        at += length;
    }
    return at;
}

/* From the opening quote to behind the closing one. */
static inline const char *string(struct scan *scan, const char *at, uint8_t *escaped_out)
{
    const char *end = scan->end;

    at++;
    while (at != NULL) {
        at = skip_plain(at, end);
        if (at == end)
            return fail(scan, at, JSON_SYNTAX);
        unsigned char c = (unsigned char)*at;
        if (c == '"')
            return at + 1;
        if (c == '\\') {
            *escaped_out = 1;
            at = escape(scan, at);
        } else if (c < 0x20) {
            return fail(scan, at, JSON_SYNTAX);
        } else if (c < 0x80) {
            at++;
        } else {
            at = letters(scan, at);
        }
    }
    return NULL;
}

static const char *add_string(struct scan *scan, const char *at)
{
    struct json_node *node = add_node(scan, at, JSON_STRING);
    if (node == NULL)
        return NULL;

    const char *behind = string(scan, at, &node->escaped);
    node->size = (uint32_t)((behind == NULL ? at : behind) - at);
    return behind;
}

/* At least one digit. */
static inline const char *digits(struct scan *scan, const char *at)
{
    if (at == scan->end || !is(*at, DIGIT))
        return fail(scan, at, JSON_SYNTAX);
    while (at < scan->end && is(*at, DIGIT))
        at++;
    return at;
}

static inline bool here(const struct scan *scan, const char *at, char a, char b)
{
    return at < scan->end && (*at == a || *at == b);
}

static const char *number(struct scan *scan, const char *at)
{
    if (*at == '-')
        at++;
    at = here(scan, at, '0', '0') ? at + 1 : digits(scan, at);
    if (at != NULL && here(scan, at, '.', '.'))
        at = digits(scan, at + 1);
    if (at == NULL || !here(scan, at, 'e', 'E'))
        return at;
    at++;
    return digits(scan, here(scan, at, '+', '-') ? at + 1 : at);
}

static const char *add_number(struct scan *scan, const char *at)
{
    struct json_node *node = add_node(scan, at, JSON_NUMBER);
    if (node == NULL)
        return NULL;

    const char *behind = number(scan, at);
    node->size = (uint32_t)((behind == NULL ? at : behind) - at);
    return behind;
}

static const char *add_word(struct scan *scan, const char *at, enum json_kind kind,
                            const char *word)
{
    struct json_node *node = add_node(scan, at, kind);

    if (node == NULL)
        return NULL;
    for (; *word != '\0'; word++, at++) {
        if (at == scan->end || *at != *word)
            return fail(scan, at, JSON_SYNTAX);
        node->size++;
    }
    return at;
}

static struct span name_inside(const struct json_doc *doc, uint32_t name)
{
    const struct json_node *node = &doc->nodes[name];

    return span_make(doc->text.at + node->at + 1, node->size - 2);
}

static bool same_name(const struct json_doc *doc, uint32_t a, uint32_t b)
{
    if ((doc->nodes[a].escaped | doc->nodes[b].escaped) == 0)
        return span_equal(name_inside(doc, a), name_inside(doc, b));
    return json_text_equal(name_inside(doc, a), name_inside(doc, b));
}

/* Index of the first name that stood before, or JSON_NONE. */
static uint32_t compare_names(const struct json_doc *doc, uint32_t object)
{
    uint32_t names[MEMBERS_COMPARED];
    uint32_t count = 0;

    for (uint32_t name = object + 1; name < doc->count; name = doc->nodes[name + 1].next) {
        for (uint32_t i = 0; i < count; i++) {
            if (same_name(doc, names[i], name))
                return name;
        }
        names[count++] = name;
    }
    return JSON_NONE;
}

static uint64_t name_hash(const struct json_doc *doc, uint32_t name, struct buf *decoded)
{
    if (doc->nodes[name].escaped == 0)
        return map_hash(name_inside(doc, name));
    buf_clear(decoded);
    must(json_unescape(name_inside(doc, name), decoded) == 0);
    return map_hash(buf_span(decoded));
}

/* The same by a table of node indices (0 is free: the root is no name), seeded against names chosen
 * to collide. */
static uint32_t hash_names(struct json_doc *doc, uint32_t object, uint32_t members)
{
    struct buf decoded = buf_make(doc->text.size * 2);
    uint32_t slots = 32, found = JSON_NONE;

    while (slots < members * 2)
        slots *= 2;
    if (slots > doc->table_capacity) {
        doc->table = mem_resize(doc->table, slots * sizeof(*doc->table));
        doc->table_capacity = slots;
    }
    memset(doc->table, 0, slots * sizeof(*doc->table));
    for (uint32_t name = object + 1; name < doc->count && found == JSON_NONE;
         name = doc->nodes[name + 1].next) {
        uint32_t at = (uint32_t)name_hash(doc, name, &decoded) & (slots - 1);
        while (doc->table[at] != 0 && !same_name(doc, doc->table[at], name))
            at = (at + 1) & (slots - 1);
        if (doc->table[at] != 0)
            found = name;
        doc->table[at] = name;
    }
    buf_done(&decoded);
    return found;
}

static const char *open_container(struct scan *scan, const char *at, enum json_kind kind,
                                  enum want want)
{
    if (scan->depth >= scan->max_depth)
        return fail(scan, at, JSON_TOO_DEEP);
    struct json_node *node = add_node(scan, at, kind);
    if (node == NULL)
        return NULL;
    node->size = scan->open;
    node->next = 0;
    scan->open = scan->doc->count - 1;
    scan->depth++;
    scan->want = want;
    return at + 1;
}

static const char *close_container(struct scan *scan, const char *at)
{
    struct json_doc *doc = scan->doc;
    uint32_t index = scan->open;
    struct json_node *node = &doc->nodes[index];
    uint32_t members = node->next;

    at++;
    scan->open = node->size;
    scan->depth--;
    scan->want = scan->open == JSON_NONE ? WANT_NOTHING : WANT_COMMA_OR_END;
    node->size = (uint32_t)(at - scan->begin) - node->at;
    node->next = doc->count;
    if (members < 2) /* arrays count none */
        return at;
    uint32_t twice =
        members <= MEMBERS_COMPARED ? compare_names(doc, index) : hash_names(doc, index, members);
    return twice == JSON_NONE ? at : fail(scan, scan->begin + doc->nodes[twice].at, JSON_DUPLICATE);
}

static const char *value(struct scan *scan, const char *at)
{
    scan->want = scan->open == JSON_NONE ? WANT_NOTHING : WANT_COMMA_OR_END;
    switch (*at) {
    case '"':
        return add_string(scan, at);
    case '{':
        return open_container(scan, at, JSON_OBJECT, WANT_NAME_OR_END);
    case '[':
        return open_container(scan, at, JSON_ARRAY, WANT_VALUE_OR_END);
    case 't':
        return add_word(scan, at, JSON_TRUE, "true");
    case 'f':
        return add_word(scan, at, JSON_FALSE, "false");
    case 'n':
        return add_word(scan, at, JSON_NULL, "null");
    default:
        return *at == '-' || is(*at, DIGIT) ? add_number(scan, at) : fail(scan, at, JSON_SYNTAX);
    }
}

static const char *name(struct scan *scan, const char *at)
{
    if (*at != '"')
        return fail(scan, at, JSON_SYNTAX);
    at = add_string(scan, at);
    if (at == NULL)
        return NULL;
    scan->doc->nodes[scan->open].next++;
    at = skip_blanks(at, scan->end);
    if (at == scan->end || *at != ':')
        return fail(scan, at, JSON_SYNTAX);
    scan->want = WANT_VALUE;
    return at + 1;
}

static const char *comma_or_end(struct scan *scan, const char *at)
{
    bool object = scan->doc->nodes[scan->open].kind == JSON_OBJECT;

    if (*at == (object ? '}' : ']'))
        return close_container(scan, at);
    if (*at != ',')
        return fail(scan, at, JSON_SYNTAX);
    scan->want = object ? WANT_NAME : WANT_VALUE;
    return at + 1;
}

static inline const char *step(struct scan *scan, const char *at)
{
    switch (scan->want) {
    case WANT_VALUE_OR_END:
        return *at == ']' ? close_container(scan, at) : value(scan, at);
    case WANT_VALUE:
        return value(scan, at);
    case WANT_NAME_OR_END:
        return *at == '}' ? close_container(scan, at) : name(scan, at);
    case WANT_NAME:
        return name(scan, at);
    case WANT_COMMA_OR_END:
        return comma_or_end(scan, at);
    case WANT_NOTHING:
        return fail(scan, at, JSON_SYNTAX);
    }
    must(false);
}

static void run(struct scan *scan)
{
    const char *at = skip_blanks(scan->begin, scan->end);

    while (at < scan->end) {
        at = step(scan, at);
        if (at == NULL)
            return;
        at = skip_blanks(at, scan->end);
    }
    if (scan->want != WANT_NOTHING)
        (void)fail(scan, at, scan->doc->count == 0 ? JSON_EMPTY : JSON_SYNTAX);
}

enum json_error json_parse(struct json_doc *doc, struct span text, const struct json_limits *limits)
{
    must(limits->max_bytes < UINT32_MAX && limits->max_depth < UINT16_MAX);
    if (doc->capacity > NODES_KEPT)
        json_doc_done(doc);
    doc->text = text;
    doc->count = 0;
    doc->error_at = 0;
    if (text.size == 0)
        return JSON_EMPTY;
    if (text.size > limits->max_bytes)
        return JSON_TOO_LARGE;

    struct scan scan = {.begin = text.at,
                        .end = text.at + text.size,
                        .doc = doc,
                        .max_nodes = limits->max_nodes,
                        .max_depth = limits->max_depth,
                        .open = JSON_NONE,
                        .want = WANT_VALUE,
                        .error = JSON_OK};
    run(&scan);
    if (scan.error != JSON_OK) {
        doc->error_at = (size_t)(scan.error_at - scan.begin);
        doc->count = 0;
    }
    return scan.error;
}

struct json_doc json_doc_make(void)
{
    return (struct json_doc){.count = 0};
}

void json_doc_done(struct json_doc *doc)
{
    mem_free(doc->nodes);
    mem_free(doc->table);
    *doc = json_doc_make();
}

const char *json_error_text(enum json_error error)
{
    static const char *const texts[] = {
        [JSON_OK] = "is valid JSON",
        [JSON_EMPTY] = "is empty",
        [JSON_SYNTAX] = "is not valid JSON",
        [JSON_NOT_UTF8] = "is not valid UTF-8",
        [JSON_DUPLICATE] = "has a duplicate member",
        [JSON_TOO_DEEP] = "is nested too deeply",
        [JSON_TOO_LARGE] = "is too large",
        [JSON_TOO_MANY] = "has too many values",
    };

    return texts[error];
}
