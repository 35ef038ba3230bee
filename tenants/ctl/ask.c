/*
 * ask: see ask.h.
 */
#include "tenants/ctl/ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "common/base/file.h"

bool ask_possible(void)
{
    return isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0;
}

/* Byte by byte, so that what stands behind the line is left to others. */
static int read_line(struct buf *out)
{
    for (;;) {
        char byte = 0;
        ssize_t size = read(STDIN_FILENO, &byte, 1);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return -errno;
        if (size == 0)
            return out->size > 0 ? 0 : -ENODATA;
        if (byte == '\n')
            break;
        if (buf_add_byte(out, byte) != 0)
            return -EMSGSIZE;
    }
    if (out->size > 0 && out->at[out->size - 1] == '\r')
        out->at[--out->size] = '\0';
    return 0;
}

static void say(const char *question)
{
    fprintf(stderr, "%s", question);
    fflush(stderr);
}

/* Quiet before it asks: what was typed ahead is dropped, what is typed as an answer is not. */
static int ask_hidden(const char *question, struct buf *out)
{
    struct termios before, quiet;
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return -errno;
    /* ISIG is off as well: an interrupt would leave the terminal silent. */
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    quiet.c_lflag |= ECHONL;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) != 0)
        return -errno;
    say(question);
    int error = read_line(out);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    if (error == 0 && out->size > 0 && memchr(out->at, before.c_cc[VINTR], out->size) != NULL) {
        buf_clear(out);
        error = -ENODATA;
    }
    return error;
}

int ask_line(const char *question, bool hidden, struct buf *out)
{
    if (hidden)
        return ask_hidden(question, out);
    say(question);
    return read_line(out);
}

bool ask_yes(const char *question)
{
    char text[16];
    cleanup(buf_done) struct buf answer = buf_make(sizeof(text));
    cleanup(buf_done) struct buf whole = buf_make(4096);
    buf_printf(&whole, "%s [y/N] ", question);
    if (ask_line(whole.at, false, &answer) != 0 || answer.size == 0)
        return false;
    return answer.at[0] == 'y' || answer.at[0] == 'Y';
}

int ask_file(const char *path, struct buf *out)
{
    if (strcmp(path, "-") != 0)
        return file_read_secret(path, out);
    int error = read_line(out);
    if (error == -ENODATA || (error == 0 && out->size == 0))
        return -EINVAL;
    return error;
}
