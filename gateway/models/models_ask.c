/*
 * models_ask: the query of a list into what it asks for; see models.h. A filter that is not known
 * is refused, for a list that a typing error left unfiltered is a wrong answer.
 */
#include <errno.h>

#include "gateway/models/models_private.h"

#define BIT(shape) (1u << (shape))
#define EVERY_SHAPE (BIT(MODELS_OPENAI) | BIT(MODELS_ANTHROPIC) | BIT(MODELS_GEMINI))
#define CONTEXT_MAX INT64_C(1000000000)
/* Of a value that is told back. */
#define TOLD_MAX 64

enum { ANTHROPIC_LIMIT = 20, GEMINI_LIMIT = 50 };

struct reading {
    const struct models_view *view;
    struct models_ask *ask;
    const char *name;
    struct buf *why;
};

/* ---- what is wrong ---- */

static void say_wrong(struct reading *r, struct span value)
{
    value = span_part(value, 0, TOLD_MAX);
    (void)buf_printf(r->why, "'%s' does not take '%.*s'; it takes ", r->name, SPAN_ARG(value));
}

/* The first of a list of words, and those behind it. */
static void say_word(struct buf *why, bool first, struct span word)
{
    (void)buf_printf(why, "%s%.*s", first ? "" : ", ", SPAN_ARG(word));
}

/* ---- values ---- */

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decoded as application/x-www-form-urlencoded; what is no escape stays. NUL does not come out. */
static struct span decode(struct models_ask *ask, struct span raw)
{
    char *begin = ask->text + ask->text_size, *at = begin;

    if (raw.size > sizeof(ask->text) - ask->text_size)
        return span_make("", 0);
    for (size_t i = 0; i < raw.size; i++) {
        int high = i + 2 < raw.size && raw.at[i] == '%' ? hex(raw.at[i + 1]) : -1;
        int low = high >= 0 ? hex(raw.at[i + 2]) : -1;

        *at = raw.at[i] == '+' ? ' ' : raw.at[i];
        if (low >= 0 && (high | low) != 0) {
            *at = (char)(high << 4 | low);
            i += 2;
        }
        at++;
    }
    ask->text_size += (size_t)(at - begin);
    return span_make(begin, (size_t)(at - begin));
}

static bool read_all(struct reading *r, struct span value)
{
    if (!span_is(value, "true") && !span_is(value, "false")) {
        say_wrong(r, value);
        buf_add_string(r->why, "true or false");
        return false;
    }
    r->ask->all = span_is(value, "true");
    return true;
}

/* Whether a model before this one is of the same kind. */
static bool kind_was_told(const struct snapshot *snapshot, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        if (span_equal(snapshot_model_at(snapshot, i)->kind,
                       snapshot_model_at(snapshot, index)->kind))
            return true;
    }
    return false;
}

static bool read_kind(struct reading *r, struct span value)
{
    const struct snapshot *snapshot = r->view->snapshot;
    uint32_t count = snapshot_model_count(snapshot);
    bool first = true;

    r->ask->kind = value;
    for (uint32_t i = 0; i < count; i++) {
        if (span_equal(snapshot_model_at(snapshot, i)->kind, value))
            return true;
    }
    say_wrong(r, value);
    for (uint32_t i = 0; i < count; i++) {
        if (!kind_was_told(snapshot, i)) {
            say_word(r->why, first, snapshot_model_at(snapshot, i)->kind);
            first = false;
        }
    }
    return false;
}

static bool read_provider(struct reading *r, struct span value)
{
    const struct snapshot *snapshot = r->view->snapshot;
    uint32_t count = snapshot_provider_count(snapshot);

    r->ask->provider = value;
    for (uint32_t i = 0; i < count; i++) {
        if (span_equal(snapshot_provider_at(snapshot, i)->slug, value))
            return true;
    }
    say_wrong(r, value);
    for (uint32_t i = 0; i < count; i++)
        say_word(r->why, i == 0, snapshot_provider_at(snapshot, i)->slug);
    return false;
}

static bool read_parameter(struct reading *r, struct span value)
{
    for (uint32_t i = 0; i < models_parameter_count(); i++) {
        if (span_is(value, models_parameter_name(i))) {
            r->ask->parameters |= 1u << i;
            return true;
        }
    }
    say_wrong(r, value);
    for (uint32_t i = 0; i < models_parameter_count(); i++)
        say_word(r->why, i == 0, span_of(models_parameter_name(i)));
    return false;
}

static bool read_parameters(struct reading *r, struct span value)
{
    while (value.at != NULL) {
        if (!read_parameter(r, span_trim(span_cut(&value, ','))))
            return false;
    }
    return true;
}

static bool read_modalities(struct reading *r, struct span value, uint8_t *bits)
{
    while (value.at != NULL) {
        struct span name = span_trim(span_cut(&value, ','));
        enum modality modality;

        if (modality_parse(name, &modality) != 0) {
            say_wrong(r, name);
            for (size_t i = 0; i < MODALITIES; i++)
                say_word(r->why, i == 0, span_of(modality_name((enum modality)i)));
            return false;
        }
        *bits = (uint8_t)(*bits | 1u << modality);
    }
    return true;
}

static bool read_input(struct reading *r, struct span value)
{
    return read_modalities(r, value, &r->ask->input);
}

static bool read_output(struct reading *r, struct span value)
{
    return read_modalities(r, value, &r->ask->output);
}

static bool read_number(struct reading *r, struct span value, int64_t most, int64_t *number_out)
{
    if (span_int64(value, number_out) == 0 && *number_out >= 1 && *number_out <= most)
        return true;
    say_wrong(r, value);
    (void)buf_printf(r->why, "a whole number from 1 to %lld", (long long)most);
    return false;
}

static bool read_context(struct reading *r, struct span value)
{
    return read_number(r, value, CONTEXT_MAX, &r->ask->context_min);
}

static bool read_limit(struct reading *r, struct span value)
{
    int64_t limit;

    if (!read_number(r, value, MODELS_LIMIT_MAX, &limit))
        return false;
    r->ask->limit = (uint32_t)limit;
    return true;
}

/* Google takes more than its maximum for the maximum. */
static bool read_page_size(struct reading *r, struct span value)
{
    int64_t limit;

    if (!read_number(r, value, INT32_MAX, &limit))
        return false;
    r->ask->limit = limit > MODELS_LIMIT_MAX ? MODELS_LIMIT_MAX : (uint32_t)limit;
    return true;
}

static bool read_search(struct reading *r, struct span value)
{
    r->ask->search = value;
    return true;
}

static bool read_after(struct reading *r, struct span value)
{
    r->ask->after = value;
    return true;
}

static bool read_before(struct reading *r, struct span value)
{
    r->ask->before = value;
    return true;
}

static bool read_sort(struct reading *r, struct span value)
{
    static const char *const names[] = {[MODELS_BY_ID] = "id",
                                        [MODELS_BY_PRICE] = "price",
                                        [MODELS_BY_CONTEXT] = "context",
                                        [MODELS_BY_AGE] = "newest"};

    for (size_t i = 0; i < array_size(names); i++) {
        if (span_is(value, names[i])) {
            r->ask->sort = (enum models_sort)i;
            return true;
        }
    }
    say_wrong(r, value);
    for (size_t i = 0; i < array_size(names); i++)
        say_word(r->why, i == 0, span_of(names[i]));
    return false;
}

/* What SDKs send along by themselves. */
static bool ignore(struct reading *r, struct span value)
{
    (void)r;
    (void)value;
    return true;
}

/* ---- filters ---- */

static const struct {
    const char *name;
    unsigned shapes;
    bool again; /* may be there more than once */
    bool (*read)(struct reading *r, struct span value);
} filters[] = {
    {"all", EVERY_SHAPE, false, read_all},
    {"kind", EVERY_SHAPE, false, read_kind},
    {"provider", EVERY_SHAPE, false, read_provider},
    {"supported_parameters", EVERY_SHAPE, true, read_parameters},
    {"input_modalities", EVERY_SHAPE, true, read_input},
    {"output_modalities", EVERY_SHAPE, true, read_output},
    {"context_length_min", EVERY_SHAPE, false, read_context},
    {"q", EVERY_SHAPE, false, read_search},
    {"sort", EVERY_SHAPE, false, read_sort},
    {"limit", BIT(MODELS_OPENAI) | BIT(MODELS_ANTHROPIC), false, read_limit},
    {"after", BIT(MODELS_OPENAI), false, read_after},
    {"after_id", BIT(MODELS_ANTHROPIC), false, read_after},
    {"before_id", BIT(MODELS_ANTHROPIC), false, read_before},
    {"beta", BIT(MODELS_ANTHROPIC), false, ignore},
    {"pageSize", BIT(MODELS_GEMINI), false, read_page_size},
    {"pageToken", BIT(MODELS_GEMINI), false, read_after},
    {"queryBase", BIT(MODELS_GEMINI), false, ignore},
    {"alt", BIT(MODELS_GEMINI), false, ignore},
    {"prettyPrint", BIT(MODELS_GEMINI), false, ignore},
};

static bool served(size_t filter, const struct reading *r)
{
    return (filters[filter].shapes & BIT(r->view->shape)) != 0;
}

static bool refuse_unknown(struct reading *r, struct span name)
{
    name = span_part(name, 0, TOLD_MAX);
    (void)buf_printf(r->why, "There is no filter '%.*s'; there are ", SPAN_ARG(name));
    for (size_t i = 0, told = 0; i < array_size(filters); i++) {
        if (served(i, r) && filters[i].read != ignore)
            say_word(r->why, told++ == 0, span_of(filters[i].name));
    }
    return false;
}

static bool read_pair(struct reading *r, struct span pair, uint32_t *seen)
{
    struct span name = span_cut(&pair, '='), value = decode(r->ask, pair);

    for (size_t i = 0; i < array_size(filters); i++) {
        if (!span_is(name, filters[i].name) || !served(i, r))
            continue;
        r->name = filters[i].name;
        if (value.size == 0)
            return true;
        if ((*seen >> i & 1) != 0 && !filters[i].again) {
            (void)buf_printf(r->why, "'%s' is there twice", r->name);
            return false;
        }
        *seen |= 1u << i;
        return filters[i].read(r, value);
    }
    return refuse_unknown(r, name);
}

bool models_ask_read(const struct models_view *view, struct span query, struct models_ask *ask_out,
                     const char **param_out, struct buf *why)
{
    struct reading r = {.view = view, .ask = ask_out, .why = why};
    uint32_t seen = 0;

    *ask_out = (struct models_ask){.limit = view->shape == MODELS_ANTHROPIC ? ANTHROPIC_LIMIT
                                            : view->shape == MODELS_GEMINI  ? GEMINI_LIMIT
                                                                            : 0};
    while (query.at != NULL) {
        struct span pair = span_cut(&query, '&');

        if (pair.size == 0)
            continue;
        r.name = NULL;
        if (!read_pair(&r, pair, &seen)) {
            buf_add_byte(why, '.');
            *param_out = r.name;
            return false;
        }
    }
    if (ask_out->after.size > 0 && ask_out->before.size > 0) {
        buf_add_string(why, "'after_id' and 'before_id' exclude each other.");
        *param_out = "before_id";
        return false;
    }
    return true;
}
