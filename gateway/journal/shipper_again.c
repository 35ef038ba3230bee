/*
 * shipper_again: publishes what stands in the journals once more. See shipper_reship().
 */
#include <errno.h>
#include <stdio.h>

#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "gateway/journal/cursor.h"
#include "gateway/journal/shipper.h"
#include "gateway/journal/shipper_kafka.h"

enum {
    GATEWAYS_MAX = 4096,
    JOURNALS_MAX = 256,
    POLL_MS = 100,
    FLUSH_MS = 60000,
    ARENA_BYTES = 64 << 10,
    ARENA_MAX_BYTES = 1 << 20,
};

struct again {
    const struct shipper_again *config;
    rd_kafka_t *kafka;
    struct json_doc doc;
    struct arena *arena;
    struct buf scratch;
    uint64_t sent, acked, failed;
};

static void on_sent(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque)
{
    struct again *again = opaque;

    (void)kafka;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        again->acked++;
    } else {
        again->failed++;
    }
}

static void on_failure(rd_kafka_t *kafka, int code, const char *reason, void *opaque)
{
    (void)kafka;
    (void)code;
    (void)opaque;
    log_event(LOG_WARN, "reship.kafka", LOG_S("error", reason));
}

static int send_again(struct again *again, const struct record *record)
{
    struct event event = {.kind = EVENT_KIND_UNKNOWN};
    struct uuid key = record->event;
    rd_kafka_resp_err_t error;

    arena_reset(again->arena);
    if (event_decode(record->payload, &again->doc, again->arena, &event, &again->scratch) == 0) {
        key = shipper_key(&event, record->event);
    }
    do {
        error = rd_kafka_producev(
            again->kafka, RD_KAFKA_V_TOPIC(again->config->topic),
            RD_KAFKA_V_KEY(key.at, sizeof(key.at)),
            RD_KAFKA_V_VALUE((void *)(uintptr_t)record->payload.at, record->payload.size),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
        rd_kafka_poll(again->kafka, error == RD_KAFKA_RESP_ERR__QUEUE_FULL ? POLL_MS : 0);
    } while (error == RD_KAFKA_RESP_ERR__QUEUE_FULL);
    again->sent += error == RD_KAFKA_RESP_ERR_NO_ERROR;
    return error == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : -EIO;
}

static int send_journal(struct again *again, const char *folder, struct uuid journal)
{
    struct cursor *cursor;
    struct record record;
    struct position next;
    enum cursor_outcome outcome;
    int error = cursor_open(folder, journal, (struct position){0}, &cursor);

    if (error < 0) {
        return error == -ENOENT ? 0 : error;
    }
    while (error == 0 && (outcome = cursor_next(cursor, &record, &next)) == CURSOR_RECORD) {
        bool publishes = record.type != RECORD_INTENT && record.type != RECORD_PROGRESS;

        if (publishes && uuid_unix_ms(record.event) >= again->config->since_ms) {
            error = send_again(again, &record);
        }
    }
    if (error == 0 && (outcome == CURSOR_GAP || outcome == CURSOR_ERROR)) {
        error = -EBADMSG;
    }
    cursor_close(cursor);
    return error;
}

static int send_folder(struct again *again, struct uuid gateway)
{
    struct segment_listing *listings = mem_array(JOURNALS_MAX, sizeof(*listings));
    char name[UUID_TEXT_SIZE], folder[SEGMENT_PATH_MAX];
    int count, error = 0;

    uuid_format(gateway, name);
    snprintf(folder, sizeof(folder), "%s/%s", again->config->root, name);
    count = segment_list(folder, listings, JOURNALS_MAX);
    for (int i = 0; error == 0 && i < count; i++) {
        error = send_journal(again, folder, listings[i].journal);
    }
    mem_free(listings);
    log_event(LOG_INFO, "reship.folder", LOG_S("gateway", name), LOG_N("sent", again->sent));
    return count < 0 ? count : error;
}

static int send_all(struct again *again)
{
    struct uuid *gateways = mem_array(GATEWAYS_MAX, sizeof(*gateways));
    int count = segment_gateways(again->config->root, gateways, GATEWAYS_MAX);
    int error = count < 0 ? count : 0;

    for (int i = 0; error == 0 && i < count; i++) {
        error = send_folder(again, gateways[i]);
    }
    mem_free(gateways);
    return error;
}

int shipper_reship(const struct shipper_again *config, struct buf *why, uint64_t *sent_out)
{
    struct again again = {.config = config};
    int error;

    again.kafka = shipper_producer(config->brokers, on_sent, on_failure, &again, why);
    if (again.kafka == NULL) {
        return -EINVAL;
    }
    again.doc = json_doc_make();
    again.arena = arena_new(ARENA_BYTES, ARENA_MAX_BYTES);
    again.scratch = buf_make(1024);
    error = send_all(&again);
    if (error == 0 && rd_kafka_flush(again.kafka, FLUSH_MS) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        error = -ETIMEDOUT;
    }
    if (error < 0 || again.acked != again.sent) {
        buf_printf(why, "of %llu records that were sent, Kafka has %llu: %s",
                   (unsigned long long)again.sent, (unsigned long long)again.acked,
                   error == -EBADMSG ? "a journal is damaged" : strerror(-error));
        error = error == 0 ? -EIO : error;
    }
    rd_kafka_purge(again.kafka, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_destroy(again.kafka);
    json_doc_done(&again.doc);
    arena_free(again.arena);
    buf_done(&again.scratch);
    *sent_out = again.acked;
    return error;
}
