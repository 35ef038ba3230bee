/*
 * fault-rules: see the header.
 */
#include "fault-rules.h"

#include "common/base/json_writer.h"
#include "common/base/mem.h"

struct fault_rules fault_rules_make(void)
{
    return (struct fault_rules){.at = mem_array(FAULT_RULES_MAX, sizeof(struct fault_rule))};
}

void fault_rules_done(struct fault_rules *rules)
{
    mem_free(rules->at);
    *rules = (struct fault_rules){0};
}

void fault_rules_clear(struct fault_rules *rules)
{
    rules->count = 0;
}

/* A member that may be missing. */
static bool copy_member(const struct json_doc *doc, const char *name, char *at, size_t capacity)
{
    uint32_t node = json_find(doc, 0, name);

    at[0] = '\0';
    return json_is_null(doc, node) || json_copy_string(doc, node, at, capacity) == 0;
}

const char *fault_rules_add(struct fault_rules *rules, const struct json_doc *doc)
{
    struct fault_rule rule = {.left = 1};
    struct fault_spec spec = fault_spec_make();
    uint32_t count = json_find(doc, 0, "count");
    size_t kept = 0;

    if (!copy_member(doc, "model", rule.model, sizeof(rule.model)) ||
        !copy_member(doc, "site", rule.site, sizeof(rule.site)) ||
        !copy_member(doc, "key", rule.key, sizeof(rule.key)))
        return "model, site and key are short texts";
    if (!copy_member(doc, "fault", rule.text, sizeof(rule.text)) ||
        !fault_spec_apply(&spec, span_of(rule.text)))
        return "fault is a spec like \"stall-mid;after=3\"; GET /faults lists the names";
    if (!json_is_null(doc, count) && json_int64(doc, count, &rule.left) != 0)
        return "count is a whole number, -1 for ever";
    for (size_t i = 0; i < rules->count; i++)
        if (rules->at[i].left != 0)
            rules->at[kept++] = rules->at[i];
    rules->count = kept;
    if (rules->count == FAULT_RULES_MAX)
        return "there are too many rules; DELETE /control";
    rules->at[rules->count++] = rule;
    return NULL;
}

static bool matches(const char *wanted, struct span text)
{
    return wanted[0] == '\0' || span_is(text, wanted);
}

void fault_rules_apply(struct fault_rules *rules, struct fault_spec *spec, struct span model,
                       struct span site, struct span key)
{
    for (size_t i = 0; i < rules->count; i++) {
        struct fault_rule *rule = &rules->at[i];

        if (rule->left == 0 || !matches(rule->model, model) || !matches(rule->site, site) ||
            !matches(rule->key, key))
            continue;
        if (rule->left > 0)
            rule->left--;
        rule->hits++;
        (void)fault_spec_apply(spec, span_of(rule->text));
        return;
    }
}

void fault_rules_write(const struct fault_rules *rules, struct buf *out)
{
    struct json_writer w = json_writer_make(out);

    json_begin(&w, '[');
    for (size_t i = 0; i < rules->count; i++) {
        json_begin(&w, '{');
        json_put_string(&w, "model", span_of(rules->at[i].model));
        json_put_string(&w, "site", span_of(rules->at[i].site));
        json_put_bool(&w, "key", rules->at[i].key[0] != '\0');
        json_put_string(&w, "fault", span_of(rules->at[i].text));
        json_put_int64(&w, "left", rules->at[i].left);
        json_put_int64(&w, "hits", rules->at[i].hits);
        json_end(&w, '}');
    }
    json_end(&w, ']');
}
