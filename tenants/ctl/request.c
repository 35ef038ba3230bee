/*
 * request: see request.h.
 */
#include "tenants/ctl/request.h"

#include <ctype.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "tenants/ctl/when.h"

enum { NAME_MAX_BYTES = 64 };

void request_escape(struct buf *out, struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            c == '-' || c == '.' || c == '_' || c == '~')
            buf_add_byte(out, c);
        else
            buf_printf(out, "%%%02X", (unsigned char)c);
    }
}

/* "MODEL-OR-DEPLOYMENT" is the member "model_or_deployment". */
static void member_of(struct span name, char out[NAME_MAX_BYTES])
{
    must(name.size < NAME_MAX_BYTES);
    for (size_t i = 0; i < name.size; i++)
        out[i] = name.at[i] == '-' ? '_' : (char)tolower((unsigned char)name.at[i]);
    out[name.size] = '\0';
}

/* The index of the argument that a {name} means; ARGUMENTS_MAX when none does. */
static size_t argument_of(const struct command *command, struct span name)
{
    char member[NAME_MAX_BYTES];
    for (size_t i = 0; i < ARGUMENTS_MAX; i++) {
        member_of(command_argument(command, i), member);
        if (member[0] != '\0' && span_is(name, member))
            return i;
    }
    return ARGUMENTS_MAX;
}

void request_path(const struct invocation *line, const char *path, const char *tenant,
                  struct buf *out)
{
    struct span rest = span_of(path);
    while (rest.at != NULL) {
        buf_add_span(out, span_cut(&rest, '{'));
        if (rest.at == NULL)
            return;
        struct span name = span_cut(&rest, '}');
        if (span_is(name, "tenant")) {
            must(tenant != NULL);
            request_escape(out, span_of(tenant));
            continue;
        }
        size_t index = argument_of(line->command, name);
        must(index < line->argument_count);
        request_escape(out, span_of(line->arguments[index]));
    }
}

void request_add_query(struct buf *out, const char *name, struct span value)
{
    buf_add_byte(out, span_index(buf_span(out), '?') < 0 ? '?' : '&');
    buf_add_string(out, name);
    buf_add_byte(out, '=');
    request_escape(out, value);
}

static const char *member_name(const struct flag *flag, char room[NAME_MAX_BYTES])
{
    if (flag->member != NULL)
        return flag->member;
    member_of(span_of(flag->name), room);
    return room;
}

/* A time as the API wants it. */
static struct span time_text(const char *value, int64_t now_ms, char room[CLOCK_TEXT_SIZE])
{
    int64_t unix_ms = 0;
    must(when_parse(span_of(value), now_ms, &unix_ms) == 0); /* parse_line() looked at it */
    return span_make(room, clock_format(unix_ms, room));
}

void request_query(const struct invocation *line, int64_t now_ms, struct buf *out)
{
    char name[NAME_MAX_BYTES], time[CLOCK_TEXT_SIZE];
    for (size_t i = 0; i < line->given_count; i++) {
        const struct given *given = &line->given[i];
        /* The last of several is meant. */
        if (given->flag->place != FLAG_QUERY ||
            parse_value(line, given->flag->name) != given->value)
            continue;
        struct span value = given->value == NULL ? span_of("true") : span_of(given->value);
        if (given->flag->kind == FLAG_TIME)
            value = time_text(given->value, now_ms, time);
        request_add_query(out, member_name(given->flag, name), value);
    }
}

/* All that was given for a list, commas and repetitions alike. */
static void write_list(const struct invocation *line, const struct flag *flag,
                       struct json_writer *writer)
{
    json_begin(writer, '[');
    for (size_t i = 0; i < line->given_count; i++) {
        if (line->given[i].flag != flag)
            continue;
        struct span rest = span_of(line->given[i].value);
        while (rest.at != NULL) {
            struct span item = span_trim(span_cut(&rest, ','));
            if (item.size > 0)
                json_write_string(writer, item);
        }
    }
    json_end(writer, ']');
}

static void write_value(const struct invocation *line, const struct given *given, int64_t now_ms,
                        struct json_writer *writer)
{
    char time[CLOCK_TEXT_SIZE];
    const struct flag *flag = given->flag;
    if (flag->nullable && strcmp(given->value, "none") == 0) {
        json_write_null(writer);
        return;
    }
    switch (flag->kind) {
    case FLAG_SWITCH:
        json_write_bool(writer, true);
        break;
    case FLAG_COUNT:
        json_write_raw(writer, span_of(given->value));
        break;
    case FLAG_TIME:
        json_write_string(writer, time_text(given->value, now_ms, time));
        break;
    case FLAG_LIST:
        write_list(line, flag, writer);
        break;
    case FLAG_WORD:
        if (flag->truth)
            json_write_bool(writer, strcmp(given->value, "on") == 0);
        else
            json_write_string(writer, span_of(given->value));
        break;
    case FLAG_TEXT:
    case FLAG_AMOUNT:
    case FLAG_FILE:
        json_write_string(writer, span_of(given->value));
        break;
    }
}

static bool in_path(const char *path, const char *member)
{
    char name[NAME_MAX_BYTES + 2];
    snprintf(name, sizeof(name), "{%s}", member);
    return strstr(path, name) != NULL;
}

void request_members(const struct invocation *line, const char *path, int64_t now_ms,
                     struct json_writer *writer)
{
    const struct command *command = line->command;
    char name[NAME_MAX_BYTES];
    if (command->body != NULL) {
        struct span value = span_of(command->body), member = span_cut(&value, ':');
        json_name_span(writer, span_part(member, 1, member.size - 2));
        json_write_raw(writer, value);
    }
    for (size_t i = 0; i < line->argument_count; i++) {
        member_of(command_argument(command, i), name);
        if (!in_path(path, name))
            json_put_cstring(writer, name, line->arguments[i]);
    }
    for (size_t i = 0; i < line->given_count; i++) {
        const struct given *given = &line->given[i];
        if (given->flag->place != FLAG_BODY || parse_value(line, given->flag->name) != given->value)
            continue;
        json_name(writer, member_name(given->flag, name));
        write_value(line, given, now_ms, writer);
    }
}

bool request_has_body(const struct command *command, const char *path)
{
    char name[NAME_MAX_BYTES];
    const struct flag *flag;
    struct span argument;
    if (command->body != NULL)
        return true;
    for (size_t i = 0; (argument = command_argument(command, i)).size > 0; i++) {
        member_of(argument, name);
        if (!in_path(path, name))
            return true;
    }
    for (size_t i = 0; (flag = command_flag(command, i)) != NULL; i++) {
        if (flag->place == FLAG_BODY)
            return true;
    }
    return false;
}

void request_body(const struct invocation *line, const char *path, int64_t now_ms, struct buf *out)
{
    struct json_writer writer = json_writer_make(out);
    json_begin(&writer, '{');
    request_members(line, path, now_ms, &writer);
    json_end(&writer, '}');
}
