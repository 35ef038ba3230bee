/*
 * refused: see refused.h.
 */
#include "gateway/meter/refused.h"

#include "billing/event/event.h"
#include "common/base/map.h"
#include "common/base/mem.h"

enum { MINUTE_MS = 60000, EVENT_ROOM = 2048 };

/* No padding before `requests`: the first two are the map's key. */
struct row {
    struct uuid key;
    const char *code;
    struct uuid tenant;
    int64_t requests;
};

struct refused {
    struct journal *journal;
    struct uuid gateway;
    struct map *by_key;
    struct row *rows;
    uint32_t count;
    int64_t minute_ms;
    struct buf scratch;
};

struct refused *refused_new(struct journal *journal, struct uuid gateway)
{
    struct refused *refused = mem_new(sizeof(*refused));

    refused->journal = journal;
    refused->gateway = gateway;
    refused->rows = mem_array(REFUSED_ROWS_MAX, sizeof(*refused->rows));
    refused->by_key = map_new(256);
    refused->scratch = buf_make(EVENT_ROOM);
    return refused;
}

void refused_free(struct refused *refused)
{
    if (refused == NULL) {
        return;
    }
    map_free(refused->by_key);
    mem_free(refused->rows);
    buf_done(&refused->scratch);
    mem_free(refused);
}

static struct span row_key(const struct row *row)
{
    return span_make((const char *)row, offsetof(struct row, tenant));
}

void refused_count(struct refused *refused, struct uuid tenant, struct uuid key, const char *code)
{
    struct row wanted = {.key = key, .code = code, .tenant = tenant};
    struct row *row = map_get(refused->by_key, row_key(&wanted));

    if (row == NULL) {
        if (refused->count == REFUSED_ROWS_MAX) {
            return;
        }
        row = &refused->rows[refused->count++];
        *row = wanted;
        map_put(refused->by_key, row_key(row), row);
    }
    row->requests++;
}

static void put(struct refused *refused, const struct row *row)
{
    struct refusal_event event = {
        .id = uuid_new(),
        .tenant = row->tenant,
        .key = row->key,
        .gateway = refused->gateway,
        .minute_ms = refused->minute_ms,
        .code = span_of(row->code),
        .requests = row->requests,
    };

    buf_clear(&refused->scratch);
    if (event_encode_refusal(&event, &refused->scratch) == 0) {
        (void)!journal_put(refused->journal, RECORD_REFUSALS, event.id, buf_span(&refused->scratch),
                           NULL);
    }
}

void refused_tick(struct refused *refused, int64_t wall_ms, bool now)
{
    int64_t minute_ms = wall_ms - wall_ms % MINUTE_MS;

    if (minute_ms == refused->minute_ms && !now) {
        return;
    }
    for (uint32_t i = 0; i < refused->count; i++) {
        put(refused, &refused->rows[i]);
    }
    if (refused->count > 0) {
        map_free(refused->by_key);
        refused->by_key = map_new(256);
        refused->count = 0;
    }
    refused->minute_ms = minute_ms;
}
