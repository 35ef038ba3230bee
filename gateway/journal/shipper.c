/*
 * shipper: the thread that carries journals to Kafka. See shipper.h.
 */
#include "gateway/journal/shipper.h"

#include <errno.h>
#include <pthread.h>

#include "billing/event/event.h"
#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/thread.h"
#include "gateway/journal/shipper_kafka.h"
#include "gateway/journal/shipper_private.h"

enum {
    IDLE_POLL_MS = 20,
    STORE_MS = 1000,
    REBUILD_WAIT_MS = 500,
    BURST = 512,
    ARENA_BYTES = 64 << 10,
    ARENA_MAX_BYTES = 1 << 20,
};

struct add_letter {
    struct letter letter;
    char *folder;
    struct uuid journal;
};

struct shipper {
    struct shipper_config config;
    pthread_t thread;
    struct mailbox *added;
    _Atomic int64_t stop_by_ms;                     /* monotonic; 0: go on */
    _Atomic int64_t posted[SHIPPER_PARTITIONS_MAX]; /* next offset, by billing */

    /* the thread's own */
    rd_kafka_t *kafka;
    struct list feeds;
    int64_t acked_offsets[SHIPPER_PARTITIONS_MAX]; /* next offset behind what was acked */
    bool must_rebuild;
    struct json_doc doc;
    struct arena *arena;
    struct buf why;

    _Atomic uint64_t acked, in_flight, rebuilt, behind_bytes, lag_ms_sum;
    _Atomic uint64_t lag_bucket[SHIPPER_LAG_BUCKETS];
    _Atomic int64_t last_ack_ms;
    _Atomic bool connected, drained;
};

static void count_lag(struct shipper *shipper, int64_t ended_wall_ms)
{
    int64_t lag = clock_wall_ms() - ended_wall_ms;
    int bucket = 0;

    if (ended_wall_ms == 0) {
        return;
    }
    lag = lag < 0 ? 0 : lag;
    while (bucket < SHIPPER_LAG_BUCKETS - 1 && lag >= INT64_C(1) << bucket) {
        bucket++;
    }
    atomic_fetch_add_explicit(&shipper->lag_bucket[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&shipper->lag_ms_sum, (uint64_t)lag, memory_order_relaxed);
}

static void on_delivery(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque)
{
    struct shipper *shipper = opaque;
    struct slot *slot = message->_private;

    (void)kafka;
    atomic_fetch_sub_explicit(&shipper->in_flight, 1, memory_order_relaxed);
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        shipper->must_rebuild = true;
        return;
    }
    if (message->partition >= 0 && message->partition < SHIPPER_PARTITIONS_MAX &&
        shipper->acked_offsets[message->partition] <= message->offset) {
        shipper->acked_offsets[message->partition] = message->offset + 1;
    }
    atomic_fetch_add_explicit(&shipper->acked, 1, memory_order_relaxed);
    atomic_store_explicit(&shipper->last_ack_ms, clock_mono_ms(), memory_order_relaxed);
    count_lag(shipper, slot->ended_wall_ms);
    feed_acked(slot);
}

static void on_error(rd_kafka_t *kafka, int code, const char *reason, void *opaque)
{
    struct shipper *shipper = opaque;

    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        atomic_store(&shipper->connected, false);
    }
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        char text[256];

        rd_kafka_fatal_error(kafka, text, sizeof(text));
        log_event(LOG_ALARM, "shipper.producer_fatal", LOG_S("error", text));
        shipper->must_rebuild = true;
        return;
    }
    log_event(LOG_WARN, "shipper.kafka", LOG_S("error", reason));
}

/* Kafka being away is no reason to give a message up: it stays in the journal anyway. */
static const struct {
    const char *name, *value;
} producer_settings[] = {
    {"client.id", "tollgate-gateway"},
    {"acks", "all"},
    {"enable.idempotence", "true"},
    {"compression.codec", "zstd"},
    {"linger.ms", "50"}, /* few, full requests: a lag of 50 ms costs nobody anything */
    {"message.timeout.ms", "0"},
    {"queue.buffering.max.messages", "20000"},
    {"queue.buffering.max.kbytes", "16384"},
    {"reconnect.backoff.max.ms", "1000"},
    {"socket.keepalive.enable", "true"},
    {"log_level", "3"},
};

rd_kafka_t *shipper_producer(const char *brokers, shipper_delivery *on_sent,
                             void (*on_failure)(rd_kafka_t *, int, const char *, void *),
                             void *opaque, struct buf *why)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char text[512] = "";
    rd_kafka_t *kafka = NULL;
    bool ok = rd_kafka_conf_set(conf, "bootstrap.servers", brokers, text, sizeof(text)) ==
              RD_KAFKA_CONF_OK;

    for (size_t i = 0; ok && i < array_size(producer_settings); i++) {
        ok = rd_kafka_conf_set(conf, producer_settings[i].name, producer_settings[i].value, text,
                               sizeof(text)) == RD_KAFKA_CONF_OK;
    }
    rd_kafka_conf_set_dr_msg_cb(conf, on_sent);
    rd_kafka_conf_set_error_cb(conf, on_failure);
    rd_kafka_conf_set_opaque(conf, opaque);
    if (ok) {
        kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    }
    if (kafka == NULL) {
        rd_kafka_conf_destroy(conf);
        buf_printf(why, "Kafka's client refuses its settings: %s", text);
    }
    return kafka;
}

static rd_kafka_t *make_producer(struct shipper *shipper, struct buf *why)
{
    return shipper_producer(shipper->config.brokers, on_delivery, on_error, shipper, why);
}

struct uuid shipper_key(const struct event *event, struct uuid otherwise)
{
    switch (event->kind) {
    case EVENT_KIND_USAGE:
        return event->usage.lease_count > 0 ? event->usage.leases[0].lease : event->usage.tenant;
    case EVENT_KIND_LEASE:
        return event->lease.lease;
    case EVENT_KIND_REFUSAL:
        return event->refusal.tenant;
    case EVENT_KIND_UNKNOWN:
        break;
    }
    return otherwise;
}

/* When the request was over, for the lag; 0 where that says nothing. */
static int64_t ended_ms(const struct event *event)
{
    if (event->kind != EVENT_KIND_USAGE || event->usage.outcome == OUTCOME_CRASH ||
        event->usage.total_ms < 0) {
        return 0;
    }
    return event->usage.start_ms + event->usage.total_ms;
}

static void read_event(struct shipper *shipper, const struct record *record, struct uuid *key_out,
                       int64_t *ended_ms_out)
{
    struct event event;

    *key_out = record->event;
    *ended_ms_out = 0;
    arena_reset(shipper->arena);
    if (event_decode(record->payload, &shipper->doc, shipper->arena, &event, &shipper->why) == 0) {
        *key_out = shipper_key(&event, record->event);
        *ended_ms_out = ended_ms(&event);
    } /* Else billing keeps it as a dead letter. */
}

/* Hands one record to Kafka: false when its queue is full. */
static bool send_record(struct shipper *shipper, struct feed *feed, const struct record *record)
{
    struct uuid key;
    int64_t ended_ms;
    struct slot *slot = &feed->slots[(feed->first + feed->count) % FEED_IN_FLIGHT_MAX];
    rd_kafka_resp_err_t error;

    read_event(shipper, record, &key, &ended_ms);
    error = rd_kafka_producev(
        shipper->kafka, RD_KAFKA_V_TOPIC(shipper->config.topic),
        RD_KAFKA_V_KEY(key.at, sizeof(key.at)),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)record->payload.at, record->payload.size),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(slot), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        return false;
    }
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        shipper->must_rebuild = true;
        return false;
    }
    must(feed_sent(feed, ended_ms) == slot);
    atomic_fetch_add_explicit(&shipper->in_flight, 1, memory_order_relaxed);
    return true;
}

/* A burst of every journal: how many records went out. */
static size_t send_some(struct shipper *shipper)
{
    size_t sent = 0;

    list_each(&shipper->feeds, link)
    {
        struct feed *feed = list_item(link, struct feed, link);
        const struct record *record;

        for (int i = 0; i < BURST && (record = feed_next(feed)) != NULL; i++) {
            if (!send_record(shipper, feed, record)) {
                return sent;
            }
            sent++;
        }
    }
    return sent;
}

/* When a segment is left behind, what Kafka has by then is what billing must have posted before it
 * may go. */
static void mark_segment(struct shipper *shipper, struct feed *feed)
{
    uint64_t here = feed->acked & ~(uint64_t)UINT32_MAX;
    struct mark *last = feed->mark_count > 0 ? &feed->marks[feed->mark_count - 1] : NULL;

    if (here == 0 || (last != NULL && last->position >= here) ||
        feed->mark_count == FEED_MARKS_MAX) {
        return;
    }
    last = &feed->marks[feed->mark_count++];
    last->position = here;
    last->offsets = mem_array(SHIPPER_PARTITIONS_MAX, sizeof(*last->offsets));
    memcpy(last->offsets, shipper->acked_offsets, sizeof(shipper->acked_offsets));
}

static bool posted(struct shipper *shipper, const struct mark *mark)
{
    for (int i = 0; i < SHIPPER_PARTITIONS_MAX; i++) {
        if (mark->offsets[i] > atomic_load_explicit(&shipper->posted[i], memory_order_relaxed)) {
            return false;
        }
    }
    return true;
}

static void release_segments(struct shipper *shipper, struct feed *feed)
{
    uint32_t done = 0;

    while (done < feed->mark_count && posted(shipper, &feed->marks[done])) {
        done++;
    }
    if (done == 0) {
        return;
    }
    shipper->config.on_done(shipper->config.context, feed->journal,
                            position_unpack(feed->marks[done - 1].position));
    for (uint32_t i = 0; i < done; i++) {
        mem_free(feed->marks[i].offsets);
    }
    memmove(feed->marks, feed->marks + done, (feed->mark_count - done) * sizeof(*feed->marks));
    feed->mark_count -= done;
}

/* Once a second: positions to disk, figures for metrics, segments that may go. */
static void housekeep(struct shipper *shipper)
{
    uint64_t behind = 0;
    bool drained = true;

    list_each(&shipper->feeds, link)
    {
        struct feed *feed = list_item(link, struct feed, link);

        feed_store(feed);
        mark_segment(shipper, feed);
        release_segments(shipper, feed);
        if (!feed->broken) {
            behind += cursor_behind(feed->cursor);
            drained =
                drained && feed->count == 0 && !feed->pending && cursor_behind(feed->cursor) == 0;
        }
    }
    atomic_store(&shipper->behind_bytes, behind);
    atomic_store(&shipper->drained, drained);
}

/* A producer that failed for good is replaced, and everything that was not acked is read again. */
static void rebuild(struct shipper *shipper)
{
    rd_kafka_t *old = shipper->kafka;

    log_event(LOG_WARN, "shipper.rebuild");
    shipper->kafka = NULL;
    rd_kafka_purge(old, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_poll(old, 0);
    rd_kafka_destroy(old);
    atomic_store(&shipper->in_flight, 0);
    atomic_fetch_add(&shipper->rebuilt, 1);
    list_each(&shipper->feeds, link)
    {
        struct feed *feed = list_item(link, struct feed, link);

        feed->broken = feed_rewind(feed) < 0;
    }
    buf_clear(&shipper->why);
    shipper->kafka = make_producer(shipper, &shipper->why);
    must(shipper->kafka != NULL); /* The same settings were taken before. */
    shipper->must_rebuild = false;
}

static void take_added(struct shipper *shipper)
{
    struct letter *letter;

    while ((letter = mailbox_take(shipper->added)) != NULL) {
        struct add_letter *add = container_of(letter, struct add_letter, letter);
        struct feed *feed = feed_new(add->folder, add->journal);

        list_push_back(&shipper->feeds, &feed->link);
        mem_free(add->folder);
        mem_free(add);
    }
}

static bool all_shipped(struct shipper *shipper)
{
    housekeep(shipper);
    return atomic_load(&shipper->drained);
}

static void *run(void *argument)
{
    struct shipper *shipper = argument;
    int64_t stored_ms = 0, rebuild_ms = 0;

    for (;;) {
        int64_t now = clock_mono_ms(), stop_by = atomic_load(&shipper->stop_by_ms);
        size_t sent;

        take_added(shipper);
        if (shipper->must_rebuild && now >= rebuild_ms) {
            rebuild(shipper);
            rebuild_ms = now + REBUILD_WAIT_MS;
        }
        sent = shipper->must_rebuild ? 0 : send_some(shipper);
        atomic_store(&shipper->connected,
                     atomic_load(&shipper->connected) || atomic_load(&shipper->last_ack_ms) != 0);
        rd_kafka_poll(shipper->kafka, sent > 0 ? 0 : IDLE_POLL_MS);
        if (now - stored_ms >= STORE_MS) {
            housekeep(shipper);
            stored_ms = now;
        }
        if (stop_by != 0 && (now >= stop_by || all_shipped(shipper))) {
            return NULL;
        }
    }
}

int shipper_start(const struct shipper_config *config, struct buf *why,
                  struct shipper **shipper_out)
{
    struct shipper *shipper = mem_new(sizeof(*shipper));

    shipper->config = *config;
    shipper->kafka = make_producer(shipper, why);
    if (shipper->kafka == NULL) {
        mem_free(shipper);
        return -EINVAL;
    }
    shipper->added = mailbox_new();
    shipper->doc = json_doc_make();
    shipper->arena = arena_new(ARENA_BYTES, ARENA_MAX_BYTES);
    shipper->why = buf_make(1024);
    list_init(&shipper->feeds);
    thread_start(&shipper->thread, "shipper", run, shipper);
    *shipper_out = shipper;
    return 0;
}

void shipper_add(struct shipper *shipper, const char *folder, struct uuid journal)
{
    struct add_letter *add = mem_new(sizeof(*add));

    add->folder = mem_strdup(folder);
    add->journal = journal;
    mailbox_send(shipper->added, &add->letter);
}

void shipper_posted(struct shipper *shipper, int32_t partition, int64_t next_offset)
{
    if (partition >= 0 && partition < SHIPPER_PARTITIONS_MAX) {
        atomic_store_explicit(&shipper->posted[partition], next_offset, memory_order_relaxed);
    }
}

void shipper_stop(struct shipper *shipper, uint32_t wait_ms)
{
    if (shipper == NULL) {
        return;
    }
    atomic_store(&shipper->stop_by_ms, clock_mono_ms() + wait_ms + 1);
    pthread_join(shipper->thread, NULL);
    rd_kafka_purge(shipper->kafka, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_destroy(shipper->kafka);
    take_added(shipper);
    list_each_safe(&shipper->feeds, link, after)
    {
        feed_free(list_item(link, struct feed, link));
    }
    mailbox_free(shipper->added);
    json_doc_done(&shipper->doc);
    arena_free(shipper->arena);
    buf_done(&shipper->why);
    mem_free(shipper);
}

void shipper_state(struct shipper *shipper, struct shipper_state *state_out)
{
    *state_out = (struct shipper_state){
        .acked = atomic_load(&shipper->acked),
        .in_flight = atomic_load(&shipper->in_flight),
        .rebuilt = atomic_load(&shipper->rebuilt),
        .behind_bytes = atomic_load(&shipper->behind_bytes),
        .lag_ms_sum = atomic_load(&shipper->lag_ms_sum),
        .last_ack_ms = atomic_load(&shipper->last_ack_ms),
        .connected = atomic_load(&shipper->connected),
        .drained = atomic_load(&shipper->drained),
    };
    for (int i = 0; i < SHIPPER_LAG_BUCKETS; i++) {
        state_out->lag_bucket[i] = atomic_load(&shipper->lag_bucket[i]);
    }
}
