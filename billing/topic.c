/*
 * topic: see topic.h. docs/events.md says why each setting is what it is.
 */
#include "billing/topic.h"

#include <errno.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>

enum { TIMEOUT_MS = 10000 };

static rd_kafka_t *connect_to(const char *brokers, struct buf *why)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_t *kafka = NULL;
    char text[256] = "";
    if (rd_kafka_conf_set(conf, "bootstrap.servers", brokers, text, sizeof(text)) ==
            RD_KAFKA_CONF_OK &&
        rd_kafka_conf_set(conf, "client.id", "tollgate-billing", text, sizeof(text)) ==
            RD_KAFKA_CONF_OK)
        kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    if (kafka == NULL) {
        buf_add_string(why, text);
        rd_kafka_conf_destroy(conf);
    }
    return kafka;
}

static void set(rd_kafka_NewTopic_t *topic, const char *name, int64_t value)
{
    char text[32];
    snprintf(text, sizeof(text), "%" PRId64, value);
    (void)rd_kafka_NewTopic_set_config(topic, name, text);
}

static rd_kafka_NewTopic_t *describe(const struct config *config, struct buf *why)
{
    char text[256] = "";
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(
        config->topic, (int)config->partitions, (int)config->replication, text, sizeof(text));
    if (topic == NULL) {
        buf_add_string(why, text);
        return NULL;
    }
    (void)rd_kafka_NewTopic_set_config(topic, "cleanup.policy", "delete");
    (void)rd_kafka_NewTopic_set_config(topic, "compression.type", "zstd");
    (void)rd_kafka_NewTopic_set_config(topic, "message.timestamp.type", "LogAppendTime");
    set(topic, "retention.ms", config->retention_hours * 3600000);
    set(topic, "min.insync.replicas", config->min_isr);
    return topic;
}

/* How many partitions the topic has; -1 unknown. */
static int partitions_of(rd_kafka_t *kafka, const char *name)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(kafka, name, NULL);
    int count = -1;
    if (rd_kafka_metadata(kafka, 0, topic, &metadata, TIMEOUT_MS) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (metadata->topic_cnt == 1)
            count = metadata->topics[0].partition_cnt;
        rd_kafka_metadata_destroy(metadata);
    }
    rd_kafka_topic_destroy(topic);
    return count;
}

static int judge(rd_kafka_t *kafka, const struct config *config, rd_kafka_event_t *event,
                 struct buf *why)
{
    const rd_kafka_topic_result_t **results;
    size_t count = 0;
    rd_kafka_resp_err_t error = rd_kafka_event_error(event);
    int there;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        results =
            rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
        error = count == 1 ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR__BAD_MSG;
    }
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    if (error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
        buf_add_string(why, rd_kafka_err2str(error));
        return -EAGAIN;
    }
    there = partitions_of(kafka, config->topic);
    if (there == (int)config->partitions)
        return 0;
    buf_printf(why, "it is there with %d partitions, not %" PRId64, there, config->partitions);
    return there < 0 ? -EAGAIN : -EEXIST;
}

int topic_make(const struct config *config, struct buf *why)
{
    rd_kafka_t *kafka = connect_to(config->brokers, why);
    rd_kafka_NewTopic_t *topic = kafka == NULL ? NULL : describe(config, why);
    rd_kafka_queue_t *queue;
    rd_kafka_event_t *event;
    int r = -EAGAIN;
    if (topic != NULL) {
        rd_kafka_AdminOptions_t *options =
            rd_kafka_AdminOptions_new(kafka, RD_KAFKA_ADMIN_OP_CREATETOPICS);
        char text[256];
        (void)rd_kafka_AdminOptions_set_operation_timeout(options, TIMEOUT_MS, text, sizeof(text));
        queue = rd_kafka_queue_new(kafka);
        rd_kafka_CreateTopics(kafka, &topic, 1, options, queue);
        event = rd_kafka_queue_poll(queue, 2 * TIMEOUT_MS);
        if (event == NULL)
            buf_add_string(why, "the brokers do not answer");
        else
            r = judge(kafka, config, event, why);
        if (event != NULL)
            rd_kafka_event_destroy(event);
        rd_kafka_queue_destroy(queue);
        rd_kafka_AdminOptions_destroy(options);
        rd_kafka_NewTopic_destroy(topic);
    }
    if (kafka != NULL)
        rd_kafka_destroy(kafka);
    return r;
}
