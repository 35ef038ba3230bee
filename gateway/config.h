/*
 * config: the settings of tollgate-gateway: one table, which is also the manual.
 *
 * Read once at start and then shared by all threads, immutable.
 */
#ifndef TOLLGATE_GATEWAY_CONFIG_H
#define TOLLGATE_GATEWAY_CONFIG_H

#include <stdint.h>

#include "common/base/options.h"
#include "gateway/edge/forwarded.h"
#include "gateway/snapshot/build.h"

enum gateway_mode { MODE_TRIAL, MODE_PRODUCTION };

struct config {
    /* as written */
    char *listen, *tls_listen, *tls_certificate, *tls_key, *ops_listen, *port_file;
    char *data_dir, *database_url_file, *snapshot_key_file, *credentials_file, *master_key_file;
    char *kafka_brokers, *kafka_topic, *sandbox_url, *access_log, *ca_file;
    char *control_url, *console_dir;
    char *since; /* of the command reship */
    struct option_list upstreams, trusted_proxies;
    int mode;
    int64_t workers, drain_seconds, max_body_bytes, max_bodies_bytes, max_connections, max_requests;
    int64_t segment_bytes, sync_ms, journal_keep_seconds;
    int64_t lease_wait_ms, lease_life_seconds, lease_idle_seconds, outage_allowance_cents;
    int64_t idle_timeout_seconds;
    int log_level, routing_strategy;
    bool share_port;
    /* what follows from it */
    char *database_url, *journal_root, *copy_path;
    struct buf snapshot_key, credentials_text;
    struct forwarded_trust trust;
    struct build_config build; /* spans into the above */
    struct build_credential *credentials;
};

/* Reads everything, the files that settings name included. OPTIONS_BAD: `error` has one sentence.
 */
must_use enum options_outcome config_read(char **argv, char **environment, struct config *config,
                                          struct buf *error);
void config_done(struct config *config);

#endif
