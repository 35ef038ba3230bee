/*
 * presets: see presets.h.
 */
#include "gateway/snapshot/presets.h"

#include "common/base/mem.h"
#include "gateway/snapshot/snapshot_private.h"

void presets_build(const struct snapshot_rows *rows, struct snapshot *s)
{
    s->presets_by_id = map_new(rows->preset_count + 1);
    s->presets_by_name = map_new(rows->preset_count + 1);
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
