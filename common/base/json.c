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

struct scan {
    const char *begin, *at, *end;
    struct json_doc *doc;
    const struct json_limits *limits;
    uint32_t open; /* index of the innermost open container, or JSON_NONE */
    uint32_t depth;
    enum want want;
};

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

static bool is(char c, uint8_t class)
{
    return (classes[(unsigned char)c] & class) != 0;
}

static void skip_blanks(struct scan *scan)
{
    while (scan->at < scan->end && is(*scan->at, BLANK))
        scan->at++;
}

/* Adds a node that begins at scan->at; NULL when there are too many. */
static struct json_node *add_node(struct scan *scan, enum json_kind kind)
{
    struct json_doc *doc = scan->doc;

    if (doc->count >= scan->limits->max_nodes)
        return NULL;
    if (doc->count == doc->capacity) {
        doc->capacity = doc->capacity == 0 ? NODES_FIRST : doc->capacity * 2;
        doc->nodes = mem_resize(doc->nodes, doc->capacity * sizeof(*doc->nodes));
    }
    struct json_node *node = &doc->nodes[doc->count++];
    *node = (struct json_node){.at = (uint32_t)(scan->at - scan->begin),
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

static enum json_error escape(struct scan *scan)
{
    scan->at++;
    if (scan->at == scan->end)
        return JSON_SYNTAX;
    if (*scan->at != 'u') {
        if (!is(*scan->at, ESCAPE))
            return JSON_SYNTAX;
        scan->at++;
        return JSON_OK;
    }
    scan->at++;
    for (int i = 0; i < 4; i++, scan->at++) {
        if (scan->at == scan->end || !is(*scan->at, HEX))
            return JSON_SYNTAX;
    }
    return JSON_OK;
}

/* Letters of other scripts come in runs. */
static enum json_error letters(struct scan *scan)
{
    while (scan->at < scan->end && (unsigned char)*scan->at >= 0x80) {
        size_t length = json_utf8_length(scan->at, scan->end);
        if (length == 0)
            return JSON_NOT_UTF8;
        scan->at += length;
    }
    return JSON_OK;
}

/* From the opening quote to behind the closing one. */
static enum json_error string(struct scan *scan, uint8_t *escaped_out)
{
    scan->at++;
    for (;;) {
        enum json_error error = JSON_OK;
        scan->at = skip_plain(scan->at, scan->end);
        if (scan->at == scan->end)
            return JSON_SYNTAX;
        unsigned char c = (unsigned char)*scan->at;
        if (c == '"') {
            scan->at++;
            return JSON_OK;
        }
        if (c == '\\') {
            *escaped_out = 1;
            error = escape(scan);
        } else if (c < 0x20) {
            return JSON_SYNTAX;
        } else if (c < 0x80) {
            scan->at++;
        } else {
            error = letters(scan);
        }
        if (error != JSON_OK)
            return error;
    }
}

static enum json_error add_string(struct scan *scan)
{
    struct json_node *node = add_node(scan, JSON_STRING);
    if (node == NULL)
        return JSON_TOO_MANY;

    const char *begin = scan->at;
    enum json_error error = string(scan, &node->escaped);
    node->size = (uint32_t)(scan->at - begin);
    return error;
}

/* At least one digit. */
static bool digits(struct scan *scan)
{
    const char *begin = scan->at;

    while (scan->at < scan->end && is(*scan->at, DIGIT))
        scan->at++;
    return scan->at > begin;
}

static bool number(struct scan *scan)
{
    if (*scan->at == '-')
        scan->at++;
    if (scan->at < scan->end && *scan->at == '0')
        scan->at++;
    else if (!digits(scan))
        return false;
    if (scan->at < scan->end && *scan->at == '.') {
        scan->at++;
        if (!digits(scan))
            return false;
    }
    if (scan->at < scan->end && (*scan->at == 'e' || *scan->at == 'E')) {
        scan->at++;
        if (scan->at < scan->end && (*scan->at == '+' || *scan->at == '-'))
            scan->at++;
        return digits(scan);
    }
    return true;
}

static enum json_error add_number(struct scan *scan)
{
    struct json_node *node = add_node(scan, JSON_NUMBER);
    if (node == NULL)
        return JSON_TOO_MANY;

    const char *begin = scan->at;
    if (!number(scan))
        return JSON_SYNTAX;
    node->size = (uint32_t)(scan->at - begin);
    return JSON_OK;
}

static enum json_error add_word(struct scan *scan, enum json_kind kind, const char *word)
{
    size_t size = strlen(word);
    struct json_node *node = add_node(scan, kind);

    if (node == NULL)
        return JSON_TOO_MANY;
    node->size = (uint32_t)size;
    for (size_t i = 0; i < size; i++, scan->at++) {
        if (scan->at == scan->end || *scan->at != word[i])
            return JSON_SYNTAX;
    }
    return JSON_OK;
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

static enum json_error open_container(struct scan *scan, enum json_kind kind, enum want want)
{
    if (scan->depth >= scan->limits->max_depth)
        return JSON_TOO_DEEP;
    struct json_node *node = add_node(scan, kind);
    if (node == NULL)
        return JSON_TOO_MANY;
    node->size = scan->open;
    node->next = 0;
    scan->open = (uint32_t)(node - scan->doc->nodes);
    scan->depth++;
    scan->at++;
    scan->want = want;
    return JSON_OK;
}

static enum json_error close_container(struct scan *scan)
{
    struct json_doc *doc = scan->doc;
    uint32_t index = scan->open;
    struct json_node *node = &doc->nodes[index];
    uint32_t members = node->next;

    scan->at++;
    scan->open = node->size;
    scan->depth--;
    scan->want = scan->open == JSON_NONE ? WANT_NOTHING : WANT_COMMA_OR_END;
    node->size = (uint32_t)(scan->at - scan->begin) - node->at;
    node->next = doc->count;
    if (node->kind != JSON_OBJECT || members < 2)
        return JSON_OK;
    uint32_t twice =
        members <= MEMBERS_COMPARED ? compare_names(doc, index) : hash_names(doc, index, members);
    if (twice == JSON_NONE)
        return JSON_OK;
    scan->at = scan->begin + doc->nodes[twice].at;
    return JSON_DUPLICATE;
}

static enum json_error value(struct scan *scan)
{
    scan->want = scan->open == JSON_NONE ? WANT_NOTHING : WANT_COMMA_OR_END;
    switch (*scan->at) {
    case '"':
        return add_string(scan);
    case '{':
        return open_container(scan, JSON_OBJECT, WANT_NAME_OR_END);
    case '[':
        return open_container(scan, JSON_ARRAY, WANT_VALUE_OR_END);
    case 't':
        return add_word(scan, JSON_TRUE, "true");
    case 'f':
        return add_word(scan, JSON_FALSE, "false");
    case 'n':
        return add_word(scan, JSON_NULL, "null");
    default:
        return *scan->at == '-' || is(*scan->at, DIGIT) ? add_number(scan) : JSON_SYNTAX;
    }
}

static enum json_error name(struct scan *scan)
{
    if (*scan->at != '"')
        return JSON_SYNTAX;
    enum json_error error = add_string(scan);
    if (error != JSON_OK)
        return error;
    scan->doc->nodes[scan->open].next++;
    skip_blanks(scan);
    if (scan->at == scan->end || *scan->at != ':')
        return JSON_SYNTAX;
    scan->at++;
    scan->want = WANT_VALUE;
    return JSON_OK;
}

static enum json_error comma_or_end(struct scan *scan)
{
    bool object = scan->doc->nodes[scan->open].kind == JSON_OBJECT;

    if (*scan->at == (object ? '}' : ']'))
        return close_container(scan);
    if (*scan->at != ',')
        return JSON_SYNTAX;
    scan->at++;
    scan->want = object ? WANT_NAME : WANT_VALUE;
    return JSON_OK;
}

static enum json_error step(struct scan *scan)
{
    switch (scan->want) {
    case WANT_VALUE_OR_END:
        return *scan->at == ']' ? close_container(scan) : value(scan);
    case WANT_VALUE:
        return value(scan);
    case WANT_NAME_OR_END:
        return *scan->at == '}' ? close_container(scan) : name(scan);
    case WANT_NAME:
        return name(scan);
    case WANT_COMMA_OR_END:
        return comma_or_end(scan);
    case WANT_NOTHING:
        return JSON_SYNTAX;
    }
    must(false);
}

static enum json_error run(struct scan *scan)
{
    for (;;) {
        skip_blanks(scan);
        if (scan->at == scan->end)
            break;
        enum json_error error = step(scan);
        if (error != JSON_OK)
            return error;
    }
    if (scan->want == WANT_NOTHING)
        return JSON_OK;
    return scan->doc->count == 0 ? JSON_EMPTY : JSON_SYNTAX;
}

enum json_error json_parse(struct json_doc *doc, struct span text, const struct json_limits *limits)
{
    must(limits->max_bytes < UINT32_MAX && limits->max_depth < UINT16_MAX);
    doc->text = text;
    doc->count = 0;
    doc->error_at = 0;
    if (doc->capacity > NODES_KEPT)
        json_doc_done(doc);
    doc->text = text;
    if (text.size == 0)
        return JSON_EMPTY;
    if (text.size > limits->max_bytes)
        return JSON_TOO_LARGE;

    struct scan scan = {.begin = text.at,
                        .at = text.at,
                        .end = text.at + text.size,
                        .doc = doc,
                        .limits = limits,
                        .open = JSON_NONE,
                        .want = WANT_VALUE};
    enum json_error error = run(&scan);
    if (error != JSON_OK) {
        doc->error_at = (size_t)(scan.at - scan.begin);
        doc->count = 0;
    }
    return error;
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
