/*
 * ask_policy: reads what a client says of the providers that may serve it; see ask_policy.h.
 */
#include "gateway/dialect/ask_policy.h"

#include <errno.h>

#include "common/base/money.h"
#include "gateway/dialect/ask_reading.h"

/* max_price is in USD: of tokens per million, of requests and images each. */
static const struct {
    const char *member, *param;
    bool per_million;
} caps[ASK_CAPS] = {
    [ASK_CAP_PROMPT] = {"prompt", "provider.max_price.prompt", true},
    [ASK_CAP_COMPLETION] = {"completion", "provider.max_price.completion", true},
    [ASK_CAP_REQUEST] = {"request", "provider.max_price.request", false},
    [ASK_CAP_IMAGE] = {"image", "provider.max_price.image", false},
};

/* A number, or a decimal in a string, as OpenRouter's clients send it. */
static int parse_cap(const struct json_doc *doc, uint32_t value, bool per_million,
                     int64_t *pico_out)
{
    struct span text = json_raw(doc, value);

    if (json_kind(doc, value) == JSON_STRING)
        text = span_part(text, 1, text.size - 2);
    else if (json_kind(doc, value) != JSON_NUMBER)
        return -EINVAL;
    if (per_million)
        return money_parse_price_per_million(text, pico_out);
    return money_parse(text, pico_out) != 0 || *pico_out < 0 ? -EINVAL : 0;
}

static bool read_caps(struct ask_reading *r, uint32_t value)
{
    struct ask_policy *policy = &r->ask->policy;

    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_OBJECT)
        return ask_wrong_type(r, "provider.max_price", "an object");
    for (int i = 0; i < ASK_CAPS; i++) {
        uint32_t cap = json_find(r->doc, value, caps[i].member);

        if (json_is_null(r->doc, cap))
            continue;
        if (parse_cap(r->doc, cap, caps[i].per_million, &policy->caps[i]) != 0)
            return ask_wrong_type(r, caps[i].param, "a price in USD, at least 0");
        policy->capped |= (uint8_t)(1U << i);
    }
    return true;
}

static bool read_collection(struct ask_reading *r, uint32_t value)
{
    struct span word = {0};

    if (!ask_read_text(r, "provider.data_collection", value, ASK_NAME_MAX, &word))
        return false;
    r->ask->policy.no_collection = span_is(word, "deny");
    return word.size == 0 || span_is(word, "deny") || span_is(word, "allow") ||
           ask_wrong_type(r, "provider.data_collection", "'allow' or 'deny'");
}

static bool read_set(struct ask_reading *r, const char *param, uint32_t value,
                     const struct ask_names **names_out)
{
    struct ask_names *names;

    if (json_is_null(r->doc, value))
        return true;
    names = arena_array(r->arena, 1, sizeof(*names));
    *names = (struct ask_names){0};
    if (!ask_read_names(r, param, value, names->at, ASK_PROVIDERS_MAX, &names->count))
        return false;
    if (names->count > 0)
        *names_out = names;
    return true;
}

/* Each of `only` is in `ignore` too. */
static bool contradicts(const struct ask *ask)
{
    uint32_t ignored = 0;

    for (uint32_t i = 0; i < ask->only.count; i++) {
        bool found = false;

        for (uint32_t j = 0; j < ask->ignore.count && !found; j++)
            found = span_equal(ask->only.at[i], ask->ignore.at[j]);
        ignored += found;
    }
    return ignored > 0 && ignored == ask->only.count;
}

static bool read_providers(struct ask_reading *r, uint32_t value)
{
    struct ask *ask = r->ask;
    const struct {
        const char *member, *param;
        struct ask_names *names;
    } lists[] = {{"order", "provider.order", &ask->order},
                 {"only", "provider.only", &ask->only},
                 {"ignore", "provider.ignore", &ask->ignore}};

    for (size_t i = 0; i < array_size(lists); i++)
        if (!ask_read_names(r, lists[i].param, json_find(r->doc, value, lists[i].member),
                            lists[i].names->at, ASK_PROVIDERS_MAX, &lists[i].names->count))
            return false;
    return !contradicts(ask) ||
           ask_invalid(r, "provider.ignore",
                       "All of 'provider.only' is in 'provider.ignore' too: nobody is left.");
}

bool ask_read_provider(struct ask_reading *r, const char *name, uint32_t value)
{
    struct ask *ask = r->ask;
    struct ask_policy *policy = &ask->policy;
    const struct json_doc *doc = r->doc;
    bool fallbacks = true;

    if (json_is_null(doc, value))
        return true;
    if (json_kind(doc, value) != JSON_OBJECT)
        return ask_wrong_type(r, name, "an object");
    if (!read_providers(r, value) ||
        !ask_read_flag(r, "provider.allow_fallbacks", json_find(doc, value, "allow_fallbacks"),
                       &fallbacks) ||
        !ask_read_flag(r, "provider.require_parameters",
                       json_find(doc, value, "require_parameters"), &ask->require_parameters) ||
        !ask_read_flag(r, "provider.zdr", json_find(doc, value, "zdr"), &policy->zdr) ||
        !ask_read_text(r, "provider.sort", json_find(doc, value, "sort"), ASK_NAME_MAX,
                       &policy->sort) ||
        !read_collection(r, json_find(doc, value, "data_collection")) ||
        !read_set(r, "provider.quantizations", json_find(doc, value, "quantizations"),
                  &policy->quantizations) ||
        !read_set(r, "provider.regions", json_find(doc, value, "regions"), &policy->regions))
        return false;
    ask->no_fallbacks = !fallbacks;
    return read_caps(r, json_find(doc, value, "max_price"));
}

bool ask_read_preference(struct ask_reading *r, const char *name, uint32_t value)
{
    return ask_read_text(r, name, value, ASK_NAME_MAX, &r->ask->policy.preference);
}
