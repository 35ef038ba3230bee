/*
 * fuzz-answer: an answer of the API as tollgatectl shows it. The first byte says by which command's
 * view, and whether wide, in local time and in which locale. Whatever comes, nothing reaches the
 * terminal that it would obey, and every line of a table has its end.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "tenants/ctl/clean.h"
#include "tenants/ctl/client.h"
#include "tenants/ctl/show.h"
#include "tenants/ctl/when.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct json_limits limits = {.max_bytes = 1 << 16, .max_depth = 32, .max_nodes = 4096};

static void must_be_harmless(struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        must((byte >= 0x20 && byte != 0x7f) || byte == '\n');
        /* No C1 control, written in two bytes. */
        must(byte != 0xc2 || i + 1 == text.size || (unsigned char)text.at[i + 1] >= 0xa0);
    }
}

/* A command's view; not every command has one. */
static const struct view *view_of(uint8_t choice)
{
    const struct command *command;
    size_t count = 0;
    while (command_at(count) != NULL)
        count++;
    command = command_at(choice % count);
    return command->view;
}

static void show(const struct view *view, struct ctl *ctl)
{
    char *text = NULL;
    size_t size = 0;
    ctl->out = open_memstream(&text, &size);
    must(ctl->out != NULL);
    struct table *table = show_table(ctl, view);
    show_rows(ctl, view, json_find(&ctl->doc, 0, "data"), table);
    show_print(ctl, table);
    table_free(table);
    show_object(ctl, view->columns, view->count, 0);
    fclose(ctl->out);
    must_be_harmless(span_make(text, size));
    must(size == 0 || text[size - 1] == '\n');
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    (void)setlocale(LC_CTYPE, (data[0] & 0x20) != 0 ? "C" : "C.UTF-8");
    struct span text = span_make((const char *)data + 1, size - 1);
    struct ctl ctl = {
        .wide = (data[0] & 0x80) != 0, .local = (data[0] & 0x40) != 0, .doc = json_doc_make()};
    const struct view *view = view_of(data[0]);
    struct buf clean = buf_make(size * 6 + 1), problem = buf_make(1 << 20);
    int64_t unix_ms = 0;
    (void)clean_add(&clean, text, false);
    must_be_harmless(buf_span(&clean));
    (void)!when_parse(text, 0, &unix_ms);
    if (json_parse(&ctl.doc, text, &limits) == JSON_OK) {
        if (client_problem(&ctl.doc, &problem))
            must_be_harmless(buf_span(&problem));
        if (view != NULL)
            show(view, &ctl);
    }
    buf_done(&problem);
    buf_done(&clean);
    json_doc_done(&ctl.doc);
    return 0;
}
