/*
 * intake_kafka: all partitions of one topic, assigned by hand at the positions of tollgate.sources.
 *
 * librdkafka 2.0.2 cannot name a topic's id, so a topic that was deleted and made again is known by
 * its content: each partition is read from one message before the committed position, and that
 * message must be the one we posted last (its SHA-256 is kept with the position). A log that starts
 * after the committed position, ends before it, or holds another message there stops the source
 * with an alarm. docs/events.md has the whole rule.
 */
#include "billing/consume/intake.h"

#include <errno.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"

enum { FETCH_MAX = 2000, PARTITIONS_MAX = 4096, RECHECK_MS = 300000, STOPPED_RECHECK_MS = 3000 };

struct partition {
    struct source source;
    int64_t low, high;
    bool verify;       /* the next message must be the one before the committed position */
    const char *wrong; /* what was found while reading; the refresh stops the source with it */
};

struct intake_kafka {
    struct intake intake;
    char *brokers, *topic;
    int64_t timeout_ms;
    rd_kafka_t *kafka;
    rd_kafka_queue_t *queue;
    rd_kafka_topic_t *handle;
    char *cluster;
    struct partition *partitions;
    int32_t partition_count;
    rd_kafka_message_t *fetched[FETCH_MAX];
    size_t fetched_count, fetched_at;
    rd_kafka_message_t *lent; /* the message handed out last */
    bool stale;
    int64_t checked_ms;
};

static struct intake_kafka *of(struct intake *intake)
{
    return container_of(intake, struct intake_kafka, intake);
}

static const struct intake_kafka *view(const struct intake *intake)
{
    return (const struct intake_kafka *)(const void *)((const char *)intake -
                                                       offsetof(struct intake_kafka, intake));
}

static void on_kafka_log(const rd_kafka_t *kafka, int level, const char *facility, const char *text)
{
    (void)kafka;
    log_event(level <= 4 ? LOG_WARN : LOG_DEBUG, "kafka.log", LOG_S("facility", facility),
              LOG_S("text", text));
}

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[256];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) == RD_KAFKA_CONF_OK)
        return true;
    log_event(LOG_ALARM, "kafka.setting_refused", LOG_S("name", name), LOG_S("why", why));
    return false;
}

static rd_kafka_t *connect_to(const char *brokers)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_t *kafka = NULL;
    char why[256];
    bool ok =
        set(conf, "bootstrap.servers", brokers) && set(conf, "client.id", "tollgate-billing") &&
        set(conf, "group.id", "tollgate-billing") && set(conf, "enable.auto.commit", "false") &&
        set(conf, "enable.auto.offset.store", "false") && set(conf, "auto.offset.reset", "error") &&
        set(conf, "allow.auto.create.topics", "false") &&
        set(conf, "topic.metadata.refresh.interval.ms", "30000") &&
        set(conf, "queued.max.messages.kbytes", "65536") &&
        set(conf, "queued.min.messages", "50000") && set(conf, "fetch.wait.max.ms", "50") &&
        set(conf, "fetch.error.backoff.ms", "200");
    rd_kafka_conf_set_log_cb(conf, on_kafka_log);
    if (ok)
        kafka = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    if (kafka == NULL) {
        log_event(LOG_ALARM, "kafka.refused", LOG_S("why", ok ? why : "a setting"));
        rd_kafka_conf_destroy(conf);
    }
    return kafka;
}

static void drop_fetched(struct intake_kafka *k)
{
    if (k->lent != NULL)
        rd_kafka_message_destroy(k->lent);
    k->lent = NULL;
    while (k->fetched_at < k->fetched_count)
        rd_kafka_message_destroy(k->fetched[k->fetched_at++]);
    k->fetched_at = k->fetched_count = 0;
}

static void kafka_close(struct intake *intake)
{
    struct intake_kafka *k = of(intake);
    drop_fetched(k);
    if (k->queue != NULL)
        rd_kafka_queue_destroy(k->queue);
    if (k->handle != NULL)
        rd_kafka_topic_destroy(k->handle);
    if (k->kafka != NULL)
        rd_kafka_consumer_close(k->kafka);
    if (k->kafka != NULL)
        rd_kafka_destroy(k->kafka);
    mem_free(k->cluster);
    mem_free(k->partitions);
    mem_free(k->brokers);
    mem_free(k->topic);
    mem_free(k);
}

/* The cluster's id and how many partitions the topic has. 0 or -EAGAIN. */
static int ask_cluster(struct intake_kafka *k, int32_t *count_out)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t error;
    char *cluster = rd_kafka_clusterid(k->kafka, (int)k->timeout_ms);
    if (cluster == NULL)
        return -EAGAIN;
    if (k->cluster != NULL && strcmp(k->cluster, cluster) != 0)
        log_event(LOG_ALARM, "kafka.other_cluster", LOG_S("was", k->cluster), LOG_S("is", cluster));
    mem_free(k->cluster);
    k->cluster = mem_strdup(cluster);
    rd_kafka_mem_free(k->kafka, cluster);
    error = rd_kafka_metadata(k->kafka, 0, k->handle, &metadata, (int)k->timeout_ms);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        log_event(LOG_WARN, "kafka.away", LOG_S("why", rd_kafka_err2str(error)));
        return -EAGAIN;
    }
    *count_out = metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR
                     ? metadata->topics[0].partition_cnt
                     : 0;
    rd_kafka_metadata_destroy(metadata);
    if (*count_out <= 0 || *count_out > PARTITIONS_MAX) {
        log_event(LOG_WARN, "kafka.no_topic", LOG_S("topic", k->topic));
        return -EAGAIN;
    }
    return 0;
}

/* Whether Kafka was read from before, at another cluster or topic, and not drained: then messages
 * of the old log may be missing from the ledger, which a person has to know. */
static enum pg_outcome has_other(struct intake_kafka *k, struct pg *pg, bool *other_out)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    char prefix[SOURCE_IDENTITY_MAX];
    enum pg_outcome outcome;
    snprintf(prefix, sizeof(prefix), "kafka:%s:%s:", k->cluster, k->topic);
    outcome = pg_exec(pg, &rows,
                      "SELECT 1 FROM tollgate.sources WHERE kind = 'kafka'"
                      " AND state IN ('active', 'stopped') AND NOT starts_with(identity, $1)"
                      " LIMIT 1",
                      PG_STRING(prefix));
    if (outcome == PG_OK)
        *other_out = pg_rows_count(rows) > 0;
    return outcome;
}

/* A partition without a row: taken from its start if nothing can have been missed. */
static enum pg_outcome meet_partition(struct intake_kafka *k, struct pg *pg, struct partition *p)
{
    bool other = false;
    const char *alarm = NULL;
    enum pg_outcome outcome = has_other(k, pg, &other);
    if (outcome != PG_OK)
        return outcome;
    if (other)
        alarm = "another cluster or topic than before, which was not drained; accept-gap to go on";
    else if (p->low > 0)
        alarm = "the log of a partition never seen before starts after 0; accept-gap to go on";
    p->source.next = (struct source_position){0, 0};
    p->source.state = alarm == NULL ? SOURCE_ACTIVE : SOURCE_STOPPED;
    return source_make(pg, &p->source, k->topic, alarm);
}

static enum pg_outcome check_range(struct pg *pg, struct partition *p)
{
    struct source *s = &p->source;
    char alarm[SOURCE_ALARM_MAX];
    if (p->wrong != NULL)
        snprintf(alarm, sizeof(alarm), "%s at offset %" PRId64 "; accept-gap to go on", p->wrong,
                 s->next.offset);
    else if (p->low > s->next.offset)
        snprintf(alarm, sizeof(alarm),
                 "the log starts at %" PRId64 ", after the next offset %" PRId64
                 ": messages are lost; accept-gap to go on",
                 p->low, s->next.offset);
    else if (p->high < s->next.offset)
        snprintf(alarm, sizeof(alarm),
                 "the log ends at %" PRId64 ", before the next offset %" PRId64
                 ": the topic was made again or cut; accept-gap to go on",
                 p->high, s->next.offset);
    else
        return PG_OK;
    p->wrong = NULL;
    return source_stop(pg, s, alarm);
}

/* Reads the row again and checks it against the log. */
static enum pg_outcome look_up(struct intake_kafka *k, struct pg *pg, struct partition *p)
{
    struct source *s = &p->source;
    char identity[SOURCE_IDENTITY_MAX];
    bool found, was_ours = s->row != 0 && s->state == SOURCE_ACTIVE;
    int64_t epoch = s->epoch;
    enum pg_outcome outcome;
    snprintf(identity, sizeof(identity), "kafka:%s:%s:%d", k->cluster, k->topic, s->part);
    outcome = source_find(pg, identity, s, &found);
    if (outcome == PG_OK && !found)
        outcome = meet_partition(k, pg, p);
    if (outcome != PG_OK || s->state == SOURCE_STOPPED)
        return outcome;
    if (!was_ours || s->epoch != epoch)
        outcome = source_take_over(pg, s);
    return outcome == PG_OK ? check_range(pg, p) : outcome;
}

static int ask_range(struct intake_kafka *k, struct partition *p)
{
    rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
        k->kafka, k->topic, p->source.part, &p->low, &p->high, (int)k->timeout_ms);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    log_event(LOG_WARN, "kafka.no_watermarks", LOG_N("partition", p->source.part),
              LOG_S("why", rd_kafka_err2str(error)));
    return -EAGAIN;
}

static void grow(struct intake_kafka *k, int32_t count)
{
    if (count <= k->partition_count)
        return;
    k->partitions = mem_resize(k->partitions, (size_t)count * sizeof(*k->partitions));
    memset(k->partitions + k->partition_count, 0,
           (size_t)(count - k->partition_count) * sizeof(*k->partitions));
    for (int32_t i = k->partition_count; i < count; i++) {
        k->partitions[i].source.kind = SOURCE_KAFKA;
        k->partitions[i].source.part = i;
    }
    k->partition_count = count;
    list_init(&k->intake.sources);
    for (int32_t i = 0; i < count; i++)
        list_push_back(&k->intake.sources, &k->partitions[i].source.link);
}

static int assign(struct intake_kafka *k)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(k->partition_count);
    rd_kafka_resp_err_t error;
    for (int32_t i = 0; i < k->partition_count; i++) {
        struct partition *p = &k->partitions[i];
        struct source *s = &p->source;
        if (s->state != SOURCE_ACTIVE)
            continue;
        s->read = s->next;
        p->verify = s->marked && s->next.offset > p->low;
        rd_kafka_topic_partition_list_add(list, k->topic, s->part)->offset =
            p->verify ? s->next.offset - 1 : s->next.offset;
    }
    error = rd_kafka_assign(k->kafka, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    log_event(LOG_WARN, "kafka.assign_failed", LOG_S("why", rd_kafka_err2str(error)));
    return -EAGAIN;
}

static int ask_all(struct intake_kafka *k, struct pg *pg)
{
    int32_t count;
    if (ask_cluster(k, &count) < 0)
        return -EAGAIN;
    grow(k, count);
    for (int32_t i = 0; i < k->partition_count; i++) {
        struct partition *p = &k->partitions[i];
        if (ask_range(k, p) < 0 || look_up(k, pg, p) != PG_OK)
            return -EAGAIN;
        p->source.behind = p->high - p->source.next.offset;
    }
    return 0;
}

static int kafka_refresh(struct intake *intake, struct pg *pg)
{
    struct intake_kafka *k = of(intake);
    drop_fetched(k);
    k->stale = true;
    if (ask_all(k, pg) < 0 || assign(k) < 0)
        return -EAGAIN;
    k->stale = false;
    k->checked_ms = clock_mono_ms();
    return 0;
}

static bool kafka_stale(const struct intake *intake)
{
    const struct intake_kafka *k = view(intake);
    int64_t age_ms = clock_mono_ms() - k->checked_ms;
    if (k->stale || age_ms > RECHECK_MS)
        return true;
    for (int32_t i = 0; i < k->partition_count; i++)
        if (k->partitions[i].source.state == SOURCE_STOPPED)
            return age_ms > STOPPED_RECHECK_MS;
    return false;
}

static void kafka_measure(struct intake *intake)
{
    struct intake_kafka *k = of(intake);
    for (int32_t i = 0; i < k->partition_count; i++) {
        struct partition *p = &k->partitions[i];
        int64_t low, high;
        if (rd_kafka_get_watermark_offsets(k->kafka, k->topic, p->source.part, &low, &high) ==
                RD_KAFKA_RESP_ERR_NO_ERROR &&
            high > p->high)
            p->high = high;
        p->source.behind = p->high > p->source.next.offset ? p->high - p->source.next.offset : 0;
    }
}

static bool kafka_drained(const struct intake *intake)
{
    const struct intake_kafka *k = view(intake);
    for (int32_t i = 0; i < k->partition_count; i++)
        if (k->partitions[i].source.state == SOURCE_ACTIVE &&
            k->partitions[i].source.next.offset < k->partitions[i].high)
            return false;
    return k->partition_count > 0;
}

/* What is wrong with a partition is found out by the refresh; here it is only asked for. */
static void note_error(struct intake_kafka *k, const rd_kafka_message_t *message)
{
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        return;
    log_event(LOG_WARN, "kafka.error", LOG_S("why", rd_kafka_err2str(message->err)),
              LOG_N("partition", message->partition));
    if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE ||
        message->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
        message->err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
        message->err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
        k->stale = true;
}

static void found_wrong(struct intake_kafka *k, struct partition *p, const char *what)
{
    p->wrong = what;
    k->stale = true;
}

/* The message before the committed position: it must be the one that we posted last. */
static void verify(struct intake_kafka *k, struct partition *p, const rd_kafka_message_t *message)
{
    struct sha256 mark = digest_sha256(span_make(message->payload, message->len));
    p->verify = false;
    if (message->offset != p->source.next.offset - 1 ||
        !digest_equal(&mark, &p->source.mark, sizeof(mark)))
        found_wrong(k, p, "another log: the message before the next one is not what was posted");
}

static int hand_out(struct intake_kafka *k, rd_kafka_message_t *message,
                    struct intake_message *message_out)
{
    struct partition *p;
    struct source *s;
    k->lent = message;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        note_error(k, message);
        return 0;
    }
    if (message->partition < 0 || message->partition >= k->partition_count)
        return 0;
    p = &k->partitions[message->partition];
    s = &p->source;
    if (s->state != SOURCE_ACTIVE)
        return 0;
    if (p->verify) {
        verify(k, p, message);
        return 0;
    }
    if (message->offset != s->read.offset) {
        found_wrong(k, p, "messages are missing");
        return 0;
    }
    message_out->source = s;
    message_out->at = s->read;
    s->read.offset++;
    message_out->after = s->read;
    message_out->payload = span_make(message->payload, message->len);
    return 1;
}

static int kafka_next(struct intake *intake, int64_t timeout_ms, struct intake_message *message_out)
{
    struct intake_kafka *k = of(intake);
    int64_t until_ms = clock_mono_ms() + timeout_ms;
    while (!k->stale) {
        int64_t left_ms = until_ms - clock_mono_ms();
        if (k->lent != NULL)
            rd_kafka_message_destroy(k->lent);
        k->lent = NULL;
        if (k->fetched_at == k->fetched_count) {
            ssize_t got = rd_kafka_consume_batch_queue(k->queue, left_ms > 0 ? (int)left_ms : 0,
                                                       k->fetched, FETCH_MAX);
            k->fetched_at = 0;
            k->fetched_count = got > 0 ? (size_t)got : 0;
            if (got <= 0 && left_ms <= 0)
                return 0;
            continue;
        }
        if (hand_out(k, k->fetched[k->fetched_at++], message_out) == 1)
            return 1;
    }
    return 0;
}

struct intake *intake_kafka_open(const struct intake_kafka_settings *settings)
{
    static const struct intake_ops ops = {.next = kafka_next,
                                          .refresh = kafka_refresh,
                                          .stale = kafka_stale,
                                          .drained = kafka_drained,
                                          .measure = kafka_measure,
                                          .close = kafka_close};
    struct intake_kafka *k = mem_new(sizeof(*k));
    k->intake.ops = &ops;
    list_init(&k->intake.sources);
    k->brokers = mem_strdup(settings->brokers);
    k->topic = mem_strdup(settings->topic);
    k->timeout_ms = settings->timeout_ms;
    k->stale = true;
    k->kafka = connect_to(k->brokers);
    if (k->kafka == NULL) {
        kafka_close(&k->intake);
        return NULL;
    }
    (void)rd_kafka_poll_set_consumer(k->kafka);
    k->queue = rd_kafka_queue_get_consumer(k->kafka);
    k->handle = rd_kafka_topic_new(k->kafka, k->topic, NULL);
    return &k->intake;
}

int intake_kafka_begin(const struct intake_kafka_settings *settings, int32_t part,
                       int64_t *offset_out)
{
    rd_kafka_t *kafka = connect_to(settings->brokers);
    int64_t low, high;
    rd_kafka_resp_err_t error;
    if (kafka == NULL)
        return -EAGAIN;
    error = rd_kafka_query_watermark_offsets(kafka, settings->topic, part, &low, &high,
                                             (int)settings->timeout_ms);
    rd_kafka_destroy(kafka);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return -EAGAIN;
    *offset_out = low;
    return 0;
}

static int ask_ends(struct intake_kafka *k, int64_t **ends_out, int32_t *count_out)
{
    int32_t count;
    int64_t low;
    int r = ask_cluster(k, &count);
    int64_t *ends = r < 0 ? NULL : mem_array((size_t)count, sizeof(*ends));
    for (int32_t i = 0; r == 0 && i < count; i++)
        if (rd_kafka_query_watermark_offsets(k->kafka, k->topic, i, &low, &ends[i],
                                             (int)k->timeout_ms) != RD_KAFKA_RESP_ERR_NO_ERROR)
            r = -EAGAIN;
    if (r < 0) {
        mem_free(ends);
        return r;
    }
    *ends_out = ends;
    *count_out = count;
    return 0;
}

int intake_kafka_ends(const struct intake_kafka_settings *settings, int64_t **ends_out,
                      int32_t *count_out)
{
    struct intake *intake = intake_kafka_open(settings);
    int r = intake == NULL ? -EAGAIN : ask_ends(of(intake), ends_out, count_out);
    intake_close(intake);
    return r;
}
