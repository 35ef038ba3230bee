/*
 * import: see import.h.
 */
#include "tenants/ctl/import.h"

#include <stdarg.h>
#include <stdio.h>

enum { TEXT_MAX = 1200, UNIQUE_TRIES = IMPORT_TARGETS_MAX + 1 };

/* ---- the report ---- */

/* A group that is the fallback of others is read for each of them, and told of once. False when it
 * was told of already. */
static bool tell(struct import_report *report, const char *word, const char *path, const char *text)
{
    char line[TEXT_MAX + IMPORT_PATH_MAX];
    int size =
        snprintf(line, sizeof(line), "%s  %s%s%s\n", word, path, path[0] == '\0' ? "" : ": ", text);
    if (report->lines->size > 0 &&
        memmem(report->lines->at, report->lines->size, line, (size_t)size) != NULL)
        return false;
    buf_add_string(report->lines, line);
    return true;
}

void import_lose(struct import_report *report, const char *path, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (tell(report, "lost", path, text))
        report->lost++;
}

void import_note(struct import_report *report, const char *path, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (tell(report, "note", path, text))
        report->notes++;
}

/* ---- a preset ---- */

struct import_target import_target_make(enum import_mode mode)
{
    return (struct import_target){.mode = mode,
                                  .parent = IMPORT_NONE,
                                  .first = IMPORT_NONE,
                                  .last = IMPORT_NONE,
                                  .next = IMPORT_NONE,
                                  .on = IMPORT_ON_ANY,
                                  .retry = {.attempts = -1, .by = {-1, -1, -1, -1}}};
}

void import_preset_clear(struct import_preset *preset)
{
    preset->count = preset->root = 0;
}

int import_add(struct import_preset *preset, int parent, enum import_mode mode)
{
    if (preset->count == IMPORT_TARGETS_MAX)
        return IMPORT_NONE;
    int index = preset->count++;
    preset->at[index] = import_target_make(mode);
    preset->at[index].parent = parent;
    if (parent == IMPORT_NONE)
        return index;
    struct import_target *above = &preset->at[parent];
    if (above->last == IMPORT_NONE)
        above->first = index;
    else
        preset->at[above->last].next = index;
    above->last = index;
    return index;
}

static bool is_taken(const struct import_preset *preset, struct span name)
{
    for (int i = 0; i < preset->count; i++) {
        if (span_equal(preset->at[i].name, name))
            return true;
    }
    return false;
}

struct span import_unique(const struct import_preset *preset, struct span wanted,
                          struct arena *arena)
{
    wanted = span_part(wanted, 0, IMPORT_NAME_MAX - 4);
    if (!is_taken(preset, wanted))
        return arena_span(arena, wanted);
    for (int i = 2; i <= UNIQUE_TRIES; i++) {
        char text[IMPORT_NAME_MAX];
        (void)snprintf(text, sizeof(text), "%.*s-%d", SPAN_ARG(wanted), i);
        if (!is_taken(preset, span_of(text)))
            return span_of(arena_strdup(arena, text));
    }
    return (struct span){0};
}

static void unlink_target(struct import_preset *preset, int index)
{
    struct import_target *above = &preset->at[preset->at[index].parent];
    int before = IMPORT_NONE;
    for (int i = above->first; i != index; i = preset->at[i].next)
        before = i;
    if (before == IMPORT_NONE)
        above->first = preset->at[index].next;
    else
        preset->at[before].next = preset->at[index].next;
    if (above->last == index)
        above->last = before;
    preset->at[index].parent = IMPORT_NONE;
}

void import_drop(struct import_preset *preset, int index)
{
    preset->at[index].mode = IMPORT_FALLBACK;
    preset->at[index].first = preset->at[index].last = IMPORT_NONE;
}

void import_prune(struct import_preset *preset)
{
    /* Children stand behind their parents, so from the end on each group is judged after them. */
    for (int i = preset->count - 1; i > 0; i--) {
        if (preset->at[i].mode != IMPORT_SINGLE && preset->at[i].first == IMPORT_NONE &&
            preset->at[i].parent != IMPORT_NONE)
            unlink_target(preset, i);
    }
    struct import_target *top = &preset->at[preset->root];
    while (preset->count > 0 && top->first != IMPORT_NONE && top->first == top->last &&
           top->mode != IMPORT_CONDITIONAL) {
        preset->root = top->first;
        top = &preset->at[preset->root];
        top->parent = IMPORT_NONE;
    }
}

bool import_any_leaf(const struct import_preset *preset)
{
    const struct import_target *top = &preset->at[preset->root];
    return preset->count > 0 && (top->mode == IMPORT_SINGLE || top->first != IMPORT_NONE);
}
