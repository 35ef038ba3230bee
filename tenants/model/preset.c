/*
 * preset: what is asked of a preset that was read; preset_read.c reads it.
 */
#include "tenants/model/preset.h"

#include <stdio.h>

#include "common/base/mem.h"

/* ---- names ---- */

struct telling {
    bool (*take)(void *context, struct span name, bool is_model, const char *path);
    void *context;
};

static bool tell_leaf(const struct telling *telling, const struct preset_target *leaf,
                      const char *path)
{
    const char *dot = *path == '\0' ? "" : ".";
    const struct {
        const char *name;
        const struct wish_names *names;
    } lists[] = {{"order", leaf->wish == NULL ? NULL : &leaf->wish->order},
                 {"only", leaf->wish == NULL ? NULL : &leaf->wish->only},
                 {"ignore", leaf->wish == NULL ? NULL : &leaf->wish->ignore}};
    char at[160];

    snprintf(at, sizeof(at), "%s%smodel", path, dot);
    if (leaf->model.size > 0 && !telling->take(telling->context, leaf->model, true, at))
        return false;
    for (size_t i = 0; i < array_size(lists); i++)
        for (uint32_t j = 0; lists[i].names != NULL && j < lists[i].names->count; j++) {
            snprintf(at, sizeof(at), "%s%sprovider.%s[%u]", path, dot, lists[i].name, j);
            if (!telling->take(telling->context, lists[i].names->at[j], false, at))
                return false;
        }
    return true;
}

void preset_each_name(const struct preset *preset,
                      bool (*take)(void *context, struct span name, bool is_model,
                                   const char *path),
                      void *context)
{
    const struct telling telling = {take, context};
    struct {
        const struct preset_target *target;
        uint32_t next;    /* of its targets */
        size_t path_size; /* of its own */
    } stack[PRESET_DEPTH_MAX] = {{preset->root, 0, 0}};
    uint32_t depth = 1;
    char path[128] = "";

    while (depth > 0) {
        const struct preset_target *target = stack[depth - 1].target;
        size_t size = stack[depth - 1].path_size;
        uint32_t next = stack[depth - 1].next++;

        path[size] = '\0';
        if (next >= target->target_count) {
            if (target->mode == PRESET_SINGLE && !tell_leaf(&telling, target, path))
                return;
            depth--;
            continue;
        }
        must(depth < PRESET_DEPTH_MAX);
        size += (size_t)snprintf(path + size, sizeof(path) - size, "%stargets[%u]",
                                 size > 0 ? "." : "", next);
        stack[depth].target = target->targets[next];
        stack[depth].next = 0;
        stack[depth++].path_size = size;
    }
}

/* ---- a preset's own name ---- */

static bool is_of_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool preset_name_good(struct span name)
{
    if (name.size == 0 || name.size > PRESET_NAME_MAX || !is_of_name(name.at[0]))
        return false;
    for (size_t i = 1; i < name.size; i++)
        if (!is_of_name(name.at[i]) && name.at[i] != '-' && name.at[i] != '_' && name.at[i] != '.')
            return false;
    return true;
}

bool preset_statuses_name(const struct preset_statuses *statuses, int status)
{
    for (uint32_t i = 0; i < statuses->count; i++)
        if (statuses->at[i] == status)
            return true;
    return false;
}
