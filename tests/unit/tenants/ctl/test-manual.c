/* What is made from the table of commands: help, completion, the manual; and the table itself. */
#include "tests/support/testing.h"

#include <stdio.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "tenants/ctl/command.h"
#include "tenants/ctl/complete.h"
#include "tenants/ctl/help.h"
#include "tenants/ctl/manual.h"
#include "tenants/ctl/parse.h"
#include "tenants/ctl/request.h"
#include "tenants/ctl/table.h"
#include "tenants/ctl/view.h"

enum { WORD_MAX = 200, LINE_MAX_BYTES = 400, ARGV_MAX = 32 };

static bool is_ascii(const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        if (*text < ' ' && *text != '\n')
            return false;
        if (*text > '~')
            return false;
    }
    return true;
}

static void must_hold(const struct buf *text, const char *what, const char *part)
{
    if (strstr(text->at, part) == NULL)
        fail_msg("%s: there is no \"%s\"", what, part);
}

/* ---- the table ---- */

static void each_row_is_complete(void **state)
{
    const struct command *command;
    (void)state;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        const char *what = command->words;
        in_row(what, command_find(span_of(what)) == command);
        in_row(what, command->about != NULL && is_ascii(command->about) && is_ascii(command->text));
        in_row(what, command->about[strlen(command->about) - 1] != '.');
        if (command->shape == SHAPE_GROUP)
            continue;
        in_row(what, command->examples != NULL && is_ascii(command->examples));
        in_row(what, (command->shape == SHAPE_OWN) == (command->run != NULL));
        in_row(what,
               command->shape == SHAPE_OWN || (command->path != NULL && command->view != NULL));
        in_row(what, command->view == NULL || command->view->count <= TABLE_COLUMNS_MAX);
        size_t min = 0, max = 0;
        command_arguments(command, &min, &max);
        in_row(what, max <= ARGUMENTS_MAX && (command->question == NULL || min > 0));
    }
}

static void each_flag_is_complete(void **state)
{
    const struct command *command;
    const struct flag *flag, *other;
    (void)state;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        for (size_t j = 0; (flag = command_flag(command, j)) != NULL; j++) {
            char what[WORD_MAX];
            snprintf(what, sizeof(what), "%s --%s", command->words, flag->name);
            in_row(what, is_ascii(flag->about) && flag->about[strlen(flag->about) - 1] == '.');
            in_row(what, (flag->kind == FLAG_SWITCH) == (flag->value == NULL));
            in_row(what, (flag->kind == FLAG_WORD) == (flag->words != NULL));
            for (size_t k = j + 1; (other = command_flag(command, k)) != NULL; k++)
                in_row(what, strcmp(flag->name, other->name) != 0);
        }
    }
}

/* Cuts a line as a shell would: blanks, '…' and no more. */
static void cut_words(char *line, char *argv[ARGV_MAX])
{
    size_t count = 0;
    while (*line != '\0') {
        char end = ' ';
        if (*line == '\'') {
            end = '\'';
            line++;
        }
        must(count + 1 < ARGV_MAX);
        argv[count++] = line;
        line = strchrnul(line, end);
        if (*line != '\0')
            *line++ = '\0';
        while (*line == ' ')
            line++;
    }
    argv[count] = NULL;
}

static void each_example_is_a_line_of_its_command(void **state)
{
    const struct command *command;
    (void)state;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        struct span rest = span_of(command->examples);
        while (rest.at != NULL) {
            char text[LINE_MAX_BYTES], *argv[ARGV_MAX];
            struct invocation line;
            cleanup(buf_done) struct buf error = buf_make(4096);
            struct span example = span_cut(&rest, '\n');
            snprintf(text, sizeof(text), "%.*s", SPAN_ARG(example));
            char *at = strstr(text, PROGRAM);
            assert_non_null(at);
            at[strcspn(at, "|>)")] = '\0';
            cut_words(at, argv);
            if (parse_line(argv, clock_wall_ms(), &line, &error) != PARSE_RUN)
                fail_msg("%.*s: %s", SPAN_ARG(example), error.at == NULL ? "" : error.at);
            assert_ptr_equal(line.command, command);
        }
    }
}

/* ---- what is made of it ---- */

static void help_names_all_flags_and_examples(void **state)
{
    const struct command *command;
    const struct flag *flag;
    (void)state;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        help_print(command, out);
        fclose(out);
        const struct buf said = {.at = text, .size = size};
        for (size_t j = 0;
             command->shape != SHAPE_GROUP && (flag = command_flag(command, j)) != NULL; j++) {
            char word[WORD_MAX];
            snprintf(word, sizeof(word), "--%s", flag->name);
            must_hold(&said, command->words, word);
        }
        if (command->examples != NULL)
            must_hold(&said, command->words, "\nExamples:\n  ");
        mem_free(text);
    }
}

static void completion_names_all_commands_and_flags(void **state)
{
    static const struct {
        const char *shell, *flag;
        void (*write)(struct buf *out);
    } shells[] = {{"bash", "--%s", complete_bash},
                  {"zsh", "--%s", complete_zsh},
                  {"fish", "-l %s ", complete_fish}};
    const struct command *command;
    const struct flag *flag;
    (void)state;
    for (size_t i = 0; i < array_size(shells); i++) {
        cleanup(buf_done) struct buf text = buf_make(COMPLETE_MAX_BYTES);
        shells[i].write(&text);
        assert_false(buf_failed(&text));
        for (size_t j = 0; (command = command_at(j)) != NULL; j++) {
            char word[WORD_MAX];
            snprintf(word, sizeof(word), "'%s'", command->words);
            must_hold(&text, shells[i].shell, word);
            for (size_t k = 0; (flag = command_flag(command, k)) != NULL; k++) {
                snprintf(word, sizeof(word), "%s%s",
                         shells[i].flag[0] == '-' && shells[i].flag[1] == 'l' ? "-l " : "--",
                         flag->name);
                must_hold(&text, shells[i].shell, word);
            }
        }
    }
}

static void the_manual_names_all_and_is_sound_roff(void **state)
{
    static const char *const macros[] = {".TH ", ".SH ", ".SS ", ".TP",  ".PP",
                                         ".EX",  ".EE",  ".B ",  ".BI ", ".I "};
    const struct command *command;
    cleanup(buf_done) struct buf text = buf_make(MANUAL_MAX_BYTES);
    (void)state;
    manual_write(&text);
    assert_false(buf_failed(&text));
    assert_true(is_ascii(text.at));
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        char word[WORD_MAX], *at = word;
        if (command->shape == SHAPE_GROUP)
            continue;
        at += snprintf(word, sizeof(word), ".SS \"" PROGRAM " ");
        for (const char *c = command->words; *c != '\0'; c++)
            at += snprintf(at, sizeof(word) - (size_t)(at - word), *c == '-' ? "\\-" : "%c", *c);
        must_hold(&text, command->words, word);
    }
    struct span rest = buf_span(&text);
    while (rest.at != NULL) {
        struct span line = span_cut(&rest, '\n');
        char shown[WORD_MAX];
        snprintf(shown, sizeof(shown), "%.*s", SPAN_ARG(line));
        in_row(shown, !span_ends(line, " "));
        if (!span_starts(line, ".") && !span_starts(line, "'"))
            continue;
        bool known = false;
        for (size_t i = 0; i < array_size(macros); i++)
            known = known || span_starts(line, macros[i]);
        in_row(shown, known);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_complete),
        cmocka_unit_test(each_flag_is_complete),
        cmocka_unit_test(each_example_is_a_line_of_its_command),
        cmocka_unit_test(help_names_all_flags_and_examples),
        cmocka_unit_test(completion_names_all_commands_and_flags),
        cmocka_unit_test(the_manual_names_all_and_is_sound_roff),
    };
    return run_test_table(tests);
}
