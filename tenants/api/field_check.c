/*
 * field_check: see field_check.h. Bounds that a row leaves open stand here, once.
 */
#include "tenants/api/field_check.h"

#include <errno.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/decimal.h"
#include "common/base/json_text.h"

enum {
    TEXT_CHARACTERS = 1000,
    EMAIL_BYTES = 254,
    EMAIL_NAME_BYTES = 64,
    USD_WHOLE = 9000000, /* an int64 of pico holds it */
    ITEMS = 100,
    ITEM_CHARACTERS = 200,
};

#define complain(reading, ...)                                                                     \
    field_complain((reading)->complaints, (reading)->arena, span_of((reading)->field->name),       \
                   __VA_ARGS__)

static bool unbounded(const struct field *field)
{
    return field->min == 0 && field->max == 0;
}

/* ---- characters ---- */

struct characters {
    size_t count;
    bool controls, visible;
};

/* C0 but tab and newline, DEL, and C1, which UTF-8 writes as C2 80 to C2 9F. */
static bool is_control(const char *at, size_t length)
{
    unsigned char first = (unsigned char)at[0];

    if (length == 1)
        return (first < 0x20 && first != '\t' && first != '\n') || first == 0x7f;
    return length == 2 && first == 0xc2 && (unsigned char)at[1] < 0xa0;
}

/* False when it is not UTF-8. */
static bool count_characters(struct span text, struct characters *characters_out)
{
    const char *at = text.at, *end = text.at + text.size;
    struct characters found = {0};

    while (at < end) {
        size_t length = json_utf8_length(at, end);
        if (length == 0)
            return false;
        found.controls |= is_control(at, length);
        found.visible |= length > 1 || (unsigned char)*at > ' ';
        found.count++;
        at += length;
    }
    *characters_out = found;
    return true;
}

static void check_string(const struct field_reading *reading, struct span text)
{
    const struct field *field = reading->field;
    size_t min = (size_t)field->min;
    size_t max = unbounded(field) ? TEXT_CHARACTERS : (size_t)field->max;
    struct characters has;

    if (!count_characters(text, &has))
        complain(reading, "is not UTF-8");
    else if (has.count < min || has.count > max)
        complain(reading, "has %zu characters; %zu to %zu are allowed", has.count, min, max);
    else if (has.controls)
        complain(reading, "holds control characters; only tab and newline are allowed");
    else if (min > 0 && !has.visible && field->type != FIELD_SECRET)
        complain(reading, "holds nothing but blanks");
    else
        *reading->value = (struct field_value){.state = FIELD_SET, .text = text};
}

/* ---- types that are told as text ---- */

/* A name, one @, and labels with points between them: what mail is not sent without. */
static bool is_email(struct span text)
{
    struct span domain = text;
    struct span name = span_cut(&domain, '@');

    if (text.size > EMAIL_BYTES || name.size == 0 || name.size > EMAIL_NAME_BYTES)
        return false;
    if (domain.size == 0 || span_index(domain, '@') >= 0)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if ((unsigned char)text.at[i] <= ' ' || strchr("\"(),:;<>[]\\\x7f", text.at[i]) != NULL)
            return false;
    }
    while (domain.at != NULL) {
        struct span label = span_cut(&domain, '.');
        if (label.size == 0 || label.at[0] == '-' || label.at[label.size - 1] == '-')
            return false;
    }
    return true;
}

static void check_email(const struct field_reading *reading, struct span text)
{
    struct characters has;

    if (count_characters(text, &has) && !has.controls && is_email(text))
        *reading->value = (struct field_value){.state = FIELD_SET, .text = text};
    else
        complain(reading, "must be an e-mail address such as name@example.com, at most %d bytes",
                 EMAIL_BYTES);
}

static void complain_of_choice(const struct field_reading *reading)
{
    char allowed[600];
    size_t size = 0;

    for (const char *c = reading->field->choices; *c != '\0' && size + 3 < sizeof(allowed); c++) {
        if (*c == '|') {
            allowed[size++] = ',';
            allowed[size++] = ' ';
        } else {
            allowed[size++] = *c;
        }
    }
    allowed[size] = '\0';
    complain(reading, "must be one of %s", allowed);
}

static void check_choice(const struct field_reading *reading, struct span text)
{
    struct span rest = span_of(reading->field->choices);

    for (int i = 0; rest.at != NULL; i++) {
        if (span_equal(span_cut(&rest, '|'), text)) {
            *reading->value = (struct field_value){.state = FIELD_SET, .choice = i};
            return;
        }
    }
    complain_of_choice(reading);
}

static void check_usd(const struct field_reading *reading, struct span text)
{
    const struct field *field = reading->field;
    int64_t min = field->min, max = unbounded(field) ? USD_WHOLE : field->max;
    struct decimal decimal;
    int128 pico = 0;
    bool told = span_index(text, 'e') < 0 && span_index(text, 'E') < 0 &&
                decimal_parse(text, &decimal) == 0;
    int r = told ? decimal_scaled(&decimal, 12, DECIMAL_EXACT, &pico) : -EINVAL;

    if (r == -EINVAL)
        complain(reading, "must be USD as a decimal string such as \"12.50\", with at most 12 "
                          "decimals");
    else if (r < 0 || pico < (int128)min * PICO_PER_UNIT || pico > (int128)max * PICO_PER_UNIT)
        complain(reading, "must be from %lld to %lld USD", (long long)min, (long long)max);
    else
        *reading->value = (struct field_value){.state = FIELD_SET, .pico = pico};
}

static void check_time(const struct field_reading *reading, struct span text)
{
    int64_t unix_ms;

    if (text.size > 0 && clock_parse(text.at, text.size, &unix_ms) == 0)
        *reading->value = (struct field_value){.state = FIELD_SET, .number = unix_ms};
    else
        complain(reading, "must be a time with a zone such as 2026-11-21T10:00:00Z (RFC 3339)");
}

static void check_id(const struct field_reading *reading, struct span text)
{
    char example[ID_TEXT_SIZE];
    struct uuid id;

    /* The zero id is nobody's, and means "none" to the store. */
    if (id_parse(reading->field->id, text, &id) == 0 && !uuid_is_zero(id)) {
        *reading->value = (struct field_value){.state = FIELD_SET, .id = id};
        return;
    }
    id_format(reading->field->id, (struct uuid){{0}}, example);
    struct span rest = span_of(example);
    struct span prefix = span_cut(&rest, '_');
    complain(reading, "must be an id: %.*s_ and 26 characters", SPAN_ARG(prefix));
}

static void check_int(const struct field_reading *reading, int r, int64_t number)
{
    const struct field *field = reading->field;
    int64_t min = unbounded(field) ? INT64_MIN : field->min;
    int64_t max = unbounded(field) ? INT64_MAX : field->max;

    if (r == 0 && number >= min && number <= max)
        *reading->value = (struct field_value){.state = FIELD_SET, .number = number};
    else if (unbounded(field))
        complain(reading, "must be a whole number");
    else
        complain(reading, "must be a whole number from %lld to %lld", (long long)min,
                 (long long)max);
}

static void check_bool(const struct field_reading *reading, int r, bool flag)
{
    if (r == 0)
        *reading->value = (struct field_value){.state = FIELD_SET, .flag = flag};
    else
        complain(reading, "must be true or false");
}

/* ---- arrays of texts ---- */

static size_t items_max(const struct field *field)
{
    return unbounded(field) ? ITEMS : (size_t)field->max;
}

/* Whether the item may stand behind those before it. */
static bool check_item(const struct field_reading *reading, const struct span *items, size_t count)
{
    struct characters has;
    struct span text = items[count];

    if (!count_characters(text, &has) || has.controls || has.count < 1 ||
        has.count > ITEM_CHARACTERS) {
        complain(reading, "item %zu must have 1 to %d characters and no control characters",
                 count + 1, ITEM_CHARACTERS);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (span_equal(items[i], text)) {
            complain(reading, "item %zu stands there already", count + 1);
            return false;
        }
    }
    return true;
}

static void set_texts(const struct field_reading *reading, const struct span *items, size_t count)
{
    size_t min = (size_t)reading->field->min;

    if (count < min) {
        complain(reading, "has %zu items; %zu to %zu are allowed", count, min,
                 items_max(reading->field));
        return;
    }
    *reading->value = (struct field_value){
        .state = FIELD_SET,
        .texts = {.items = items, .count = count},
    };
}

static struct span *take_items(const struct field_reading *reading, size_t count)
{
    if (count <= items_max(reading->field) &&
        (count + 1) * sizeof(struct span) < arena_room(reading->arena))
        return arena_array(reading->arena, count + 1, sizeof(struct span));
    complain(reading, "has %zu items; at most %zu are allowed", count, items_max(reading->field));
    return NULL;
}

static void check_texts_of_query(const struct field_reading *reading, struct span text)
{
    size_t count = text.size > 0 ? 1 : 0;

    for (size_t i = 0; i < text.size; i++)
        count += text.at[i] == ',' ? 1 : 0;
    struct span *items = take_items(reading, count);
    for (size_t i = 0; items != NULL && i < count; i++) {
        items[i] = span_cut(&text, ',');
        if (!check_item(reading, items, i))
            return;
    }
    if (items != NULL)
        set_texts(reading, items, count);
}

static void check_texts_of_body(const struct field_reading *reading, const struct json_doc *doc,
                                uint32_t node)
{
    if (json_kind(doc, node) != JSON_ARRAY) {
        complain(reading, "must be an array of strings");
        return;
    }
    struct span *items = take_items(reading, json_count(doc, node));
    size_t count = 0;
    if (items == NULL)
        return;
    for (uint32_t n = json_first(doc, node); n != JSON_NONE; n = json_after(doc, node, n)) {
        if (json_kind(doc, n) != JSON_STRING ||
            json_string(doc, n, reading->arena, &items[count]) < 0) {
            complain(reading, "item %zu must be a string", count + 1);
            return;
        }
        if (!check_item(reading, items, count))
            return;
        count++;
    }
    set_texts(reading, items, count);
}

/* ---- one value ---- */

void field_check_text(const struct field_reading *reading, struct span text)
{
    int64_t number = 0;
    int r;

    switch (reading->field->type) {
    case FIELD_TEXT:
    case FIELD_SECRET:
        check_string(reading, text);
        return;
    case FIELD_EMAIL:
        check_email(reading, text);
        return;
    case FIELD_INT:
        r = span_int64(text, &number);
        check_int(reading, r, number);
        return;
    case FIELD_BOOL:
        check_bool(reading, span_is(text, "true") || span_is(text, "false") ? 0 : -EINVAL,
                   span_is(text, "true"));
        return;
    case FIELD_CHOICE:
        check_choice(reading, text);
        return;
    case FIELD_USD:
        check_usd(reading, text);
        return;
    case FIELD_TIME:
        check_time(reading, text);
        return;
    case FIELD_ID:
        check_id(reading, text);
        return;
    case FIELD_TEXTS:
        check_texts_of_query(reading, text);
        return;
    case FIELD_JSON:
        complain(reading, "cannot stand in a query");
        return;
    }
}

void field_check_node(const struct field_reading *reading, const struct json_doc *doc,
                      uint32_t node)
{
    enum json_kind kind = json_kind(doc, node);
    enum field_type type = reading->field->type;
    struct span text;
    int64_t number = 0;
    bool flag = false;

    if (kind == JSON_NULL && reading->field->nullable) {
        reading->value->state = FIELD_NULL;
    } else if (kind == JSON_NULL) {
        complain(reading, "must not be null");
    } else if (type == FIELD_INT) {
        int r = json_int64(doc, node, &number);
        check_int(reading, r, number);
    } else if (type == FIELD_BOOL) {
        int r = json_bool(doc, node, &flag);
        check_bool(reading, r, flag);
    } else if (type == FIELD_TEXTS) {
        check_texts_of_body(reading, doc, node);
    } else if (type == FIELD_JSON) {
        if (kind == JSON_OBJECT || kind == JSON_ARRAY)
            *reading->value = (struct field_value){.state = FIELD_SET, .node = node};
        else
            complain(reading, "must be an object or an array");
    } else if (kind != JSON_STRING) {
        complain(reading, "must be a string");
    } else if (json_string(doc, node, reading->arena, &text) < 0) {
        complain(reading, "is too long");
    } else {
        field_check_text(reading, text);
    }
}
