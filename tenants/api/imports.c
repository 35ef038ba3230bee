/*
 * imports: a catalog's file compared with ours and taken over; see docs/catalog.md, "Import".
 */
#include "common/base/clock.h"
#include "tenants/api/api.h"
#include "tenants/model/catalog_file.h"
#include "tenants/model/catalog_models_dev.h"
#include "tenants/store/catalog_store.h"

#define CHANGES_SHOWN 2000u
#define ARENA_CHUNK_BYTES ((size_t)1 << 20)
#define LINE_BYTES_MAX ((size_t)64 << 10)

enum { FORMAT_TOLLGATE, FORMAT_MODELS_DEV };

/* What one import works with; all of it is freed by import_done(). */
struct importing {
    struct catalog *old, *new;
    struct arena *arena;
    struct catalog_changes changes;
    bool dry_run;
    int64_t prices_from_ms; /* INT64_MIN: with notice */
};

static void import_done(struct importing *importing)
{
    catalog_free(importing->old);
    catalog_free(importing->new);
    arena_free(importing->arena);
}

static bool flag_of(const struct api *api, const char *name)
{
    const struct field_value *value = api_body(api, name);

    return value->state == FIELD_SET && value->flag;
}

static enum api_outcome read_file(struct api *api, struct importing *importing)
{
    const struct field_value *format = api_body(api, "format");
    uint32_t node = api_body(api, "catalog")->node;
    struct span text = json_raw(api->document, node);
    struct catalog_notes notes = {0};
    struct catalog_error wrong;
    int r;

    if (json_kind(api->document, node) != JSON_OBJECT)
        return api_fail_field(api, "catalog", "must be an object");
    if (format->state == FIELD_SET && format->choice == FORMAT_MODELS_DEV)
        r = catalog_from_models_dev(text, importing->old, &notes, &importing->new, &wrong);
    else
        r = catalog_parse(text, &importing->new, &wrong);
    return r == 0 ? API_OK : api_fail_field(api, "catalog", "%.300s", wrong.text);
}

/* Changed prices need the same notice here as everywhere. */
static enum api_outcome read_times(struct api *api, struct importing *importing)
{
    const struct field_value *from = api_body(api, "prices_from");

    importing->dry_run = flag_of(api, "dry_run");
    importing->prices_from_ms = from->state == FIELD_SET ? from->number : INT64_MIN;
    if (from->state == FIELD_SET && from->number < api->now_ms + CATALOG_PRICE_NOTICE_MS)
        return api_fail_field(api, "prices_from",
                              "must be at least ten minutes ahead, so that every gateway knows the "
                              "prices in time");
    return API_OK;
}

/* A file cut short, or of another maker, must not empty the shop. */
static enum api_outcome refuse_emptying(struct api *api, const struct importing *importing)
{
    uint64_t gone, had;

    if (importing->dry_run || flag_of(api, "retire_many") ||
        !catalog_takes_many(importing->old, &importing->changes, &gone, &had))
        return API_OK;
    return api_fail(api, PROBLEM_REFUSED,
                    "the file lacks %llu of %llu deployments, which would be retired: nothing was "
                    "changed; retire_many does it all the same",
                    (unsigned long long)gone, (unsigned long long)had);
}

static enum api_outcome compare(struct api *api, struct importing *importing)
{
    struct store_error error;
    enum store_outcome outcome = catalog_store_lock(api->pg, &error);

    if (outcome == STORE_OK)
        outcome = catalog_store_read(api->pg, &importing->old, &error);
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    if (read_file(api, importing) != API_OK)
        return API_FAILED;
    importing->arena = arena_new(ARENA_CHUNK_BYTES, CATALOG_DIFF_BYTES);
    importing->changes = catalog_diff(importing->old, importing->new, importing->arena);
    return refuse_emptying(api, importing);
}

static enum api_outcome apply(struct api *api, const struct importing *importing)
{
    const struct catalog_import import = {importing->new, &importing->changes,
                                          importing->prices_from_ms};
    struct catalog_import_result result;
    struct store_error error;

    if (importing->dry_run)
        return API_OK;
    return api_store(api, catalog_store_apply(api->pg, &api->actor, &import, &result, &error),
                     &error);
}

/* ---- the answer ---- */

struct words {
    const char *action, *kind;
};

static struct words words_of(enum catalog_change_kind kind)
{
    switch (kind) {
    case CATALOG_PROVIDER_ADDED:
        return (struct words){"add", "provider"};
    case CATALOG_PROVIDER_CHANGED:
        return (struct words){"change", "provider"};
    case CATALOG_PROVIDER_REMOVED:
        return (struct words){"retire", "provider"};
    case CATALOG_MODEL_ADDED:
        return (struct words){"add", "model"};
    case CATALOG_MODEL_CHANGED:
        return (struct words){"change", "model"};
    case CATALOG_MODEL_REMOVED:
        return (struct words){"retire", "model"};
    case CATALOG_DEPLOYMENT_ADDED:
        return (struct words){"add", "deployment"};
    case CATALOG_DEPLOYMENT_REMOVED:
        return (struct words){"retire", "deployment"};
    case CATALOG_PRICE_CHANGED:
        return (struct words){"price", "deployment"};
    case CATALOG_DEPLOYMENT_CHANGED:
    case CATALOG_QUARANTINED:
    case CATALOG_QUARANTINE_LIFTED:
    case CATALOG_CHANGE_COUNT:
        break;
    }
    return (struct words){"change", "deployment"};
}

static const char *name_of(const struct catalog_change *change)
{
    const struct catalog_deployment *d =
        change->new_deployment == NULL ? change->old_deployment : change->new_deployment;
    const struct catalog_model *m =
        change->new_model == NULL ? change->old_model : change->new_model;
    const struct catalog_provider *p =
        change->new_provider == NULL ? change->old_provider : change->new_provider;

    return d != NULL ? d->key : m != NULL ? m->id : p->slug;
}

/* The sentence of the command line, without its mark. */
static void put_change(struct json_writer *w, const struct catalog_change *change)
{
    cleanup(buf_done) struct buf line = buf_make(LINE_BYTES_MAX);
    struct words words = words_of(change->kind);

    catalog_render_change(change, &line);
    struct span detail = span_part(buf_span(&line), 2, line.size);
    if (span_ends(detail, "\n"))
        detail.size--;
    json_begin(w, '{');
    json_put_cstring(w, "action", words.action);
    json_put_cstring(w, "kind", words.kind);
    json_put_cstring(w, "what", name_of(change));
    json_put_string(w, "detail", detail);
    json_end(w, '}');
}

static int64_t quarantined(const struct catalog_changes *changes)
{
    int64_t count = changes->by_kind[CATALOG_QUARANTINED];

    for (uint32_t i = 0; i < changes->count; i++)
        count += changes->items[i].kind == CATALOG_DEPLOYMENT_ADDED &&
                 changes->items[i].new_deployment->quarantine != 0;
    return count;
}

static void put_counts(struct json_writer *w, const struct catalog_changes *changes)
{
    const uint32_t *by = changes->by_kind;

    json_name(w, "counts");
    json_begin(w, '{');
    json_put_int64(w, "added",
                   (int64_t)by[CATALOG_PROVIDER_ADDED] + by[CATALOG_MODEL_ADDED] +
                       by[CATALOG_DEPLOYMENT_ADDED]);
    json_put_int64(w, "changed",
                   (int64_t)by[CATALOG_PROVIDER_CHANGED] + by[CATALOG_MODEL_CHANGED] +
                       by[CATALOG_DEPLOYMENT_CHANGED] + by[CATALOG_QUARANTINE_LIFTED]);
    json_put_int64(w, "retired",
                   (int64_t)by[CATALOG_PROVIDER_REMOVED] + by[CATALOG_MODEL_REMOVED] +
                       by[CATALOG_DEPLOYMENT_REMOVED]);
    json_put_int64(w, "prices", by[CATALOG_PRICE_CHANGED]);
    json_put_int64(w, "quarantined", quarantined(changes));
    json_end(w, '}');
}

static enum api_outcome answer(struct api *api, const struct importing *importing)
{
    const struct catalog_changes *changes = &importing->changes;
    struct json_writer *w = api_json(api);
    int64_t from_ms = importing->prices_from_ms == INT64_MIN ? api->now_ms + CATALOG_PRICE_NOTICE_MS
                                                             : importing->prices_from_ms;
    char when[CLOCK_TEXT_SIZE];

    clock_format(from_ms, when);
    json_begin(w, '{');
    json_put_bool(w, "dry_run", importing->dry_run);
    json_name(w, "prices_from");
    if (changes->by_kind[CATALOG_PRICE_CHANGED] == 0)
        json_write_null(w);
    else
        json_write_string(w, span_of(when));
    put_counts(w, changes);
    json_name(w, "changes");
    json_begin(w, '[');
    for (uint32_t i = 0; i < changes->count && i < CHANGES_SHOWN; i++)
        put_change(w, &changes->items[i]);
    json_end(w, ']');
    json_end(w, '}');
    return API_OK;
}

static enum api_outcome import_catalog(struct api *api)
{
    struct importing importing = {0};
    enum api_outcome outcome = read_times(api, &importing);

    if (outcome == API_OK)
        outcome = compare(api, &importing);
    if (outcome == API_OK)
        outcome = apply(api, &importing);
    if (outcome == API_OK)
        outcome = answer(api, &importing);
    import_done(&importing);
    return outcome;
}

static const struct field import_body[] = {
    {.name = "catalog", .type = FIELD_JSON, .required = true},
    {.name = "format", .type = FIELD_CHOICE, .choices = "tollgate|models.dev"},
    {.name = "dry_run", .type = FIELD_BOOL},
    {.name = "prices_from", .type = FIELD_TIME},
    {.name = "retire_many", .type = FIELD_BOOL},
};

static const struct api_route table[] = {
    ROUTE(API_POST, "/catalog/imports", ROLE_OPERATOR, NULL, import_catalog,
          .body = FIELDS(import_body), .flags = API_LARGE_BODY),
};

const struct api_routes imports_routes = API_ROUTES(table);
