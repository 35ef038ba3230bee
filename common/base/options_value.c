/*
 * options_value: see options_value.h.
 */
#include "common/base/options_value.h"

#include <errno.h>

#include "common/base/mem.h"

#define TEXT_MAX_BYTES 65536 /* of a text whose option names no maximum */
#define LIST_MAX_ITEMS 10000u

/* A value of the config struct, by what the option says is there. */
union place {
    void *at;
    int64_t *number;
    char **text;
    bool *flag;
    int *choice;
    struct option_list *list;
};

static union place place_of(const struct option *option, void *config)
{
    return (union place){.at = (char *)config + option->offset};
}

int option_bool(struct span text, bool *value_out)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"on", true},   {"true", true},   {"yes", true}, {"1", true},
                 {"off", false}, {"false", false}, {"no", false}, {"0", false}};

    for (size_t i = 0; i < array_size(words); i++) {
        if (span_is_nocase(text, words[i].word)) {
            *value_out = words[i].value;
            return 0;
        }
    }
    return -EINVAL;
}

static int set_number(const struct option *option, int64_t *at, struct span text)
{
    int64_t value;

    if (span_int64(text, &value) < 0 || value < option->min || value > option->max)
        return -EINVAL;
    *at = value;
    return 0;
}

static bool text_fits(const struct option *option, struct span text)
{
    size_t most = option->max > 0 ? (size_t)option->max : TEXT_MAX_BYTES;

    return text.size >= (size_t)option->min && text.size <= most && span_index(text, '\0') < 0;
}

static int set_text(const struct option *option, char **at, struct span text)
{
    if (!text_fits(option, text))
        return -EINVAL;
    mem_free(*at);
    *at = span_dup(text);
    return 0;
}

static int set_choice(const struct option *option, int *at, struct span text)
{
    struct span rest = span_of(option->choices);

    for (int i = 0; rest.at != NULL; i++) {
        if (span_equal(span_cut(&rest, '|'), text)) {
            *at = i;
            return 0;
        }
    }
    return -EINVAL;
}

static int add_item(const struct option *option, struct option_list *list, struct span text)
{
    if (!text_fits(option, text) || list->count == LIST_MAX_ITEMS)
        return -EINVAL;
    list->items = mem_resize(list->items, (list->count + 1) * sizeof(*list->items));
    list->items[list->count++] = span_dup(text);
    return 0;
}

int option_set(const struct option *option, void *config, struct span value)
{
    union place place = place_of(option, config);

    switch (option->type) {
    case OPTION_INT:
        return set_number(option, place.number, value);
    case OPTION_TEXT:
    case OPTION_PATH:
        return set_text(option, place.text, value);
    case OPTION_BOOL:
        return option_bool(value, place.flag);
    case OPTION_CHOICE:
        return set_choice(option, place.choice, value);
    case OPTION_LIST:
        return add_item(option, place.list, value);
    }
    must(false);
}

static void zero(const struct option *option, void *config)
{
    union place place = place_of(option, config);

    switch (option->type) {
    case OPTION_INT:
        *place.number = 0;
        return;
    case OPTION_TEXT:
    case OPTION_PATH:
        *place.text = NULL;
        return;
    case OPTION_BOOL:
        *place.flag = false;
        return;
    case OPTION_CHOICE:
        *place.choice = 0;
        return;
    case OPTION_LIST:
        *place.list = (struct option_list){.items = NULL};
        return;
    }
}

void option_clear(const struct option *option, void *config)
{
    union place place = place_of(option, config);

    if (option->type == OPTION_TEXT || option->type == OPTION_PATH)
        mem_free(*place.text);
    if (option->type == OPTION_LIST) {
        for (size_t i = 0; i < place.list->count; i++)
            mem_free(place.list->items[i]);
        mem_free(place.list->items);
    }
    zero(option, config);
}

void option_zero(const struct options *options, void *config)
{
    for (size_t i = 0; i < options->count; i++)
        zero(&options->table[i], config);
}

void option_describe(const struct option *option, struct buf *out)
{
    switch (option->type) {
    case OPTION_INT:
        (void)buf_printf(out, "a number from %lld to %lld", (long long)option->min,
                         (long long)option->max);
        return;
    case OPTION_TEXT:
    case OPTION_PATH:
    case OPTION_LIST:
        (void)buf_printf(out, "%s of %lld to %lld bytes",
                         option->type == OPTION_PATH ? "a path" : "a text", (long long)option->min,
                         option->max > 0 ? (long long)option->max : TEXT_MAX_BYTES);
        if (option->type == OPTION_LIST)
            (void)buf_add_string(out, ", repeatable");
        return;
    case OPTION_BOOL:
        (void)buf_add_string(out, "on or off");
        return;
    case OPTION_CHOICE:
        (void)buf_printf(out, "one of %s", option->choices);
        return;
    }
}

/* The n-th of "a|b|c". */
static struct span nth_choice(const struct option *option, int n)
{
    struct span rest = span_of(option->choices);
    struct span item = span_cut(&rest, '|');

    while (n-- > 0)
        item = span_cut(&rest, '|');
    return item;
}

/* The config is only read here; place_of() is shared with those who write. */
static union place readable(const struct option *option, const void *config)
{
    return place_of(option, (void *)(uintptr_t)config);
}

size_t option_count(const struct option *option, const void *config)
{
    return option->type == OPTION_LIST ? readable(option, config).list->count : 1;
}

void option_format(const struct option *option, const void *config, size_t index, struct buf *out)
{
    union place place = readable(option, config);

    switch (option->type) {
    case OPTION_INT:
        (void)buf_add_int64(out, *place.number);
        return;
    case OPTION_TEXT:
    case OPTION_PATH:
        (void)buf_add_span(out, span_of(*place.text));
        return;
    case OPTION_BOOL:
        (void)buf_add_string(out, *place.flag ? "on" : "off");
        return;
    case OPTION_CHOICE:
        (void)buf_add_span(out, nth_choice(option, *place.choice));
        return;
    case OPTION_LIST:
        (void)buf_add_string(out, place.list->items[index]);
        return;
    }
}
