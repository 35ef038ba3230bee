/*
 * presets: see presets.h.
 */
#include "gateway/snapshot/presets.h"

#include "common/base/mem.h"
#include "gateway/snapshot/snapshot_private.h"

static void note_unreadable(struct snapshot *s, const struct preset_row *row, struct uuid tenant,
                            const struct preset_error_at *error,
                            struct snapshot_unreadable *unreadable)
{
    *unreadable = (struct snapshot_unreadable){
        .preset = row->id,
        .tenant = tenant,
        .version = row->version,
        .path = arena_span(s->arena, span_of(error->path)),
        .why = arena_span(s->arena, span_of(error->text)),
    };
}

static void put(struct snapshot *s, struct uuid tenant, struct snapshot_preset *preset)
{
    char key[PRESET_KEY_MAX];

    map_put(s->presets_by_id, uuid_span(&preset->id), preset);
    map_put(s->presets_by_name, arena_span(s->arena, preset_key(tenant, preset->name, key)),
            preset);
}

/* What presets may take of the snapshot's memory, so that nobody's stop a gateway, or leave others
 * none. A preset of ten targets takes some 10 KiB. */
enum { TENANT_BYTES_MAX = 16 << 20, ALL_BYTES_MAX = 256 << 20 };

struct room {
    size_t begin, begin_of_tenant; /* of arena_used() */
    uint32_t tenant;
};

static bool has_room(struct room *room, const struct arena *arena, uint32_t tenant)
{
    size_t used = arena_used(arena);

    if (room->tenant != tenant) {
        room->tenant = tenant;
        room->begin_of_tenant = used;
    }
    return used - room->begin_of_tenant <= TENANT_BYTES_MAX - PRESET_ARENA_MAX &&
           used - room->begin <= ALL_BYTES_MAX - PRESET_ARENA_MAX;
}

/* The database lets no other name in; one that is too long would not fit where it is kept. */
static bool read_one(struct snapshot *s, const struct preset_row *row, struct room *room,
                     struct snapshot_preset *preset_out, struct preset_error_at *error_out)
{
    *error_out = (struct preset_error_at){"", "the tenant's presets take too much memory"};
    if (row->body.size == 0 || !has_room(room, s->arena, row->tenant)) {
        return false;
    }
    *error_out = (struct preset_error_at){"name", "is not the name of a preset"};
    if (!preset_name_good(row->name) ||
        preset_read(row->body, s->arena, &preset_out->preset, error_out) < 0) {
        return false;
    }
    preset_out->version = row->version;
    preset_out->name = arena_span(s->arena, row->name);
    return true;
}

void presets_build(const struct snapshot_rows *rows, struct snapshot *s)
{
    struct snapshot_preset *presets =
        arena_array(s->arena, rows->preset_count + 1, sizeof(*presets));
    struct snapshot_unreadable *unreadable =
        arena_array(s->arena, rows->preset_count + 1, sizeof(*unreadable));
    struct preset_error_at error;
    struct room room = {.begin = arena_used(s->arena), .tenant = UINT32_MAX};

    s->presets_by_id = map_new(rows->preset_count + 1);
    s->presets_by_name = map_new(rows->preset_count + 1);
    for (uint32_t i = 0; i < rows->preset_count; i++) {
        const struct preset_row *row = &rows->presets[i];
        struct uuid tenant = rows->tenants[row->tenant].id;

        presets[i] = (struct snapshot_preset){.tenant = tenant, .id = row->id};
        if (read_one(s, row, &room, &presets[i], &error)) {
            put(s, tenant, &presets[i]);
        } else {
            map_put(s->presets_by_id, uuid_span(&presets[i].id), &presets[i]);
            note_unreadable(s, row, tenant, &error, &unreadable[s->unreadable_count++]);
        }
    }
    s->unreadable = unreadable;
    s->presets = presets;
    s->preset_count = rows->preset_count;
}

const struct snapshot_preset *presets_default(const struct snapshot *snapshot, struct uuid key,
                                              struct uuid project, struct uuid tenant)
{
    const struct uuid levels[] = {key, project, tenant};
    const struct snapshot_preset *found = NULL;

    for (size_t i = 0; i < array_size(levels) && found == NULL; i++) {
        found = map_get(snapshot->presets_by_id, uuid_span(&levels[i]));
    }
    return found;
}
