/*
 * options: see options.h. What is printed stands in options_print.c.
 */
#include "common/base/options.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "common/base/file.h"
#include "common/base/mem.h"
#include "common/base/options_value.h"
#include "common/base/span.h"

#define ENVIRONMENT_PREFIX "TOLLGATE_"
#define FILE_MAX_BYTES (1u << 20)

struct reading {
    const struct options *options;
    void *config;
    struct buf *error;
    bool *listed; /* per option: a list that this source has already begun */
};

static const struct option *find(const struct reading *reading, struct span name)
{
    for (size_t i = 0; i < reading->options->count; i++) {
        if (span_is(name, reading->options->table[i].name))
            return &reading->options->table[i];
    }
    return NULL;
}

/* A list given by a later source replaces the one of an earlier source. */
static void begin_source(struct reading *reading)
{
    memset(reading->listed, 0, reading->options->count * sizeof(*reading->listed));
}

static bool set(struct reading *reading, const struct option *option, struct span value,
                const char *where)
{
    bool *listed = &reading->listed[option - reading->options->table];

    if (option->type == OPTION_LIST && !*listed)
        option_clear(option, reading->config);
    *listed = true;
    if (option_set(option, reading->config, value) == 0)
        return true;
    (void)buf_printf(reading->error, "%s: %s = \"%.*s\" is not allowed: it takes ", where,
                     option->name, (int)(value.size < 200 ? value.size : 200), value.at);
    option_describe(option, reading->error);
    return false;
}

static bool unknown(struct reading *reading, struct span name, const char *where)
{
    (void)buf_printf(reading->error, "%s: there is no setting \"%.*s\"; --help lists them all",
                     where, (int)(name.size < 200 ? name.size : 200), name.at);
    return false;
}

static bool take_line(struct reading *reading, struct span line, const char *where)
{
    if (line.size > 0 && line.at[line.size - 1] == '\r')
        line.size--;
    struct span rest = span_trim(line);
    if (rest.size == 0 || rest.at[0] == '#')
        return true;
    struct span name = span_trim(span_cut(&rest, '='));
    if (rest.at == NULL) {
        (void)buf_printf(reading->error, "%s: a line is `key = value`", where);
        return false;
    }
    const struct option *option = find(reading, name);
    if (option == NULL)
        return unknown(reading, name, where);
    return set(reading, option, span_trim(rest), where);
}

static bool take_file(struct reading *reading, const char *path)
{
    cleanup(buf_done) struct buf text = buf_make(FILE_MAX_BYTES);
    int r = file_read(path, &text);
    bool good = true;

    if (r < 0) {
        (void)buf_printf(reading->error, "--config %s: %s", path, strerror(-r));
        return false;
    }
    begin_source(reading);
    struct span rest = buf_span(&text);
    for (unsigned number = 1; good && rest.size > 0; number++) {
        cleanup(mem_free_at) char *where = mem_printf("%s:%u", path, number);
        good = take_line(reading, span_cut(&rest, '\n'), where);
    }
    return good;
}

static const char *environment_value(char **environment, const char *name)
{
    size_t prefix = strlen(ENVIRONMENT_PREFIX), size = strlen(name);

    for (; environment != NULL && *environment != NULL; environment++) {
        const char *entry = *environment;
        if (strncmp(entry, ENVIRONMENT_PREFIX, prefix) != 0 || strlen(entry) <= prefix + size ||
            entry[prefix + size] != '=')
            continue;
        size_t i = 0;
        while (i < size &&
               entry[prefix + i] ==
                   (isalnum((unsigned char)name[i]) ? (char)toupper((unsigned char)name[i]) : '_'))
            i++;
        if (i == size)
            return entry + prefix + size + 1;
    }
    return NULL;
}

/* A list is written with commas there, for a name stands only once in an environment. */
static bool take_environment(struct reading *reading, char **environment)
{
    begin_source(reading);
    for (size_t i = 0; i < reading->options->count; i++) {
        const struct option *option = &reading->options->table[i];
        struct span rest = span_of(environment_value(environment, option->name));
        bool list = option->type == OPTION_LIST;
        while (rest.at != NULL) {
            struct span value = list ? span_trim(span_cut(&rest, ',')) : rest;
            if (!list)
                rest.at = NULL;
            if (list && value.size == 0)
                continue;
            if (!set(reading, option, value, "environment"))
                return false;
        }
    }
    return true;
}

/* One argument: an option with its value, or something else. */
struct argument {
    bool plain;
    struct span name;
    const char *value; /* NULL when there is none */
    int used;          /* how many of argv it took */
};

static struct argument read_argument(const struct reading *reading, char **argv, int left)
{
    struct argument it = {.plain = true, .value = argv[0], .used = 1};

    if (strncmp(argv[0], "--", 2) != 0 || argv[0][2] == '\0')
        return it;
    it.plain = false;
    it.name = span_of(argv[0] + 2);
    const char *equals = strchr(argv[0], '=');
    if (equals != NULL) {
        it.name.size = (size_t)(equals - it.name.at);
        it.value = equals + 1;
        return it;
    }
    const struct option *option = find(reading, it.name);
    bool value_follows = left > 1;
    it.value = NULL;
    /* A switch takes the next argument only when that is a word for on or off. */
    if (option != NULL && option->type == OPTION_BOOL) {
        bool ignored;
        value_follows = left > 1 && option_bool(span_of(argv[1]), &ignored) == 0;
        it.value = "on";
    }
    if (value_follows && (option != NULL || span_is(it.name, "config"))) {
        it.value = argv[1];
        it.used = 2;
    }
    return it;
}

enum options_word { WORD_NONE, WORD_HELP, WORD_VERSION, WORD_PRINT };

static enum options_word word_of(struct span name)
{
    if (span_is(name, "help"))
        return WORD_HELP;
    if (span_is(name, "version"))
        return WORD_VERSION;
    return span_is(name, "print-config") ? WORD_PRINT : WORD_NONE;
}

/* First pass: the files, which come before the environment, and what only prints. */
static bool take_files(struct reading *reading, int argc, char **argv, enum options_word *word_out)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0;) {
        struct argument it = read_argument(reading, argv + i, argc - i);
        i += it.used;
        if (it.plain)
            continue;
        if (word_of(it.name) != WORD_NONE)
            *word_out = word_of(it.name);
        if (!span_is(it.name, "config"))
            continue;
        if (it.value == NULL) {
            (void)buf_add_string(reading->error, "--config takes the name of a file");
            return false;
        }
        if (!take_file(reading, it.value))
            return false;
    }
    return true;
}

static bool add_plain(struct reading *reading, struct options_arguments *plain, const char *text)
{
    if (plain == NULL || plain->count == plain->max) {
        (void)buf_printf(reading->error, "unexpected argument \"%.200s\"; see --help", text);
        return false;
    }
    plain->at[plain->count++] = text;
    return true;
}

static bool take_option(struct reading *reading, const struct argument *it)
{
    if (word_of(it->name) != WORD_NONE || span_is(it->name, "config"))
        return true;
    const struct option *option = find(reading, it->name);
    if (option == NULL)
        return unknown(reading, it->name, "command line");
    if (it->value != NULL)
        return set(reading, option, span_of(it->value), "command line");
    (void)buf_printf(reading->error, "command line: --%s takes ", option->name);
    option_describe(option, reading->error);
    return false;
}

static bool take_arguments(struct reading *reading, int argc, char **argv,
                           struct options_arguments *plain)
{
    bool only_plain = false;

    begin_source(reading);
    for (int i = 1; i < argc;) {
        if (!only_plain && strcmp(argv[i], "--") == 0) {
            only_plain = true;
            i++;
            continue;
        }
        struct argument it = {.plain = true, .value = argv[i], .used = 1};
        if (!only_plain)
            it = read_argument(reading, argv + i, argc - i);
        i += it.used;
        if (!(it.plain ? add_plain(reading, plain, it.value) : take_option(reading, &it)))
            return false;
    }
    return true;
}

static bool take_defaults(struct reading *reading)
{
    for (size_t i = 0; i < reading->options->count; i++) {
        const struct option *option = &reading->options->table[i];
        option_clear(option, reading->config);
        if (option->initial != NULL &&
            !set(reading, option, span_of(option->initial), "the table of settings"))
            return false;
    }
    return true;
}

enum options_outcome options_read(const struct options *options, char **argv, char **environment,
                                  void *config, struct options_arguments *arguments,
                                  struct buf *error)
{
    cleanup(mem_free_at) bool *listed = mem_array(options->count, sizeof(*listed));
    struct reading reading = {options, config, error, listed};
    enum options_word word = WORD_NONE;
    int argc = 0;

    while (argv[argc] != NULL)
        argc++;
    if (arguments != NULL)
        arguments->count = 0;
    option_zero(options, config);
    bool good = take_defaults(&reading) && take_files(&reading, argc, argv, &word);
    if (good && word == WORD_HELP) {
        options_print_help(options);
        return OPTIONS_PRINTED;
    }
    if (good && word == WORD_VERSION) {
        options_print_version(options);
        return OPTIONS_PRINTED;
    }
    if (!good || !take_environment(&reading, environment) ||
        !take_arguments(&reading, argc, argv, arguments))
        return OPTIONS_BAD;
    if (word == WORD_PRINT) {
        options_print_config(options, config);
        return OPTIONS_PRINTED;
    }
    return OPTIONS_GO;
}

void options_done(const struct options *options, void *config)
{
    for (size_t i = 0; i < options->count; i++)
        option_clear(&options->table[i], config);
}
