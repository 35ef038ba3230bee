/*
 * command_catalog: imports a catalog, or shows what is in the database.
 */
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "tenants/command.h"
#include "tenants/model/catalog_file.h"
#include "tenants/model/catalog_models_dev.h"
#include "tenants/store/catalog_store.h"

#define RENDER_MAX_BYTES ((size_t)64 << 20)
#define ARENA_CHUNK_BYTES ((size_t)1 << 20)

enum { FORMAT_TOLLGATE, FORMAT_MODELS_DEV };

static void print(const struct buf *text)
{
    if (text->size > 0)
        fwrite(text->at, 1, text->size, stdout);
}

static enum store_outcome read_catalog(struct command_context *c, const char *path,
                                       const struct catalog *known, struct catalog **catalog_out)
{
    cleanup(buf_done) struct buf text = buf_make(CATALOG_MAX_BYTES);
    cleanup(buf_done) struct buf lines = buf_make(RENDER_MAX_BYTES);
    struct catalog_notes notes = {.lines = &lines};
    struct catalog_error wrong;
    int r = file_read(path, &text);
    if (r < 0)
        return store_fail(&c->error, STORE_REFUSED, "%s: %s", path, strerror(-r));
    if (c->config->format == FORMAT_MODELS_DEV)
        r = catalog_from_models_dev(buf_span(&text), known, &notes, catalog_out, &wrong);
    else
        r = catalog_parse(buf_span(&text), catalog_out, &wrong);
    if (r < 0)
        return store_fail(&c->error, STORE_REFUSED, "%s: %.300s", path, wrong.text);
    if (!c->output.json && !c->config->summary)
        print(&lines);
    return STORE_OK;
}

/* "providers added" as a member: providers_added. */
static void put_count(struct command_context *c, const char *words, int64_t count)
{
    char member[64];
    snprintf(member, sizeof(member), "%s", words);
    for (char *at = strchr(member, ' '); at != NULL; at = strchr(at, ' '))
        *at = '_';
    command_put_int(&c->output, "", member, count);
}

static void show_changes(struct command_context *c, const struct catalog_changes *changes)
{
    cleanup(buf_done) struct buf text = buf_make(RENDER_MAX_BYTES);
    if (c->output.json) {
        for (unsigned kind = 0; kind < CATALOG_CHANGE_COUNT; kind++)
            put_count(c, catalog_change_name((enum catalog_change_kind)kind),
                      changes->by_kind[kind]);
        return;
    }
    if (!c->config->summary) {
        catalog_render(changes, &text);
        print(&text);
        return;
    }
    for (unsigned kind = 0; kind < CATALOG_CHANGE_COUNT; kind++) {
        if (changes->by_kind[kind] > 0)
            printf("%s: %u\n", catalog_change_name((enum catalog_change_kind)kind),
                   changes->by_kind[kind]);
    }
    if (changes->count == 0)
        printf("no changes\n");
}

static void show_result(struct command_context *c, const struct catalog_import_result *result)
{
    if (c->output.json) {
        command_put_int(&c->output, "", "price_versions", result->prices);
        return;
    }
    printf("applied: %lld deployments written, %lld retired, %lld price versions; first prices "
           "hold at once, changed ones ",
           (long long)result->deployments, (long long)result->retired, (long long)result->prices);
    char when[CLOCK_TEXT_SIZE];
    if (result->prices_from_ms == INT64_MIN) {
        printf("in %lld minutes\n", (long long)(CATALOG_PRICE_NOTICE_MS / 60000));
    } else {
        clock_format(result->prices_from_ms, when);
        printf("from %s\n", when);
    }
}

static enum store_outcome prices_from(struct command_context *c, int64_t *from_ms_out)
{
    enum store_outcome outcome =
        command_time(c, "prices-from", c->config->prices_from, from_ms_out);
    if (outcome == STORE_OK && *from_ms_out == INT64_MAX)
        *from_ms_out = c->config->now ? clock_wall_ms() : INT64_MIN;
    return outcome;
}

/* A file cut short, or of another maker, must not empty the shop. */
static enum store_outcome refuse_emptying(struct command_context *c, const struct catalog *old,
                                          const struct catalog_changes *changes)
{
    uint64_t had, gone;
    if (c->config->dry_run || c->config->retire_many ||
        !catalog_takes_many(old, changes, &gone, &had))
        return STORE_OK;
    return store_fail(
        &c->error, STORE_REFUSED,
        "the file lacks %llu of %llu deployments, which would be retired: nothing was "
        "changed; --retire-many does it all the same",
        (unsigned long long)gone, (unsigned long long)had);
}

/* Within the transaction: compares, shows, applies. */
static enum store_outcome compare_and_apply(struct command_context *c, int64_t from_ms)
{
    cleanup(catalog_free_at) struct catalog *old = NULL;
    cleanup(catalog_free_at) struct catalog *new = NULL;
    enum store_outcome outcome = catalog_store_lock(c->pg, &c->error);
    if (outcome == STORE_OK)
        outcome = catalog_store_read(c->pg, &old, &c->error);
    if (outcome == STORE_OK)
        outcome = read_catalog(c, c->arguments[0], old, &new);
    if (outcome != STORE_OK)
        return outcome;
    struct arena *arena = arena_new(ARENA_CHUNK_BYTES, RENDER_MAX_BYTES);
    struct catalog_changes changes = catalog_diff(old, new, arena);
    struct catalog_import import = {new, &changes, from_ms};
    struct catalog_import_result result;
    show_changes(c, &changes);
    outcome = refuse_emptying(c, old, &changes);
    if (outcome == STORE_OK && !c->config->dry_run)
        outcome = catalog_store_apply(c->pg, &c->actor, &import, &result, &c->error);
    if (outcome == STORE_OK && !c->config->dry_run)
        show_result(c, &result);
    arena_free(arena);
    return outcome;
}

static enum store_outcome catalog_import(struct command_context *c)
{
    int64_t from_ms = INT64_MIN;
    enum store_outcome outcome = prices_from(c, &from_ms);
    if (outcome == STORE_OK)
        outcome = store_begin(c->pg, &c->actor, &c->error);
    if (outcome == STORE_OK)
        outcome = compare_and_apply(c, from_ms);
    if (c->config->dry_run) {
        store_rollback(c->pg);
        return outcome;
    }
    return command_end(c, outcome);
}

static const struct option import_table[] = {
    COMMAND_SETTINGS,
    {"format", OPTION_CHOICE, COMMAND_AT(format), 0, 0, "tollgate",
     "What the file is: our own format (docs/catalog.md) or the api.json of models.dev.",
     "tollgate|models.dev"},
    {"dry-run", OPTION_BOOL, COMMAND_AT(dry_run), 0, 1, "off",
     "Shows what would change and changes nothing.", NULL},
    {"summary", OPTION_BOOL, COMMAND_AT(summary), 0, 1, "off",
     "Shows counts instead of a line for each change.", NULL},
    {"retire-many", OPTION_BOOL, COMMAND_AT(retire_many), 0, 1, "off",
     "Goes on although the file lacks more than a fifth of the deployments.", NULL},
    {"now", OPTION_BOOL, COMMAND_AT(now), 0, 1, "off",
     "Changed prices hold at once, without the 10 minutes that let every gateway learn them.",
     NULL},
    {"prices-from", OPTION_TEXT, COMMAND_AT(prices_from), 0, 64, NULL,
     "Changed prices hold from this time on, 2027-01-31T00:00:00Z. A time that is past does not "
     "rate again what was rated.",
     NULL},
};
const struct command command_catalog_import = {
    .words = "catalog import",
    .usage = "FILE",
    .about =
        "Shows what a catalog's file changes, and changes it.\n\n"
        "What the file does not have any more is retired, never deleted. Changed prices become\n"
        "new versions in both books, cost and list, 10 minutes ahead; first prices hold at\n"
        "once. What operators set (order, weight, timeouts, data policy, releases from\n"
        "quarantine) stays. All in one transaction.",
    .table = import_table,
    .count = array_size(import_table),
    .arguments = 1,
    .run = catalog_import,
};

static enum store_outcome catalog_show(struct command_context *c)
{
    cleanup(catalog_free_at) struct catalog *catalog = NULL;
    enum store_outcome outcome = store_begin(c->pg, &c->actor, &c->error);
    if (outcome == STORE_OK)
        outcome = catalog_store_read(c->pg, &catalog, &c->error);
    store_rollback(c->pg);
    if (outcome != STORE_OK)
        return outcome;
    int64_t deployments = 0, sellable = 0, quarantined = 0, sellable_models = 0;
    for (uint32_t m = 0; m < catalog->model_count; m++) {
        const struct catalog_model *model = &catalog->models[m];
        sellable_models += catalog_model_sellable(model);
        deployments += model->deployment_count;
        for (uint32_t d = 0; d < model->deployment_count; d++) {
            sellable += catalog_sellable(&model->deployments[d]);
            quarantined += model->deployments[d].quarantine != 0;
        }
    }
    command_put_int(&c->output, "PROVIDERS", "providers", catalog->provider_count);
    command_put_int(&c->output, "MODELS", "models", catalog->model_count);
    command_put_int(&c->output, "SELLABLE_MODELS", "sellable_models", sellable_models);
    command_put_int(&c->output, "DEPLOYMENTS", "deployments", deployments);
    command_put_int(&c->output, "SELLABLE", "sellable_deployments", sellable);
    command_put_int(&c->output, "QUARANTINED", "quarantined_deployments", quarantined);
    return STORE_OK;
}

static const struct option show_table[] = {COMMAND_SETTINGS};
const struct command command_catalog_show = {
    .words = "catalog show",
    .usage = "",
    .about = "Counts what the catalog in the database has.\n\n"
             "Shows PROVIDERS, MODELS, SELLABLE_MODELS, DEPLOYMENTS, SELLABLE and QUARANTINED.",
    .table = show_table,
    .count = array_size(show_table),
    .run = catalog_show,
};
