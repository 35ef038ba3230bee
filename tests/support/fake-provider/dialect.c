/*
 * dialect: see the header.
 */
#include "dialect.h"

#include "common/base/mem.h"

const char *telling_finish(const struct telling *telling, size_t choice)
{
    const struct script *script = telling->script;

    if (telling->fault == FAULT_NO_FINISH)
        return NULL;
    if (strcmp(script->finish, "content_filter") == 0)
        return telling->dialect->finish[FINISH_FILTER];
    if (script->finish[0] != '\0')
        return script->finish;
    return telling->dialect->finish[script->choices[choice].finish];
}

struct buf *telling_event(struct telling *telling)
{
    buf_clear(&telling->scratch);
    return &telling->scratch;
}

struct span telling_payload(struct telling *telling)
{
    struct span payload = buf_span(&telling->scratch);
    const char *at = NULL;

    must(!buf_failed(&telling->scratch));
    if (telling->broken_behind != NULL && payload.size > 0)
        at = memmem(payload.at, payload.size, telling->broken_behind,
                    strlen(telling->broken_behind));
    if (at != NULL)
        payload.size = (size_t)(at - payload.at) + strlen(telling->broken_behind);
    return payload;
}

void telling_sse(struct telling *telling, const char *name, struct buf *out)
{
    if (name != NULL)
        buf_printf(out, "event: %s\n", name);
    buf_add_string(out, "data: ");
    buf_add_span(out, telling_payload(telling));
    buf_add_string(out, "\n\n");
    telling->events++;
}
