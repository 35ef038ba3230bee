/*
 * patch: see the header.
 */
#include "gateway/dialect/patch.h"

#include "common/base/json_writer.h"
#include "common/base/mem.h"

void patch_begin(struct patch *patch, const struct json_doc *doc)
{
    patch->doc = doc;
    patch->count = 0;
}

static void add(struct patch *patch, size_t from, size_t to, struct span with)
{
    must(patch->count < PATCH_EDITS_MAX);
    patch->edits[patch->count++] = (struct patch_edit){from, to, with};
}

static size_t end_of(const struct json_doc *doc, uint32_t node)
{
    return (size_t)doc->nodes[node].at + doc->nodes[node].size;
}

void patch_replace(struct patch *patch, uint32_t node, struct span with)
{
    add(patch, patch->doc->nodes[node].at, end_of(patch->doc, node), with);
}

void patch_replace_int64(struct patch *patch, uint32_t node, int64_t value, struct arena *arena)
{
    patch_replace(patch, node, span_of(arena_printf(arena, "%lld", (long long)value)));
}

void patch_replace_text(struct patch *patch, uint32_t node, struct span text, struct arena *arena)
{
    struct buf out = buf_make(6 * text.size + 16);

    must(json_quote(&out, text) == 0);
    patch_replace(patch, node, arena_span(arena, buf_span(&out)));
    buf_done(&out);
}

/* Puts text in at an offset. */
static void patch_insert(struct patch *patch, size_t at, struct span text)
{
    add(patch, at, at, text);
}

bool patch_object(struct patch *patch, uint32_t object,
                  bool (*cut)(const void *context, uint32_t name), const void *context,
                  struct span members)
{
    const struct json_doc *doc = patch->doc;
    size_t open = (size_t)doc->nodes[object].at + 1, kept_to = 0;
    uint32_t comma = patch->count + 1;
    bool kept = false;

    if (patch->count + 2 > PATCH_EDITS_MAX)
        return false;
    patch_insert(patch, open, members);
    patch_insert(patch, open, (struct span){0});
    for (uint32_t name = json_first(doc, object), after; name != JSON_NONE; name = after) {
        size_t end = end_of(doc, json_value(doc, name));
        after = json_after(doc, object, name);
        if (cut == NULL || !cut(context, name)) {
            kept = true;
        } else {
            if (patch->count == PATCH_EDITS_MAX)
                return false;
            /* Behind a kept member the comma before goes too; in front, the one behind. */
            if (kept)
                add(patch, kept_to, end, (struct span){0});
            else
                add(patch, doc->nodes[name].at, after == JSON_NONE ? end : doc->nodes[after].at,
                    (struct span){0});
        }
        kept_to = end;
    }
    if (kept && members.size > 0)
        patch->edits[comma].with = span_of(",");
    return true;
}

/* By place; of two at one place the earlier one stays first. There are few. */
static void sort_edits(struct patch *patch)
{
    for (uint32_t i = 1; i < patch->count; i++) {
        struct patch_edit edit = patch->edits[i];
        uint32_t at = i;
        while (at > 0 && patch->edits[at - 1].from > edit.from) {
            patch->edits[at] = patch->edits[at - 1];
            at--;
        }
        patch->edits[at] = edit;
    }
}

static void put(struct span piece, struct span *pieces_out, uint32_t *count, size_t *size_out)
{
    if (piece.size == 0)
        return;
    pieces_out[(*count)++] = piece;
    *size_out += piece.size;
}

uint32_t patch_pieces(struct patch *patch, struct span *pieces_out, size_t *size_out)
{
    struct span text = patch->doc->text;
    uint32_t count = 0;
    size_t at = 0;

    *size_out = 0;
    sort_edits(patch);
    for (uint32_t i = 0; i < patch->count; i++) {
        const struct patch_edit *edit = &patch->edits[i];
        must(edit->from >= at && edit->to >= edit->from && edit->to <= text.size);
        put(span_part(text, at, edit->from - at), pieces_out, &count, size_out);
        put(edit->with, pieces_out, &count, size_out);
        at = edit->to;
    }
    put(span_part(text, at, text.size - at), pieces_out, &count, size_out);
    return count;
}
