/*
 * ask_routing: reads the members that say how a request is to be routed; see ask_routing.h.
 */
#include "gateway/dialect/ask_routing.h"

#include <errno.h>
#include <math.h>

#include "gateway/dialect/ask_reading.h"

enum { TIMEOUT_MAX_S = 3600, FIRST_PING_MAX_MS = 120000 };
#define PRESET_PREFIX "@preset/"

/* ---- models ---- */

bool ask_read_models(struct ask_reading *r, const char *name, uint32_t value)
{
    struct ask_models *models = &r->ask->routing.models;

    return ask_read_names(r, name, value, models->at, ASK_MODELS_MAX, &models->count);
}

/* A name, or {"model": name}. */
static bool read_fallback(struct ask_reading *r, const char *name, uint32_t item,
                          struct ask_models *models)
{
    uint32_t model = item;

    if (json_kind(r->doc, item) == JSON_OBJECT) {
        model = json_find(r->doc, item, "model");
        if (model == JSON_NONE || json_count(r->doc, item) > 1)
            return ask_unsupported(r, name,
                                   arena_printf(r->arena,
                                                "Each of '%s' must be a model's name, or an object "
                                                "with 'model' alone: what else is to change with "
                                                "the model is for a preset to say.",
                                                name));
    }
    if (json_kind(r->doc, model) != JSON_STRING)
        return ask_wrong_type(r, name, "an array of models' names");
    return ask_read_text(r, name, model, ASK_NAME_MAX, &models->at[models->count++]);
}

static bool read_fallbacks(struct ask_reading *r, const char *name, uint32_t value,
                           enum preset_fall fall)
{
    struct ask_models *models = &r->ask->routing.fallbacks[fall];

    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_ARRAY)
        return ask_wrong_type(r, name, "an array of models' names");
    /* A header that comes twice adds to what is there. */
    if (json_count(r->doc, value) > ASK_MODELS_MAX - models->count)
        return ask_invalid(
            r, name,
            arena_printf(r->arena, "'%s' must have at most %d items.", name, ASK_MODELS_MAX));
    for (uint32_t item = json_first(r->doc, value); item != JSON_NONE;
         item = json_after(r->doc, value, item))
        if (!read_fallback(r, name, item, models))
            return false;
    return true;
}

bool ask_read_fallbacks(struct ask_reading *r, const char *name, uint32_t value)
{
    return read_fallbacks(r, name, value, FALL_ERROR);
}

bool ask_read_context_fallbacks(struct ask_reading *r, const char *name, uint32_t value)
{
    return read_fallbacks(r, name, value, FALL_CONTEXT);
}

bool ask_read_policy_fallbacks(struct ask_reading *r, const char *name, uint32_t value)
{
    return read_fallbacks(r, name, value, FALL_POLICY);
}

/* ---- numbers ---- */

/* Whole, from 0 to `max`. */
static bool read_upto(struct ask_reading *r, const char *name, uint32_t value, int64_t max,
                      int64_t *number_out)
{
    int64_t number;
    int error = json_int64(r->doc, value, &number);

    if (error == -ENOENT)
        return true;
    if (error != 0 || number < 0 || number > max)
        return ask_invalid(r, name,
                           arena_printf(r->arena, "'%s' must be a whole number from 0 to %lld.",
                                        name, (long long)max));
    *number_out = number;
    return true;
}

bool ask_read_retries(struct ask_reading *r, const char *name, uint32_t value)
{
    int64_t retries = r->ask->routing.retries;

    if (!read_upto(r, name, value, PRESET_ATTEMPTS_MAX, &retries))
        return false;
    r->ask->routing.retries = (int32_t)retries;
    return true;
}

bool ask_read_first_ping(struct ask_reading *r, const char *name, uint32_t value)
{
    return read_upto(r, name, value, FIRST_PING_MAX_MS, &r->ask->routing.first_ping_ms);
}

static bool read_seconds(struct ask_reading *r, const char *name, uint32_t value, int64_t *ms_out)
{
    double seconds;
    int error = json_double(r->doc, value, &seconds);

    if (error == -ENOENT)
        return true;
    if (error != 0 || !(seconds >= 0.001) || seconds > TIMEOUT_MAX_S)
        return ask_invalid(r, name,
                           arena_printf(r->arena,
                                        "'%s' must be a number of seconds from 0.001 to %d.", name,
                                        TIMEOUT_MAX_S));
    *ms_out = llround(seconds * 1000);
    return true;
}

bool ask_read_timeout(struct ask_reading *r, const char *name, uint32_t value)
{
    return read_seconds(r, name, value, &r->ask->routing.timeout_ms);
}

bool ask_read_stream_timeout(struct ask_reading *r, const char *name, uint32_t value)
{
    return read_seconds(r, name, value, &r->ask->routing.first_token_ms);
}

/* ---- the rest ---- */

bool ask_read_preset(struct ask_reading *r, const char *name, uint32_t value)
{
    struct span text = {0};

    if (json_is_null(r->doc, value))
        return true;
    if (!ask_read_text(r, name, value, PRESET_NAME_MAX + sizeof(PRESET_PREFIX), &text))
        return false;
    if (span_starts(text, PRESET_PREFIX))
        text = span_part(text, sizeof(PRESET_PREFIX) - 1, SIZE_MAX);
    if (!preset_name_good(text))
        return ask_invalid(r, name,
                           arena_printf(r->arena,
                                        "'%s' must be the name of a preset: 1 to %d of a-z, 0-9, "
                                        "'-', '_' and '.'.",
                                        name, PRESET_NAME_MAX));
    r->ask->routing.preset = text;
    return true;
}

bool ask_read_mock_limit(struct ask_reading *r, const char *name, uint32_t value)
{
    return ask_read_flag(r, name, value, &r->ask->routing.mock_limit);
}

bool ask_read_mock_fallbacks(struct ask_reading *r, const char *name, uint32_t value)
{
    return ask_read_flag(r, name, value, &r->ask->routing.mock_fall[FALL_ERROR]);
}

bool ask_read_mock_context(struct ask_reading *r, const char *name, uint32_t value)
{
    return ask_read_flag(r, name, value, &r->ask->routing.mock_fall[FALL_CONTEXT]);
}

bool ask_read_mock_policy(struct ask_reading *r, const char *name, uint32_t value)
{
    return ask_read_flag(r, name, value, &r->ask->routing.mock_fall[FALL_POLICY]);
}
