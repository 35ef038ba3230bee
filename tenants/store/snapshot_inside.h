/*
 * snapshot_inside: what the files that read a snapshot's rows share. Not for use outside.
 */
#ifndef TOLLGATE_TENANTS_STORE_SNAPSHOT_INSIDE_H
#define TOLLGATE_TENANTS_STORE_SNAPSHOT_INSIDE_H

#include "common/base/map.h"
#include "tenants/store/snapshot_read.h"

/* Where a row stands, by its key: uuid bytes or text. */
struct places {
    struct map *map;
};
void places_put(struct places *places, struct span key, uint32_t place);
must_use bool places_find(const struct places *places, struct span key, uint32_t *place_out);

/* A snapshot being read. Each statement orders its rows as the array is ordered. */
struct snapshot_reading {
    struct pg *pg;
    struct snapshot_rows *rows;
    struct places tenants, projects, keys, plans, providers, models;
    struct store_error *error;
};

/* Runs one statement: "read the keys". */
must_use enum store_outcome snapshot_select(struct snapshot_reading *r, const char *doing,
                                            const char *sql, struct pg_rows **rows_out,
                                            uint32_t *count_out);
/* How the rows of one statement become an array of the snapshot. */
struct snapshot_table {
    const char *doing, *sql; /* as for snapshot_select() */
    size_t row_size;
    size_t rows_at, count_at; /* offsets in struct snapshot_rows */
    /* Fills the i-th row, which is zero before. False: r->error says why not. */
    bool (*read)(struct snapshot_reading *r, const struct pg_rows *rows, uint32_t i, void *row);
};
#define SNAPSHOT_TABLE(many, one, reader, what, statement)                                         \
    {                                                                                              \
        .doing = (what), .sql = (statement),                                                       \
        .row_size = sizeof(*((struct snapshot_rows *)NULL)->many),                                 \
        .rows_at = offsetof(struct snapshot_rows, many),                                           \
        .count_at = offsetof(struct snapshot_rows, one##_count), .read = (reader)                  \
    }
must_use enum store_outcome snapshot_read_tables(struct snapshot_reading *r,
                                                 const struct snapshot_table *tables, size_t count);
/* Room for that many rows in the arena, or NULL when the snapshot grows past its maximum. */
must_use void *snapshot_room(struct snapshot_reading *r, uint32_t count, size_t size);
/* False, and a sentence that names what was not understood. */
must_use bool snapshot_misread(struct snapshot_reading *r, const char *what, struct span text);

/* A copy in the arena; empty for a null. */
must_use struct span snapshot_text(struct snapshot_reading *r, const struct pg_rows *rows,
                                   size_t row, int column);
/* A word of a vocabulary. */
must_use bool snapshot_word(struct snapshot_reading *r, const struct words *words, struct span name,
                            unsigned *word_out);
/* A time, INT64_MAX for a null. */
must_use int64_t snapshot_until(const struct pg_rows *rows, size_t row, int column);
/* A budget: 0 for a null, INT64_MAX for what is larger. */
must_use int64_t snapshot_pico(const struct pg_rows *rows, size_t row, int column);

/* The two halves. */
must_use enum store_outcome snapshot_read_tenants(struct snapshot_reading *r);
must_use enum store_outcome snapshot_read_catalog(struct snapshot_reading *r);

#endif
