/*
 * run_route: other gateways' configurations as routing presets.
 */
#include <stdio.h>

#include "common/base/mem.h"
#include "tenants/ctl/cell.h"
#include "tenants/ctl/clean.h"
#include "tenants/ctl/client.h"
#include "tenants/ctl/import_litellm.h"
#include "tenants/ctl/import_portkey.h"
#include "tenants/ctl/import_yaml.h"
#include "tenants/ctl/request.h"
#include "tenants/ctl/runs.h"
#include "tenants/ctl/show.h"
#include "tenants/ctl/source.h"

enum { ARENA_CHUNK = 256 << 10, SENTENCE_MAX = 1024, PATH_MAX_BYTES = 4096, CURSOR_MAX = 4096 };

struct importing {
    struct ctl *ctl;
    struct arena *arena;
    struct json_doc doc;   /* of the file */
    struct buf file, json; /* as it is; as JSON, when it is YAML */
    struct buf lines;
    struct import_names names;
    struct import_model *models;
    struct import_map maps[IMPORT_MAPS_MAX];
    struct import_report report;
    struct import_result *result;
};

/* ---- the catalog ---- */

/* ",azure,openai," */
static struct span join_providers(struct importing *import, uint32_t array)
{
    cleanup(buf_done) struct buf text = buf_make(PATH_MAX_BYTES);
    const struct json_doc *doc = &import->ctl->doc;
    for (uint32_t i = json_first(doc, array); i != JSON_NONE; i = json_after(doc, array, i)) {
        buf_add_byte(&text, ',');
        cell_text(doc, i, &text);
    }
    return arena_span(import->arena, buf_span(&text));
}

static void take_models(struct importing *import)
{
    const struct json_doc *doc = &import->ctl->doc;
    uint32_t data = json_find(doc, 0, "data");
    for (uint32_t i = json_first(doc, data);
         i != JSON_NONE && import->names.model_count < IMPORT_MODELS_MAX;
         i = json_after(doc, data, i)) {
        cleanup(buf_done) struct buf id = buf_make(PATH_MAX_BYTES);
        cell_text(doc, json_find(doc, i, "id"), &id);
        import->models[import->names.model_count++] = (struct import_model){
            arena_span(import->arena, buf_span(&id)),
            join_providers(import, json_find(doc, i, "providers")),
        };
    }
}

/* All published models, page by page. */
static int read_catalog(struct importing *import)
{
    static const char first[] = "/models?status=published&limit=200";
    struct ctl *ctl = import->ctl;
    cleanup(buf_done) struct buf path = buf_make(PATH_MAX_BYTES + CURSOR_MAX);
    import->models = arena_array(import->arena, IMPORT_MODELS_MAX, sizeof(*import->models));
    import->names.models = import->models;
    buf_add_string(&path, first);
    for (;;) {
        cleanup(buf_done) struct buf cursor = buf_make(CURSOR_MAX);
        int code = client_get(ctl, path.at);
        if (code != CTL_OK)
            return code;
        take_models(import);
        uint32_t next = json_find(&ctl->doc, 0, "next_cursor");
        if (json_is_null(&ctl->doc, next) || import->names.model_count == IMPORT_MODELS_MAX)
            return CTL_OK;
        cell_text(&ctl->doc, next, &cursor);
        buf_clear(&path);
        buf_add_string(&path, first);
        request_add_query(&path, "cursor", buf_span(&cursor));
    }
}

/* ---- the command line ---- */

static int read_map(struct importing *import, struct span one)
{
    struct span ours = one, theirs = span_cut(&ours, '=');
    struct ctl *ctl = import->ctl;
    if (ours.at == NULL || theirs.size == 0 || ours.size == 0)
        return ctl_fail(ctl, CTL_USAGE, "--map takes THEIRS=OURS, as in my-key=openai");
    if (import_model(&import->names, ours) == NULL && !import_is_provider(&import->names, ours)) {
        cleanup(buf_done) struct buf near = buf_make(SENTENCE_MAX);
        import_nearest(&import->names, ours, &near);
        return ctl_fail(ctl, CTL_USAGE, "--map: the catalog has no model or provider %.*s%s%s",
                        SPAN_ARG(ours), near.size == 0 ? "" : "; near are ",
                        near.size == 0 ? "" : near.at);
    }
    if (import->names.map_count == IMPORT_MAPS_MAX)
        return ctl_fail(ctl, CTL_USAGE, "--map is given more than %d times", IMPORT_MAPS_MAX);
    import->maps[import->names.map_count++] = (struct import_map){theirs, ours};
    return CTL_OK;
}

static int read_maps(struct importing *import)
{
    const struct invocation *line = import->ctl->line;
    import->names.maps = import->maps;
    for (size_t i = 0; i < line->given_count; i++) {
        struct span rest = span_of(line->given[i].value);
        while (strcmp(line->given[i].flag->name, "map") == 0 && rest.at != NULL) {
            int code = read_map(import, span_cut(&rest, ','));
            if (code != CTL_OK)
                return code;
        }
    }
    return CTL_OK;
}

/* ---- the file ---- */

static const struct json_limits limits = {
    .max_bytes = IMPORT_YAML_OUT_MAX, .max_depth = 48, .max_nodes = 400000};

static int parse(struct importing *import, struct span text, const char *path)
{
    return source_parse(import->ctl, path, text, &limits, &import->doc);
}

/* JSON is read as it is, anything else as YAML. */
static int read_source(struct importing *import)
{
    struct ctl *ctl = import->ctl;
    const char *path = ctl->line->arguments[0];
    cleanup(buf_done) struct buf error = buf_make(SENTENCE_MAX);
    int code = source_read(ctl, path, &import->file);
    if (code != CTL_OK)
        return code;
    struct span text = buf_span(&import->file);
    size_t at = 0;
    while (at < text.size && strchr(" \t\r\n", text.at[at]) != NULL)
        at++;
    if (at < text.size && text.at[at] == '{')
        return parse(import, text, path);
    if (import_yaml(text, &import->json, &error) != 0)
        return ctl_fail(ctl, CTL_USAGE, "%s: %s", path, error.at);
    return parse(import, buf_span(&import->json), path);
}

/* "dir/fallback.json" is called fallback. */
static struct span name_of_file(const char *path)
{
    struct span name = span_of(path);
    const char *slash = strrchr(path, '/'), *point = strrchr(path, '.');
    if (slash != NULL)
        name = span_of(slash + 1);
    if (point != NULL && point > name.at)
        name.size = (size_t)(point - name.at);
    return name;
}

static bool is_litellm(const struct importing *import)
{
    const char *from = parse_value(import->ctl->line, "from");
    return from != NULL ? strcmp(from, "litellm") == 0
                        : json_find(&import->doc, 0, "model_list") != JSON_NONE;
}

/* Of a file of several presets the one that --name names. */
static int choose(struct importing *import, const char *name)
{
    for (uint32_t i = 0; name != NULL && i < import->result->count; i++) {
        if (!span_is(import->result->at[i].name, name))
            continue;
        import->result->at[0] = import->result->at[i];
        import->result->count = 1;
        return CTL_OK;
    }
    return name == NULL ? CTL_OK
                        : ctl_fail(import->ctl, CTL_USAGE, "the file makes no preset %s", name);
}

static int convert_portkey(struct importing *import, const char *name, struct buf *error)
{
    struct import_preset *preset = arena_take(import->arena, sizeof(*preset));
    struct span called =
        name != NULL ? span_of(name) : name_of_file(import->ctl->line->arguments[0]);
    if (import_portkey(&import->doc, &import->names, import->arena, &import->report, preset,
                       error) != 0)
        return ctl_fail(import->ctl, CTL_USAGE, "%s: %s", import->ctl->line->arguments[0],
                        error->at);
    (void)!import_finish(import->result, import_preset_name(called, import->arena), preset,
                         import->arena, &import->report);
    return CTL_OK;
}

static int convert(struct importing *import)
{
    cleanup(buf_done) struct buf error = buf_make(SENTENCE_MAX);
    const char *name = parse_value(import->ctl->line, "name");
    if (json_kind(&import->doc, 0) != JSON_OBJECT)
        return ctl_fail(import->ctl, CTL_USAGE, "%s is no configuration",
                        import->ctl->line->arguments[0]);
    if (!is_litellm(import))
        return convert_portkey(import, name, &error);
    if (import_litellm(&import->doc, &import->names, import->arena, &import->report, import->result,
                       &error) != 0)
        return ctl_fail(import->ctl, CTL_USAGE, "%s: %s", import->ctl->line->arguments[0],
                        error.at);
    return choose(import, name);
}

/* ---- what comes of it ---- */

static void print_report(const struct importing *import)
{
    cleanup(buf_done) struct buf clean = buf_make((size_t)IMPORT_REPORT_MAX * 6);
    clean_add(&clean, buf_span(&import->lines), true);
    if (clean.size > 0)
        fputs(clean.at, stderr);
    if (buf_failed(&import->lines))
        fputs("There is more to say than is said here.\n", stderr);
}

static void print_presets(const struct importing *import)
{
    FILE *out = import->ctl->out;
    fputs("[", out);
    for (uint32_t i = 0; i < import->result->count; i++)
        fprintf(out, "%s\n{\"name\":\"%.*s\",\"preset\":%.*s}", i == 0 ? "" : ",",
                SPAN_ARG(import->result->at[i].name), SPAN_ARG(import->result->at[i].json));
    fputs("\n]\n", out);
}

/* A row of what was written: the API's answer, or a line for a person. */
static void print_written(struct ctl *ctl, struct span name, bool first)
{
    cleanup(buf_done) struct buf version = buf_make(SENTENCE_MAX);
    if (ctl->json) {
        fputs(first ? "[\n" : ",", ctl->out);
        show_raw(ctl, buf_span(&ctl->answer.body));
        return;
    }
    cell_text(&ctl->doc, json_find(&ctl->doc, 0, "version"), &version);
    fprintf(ctl->out, "%.*s is version %s\n", SPAN_ARG(name),
            version.at == NULL ? "-" : version.at);
}

/* One after the other; what is written stays so when a later one is refused. */
static int write_presets(struct importing *import)
{
    struct ctl *ctl = import->ctl;
    int code = client_tenant(ctl);
    uint32_t done = 0;
    for (; code == CTL_OK && done < import->result->count; done++) {
        const struct import_made *one = &import->result->at[done];
        char name[IMPORT_NAME_MAX + 1];
        (void)snprintf(name, sizeof(name), "%.*s", SPAN_ARG(one->name));
        code = run_put_preset(ctl, name, one->json);
        if (code != CTL_OK)
            break;
        print_written(ctl, one->name, done == 0);
    }
    if (ctl->json && done > 0)
        fputs("]\n", ctl->out);
    if (code != CTL_OK && done > 0)
        fprintf(stderr, "%u of %u presets were written.\n", done, import->result->count);
    return code;
}

static int finish(struct importing *import)
{
    struct ctl *ctl = import->ctl;
    print_report(import);
    if (parse_has(ctl->line, "dry-run")) {
        print_presets(import);
        fputs("Nothing was written.\n", stderr);
        return CTL_OK;
    }
    if (import->report.lost > 0 && !parse_has(ctl->line, "partial"))
        return ctl_fail(ctl, CTL_USAGE,
                        "nothing was written, as %u would be lost; say --map, or --partial to do "
                        "without",
                        import->report.lost);
    if (import->result->count == 0)
        return ctl_fail(ctl, CTL_USAGE, "nothing was written, as nothing is left");
    return write_presets(import);
}

int run_route_import(struct ctl *ctl)
{
    struct importing *import = mem_new(sizeof(*import));
    *import = (struct importing){
        .ctl = ctl,
        .arena = arena_new(ARENA_CHUNK, IMPORT_ARENA_MAX),
        .doc = json_doc_make(),
        .file = buf_make(IMPORT_FILE_MAX),
        .json = buf_make(IMPORT_YAML_OUT_MAX),
        .lines = buf_make(IMPORT_REPORT_MAX),
    };
    import->report.lines = &import->lines;
    import->result = arena_take(import->arena, sizeof(*import->result));
    int code = read_source(import);
    if (code == CTL_OK)
        code = client_connect(ctl, false);
    if (code == CTL_OK)
        code = read_catalog(import);
    if (code == CTL_OK)
        code = read_maps(import);
    if (code == CTL_OK)
        code = convert(import);
    if (code == CTL_OK)
        code = finish(import);
    buf_done(&import->lines);
    buf_done(&import->json);
    buf_done(&import->file);
    json_doc_done(&import->doc);
    arena_free(import->arena);
    mem_free(import);
    return code;
}
