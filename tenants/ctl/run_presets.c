/*
 * run_presets: routing presets: shown, put, deleted, made a default.
 */
#include "tenants/ctl/runs.h"

#include "common/base/json_writer.h"
#include "common/base/mem.h"
#include "tenants/ctl/client.h"
#include "tenants/ctl/request.h"
#include "tenants/ctl/show.h"
#include "tenants/ctl/source.h"

enum { PRESET_MAX = 1 << 18, BODY_MAX = 1 << 19, STATUS_NOT_FOUND = 404 };

#define PRESETS_PATH "/tenants/%s/presets"

/* ---- showing ---- */

int run_preset_show(struct ctl *ctl)
{
    cleanup(buf_done) struct buf path = buf_make(REQUEST_MAX_BYTES);
    const char *version = parse_value(ctl->line, "version");
    int code = run_path(ctl, &path);
    if (version != NULL) {
        buf_add_string(&path, "/versions/");
        request_escape(&path, span_of(version));
    }
    if (code == CTL_OK)
        code = client_get(ctl, path.at);
    if (code != CTL_OK)
        return code;
    if (parse_has(ctl->line, "body"))
        show_raw(ctl, json_raw(&ctl->doc, json_find(&ctl->doc, 0, "body")));
    else
        show_record(ctl, ctl->line->command->view);
    return CTL_OK;
}

/* ---- putting ---- */

/* {"body": …}, of one that is new with its name in front. */
static void write_body(const char *name, struct span preset, struct buf *out)
{
    struct json_writer writer = json_writer_make(out);
    json_begin(&writer, '{');
    json_put_cstring(&writer, "name", name);
    json_name(&writer, "body");
    json_write_raw(&writer, preset);
    json_end(&writer, '}');
}

static int make_preset(struct ctl *ctl, const char *name, struct span preset)
{
    cleanup(buf_done) struct buf body = buf_make(BODY_MAX);
    cleanup(mem_free_at) char *path = mem_printf(PRESETS_PATH, ctl->tenant);
    write_body(name, preset, &body);
    const struct call call = {
        .method = "POST", .path = path, .body = buf_span(&body), .once = true};
    return client_call(ctl, &call);
}

static int replace_preset(struct ctl *ctl, const char *path, struct span preset)
{
    cleanup(buf_done) struct buf body = buf_make(BODY_MAX);
    char etag[HTTP_WORD_MAX];
    if (json_copy_string(&ctl->doc, json_find(&ctl->doc, 0, "etag"), etag, sizeof(etag)) != 0)
        return ctl_fail(ctl, CTL_UNREACHABLE, "%s answered without an etag", ctl->address.base);
    write_body(NULL, preset, &body);
    const struct call call = {
        .method = "PUT", .path = path, .body = buf_span(&body), .if_match = etag};
    return client_call(ctl, &call);
}

int run_put_preset(struct ctl *ctl, const char *name, struct span preset)
{
    cleanup(buf_done) struct buf path = buf_make(REQUEST_MAX_BYTES);
    if (preset.size > PRESET_MAX)
        return ctl_fail(ctl, CTL_USAGE, "a preset has at most %d KiB", PRESET_MAX >> 10);
    buf_printf(&path, PRESETS_PATH "/", ctl->tenant);
    request_escape(&path, span_of(name));
    int code = client_get(ctl, path.at);
    if (code == CTL_OK)
        return replace_preset(ctl, path.at, preset);
    if (code != CTL_REFUSED || ctl->answer.status != STATUS_NOT_FOUND)
        return code;
    buf_clear(&ctl->error);
    return make_preset(ctl, name, preset);
}

static int read_preset(struct ctl *ctl, struct buf *text)
{
    static const struct json_limits limits = {PRESET_MAX, 64, 100000};
    const char *path = ctl->line->arguments[1];
    int code = source_read(ctl, path, text);
    return code == CTL_OK ? source_parse(ctl, path, buf_span(text), &limits, &ctl->doc) : code;
}

int run_preset_put(struct ctl *ctl)
{
    cleanup(buf_done) struct buf text = buf_make(PRESET_MAX);
    int code = read_preset(ctl, &text);
    if (code == CTL_OK)
        code = client_connect(ctl, false);
    if (code == CTL_OK)
        code = client_tenant(ctl);
    if (code == CTL_OK)
        code = run_put_preset(ctl, ctl->line->arguments[0], span_trim(buf_span(&text)));
    if (code == CTL_OK)
        show_record(ctl, ctl->line->command->view);
    return code;
}

/* ---- deleting ---- */

int run_preset_delete(struct ctl *ctl)
{
    cleanup(buf_done) struct buf path = buf_make(REQUEST_MAX_BYTES);
    char etag[HTTP_WORD_MAX];
    int code = run_ask(ctl);
    if (code == CTL_OK)
        code = run_path(ctl, &path);
    if (code == CTL_OK)
        code = client_get(ctl, path.at);
    if (code != CTL_OK)
        return code;
    if (json_copy_string(&ctl->doc, json_find(&ctl->doc, 0, "etag"), etag, sizeof(etag)) != 0)
        return ctl_fail(ctl, CTL_UNREACHABLE, "%s answered without an etag", ctl->address.base);
    const struct call call = {.method = "DELETE", .path = path.at, .if_match = etag};
    code = client_call(ctl, &call);
    if (code == CTL_OK)
        fprintf(stderr, "Deleted.\n");
    return code;
}

/* ---- defaults ---- */

int run_preset_use(struct ctl *ctl)
{
    cleanup(buf_done) struct buf path = buf_make(REQUEST_MAX_BYTES);
    cleanup(buf_done) struct buf body = buf_make(BODY_MAX);
    const char *name = ctl->line->arguments[0];
    const char *project = parse_value(ctl->line, "project"), *key = parse_value(ctl->line, "key");
    struct json_writer writer = json_writer_make(&body);
    if (project != NULL && key != NULL)
        return ctl_fail(ctl, CTL_USAGE, "a default is of a project or of a key, not of both");
    int code = client_connect(ctl, false);
    if (code == CTL_OK)
        code = client_tenant(ctl);
    if (code != CTL_OK)
        return code;
    buf_printf(&path, "/tenants/%s/%s", ctl->tenant,
               key != NULL       ? "keys/"
               : project != NULL ? "projects/"
                                 : "routing");
    if (key != NULL || project != NULL)
        request_escape(&path, span_of(key != NULL ? key : project));
    json_begin(&writer, '{');
    json_name(&writer, "preset");
    if (strcmp(name, "none") == 0)
        json_write_null(&writer);
    else
        json_write_string(&writer, span_of(name));
    json_end(&writer, '}');
    return run_change(ctl, path.at, buf_span(&body), ctl->line->command->view);
}
