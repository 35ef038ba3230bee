/*
 * responses_patch: bodies of the Responses API for a provider that speaks it itself, and what it
 * answers: ids of responses are the provider's on one side and ours on the other.
 */
#include "gateway/dialect/response_id.h"
#include "gateway/dialect/responses.h"

/* ---- the request ---- */

static bool is_consumed(const void *context, uint32_t name)
{
    return ask_consumes(context, name);
}

bool responses_patch_ask(struct patch *patch, const struct ask *ask,
                         const struct language_target *target, struct arena *arena)
{
    int64_t cap = target->output_cap < RESPONSES_CAP_MIN ? RESPONSES_CAP_MIN : target->output_cap;
    struct span members = {0};

    patch_replace_text(patch, ask->model_node, target->model, arena);
    if (ask->previous.size > 0)
        patch_replace_text(patch, ask->previous_node, ask->previous, arena);
    if (ask->max_tokens_node == JSON_NONE)
        members = span_of(arena_printf(arena, "\"max_output_tokens\":%lld", (long long)cap));
    else if (ask->max_tokens < 0 || ask->max_tokens > cap)
        patch_replace_int64(patch, ask->max_tokens_node, cap, arena);
    return patch_object(patch, 0, is_consumed, ask, members);
}

/* A thought that was told here: the provider knows neither its id nor what is encrypted in it. */
static bool is_foreign(const struct json_doc *doc, uint32_t item)
{
    struct span encrypted = json_inside_in(doc, item, "encrypted_content");

    if (!span_is(json_inside_in(doc, item, "type"), "reasoning"))
        return false;
    return encrypted.size > 0 ? !responses_is_encrypted(encrypted)
                              : span_starts(json_inside_in(doc, item, "id"), "rs_gen_");
}

bool responses_passes(const struct json_doc *ask)
{
    uint32_t input = json_find(ask, 0, "input");

    if (!json_is(ask, input, JSON_ARRAY))
        return true;
    for (uint32_t item = json_first(ask, input); item != JSON_NONE;
         item = json_after(ask, input, item))
        if (is_foreign(ask, item))
            return false;
    return true;
}

/* ---- the answer ---- */

uint32_t responses_find(const struct json_doc *doc)
{
    uint32_t response = json_find(doc, 0, "response");

    if (json_kind(doc, 0) != JSON_OBJECT)
        return JSON_NONE;
    if (json_is(doc, response, JSON_OBJECT))
        return response;
    /* An event of something else has a type. */
    return json_find(doc, 0, "type") == JSON_NONE ? 0 : JSON_NONE;
}

static void patch_id(struct patch *patch, uint32_t node, const struct responses_pin *pin)
{
    struct span id = json_inside(patch->doc, node);

    if (!json_is(patch->doc, node, JSON_STRING))
        return;
    for (size_t i = 0; i < array_size(pin->ids); i++)
        if (pin->ids[i].ours.size > 0 && span_equal(id, pin->ids[i].own)) {
            patch_replace(patch, node, pin->ids[i].ours);
            return;
        }
}

void responses_patch_ids(struct patch *patch, uint32_t response, const struct responses_pin *pin)
{
    patch_id(patch, json_find(patch->doc, response, "id"), pin);
    patch_id(patch, json_find(patch->doc, response, "previous_response_id"), pin);
}

struct span responses_quote_id(const struct sha256 *key, const struct response_place *place,
                               struct arena *arena)
{
    struct buf id = buf_make(RESPONSE_ID_MAX);
    struct span quoted = {0};

    response_id_write(key, place, &id);
    if (id.size > 0)
        quoted = span_of(arena_printf(arena, "\"%.*s\"", SPAN_ARG(buf_span(&id))));
    buf_done(&id);
    return quoted;
}
