/*
 * field: see field.h. What one value may be stands in field_check.c.
 */
#include "tenants/api/field.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/base/digest.h"
#include "common/base/json_text.h"
#include "common/base/mem.h"
#include "tenants/api/field_check.h"

enum { NAME_BYTES_MAX = 100, MESSAGE_BYTES_MAX = 1000, DECODED_BYTES_MAX = 1 << 20 };

void field_complain(struct field_complaints *complaints, struct arena *arena, struct span field,
                    const char *format, ...)
{
    char text[MESSAGE_BYTES_MAX];
    va_list arguments;

    if (complaints->count == FIELD_COMPLAINTS_MAX ||
        arena_room(arena) < 2 * (MESSAGE_BYTES_MAX + NAME_BYTES_MAX))
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    complaints->items[complaints->count++] = (struct field_complaint){
        .field = arena_span(arena, span_part(field, 0, NAME_BYTES_MAX)),
        .message = arena_span(arena, span_of(text)),
    };
}

static size_t find(const struct fields *fields, struct span name)
{
    size_t i = 0;

    while (i < fields->count && !span_is(name, fields->table[i].name))
        i++;
    return i;
}

static void complain_of_unknown(const struct fields *fields, struct span name, struct arena *arena,
                                struct field_complaints *complaints)
{
    cleanup(buf_done) struct buf known = buf_make(MESSAGE_BYTES_MAX);

    for (size_t i = 0; i < fields->count; i++)
        buf_printf(&known, "%s%s", i == 0 ? "" : ", ", fields->table[i].name);
    if (fields->count == 0)
        field_complain(complaints, arena, name, "is not known; nothing is taken here");
    else
        field_complain(complaints, arena, name, "is not known; known are %s", known.at);
}

static void forget_all(const struct fields *fields, struct field_value *values_out)
{
    for (size_t i = 0; i < fields->count; i++)
        values_out[i] = (struct field_value){.state = FIELD_ABSENT};
}

/* `seen` is what came at all: a value that was complained of is not missing too. */
static void complain_of_missing(const struct fields *fields, const bool *seen, struct arena *arena,
                                struct field_complaints *complaints)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->table[i].required && !seen[i])
            field_complain(complaints, arena, span_of(fields->table[i].name), "is missing");
    }
}

void fields_read_body(const struct fields *fields, const struct json_doc *doc, uint32_t node,
                      struct arena *arena, struct field_value *values_out,
                      struct field_complaints *complaints)
{
    bool *seen = arena_array(arena, fields->count + 1, sizeof(*seen));

    forget_all(fields, values_out);
    if (node != JSON_NONE && json_kind(doc, node) != JSON_OBJECT) {
        field_complain(complaints, arena, span_of(""), "the body must be a JSON object");
        return;
    }
    for (uint32_t name = json_first(doc, node); name != JSON_NONE;
         name = json_after(doc, node, name)) {
        struct span text;
        /* A name that does not fit the arena is none of ours. */
        if (json_string(doc, name, arena, &text) < 0)
            text = span_of("");
        size_t at = find(fields, text);
        if (at == fields->count) {
            complain_of_unknown(fields, text, arena, complaints);
            continue;
        }
        const struct field_reading reading = {&fields->table[at], arena, &values_out[at],
                                              complaints};
        seen[at] = true;
        field_check_node(&reading, doc, json_value(doc, name));
    }
    complain_of_missing(fields, seen, arena, complaints);
}

static void read_pair(const struct fields *fields, struct span pair, bool *seen,
                      const struct field_reading *where)
{
    struct span value = pair, decoded;
    struct span name = span_cut(&value, '=');

    if (!field_percent_decode(name, true, where->arena, &name)) {
        field_complain(where->complaints, where->arena, span_of(""),
                       "the query has a broken %%-escape or is not UTF-8");
        return;
    }
    size_t at = find(fields, name);
    if (at == fields->count) {
        complain_of_unknown(fields, name, where->arena, where->complaints);
    } else if (seen[at]) {
        field_complain(where->complaints, where->arena, name, "is given twice");
    } else if (!field_percent_decode(value, true, where->arena, &decoded)) {
        seen[at] = true;
        field_complain(where->complaints, where->arena, name,
                       "has a broken %%-escape, a NUL, or is not UTF-8");
    } else {
        const struct field_reading reading = {&fields->table[at], where->arena, &where->value[at],
                                              where->complaints};
        seen[at] = true;
        field_check_text(&reading, decoded);
    }
}

void fields_read_query(const struct fields *fields, struct span query, struct arena *arena,
                       struct field_value *values_out, struct field_complaints *complaints)
{
    bool *seen = arena_array(arena, fields->count + 1, sizeof(*seen));
    const struct field_reading where = {NULL, arena, values_out, complaints};

    forget_all(fields, values_out);
    while (query.size > 0) {
        struct span pair = span_cut(&query, '&');
        if (pair.size > 0)
            read_pair(fields, pair, seen, &where);
    }
    complain_of_missing(fields, seen, arena, complaints);
}

/* One character of the text, taken from it: -1 for a broken escape. */
static int next_byte(struct span *rest, bool form)
{
    char c = rest->at[0];
    uint8_t byte = (uint8_t)c;
    size_t taken = 1;

    if (c == '%') {
        if (rest->size < 3 || digest_unhex(span_make(rest->at + 1, 2), &byte, 1) < 0)
            return -1;
        taken = 3;
    } else if (c == '+' && form) {
        byte = ' ';
    }
    *rest = span_part(*rest, taken, SIZE_MAX);
    return byte;
}

static bool is_utf8(struct span text)
{
    const char *at = text.at, *end = text.at + text.size;

    while (at < end) {
        size_t length = json_utf8_length(at, end);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

bool field_percent_decode(struct span text, bool form, struct arena *arena, struct span *text_out)
{
    if (text.size > DECODED_BYTES_MAX || text.size + 1 >= arena_room(arena))
        return false;
    char *at = arena_take(arena, text.size + 1);
    struct span decoded = span_make(at, 0);
    while (text.size > 0) {
        int byte = next_byte(&text, form);
        if (byte <= 0)
            return false;
        at[decoded.size++] = (char)byte;
    }
    if (!is_utf8(decoded))
        return false;
    *text_out = decoded;
    return true;
}
