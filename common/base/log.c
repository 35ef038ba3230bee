/*
 * log: see log.h.
 */
#include "common/base/log.h"

#include <stdatomic.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/json_writer.h"

#define LINE_MAX_BYTES 16384u
#define FIELD_MAX_BYTES 2048u /* a longer text is cut, so that a line is never dropped for it */

static _Atomic int lowest = LOG_INFO;
static const char *_Atomic program = "tollgate";

void log_set_level(enum log_level level)
{
    atomic_store(&lowest, (int)level);
}

void log_set_program(const char *name)
{
    atomic_store(&program, name);
}

static struct span cut(struct span text)
{
    return span_part(text, 0, FIELD_MAX_BYTES);
}

static void put_field(struct json_writer *w, const struct log_field *field)
{
    switch (field->kind) {
    case LOG_TEXT:
        if (field->text != NULL)
            json_put_string(w, field->name, cut(span_of(field->text)));
        return;
    case LOG_SPAN:
        json_put_string(w, field->name, cut(field->span));
        return;
    case LOG_NUMBER:
        json_put_int64(w, field->name, field->number);
        return;
    case LOG_END:
        return;
    }
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
    static const char *const names[] = {
        [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ALARM] = "alarm"};
    char now[CLOCK_TEXT_SIZE];

    if ((int)level < atomic_load_explicit(&lowest, memory_order_relaxed))
        return;
    struct buf line = buf_make(LINE_MAX_BYTES);
    struct json_writer w = json_writer_make(&line);
    json_begin(&w, '{');
    json_put_string(&w, "time", span_make(now, clock_format(clock_wall_ms(), now)));
    json_put_cstring(&w, "level", names[level]);
    json_put_cstring(&w, "program", atomic_load(&program));
    json_put_cstring(&w, "event", event);
    /* A line that would grow too long keeps the fields that fit. */
    for (; fields->kind != LOG_END; fields++) {
        size_t before = line.size;
        put_field(&w, fields);
        if (buf_failed(&line) || line.size + 2 > line.max) {
            line.failed = false;
            line.size = before;
            break;
        }
    }
    json_end(&w, '}');
    (void)buf_add_byte(&line, '\n');
    /* There is nobody to tell when standard error is gone. */
    ssize_t ignored = write(STDERR_FILENO, line.at, line.size);
    (void)ignored;
    buf_done(&line);
}
