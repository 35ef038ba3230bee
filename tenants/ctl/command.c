/*
 * command: see command.h.
 */
#include "tenants/ctl/command.h"

#include "common/base/mem.h"
#include "tenants/ctl/exits.h"

static const struct commands *const tables[] = {
    &commands_session, &commands_tenant,  &commands_key,   &commands_money,
    &commands_catalog, &commands_routing, &commands_route, &commands_watch,
};

const struct named_text exit_texts[CTL_EXITS] = {
    [CTL_OK] = {"0", "It is done."},
    [CTL_REFUSED] = {"1", "The API refused it, or status and audit verify found something wrong."},
    [CTL_USAGE] = {"2", "The command line is not right, or a file could not be used."},
    [CTL_UNREACHABLE] = {"3", "The API can't be reached, or gave no answer that makes sense."},
    [CTL_NOT_SIGNED_IN] = {"4", "Nobody is signed in, or the session has ended."},
};

const struct named_text environment_texts[ENVIRONMENT_TEXTS] = {
    {ENV_URL, "The address, when --url is not given."},
    {ENV_TENANT, "The tenant, when --tenant is not given."},
    {ENV_TOKEN_FILE, "The token's file, when --token-file is not given."},
    {"XDG_CONFIG_HOME", "Where the session is kept (tollgate/session); ~/.config without it."},
    {"NO_COLOR", "Set to anything: no colours."},
    {"https_proxy, no_proxy", "A proxy and its exceptions; never used for this machine itself."},
};

/* What every command takes. */
static const struct flag common_flags[] = {
    FLAG("tenant", "TENANT", "The tenant, by id or exact name; one's own without it.", FLAG_TEXT,
         FLAG_OWN),
    FLAG("json", NULL, "Print the API's answer as it is.", FLAG_SWITCH, FLAG_OWN),
    FLAG("wide", NULL, "Show all columns, whatever the terminal's width.", FLAG_SWITCH, FLAG_OWN),
    FLAG("local", NULL, "Show times in the local time zone instead of UTC.", FLAG_SWITCH, FLAG_OWN),
    FLAG("url", "URL", "The address of Tollgate, such as https://tollgate.example.com.", FLAG_TEXT,
         FLAG_OWN),
    FLAG("token-file", "FILE",
         "Use the management key or operator token in this file, which only you may read, instead "
         "of the session.",
         FLAG_FILE, FLAG_OWN),
    FLAG("ca-file", "FILE", "Trust these certificates (PEM) instead of the system's.", FLAG_FILE,
         FLAG_OWN),
    FLAG("allow-http", NULL,
         "Send secrets unencrypted to another machine, when the network between is trusted.",
         FLAG_SWITCH, FLAG_OWN),
    FLAG("help", NULL, "Print this help.", FLAG_SWITCH, FLAG_OWN),
};
static const struct flag csv_flags[] = {
    FLAG("csv", NULL, "Print the API's CSV: all rows, at most 10,000.", FLAG_SWITCH, FLAG_OWN),
};
static const struct flag pages_flags[] = {
    FLAG("limit", "N", "So many rows, from 1 to 200; 50 without it.", FLAG_COUNT, FLAG_QUERY),
    FLAG("cursor", "CURSOR", "The page that a page before it named.", FLAG_TEXT, FLAG_QUERY),
    FLAG("all", NULL, "All pages.", FLAG_SWITCH, FLAG_OWN),
};
static const struct flag yes_flags[] = {
    FLAG("yes", NULL, "Do not ask.", FLAG_SWITCH, FLAG_OWN),
};

const struct command *command_at(size_t index)
{
    for (size_t i = 0; i < array_size(tables); i++) {
        if (index < tables[i]->count)
            return &tables[i]->at[index];
        index -= tables[i]->count;
    }
    return NULL;
}

const struct command *command_find(struct span words)
{
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        if (span_is(words, command->words))
            return command;
    }
    return NULL;
}

struct span command_below(const struct command *command, const char *group)
{
    struct span words = span_of(command->words);
    size_t size = strlen(group);
    if (size > 0) {
        if (!span_starts(words, group) || words.size <= size || words.at[size] != ' ')
            return (struct span){0};
        words = span_part(words, size + 1, SIZE_MAX);
    }
    return span_index(words, ' ') < 0 ? words : (struct span){0};
}

static unsigned also(const struct command *command)
{
    unsigned all = command->also;
    if (command->shape == SHAPE_LIST)
        all |= ALSO_PAGES | ALSO_CSV;
    if (command->question != NULL)
        all |= ALSO_YES;
    return all;
}

/* The flag at `index`, and the number of the group it stands in. */
static const struct flag *flag_at(const struct command *command, size_t index, int *group_out)
{
    unsigned has = also(command);
    const struct {
        const struct flag *at;
        size_t count;
        int group;
    } groups[] = {
        {command->flags.at, command->flags.count, 0},
        {pages_flags, (has & ALSO_PAGES) != 0 ? array_size(pages_flags) : 0, 1},
        {csv_flags, (has & ALSO_CSV) != 0 ? array_size(csv_flags) : 0, 1},
        {yes_flags, (has & ALSO_YES) != 0 ? array_size(yes_flags) : 0, 1},
        {common_flags, array_size(common_flags), 2},
    };
    for (size_t i = 0; i < array_size(groups); i++) {
        if (index < groups[i].count) {
            *group_out = groups[i].group;
            return &groups[i].at[index];
        }
        index -= groups[i].count;
    }
    return NULL;
}

const struct flag *command_flag(const struct command *command, size_t index)
{
    int group = 0;
    return flag_at(command, index, &group);
}

int command_flag_group(const struct command *command, size_t index)
{
    int group = 0;
    must(flag_at(command, index, &group) != NULL);
    return group;
}

void command_flag_text(const struct flag *flag, struct buf *out)
{
    buf_add_string(out, flag->about);
    if (flag->words != NULL) {
        struct span rest = span_of(flag->words);
        buf_add_string(out, " One of ");
        while (rest.at != NULL) {
            struct span word = span_cut(&rest, '|');
            buf_printf(out, "%.*s%s", SPAN_ARG(word), rest.at != NULL ? ", " : ".");
        }
    }
    if (flag->needed)
        buf_add_string(out, " Needed.");
}

void command_arguments(const struct command *command, size_t *min_out, size_t *max_out)
{
    struct span rest = span_of(command->arguments);
    *min_out = *max_out = 0;
    while (rest.at != NULL && rest.size > 0) {
        struct span word = span_cut(&rest, ' ');
        ++*max_out;
        *min_out += span_starts(word, "[") ? 0 : 1;
    }
}

struct span command_argument(const struct command *command, size_t index)
{
    struct span rest = span_of(command->arguments), word = {0};
    for (size_t i = 0; i <= index; i++) {
        if (rest.at == NULL)
            return (struct span){0};
        word = span_cut(&rest, ' ');
    }
    if (span_starts(word, "[") && span_ends(word, "]"))
        word = span_part(word, 1, word.size - 2);
    return word;
}

enum { DISTANCE_MAX = 40 };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t command_distance(struct span a, struct span b)
{
    size_t rows[3][DISTANCE_MAX + 1];
    a = span_part(a, 0, DISTANCE_MAX);
    b = span_part(b, 0, DISTANCE_MAX);
    for (size_t j = 0; j <= b.size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        size_t *row = rows[i % 3], *above = rows[(i - 1) % 3];
        const size_t *before = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            size_t change = above[j - 1] + (a.at[i - 1] == b.at[j - 1] ? 0 : 1);
            row[j] = smaller(change, smaller(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1])
                row[j] = smaller(row[j], before[j - 2] + 1);
        }
    }
    return rows[a.size % 3][b.size];
}
