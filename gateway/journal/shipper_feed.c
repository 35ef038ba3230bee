/*
 * shipper_feed: one journal on its way to Kafka: what was read, what is in flight, what is acked.
 * No Kafka in here.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "gateway/journal/shipper_private.h"

static void stored_path(const struct feed *feed, char path_out[SEGMENT_PATH_MAX])
{
    segment_side_path(feed->folder, feed->journal, "shipped", path_out);
}

static struct position read_stored(const struct feed *feed)
{
    char path[SEGMENT_PATH_MAX];
    struct buf text = buf_make(64);
    struct position position = {0};

    stored_path(feed, path);
    if (file_read(path, &text) < 0 ||
        sscanf(text.at, "%" SCNu32 " %" SCNu32, &position.segment, &position.offset) != 2) {
        position = (struct position){0};
    }
    buf_done(&text);
    return position;
}

struct feed *feed_new(const char *folder, struct uuid journal)
{
    struct feed *feed = mem_new(sizeof(*feed));

    feed->folder = mem_strdup(folder);
    feed->journal = journal;
    feed->slots = mem_array(FEED_IN_FLIGHT_MAX, sizeof(*feed->slots));
    feed->acked = feed->stored = position_pack(read_stored(feed));
    list_init(&feed->link);
    if (feed_rewind(feed) < 0) {
        feed->broken = true;
        log_event(LOG_ALARM, "shipper.journal_unreadable", LOG_S("folder", folder));
    }
    return feed;
}

void feed_free(struct feed *feed)
{
    if (feed == NULL) {
        return;
    }
    for (uint32_t i = 0; i < feed->mark_count; i++) {
        mem_free(feed->marks[i].offsets);
    }
    cursor_close(feed->cursor);
    mem_free(feed->slots);
    mem_free(feed->folder);
    mem_free(feed);
}

static struct slot *push(struct feed *feed, bool acked)
{
    struct slot *slot = &feed->slots[(feed->first + feed->count++) % FEED_IN_FLIGHT_MAX];

    *slot = (struct slot){feed, position_pack(feed->record_next), acked, 0};
    return slot;
}

static void settle(struct feed *feed)
{
    while (feed->count > 0 && feed->slots[feed->first % FEED_IN_FLIGHT_MAX].acked) {
        feed->acked = feed->slots[feed->first % FEED_IN_FLIGHT_MAX].next;
        feed->first++;
        feed->count--;
    }
}

const struct record *feed_next(struct feed *feed)
{
    while (!feed->pending && !feed->broken && feed->count < FEED_IN_FLIGHT_MAX) {
        enum cursor_outcome outcome = cursor_next(feed->cursor, &feed->record, &feed->record_next);

        if (outcome == CURSOR_GAP || outcome == CURSOR_ERROR) {
            feed->broken = true;
            log_event(LOG_ALARM, "shipper.journal_damaged", LOG_S("folder", feed->folder));
        }
        feed->ended = outcome == CURSOR_ENDED;
        if (outcome != CURSOR_RECORD) {
            break;
        }
        if (feed->record.type == RECORD_INTENT || feed->record.type == RECORD_PROGRESS) {
            (void)push(feed, true);
            settle(feed);
        } else {
            feed->pending = true;
        }
    }
    return feed->pending ? &feed->record : NULL;
}

struct slot *feed_sent(struct feed *feed, int64_t ended_wall_ms)
{
    struct slot *slot;

    must(feed->pending);
    feed->pending = false;
    slot = push(feed, false);
    slot->ended_wall_ms = ended_wall_ms;
    return slot;
}

void feed_acked(struct slot *slot)
{
    slot->acked = true;
    settle(slot->feed);
}

int feed_rewind(struct feed *feed)
{
    int error;

    cursor_close(feed->cursor);
    feed->cursor = NULL;
    feed->first = feed->count = 0;
    feed->pending = false;
    error = cursor_open(feed->folder, feed->journal, position_unpack(feed->acked), &feed->cursor);
    return error;
}

void feed_store(struct feed *feed)
{
    char path[SEGMENT_PATH_MAX], text[64];
    struct position at = position_unpack(feed->acked);

    if (feed->stored == feed->acked) {
        return;
    }
    stored_path(feed, path);
    snprintf(text, sizeof(text), "%" PRIu32 " %" PRIu32 "\n", at.segment, at.offset);
    if (file_write_atomic(path, span_of(text), 0600) == 0) {
        feed->stored = feed->acked;
    }
}
