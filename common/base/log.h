/*
 * log: one JSON object per line on standard error: time, level, constant event name, fields.
 *
 * Never prompts, answers or secrets. Any thread; a line is one write(2).
 */
#ifndef TOLLGATE_COMMON_BASE_LOG_H
#define TOLLGATE_COMMON_BASE_LOG_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ALARM };

struct log_field {
    const char *name;
    enum { LOG_END, LOG_TEXT, LOG_SPAN, LOG_NUMBER } kind;
    const char *text;
    struct span span;
    int64_t number;
};

#define LOG_S(n, v) ((struct log_field){.name = (n), .kind = LOG_TEXT, .text = (v)})
#define LOG_SP(n, v) ((struct log_field){.name = (n), .kind = LOG_SPAN, .span = (v)})
#define LOG_N(n, v) ((struct log_field){.name = (n), .kind = LOG_NUMBER, .number = (int64_t)(v)})

/* log_event(LOG_WARN, "lease.refused", LOG_S("tenant", id), LOG_N("wait_ms", 5)); an alarm is a
 * line that a person should look at. `event` is a constant of the source. */
#define log_event(level, event, ...)                                                               \
    log_write((level), (event), (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){0}})
void log_write(enum log_level level, const char *event, const struct log_field *fields);

/* Lines below it are dropped; LOG_INFO at start. */
void log_set_level(enum log_level level);
/* The program's name as it stands in each line; borrows a constant. */
void log_set_program(const char *name);

#endif
