/*
 * command_run: the daemon, the draining, and the topic.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#include "billing/commands.h"
#include "billing/engine.h"
#include "billing/topic.h"
#include "common/base/id.h"

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

int command_failed(const char *format, ...)
{
    va_list arguments;
    fputs("tollgate-billing: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return 1;
}

int command_id(int kind, const char *word, struct uuid *id_out)
{
    if (word == NULL) {
        (void)command_failed("an id is missing");
        return -EINVAL;
    }
    if (id_parse((enum id_kind)kind, span_of(word), id_out) == 0 ||
        uuid_parse(span_of(word), id_out) == 0)
        return 0;
    (void)command_failed("\"%.64s\" is not an id of that kind", word);
    return -EINVAL;
}

static int consume(const struct config *config, bool drain)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct engine *engine = engine_new(config);
    int r;
    if (engine == NULL)
        return command_failed("the settings of the source are refused");
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    r = engine_run(engine, &stop, drain);
    engine_free(engine);
    if (r == -EBUSY)
        return command_failed("a source is stopped: see status");
    return r == 0 && !(drain && stop) ? 0 : 1;
}

int command_run(const struct config *config, const char *word)
{
    (void)word;
    return consume(config, false);
}

int command_drain(const struct config *config, const char *word)
{
    (void)word;
    return consume(config, true);
}

int command_create_topic(const struct config *config, const char *word)
{
    struct buf why = buf_make(512);
    int r;
    (void)word;
    if (config->brokers == NULL || *config->brokers == '\0')
        return command_failed("--kafka-brokers is missing");
    r = topic_make(config, &why);
    if (r < 0)
        r = command_failed("topic %s: %s", config->topic, why.at == NULL ? "?" : why.at);
    else
        printf("topic %s has %lld partitions\n", config->topic, (long long)config->partitions);
    buf_done(&why);
    return r;
}
