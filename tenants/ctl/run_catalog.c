/*
 * run_catalog: a catalog's import, the status of models and deployments, credentials of providers.
 */
#include "tenants/ctl/runs.h"

#include <errno.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/json_writer.h"
#include "common/base/mem.h"
#include "tenants/ctl/ask.h"
#include "tenants/ctl/cell.h"
#include "tenants/ctl/client.h"
#include "tenants/ctl/request.h"
#include "tenants/ctl/show.h"
#include "tenants/ctl/source.h"
#include "tenants/ctl/when.h"

enum { CATALOG_MAX = 32 << 20, SECRET_MAX = 16384, BODY_MAX = 65536, IMPORT_TIMEOUT_S = 600 };

/* ---- publish, quarantine, retire ---- */

int run_catalog_status(struct ctl *ctl)
{
    cleanup(buf_done) struct buf path = buf_make(BODY_MAX);
    cleanup(buf_done) struct buf body = buf_make(BODY_MAX);
    const char *what = ctl->line->arguments[0];
    bool deployment = span_starts(span_of(what), "dep_");
    const char *template =
        deployment ? "/deployments/{model_or_deployment}" : "/models/{model_or_deployment}";
    int code = run_ask(ctl);
    if (code == CTL_OK)
        code = client_connect(ctl, false);
    if (code != CTL_OK)
        return code;
    request_path(ctl->line, template, NULL, &path);
    request_body(ctl->line, template, ctl->now_ms, &body);
    return run_change(ctl, path.at, buf_span(&body),
                      deployment ? ctl->line->command->view : view_model);
}

/* ---- import ---- */

static int read_catalog(struct ctl *ctl, struct buf *text)
{
    static const struct json_limits limits = {CATALOG_MAX, 64, 4000000};
    const char *path = ctl->line->arguments[0];
    int code = source_read(ctl, path, text);
    return code == CTL_OK ? source_parse(ctl, path, buf_span(text), &limits, &ctl->doc) : code;
}

static int post_import(struct ctl *ctl, struct span catalog, bool dry_run)
{
    cleanup(buf_done) struct buf body = buf_make(CATALOG_MAX + BODY_MAX);
    char time[CLOCK_TEXT_SIZE];
    int64_t from_ms = 0;
    struct json_writer writer = json_writer_make(&body);
    const char *from = parse_value(ctl->line, "prices-from");
    json_begin(&writer, '{');
    json_name(&writer, "catalog");
    json_write_raw(&writer, catalog);
    json_put_cstring(&writer, "format", parse_value(ctl->line, "format"));
    if (from != NULL && when_parse(span_of(from), ctl->now_ms, &from_ms) == 0)
        json_put_string(&writer, "prices_from", span_make(time, clock_format(from_ms, time)));
    if (parse_has(ctl->line, "retire-many"))
        json_put_bool(&writer, "retire_many", true);
    if (dry_run)
        json_put_bool(&writer, "dry_run", true);
    json_end(&writer, '}');
    const struct call call = {.method = "POST",
                              .path = "/catalog/imports",
                              .body = buf_span(&body),
                              .once = true,
                              .timeout_s = IMPORT_TIMEOUT_S};
    if (isatty(STDERR_FILENO) != 0)
        fprintf(stderr, "%s %.1f MB …\n", dry_run ? "Comparing" : "Importing",
                (double)body.size / 1e6);
    return client_call(ctl, &call);
}

static int64_t count_of(const struct ctl *ctl, const char *path)
{
    int64_t count = 0;
    return json_int64(&ctl->doc, cell_find(&ctl->doc, 0, path), &count) == 0 ? count : 0;
}

/* The diff as a table and its sums; how many changes there are. */
static int64_t show_import(struct ctl *ctl)
{
    uint32_t changes = json_find(&ctl->doc, 0, "changes");
    int64_t added = count_of(ctl, "counts.added"), changed = count_of(ctl, "counts.changed"),
            retired = count_of(ctl, "counts.retired"), prices = count_of(ctl, "counts.prices");
    int64_t all = added + changed + retired + prices;
    if (ctl->json) {
        show_raw(ctl, buf_span(&ctl->answer.body));
        return all;
    }
    struct table *table = show_table(ctl, ctl->line->command->view);
    show_rows(ctl, ctl->line->command->view, changes, table);
    show_print(ctl, table);
    size_t rows = table_rows(table);
    table_free(table);
    if ((int64_t)rows < all)
        fprintf(stderr, "These are the first %zu of %lld changes.\n", rows, (long long)all);
    fprintf(ctl->out, "%lld added, %lld changed, %lld retired, %lld prices, %lld in quarantine\n",
            (long long)added, (long long)changed, (long long)retired, (long long)prices,
            (long long)count_of(ctl, "counts.quarantined"));
    fflush(ctl->out);
    return all;
}

/* Shows what would change and asks. CTL_OK when it is to be done. */
static int try_import(struct ctl *ctl, struct span catalog, bool *done)
{
    int code = post_import(ctl, catalog, true);
    if (code != CTL_OK)
        return code;
    int64_t changes = show_import(ctl);
    *done = parse_has(ctl->line, "dry-run") || changes == 0;
    if (*done) {
        fprintf(stderr, changes == 0 ? "Nothing would change.\n" : "Nothing was changed.\n");
        return CTL_OK;
    }
    if (!ask_possible())
        return ctl_fail(ctl, CTL_USAGE,
                        "nothing was changed: say --yes to import it, as there is nobody to ask");
    return ask_yes("Import this?") ? CTL_OK : ctl_fail(ctl, CTL_USAGE, "nothing was changed");
}

int run_catalog_import(struct ctl *ctl)
{
    cleanup(buf_done) struct buf text = buf_make(CATALOG_MAX);
    bool done = false;
    int code = read_catalog(ctl, &text);
    if (code == CTL_OK)
        code = client_connect(ctl, false);
    if (code == CTL_OK && (parse_has(ctl->line, "dry-run") || !parse_has(ctl->line, "yes")))
        code = try_import(ctl, buf_span(&text), &done);
    if (code != CTL_OK || done)
        return code;
    code = post_import(ctl, buf_span(&text), false);
    if (code == CTL_OK && parse_has(ctl->line, "yes"))
        (void)show_import(ctl);
    if (code == CTL_OK)
        fprintf(stderr, "Imported.\n");
    return code;
}

/* ---- credentials ---- */

/* NAME=VALUE pairs as an object. False when one is none. */
static bool write_variables(const struct invocation *line, struct json_writer *writer)
{
    bool any = false;
    for (size_t i = 0; i < line->given_count; i++) {
        if (strcmp(line->given[i].flag->name, "variable") != 0)
            continue;
        struct span value = span_of(line->given[i].value), name = span_cut(&value, '=');
        if (value.at == NULL || name.size == 0)
            return false;
        if (!any) {
            json_name(writer, "variables");
            json_begin(writer, '{');
        }
        any = true;
        json_name_span(writer, name);
        json_write_string(writer, value);
    }
    if (any)
        json_end(writer, '}');
    return true;
}

static int read_credential(struct ctl *ctl, struct buf *secret)
{
    const char *path = parse_value(ctl->line, "secret-file");
    int error = 0;
    if (path == NULL && ask_possible())
        error = ask_line("Secret: ", true, secret);
    else
        error = ask_file(path == NULL ? "-" : path, secret);
    if (error == -EPERM)
        return ctl_fail(ctl, CTL_USAGE, "%s can be read by others; chmod 600 it first", path);
    if (error != 0 || secret->size == 0)
        return ctl_fail(ctl, CTL_USAGE, "there is no secret in %s",
                        path == NULL ? "standard input" : path);
    return CTL_OK;
}

int run_credentials_add(struct ctl *ctl)
{
    struct buf secret = buf_make(SECRET_MAX), body = buf_make(BODY_MAX);
    struct json_writer writer = json_writer_make(&body);
    int code = client_connect(ctl, false);
    if (code == CTL_OK)
        code = read_credential(ctl, &secret);
    if (code == CTL_OK) {
        json_begin(&writer, '{');
        json_put_cstring(&writer, "provider", ctl->line->arguments[0]);
        json_put_cstring(&writer, "name", parse_value(ctl->line, "name"));
        json_put_cstring(&writer, "deployment", parse_value(ctl->line, "deployment"));
        json_put_string(&writer, "secret", buf_span(&secret));
        if (!write_variables(ctl->line, &writer))
            code = ctl_fail(ctl, CTL_USAGE, "--variable takes NAME=VALUE");
        json_end(&writer, '}');
    }
    const struct call call = {
        .method = "POST", .path = "/credentials", .body = buf_span(&body), .once = true};
    if (code == CTL_OK)
        code = client_call(ctl, &call);
    if (code == CTL_OK)
        show_record(ctl, ctl->line->command->view);
    if (secret.at != NULL)
        explicit_bzero(secret.at, secret.size);
    if (body.at != NULL)
        explicit_bzero(body.at, body.size);
    buf_done(&secret);
    buf_done(&body);
    return code;
}
