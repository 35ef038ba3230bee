#include "tests/support/testing.h"

#include <stdio.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/mem.h"
#include "common/base/options.h"

struct config {
    int64_t port;
    char *name;
    char *journal;
    bool loud;
    int mode;
    struct option_list upstream;
};

static const struct option table[] = {
    {"listen-port", OPTION_INT, offsetof(struct config, port), 1, 65535, "8080", "The port.", NULL},
    {"name", OPTION_TEXT, offsetof(struct config, name), 1, 8, "gw", "The name.", NULL},
    {"journal.dir", OPTION_PATH, offsetof(struct config, journal), 0, 0, NULL, "Where.", NULL},
    {"loud", OPTION_BOOL, offsetof(struct config, loud), 0, 0, "off", "Says more.", NULL},
    {"mode", OPTION_CHOICE, offsetof(struct config, mode), 0, 0, "production", "Which.",
     "trial|production"},
    {"upstream", OPTION_LIST, offsetof(struct config, upstream), 1, 20, NULL, "Base.", NULL},
};
static const struct options options = {"test", "About.", NULL, table, array_size(table)};

#define ITEMS 6
struct row {
    const char *what;
    const char *file; /* what stands in the file named by --config; NULL: there is none */
    const char *environment[ITEMS], *arguments[ITEMS];
    enum options_outcome outcome;
    const char *wanted; /* the values, or a part of the error */
};

static const struct row rows[] = {
    {"defaults", NULL, {NULL}, {NULL}, OPTIONS_GO, "8080|gw||off|1||"},
    {"a file",
     "# c\n\n listen-port = 1 \r\nname=a b\nmode =trial",
     {NULL},
     {NULL},
     OPTIONS_GO,
     "1|a b||off|0||"},
    {"the environment over the file",
     "listen-port = 1\nname = x",
     {"TOLLGATE_LISTEN_PORT=2"},
     {NULL},
     OPTIONS_GO,
     "2|x||off|1||"},
    {"arguments over the environment",
     "listen-port = 1",
     {"TOLLGATE_LISTEN_PORT=2"},
     {"--listen-port", "3"},
     OPTIONS_GO,
     "3|gw||off|1||"},
    {"the last argument wins",
     NULL,
     {NULL},
     {"--name=a", "--name=b"},
     OPTIONS_GO,
     "8080|b||off|1||"},
    {"points and dashes in the environment",
     NULL,
     {"TOLLGATE_JOURNAL_DIR=/x"},
     {NULL},
     OPTIONS_GO,
     "8080|gw|/x|off|1||"},
    {"an empty text", NULL, {NULL}, {"--journal.dir="}, OPTIONS_GO, "8080|gw||off|1||"},
    {"other names in the environment",
     NULL,
     {"TOLLGATE_KEY=1", "TOLLGATE_LISTEN_PORTS=2", "X=3"},
     {NULL},
     OPTIONS_GO,
     "8080|gw||off|1||"},
    {"a switch alone", NULL, {NULL}, {"--loud"}, OPTIONS_GO, "8080|gw||on|1||"},
    {"a switch with a word",
     NULL,
     {"TOLLGATE_LOUD=yes"},
     {"--loud", "off"},
     OPTIONS_GO,
     "8080|gw||off|1||"},
    {"a switch before an argument",
     NULL,
     {NULL},
     {"--loud", "close"},
     OPTIONS_GO,
     "8080|gw||on|1||close"},
    {"a repeated list",
     NULL,
     {NULL},
     {"--upstream", "a=1", "--upstream=b=2"},
     OPTIONS_GO,
     "8080|gw||off|1|a=1,b=2|"},
    {"a list in a file",
     "upstream = a\nupstream = b",
     {NULL},
     {NULL},
     OPTIONS_GO,
     "8080|gw||off|1|a,b|"},
    {"a list in the environment",
     NULL,
     {"TOLLGATE_UPSTREAM=a, b,,c"},
     {NULL},
     OPTIONS_GO,
     "8080|gw||off|1|a,b,c|"},
    {"a later source replaces a list",
     "upstream = a",
     {"TOLLGATE_UPSTREAM=b"},
     {"--upstream=c"},
     OPTIONS_GO,
     "8080|gw||off|1|c|"},
    {"arguments in any order",
     NULL,
     {NULL},
     {"close", "--name", "n", "now", "-"},
     OPTIONS_GO,
     "8080|n||off|1||close now -"},
    {"nothing is an option behind --",
     NULL,
     {NULL},
     {"--", "--name", "--help"},
     OPTIONS_GO,
     "8080|gw||off|1||--name --help"},
    {"the limits",
     NULL,
     {NULL},
     {"--listen-port=65535", "--name=12345678"},
     OPTIONS_GO,
     "65535|12345678||off|1||"},

    {"an unknown option",
     NULL,
     {NULL},
     {"--nmae=x"},
     OPTIONS_BAD,
     "command line: there is no setting \"nmae\""},
    {"an unknown line",
     "nmae = x",
     {NULL},
     {NULL},
     OPTIONS_BAD,
     ":1: there is no setting \"nmae\""},
    {"a line without =", "\nname", {NULL}, {NULL}, OPTIONS_BAD, ":2: a line is `key = value`"},
    {"too small",
     NULL,
     {NULL},
     {"--listen-port=0"},
     OPTIONS_BAD,
     "listen-port = \"0\" is not allowed: it takes a number from 1 to 65535"},
    {"too large", NULL, {NULL}, {"--listen-port=65536"}, OPTIONS_BAD, "a number from 1 to 65535"},
    {"far too large",
     NULL,
     {NULL},
     {"--listen-port=99999999999999999999"},
     OPTIONS_BAD,
     "a number from 1 to 65535"},
    {"no number",
     NULL,
     {"TOLLGATE_LISTEN_PORT=80x"},
     {NULL},
     OPTIONS_BAD,
     "environment: listen-port = \"80x\""},
    {"too short", NULL, {NULL}, {"--name="}, OPTIONS_BAD, "a text of 1 to 8 bytes"},
    {"too long", NULL, {NULL}, {"--name=123456789"}, OPTIONS_BAD, "a text of 1 to 8 bytes"},
    {"no switch", NULL, {NULL}, {"--loud=maybe"}, OPTIONS_BAD, "it takes on or off"},
    {"no choice", NULL, {NULL}, {"--mode=test"}, OPTIONS_BAD, "one of trial|production"},
    {"a part of a choice",
     NULL,
     {NULL},
     {"--mode=trial|production"},
     OPTIONS_BAD,
     "one of trial|production"},
    {"an item too long",
     NULL,
     {NULL},
     {"--upstream=123456789012345678901"},
     OPTIONS_BAD,
     "a text of 1 to 20 bytes, repeatable"},
    {"no value", NULL, {NULL}, {"--name"}, OPTIONS_BAD, "--name takes a text"},
    {"no file", NULL, {NULL}, {"--config"}, OPTIONS_BAD, "--config takes the name of a file"},
    {"a file that is not there",
     NULL,
     {NULL},
     {"--config=/nonexistent/x"},
     OPTIONS_BAD,
     "--config /nonexistent/x: No such file"},
    {"too many arguments",
     NULL,
     {NULL},
     {"1", "2", "3", "4"},
     OPTIONS_BAD,
     "unexpected argument \"4\""},
};

static void write_values(const struct config *config, const struct options_arguments *arguments,
                         struct buf *out)
{
    buf_printf(out, "%lld|%s|%s|%s|%d|", (long long)config->port, config->name,
               config->journal == NULL ? "" : config->journal, config->loud ? "on" : "off",
               config->mode);
    for (size_t i = 0; i < config->upstream.count; i++)
        buf_printf(out, "%s%s", i == 0 ? "" : ",", config->upstream.items[i]);
    buf_add_byte(out, '|');
    for (size_t i = 0; i < arguments->count; i++)
        buf_printf(out, "%s%s", i == 0 ? "" : " ", arguments->at[i]);
}

/* main's argv from a row: the program, the file if there is one, the arguments, NULL. */
static void make_argv(const struct row *row, char *file, char **argv)
{
    size_t count = 0;

    argv[count++] = mem_strdup("test");
    if (row->file != NULL)
        argv[count++] = mem_printf("--config=%s", file);
    for (size_t i = 0; i < ITEMS && row->arguments[i] != NULL; i++)
        argv[count++] = mem_strdup(row->arguments[i]);
    argv[count] = NULL;
}

static void try_row(const struct row *row, char *file)
{
    char *argv[ITEMS + 3], *environment[ITEMS + 1] = {NULL};
    const char *room[3];
    struct options_arguments arguments = {room, array_size(room), 0};
    struct buf text = buf_make(4096);
    struct config config;

    make_argv(row, file, argv);
    for (size_t i = 0; i < ITEMS && row->environment[i] != NULL; i++)
        environment[i] = mem_strdup(row->environment[i]);
    enum options_outcome outcome =
        options_read(&options, argv, environment, &config, &arguments, &text);
    assert_int(row->what, outcome, row->outcome);
    if (outcome == OPTIONS_GO) {
        write_values(&config, &arguments, &text);
        assert_span(row->what, buf_span(&text), row->wanted);
    } else if (strstr(text.at, row->wanted) == NULL) {
        fail_msg("%s: \"%s\" does not say \"%s\"", row->what, text.at, row->wanted);
    }
    options_done(&options, &config);
    buf_done(&text);
    for (size_t i = 0; argv[i] != NULL; i++)
        mem_free(argv[i]);
    for (size_t i = 0; environment[i] != NULL; i++)
        mem_free(environment[i]);
}

static void the_last_source_wins_and_errors_name_what_is_allowed(void **state)
{
    char file[] = "/tmp/tollgate-options-XXXXXX";
    int fd = mkstemp(file);

    (void)state;
    assert_true(fd >= 0);
    for (size_t i = 0; i < array_size(rows); i++) {
        if (rows[i].file != NULL) {
            assert_int(rows[i].what, ftruncate(fd, 0), 0);
            assert_int(rows[i].what, lseek(fd, 0, SEEK_SET), 0);
            assert_int(rows[i].what, file_write_all(fd, rows[i].file, strlen(rows[i].file)), 0);
        }
        try_row(&rows[i], file);
    }
    unlink(file);
    close(fd);
}

/* Runs with standard output in a file and gives back what was printed. */
static void printed(const char *argument, struct buf *out)
{
    char name[] = "/tmp/tollgate-options-XXXXXX", program[] = "test";
    int fd = mkstemp(name), kept = dup(STDOUT_FILENO);
    char *copy = mem_strdup(argument);
    char *argv[] = {program, copy, NULL};
    struct buf error = buf_make(4096);
    struct config config;

    fflush(stdout);
    dup2(fd, STDOUT_FILENO);
    enum options_outcome outcome = options_read(&options, argv, NULL, &config, NULL, &error);
    dup2(kept, STDOUT_FILENO);
    assert_int(argument, outcome, OPTIONS_PRINTED);
    assert_int(argument, file_read(name, out), 0);
    options_done(&options, &config);
    buf_done(&error);
    mem_free(copy);
    unlink(name);
    close(fd);
    close(kept);
}

static void the_table_is_the_manual(void **state)
{
    static const struct {
        const char *argument, *said;
    } wanted[] = {
        {"--help",
         "--listen-port\n      The port.\n      Takes a number from 1 to 65535; default: 8080."},
        {"--help", "Usage: test "},
        {"--print-config", "# The port.\nlisten-port = 8080\n"},
        {"--print-config", "mode = production\n"},
        {"--print-config", "# upstream =\n"},
        {"--version", "test " TOLLGATE_VERSION "\n"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(wanted); i++) {
        struct buf out = buf_make(1 << 20);
        printed(wanted[i].argument, &out);
        if (strstr(out.at, wanted[i].said) == NULL)
            fail_msg("%s: \"%s\" does not say \"%s\"", wanted[i].argument, out.at, wanted[i].said);
        buf_done(&out);
    }
}

static void what_is_printed_reads_back_the_same(void **state)
{
    char name[] = "/tmp/tollgate-options-XXXXXX";
    struct buf once = buf_make(1 << 20);
    int fd = mkstemp(name);

    (void)state;
    printed("--print-config", &once);
    assert_int("written", file_write_all(fd, once.at, once.size), 0);
    char program[] = "test";
    char *argument = mem_printf("--config=%s", name);
    char *argv[] = {program, argument, NULL};
    struct buf error = buf_make(4096);
    struct config config;
    assert_int("read back", options_read(&options, argv, NULL, &config, NULL, &error), OPTIONS_GO);
    assert_int("port", config.port, 8080);
    options_done(&options, &config);
    mem_free(argument);
    buf_done(&error);
    buf_done(&once);
    unlink(name);
    close(fd);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_source_wins_and_errors_name_what_is_allowed),
        cmocka_unit_test(the_table_is_the_manual),
        cmocka_unit_test(what_is_printed_reads_back_the_same),
    };

    return run_test_table(tests);
}
