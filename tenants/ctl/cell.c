/*
 * cell: see cell.h.
 */
#include "tenants/ctl/cell.h"

#include <time.h>

#include "common/base/clock.h"
#include "common/base/decimal.h"
#include "tenants/ctl/clean.h"

enum { NAME_MAX_BYTES = 64, TEXT_MAX = 1 << 20, CENTS_DIGITS = 2 };

uint32_t cell_find(const struct json_doc *doc, uint32_t object, const char *path)
{
    struct span rest = span_of(path);
    while (rest.at != NULL && object != JSON_NONE) {
        char name[NAME_MAX_BYTES];
        struct span word = span_part(span_cut(&rest, '.'), 0, sizeof(name) - 1);
        memcpy(name, word.at, word.size);
        name[word.size] = '\0';
        object = json_find(doc, object, name);
    }
    return object;
}

/* In one line: a line feed of a document's is white space, as none stands in a string, and so is
 * what indents the next line. */
static void add_document(struct span raw, struct buf *out)
{
    while (raw.size > 0) {
        size_t size = 0, gap = 0;
        while (size < raw.size && (unsigned char)raw.at[size] >= ' ')
            size++;
        clean_add(out, span_part(raw, 0, size), false);
        while (size + gap < raw.size && (unsigned char)raw.at[size + gap] <= ' ')
            gap++;
        raw = span_part(raw, size + gap, SIZE_MAX);
    }
}

void cell_text(const struct json_doc *doc, uint32_t node, struct buf *out)
{
    if (json_is_null(doc, node))
        return;
    struct span raw = json_raw(doc, node);
    if (json_kind(doc, node) != JSON_STRING) {
        add_document(raw, out);
        return;
    }
    cleanup(buf_done) struct buf plain = buf_make(TEXT_MAX);
    json_unescape(span_part(raw, 1, raw.size - 2), &plain);
    clean_add(out, buf_span(&plain), false);
}

/* ---- numbers ---- */

void cell_add_count(struct buf *out, struct span digits)
{
    int64_t value = 0;
    if (span_int64(digits, &value) != 0) {
        buf_add_span(out, digits);
        return;
    }
    for (size_t i = 0; i < digits.size; i++) {
        size_t left = digits.size - i;
        if (i > 0 && left % 3 == 0 && digits.at[i - 1] != '-')
            buf_add_byte(out, ',');
        buf_add_byte(out, digits.at[i]);
    }
}

void cell_add_money(struct buf *out, struct span decimal)
{
    struct decimal number;
    buf_add_span(out, decimal);
    if (decimal_parse(decimal, &number) != 0 || number.exponent != 0 ||
        number.fraction.size >= CENTS_DIGITS)
        return;
    if (number.fraction.size == 0)
        buf_add_byte(out, '.');
    for (size_t i = number.fraction.size; i < CENTS_DIGITS; i++)
        buf_add_byte(out, '0');
}

static void add_share(const struct json_doc *doc, uint32_t node, struct buf *out)
{
    double share = 0;
    if (json_double(doc, node, &share) == 0)
        buf_printf(out, "%.1f", share * 100);
    else
        cell_text(doc, node, out);
}

/* ---- times ---- */

static void add_time(struct span text, bool local, bool day, struct buf *out)
{
    int64_t unix_ms = 0;
    struct tm at;
    if (clock_parse(text.at, text.size, &unix_ms) != 0) {
        buf_add_span(out, text);
        return;
    }
    time_t seconds = (time_t)(unix_ms / 1000);
    if ((local ? localtime_r(&seconds, &at) : gmtime_r(&seconds, &at)) == NULL)
        return;
    buf_printf(out, "%04d-%02d-%02d", at.tm_year + 1900, at.tm_mon + 1, at.tm_mday);
    if (day)
        return;
    buf_printf(out, " %02d:%02d:%02d", at.tm_hour, at.tm_min, at.tm_sec);
    long offset = at.tm_gmtoff / 60, size = offset < 0 ? -offset : offset;
    if (local)
        buf_printf(out, "%c%02ld:%02ld", offset < 0 ? '-' : '+', size / 60, size % 60);
    else
        buf_add_byte(out, 'Z');
}

/* ---- compounds ---- */

static void add_list(const struct json_doc *doc, uint32_t node, struct buf *out)
{
    const char *before = "";
    for (uint32_t i = json_first(doc, node); i != JSON_NONE; i = json_after(doc, node, i)) {
        buf_add_string(out, before);
        cell_text(doc, i, out);
        before = ", ";
    }
}

/* "input 1.25, output 10, output:batch 5, input:standard:200000 2.50". */
static void add_rates(const struct json_doc *doc, uint32_t rates, struct buf *out)
{
    const char *before = "";
    for (uint32_t i = json_first(doc, rates); i != JSON_NONE; i = json_after(doc, rates, i)) {
        int64_t over = 0;
        bool tier = json_int64(doc, json_find(doc, i, "context_over"), &over) == 0 && over > 0;
        bool standard = json_string_is(doc, json_find(doc, i, "mode"), "standard");
        buf_add_string(out, before);
        cell_text(doc, json_find(doc, i, "meter"), out);
        if (!standard || tier) {
            buf_add_byte(out, ':');
            cell_text(doc, json_find(doc, i, "mode"), out);
        }
        if (tier)
            buf_printf(out, ":%lld", (long long)over);
        buf_add_byte(out, ' ');
        cell_add(doc, json_find(doc, i, "per_million"), CELL_MONEY, false, out);
        before = ", ";
    }
}

/* A line for each: "openai published: input 1.25, output 10 (dep_…)". */
static void add_offers(const struct json_doc *doc, uint32_t offers, struct buf *out)
{
    const char *before = "";
    for (uint32_t i = json_first(doc, offers); i != JSON_NONE; i = json_after(doc, offers, i)) {
        buf_add_string(out, before);
        cell_text(doc, json_find(doc, i, "provider"), out);
        buf_add_byte(out, ' ');
        cell_text(doc, json_find(doc, i, "status"), out);
        buf_add_string(out, ": ");
        add_rates(doc, json_find(doc, i, "rates"), out);
        buf_add_string(out, " (");
        cell_text(doc, json_find(doc, i, "deployment"), out);
        buf_add_byte(out, ')');
        before = "\n";
    }
}

static void add_boolean(const struct json_doc *doc, uint32_t node, struct buf *out)
{
    buf_add_string(out, json_kind(doc, node) == JSON_TRUE ? "yes" : "no");
}

/* What is simple text first. */
static void add_of_text(const struct json_doc *doc, uint32_t node, enum cell_kind kind, bool local,
                        struct buf *out)
{
    cleanup(buf_done) struct buf text = buf_make(TEXT_MAX);
    cell_text(doc, node, &text);
    if (kind == CELL_COUNT)
        cell_add_count(out, buf_span(&text));
    else if (kind == CELL_MONEY)
        cell_add_money(out, buf_span(&text));
    else if (kind == CELL_TIME || kind == CELL_DAY)
        add_time(buf_span(&text), local, kind == CELL_DAY, out);
    else
        buf_add_span(out, buf_span(&text));
}

void cell_add(const struct json_doc *doc, uint32_t node, enum cell_kind kind, bool local,
              struct buf *out)
{
    size_t before = out->size;
    if (json_is_null(doc, node)) {
        buf_add_byte(out, '-');
        return;
    }
    enum json_kind is = json_kind(doc, node);
    if (is == JSON_TRUE || is == JSON_FALSE)
        add_boolean(doc, node, out);
    else if (kind == CELL_LIST && is == JSON_ARRAY)
        add_list(doc, node, out);
    else if (kind == CELL_RATES && is == JSON_ARRAY)
        add_rates(doc, node, out);
    else if (kind == CELL_OFFERS && is == JSON_ARRAY)
        add_offers(doc, node, out);
    else if (kind == CELL_SHARE)
        add_share(doc, node, out);
    else
        add_of_text(doc, node, kind, local, out);
    if (out->size == before)
        buf_add_byte(out, '-');
}
