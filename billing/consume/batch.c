/*
 * batch: see batch.h.
 */
#include "billing/consume/batch.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/map.h"
#include "common/base/mem.h"

enum { CHUNK_BYTES = 1 << 20, DETAIL_MAX = 400 };
/* Payloads, what decoding copies of them, and what is built for the ledger. */
#define ARENA_BYTES (INT64_C(12) * BATCH_BYTES_MAX)

const char *dead_reason_name(enum dead_reason reason)
{
    static const char *const names[] = {
        [DEAD_DECODE] = "decode",
        [DEAD_VALIDATE] = "validate",
        [DEAD_RATE] = "rate",
        [DEAD_NO_PARTITION] = "no_partition",
        [DEAD_UNKNOWN_VERSION] = "unknown_version",
        [DEAD_CONFLICT] = "conflict",
        [DEAD_QUARANTINE] = "quarantine",
    };
    return names[reason];
}

struct batch *batch_new(uint32_t events_max)
{
    struct batch *batch = mem_new(sizeof(*batch));
    batch->arena = arena_new(CHUNK_BYTES, (size_t)ARENA_BYTES);
    batch->items = mem_array(events_max, sizeof(*batch->items));
    batch->capacity = batch->limit = events_max;
    batch->doc = json_doc_make();
    return batch;
}

void batch_free(struct batch *batch)
{
    if (batch == NULL)
        return;
    map_free(batch->by_event);
    json_doc_done(&batch->doc);
    arena_free(batch->arena);
    mem_free(batch->items);
    mem_free(batch);
}

void batch_reset(struct batch *batch)
{
    map_free(batch->by_event);
    batch->by_event = NULL;
    arena_reset(batch->arena);
    batch->count = 0;
    batch->reach_count = 0;
    batch->bytes = 0;
}

bool batch_has_room(const struct batch *batch)
{
    return batch->count < batch->limit && batch->bytes < BATCH_BYTES_MAX &&
           batch->reach_count < BATCH_SOURCES_MAX;
}

/* Messages of one source come in runs, so the last reach is mostly the right one. */
static struct batch_reach *reach_of(struct batch *batch, const struct intake_message *message)
{
    struct batch_reach *reach;
    for (uint32_t i = batch->reach_count; i > 0; i--)
        if (batch->reaches[i - 1].source == message->source)
            return &batch->reaches[i - 1];
    reach = &batch->reaches[batch->reach_count++];
    *reach = (struct batch_reach){.source = message->source, .from = message->at};
    return reach;
}

void batch_take(struct batch *batch, const struct intake_message *message)
{
    struct batch_item *item = &batch->items[batch->count++];
    must(batch->count <= batch->capacity);
    item->verdict = VERDICT_NEW;
    item->reach = reach_of(batch, message);
    item->at = message->at;
    item->detail = span_of("");
    /* What cannot be an event is kept whole as a dead letter, whatever its size. */
    item->payload = arena_span(batch->arena, message->payload);
    item->reach->to = message->after;
    item->reach->last = item->payload;
    batch->bytes += message->payload.size;
}

void batch_fill(struct batch *batch, struct intake *intake, int64_t idle_ms, int64_t wait_ms)
{
    struct intake_message message;
    int64_t until_ms = 0;
    while (batch_has_room(batch)) {
        int64_t left_ms = batch->count == 0 ? idle_ms : until_ms - clock_mono_ms();
        if (left_ms < 0 || intake_next(intake, left_ms, &message) == 0)
            return;
        if (batch->count == 0)
            until_ms = clock_mono_ms() + wait_ms;
        batch_take(batch, &message);
    }
}

void batch_kill(struct batch *batch, struct batch_item *item, enum dead_reason reason,
                const char *detail, ...)
{
    char text[DETAIL_MAX];
    va_list arguments;
    va_start(arguments, detail);
    vsnprintf(text, sizeof(text), detail, arguments);
    va_end(arguments);
    item->verdict = VERDICT_DEAD;
    item->reason = reason;
    item->detail = arena_span(batch->arena, span_of(text));
}

void batch_find_duplicates(struct batch *batch)
{
    map_free(batch->by_event);
    batch->by_event = map_new(batch->count);
    for (uint32_t i = 0; i < batch->count; i++) {
        struct batch_item *item = &batch->items[i], *first;
        if (item->verdict != VERDICT_POST)
            continue;
        first = map_get(batch->by_event, uuid_span(&item->event.usage.id));
        if (first == NULL)
            (void)map_put(batch->by_event, uuid_span(&item->event.usage.id), item);
        else if (span_equal(first->payload, item->payload))
            item->verdict = VERDICT_DUPLICATE;
        else
            batch_kill(batch, item, DEAD_CONFLICT,
                       "the same event id with other content came earlier in the same batch");
    }
}
