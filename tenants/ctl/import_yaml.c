/*
 * import_yaml: see import_yaml.h.
 */
#include "tenants/ctl/import_yaml.h"

#include <ctype.h>
#include <errno.h>
#include <yaml.h>

#include "common/base/json_writer.h"
#include "common/base/mem.h"

enum { PAIRS_MAX = 4096, MERGED_MAX = 64, ANCHORS_MAX = 1000 };

/* A collection that is being written. */
struct level {
    const yaml_node_t *node;
    size_t next;
    /* Of a mapping: its own members and those merged into it, the first of a name winning. */
    yaml_node_pair_t *pairs; /* owned */
    size_t pair_count, pair_capacity;
};

struct walk {
    yaml_document_t *document;
    struct json_writer writer;
    struct level levels[IMPORT_YAML_DEPTH_MAX];
    size_t depth, steps;
    struct buf *error;
};

static int refuse(struct buf *error, const yaml_node_t *node, const char *what)
{
    if (node != NULL)
        buf_printf(error, "line %zu: ", node->start_mark.line + 1);
    buf_add_string(error, what);
    return -EINVAL;
}

static struct span scalar(const yaml_node_t *node)
{
    return span_make((const char *)node->data.scalar.value, node->data.scalar.length);
}

/* ---- scalars ---- */

static bool is_one_of(struct span text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (span_is_nocase(text, words[i]))
            return true;
    }
    return false;
}

static size_t digits(struct span text, size_t from)
{
    size_t count = 0;
    while (from + count < text.size && isdigit((unsigned char)text.at[from + count]) != 0)
        count++;
    return count;
}

/* "e-7" to the end. */
static bool is_exponent(struct span text, size_t at)
{
    if (text.at[at] != 'e' && text.at[at] != 'E')
        return false;
    at++;
    if (at < text.size && (text.at[at] == '-' || text.at[at] == '+'))
        at++;
    size_t part = digits(text, at);
    return part > 0 && at + part == text.size;
}

/* A decimal number that JSON writes likewise; others, such as 0x1f or 010, stay strings. */
static bool is_number(struct span text)
{
    size_t at = text.size > 0 && text.at[0] == '-' ? 1 : 0, whole = digits(text, at);
    if (whole == 0 || (whole > 1 && text.at[at] == '0'))
        return false;
    at += whole;
    if (at < text.size && text.at[at] == '.') {
        size_t part = digits(text, at + 1);
        if (part == 0)
            return false;
        at += part + 1;
    }
    return at == text.size || is_exponent(text, at);
}

static void write_plain(struct json_writer *writer, struct span text)
{
    static const char *const nothing[] = {"", "~", "null"};
    static const char *const yes[] = {"true", "yes", "on"};
    static const char *const no[] = {"false", "no", "off"};
    if (is_one_of(text, nothing, array_size(nothing)))
        json_write_null(writer);
    else if (is_one_of(text, yes, array_size(yes)))
        json_write_bool(writer, true);
    else if (is_one_of(text, no, array_size(no)))
        json_write_bool(writer, false);
    else if (is_number(text))
        json_write_raw(writer, text);
    else
        json_write_string(writer, text);
}

/* libyaml gives every scalar without a tag the one of strings. */
static int write_scalar(struct walk *walk, const yaml_node_t *node)
{
    const char *tag = (const char *)node->tag;
    bool ours = tag == NULL || strcmp(tag, YAML_STR_TAG) == 0;
    if (!ours && strncmp(tag, "tag:yaml.org,2002:", 18) != 0)
        return refuse(walk->error, node, "tags of its own are not read");
    if (node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        write_plain(&walk->writer, scalar(node));
    else
        json_write_string(&walk->writer, scalar(node));
    return 0;
}

/* ---- mappings ---- */

static bool is_merge(const yaml_node_t *name)
{
    return name->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && span_is(scalar(name), "<<");
}

static bool has_name(struct walk *walk, const struct level *level, const yaml_node_t *name)
{
    for (size_t i = 0; i < level->pair_count; i++) {
        const yaml_node_t *other = yaml_document_get_node(walk->document, level->pairs[i].key);
        walk->steps++;
        if (span_equal(scalar(other), scalar(name)))
            return true;
    }
    return false;
}

/* The mappings that are still to be merged into one. */
struct merges {
    const yaml_node_t *at[MERGED_MAX];
    size_t count;
};

static int add_merge(struct walk *walk, struct merges *merges, const yaml_node_t *node)
{
    if (node->type == YAML_MAPPING_NODE) {
        if (merges->count == MERGED_MAX)
            return refuse(walk->error, node, "too much is merged into one mapping");
        merges->at[merges->count++] = node;
        return 0;
    }
    if (node->type != YAML_SEQUENCE_NODE)
        return refuse(walk->error, node, "<< names no mapping");
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++) {
        const yaml_node_t *one = yaml_document_get_node(walk->document, *item);
        if (one->type != YAML_MAPPING_NODE || merges->count == MERGED_MAX)
            return refuse(walk->error, one, "<< names no mapping, or too many");
        merges->at[merges->count++] = one;
    }
    return 0;
}

static void add_pair(struct level *level, yaml_node_pair_t pair)
{
    if (level->pair_count == level->pair_capacity) {
        level->pair_capacity = level->pair_capacity == 0 ? 8 : level->pair_capacity * 2;
        level->pairs = mem_resize(level->pairs, level->pair_capacity * sizeof(*level->pairs));
    }
    level->pairs[level->pair_count++] = pair;
}

/* Takes the members of one mapping over; `own`: of the mapping itself, whose names JSON's reader
 * compares. */
static int take_pairs(struct walk *walk, struct level *level, const yaml_node_t *node, bool own,
                      struct merges *merges)
{
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *name = yaml_document_get_node(walk->document, pair->key);
        int error = 0;
        if (++walk->steps > IMPORT_YAML_STEPS_MAX)
            return refuse(walk->error, name, "its aliases make too much of it");
        if (name->type != YAML_SCALAR_NODE)
            return refuse(walk->error, name, "a member's name is no text");
        if (is_merge(name)) {
            error = add_merge(walk, merges, yaml_document_get_node(walk->document, pair->value));
            if (error != 0)
                return error;
            continue;
        }
        if (!own && has_name(walk, level, name))
            continue;
        if (level->pair_count == PAIRS_MAX)
            return refuse(walk->error, name, "a mapping has too many members");
        add_pair(level, *pair);
    }
    return 0;
}

static int open_mapping(struct walk *walk, struct level *level)
{
    struct merges merges = {.count = 0};
    int error = take_pairs(walk, level, level->node, true, &merges);
    for (size_t i = 0; error == 0 && i < merges.count; i++)
        error = take_pairs(walk, level, merges.at[i], false, &merges);
    return error;
}

/* ---- the walk ---- */

static int enter(struct walk *walk, const yaml_node_t *node)
{
    if (++walk->steps > IMPORT_YAML_STEPS_MAX)
        return refuse(walk->error, node, "its aliases make too much of it");
    if (node->type == YAML_SCALAR_NODE)
        return write_scalar(walk, node);
    if (walk->depth == IMPORT_YAML_DEPTH_MAX)
        return refuse(walk->error, node, "it is too deep");
    struct level *level = &walk->levels[walk->depth++];
    *level = (struct level){.node = node};
    json_begin(&walk->writer, node->type == YAML_MAPPING_NODE ? '{' : '[');
    return node->type == YAML_MAPPING_NODE ? open_mapping(walk, level) : 0;
}

static void leave(struct walk *walk)
{
    struct level *level = &walk->levels[--walk->depth];
    json_end(&walk->writer, level->node->type == YAML_MAPPING_NODE ? '}' : ']');
    mem_free(level->pairs);
    level->pairs = NULL;
}

/* The next value of a level, or NULL at its end; writes the name of a member. */
static const yaml_node_t *next_value(struct walk *walk, struct level *level)
{
    size_t at = level->next++;
    if (level->node->type == YAML_MAPPING_NODE) {
        if (at >= level->pair_count)
            return NULL;
        json_name_span(&walk->writer,
                       scalar(yaml_document_get_node(walk->document, level->pairs[at].key)));
        return yaml_document_get_node(walk->document, level->pairs[at].value);
    }
    const yaml_node_item_t *item = level->node->data.sequence.items.start + at;
    return item < level->node->data.sequence.items.top
               ? yaml_document_get_node(walk->document, *item)
               : NULL;
}

static int write_document(struct walk *walk)
{
    const yaml_node_t *root = yaml_document_get_root_node(walk->document);
    if (root == NULL)
        return refuse(walk->error, NULL, "there is nothing in it");
    int error = enter(walk, root);
    while (error == 0 && walk->depth > 0) {
        const yaml_node_t *value = next_value(walk, &walk->levels[walk->depth - 1]);
        if (value == NULL)
            leave(walk);
        else
            error = enter(walk, value);
        if (error == 0 && buf_failed(walk->writer.out))
            error = refuse(walk->error, value, "its aliases make too much of it");
    }
    while (walk->depth > 0)
        leave(walk);
    return error;
}

/* A second document, or the rest of a broken one, is not overlooked. */
static int read_end(yaml_parser_t *parser, struct buf *error)
{
    yaml_document_t more;
    if (yaml_parser_load(parser, &more) == 0)
        return refuse(error, NULL, "it is not valid YAML behind its first document");
    bool empty = yaml_document_get_root_node(&more) == NULL;
    yaml_document_delete(&more);
    return empty ? 0 : refuse(error, NULL, "it holds several documents");
}

static void open_parser(yaml_parser_t *parser, struct span text)
{
    must(yaml_parser_initialize(parser) != 0);
    yaml_parser_set_input_string(parser, (const unsigned char *)text.at, text.size);
}

static bool has_anchor(const yaml_event_t *event)
{
    return (event->type == YAML_SCALAR_EVENT && event->data.scalar.anchor != NULL) ||
           (event->type == YAML_MAPPING_START_EVENT && event->data.mapping_start.anchor != NULL) ||
           (event->type == YAML_SEQUENCE_START_EVENT && event->data.sequence_start.anchor != NULL);
}

/* Counts of the text itself, by its events. */
struct shape {
    size_t depth, anchors;
};

static void take_event(struct shape *shape, const yaml_event_t *event)
{
    shape->anchors += has_anchor(event);
    if (event->type == YAML_MAPPING_START_EVENT || event->type == YAML_SEQUENCE_START_EVENT)
        shape->depth++;
    else if (event->type == YAML_MAPPING_END_EVENT || event->type == YAML_SEQUENCE_END_EVENT)
        shape->depth--;
}

/* What is no YAML ends it: whoever loads it says so. */
static int check_shape(struct span text, struct buf *error)
{
    yaml_parser_t parser;
    struct shape shape = {0};
    bool more = true;
    open_parser(&parser, text);
    while (more && shape.depth <= IMPORT_YAML_DEPTH_MAX && shape.anchors <= ANCHORS_MAX) {
        yaml_event_t event;
        if (yaml_parser_parse(&parser, &event) == 0)
            break;
        take_event(&shape, &event);
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (shape.depth > IMPORT_YAML_DEPTH_MAX)
        return refuse(error, NULL, "it is too deep");
    return shape.anchors > ANCHORS_MAX ? refuse(error, NULL, "it has too many anchors") : 0;
}

/* To load it takes libyaml a time that grows with the square of the depth and of the anchors, so
 * these are looked at before. */
int import_yaml(struct span text, struct buf *out, struct buf *error)
{
    yaml_parser_t parser;
    yaml_document_t document;
    if (check_shape(text, error) != 0)
        return -EINVAL;
    open_parser(&parser, text);
    if (yaml_parser_load(&parser, &document) == 0) {
        buf_printf(error, "line %zu: it is not valid YAML: %s", parser.problem_mark.line + 1,
                   parser.problem == NULL ? "it can't be read" : parser.problem);
        yaml_parser_delete(&parser);
        return -EINVAL;
    }
    struct walk walk = {.document = &document, .writer = json_writer_make(out), .error = error};
    int result = write_document(&walk);
    if (result == 0)
        result = read_end(&parser, error);
    yaml_document_delete(&document);
    yaml_parser_delete(&parser);
    return result;
}
