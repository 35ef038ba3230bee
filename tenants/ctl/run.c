/*
 * run: commands by their shape: lists, records, making, changing.
 */
#include <unistd.h>

#include "common/base/mem.h"
#include "tenants/ctl/ask.h"
#include "tenants/ctl/cell.h"
#include "tenants/ctl/clean.h"
#include "tenants/ctl/client.h"
#include "tenants/ctl/request.h"
#include "tenants/ctl/show.h"

enum { QUESTION_MAX = 4096, PAGES_MAX = 10000, CURSOR_MAX = 4096 };

/* The path of the command, for one tenant or for all, with its query. */
static int make_path(struct ctl *ctl, struct buf *path)
{
    const struct command *command = ctl->line->command;
    const char *template = command->path;
    if (command->fleet_path != NULL && client_tenant_named(ctl) == NULL) {
        int code = client_who(ctl);
        if (code != CTL_OK)
            return code;
        if (ctl->who.is_operator)
            template = command->fleet_path;
    }
    if (strstr(template, "{tenant}") != NULL) {
        int code = client_tenant(ctl);
        if (code != CTL_OK)
            return code;
    }
    request_path(ctl->line, template, ctl->tenant, path);
    request_query(ctl->line, ctl->now_ms, path);
    return CTL_OK;
}

int run_path(struct ctl *ctl, struct buf *path)
{
    int code = client_connect(ctl, false);
    return code == CTL_OK ? make_path(ctl, path) : code;
}

int run_ask(struct ctl *ctl)
{
    const struct command *command = ctl->line->command;
    cleanup(buf_done) struct buf question = buf_make(QUESTION_MAX);
    if (command->question == NULL || parse_has(ctl->line, "yes"))
        return CTL_OK;
    struct span rest = span_of(command->question), first = span_cut(&rest, '%');
    buf_add_span(&question, first);
    if (rest.at != NULL) {
        clean_add(&question, span_of(ctl->line->arguments[0]), false);
        buf_add_span(&question, span_part(rest, 1, SIZE_MAX));
    }
    if (!ask_possible())
        return ctl_fail(ctl, CTL_USAGE, "%s Say --yes, as there is nobody to ask", question.at);
    return ask_yes(question.at) ? CTL_OK : ctl_fail(ctl, CTL_USAGE, "nothing was changed");
}

/* ---- lists ---- */

/* The cursor of the next page; empty when there is none. */
static void read_cursor(const struct ctl *ctl, struct buf *cursor)
{
    uint32_t next = json_find(&ctl->doc, 0, "next_cursor");
    buf_clear(cursor);
    if (json_is(&ctl->doc, next, JSON_STRING))
        cell_text(&ctl->doc, next, cursor);
}

/* The rows of one page as JSON, behind those of earlier pages. */
static void print_json_rows(struct ctl *ctl, bool *any)
{
    uint32_t data = json_find(&ctl->doc, 0, "data");
    for (uint32_t i = json_first(&ctl->doc, data); i != JSON_NONE;
         i = json_after(&ctl->doc, data, i)) {
        fputs(*any ? "," : "[\n", ctl->out);
        show_raw(ctl, json_raw(&ctl->doc, i));
        *any = true;
    }
}

static void take_page(struct ctl *ctl, struct table *table, bool *any)
{
    if (ctl->json)
        print_json_rows(ctl, any);
    else
        show_rows(ctl, ctl->line->command->view, json_find(&ctl->doc, 0, "data"), table);
}

/* Page by page; *more_out when there are more than are taken. */
static int walk(struct ctl *ctl, const char *first, struct table *table, bool *any, bool *more_out)
{
    cleanup(buf_done) struct buf path = buf_make(REQUEST_MAX_BYTES);
    cleanup(buf_done) struct buf cursor = buf_make(CURSOR_MAX);
    buf_add_string(&path, first);
    for (int page = 0; page < PAGES_MAX && !table_full(table); page++) {
        int code = client_get(ctl, path.at);
        if (code != CTL_OK)
            return code;
        take_page(ctl, table, any);
        read_cursor(ctl, &cursor);
        if (cursor.size == 0)
            return CTL_OK;
        buf_clear(&path);
        buf_add_string(&path, first);
        request_add_query(&path, "cursor", buf_span(&cursor));
    }
    *more_out = true;
    return CTL_OK;
}

static int list_all(struct ctl *ctl, struct buf *path)
{
    bool any = false, more = false;
    if (parse_has(ctl->line, "cursor"))
        return ctl_fail(ctl, CTL_USAGE, "--all begins at the first page; leave --cursor out");
    if (!parse_has(ctl->line, "limit"))
        request_add_query(path, "limit", span_of("200"));
    struct table *table = show_table(ctl, ctl->line->command->view);
    int code = walk(ctl, path->at, table, &any, &more);
    if (code == CTL_OK && ctl->json)
        fputs(any ? "]\n" : "[]\n", ctl->out);
    if (!ctl->json)
        show_print(ctl, table);
    if (more)
        fprintf(stderr, "That is not all, but as much as is taken; --csv or filters help.\n");
    table_free(table);
    return code;
}

static void say_more(const struct ctl *ctl, size_t rows)
{
    cleanup(buf_done) struct buf cursor = buf_make(CURSOR_MAX);
    read_cursor(ctl, &cursor);
    if (rows == 0)
        fprintf(stderr, "There are none.\n");
    else if (cursor.size > 0)
        fprintf(stderr,
                "These are the first %zu; --all shows all of them, --cursor %s the next page.\n",
                rows, cursor.at);
}

static int list_page(struct ctl *ctl, const char *path)
{
    const struct view *view = ctl->line->command->view;
    int code = client_get(ctl, path);
    if (code != CTL_OK)
        return code;
    if (ctl->json || ctl->csv) {
        show_raw(ctl, buf_span(&ctl->answer.body));
        return CTL_OK;
    }
    struct table *table = show_table(ctl, view);
    show_rows(ctl, view, json_find(&ctl->doc, 0, "data"), table);
    show_print(ctl, table);
    say_more(ctl, table_rows(table));
    table_free(table);
    return CTL_OK;
}

static int run_list(struct ctl *ctl)
{
    cleanup(buf_done) struct buf path = buf_make(REQUEST_MAX_BYTES);
    int code = run_path(ctl, &path);
    if (code != CTL_OK)
        return code;
    if (ctl->csv)
        request_add_query(&path, "format", span_of("csv"));
    else if (parse_has(ctl->line, "all"))
        return list_all(ctl, &path);
    return list_page(ctl, path.at);
}

/* ---- one object ---- */

static int run_show(struct ctl *ctl)
{
    cleanup(buf_done) struct buf path = buf_make(REQUEST_MAX_BYTES);
    int code = run_path(ctl, &path);
    if (code == CTL_OK)
        code = client_get(ctl, path.at);
    if (code == CTL_OK)
        show_record(ctl, ctl->line->command->view);
    return code;
}

static int run_make(struct ctl *ctl)
{
    const struct command *command = ctl->line->command;
    cleanup(buf_done) struct buf path = buf_make(REQUEST_MAX_BYTES);
    cleanup(buf_done) struct buf body = buf_make(REQUEST_MAX_BYTES);
    int code = run_ask(ctl);
    if (code == CTL_OK)
        code = run_path(ctl, &path);
    if (code != CTL_OK)
        return code;
    if (request_has_body(command, command->path))
        request_body(ctl->line, command->path, ctl->now_ms, &body);
    if (buf_failed(&body))
        return ctl_fail(ctl, CTL_USAGE, "that is more than fits into a request");
    const struct call call = {
        .method = "POST", .path = path.at, .body = buf_span(&body), .once = true};
    code = client_call(ctl, &call);
    if (code == CTL_OK)
        show_record(ctl, command->view);
    return code;
}

int run_change(struct ctl *ctl, const char *path, struct span body, const struct view *view)
{
    char etag[HTTP_WORD_MAX];
    int code = client_get(ctl, path);
    if (code != CTL_OK)
        return code;
    if (json_copy_string(&ctl->doc, json_find(&ctl->doc, 0, "etag"), etag, sizeof(etag)) != 0)
        return ctl_fail(ctl, CTL_UNREACHABLE, "%s answered without an etag", ctl->address.base);
    const struct call call = {.method = "PATCH", .path = path, .body = body, .if_match = etag};
    code = client_call(ctl, &call);
    if (code == CTL_OK)
        show_record(ctl, view);
    return code;
}

static int run_update(struct ctl *ctl)
{
    const struct command *command = ctl->line->command;
    cleanup(buf_done) struct buf path = buf_make(REQUEST_MAX_BYTES);
    cleanup(buf_done) struct buf body = buf_make(REQUEST_MAX_BYTES);
    request_body(ctl->line, command->path, ctl->now_ms, &body);
    if (span_is(buf_span(&body), "{}"))
        return ctl_fail(ctl, CTL_USAGE, "say what to change; see " PROGRAM " %s --help",
                        command->words);
    int code = run_ask(ctl);
    if (code == CTL_OK)
        code = run_path(ctl, &path);
    return code == CTL_OK ? run_change(ctl, path.at, buf_span(&body), command->view) : code;
}

int run_shape(struct ctl *ctl)
{
    switch (ctl->line->command->shape) {
    case SHAPE_LIST:
        return run_list(ctl);
    case SHAPE_SHOW:
        return run_show(ctl);
    case SHAPE_MAKE:
        return run_make(ctl);
    case SHAPE_CHANGE:
        return run_update(ctl);
    case SHAPE_OWN:
        return ctl->line->command->run(ctl);
    case SHAPE_GROUP:
        break;
    }
    return CTL_USAGE; /* of a group help is printed; it is never run */
}
