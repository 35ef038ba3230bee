/*
 * topic: makes the topic of usage events as billing needs it.
 */
#ifndef TOLLGATE_BILLING_TOPIC_H
#define TOLLGATE_BILLING_TOPIC_H

#include "billing/config.h"

/* 0 also when it is there already with as many partitions; -EEXIST: with another number of them;
 * -EAGAIN: the brokers are away or refuse. `why` has the reason. */
must_use int topic_make(const struct config *config, struct buf *why);

#endif
