/*
 * complete: see complete.h. Each script first finds the command among the words typed so far, by
 * the list of all commands, then offers what stands below it, or its flags and their words.
 */
#include "tenants/ctl/complete.h"

#include <stdio.h>

#include "common/base/attr.h"
#include "tenants/ctl/command.h"

/* The row that stands for the program itself. */
static const struct command program = {.words = "", .shape = SHAPE_GROUP};

/* Walks the program, then all rows. */
static const struct command *row_at(size_t index)
{
    return index == 0 ? &program : command_at(index - 1);
}

/* Within '…'; a quote is written as '\''. */
static void add_quoted(struct buf *out, struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '\'')
            buf_add_string(out, "'\\''");
        else
            buf_add_byte(out, text.at[i]);
    }
}

/* "a|b|c" as "a b c". */
static void add_words(struct buf *out, const char *words)
{
    for (; *words != '\0'; words++)
        buf_add_byte(out, *words == '|' ? ' ' : *words);
}

static void add_verbs(struct buf *out, const char *group)
{
    const struct command *command;
    const char *before = "";
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        struct span verb = command_below(command, group);
        if (verb.size > 0) {
            buf_printf(out, "%s%.*s", before, SPAN_ARG(verb));
            before = " ";
        }
    }
}

/* All commands as the alternatives of a case: 'keys'|'keys create'|…. */
static void add_commands(struct buf *out)
{
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++)
        buf_printf(out, "%s'%s'", i == 0 ? "" : "|", command->words);
}

/* All flags that take a value, each once: --a|--b. */
static void add_valued(struct buf *out)
{
    const struct command *command;
    const struct flag *flag;
    cleanup(buf_done) struct buf seen = buf_make(COMPLETE_MAX_BYTES);
    buf_add_byte(&seen, '|');
    for (size_t i = 0; (command = row_at(i)) != NULL; i++) {
        for (size_t j = 0; (flag = command_flag(command, j)) != NULL; j++) {
            char word[64];
            snprintf(word, sizeof(word), "|--%s|", flag->name);
            if (flag->value == NULL || strstr(seen.at, word) != NULL)
                continue;
            buf_printf(&seen, "--%s|", flag->name);
        }
    }
    buf_add_span(out, span_part(buf_span(&seen), 1, seen.size - 2));
}

static bool takes_file(const struct command *command)
{
    return span_is(command_argument(command, 0), "FILE");
}

/* ---- bash ---- */

static void add_bash_values(struct buf *out, const struct command *command)
{
    const struct flag *flag;
    buf_add_string(out, "        case $previous in\n");
    for (size_t i = 0; (flag = command_flag(command, i)) != NULL; i++) {
        if (flag->words != NULL) {
            buf_printf(out, "        --%s) values='", flag->name);
            add_words(out, flag->words);
            buf_printf(out, "%s' ;;\n", flag->nullable ? " none" : "");
        } else if (flag->kind == FLAG_FILE) {
            buf_printf(out, "        --%s) files=1 ;;\n", flag->name);
        }
    }
    buf_add_string(out, "        esac\n");
}

static void add_bash_row(struct buf *out, const struct command *command)
{
    const struct flag *flag;
    buf_printf(out, "    '%s')\n        words='", command->words);
    if (command->shape == SHAPE_GROUP)
        add_verbs(out, command->words);
    else if (command->first_word != NULL)
        add_words(out, command->first_word);
    buf_add_string(out, "'\n        flags='");
    for (size_t i = 0; (flag = command_flag(command, i)) != NULL; i++)
        buf_printf(out, "%s--%s", i == 0 ? "" : " ", flag->name);
    buf_printf(out, "'\n        names_file=%s\n", takes_file(command) ? "1" : "");
    add_bash_values(out, command);
    buf_add_string(out, "        ;;\n");
}

void complete_bash(struct buf *out)
{
    const struct command *command;
    buf_add_string(
        out, "# Completion of " PROGRAM " for bash, made from its table of commands.\n"
             "_" PROGRAM "() {\n"
             "    local current=${COMP_WORDS[COMP_CWORD]} previous='' command='' skip='' word\n"
             "    local words='' flags='' values='' files='' names_file='' i\n"
             "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
             "        word=${COMP_WORDS[i]}\n"
             "        [ \"$word\" != = ] || continue\n"
             "        previous=$word\n"
             "        if [ -n \"$skip\" ]; then skip=''; previous=''; continue; fi\n"
             "        case $word in\n        ");
    add_valued(out);
    buf_add_string(out, ") skip=1; continue ;;\n        -*) continue ;;\n        esac\n"
                        "        case ${command:+$command }$word in\n        ");
    add_commands(out);
    buf_add_string(out, ") command=${command:+$command }$word ;;\n        esac\n    done\n"
                        "    [ \"$current\" != = ] || current=''\n"
                        "    [ -n \"$skip\" ] || previous=''\n"
                        "    case $command in\n");
    for (size_t i = 0; (command = row_at(i)) != NULL; i++)
        add_bash_row(out, command);
    buf_add_string(out,
                   "    esac\n"
                   "    if [ -n \"$values\" ]; then words=$values; flags=''; fi\n"
                   "    if [ -n \"$files\" ]; then\n"
                   "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
                   "        return\n"
                   "    fi\n"
                   "    if [ -n \"$skip\" ] && [ -z \"$values\" ]; then COMPREPLY=(); return; fi\n"
                   "    case $current in -*) words=$flags ;; esac\n"
                   "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
                   "    if [ ${#COMPREPLY[@]} -eq 0 ] && [ -n \"$names_file\" ]; then\n"
                   "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
                   "    fi\n"
                   "}\n"
                   "complete -o filenames -F _" PROGRAM " " PROGRAM "\n");
}

/* ---- zsh ---- */

/* Within '…' of a word of _arguments or _describe, where brackets and colons have a meaning. */
static void add_zsh_text(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '[' || *text == ']' || *text == ':' || *text == '\\')
            buf_add_byte(out, '\\');
        add_quoted(out, span_make(text, 1));
    }
}

static void add_zsh_flag(struct buf *out, const struct flag *flag)
{
    buf_printf(out, "            '%s--%s%s[", flag->kind == FLAG_LIST ? "*" : "", flag->name,
               flag->value == NULL ? "" : "=");
    add_zsh_text(out, flag->about);
    buf_add_byte(out, ']');
    if (flag->value != NULL) {
        buf_add_byte(out, ':');
        add_zsh_text(out, flag->value);
        buf_add_byte(out, ':');
        if (flag->words != NULL) {
            buf_add_byte(out, '(');
            add_words(out, flag->words);
            buf_printf(out, "%s)", flag->nullable ? " none" : "");
        } else if (flag->kind == FLAG_FILE) {
            buf_add_string(out, "_files");
        }
    }
    buf_add_string(out, "'\n");
}

static void add_zsh_row(struct buf *out, const struct command *row)
{
    const struct command *command;
    const struct flag *flag;
    buf_printf(out, "    ('%s')\n        flags=(\n", row->words);
    for (size_t i = 0; (flag = command_flag(row, i)) != NULL; i++)
        add_zsh_flag(out, flag);
    buf_add_string(out, "        )\n        verbs=(\n");
    for (size_t i = 0; row->shape == SHAPE_GROUP && (command = command_at(i)) != NULL; i++) {
        struct span verb = command_below(command, row->words);
        if (verb.size == 0)
            continue;
        buf_printf(out, "            '%.*s:", SPAN_ARG(verb));
        add_zsh_text(out, command->about);
        buf_add_string(out, "'\n");
    }
    buf_add_string(out, "        )\n");
    if (row->first_word != NULL) {
        buf_add_string(out, "        flags+=('1:argument:(");
        add_words(out, row->first_word);
        buf_add_string(out, ")')\n");
    } else if (takes_file(row)) {
        buf_add_string(out, "        flags+=('1:file:_files')\n");
    }
    buf_add_string(out, "        ;;\n");
}

void complete_zsh(struct buf *out)
{
    const struct command *command;
    buf_add_string(out, "#compdef " PROGRAM "\n"
                        "# Completion of " PROGRAM " for zsh, made from its table of commands.\n"
                        "_" PROGRAM "() {\n"
                        "    local command='' next\n"
                        "    integer taken=0 i\n"
                        "    local -a flags verbs\n"
                        "    for ((i = 2; i < CURRENT; i++)); do\n"
                        "        case ${words[i]} in\n        (");
    add_valued(out);
    buf_add_string(out, ") ((i++)); continue ;;\n        (-*) continue ;;\n        esac\n"
                        "        next=\"${command:+$command }${words[i]}\"\n"
                        "        case $next in\n        (");
    add_commands(out);
    buf_add_string(out, ") command=$next; taken=$((i - 1)) ;;\n"
                        "        (*) break ;;\n        esac\n    done\n"
                        "    case $command in\n");
    for (size_t i = 0; (command = row_at(i)) != NULL; i++)
        add_zsh_row(out, command);
    /* Past the end of the words only behind a flag that waits for its value. */
    buf_add_string(out,
                   "    esac\n"
                   "    if ((${#verbs} && i == CURRENT)) && [[ ${words[CURRENT]} != -* ]]; then\n"
                   "        _describe -t commands command verbs\n"
                   "        return\n"
                   "    fi\n"
                   "    words=(" PROGRAM " \"${(@)words[taken+2,-1]}\")\n"
                   "    ((CURRENT -= taken))\n"
                   "    _arguments -S $flags\n"
                   "}\n"
                   "if [[ $funcstack[1] == _" PROGRAM " ]]; then\n"
                   "    _" PROGRAM " \"$@\"\n"
                   "else\n"
                   "    compdef _" PROGRAM " " PROGRAM "\n"
                   "fi\n");
}

/* ---- fish ---- */

/* Within '…' of fish only \ and ' have a meaning. */
static void add_fish_text(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            buf_add_byte(out, '\\');
        buf_add_byte(out, *text);
    }
}

static void begin_fish_line(struct buf *out, const struct command *row)
{
    buf_printf(out, "complete -c " PROGRAM " -n \"test (__" PROGRAM "_command) = '%s'\"",
               row->words);
}

static void add_fish_flag(struct buf *out, const struct command *row, const struct flag *flag)
{
    begin_fish_line(out, row);
    buf_printf(out, " -l %s", flag->name);
    if (flag->kind == FLAG_FILE)
        buf_add_string(out, " -r -F");
    else if (flag->value != NULL)
        buf_add_string(out, " -x");
    if (flag->words != NULL) {
        buf_add_string(out, " -a '");
        add_words(out, flag->words);
        buf_printf(out, "%s'", flag->nullable ? " none" : "");
    }
    buf_add_string(out, " -d '");
    add_fish_text(out, flag->about);
    buf_add_string(out, "'\n");
}

static void add_fish_row(struct buf *out, const struct command *row)
{
    const struct command *command;
    const struct flag *flag;
    for (size_t i = 0; row->shape == SHAPE_GROUP && (command = command_at(i)) != NULL; i++) {
        struct span verb = command_below(command, row->words);
        if (verb.size == 0)
            continue;
        begin_fish_line(out, row);
        buf_printf(out, " -a %.*s -d '", SPAN_ARG(verb));
        add_fish_text(out, command->about);
        buf_add_string(out, "'\n");
    }
    if (row->first_word != NULL) {
        begin_fish_line(out, row);
        buf_add_string(out, " -a '");
        add_words(out, row->first_word);
        buf_add_string(out, "'\n");
    }
    if (takes_file(row)) {
        begin_fish_line(out, row);
        buf_add_string(out, " -F\n");
    }
    for (size_t i = 0; (flag = command_flag(row, i)) != NULL; i++)
        add_fish_flag(out, row, flag);
}

void complete_fish(struct buf *out)
{
    const struct command *command;
    buf_add_string(out, "# Completion of " PROGRAM " for fish, made from its table of commands.\n"
                        "function __" PROGRAM "_command\n"
                        "    set -l command\n"
                        "    set -l words (commandline -opc)\n"
                        "    for word in $words[2..-1]\n"
                        "        set -l next (string join -- ' ' $command $word)\n"
                        "        switch $next\n"
                        "            case ");
    for (size_t i = 0; (command = command_at(i)) != NULL; i++)
        buf_printf(out, "%s'%s'", i == 0 ? "" : " ", command->words);
    buf_add_string(out, "\n                set command $next\n        end\n    end\n"
                        "    printf '%s\\n' \"$command\"\nend\n"
                        "complete -c " PROGRAM " -f\n");
    for (size_t i = 0; (command = row_at(i)) != NULL; i++)
        add_fish_row(out, command);
}
