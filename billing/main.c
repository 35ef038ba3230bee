/*
 * tollgate-billing: usage events into the ledger, and invoices out of it.
 */
#include <stdio.h>
#include <string.h>

#include "billing/commands.h"
#include "common/base/log.h"

extern char **environ;

static const struct {
    const char *name;
    int (*run)(const struct config *config, const char *word);
} commands[] = {
    {"run", command_run},
    {"drain", command_drain},
    {"status", command_status},
    {"create-topic", command_create_topic},
    {"accept-gap", command_accept_gap},
    {"declare-lost", command_declare_lost},
    {"replay", command_replay},
    {"reconcile", command_reconcile},
    {"close", command_close},
    {"show-event", command_show_event},
    {"show-ledger", command_show_ledger},
    {"show-invoice", command_show_invoice},
};

static int run(const struct config *config, const char *const *words, size_t count)
{
    for (size_t i = 0; count > 0 && i < array_size(commands); i++)
        if (strcmp(words[0], commands[i].name) == 0)
            return commands[i].run(config, count > 1 ? words[1] : NULL);
    fprintf(stderr, "tollgate-billing: %s; --help lists the commands\n",
            count == 0 ? "a command is missing" : "there is no such command");
    return 2;
}

int main(int argc, char **argv)
{
    struct config config = {0};
    const char *words[2];
    struct options_arguments arguments = {.at = words, .max = array_size(words)};
    struct buf error = buf_make(1024);
    int status = 2;
    (void)argc;
    log_set_program("tollgate-billing");
    switch (options_read(&config_options, argv, environ, &config, &arguments, &error)) {
    case OPTIONS_PRINTED:
        status = 0;
        break;
    case OPTIONS_BAD:
        fprintf(stderr, "tollgate-billing: %s\n", error.at);
        break;
    case OPTIONS_GO:
        status = run(&config, words, arguments.count);
        break;
    }
    buf_done(&error);
    options_done(&config_options, &config);
    return status;
}
