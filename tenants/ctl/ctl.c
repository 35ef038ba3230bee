/*
 * ctl: see ctl.h.
 */
#include "tenants/ctl/ctl.h"

#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "tenants/ctl/clean.h"
#include "tenants/ctl/help.h"

enum { ERROR_MAX = 16384 };

int ctl_fail(struct ctl *ctl, enum ctl_exit code, const char *format, ...)
{
    char text[ERROR_MAX];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    buf_clear(&ctl->error);
    buf_add_string(&ctl->error, size < 0 ? format : text);
    return (int)code;
}

static void complain(const struct buf *error)
{
    cleanup(buf_done) struct buf clean = buf_make((size_t)ERROR_MAX * 6);
    clean_add(&clean, buf_span(error), false);
    fflush(stdout);
    fprintf(stderr, PROGRAM ": %s\n", clean.size == 0 ? "it failed" : clean.at);
}

/* Characters of more than one byte need a locale to be counted right; any UTF-8 will do. */
static void choose_locale(void)
{
    if (setlocale(LC_CTYPE, "") == NULL || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        (void)setlocale(LC_CTYPE, "C.UTF-8");
}

static void done(struct ctl *ctl)
{
    http_free(ctl->http);
    http_address_done(&ctl->address);
    http_answer_done(&ctl->answer);
    json_doc_done(&ctl->doc);
    session_done(&ctl->session);
    buf_done(&ctl->error);
    if (ctl->token != NULL)
        mem_free_secret(ctl->token, strlen(ctl->token));
    mem_free(ctl->session_path);
    mem_free(ctl->tenant);
    mem_free(ctl->who.tenant);
    mem_free(ctl->who.tenant_name);
}

static int run(const struct invocation *line, int64_t now_ms)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    struct ctl ctl = {
        .line = line,
        .now_ms = now_ms,
        .out = stdout,
        .json = parse_has(line, "json"),
        .wide = parse_has(line, "wide"),
        .local = parse_has(line, "local"),
        .colour = isatty(STDOUT_FILENO) != 0 && (no_color == NULL || no_color[0] == '\0') &&
                  (term == NULL || strcmp(term, "dumb") != 0),
        .error = buf_make(ERROR_MAX),
        .doc = json_doc_make(),
    };
    ctl.csv = parse_is_flag(line, "csv") && parse_has(line, "csv");
    int code = CTL_OK;
    if (ctl.csv && ctl.json)
        code = ctl_fail(&ctl, CTL_USAGE, "--json and --csv can't both be");
    else
        code = run_shape(&ctl);
    if ((fflush(stdout) != 0 || ferror(stdout) != 0) && code == CTL_OK)
        code = ctl_fail(&ctl, CTL_USAGE, "not all of it could be written");
    if (code != CTL_OK && ctl.error.size > 0)
        complain(&ctl.error);
    done(&ctl);
    return code;
}

int ctl_main(char **argv)
{
    struct invocation line;
    struct buf error = buf_make(ERROR_MAX);
    int64_t now_ms = clock_wall_ms();
    int code = CTL_OK;
    choose_locale();
    switch (parse_line(argv, now_ms, &line, &error)) {
    case PARSE_RUN:
        code = run(&line, now_ms);
        break;
    case PARSE_HELP:
        help_print(line.command, stdout);
        break;
    case PARSE_VERSION:
        printf(PROGRAM " " TOLLGATE_VERSION "\n");
        break;
    case PARSE_BAD:
        complain(&error);
        code = CTL_USAGE;
        break;
    }
    buf_done(&error);
    return code;
}
