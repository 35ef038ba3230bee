/*
 * config: the table of settings, which is also the manual.
 */
#include "billing/config.h"

#include <stddef.h>

#define AT(member) offsetof(struct config, member)

static const struct option table[] = {
    {"source", OPTION_CHOICE, AT(source), 0, 0, "kafka",
     "where usage events come from: a Kafka topic, or the gateways' journals directly",
     "kafka|journal"},
    {"kafka-brokers", OPTION_TEXT, AT(brokers), 0, 4096, NULL, "HOST:PORT,… of the brokers", NULL},
    {"kafka-topic", OPTION_TEXT, AT(topic), 1, 249, "tollgate.usage.v1", "the topic", NULL},
    {"partitions", OPTION_INT, AT(partitions), 1, 1000, "12", "create-topic: partitions", NULL},
    {"retention-hours", OPTION_INT, AT(retention_hours), 1, 10000, "336",
     "create-topic: how long messages are kept; shorter than partition-days-back", NULL},
    {"replication", OPTION_INT, AT(replication), 1, 10, "1", "create-topic: replicas", NULL},
    {"min-isr", OPTION_INT, AT(min_isr), 1, 10, "1", "create-topic: in-sync replicas needed", NULL},
    {"journal-dir", OPTION_PATH, AT(journal_dir), 0, 4096, NULL,
     "the folder that holds a folder for each gateway process", NULL},
    {"database-url-file", OPTION_PATH, AT(database_url_file), 0, 4096, NULL,
     "file with the database's URL", NULL},
    {"ops-listen", OPTION_TEXT, AT(ops_listen), 0, 100, "127.0.0.1:0",
     "HOST:PORT of /metrics and /healthz; empty for none", NULL},
    {"batch-events", OPTION_INT, AT(batch_events), 1, 20000, "5000",
     "most events in one transaction", NULL},
    {"batch-wait-ms", OPTION_INT, AT(batch_wait_ms), 1, 10000, "200",
     "longest wait of an event for its batch, in ms", NULL},
    {"partition-days-back", OPTION_INT, AT(partition_days_back), 1, 300, "16",
     "days of events that can still arrive", NULL},
    {"partition-days-ahead", OPTION_INT, AT(partition_days_ahead), 1, 90, "7",
     "days whose partitions are made ahead", NULL},
    {"grace-hours", OPTION_INT, AT(grace_hours), 0, 1000, "72",
     "close: from a period's end to its invoice being finalized", NULL},
    {"gateway-lost-minutes", OPTION_INT, AT(gateway_lost_minutes), 15, 100000, "60",
     "a gateway away for longer, in minutes, is declared lost and what it held is freed", NULL},
    {"force", OPTION_BOOL, AT(force), 0, 0, "off",
     "declare-lost: although it may still spend what it holds", NULL},
    {"tenant", OPTION_TEXT, AT(tenant), 0, 64, NULL, "ten_… that close or reconcile is about",
     NULL},
    {"until", OPTION_TEXT, AT(until), 0, 40, NULL,
     "close: ends the open period at this time (RFC 3339)", NULL},
    {"now", OPTION_BOOL, AT(now), 0, 0, "off", "close: without waiting for the grace", NULL},
    {"all", OPTION_BOOL, AT(all), 0, 0, "off", "replay: every dead letter", NULL},
    {"dead-letter", OPTION_INT, AT(dead_letter), 0, INT64_MAX, "0", "replay: this one", NULL},
    {"format", OPTION_CHOICE, AT(format), 0, 0, "auto",
     "close and show-…: text on a terminal and JSON elsewhere, or always so; csv is for invoices",
     "auto|text|json|csv"},
    {"json", OPTION_BOOL, AT(json), 0, 0, "off", "close and show-…: the same as --format json",
     NULL},
};

const struct options config_options = {
    .program = "tollgate-billing",
    .about =
        "Counts usage events into Postgres, each exactly once, and makes invoices of them.\n"
        "\n"
        "  run                 consumes until it is told to stop (SIGTERM)\n"
        "  drain               consumes all that is there, then marks the sources as drained\n"
        "  status              sources, how far each is, dead letters\n"
        "  create-topic        makes the topic as billing needs it\n"
        "  accept-gap SOURCE   an operator lets a stopped source go on behind what is lost\n"
        "  declare-lost GATEWAY  frees what a gateway holds that will not come back\n"
        "  replay              dead letters again: --dead-letter ID or --all\n"
        "  reconcile           compares events, rollups, ledger and wallets: all, or --tenant\n"
        "  close --tenant T    makes or finalizes the invoice of the open period\n"
        "  show-event ID       an event (gen_…): meters, prices, attempts, postings, invoice "
        "lines\n"
        "  show-ledger TENANT  wallet, accounts, last transactions, open leases\n"
        "  show-invoice ID     an invoice (inv_… or its number)",
    .usage = "COMMAND [ARGUMENT]",
    .table = table,
    .count = array_size(table),
};
