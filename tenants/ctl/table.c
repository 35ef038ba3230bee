/*
 * table: see table.h.
 */
#include "tenants/ctl/table.h"

#include <libsmartcols/libsmartcols.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "common/base/arena.h"
#include "common/base/mem.h"

#define CHUNK_BYTES ((size_t)64 << 10)
#define TEXT_MAX_BYTES ((size_t)1 << 30)
#define BETWEEN "  "

enum { CUT_LEAST = 12 }; /* what may be cut keeps so many places */

struct table {
    struct arena *arena; /* the cells' text */
    struct span *cells;
    size_t count, capacity, columns;
    const char *titles[TABLE_COLUMNS_MAX];
    unsigned flags[TABLE_COLUMNS_MAX];
};

struct layout {
    size_t widths[TABLE_COLUMNS_MAX];
    size_t decimals[TABLE_COLUMNS_MAX]; /* places behind the point, with it */
};

struct table *table_new(void)
{
    struct table *table = mem_new(sizeof(*table));
    table->arena = arena_new(CHUNK_BYTES, TEXT_MAX_BYTES);
    return table;
}

void table_free(struct table *table)
{
    if (table == NULL)
        return;
    arena_free(table->arena);
    mem_free(table->cells);
    mem_free(table);
}

void table_column(struct table *table, const char *title, unsigned flags)
{
    must(table->columns < TABLE_COLUMNS_MAX && table->count == 0);
    table->titles[table->columns] = title;
    table->flags[table->columns++] = flags;
}

bool table_full(const struct table *table)
{
    return table->count + table->columns > TABLE_CELLS_MAX ||
           arena_room(table->arena) < TEXT_MAX_BYTES / 4;
}

void table_cell(struct table *table, struct span text)
{
    if (table->count == table->capacity) {
        table->capacity = table->capacity == 0 ? 256 : table->capacity * 2;
        table->cells = mem_resize(table->cells, table->capacity * sizeof(*table->cells));
    }
    table->cells[table->count++] = arena_span(table->arena, text);
}

size_t table_rows(const struct table *table)
{
    return table->columns == 0 ? 0 : table->count / table->columns;
}

/* How much room the decimals take, with their point. */
static size_t decimals(struct span text)
{
    ptrdiff_t point = span_index(text, '.');
    return point < 0 ? 0 : text.size - (size_t)point;
}

static size_t most_decimals(const struct table *table, size_t column)
{
    size_t most = 0;
    for (size_t i = column; i < table->count; i += table->columns) {
        size_t size = decimals(table->cells[i]);
        most = size > most ? size : most;
    }
    return most;
}

/* ---- fitting ---- */

/* How many places a text takes on the terminal; it is clean, so every character has some or none.
 */
static size_t width_of(struct span text)
{
    size_t width = 0;
    mbstate_t state = {0};
    while (text.size > 0) {
        wchar_t c = 0;
        size_t size = mbrtowc(&c, text.at, text.size, &state);
        if (size == 0 || size > text.size) /* no character of this locale: a byte is a place */
            size = 1;
        else if (wcwidth(c) >= 0)
            width += (size_t)wcwidth(c);
        text = span_part(text, size, SIZE_MAX);
    }
    return width;
}

/* The longest beginning that takes no more than `width` places. */
static struct span cut_to(struct span text, size_t width)
{
    size_t size = 0;
    while (size < text.size) {
        size_t next = size + 1;
        while (next < text.size && ((unsigned char)text.at[next] & 0xc0) == 0x80)
            next++;
        if (width_of(span_part(text, 0, next)) > width)
            break;
        size = next;
    }
    return span_part(text, 0, size);
}

/* Narrows the widest of the columns that may be cut until all fits, or none can be narrower. */
static void fit(const struct table *table, size_t widths[TABLE_COLUMNS_MAX], size_t room)
{
    size_t all = 0;
    for (size_t i = 0; i < table->columns; i++)
        all += widths[i] + (i > 0 ? strlen(BETWEEN) : 0);
    while (all > room) {
        size_t widest = table->columns, most = CUT_LEAST;
        for (size_t i = 0; i < table->columns; i++) {
            if ((table->flags[i] & TABLE_CUT) != 0 && widths[i] > most) {
                most = widths[i];
                widest = i;
            }
        }
        if (widest == table->columns)
            return;
        widths[widest]--;
        all--;
    }
}

/* How wide the columns are to be. */
static void measure(const struct table *table, const struct table_style *style, const size_t *most,
                    size_t widths[TABLE_COLUMNS_MAX])
{
    struct winsize size = {0};
    for (size_t i = 0; i < table->columns; i++)
        widths[i] = style->headings ? strlen(table->titles[i]) : 0;
    for (size_t i = 0; i < table->count; i++) {
        size_t column = i % table->columns;
        size_t width = width_of(table->cells[i]);
        if (most[column] > decimals(table->cells[i]))
            width += most[column] - decimals(table->cells[i]);
        widths[column] = width > widths[column] ? width : widths[column];
    }
    if (!style->wide && isatty(fileno(style->out)) != 0 &&
        ioctl(fileno(style->out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        fit(table, widths, size.ws_col);
}

/* ---- printing ---- */

static const char *colour_of(struct span text)
{
    static const struct {
        const char *word, *colour;
    } colours[] = {
        {"active", "green"},        {"published", "green"},
        {"paid", "green"},          {"finished", "green"},
        {"current", "green"},       {"ok", "green"},
        {"add", "green"},           {"cached", "green"},
        {"finalized", "green"},     {"suspended", "red"},
        {"revoked", "red"},         {"past_due", "red"},
        {"provider_failed", "red"}, {"provider_died", "red"},
        {"crash", "red"},           {"retire", "red"},
        {"retired", "red"},         {"failed", "red"},
        {"stopped", "red"},         {"disabled", "yellow"},
        {"quarantined", "yellow"},  {"expired", "yellow"},
        {"draft", "yellow"},        {"client_left", "yellow"},
        {"change", "yellow"},       {"price", "yellow"},
        {"future", "cyan"},         {"client_left_early", "yellow"},
    };
    for (size_t i = 0; i < array_size(colours); i++) {
        if (span_is(text, colours[i].word))
            return colours[i].colour;
    }
    return NULL;
}

static void add_columns(const struct table *table, struct libscols_table *printed)
{
    for (size_t i = 0; i < table->columns; i++) {
        int flags = 0;
        if ((table->flags[i] & (TABLE_RIGHT | TABLE_POINT)) != 0)
            flags |= SCOLS_FL_RIGHT;
        must(scols_table_new_column(printed, table->titles[i], 0, flags) != NULL);
    }
}

static void add_row(const struct table *table, struct libscols_table *printed, size_t row,
                    const struct layout *layout)
{
    struct libscols_line *line = scols_table_new_line(printed, NULL);
    must(line != NULL);
    for (size_t i = 0; i < table->columns; i++) {
        struct span text = table->cells[row * table->columns + i];
        const char *colour = (table->flags[i] & TABLE_STATUS) != 0 ? colour_of(text) : NULL;
        bool cut = width_of(text) > layout->widths[i];
        size_t most = layout->decimals[i];
        size_t fill = most > decimals(text) ? most - decimals(text) : 0;
        if (cut)
            text = cut_to(text, layout->widths[i] - 1);
        char *cell = mem_printf("%.*s%s%*s", SPAN_ARG(text), cut ? "\u2026" : "", (int)fill, "");
        must(scols_line_set_data(line, i, cell) == 0);
        if (colour != NULL)
            must(scols_cell_set_color(scols_line_get_cell(line, i), colour) == 0);
        mem_free(cell);
    }
}

void table_print(const struct table *table, const struct table_style *style)
{
    struct layout layout = {{0}, {0}};
    struct libscols_table *printed = scols_new_table();
    must(printed != NULL);
    scols_table_set_stream(printed, style->out);
    scols_table_enable_colors(printed, style->colour ? 1 : 0);
    scols_table_enable_noheadings(printed, style->headings ? 0 : 1);
    scols_table_set_column_separator(printed, BETWEEN);
    scols_table_set_termforce(printed, SCOLS_TERMFORCE_NEVER); /* it is fitted here */
    add_columns(table, printed);
    for (size_t i = 0; i < table->columns; i++)
        layout.decimals[i] = (table->flags[i] & TABLE_POINT) != 0 ? most_decimals(table, i) : 0;
    measure(table, style, layout.decimals, layout.widths);
    for (size_t i = 0; i < table_rows(table); i++)
        add_row(table, printed, i, &layout);
    scols_print_table(printed);
    scols_unref_table(printed);
}
