/*
 * tollgate-gateway: the data plane. Reads its settings and runs; see README.md in this folder.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "gateway/control.h"
#include "gateway/journal/shipper.h"

extern char **environ;

enum { ERROR_MAX = 1024 };

/* tollgate-gateway reship --since TIME: publishes what the journals hold since then again, and
 * ends. */
static int reship(const struct config *config, struct buf *error)
{
    char *root = mem_printf("%s/journal", config->data_dir);
    struct shipper_again again = {
        .root = root, .brokers = config->kafka_brokers, .topic = config->kafka_topic};
    uint64_t sent = 0;
    int status = 1;

    if (config->kafka_brokers == NULL || config->kafka_brokers[0] == 0) {
        buf_add_string(
            error, "reship needs kafka-brokers: without Kafka billing reads the journals itself");
    } else if (clock_parse(config->since, strlen(config->since), &again.since_ms) < 0) {
        buf_printf(error, "--since \"%s\" is not a time such as 2026-01-31T00:00:00Z",
                   config->since);
    } else if (shipper_reship(&again, error, &sent) == 0) {
        (void)printf("published %llu records again\n", (unsigned long long)sent);
        status = 0;
    }
    if (status != 0) {
        (void)fprintf(stderr, "tollgate-gateway: %s\n", error->at);
    }
    mem_free(root);
    return status;
}

int main(int argc, char **argv)
{
    struct gateway *gateway = mem_new(sizeof(*gateway));
    struct buf error = buf_make(ERROR_MAX);
    bool again = argc > 1 && strcmp(argv[1], "reship") == 0;
    int status = 0;

    if (again) {
        memmove(&argv[1], &argv[2], (size_t)(argc - 1) * sizeof(*argv));
    }
    log_set_program("tollgate-gateway");
    control_prepare();
    switch (config_read(argv, environ, &gateway->config, &error)) {
    case OPTIONS_GO:
        log_set_level((enum log_level)gateway->config.log_level);
        status = again ? reship(&gateway->config, &error) : control_run(gateway);
        break;
    case OPTIONS_PRINTED:
        break;
    case OPTIONS_BAD:
        (void)fprintf(stderr, "tollgate-gateway: %s\n", error.at);
        status = 2;
        break;
    }
    config_done(&gateway->config);
    buf_done(&error);
    mem_free(gateway);
    return status;
}
