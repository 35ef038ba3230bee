/*
 * command: see command.h.
 */
#include "tenants/command.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/money.h"

#define PROGRAM "tollgate-control"
#define TEXT_MAX_BYTES ((size_t)1 << 20)
#define ARGUMENTS_MAX 4

static const struct command *const commands[] = {
    &command_bootstrap,    &command_tenant_create, &command_key_create,
    &command_key_revoke,   &command_credit_add,    &command_catalog_import,
    &command_catalog_show, &command_serve,         &command_routes,
};

/* Within '…' a quote is written as '\''. */
static void put_shell_word(struct buf *out, const char *value)
{
    buf_add_byte(out, '\'');
    for (; *value != '\0'; value++) {
        if (*value == '\'')
            buf_add_string(out, "'\\''");
        else
            buf_add_byte(out, *value);
    }
    buf_add_byte(out, '\'');
}

void command_put(struct command_output *output, const char *name, const char *member,
                 const char *value)
{
    if (output->json) {
        json_put_cstring(&output->writer, member, value);
        return;
    }
    buf_add_string(&output->text, name);
    buf_add_byte(&output->text, '=');
    if (strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/@+-") ==
        strlen(value))
        buf_add_string(&output->text, value);
    else
        put_shell_word(&output->text, value);
    buf_add_byte(&output->text, '\n');
}

void command_put_int(struct command_output *output, const char *name, const char *member,
                     int64_t value)
{
    if (output->json)
        json_put_int64(&output->writer, member, value);
    else
        buf_printf(&output->text, "%s=%lld\n", name, (long long)value);
}

void command_put_id(struct command_output *output, const char *name, const char *member,
                    enum id_kind kind, struct uuid id)
{
    char text[ID_TEXT_SIZE];
    id_format(kind, id, text);
    command_put(output, name, member, text);
}

enum store_outcome command_need(struct command_context *context, const char *setting,
                                const char *value)
{
    if (value != NULL && value[0] != '\0')
        return STORE_OK;
    return store_fail(&context->error, STORE_REFUSED, "--%s is needed; see --help", setting);
}

enum store_outcome command_usd(struct command_context *context, const char *setting,
                               const char *value, int64_t *pico_out)
{
    if (value != NULL && money_parse(span_of(value), pico_out) == 0 && *pico_out >= 0)
        return STORE_OK;
    return store_fail(&context->error, STORE_REFUSED,
                      "--%s takes an amount in USD such as 12.50, from 0 to 9000000", setting);
}

enum store_outcome command_time(struct command_context *context, const char *setting,
                                const char *value, int64_t *unix_ms_out)
{
    if (value == NULL || value[0] == '\0') {
        *unix_ms_out = INT64_MAX;
        return STORE_OK;
    }
    if (clock_parse(value, strlen(value), unix_ms_out) == 0)
        return STORE_OK;
    return store_fail(&context->error, STORE_REFUSED,
                      "--%s takes a time such as 2027-01-31T00:00:00Z", setting);
}

enum store_outcome command_end(struct command_context *context, enum store_outcome outcome)
{
    if (outcome == STORE_OK)
        return store_commit(context->pg, &context->error);
    store_rollback(context->pg);
    return outcome;
}

static int complain(const char *what)
{
    fprintf(stderr, PROGRAM ": %s\n", what);
    return EXIT_FAILURE;
}

static void print_commands(void)
{
    printf(
        "Usage: " PROGRAM " COMMAND [ARGUMENT...] [--SETTING VALUE]...\n\n"
        "Serves the control plane's API, and makes and changes tenants, keys, credit and the\n"
        "catalog straight in the database.\n"
        "Connect as tollgate_control. Secrets are shown once, by the command that makes them.\n\n"
        "Commands (each has its own --help):\n");
    for (size_t i = 0; i < array_size(commands); i++) {
        struct span rest = span_of(commands[i]->about);
        struct span first = span_cut(&rest, '\n');
        printf("  %-16s %.*s\n", commands[i]->words, SPAN_ARG(first));
    }
}

/* Whether argv goes on with the words; how many they are. */
static int matches(const char *words, char **argv)
{
    struct span rest = span_of(words);
    int count = 0;
    while (rest.at != NULL) {
        struct span word = span_cut(&rest, ' ');
        if (argv[count] == NULL || !span_is(word, argv[count]))
            return 0;
        count++;
    }
    return count;
}

static int connect_and_run(const struct command *command, struct command_context *context,
                           const char *url)
{
    const struct pg_settings settings = {
        .url = url, .application_name = PROGRAM, .lock_timeout_ms = 60000};
    struct pg_error said;
    if (pg_open(&settings, &context->pg, &said) != PG_OK)
        return complain(said.message);
    context->output.text = buf_make(TEXT_MAX_BYTES);
    context->output.writer = json_writer_make(&context->output.text);
    if (context->output.json)
        json_begin(&context->output.writer, '{');
    enum store_outcome outcome = command->run(context);
    pg_close(context->pg);
    if (context->output.json) {
        json_end(&context->output.writer, '}');
        buf_add_byte(&context->output.text, '\n');
    }
    int code = EXIT_SUCCESS;
    if (outcome != STORE_OK)
        code = complain(context->error.text);
    else if (context->output.text.size > 0)
        fwrite(context->output.text.at, 1, context->output.text.size, stdout);
    if (context->output.text.at != NULL)
        explicit_bzero(context->output.text.at, context->output.text.size);
    buf_done(&context->output.text);
    return code;
}

static int run(const struct command *command, const struct command_config *config,
               const struct options_arguments *arguments, struct buf *error)
{
    cleanup(buf_done) struct buf url = buf_make(4096);
    struct command_context context = {
        .config = config,
        .arguments = arguments->at,
        .argument_count = arguments->count,
        .actor = {.name = PROGRAM},
        .output = {.json = config->json},
    };
    if (arguments->count != command->arguments) {
        (void)buf_printf(error, "it is: %s %s; see --help", command->words, command->usage);
        return complain(error->at);
    }
    if (command->run_alone != NULL)
        return command->run_alone(config, error) ? EXIT_SUCCESS : complain(error->at);
    if (!pg_url_read(config->database_url_file, config->database, &url, error))
        return complain(error->at);
    int code = connect_and_run(command, &context, url.at);
    explicit_bzero(url.at, url.size);
    return code;
}

static int run_command(const struct command *command, int words, char **argv, char **environment)
{
    char program[64];
    snprintf(program, sizeof(program), PROGRAM " %s", command->words);
    const struct options options = {.program = program,
                                    .about = command->about,
                                    .usage = command->usage,
                                    .table = command->table,
                                    .count = command->count};
    cleanup(buf_done) struct buf error = buf_make(4096);
    struct command_config config = {0};
    const char *given[ARGUMENTS_MAX];
    struct options_arguments arguments = {given, array_size(given), 0};
    int code = EXIT_SUCCESS;
    /* The words of the command are no arguments of it: reading begins at the last of them. */
    enum options_outcome outcome =
        options_read(&options, argv + words, environment, &config, &arguments, &error);
    if (outcome == OPTIONS_BAD)
        code = complain(error.at);
    else if (outcome == OPTIONS_GO)
        code = run(command, &config, &arguments, &error);
    options_done(&options, &config);
    return code;
}

int command_main(char **argv, char **environment)
{
    for (size_t i = 0; argv[0] != NULL && i < array_size(commands); i++) {
        int words = matches(commands[i]->words, argv + 1);
        if (words > 0)
            return run_command(commands[i], words, argv, environment);
    }
    if (argv[0] != NULL && argv[1] != NULL && strcmp(argv[1], "--version") == 0) {
        printf(PROGRAM " %s\n", TOLLGATE_VERSION);
        return EXIT_SUCCESS;
    }
    if (argv[0] != NULL && argv[1] != NULL && strcmp(argv[1], "--help") == 0) {
        print_commands();
        return EXIT_SUCCESS;
    }
    return complain("say what to do; --help lists the commands");
}
