/*
 * config: the settings of tollgate-billing, and of its commands.
 */
#ifndef TOLLGATE_BILLING_CONFIG_H
#define TOLLGATE_BILLING_CONFIG_H

#include "common/base/options.h"

enum config_source { CONFIG_KAFKA, CONFIG_JOURNAL };
enum config_format { CONFIG_AUTO, CONFIG_TEXT, CONFIG_JSON, CONFIG_CSV };

struct config {
    int source; /* enum config_source */
    char *brokers, *topic;
    int64_t partitions, retention_hours, replication, min_isr;
    char *journal_dir;
    char *database_url_file;
    char *ops_listen;
    int64_t batch_events, batch_wait_ms;
    int64_t partition_days_back, partition_days_ahead;
    int64_t grace_hours;
    int64_t gateway_lost_minutes;
    char *tenant, *until;
    bool now, all, force;
    int64_t dead_letter;
    int format; /* enum config_format */
    bool json;  /* the same as CONFIG_JSON */
};

extern const struct options config_options;

#endif
