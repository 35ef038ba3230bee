/*
 * meter: the names, and nothing else. See meter.h.
 */
#include "tenants/model/meter.h"

#include <errno.h>

static const char *const meter_names[METERS] = {
    [METER_INPUT] = "input",
    [METER_OUTPUT] = "output",
    [METER_REASONING] = "reasoning",
    [METER_CACHE_READ] = "cache_read",
    [METER_CACHE_WRITE_5M] = "cache_write_5m",
    [METER_CACHE_WRITE_1H] = "cache_write_1h",
    [METER_INPUT_AUDIO] = "input_audio",
    [METER_OUTPUT_AUDIO] = "output_audio",
    [METER_INPUT_IMAGE] = "input_image",
    [METER_OUTPUT_IMAGE] = "output_image",
    [METER_IMAGE] = "image",
    [METER_REQUEST] = "request",
    [METER_WEB_SEARCH] = "web_search",
    [METER_SECOND] = "second",
    [METER_CHARACTER] = "character",
};

static const char *const mode_names[PRICE_MODES] = {
    [MODE_STANDARD] = "standard",
    [MODE_BATCH] = "batch",
    [MODE_FLEX] = "flex",
    [MODE_PRIORITY] = "priority",
};

const char *meter_name(enum meter meter)
{
    return meter_names[meter];
}

int meter_parse(struct span name, enum meter *meter_out)
{
    for (int i = 0; i < METERS; i++) {
        if (span_is(name, meter_names[i])) {
            *meter_out = (enum meter)i;
            return 0;
        }
    }
    return -ENOENT;
}

const char *price_mode_name(enum price_mode mode)
{
    return mode_names[mode];
}

int price_mode_parse(struct span name, enum price_mode *mode_out)
{
    for (int i = 0; i < PRICE_MODES; i++) {
        if (span_is(name, mode_names[i])) {
            *mode_out = (enum price_mode)i;
            return 0;
        }
    }
    return -ENOENT;
}

int64_t meters_prompt(const struct meters *meters)
{
    return meters->count[METER_INPUT] + meters->count[METER_CACHE_READ] +
           meters->count[METER_CACHE_WRITE_5M] + meters->count[METER_CACHE_WRITE_1H] +
           meters->count[METER_INPUT_AUDIO] + meters->count[METER_INPUT_IMAGE];
}
