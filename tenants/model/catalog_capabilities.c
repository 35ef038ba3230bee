/*
 * catalog_capabilities: their JSON form, both ways side by side. See catalog_capabilities.h.
 */
#include "tenants/model/catalog_capabilities.h"

#include <errno.h>

#include "tenants/model/catalog_file.h"
#include "tenants/model/catalog_reader.h"

/* The flags that stand as members of their own; reasoning_options has its own shape. */
static const struct {
    const char *name;
    size_t offset;
} flags[] = {
    {"tools", offsetof(struct catalog_capabilities, tools)},
    {"structured_output", offsetof(struct catalog_capabilities, structured_output)},
    {"attachments", offsetof(struct catalog_capabilities, attachments)},
    {"temperature", offsetof(struct catalog_capabilities, temperature)},
    {"reasoning", offsetof(struct catalog_capabilities, reasoning)},
    {"interleaved", offsetof(struct catalog_capabilities, interleaved)},
};

static enum catalog_flag flag_at(const struct catalog_capabilities *c, size_t i)
{
    enum catalog_flag flag;

    memcpy(&flag, (const char *)c + flags[i].offset, sizeof(flag));
    return flag;
}

static void write_set(struct json_writer *w, const char *name, const struct catalog_words *words,
                      unsigned set)
{
    json_name(w, name);
    json_begin(w, '[');
    for (unsigned word = 0; word < words->count; word++)
        if ((set & 1u << word) != 0)
            json_write_string(w, span_of(catalog_word(words, word)));
    json_end(w, ']');
}

static void write_reasoning(const struct catalog_capabilities *c, struct json_writer *w)
{
    if (c->reasoning_toggle == CATALOG_UNKNOWN && c->reasoning_budget != CATALOG_YES &&
        c->efforts == 0)
        return;
    json_name(w, "reasoning_options");
    json_begin(w, '{');
    if (c->reasoning_toggle != CATALOG_UNKNOWN)
        json_put_bool(w, "toggle", c->reasoning_toggle == CATALOG_YES);
    if (c->efforts != 0)
        write_set(w, "efforts", &catalog_efforts, c->efforts);
    if (c->reasoning_budget == CATALOG_YES) {
        json_name(w, "budget_tokens");
        json_begin(w, '{');
        if (c->budget_min > 0)
            json_put_int64(w, "min", c->budget_min);
        if (c->budget_max > 0)
            json_put_int64(w, "max", c->budget_max);
        json_end(w, '}');
    }
    json_end(w, '}');
}

void catalog_write_capabilities(const struct catalog_capabilities *c, struct json_writer *w)
{
    json_begin(w, '{');
    write_set(w, "input", &catalog_modalities, c->input);
    write_set(w, "output", &catalog_modalities, c->output);
    for (size_t i = 0; i < array_size(flags); i++)
        if (flag_at(c, i) != CATALOG_UNKNOWN)
            json_put_bool(w, flags[i].name, flag_at(c, i) == CATALOG_YES);
    json_put_cstring(w, "reasoning_field", c->reasoning_field);
    write_reasoning(c, w);
    json_end(w, '}');
}

static bool read_budget(struct catalog_reader *r, uint32_t options, struct catalog_capabilities *c)
{
    static const char *const members[] = {"min", "max", NULL};
    uint32_t budget;
    size_t mark = r->path_size;

    if (!catalog_object(r, options, "budget_tokens", CATALOG_OPTIONAL, &budget))
        return false;
    if (budget == JSON_NONE)
        return true;
    c->reasoning_budget = CATALOG_YES;
    catalog_down(r, "budget_tokens");
    if (!catalog_only(r, budget, members) || !catalog_count(r, budget, "min", &c->budget_min) ||
        !catalog_count(r, budget, "max", &c->budget_max))
        return false;
    if (c->budget_max > 0 && c->budget_max < c->budget_min)
        return catalog_wrong(r, "max", "is less than min");
    catalog_up(r, mark);
    return true;
}

static bool read_reasoning(struct catalog_reader *r, uint32_t object,
                           struct catalog_capabilities *c)
{
    static const char *const members[] = {"toggle", "efforts", "budget_tokens", NULL};
    uint32_t options;
    size_t mark = r->path_size;

    if (!catalog_object(r, object, "reasoning_options", CATALOG_OPTIONAL, &options))
        return false;
    if (options == JSON_NONE)
        return true;
    catalog_down(r, "reasoning_options");
    if (!catalog_only(r, options, members) ||
        !catalog_flag_of(r, options, "toggle", &c->reasoning_toggle) ||
        !catalog_set(r, options, "efforts", &catalog_efforts, &c->efforts) ||
        !read_budget(r, options, c))
        return false;
    catalog_up(r, mark);
    return true;
}

bool catalog_read_capabilities_at(struct catalog_reader *r, uint32_t object,
                                  struct catalog_capabilities *out)
{
    static const char *const members[] = {
        "input",     "output",      "tools",           "structured_output", "attachments",
        "reasoning", "interleaved", "reasoning_field", "reasoning_options", "temperature",
        NULL};
    struct catalog_capabilities c = {0};

    if (!catalog_only(r, object, members) ||
        !catalog_set(r, object, "input", &catalog_modalities, &c.input) ||
        !catalog_set(r, object, "output", &catalog_modalities, &c.output) ||
        !catalog_text(r, object, "reasoning_field", CATALOG_OPTIONAL, 64, &c.reasoning_field) ||
        !read_reasoning(r, object, &c))
        return false;
    for (size_t i = 0; i < array_size(flags); i++) {
        enum catalog_flag flag = CATALOG_UNKNOWN;

        if (!catalog_flag_of(r, object, flags[i].name, &flag))
            return false;
        memcpy((char *)&c + flags[i].offset, &flag, sizeof(flag));
    }
    *out = c;
    return true;
}

int catalog_read_capabilities(struct span json, struct arena *arena,
                              struct catalog_capabilities *capabilities_out,
                              struct catalog_error *error_out)
{
    struct catalog_reader r;
    bool good = catalog_reader_open(&r, json, arena, error_out) &&
                catalog_read_capabilities_at(&r, 0, capabilities_out);

    catalog_reader_done(&r);
    return good ? 0 : -EINVAL;
}

bool catalog_capabilities_equal(const struct catalog_capabilities *a,
                                const struct catalog_capabilities *b)
{
    for (size_t i = 0; i < array_size(flags); i++)
        if (flag_at(a, i) != flag_at(b, i))
            return false;
    return a->input == b->input && a->output == b->output && a->efforts == b->efforts &&
           a->reasoning_toggle == b->reasoning_toggle &&
           a->reasoning_budget == b->reasoning_budget && a->budget_min == b->budget_min &&
           a->budget_max == b->budget_max &&
           span_equal(span_of(a->reasoning_field), span_of(b->reasoning_field));
}
