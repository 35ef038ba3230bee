/*
 * tollgate-fake-provider: a provider that invents its answers and misbehaves on request, for tests
 * and for trying Tollgate without an account anywhere. See README.md beside this file.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/options.h"
#include "common/base/thread.h"
#include "provider.h"
#include "server.h"

extern char **environ;

struct config {
    char *listen, *truth;
    int64_t pace_us, truth_entries, count_millibytes, token_ttl_s;
    char *token_key, *aws_key;
    bool require_token;
};

static const struct option table[] = {
    {"listen", OPTION_TEXT, offsetof(struct config, listen), 1, 100, "127.0.0.1:0",
     "HOST:PORT to serve; port 0 takes a free one", NULL},
    {"truth", OPTION_PATH, offsetof(struct config, truth), 0, 4096, NULL,
     "file that gets a JSON line per call", NULL},
    {"truth-entries", OPTION_INT, offsetof(struct config, truth_entries), 1, 50000000, "2000000",
     "calls that GET /truth remembers", NULL},
    {"pace-us", OPTION_INT, offsetof(struct config, pace_us), 0, 60000000, "0",
     "microseconds between the pieces of a stream", NULL},
    {"require-token", OPTION_BOOL, offsetof(struct config, require_token), 0, 0, "false",
     "answer 401 to calls without a token of POST .../token", NULL},
    {"token-ttl-s", OPTION_INT, offsetof(struct config, token_ttl_s), 0, 86400, "3600",
     "life of tokens", NULL},
    {"token-key", OPTION_PATH, offsetof(struct config, token_key), 0, 4096, NULL,
     "public key (PEM) that JWTs for tokens must be signed with", NULL},
    {"aws-key", OPTION_TEXT, offsetof(struct config, aws_key), 0, 200, NULL,
     "ID:SECRET that Bedrock calls must be signed with", NULL},
    {"count-millibytes", OPTION_INT, offsetof(struct config, count_millibytes),
     COUNT_MILLIBYTES_MIN, COUNT_MILLIBYTES_MAX, "4000", "bytes per token, times 1000", NULL},
};

static const struct options options = {
    .program = "tollgate-fake-provider",
    .about = "A language model provider that invents its answers and misbehaves on request.\n"
             "Speaks the dialects of OpenAI, Anthropic, Gemini, Bedrock and Cohere. GET /faults "
             "lists what it can do wrong, POST /control\n"
             "asks for it, GET /truth tells every call as the provider saw it.",
    .table = table,
    .count = array_size(table),
};

/* The key that signatures are held against when none is given: that of AWS's documentation. */
#define AWS_EXAMPLE_ID "AKIDEXAMPLE"
#define AWS_EXAMPLE_SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

/* Cuts the AWS key in two where it stands. */
static void set_options(struct config *config, struct provider_options *out)
{
    char *colon = config->aws_key == NULL ? NULL : strchr(config->aws_key, ':');

    *out = (struct provider_options){
        .pace_us = config->pace_us,
        .millibytes_per_token = (uint32_t)config->count_millibytes,
        .require_token = config->require_token,
        .token_ttl_s = config->token_ttl_s,
        .token_key_path = config->token_key,
        .aws_id = AWS_EXAMPLE_ID,
        .aws_secret = AWS_EXAMPLE_SECRET,
    };
    if (colon == NULL)
        return;
    *colon = '\0';
    out->aws_id = config->aws_key;
    out->aws_secret = colon + 1;
    out->require_signature = true;
}

static int serve(struct config *config)
{
    struct count zero = count_make(COUNT_BYTES, (uint32_t)config->count_millibytes);
    char counted_by[COUNT_METHOD_TEXT_SIZE], bound[TCP_TEXT_SIZE];
    struct provider_options provider_options;
    struct provider provider;
    struct server *server;
    struct truth *truth;
    int outcome, stop = thread_stop_fd();

    count_method_format(&zero, counted_by);
    truth = truth_new((size_t)config->truth_entries, config->truth, counted_by);
    if (truth == NULL) {
        fprintf(stderr, "tollgate-fake-provider: %s: %s\n", config->truth, strerror(errno));
        return 1;
    }
    set_options(config, &provider_options);
    if (provider_init(&provider, truth, &provider_options) != 0) {
        fprintf(stderr, "tollgate-fake-provider: %s: no public key\n", config->token_key);
        provider_done(&provider);
        truth_free(truth);
        file_close_at(&stop);
        return 1;
    }
    server = server_new(provider_on_request, &provider);
    outcome = server_listen(server, config->listen, bound);
    if (outcome == 0) {
        printf("listening on %s\n", bound);
        fflush(stdout);
        outcome = server_run(server, stop);
    }
    if (outcome != 0)
        fprintf(stderr, "tollgate-fake-provider: %s: %s\n", config->listen, strerror(-outcome));
    server_free(server);
    provider_done(&provider);
    truth_free(truth);
    file_close_at(&stop);
    return outcome == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct config config = {0};
    struct buf error = buf_make(4096);
    int status = 0;

    (void)argc;
    log_set_program("tollgate-fake-provider");
    switch (options_read(&options, argv, environ, &config, NULL, &error)) {
    case OPTIONS_BAD:
        fprintf(stderr, "tollgate-fake-provider: %.*s\n", SPAN_ARG(buf_span(&error)));
        status = 2;
        break;
    case OPTIONS_PRINTED:
        break;
    case OPTIONS_GO:
        status = serve(&config);
        break;
    }
    options_done(&options, &config);
    buf_done(&error);
    return status;
}
