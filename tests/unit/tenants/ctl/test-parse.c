/* The command line: what is read, what is refused, and with which sentence. */
#include "tests/support/testing.h"

#include <stdio.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "tenants/ctl/parse.h"
#include "tenants/ctl/when.h"

#define NOW_MS INT64_C(1795280400000) /* 2026-11-21T17:00:00Z */
enum { WORDS_MAX = 24, TEXT_MAX = 1024 };

/* A line cut at blanks, as main gets it; '_' inside a word stands for a blank. */
struct typed {
    char text[TEXT_MAX];
    char *argv[WORDS_MAX];
};

static void type(struct typed *typed, const char *line)
{
    size_t count = 0;
    snprintf(typed->text, sizeof(typed->text), "tollgatectl %s", line);
    for (char *rest = typed->text, *word; (word = strsep(&rest, " ")) != NULL;) {
        if (word[0] != '\0')
            typed->argv[count++] = word;
        assert_true(count < WORDS_MAX);
    }
    typed->argv[count] = NULL;
}

static void a_line_is_read(void **state)
{
    static const struct {
        const char *what, *line, *words, *first, *flag, *value;
    } rows[] = {
        {"words and an argument", "keys show key_1", "keys show", "key_1", "json", NULL},
        {"a flag with a value", "keys create x --budget 5", "keys create", "x", "budget", "5"},
        {"a flag with =", "keys create x --budget=5", "keys create", "x", "budget", "5"},
        {"flags before the argument", "keys create --budget 5 x", "keys create", "x", "budget",
         "5"},
        {"a flag by its beginning", "keys create x --req 9", "keys create", "x",
         "requests-per-minute", "9"},
        {"a common flag before the command", "--url http://h keys create x", "keys create", "x",
         "url", "http://h"},
        {"three words", "providers credentials list --provider openai",
         "providers credentials list", NULL, "provider", "openai"},
        {"one word", "status --url u", "status", NULL, "url", "u"},
        {"the last of several", "keys create x --budget 5 --budget 6", "keys create", "x", "budget",
         "6"},
        {"what stands behind --", "keys create -- --x", "keys create", "--x", "json", NULL},
        {"none takes a limit away", "keys update k --tokens-per-minute none", "keys update", "k",
         "tokens-per-minute", "none"},
        {"a time", "usage --from 7d", "usage", NULL, "from", "7d"},
        {"an argument that may be left out", "tenants show", "tenants show", NULL, "json", NULL},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct typed typed;
        struct invocation line;
        cleanup(buf_done) struct buf error = buf_make(TEXT_MAX);
        type(&typed, rows[i].line);
        assert_int(rows[i].what, parse_line(typed.argv, NOW_MS, &line, &error), PARSE_RUN);
        assert_span(rows[i].what, span_of(line.command->words), rows[i].words);
        assert_span(rows[i].what, span_of(line.arguments[0]),
                    rows[i].first == NULL ? "" : rows[i].first);
        assert_span(rows[i].what, span_of(parse_value(&line, rows[i].flag)),
                    rows[i].value == NULL ? "" : rows[i].value);
    }
}

static void a_wrong_line_says_what_is_wrong(void **state)
{
    static const struct {
        const char *what, *line, *error;
    } rows[] = {
        {"an unknown command", "kyes list",
         "there is no command kyes; did you mean keys?; see tollgatectl --help"},
        {"an unknown verb", "keys crate x",
         "there is no command keys crate; did you mean create?; see tollgatectl keys --help"},
        {"an unknown third word", "providers credentials lst",
         "there is no command providers credentials lst; did you mean list?; see tollgatectl "
         "providers credentials --help"},
        {"nothing near", "zzzzzzzz", "there is no command zzzzzzzz; see tollgatectl --help"},
        {"an unknown flag", "keys create x --bugdet 5",
         "there is no option --bugdet; did you mean --budget?"},
        {"a short flag", "keys create x -b", "-b is no option"},
        {"a flag without its value", "keys create x --budget",
         "--budget needs a value: --budget USD"},
        {"a switch with a value", "keys list --all=yes", "--all takes no value"},
        {"a beginning of several", "keys update k --b 5",
         "--b may be one of several options; write it out"},
        {"a command's flag before it", "--budget 5 keys create x",
         "there is no option --budget; options of a command stand behind it"},
        {"no argument", "keys show", "KEY is missing: it is tollgatectl keys show KEY"},
        {"an argument too many", "keys show a b",
         "b is one word too many: it is tollgatectl keys show KEY"},
        {"far too many", "keys show a b c d e", "e is one word too many"},
        {"a word that is none of them", "completion csh",
         "csh is none of bash|zsh|fish: it is tollgatectl completion SHELL"},
        {"a needed flag", "members create a@b.c",
         "--role ROLE is needed; see tollgatectl members create --help"},
        {"no whole number", "keys create x --tokens-per-minute many",
         "--tokens-per-minute many: it takes a whole number"},
        {"no amount", "credit add 5 --expires soon",
         "--expires soon: it takes a time: " WHEN_FORMS},
        {"an amount with an exponent", "keys create x --budget 1e3",
         "--budget 1e3: it takes an amount such as 12.50"},
        {"none of its words", "keys update x --budget-window year",
         "--budget-window year: it takes one of total, day, week, month, or none"},
        {"an empty value", "keys list --q=", "--q : it takes a value that is not empty"},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct typed typed;
        struct invocation line;
        cleanup(buf_done) struct buf error = buf_make(TEXT_MAX);
        type(&typed, rows[i].line);
        assert_int(rows[i].what, parse_line(typed.argv, NOW_MS, &line, &error), PARSE_BAD);
        assert_span(rows[i].what, buf_span(&error), rows[i].error);
    }
}

static void help_is_told_at_each_level(void **state)
{
    static const struct {
        const char *what, *line, *words;
    } rows[] = {
        {"nothing", "", NULL},
        {"the program", "--help", NULL},
        {"in a word", "help", NULL},
        {"of a command in a word", "help keys create", "keys create"},
        {"a group alone", "keys", "keys"},
        {"a group", "keys --help", "keys"},
        {"a group in a group", "providers credentials --help", "providers credentials"},
        {"a command", "keys create --help", "keys create"},
        {"a command with what is not enough", "members create --help", "members create"},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct typed typed;
        struct invocation line;
        cleanup(buf_done) struct buf error = buf_make(TEXT_MAX);
        type(&typed, rows[i].line);
        assert_int(rows[i].what, parse_line(typed.argv, NOW_MS, &line, &error), PARSE_HELP);
        assert_span(rows[i].what, span_of(line.command == NULL ? NULL : line.command->words),
                    rows[i].words == NULL ? "" : rows[i].words);
    }
}

static void times_are_read_as_people_type_them(void **state)
{
    static const struct {
        const char *what, *text;
        int64_t unix_ms;
    } rows[] = {
        {"RFC 3339", "2026-12-01T00:00:00Z", INT64_C(1796083200000)},
        {"with an offset", "2026-12-01T01:00:00+01:00", INT64_C(1796083200000)},
        {"a date", "2026-12-01", INT64_C(1796083200000)},
        {"now", "now", NOW_MS},
        {"today", "today", INT64_C(1795219200000)},
        {"yesterday", "yesterday", INT64_C(1795132800000)},
        {"tomorrow", "tomorrow", INT64_C(1795305600000)},
        {"minutes ago", "90m", NOW_MS - INT64_C(5400000)},
        {"days ago", "7d", NOW_MS - INT64_C(604800000)},
        {"no time", "soon", -1},
        {"no number", "d", -1},
        {"before zero", "-7d", -1},
        {"too long ago", "100001d", -1},
        {"no date", "2026-13-01", -1},
        {"empty", "", -1},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        int64_t unix_ms = -1;
        int error = when_parse(span_of(rows[i].text), NOW_MS, &unix_ms);
        in_row(rows[i].what, (error == 0) == (rows[i].unix_ms >= 0));
        assert_int(rows[i].what, unix_ms, rows[i].unix_ms);
    }
}

static void letters_are_counted(void **state)
{
    static const struct {
        const char *what, *a, *b;
        size_t distance;
    } rows[] = {
        {"the same", "keys", "keys", 0},    {"one more", "keys", "key", 1},
        {"two swapped", "kyes", "keys", 1}, {"another", "kexs", "keys", 1},
        {"nothing", "", "keys", 4},         {"all", "abc", "xyz", 3},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_int(rows[i].what, command_distance(span_of(rows[i].a), span_of(rows[i].b)),
                   rows[i].distance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_read),
        cmocka_unit_test(a_wrong_line_says_what_is_wrong),
        cmocka_unit_test(help_is_told_at_each_level),
        cmocka_unit_test(times_are_read_as_people_type_them),
        cmocka_unit_test(letters_are_counted),
    };
    return run_test_table(tests);
}
