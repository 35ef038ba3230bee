/*
 * pg_param: parameters as libpq wants them; see pg_param.h.
 */
#include "common/pg/pg_param.h"

#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/pg/pg_inside.h"

#define BYTEA_TYPE ((Oid)17)

static void add_numeric(struct buf *out, int128 value)
{
    char text[MONEY_TEXT_MAX];

    (void)buf_add(out, text, money_format_integer(value, text));
}

static void add_uuid(struct buf *out, struct uuid id)
{
    char text[UUID_TEXT_SIZE];

    uuid_format(id, text);
    (void)buf_add(out, text, UUID_TEXT_SIZE - 1);
}

static void add_time(struct buf *out, int64_t unix_ms)
{
    char text[CLOCK_TEXT_SIZE];

    if (unix_ms == INT64_MIN || unix_ms == INT64_MAX) {
        (void)buf_add_string(out, unix_ms < 0 ? "-infinity" : "infinity");
        return;
    }
    (void)buf_add(out, text, clock_format(unix_ms, text));
}

/* An item of an array's text form, in quotes. */
static void add_item_text(struct buf *out, struct span text)
{
    if (text.at == NULL) {
        (void)buf_add_string(out, "NULL");
        return;
    }
    (void)buf_add_byte(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '"' || text.at[i] == '\\')
            (void)buf_add_byte(out, '\\');
        (void)buf_add_byte(out, text.at[i]);
    }
    (void)buf_add_byte(out, '"');
}

static void add_array(struct buf *out, const struct pg_param *param)
{
    (void)buf_add_byte(out, '{');
    for (size_t i = 0; i < param->count; i++) {
        if (i > 0)
            (void)buf_add_byte(out, ',');
        if (param->kind == PG_PARAM_TEXTS)
            add_item_text(out, param->texts[i]);
        else if (param->kind == PG_PARAM_INT64S)
            (void)buf_add_int64(out, param->numbers[i]);
        else if (param->kind == PG_PARAM_NUMERICS)
            add_numeric(out, param->numerics[i]);
        else
            add_uuid(out, param->uuids[i]);
    }
    (void)buf_add_byte(out, '}');
}

static void add_value(struct buf *out, const struct pg_param *param)
{
    switch (param->kind) {
    case PG_PARAM_TEXT:
    case PG_PARAM_BYTES:
        (void)buf_add_span(out, param->text);
        return;
    case PG_PARAM_BOOL:
        (void)buf_add_byte(out, param->flag ? 't' : 'f');
        return;
    case PG_PARAM_INT64:
        (void)buf_add_int64(out, param->number);
        return;
    case PG_PARAM_NUMERIC:
        add_numeric(out, param->numeric);
        return;
    case PG_PARAM_UUID:
        add_uuid(out, param->uuid);
        return;
    case PG_PARAM_TIME:
        add_time(out, param->number);
        return;
    case PG_PARAM_TEXTS:
    case PG_PARAM_INT64S:
    case PG_PARAM_NUMERICS:
    case PG_PARAM_UUIDS:
        add_array(out, param);
        return;
    case PG_PARAM_END:
    case PG_PARAM_NULL:
    case PG_PARAM_KINDS:
        must(false);
    }
}

static bool refuse(struct pg_error *error_out, const char *sqlstate, const char *message)
{
    *error_out = (struct pg_error){.sqlstate = ""};
    snprintf(error_out->sqlstate, sizeof(error_out->sqlstate), "%s", sqlstate);
    snprintf(error_out->message, sizeof(error_out->message), "%s", message);
    return false;
}

bool pg_render(const struct pg_param *params, struct buf *room, struct rendered *out,
               struct pg_error *error_out)
{
    size_t begins[PG_PARAMS_MAX];
    int count = 0;

    buf_clear(room);
    for (; params[count].kind != PG_PARAM_END; count++) {
        must(count < PG_PARAMS_MAX);
        const struct pg_param *param = &params[count];
        bool bytes = param->kind == PG_PARAM_BYTES;
        begins[count] = room->size;
        if (param->kind != PG_PARAM_NULL)
            add_value(room, param);
        size_t size = room->size - begins[count];
        out->types[count] = bytes ? BYTEA_TYPE : 0;
        out->formats[count] = bytes;
        out->lengths[count] = (int)size;
        /* A NUL would silently end the text there. */
        if (!bytes && size > 0 && memchr(room->at + begins[count], '\0', size) != NULL)
            return refuse(error_out, "22021", "a text has a NUL in it");
        (void)buf_add_byte(room, '\0');
    }
    if (buf_failed(room))
        return refuse(error_out, "54000", "the parameters are too large");
    for (int i = 0; i < count; i++)
        out->values[i] = params[i].kind == PG_PARAM_NULL ? NULL : room->at + begins[i];
    out->count = count;
    return true;
}
