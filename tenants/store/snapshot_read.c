/*
 * snapshot_read: see snapshot_read.h; the halves are snapshot_tenants.c and snapshot_catalog.c.
 */
#include "tenants/store/snapshot_read.h"

#include "common/base/mem.h"
#include "tenants/store/snapshot_inside.h"

#define CHUNK_BYTES ((size_t)1 << 20)
#define MAX_BYTES ((size_t)512 << 20)
/* What has to stay free for the texts of one more row. */
#define RESERVE_BYTES ((size_t)1 << 20)

static struct places places_make(size_t expected)
{
    return (struct places){map_new(expected)};
}

static void places_done(struct places *places)
{
    map_free(places->map);
}

/* A map holds no NULL, so places count from 1 in it. */
void places_put(struct places *places, struct span key, uint32_t place)
{
    (void)map_put(places->map, key, (void *)((uintptr_t)place + 1));
}

bool places_find(const struct places *places, struct span key, uint32_t *place_out)
{
    const void *found = map_get(places->map, key);
    if (found == NULL)
        return false;
    *place_out = (uint32_t)((uintptr_t)found - 1);
    return true;
}

enum store_outcome snapshot_select(struct snapshot_reading *r, const char *doing, const char *sql,
                                   struct pg_rows **rows_out, uint32_t *count_out)
{
    enum pg_outcome outcome = pg_exec(r->pg, rows_out, sql);
    if (outcome == PG_OK)
        *count_out = (uint32_t)pg_rows_count(*rows_out);
    return store_judge(r->pg, outcome, doing, r->error);
}

void *snapshot_room(struct snapshot_reading *r, uint32_t count, size_t size)
{
    size_t room = arena_room(r->rows->arena);
    if (room < RESERVE_BYTES || (room - RESERVE_BYTES) / size < count) {
        (void)store_fail(r->error, STORE_BROKEN, "the snapshot is larger than %zu MiB",
                         MAX_BYTES >> 20);
        return NULL;
    }
    return arena_array(r->rows->arena, count == 0 ? 1 : count, size);
}

static enum store_outcome read_table(struct snapshot_reading *r, const struct snapshot_table *table)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    uint32_t count = 0;
    enum store_outcome outcome = snapshot_select(r, table->doing, table->sql, &rows, &count);
    if (outcome != STORE_OK)
        return outcome;
    char *array = snapshot_room(r, count, table->row_size);
    if (array == NULL)
        return STORE_BROKEN;
    for (uint32_t i = 0; i < count; i++)
        if (!table->read(r, rows, i, array + i * table->row_size))
            return STORE_BROKEN;
    memcpy((char *)r->rows + table->rows_at, &array, sizeof(array));
    memcpy((char *)r->rows + table->count_at, &count, sizeof(count));
    return STORE_OK;
}

enum store_outcome snapshot_read_tables(struct snapshot_reading *r,
                                        const struct snapshot_table *tables, size_t count)
{
    enum store_outcome outcome = STORE_OK;
    for (size_t i = 0; i < count && outcome == STORE_OK; i++)
        outcome = read_table(r, &tables[i]);
    return outcome;
}

bool snapshot_misread(struct snapshot_reading *r, const char *what, struct span text)
{
    (void)store_fail(r->error, STORE_BROKEN, "the database holds the %s \"%.*s\"", what,
                     SPAN_ARG(text));
    return false;
}

struct span snapshot_text(struct snapshot_reading *r, const struct pg_rows *rows, size_t row,
                          int column)
{
    struct span text = pg_get_text(rows, row, column);
    return text.size == 0 ? span_of("") : arena_span(r->rows->arena, text);
}

bool snapshot_word(struct snapshot_reading *r, const struct words *words, struct span name,
                   unsigned *word_out)
{
    if (words_find(words, name, word_out) == 0)
        return true;
    return snapshot_misread(r, words->what, name);
}

int64_t snapshot_until(const struct pg_rows *rows, size_t row, int column)
{
    return pg_is_null(rows, row, column) ? INT64_MAX : pg_get_unix_ms(rows, row, column);
}

int64_t snapshot_pico(const struct pg_rows *rows, size_t row, int column)
{
    int128 pico = pg_is_null(rows, row, column) ? 0 : pg_get_int128(rows, row, column);
    return pico > INT64_MAX ? INT64_MAX : (int64_t)pico;
}

enum store_outcome snapshot_read_version(struct pg *pg, int64_t *version_out,
                                         struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum pg_outcome outcome = pg_exec(pg, &rows, "SELECT version FROM tollgate.snapshot_version");
    if (outcome == PG_OK)
        *version_out = pg_get_int64(rows, 0, 0);
    return store_judge(pg, outcome, "read the snapshot's version", error_out);
}

/* The first statement fixes the view for all that follow. */
static enum store_outcome read_head(struct snapshot_reading *r)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    uint32_t count = 0;
    enum store_outcome outcome =
        snapshot_select(r, "read the snapshot's version",
                        "SELECT version, now() FROM tollgate.snapshot_version", &rows, &count);
    if (outcome != STORE_OK)
        return outcome;
    r->rows->version = pg_get_int64(rows, 0, 0);
    r->rows->read_ms = pg_get_unix_ms(rows, 0, 1);
    return STORE_OK;
}

static bool read_setting(struct snapshot_reading *r, const struct pg_rows *rows, uint32_t i,
                         void *row)
{
    struct setting_row *setting = row;
    setting->name = snapshot_text(r, rows, i, 0);
    setting->value = snapshot_text(r, rows, i, 1);
    return true;
}

static const struct snapshot_table settings_table =
    SNAPSHOT_TABLE(settings, setting, read_setting, "read the settings",
                   "SELECT name, value FROM tollgate.settings ORDER BY name COLLATE \"C\"");

static enum store_outcome read_all(struct snapshot_reading *r)
{
    enum store_outcome outcome = read_head(r);
    if (outcome == STORE_OK)
        outcome = snapshot_read_catalog(r);
    if (outcome == STORE_OK)
        outcome = snapshot_read_tenants(r);
    if (outcome == STORE_OK)
        outcome = snapshot_read_tables(r, &settings_table, 1);
    return outcome;
}

enum store_outcome snapshot_read(struct pg *pg, struct snapshot_rows **rows_out,
                                 struct store_error *error_out)
{
    struct snapshot_rows *rows = mem_new(sizeof(*rows));
    rows->arena = arena_new(CHUNK_BYTES, MAX_BYTES);
    struct snapshot_reading reading = {
        .pg = pg,
        .rows = rows,
        .tenants = places_make(1024),
        .projects = places_make(1024),
        .keys = places_make(4096),
        .plans = places_make(64),
        .providers = places_make(64),
        .models = places_make(1024),
        .error = error_out,
    };
    enum store_outcome outcome =
        store_judge(pg, pg_begin(pg, PG_READ_ONLY), "begin reading the snapshot", error_out);
    if (outcome == STORE_OK)
        outcome = read_all(&reading);
    pg_rollback(pg);
    places_done(&reading.tenants);
    places_done(&reading.projects);
    places_done(&reading.keys);
    places_done(&reading.plans);
    places_done(&reading.providers);
    places_done(&reading.models);
    if (outcome == STORE_OK)
        *rows_out = rows;
    else
        snapshot_rows_free(rows);
    return outcome;
}

void snapshot_rows_free(struct snapshot_rows *rows)
{
    if (rows == NULL)
        return;
    arena_free(rows->arena);
    mem_free(rows);
}
