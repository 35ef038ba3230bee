/*
 * manual: see manual.h. Only the macros of man(7): TH, SH, SS, TP, PP, EX, EE, B, BI.
 */
#include "tenants/ctl/manual.h"

#include "common/base/attr.h"
#include "tenants/ctl/command.h"
#include "tenants/ctl/exits.h"
#include "tenants/ctl/when.h"

enum { TEXT_MAX = 2048, WIDTH = 60 };

/* Text between macros: roff reads backslashes, and points and quotes at the start of a line. */
static void add_text(struct buf *out, struct span text)
{
    if (text.size > 0 && (text.at[0] == '.' || text.at[0] == '\''))
        buf_add_string(out, "\\&");
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '\\')
            buf_add_string(out, "\\e");
        else if (text.at[i] == '-')
            buf_add_string(out, "\\-");
        else if (text.at[i] == '\'')
            buf_add_string(out, "\\(aq");
        else if (text.at[i] == '~')
            buf_add_string(out, "\\(ti");
        else
            buf_add_byte(out, text.at[i]);
    }
}

/* A paragraph; a new line at each sentence and before it gets too long. */
static void add_prose(struct buf *out, struct span text)
{
    size_t start = out->size;
    while (text.at != NULL && text.size > 0) {
        struct span word = span_cut(&text, ' ');
        bool sentence = span_ends(word, ".") || span_ends(word, ":");
        bool last = text.at == NULL || text.size == 0;
        add_text(out, word);
        if (last || sentence || out->size - start > WIDTH) {
            buf_add_byte(out, '\n');
            start = out->size;
        } else {
            buf_add_byte(out, ' ');
        }
    }
}

static void add_line(struct buf *out, const char *text)
{
    add_prose(out, span_of(text));
}

/* ".B text" and ".BI text" take words; a text of several is one in quotes, and has none itself. */
static void add_macro(struct buf *out, const char *macro, const char *text)
{
    buf_printf(out, "%s \"", macro);
    add_text(out, span_of(text));
    buf_add_string(out, "\"\n");
}

static void add_term(struct buf *out, const char *term, const char *about)
{
    buf_add_string(out, ".TP\n");
    add_macro(out, ".B", term);
    add_line(out, about);
}

static void add_flag(struct buf *out, const struct flag *flag)
{
    cleanup(buf_done) struct buf text = buf_make(TEXT_MAX);
    buf_add_string(out, ".TP\n.BI \\-\\-");
    add_text(out, span_of(flag->name));
    if (flag->value != NULL) {
        buf_add_string(out, " \" ");
        add_text(out, span_of(flag->value));
        buf_add_byte(out, '"');
    }
    buf_add_byte(out, '\n');
    command_flag_text(flag, &text);
    add_prose(out, buf_span(&text));
}

static void add_examples(struct buf *out, const char *lines)
{
    struct span rest = span_of(lines);
    buf_add_string(out, ".PP\n.EX\n");
    while (rest.at != NULL) {
        add_text(out, span_cut(&rest, '\n'));
        buf_add_byte(out, '\n');
    }
    buf_add_string(out, ".EE\n");
}

static void add_command(struct buf *out, const struct command *command)
{
    const struct flag *flag;
    buf_add_string(out, ".SS \"" PROGRAM " ");
    add_text(out, span_of(command->words));
    if (command->arguments != NULL) {
        buf_add_byte(out, ' ');
        add_text(out, span_of(command->arguments));
    }
    buf_add_string(out, "\"\n");
    add_text(out, span_of(command->about));
    buf_add_string(out, ".\n");
    if (command->text != NULL)
        add_line(out, command->text);
    for (size_t i = 0; (flag = command_flag(command, i)) != NULL; i++) {
        if (command_flag_group(command, i) < 2)
            add_flag(out, flag);
    }
    if (command->examples != NULL)
        add_examples(out, command->examples);
}

static void add_common(struct buf *out)
{
    static const struct command nothing = {.words = ""};
    const struct flag *flag;
    buf_add_string(out, ".SH OPTIONS\nAll commands take:\n");
    for (size_t i = 0; (flag = command_flag(&nothing, i)) != NULL; i++)
        add_flag(out, flag);
}

static void add_named(struct buf *out, const char *title, const struct named_text *texts,
                      size_t count)
{
    buf_printf(out, ".SH %s\n", title);
    for (size_t i = 0; i < count; i++)
        add_term(out, texts[i].name, texts[i].about);
}

void manual_write(struct buf *out)
{
    const struct command *command;
    buf_add_string(out, ".TH TOLLGATECTL 1 \"2026-11-21\" \"Tollgate " TOLLGATE_VERSION
                        "\" \"Tollgate\"\n"
                        ".SH NAME\n" PROGRAM " \\- steer a Tollgate through its API\n"
                        ".SH SYNOPSIS\n.B " PROGRAM "\n.I command\n"
                        "[\\fIoption\\fR...] [\\fIargument\\fR...]\n"
                        ".SH DESCRIPTION\n");
    add_line(out, "Makes and shows tenants, keys, money, the catalog and prices. Everything it "
                  "does it asks of the API; it has no way of its own to the data. Each command "
                  "prints a table, or with --json the API's answer as it is.");
    buf_add_string(out, ".PP\n");
    add_line(out, "Changes are sent with the version they were made on, so that two people do not "
                  "undo each other's; what is made is sent with a key that keeps it from being "
                  "made twice when the network fails.");
    buf_add_string(out, ".PP\n");
    add_line(out, "A time is written as " WHEN_FORMS ".");
    add_common(out);
    buf_add_string(out, ".SH COMMANDS\n");
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        if (command->shape != SHAPE_GROUP)
            add_command(out, command);
    }
    add_named(out, "EXIT STATUS", exit_texts, CTL_EXITS);
    add_named(out, "ENVIRONMENT", environment_texts, ENVIRONMENT_TEXTS);
    buf_add_string(out, ".SH FILES\n");
    add_term(out, "$XDG_CONFIG_HOME/tollgate/session",
             "The address and the session of the last login, readable by its owner alone. logout "
             "takes it away.");
}
