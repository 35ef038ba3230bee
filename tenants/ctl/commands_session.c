/*
 * commands_session: the rows of signing in and out, and of the program itself.
 */
#include "tenants/ctl/command.h"
#include "tenants/ctl/runs.h"
#include "tenants/ctl/view.h"

static const struct column session_columns[] = {
    {"KIND", "kind", CELL_TEXT, false},          {"ROLE", "role", CELL_TEXT, false},
    {"EMAIL", "email", CELL_TEXT, false},        {"NAME", "name", CELL_TEXT, false},
    {"TENANT", "tenant.name", CELL_TEXT, false}, {"TENANT ID", "tenant.id", CELL_ID, false},
    {"SCOPES", "scopes", CELL_LIST, false},      {"ID", "id", CELL_ID, false},
    {"UNTIL", "expires_at", CELL_TIME, false},
};
static const struct view session_view = {VIEW_COLUMNS(session_columns)};

static const struct flag login_flags[] = {
    FLAG("password-file", "FILE",
         "Read the password from the first line of this file, which only you may read; - is "
         "standard input.",
         FLAG_FILE, FLAG_OWN),
};
static const struct flag password_flags[] = {
    FLAG("current-file", "FILE", "The current password's file, instead of asking.", FLAG_FILE,
         FLAG_OWN),
    FLAG("new-file", "FILE", "The new password's file, instead of asking.", FLAG_FILE, FLAG_OWN),
};

static const struct command rows[] = {
    {
        .words = "login",
        .arguments = "[EMAIL]",
        .about = "Sign in; later commands use the session until it ends",
        .text = "Asks for what is not given, the password without showing it. Who belongs to "
                "several tenants says which with --tenant. Address and session are kept in "
                "$XDG_CONFIG_HOME/tollgate/session (or ~/.config), readable by you alone; the "
                "password is kept nowhere.",
        .examples = "tollgatectl login ada@example.com --url https://tollgate.example.com\n"
                    "tollgatectl login ada@example.com --password-file ~/secrets/tollgate",
        FLAGS(login_flags),
        .shape = SHAPE_OWN,
        .run = run_login,
        .view = &session_view,
    },
    {
        .words = "logout",
        .about = "End the session, here and on the server",
        .examples = "tollgatectl logout",
        .shape = SHAPE_OWN,
        .run = run_logout,
    },
    {
        .words = "whoami",
        .about = "Show who is signed in, where and until when",
        .examples = "tollgatectl whoami",
        .shape = SHAPE_OWN,
        .run = run_whoami,
        .view = &session_view,
    },
    {
        .words = "password",
        .about = "Change one's own password; other sessions end",
        .examples = "tollgatectl password",
        FLAGS(password_flags),
        .shape = SHAPE_OWN,
        .run = run_password,
    },
    {
        .words = "completion",
        .arguments = "SHELL",
        .about = "Print the shell's completion script",
        .examples = "source <(tollgatectl completion bash)\n"
                    "tollgatectl completion zsh > ~/.zfunc/_tollgatectl\n"
                    "tollgatectl completion fish > ~/.config/fish/completions/tollgatectl.fish",
        .first_word = "bash|zsh|fish",
        .shape = SHAPE_OWN,
        .run = run_completion,
    },
    {
        .words = "man",
        .about = "Print the manual page",
        .text = "It is made from the same table that reads the command line.",
        .examples = "tollgatectl man | man -l -\n"
                    "tollgatectl man > /usr/local/share/man/man1/tollgatectl.1",
        .shape = SHAPE_OWN,
        .run = run_manual,
    },
};

const struct commands commands_session = {rows, array_size(rows)};
