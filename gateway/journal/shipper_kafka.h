/*
 * shipper_kafka: the producer that shipper.c and shipper_again.c share. Only those two see
 * rdkafka.h by it.
 */
#ifndef TOLLGATE_GATEWAY_JOURNAL_SHIPPER_KAFKA_H
#define TOLLGATE_GATEWAY_JOURNAL_SHIPPER_KAFKA_H

#include <librdkafka/rdkafka.h>

#include "billing/event/event.h"
#include "common/base/buf.h"

typedef void shipper_delivery(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque);

/* An idempotent producer that never gives a message up. NULL and a sentence in `why` when the
 * settings are refused. */
must_use rd_kafka_t *shipper_producer(const char *brokers, shipper_delivery *on_sent,
                                      void (*on_failure)(rd_kafka_t *, int, const char *, void *),
                                      void *opaque, struct buf *why);

/* The key is what the event is paid from, so that one lease's events keep their order. */
must_use struct uuid shipper_key(const struct event *event, struct uuid otherwise);

#endif
