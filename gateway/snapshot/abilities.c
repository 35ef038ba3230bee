/*
 * abilities: see the header.
 */
#include "gateway/snapshot/abilities.h"

#include <errno.h>

static const char *const modality_names[MODALITIES] = {
    [MODALITY_TEXT] = "text",   [MODALITY_IMAGE] = "image", [MODALITY_FILE] = "file",
    [MODALITY_AUDIO] = "audio", [MODALITY_VIDEO] = "video",
};

/* Members of the catalog. */
static const char *const ability_names[ABILITIES] = {
    [ABILITY_TOOLS] = "tools",
    [ABILITY_STRUCTURED_OUTPUT] = "structured_output",
    [ABILITY_TEMPERATURE] = "temperature",
    [ABILITY_REASONING] = "reasoning",
};

const char *modality_name(enum modality modality)
{
    return modality_names[modality];
}

int modality_parse(struct span name, enum modality *modality_out)
{
    if (span_is(name, "pdf"))
        name = span_of(modality_names[MODALITY_FILE]);
    for (size_t i = 0; i < MODALITIES; i++) {
        if (span_is(name, modality_names[i])) {
            *modality_out = (enum modality)i;
            return 0;
        }
    }
    return -ENOENT;
}

static uint8_t modalities(const struct json_doc *doc, uint32_t list)
{
    uint8_t bits = 0;

    if (!json_is(doc, list, JSON_ARRAY))
        return 0;
    for (uint32_t n = json_first(doc, list); n != JSON_NONE; n = json_after(doc, list, n)) {
        enum modality modality;
        char name[16];

        if (json_copy_string(doc, n, name, sizeof(name)) == 0 &&
            modality_parse(span_of(name), &modality) == 0)
            bits = (uint8_t)(bits | 1u << modality);
    }
    return bits;
}

static struct abilities read_object(const struct json_doc *doc, uint32_t object)
{
    struct abilities abilities = {.input = modalities(doc, json_find(doc, object, "input")),
                                  .output = modalities(doc, json_find(doc, object, "output"))};

    for (size_t i = 0; i < ABILITIES; i++) {
        bool can;

        if (json_bool(doc, json_find(doc, object, ability_names[i]), &can) != 0)
            continue;
        if (can)
            abilities.can = (uint8_t)(abilities.can | 1u << i);
        else
            abilities.cannot = (uint8_t)(abilities.cannot | 1u << i);
    }
    return abilities;
}

struct abilities abilities_read(struct json_doc *doc, struct span capabilities)
{
    if (json_parse(doc, capabilities, &json_limits_body) != JSON_OK)
        return (struct abilities){0};
    return read_object(doc, 0);
}

static int64_t limit(const struct json_doc *doc, const char *name)
{
    int64_t tokens;

    if (json_int64(doc, json_find(doc, json_find(doc, 0, "limits"), name), &tokens) != 0)
        return 0;
    return tokens > 0 ? tokens : 0;
}

struct model_facts model_facts_read(struct json_doc *doc, struct span facts)
{
    if (json_parse(doc, facts, &json_limits_body) != JSON_OK)
        return (struct model_facts){0};
    return (struct model_facts){.abilities = read_object(doc, json_find(doc, 0, "capabilities")),
                                .context_limit = limit(doc, "context"),
                                .output_limit = limit(doc, "output")};
}
