/*
 * filter: see the header.
 */
#include "gateway/route/filter.h"

#include <stdio.h>

static const struct {
    const char *name, *text;
    bool wish;
} rules[RULES] = {
    [RULE_NONE] = {"none", "can serve", false},
    [RULE_NOT_CALLABLE] = {"not_callable", "is not published, or has no credential", false},
    [RULE_NOT_SERVED] = {"not_served", "does not serve this endpoint", false},
    [RULE_NO_PRICE] = {"no_price", "has no price", false},
    [RULE_PINNED] = {"pinned", "does not keep the response to go on from", true},
    [RULE_ONLY] = {"provider.only", "is not among 'provider.only'", true},
    [RULE_IGNORE] = {"provider.ignore", "is among 'provider.ignore'", true},
    [RULE_MAX_PROMPT] = {"provider.max_price.prompt", "costs more per prompt token", true},
    [RULE_MAX_COMPLETION] = {"provider.max_price.completion", "costs more per completion token",
                             true},
    [RULE_MAX_REQUEST] = {"provider.max_price.request", "costs more per request", true},
    [RULE_MAX_IMAGE] = {"provider.max_price.image", "costs more per image", true},
    [RULE_ZDR] = {"provider.zdr", "keeps what it is sent", true},
    [RULE_DATA_COLLECTION] = {"provider.data_collection", "trains on what it is sent", true},
    [RULE_QUANTIZATION] = {"provider.quantizations", "is of another quantization", true},
    [RULE_REGION] = {"provider.regions", "is in another region", true},
    [RULE_CONTEXT] = {"context", "reads less than this prompt is long", true},
    [RULE_IMAGES] = {"images", "takes no images", true},
    [RULE_FILES] = {"files", "takes no files", true},
    [RULE_AUDIO] = {"audio", "takes no audio", true},
    [RULE_TOOLS] = {"tools", "takes no tools", true},
    [RULE_STRUCTURED_OUTPUT] = {"response_format", "answers by no JSON schema", true},
    [RULE_DRAINED] = {"drained", "is drained by an operator", false},
    [RULE_OUT] = {"out_of_service", "is out of service now", false},
    [RULE_FALLBACKS] = {"provider.allow_fallbacks", "would be a fallback", true},
};

const char *rule_name(enum route_rule rule)
{
    return rules[rule].name;
}

const char *rule_text(enum route_rule rule)
{
    return rules[rule].text;
}

bool rule_is_wish(enum route_rule rule)
{
    return rules[rule].wish;
}

void filtered_name(const struct filtered *by, char name_out[RULE_NAME_MAX])
{
    static const char *const members[FILTER_SOURCES] = {
        [FILTER_REQUEST] = "provider", [FILTER_PRESET] = "preset", [FILTER_TENANT] = "tenant"};
    const char *name = rules[by->rule].name, *rest = strchr(name, '.');

    if (rest == NULL || by->source == FILTER_REQUEST)
        (void)snprintf(name_out, RULE_NAME_MAX, "%s", name);
    else
        (void)snprintf(name_out, RULE_NAME_MAX, "%s%s", members[by->source], rest);
}

const char *filtered_text(const struct filtered *by)
{
    return by->unknown ? "is not known to comply" : rules[by->rule].text;
}

static const struct price_rate *rate_of(const struct price_version *list, enum meter meter)
{
    for (uint32_t i = 0; i < list->rate_count; i++) {
        const struct price_rate *rate = &list->rates[i];

        if (rate->meter == (uint8_t)meter && rate->mode == MODE_STANDARD && rate->context_over == 0)
            return rate;
    }
    return NULL;
}

double filter_price(const struct snapshot_terms *terms, enum meter meter)
{
    const struct price_rate *rate = terms->list == NULL ? NULL : rate_of(terms->list, meter);

    if (rate == NULL)
        return -1;
    return (double)rate->pico_per_unit * (double)(PPM_ONE - terms->terms.discount_ppm) *
           (double)(PPM_ONE + terms->terms.markup_ppm) / ((double)PPM_ONE * (double)PPM_ONE);
}

/* A meter without a rate costs nothing. */
static enum route_rule too_dear(const struct route_filter *filter,
                                const struct snapshot_terms *terms)
{
    static const enum meter meters[CAPS] = {[CAP_PROMPT] = METER_INPUT,
                                            [CAP_COMPLETION] = METER_OUTPUT,
                                            [CAP_REQUEST] = METER_REQUEST,
                                            [CAP_IMAGE] = METER_IMAGE};

    for (int cap = 0; filter->capped != 0 && cap < CAPS; cap++) {
        if ((filter->capped >> cap & 1) != 0 &&
            filter_price(terms, meters[cap]) > (double)filter->caps[cap])
            return (enum route_rule)(RULE_MAX_PROMPT + cap);
    }
    return RULE_NONE;
}

static bool is_among(struct span text, const struct span *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (span_equal(text, list[i]))
            return true;
    return false;
}

/* "eu" is also whatever begins with "eu-". */
static bool is_within(struct span region, const struct span *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        size_t size = list[i].size;

        if (span_equal(region, list[i]) || (region.size > size && region.at[size] == '-' &&
                                            span_equal(span_part(region, 0, size), list[i])))
            return true;
    }
    return false;
}

static struct filtered excluded(enum route_rule rule, bool unknown)
{
    return (struct filtered){.rule = rule, .unknown = unknown};
}

static struct filtered by_policy(const struct route_filter *filter,
                                 const struct snapshot_deployment *deployment)
{
    if (filter->zdr && deployment->retains != 0)
        return excluded(RULE_ZDR, deployment->retains < 0);
    if (filter->no_collection && deployment->trains != 0)
        return excluded(RULE_DATA_COLLECTION, deployment->trains < 0);
    if (filter->quantization_count > 0 &&
        !is_among(deployment->quantization, filter->quantizations, filter->quantization_count))
        return excluded(RULE_QUANTIZATION, deployment->quantization.size == 0);
    if (filter->region_count > 0 &&
        !is_within(deployment->region, filter->regions, filter->region_count))
        return excluded(RULE_REGION, deployment->region.size == 0);
    return excluded(RULE_NONE, false);
}

/* The count is an estimate: only what is half as long again cannot fit. */
static bool too_long(const struct route_filter *filter,
                     const struct snapshot_deployment *deployment)
{
    int64_t limit =
        deployment->input_limit > 0 ? deployment->input_limit : deployment->context_limit;

    return limit > 0 && filter->input_tokens > limit + limit / 2;
}

static const struct {
    enum modality modality;
    enum route_rule rule;
} media[] = {
    {MODALITY_IMAGE, RULE_IMAGES}, {MODALITY_FILE, RULE_FILES}, {MODALITY_AUDIO, RULE_AUDIO}};
static const struct {
    enum ability ability;
    enum route_rule rule;
} skills[] = {{ABILITY_TOOLS, RULE_TOOLS}, {ABILITY_STRUCTURED_OUTPUT, RULE_STRUCTURED_OUTPUT}};

static struct filtered by_abilities(const struct route_filter *filter,
                                    const struct snapshot_deployment *deployment)
{
    const struct abilities *abilities = &deployment->abilities;

    for (size_t i = 0; i < array_size(media); i++) {
        bool wanted = (filter->input >> media[i].modality & 1) != 0;
        bool unknown = abilities->input == 0;

        if (wanted && (abilities->input >> media[i].modality & 1) == 0 &&
            (!unknown || filter->require))
            return excluded(media[i].rule, unknown);
    }
    for (size_t i = 0; i < array_size(skills); i++) {
        bool wanted = (filter->needs >> skills[i].ability & 1) != 0;
        bool denied = ability_denied(abilities, skills[i].ability);

        if (wanted && (denied || (filter->require && !ability_known(abilities, skills[i].ability))))
            return excluded(skills[i].rule, !denied);
    }
    return excluded(RULE_NONE, false);
}

struct filtered filter_of(const struct route_filter *filter,
                          const struct snapshot_deployment *deployment,
                          const struct snapshot_terms *terms)
{
    struct filtered by = excluded(too_dear(filter, terms), false);

    if (by.rule == RULE_NONE)
        by = by_policy(filter, deployment);
    if (by.rule == RULE_NONE && too_long(filter, deployment))
        by = excluded(RULE_CONTEXT, false);
    return by.rule == RULE_NONE ? by_abilities(filter, deployment) : by;
}
