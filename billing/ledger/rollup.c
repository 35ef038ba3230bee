/*
 * rollup: see rollup.h.
 */
#include "billing/ledger/rollup.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/digest.h"
#include "common/base/map.h"

#define HOUR_MS INT64_C(3600000)

enum { FIRST_BUCKET_MS = 8, KEY_MAX = 1024 };

int rollup_bucket(int64_t ms)
{
    int bucket = 0;
    for (int64_t limit = FIRST_BUCKET_MS; bucket < ROLLUP_BUCKETS - 1 && ms >= limit; limit *= 2)
        bucket++;
    return bucket;
}

struct key {
    char at[KEY_MAX];
    size_t size;
};

static void key_add(struct key *key, const void *at, size_t size)
{
    if (key->size + size > sizeof(key->at))
        size = sizeof(key->at) - key->size;
    if (size > 0)
        memcpy(key->at + key->size, at, size);
    key->size += size;
}

/* With its length before it, so that no two lists of texts look alike. */
static void key_add_text(struct key *key, struct span text)
{
    uint16_t size = (uint16_t)text.size;
    key_add(key, &size, sizeof(size));
    key_add(key, text.at, text.size);
}

static void key_add_number(struct key *key, int64_t number)
{
    key_add(key, &number, sizeof(number));
}

static int64_t hour_of(int64_t ms)
{
    return ms - ms % HOUR_MS;
}

static void usage_key(struct key *key, const struct batch_item *item)
{
    const struct usage_event *event = &item->event.usage;
    const struct uuid *const ids[] = {
        &event->tenant,        &event->project,      &event->key,         &event->deployment,
        &event->price_version, &event->cost_version, &event->plan_version};
    key->size = 0;
    key_add_number(key, hour_of(event->start_ms));
    for (size_t i = 0; i < array_size(ids); i++)
        key_add(key, ids[i]->at, sizeof(ids[i]->at));
    key_add_number(key, item->settled.period_no);
    key_add_number(key, item->settled.late | event->byok << 1 | event->test << 2);
    key_add_number(key, event->outcome);
    key_add_number(key, event->mode);
    key_add_number(key, item->priced.context_tier);
    key_add_text(key, event->model);
}

/* The first 16 bytes of SHA-256, marked as a UUID of version 8. */
static struct uuid grain_of(const struct key *key)
{
    struct sha256 hash = digest_sha256(span_make(key->at, key->size));
    struct uuid grain;
    memcpy(grain.at, hash.at, sizeof(grain.at));
    grain.at[6] = (uint8_t)((grain.at[6] & 0x0F) | 0x80);
    grain.at[8] = (uint8_t)((grain.at[8] & 0x3F) | 0x80);
    return grain;
}

static void add_duration(int64_t ms, int64_t *sum, int32_t *buckets)
{
    if (ms < 0)
        return;
    *sum += ms;
    buckets[rollup_bucket(ms)]++;
}

static void add_event(struct rollup_row *row, const struct batch_item *item)
{
    const struct usage_event *event = &item->event.usage;
    row->requests++;
    row->attempts += event->attempt_count;
    row->counted += event->usage_from == USAGE_COUNTED;
    for (int m = 0; m < METERS; m++)
        row->meters[m] += event->meters.count[m];
    row->base_pico += item->priced.base_pico;
    row->discount_pico += item->priced.discount_pico;
    row->charge_pico += item->settled.charge_pico;
    row->cost_pico += item->priced.cost_pico;
    row->overrun_pico += item->settled.overrun_pico;
    add_duration(event->first_token_ms, &row->first_ms_sum, row->first);
    add_duration(event->total_ms, &row->total_ms_sum, row->total);
}

struct making {
    struct rollup *rollup;
    struct arena *arena;
    struct map *rows, *by_rows;
};

static void add_row(struct making *m, const struct batch_item *item)
{
    struct key key;
    struct rollup_row *row;
    usage_key(&key, item);
    row = map_get(m->rows, span_make(key.at, key.size));
    if (row == NULL) {
        row = arena_take(m->arena, sizeof(*row));
        row->hour_ms = hour_of(item->event.usage.start_ms);
        row->grain = grain_of(&key);
        row->one = item;
        (void)map_put(m->rows, arena_span(m->arena, span_make(key.at, key.size)), row);
    }
    add_event(row, item);
}

static void add_by(struct making *m, const struct batch_item *item, struct span dimension,
                   struct span value)
{
    const struct usage_event *event = &item->event.usage;
    struct rollup_by_row *row;
    struct key key = {.size = 0};
    if (value.size == 0)
        return;
    key_add_number(&key, hour_of(event->start_ms));
    key_add(&key, event->tenant.at, sizeof(event->tenant.at));
    key_add_text(&key, dimension);
    key_add_text(&key, value);
    row = map_get(m->by_rows, span_make(key.at, key.size));
    if (row == NULL) {
        row = arena_take(m->arena, sizeof(*row));
        row->hour_ms = hour_of(event->start_ms);
        row->grain = grain_of(&key);
        row->tenant = event->tenant;
        row->dimension = dimension;
        row->value = value;
        (void)map_put(m->by_rows, arena_span(m->arena, span_make(key.at, key.size)), row);
    }
    row->requests++;
    row->input_tokens += meters_prompt(&event->meters);
    row->output_tokens += event->meters.count[METER_OUTPUT];
    row->charge_pico += item->settled.charge_pico;
}

static void add_dimensions(struct making *m, const struct batch_item *item)
{
    const struct usage_event *event = &item->event.usage;
    add_by(m, item, span_of("end_user"), event->end_user);
    add_by(m, item, span_of("session"), event->session_id);
    for (uint32_t i = 0; i < event->tag_count; i++)
        add_by(m, item, span_of(arena_printf(m->arena, "tag:%.*s", SPAN_ARG(event->tags[i].name))),
               event->tags[i].value);
}

static int by_hour_and_grain(const void *a, const void *b)
{
    const struct rollup_row *x = *(struct rollup_row *const *)a;
    const struct rollup_row *y = *(struct rollup_row *const *)b;
    if (x->hour_ms != y->hour_ms)
        return x->hour_ms < y->hour_ms ? -1 : 1;
    return uuid_compare(x->grain, y->grain);
}

static int by_rows_order(const void *a, const void *b)
{
    const struct rollup_by_row *x = *(struct rollup_by_row *const *)a;
    const struct rollup_by_row *y = *(struct rollup_by_row *const *)b;
    if (x->hour_ms != y->hour_ms)
        return x->hour_ms < y->hour_ms ? -1 : 1;
    return uuid_compare(x->grain, y->grain);
}

static void *list(struct arena *arena, const struct map *map, size_t *count_out)
{
    size_t cursor = 0, count = 0;
    struct span key;
    void *value;
    void **all = arena_array(arena, map_size(map) + 1, sizeof(*all));
    while (map_next(map, &cursor, &key, &value))
        all[count++] = value;
    *count_out = count;
    return all;
}

void rollup_make(struct rollup *rollup, struct batch *batch)
{
    struct making m = {rollup, batch->arena, map_new(batch->count), map_new(batch->count)};
    for (uint32_t i = 0; i < batch->count; i++) {
        if (batch->items[i].verdict != VERDICT_POST)
            continue;
        add_row(&m, &batch->items[i]);
        add_dimensions(&m, &batch->items[i]);
    }
    rollup->rows = list(batch->arena, m.rows, &rollup->row_count);
    rollup->by_rows = list(batch->arena, m.by_rows, &rollup->by_count);
    qsort(rollup->rows, rollup->row_count, sizeof(*rollup->rows), by_hour_and_grain);
    qsort(rollup->by_rows, rollup->by_count, sizeof(*rollup->by_rows), by_rows_order);
    map_free(m.rows);
    map_free(m.by_rows);
}
