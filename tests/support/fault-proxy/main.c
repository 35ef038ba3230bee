/*
 * tollgate-fault-proxy: stands between two programs and makes their network bad on request. See
 * README.md beside this file.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/file.h"
#include "common/base/options.h"
#include "common/base/thread.h"
#include "proxy.h"

extern char **environ;

struct config {
    char *listen, *target, *control;
};

static const struct option table[] = {
    {"listen", OPTION_TEXT, offsetof(struct config, listen), 1, 60, "127.0.0.1:0",
     "HOST:PORT to take connections at; port 0 takes a free one", NULL},
    {"target", OPTION_TEXT, offsetof(struct config, target), 1, 60, "127.0.0.1:1",
     "HOST:PORT they are handed on to", NULL},
    {"control", OPTION_TEXT, offsetof(struct config, control), 1, 60, "127.0.0.1:0",
     "HOST:PORT that takes lines: " POLICY_HELP, NULL},
};

static const struct options options = {
    .program = "tollgate-fault-proxy",
    .about = "Hands TCP connections on to a target, as badly as lines at the control port say.",
    .table = table,
    .count = array_size(table),
};

static int serve(const struct config *config, struct buf *error)
{
    struct proxy_addresses addresses;
    struct proxy *proxy;
    int outcome, stop = thread_stop_fd();

    snprintf(addresses.listen, sizeof(addresses.listen), "%s", config->listen);
    snprintf(addresses.target, sizeof(addresses.target), "%s", config->target);
    snprintf(addresses.control, sizeof(addresses.control), "%s", config->control);
    proxy = proxy_new(&addresses, error);
    if (proxy == NULL) {
        fprintf(stderr, "tollgate-fault-proxy: %.*s\n", SPAN_ARG(buf_span(error)));
        file_close_at(&stop);
        return 1;
    }
    printf("listening on %s\ncontrol on %s\n", addresses.listen, addresses.control);
    fflush(stdout);
    outcome = proxy_run(proxy, stop);
    if (outcome != 0)
        fprintf(stderr, "tollgate-fault-proxy: %s\n", strerror(-outcome));
    proxy_free(proxy);
    file_close_at(&stop);
    return outcome == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct config config = {0};
    struct buf error = buf_make(4096);
    int status = 0;

    (void)argc;
    switch (options_read(&options, argv, environ, &config, NULL, &error)) {
    case OPTIONS_BAD:
        fprintf(stderr, "tollgate-fault-proxy: %.*s\n", SPAN_ARG(buf_span(&error)));
        status = 2;
        break;
    case OPTIONS_PRINTED:
        break;
    case OPTIONS_GO:
        status = serve(&config, &error);
        break;
    }
    options_done(&options, &config);
    buf_done(&error);
    return status;
}
