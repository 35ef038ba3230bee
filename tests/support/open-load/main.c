/*
 * tollgate-open-load: sends one request again and again and tells of each call how it ended. See
 * load.h for what it prints.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "common/base/file.h"
#include "common/base/options.h"
#include "load.h"

extern char **environ;

enum { REQUEST_BYTES_MAX = 16 << 20 };

struct config {
    char *connect, *request, *marker;
    int64_t rate, seconds, calls, timeout_ms, seed;
};

#define AT(m) offsetof(struct config, m)
static const struct option table[] = {
    {"connect", OPTION_TEXT, AT(connect), 1, 60, "127.0.0.1:8080", "HOST:PORT of the server", NULL},
    {"request", OPTION_PATH, AT(request), 1, 4096, "request",
     "file with the request, head and body, as it is sent; @@@@ becomes the call's number", NULL},
    {"marker", OPTION_TEXT, AT(marker), 0, 100, "", "what a body that is whole has in it", NULL},
    {"rate", OPTION_INT, AT(rate), 0, 1000000, "0", "calls a second; 0: one behind the other",
     NULL},
    {"seconds", OPTION_INT, AT(seconds), 1, 86400, "10", "how long the rate is held", NULL},
    {"calls", OPTION_INT, AT(calls), 1, 1000000000, "1000000000", "at most so many", NULL},
    {"timeout-ms", OPTION_INT, AT(timeout_ms), 1, 86400000, "60000", "longest wait for a call",
     NULL},
    {"seed", OPTION_INT, AT(seed), 1, INT64_MAX, "1", "of when calls are due", NULL},
};
static const struct options options = {
    .program = "tollgate-open-load",
    .about = "Sends one request at a rate that does not wait for answers; a line for each call:\n"
             "due, first byte, end (microseconds), status, attempts, whole|unmarked|error|broken|"
             "late.",
    .table = table,
    .count = array_size(table),
};

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "tollgate-open-load: %s: %s\n", what, why);
    return 1;
}

static int run(const struct config *config)
{
    struct buf request cleanup(buf_done) = buf_make(REQUEST_BYTES_MAX);
    struct load_plan plan = {.marker = config->marker,
                             .rate = (double)config->rate,
                             .duration_us = config->seconds * 1000000,
                             .calls = config->calls,
                             .timeout_us = config->timeout_ms * 1000,
                             .seed = (uint64_t)config->seed};
    struct rusage used;
    int r = file_read(config->request, &request);

    if (r < 0)
        return fail(config->request, strerror(-r));
    if (tcp_parse(config->connect, &plan.address) < 0)
        return fail(config->connect, "no HOST:PORT");
    plan.request = buf_span(&request);
    r = load_run(&plan, stdout);
    if (r < 0)
        return fail("the run", strerror(-r));
    getrusage(RUSAGE_SELF, &used);
    fprintf(stderr, "cpu %lld us\n",
            (long long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
                used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    return 0;
}

int main(int argc, char **argv)
{
    struct config config = {0};
    struct buf error = buf_make(4096);
    int status = 0;

    (void)argc;
    switch (options_read(&options, argv, environ, &config, NULL, &error)) {
    case OPTIONS_BAD:
        status = fail("the options", error.at);
        break;
    case OPTIONS_PRINTED:
        break;
    case OPTIONS_GO:
        status = run(&config);
        break;
    }
    options_done(&options, &config);
    buf_done(&error);
    return status;
}
