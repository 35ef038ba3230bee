/*
 * provider_wish: see the header. One table has the members; each reader knows its own kind.
 */
#include "tenants/model/provider_wish.h"

#include <errno.h>
#include <stddef.h>

#include "common/base/money.h"

/* A day; and more tokens per second than any text is read. */
#define LATENCY_MAX_SECONDS 86400.0
#define THROUGHPUT_MAX 1e6

struct reading {
    const struct json_doc *doc;
    const char *name; /* of the whole */
    struct arena *arena;
    struct provider_wish *wish;
    struct wish_error *error;
};

/* All readers return false where they refuse; absent and null leave the wish alone. `out` is the
 * member of the wish that the table names. */
typedef bool read_member(struct reading *r, const char *member, uint32_t value, void *out);

static bool wrong(struct reading *r, const char *member, const char *text)
{
    *r->error = (struct wish_error){
        .param = arena_printf(r->arena, "%s%s%s", r->name, *member == '\0' ? "" : ".", member),
        .text = text};
    return false;
}

static bool read_text(struct reading *r, const char *member, uint32_t value, struct span *text_out)
{
    struct span text;

    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_STRING)
        return wrong(r, member, "must be a string");
    if (json_raw(r->doc, value).size > 6 * WISH_NAME_MAX + 2 ||
        json_string(r->doc, value, r->arena, &text) != 0 || text.size > WISH_NAME_MAX)
        return wrong(r, member,
                     arena_printf(r->arena, "must have at most %d bytes", WISH_NAME_MAX));
    *text_out = arena_span(r->arena, text);
    return true;
}

static bool read_names(struct reading *r, const char *member, uint32_t value, void *out)
{
    struct wish_names *names = out;

    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_ARRAY)
        return wrong(r, member, "must be an array of strings");
    if (json_count(r->doc, value) > WISH_PROVIDERS_MAX)
        return wrong(r, member,
                     arena_printf(r->arena, "must have at most %d items", WISH_PROVIDERS_MAX));
    for (uint32_t item = json_first(r->doc, value); item != JSON_NONE;
         item = json_after(r->doc, value, item)) {
        if (json_kind(r->doc, item) != JSON_STRING)
            return wrong(r, member, "must be an array of strings");
        if (!read_text(r, member, item, &names->at[names->count++]))
            return false;
    }
    return true;
}

/* Names that are asked for by few: kept apart. */
static bool read_set(struct reading *r, const char *member, uint32_t value, void *out)
{
    const struct wish_names **set = out;
    struct wish_names *names;

    if (json_is_null(r->doc, value))
        return true;
    names = arena_array(r->arena, 1, sizeof(*names));
    if (!read_names(r, member, value, names))
        return false;
    if (names->count > 0)
        *set = names;
    return true;
}

static bool read_flag(struct reading *r, const char *member, uint32_t value, void *out)
{
    bool *flag = out;

    return json_is_null(r->doc, value) || json_bool(r->doc, value, flag) == 0 ||
           wrong(r, member, "must be true or false");
}

static bool read_fallbacks(struct reading *r, const char *member, uint32_t value, void *out)
{
    bool *none = out, allowed = true;

    if (!read_flag(r, member, value, &allowed))
        return false;
    *none = !allowed;
    return true;
}

static bool read_collection(struct reading *r, const char *member, uint32_t value, void *out)
{
    struct span word = {0};
    bool *none = out;

    if (!read_text(r, member, value, &word))
        return false;
    *none = span_is(word, "deny");
    return word.size == 0 || *none || span_is(word, "allow") ||
           wrong(r, member, "must be 'allow' or 'deny'");
}

/* ---- sort ---- */

static bool sort_is_known(struct span word)
{
    static const char *const words[] = {"default",    "price",    "cheapest", "throughput",
                                        "fastest",    "latency",  "balanced", "weighted",
                                        "least-busy", "priority", "usage"};

    for (size_t i = 0; i < array_size(words); i++)
        if (span_is(word, words[i]))
            return true;
    return word.size == 0;
}

static bool read_sort_word(struct reading *r, const char *member, uint32_t value)
{
    if (!read_text(r, member, value, &r->wish->sort))
        return false;
    return sort_is_known(r->wish->sort) || wrong(r, member, "must be " WISH_SORTS);
}

/* A word, or {"by": a word, "partition": "model"}: models are tried one after the other. */
static bool read_sort(struct reading *r, const char *member, uint32_t value, void *out)
{
    struct span partition = {0};

    (void)out;
    if (json_is_null(r->doc, value) || json_kind(r->doc, value) == JSON_STRING)
        return read_sort_word(r, member, value);
    if (json_kind(r->doc, value) != JSON_OBJECT)
        return wrong(r, member, "must be a string, or an object of 'by' and 'partition'");
    if (!read_sort_word(r, "sort.by", json_find(r->doc, value, "by")) ||
        !read_text(r, "sort.partition", json_find(r->doc, value, "partition"), &partition))
        return false;
    return partition.size == 0 || span_is(partition, "model") ||
           wrong(r, "sort.partition",
                 "must be 'model': the models of a request are not sorted as if they were one");
}

/* ---- prices ---- */

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

/* In USD: of tokens per million, of requests and images each. */
static bool read_caps(struct reading *r, const char *member, uint32_t value, void *out)
{
    static const struct {
        const char *member, *path;
        bool per_million;
    } caps[WISH_CAPS] = {
        [WISH_CAP_PROMPT] = {"prompt", "max_price.prompt", true},
        [WISH_CAP_COMPLETION] = {"completion", "max_price.completion", true},
        [WISH_CAP_REQUEST] = {"request", "max_price.request", false},
        [WISH_CAP_IMAGE] = {"image", "max_price.image", false},
    };

    (void)out;
    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_OBJECT)
        return wrong(r, member, "must be an object");
    for (int i = 0; i < WISH_CAPS; i++) {
        uint32_t cap = json_find(r->doc, value, caps[i].member);

        if (json_is_null(r->doc, cap))
            continue;
        if (parse_cap(r->doc, cap, caps[i].per_million, &r->wish->caps[i]) != 0)
            return wrong(r, caps[i].path, "must be a price in USD, at least 0");
        r->wish->capped |= (uint8_t)(1U << i);
    }
    return true;
}

/* ---- how fast ---- */

struct cutoff {
    double max, scale; /* what is kept is in units of 1 / scale */
    const char *wanted;
};

static bool read_cutoff(struct reading *r, const char *member, uint32_t value,
                        const struct cutoff *cutoff, int64_t *kept_out)
{
    double number;

    if (json_is_null(r->doc, value))
        return true;
    if (json_double(r->doc, value, &number) != 0 || !(number > 0) || number > cutoff->max)
        return wrong(r, member, cutoff->wanted);
    *kept_out = (int64_t)(number * cutoff->scale + 0.5);
    if (*kept_out < 1)
        *kept_out = 1;
    return true;
}

/* A number, or an object with a number for each percentile. */
static bool read_cutoffs(struct reading *r, const char *member, uint32_t value,
                         const struct cutoff *cutoff, int64_t *kept)
{
    static const char *const names[WISH_PERCENTILES] = {
        [WISH_P50] = "p50", [WISH_P75] = "p75", [WISH_P90] = "p90", [WISH_P99] = "p99"};

    if (json_is_null(r->doc, value) || json_kind(r->doc, value) != JSON_OBJECT)
        return read_cutoff(r, member, value, cutoff, &kept[WISH_P50]);
    for (uint32_t name = json_first(r->doc, value); name != JSON_NONE;
         name = json_after(r->doc, value, name)) {
        int i = 0;

        while (i < WISH_PERCENTILES && !json_string_is(r->doc, name, names[i]))
            i++;
        if (i == WISH_PERCENTILES)
            return wrong(r, member, "may have the members 'p50', 'p75', 'p90' and 'p99' only");
        if (!read_cutoff(r, arena_printf(r->arena, "%s.%s", member, names[i]),
                         json_value(r->doc, name), cutoff, &kept[i]))
            return false;
    }
    return true;
}

static bool read_latency(struct reading *r, const char *member, uint32_t value, void *out)
{
    static const struct cutoff seconds = {
        LATENCY_MAX_SECONDS, 1000,
        "must be seconds above 0, at most 86400, or an object of them by 'p50', 'p75', 'p90' and "
        "'p99'"};

    return read_cutoffs(r, member, value, &seconds, out);
}

static bool read_throughput(struct reading *r, const char *member, uint32_t value, void *out)
{
    static const struct cutoff tokens = {
        THROUGHPUT_MAX, 10,
        "must be tokens per second above 0, at most 1000000, or an object of them by 'p50', 'p75', "
        "'p90' and 'p99'"};

    return read_cutoffs(r, member, value, &tokens, out);
}

/* ---- the whole ---- */

static const struct {
    const char *name;
    read_member *read;
    size_t out; /* offset in the wish */
} members[] = {
    {"order", read_names, offsetof(struct provider_wish, order)},
    {"only", read_names, offsetof(struct provider_wish, only)},
    {"ignore", read_names, offsetof(struct provider_wish, ignore)},
    {"allow_fallbacks", read_fallbacks, offsetof(struct provider_wish, no_fallbacks)},
    {"require_parameters", read_flag, offsetof(struct provider_wish, require_parameters)},
    {"zdr", read_flag, offsetof(struct provider_wish, zdr)},
    {"sort", read_sort, 0},
    {"data_collection", read_collection, offsetof(struct provider_wish, no_collection)},
    {"quantizations", read_set, offsetof(struct provider_wish, quantizations)},
    {"regions", read_set, offsetof(struct provider_wish, regions)},
    {"max_price", read_caps, 0},
    {"preferred_max_latency", read_latency, offsetof(struct provider_wish, max_latency_ms)},
    {"preferred_min_throughput", read_throughput, offsetof(struct provider_wish, min_decitokens)},
};

/* Each of `only` is in `ignore` too. */
static bool contradicts(const struct provider_wish *wish)
{
    uint32_t ignored = 0;

    for (uint32_t i = 0; i < wish->only.count; i++) {
        bool found = false;

        for (uint32_t j = 0; j < wish->ignore.count && !found; j++)
            found = span_equal(wish->only.at[i], wish->ignore.at[j]);
        ignored += found;
    }
    return ignored > 0 && ignored == wish->only.count;
}

int provider_wish_read(const struct json_doc *doc, uint32_t value, const char *name,
                       struct arena *arena, struct provider_wish *wish_out,
                       struct wish_error *error_out)
{
    struct provider_wish wish = {0};
    struct reading r = {doc, name, arena, &wish, error_out};

    if (!json_is_null(doc, value) && json_kind(doc, value) != JSON_OBJECT) {
        wrong(&r, "", "must be an object");
        return -EINVAL;
    }
    if (!json_is_null(doc, value)) {
        for (size_t i = 0; i < array_size(members); i++)
            if (!members[i].read(&r, members[i].name, json_find(doc, value, members[i].name),
                                 (char *)&wish + members[i].out))
                return -EINVAL;
        if (contradicts(&wish)) {
            wrong(&r, "ignore",
                  arena_printf(arena, "has all of '%s.only' in it: nobody is left", name));
            return -EINVAL;
        }
    }
    *wish_out = wish;
    return 0;
}

bool provider_wish_knows(const struct json_doc *doc, uint32_t name)
{
    for (size_t i = 0; i < array_size(members); i++)
        if (json_string_is(doc, name, members[i].name))
            return true;
    return false;
}
