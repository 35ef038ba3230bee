/*
 * help: see help.h. argp prints the options, so they look as everywhere.
 */
#include "tenants/ctl/help.h"

#include <argp.h>

#include "common/base/mem.h"
#include "tenants/ctl/argp_table.h"
#include "tenants/ctl/exits.h"
#include "tenants/ctl/when.h"

enum { TEXT_MAX = 4096 };

static void print_below(const char *group, FILE *out)
{
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        struct span verb = command_below(command, group);
        if (verb.size > 0)
            fprintf(out, "  %-15.*s %s\n", SPAN_ARG(verb), command->about);
    }
}

static void print_named(const char *title, const struct named_text *texts, size_t count, FILE *out)
{
    fprintf(out, "\n%s\n", title);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "  %-22s %s\n", texts[i].name, texts[i].about);
}

static void print_lines(const char *title, const char *lines, FILE *out)
{
    struct span rest = span_of(lines);
    fprintf(out, "\n%s\n", title);
    while (rest.at != NULL) {
        struct span line = span_cut(&rest, '\n');
        fprintf(out, "  %.*s\n", SPAN_ARG(line));
    }
}

static void print_program(FILE *out)
{
    fprintf(out, "Usage: " PROGRAM " COMMAND [OPTION...] [ARGUMENT...]\n"
                 "Steers a Tollgate through its API: tenants, keys, money, catalog and prices.\n\n"
                 "Commands (each has its own --help; help COMMAND is the same):\n");
    print_below("", out);
    print_named("Exit status:", exit_texts, CTL_EXITS, out);
    print_named("Environment:", environment_texts, ENVIRONMENT_TEXTS, out);
    print_lines("Begin with:",
                PROGRAM " login ada@example.com --url https://tollgate.example.com\n" PROGRAM
                        " keys create 'my first key' --budget 5",
                out);
}

static void print_group(const struct command *command, FILE *out)
{
    fprintf(out, "Usage: " PROGRAM " %s COMMAND [OPTION...] [ARGUMENT...]\n%s.\n\nCommands:\n",
            command->words, command->about);
    print_below(command->words, out);
}

static void print_command(const struct command *command, FILE *out)
{
    struct argp_table table = argp_table_make(command);
    char *name = mem_printf(PROGRAM " %s", command->words);
    char *about = mem_printf("%s.%s%s\n", command->about, command->text == NULL ? "" : "\n\n",
                             command->text == NULL ? "" : command->text);
    const struct argp argp = {.options = table.at, .args_doc = command->arguments, .doc = about};
    argp_help(&argp, out, ARGP_HELP_SHORT_USAGE | ARGP_HELP_PRE_DOC | ARGP_HELP_LONG, name);
    print_lines("Examples:", command->examples, out);
    print_named("Exit status:", exit_texts, CTL_EXITS, out);
    fprintf(out, "\nTimes are " WHEN_FORMS ".\n");
    mem_free(about);
    mem_free(name);
    argp_table_done(&table);
}

void help_print(const struct command *command, FILE *out)
{
    if (command == NULL)
        print_program(out);
    else if (command->shape == SHAPE_GROUP)
        print_group(command, out);
    else
        print_command(command, out);
}
