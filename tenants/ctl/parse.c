/*
 * parse: see parse.h.
 */
#include "tenants/ctl/parse.h"

#include <argp.h>
#include <errno.h>

#include "common/base/decimal.h"
#include "common/base/mem.h"
#include "tenants/ctl/argp_table.h"
#include "tenants/ctl/when.h"

enum { WORDS_MAX_BYTES = 256, NEAR = 3 };

/* The row that stands for no command: it has the common flags alone. */
static const struct command nothing = {.words = ""};

struct reading {
    const struct command *command;
    struct invocation *line;
    struct buf *error;
    int first;         /* the index of the first word that is no option, else 0 */
    bool until_first;  /* stop there */
    const char *wrong; /* the word that argp could not read */
};

/* ---- suggestions ---- */

static void add_nearest(struct buf *error, struct span best, const char *before)
{
    if (best.at != NULL)
        buf_printf(error, "; did you mean %s%.*s?", before, SPAN_ARG(best));
}

/* The nearest verb below the group. One that begins with what was typed is near, too. */
static struct span nearest_command(struct span word, const char *group)
{
    const struct command *command;
    struct span best = {0};
    size_t least = NEAR + 1;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        struct span verb = command_below(command, group);
        if (verb.size == 0)
            continue;
        size_t distance = command_distance(word, verb);
        if (word.size > 1 && verb.size > word.size && memcmp(verb.at, word.at, word.size) == 0)
            distance = 1;
        if (distance < least && distance < verb.size) {
            best = verb;
            least = distance;
        }
    }
    return best;
}

static struct span nearest_flag(struct span name, const struct command *command)
{
    const struct flag *flag;
    struct span best = {0};
    size_t least = NEAR + 1;
    for (size_t i = 0; (flag = command_flag(command, i)) != NULL; i++) {
        size_t distance = command_distance(name, span_of(flag->name));
        if (distance < least && distance < strlen(flag->name)) {
            best = span_of(flag->name);
            least = distance;
        }
    }
    return best;
}

/* ---- argp ---- */

static error_t on_argp_key(int key, char *value, struct argp_state *state)
{
    struct reading *reading = state->input;
    struct invocation *line = reading->line;

    if (key == ARGP_KEY_ARG) {
        if (reading->until_first) {
            reading->first = state->next - 1;
            state->next = state->argc;
            return 0;
        }
        if (line->argument_count == ARGUMENTS_MAX) {
            buf_printf(reading->error, "%s is one word too many", value);
            return EINVAL;
        }
        line->arguments[line->argument_count++] = value;
        return 0;
    }
    if (key == ARGP_KEY_ERROR) {
        reading->wrong = state->next > 0 ? state->argv[state->next - 1] : "";
        return 0;
    }
    if (!argp_table_is_key(key))
        return ARGP_ERR_UNKNOWN;
    if (line->given_count == GIVEN_MAX) {
        buf_printf(reading->error, "there are more than %d options", GIVEN_MAX);
        return EINVAL;
    }
    line->given[line->given_count++] =
        (struct given){command_flag(reading->command, argp_table_index(key)), value};
    return 0;
}

/* Says why argp stopped at a word. It does not tell, so the table is asked again. */
static void explain(const struct reading *reading)
{
    struct span rest = span_of(reading->wrong), name;
    const struct flag *flag, *meant = NULL;
    size_t count = 0;

    if (!span_starts(rest, "--")) {
        buf_printf(reading->error, "%s is no option", reading->wrong);
        return;
    }
    rest = span_part(rest, 2, SIZE_MAX);
    name = span_cut(&rest, '=');
    for (size_t i = 0; (flag = command_flag(reading->command, i)) != NULL; i++) {
        if (name.size <= strlen(flag->name) && memcmp(flag->name, name.at, name.size) == 0) {
            meant = flag;
            count++;
            if (flag->name[name.size] == '\0') {
                count = 1;
                break;
            }
        }
    }
    if (count == 1 && meant->value == NULL)
        buf_printf(reading->error, "--%s takes no value", meant->name);
    else if (count == 1)
        buf_printf(reading->error, "--%s needs a value: --%s %s", meant->name, meant->name,
                   meant->value);
    else if (count > 1)
        buf_printf(reading->error, "--%.*s may be one of several options; write it out",
                   SPAN_ARG(name));
    else {
        buf_printf(reading->error, "there is no option --%.*s", SPAN_ARG(name));
        add_nearest(reading->error, nearest_flag(name, reading->command), "--");
        if (reading->until_first)
            buf_add_string(reading->error, "; options of a command stand behind it");
    }
}

/* Reads argv[1…]; `argv` has to stay as long as the line does. */
static int read_options(struct reading *reading, int argc, char **argv)
{
    struct argp_table table = argp_table_make(reading->command);
    const struct argp argp = {.options = table.at, .parser = on_argp_key};
    unsigned flags = ARGP_NO_ERRS | ARGP_NO_HELP | ARGP_NO_EXIT;
    if (reading->until_first)
        flags |= ARGP_IN_ORDER;
    int error = argp_parse(&argp, argc, argv, flags, NULL, reading);
    argp_table_done(&table);
    if (error == 0)
        return 0;
    if (reading->error->size == 0)
        explain(reading);
    return -EINVAL;
}

/* ---- finding the command ---- */

/* The longest row that argv begins with. How many words it has; 0 with a sentence in `error` when
 * it is none. */
static int find_command(char **argv, const struct command **command_out, struct buf *error)
{
    cleanup(buf_done) struct buf words = buf_make(WORDS_MAX_BYTES);
    const struct command *found = NULL;
    int count = 0;
    for (; argv[count] != NULL && argv[count][0] != '-'; count++) {
        size_t before = words.size;
        if (count > 0)
            buf_add_byte(&words, ' ');
        buf_add_string(&words, argv[count]);
        const struct command *next = buf_failed(&words) ? NULL : command_find(buf_span(&words));
        if (next != NULL) {
            found = next;
            continue;
        }
        if (found != NULL && found->shape != SHAPE_GROUP)
            break;
        const char *group = found == NULL ? "" : found->words;
        buf_printf(error, "there is no command %.*s%s%s",
                   (int)(before < WORDS_MAX_BYTES ? before : 0), words.at == NULL ? "" : words.at,
                   count > 0 ? " " : "", argv[count]);
        add_nearest(error, nearest_command(span_of(argv[count]), group), "");
        buf_printf(error, "; see %s%s%s --help", PROGRAM, count > 0 ? " " : "", group);
        return 0;
    }
    *command_out = found;
    return count;
}

/* ---- checking ---- */

static bool is_word(struct span value, const char *words)
{
    struct span rest = span_of(words);
    while (rest.at != NULL) {
        if (span_equal(span_cut(&rest, '|'), value))
            return true;
    }
    return false;
}

static bool value_fits(const struct flag *flag, struct span value, int64_t now_ms)
{
    struct decimal decimal;
    int64_t number = 0;
    if (flag->nullable && span_is(value, "none"))
        return true;
    switch (flag->kind) {
    case FLAG_COUNT:
        return span_int64(value, &number) == 0;
    case FLAG_AMOUNT:
        return decimal_parse(value, &decimal) == 0 && decimal.exponent == 0;
    case FLAG_TIME:
        return when_parse(value, now_ms, &number) == 0;
    case FLAG_WORD:
        return is_word(value, flag->words);
    case FLAG_SWITCH:
        return true;
    case FLAG_TEXT:
    case FLAG_LIST:
    case FLAG_FILE:
        return value.size > 0;
    }
    return false;
}

static const char *wanted(const struct flag *flag)
{
    switch (flag->kind) {
    case FLAG_COUNT:
        return "a whole number";
    case FLAG_AMOUNT:
        return "an amount such as 12.50";
    case FLAG_TIME:
        return "a time: " WHEN_FORMS;
    case FLAG_WORD:
    case FLAG_SWITCH:
    case FLAG_TEXT:
    case FLAG_LIST:
    case FLAG_FILE:
        break;
    }
    return "a value that is not empty";
}

static bool check_value(const struct given *given, int64_t now_ms, struct buf *error)
{
    const struct flag *flag = given->flag;
    if (given->value == NULL || value_fits(flag, span_of(given->value), now_ms))
        return true;
    buf_printf(error, "--%s %s: it takes ", flag->name, given->value);
    if (flag->kind == FLAG_WORD) {
        struct span rest = span_of(flag->words);
        const char *before = "one of ";
        for (; rest.at != NULL; before = ", ") {
            struct span word = span_cut(&rest, '|');
            buf_printf(error, "%s%.*s", before, SPAN_ARG(word));
        }
    } else {
        buf_add_string(error, wanted(flag));
    }
    if (flag->nullable)
        buf_add_string(error, ", or none");
    return false;
}

static bool check_arguments(const struct invocation *line, struct buf *error)
{
    const struct command *command = line->command;
    size_t min = 0, max = 0;
    command_arguments(command, &min, &max);
    if (line->argument_count > max) {
        buf_printf(error, "%s is one word too many: ", line->arguments[max]);
    } else if (line->argument_count < min) {
        struct span name = command_argument(command, line->argument_count);
        buf_printf(error, "%.*s is missing: ", SPAN_ARG(name));
    } else {
        if (command->first_word == NULL ||
            is_word(span_of(line->arguments[0]), command->first_word))
            return true;
        buf_printf(error, "%s is none of %s: ", line->arguments[0], command->first_word);
    }
    buf_printf(error, "it is %s %s %s", PROGRAM, command->words,
               command->arguments == NULL ? "[OPTION...]" : command->arguments);
    return false;
}

static bool check(const struct invocation *line, int64_t now_ms, struct buf *error)
{
    const struct flag *flag;
    if (!check_arguments(line, error))
        return false;
    for (size_t i = 0; i < line->given_count; i++) {
        if (!check_value(&line->given[i], now_ms, error))
            return false;
    }
    for (size_t i = 0; (flag = command_flag(line->command, i)) != NULL; i++) {
        if (flag->needed && parse_value(line, flag->name) == NULL) {
            buf_printf(error, "--%s %s is needed; see %s %s --help", flag->name, flag->value,
                       PROGRAM, line->command->words);
            return false;
        }
    }
    return true;
}

/* ---- the whole line ---- */

static const struct given *last_given(const struct invocation *line, const char *name)
{
    for (size_t i = line->given_count; i > 0; i--) {
        if (strcmp(line->given[i - 1].flag->name, name) == 0)
            return &line->given[i - 1];
    }
    return NULL;
}

bool parse_is_flag(const struct invocation *line, const char *flag)
{
    const struct command *command = line->command == NULL ? &nothing : line->command;
    const struct flag *known;
    for (size_t i = 0; (known = command_flag(command, i)) != NULL; i++) {
        if (strcmp(known->name, flag) == 0)
            return true;
    }
    return false;
}

bool parse_has(const struct invocation *line, const char *flag)
{
    must(parse_is_flag(line, flag));
    return last_given(line, flag) != NULL;
}

const char *parse_value(const struct invocation *line, const char *flag)
{
    must(parse_is_flag(line, flag));
    const struct given *given = last_given(line, flag);
    return given == NULL ? NULL : given->value;
}

static int count_words(char **argv)
{
    int count = 0;
    while (argv[count] != NULL)
        count++;
    return count;
}

enum parse_outcome parse_line(char **argv, int64_t now_ms, struct invocation *line_out,
                              struct buf *error)
{
    struct invocation *line = line_out;
    struct reading reading = {.line = line, .error = error, .command = &nothing};
    int argc = count_words(argv);

    memset(line, 0, sizeof(*line));
    if (argc > 1 && strcmp(argv[1], "--version") == 0)
        return PARSE_VERSION;
    reading.until_first = true;
    if (read_options(&reading, argc, argv) != 0)
        return PARSE_BAD;
    if (reading.first == 0)
        return PARSE_HELP;
    bool help = strcmp(argv[reading.first], "help") == 0;
    if (help && argv[++reading.first] == NULL)
        return PARSE_HELP;
    int words = find_command(argv + reading.first, &line->command, error);
    if (words == 0)
        return PARSE_BAD;
    if (help)
        return PARSE_HELP;
    /* argp takes the word before the first for the program's name: it is the command's last. */
    reading.until_first = false;
    reading.command = line->command;
    char **rest = argv + reading.first + words - 1;
    if (read_options(&reading, count_words(rest), rest) != 0)
        return PARSE_BAD;
    if (last_given(line, "help") != NULL || line->command->shape == SHAPE_GROUP)
        return PARSE_HELP;
    return check(line, now_ms, error) ? PARSE_RUN : PARSE_BAD;
}
