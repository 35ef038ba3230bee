/*
 * ask: see the header. Walks the members of a body; the tables of ask_reading.h say what becomes of
 * each.
 */
#include "gateway/dialect/ask.h"

#include <stdlib.h>

#include "gateway/dialect/ask_reading.h"
#include "gateway/dialect/input_bound.h"

static const struct ask_table *const tables[ASK_KINDS] = {
    [ASK_CHAT] = &ask_openai_table,           [ASK_EMBEDDINGS] = &ask_openai_table,
    [ASK_MESSAGES] = &ask_messages_table,     [ASK_GENERATE] = &ask_generate_table,
    [ASK_RESPONSES] = &ask_responses_table,   [ASK_COMPLETIONS] = &ask_openai_table,
    [ASK_MODERATIONS] = &ask_services_table,  [ASK_RERANK] = &ask_services_table,
    [ASK_IMAGES] = &ask_services_table,       [ASK_IMAGE_EDITS] = &ask_services_table,
    [ASK_SPEECH] = &ask_services_table,       [ASK_TRANSCRIPTIONS] = &ask_services_table,
    [ASK_TRANSLATIONS] = &ask_services_table,
};

bool ask_is_chat(enum ask_kind kind)
{
    return kind == ASK_CHAT || kind == ASK_MESSAGES || kind == ASK_GENERATE ||
           kind == ASK_RESPONSES || kind == ASK_COMPLETIONS;
}

bool ask_is_service(enum ask_kind kind)
{
    return !ask_is_chat(kind) && kind != ASK_EMBEDDINGS;
}

static int compare_member(const void *key, const void *item)
{
    const struct span *name = key;
    const struct ask_member *member = item;
    size_t size = strlen(member->name);
    int order = memcmp(name->at, member->name, name->size < size ? name->size : size);

    return order != 0 ? order : (name->size > size) - (name->size < size);
}

static const struct ask_member *find_in(const struct ask_table *table, struct span name,
                                        enum ask_kind kind)
{
    const struct ask_member *member =
        bsearch(&name, table->members, table->count, sizeof(table->members[0]), compare_member);

    return member != NULL && (member->kinds >> kind & 1u) != 0 ? member : NULL;
}

const struct ask_member *ask_find_common(struct span name)
{
    return find_in(&ask_common_table, name, ASK_CHAT);
}

static const struct ask_member *find_member(struct ask_reading *r, uint32_t name)
{
    struct span text = json_inside(r->doc, name);
    const struct ask_member *member;

    if (r->doc->nodes[name].escaped &&
        (text.size > ASK_NAME_MAX || json_string(r->doc, name, r->arena, &text) != 0))
        return NULL;
    if (text.size == 0)
        return NULL;
    member = find_in(tables[r->ask->kind], text, r->ask->kind);
    return member != NULL ? member : find_in(&ask_common_table, text, r->ask->kind);
}

static bool read_member(struct ask_reading *r, const struct ask_member *member, uint32_t name)
{
    uint32_t value = json_value(r->doc, name);

    switch (member->becomes) {
    case ASK_PASSED:
        break;
    case ASK_CONSUMED:
        if (r->ask->consumed_count == ASK_CONSUMED_MAX)
            return ask_invalid(r, member->name,
                               "The body has too many members of this gateway's own.");
        r->ask->consumed[r->ask->consumed_count++] = name;
        break;
    case ASK_HOST:
        return ask_unsupported(
            r, member->name,
            arena_printf(r->arena,
                         "'%s' is not accepted: where a request goes and with which "
                         "credential is this gateway's business.",
                         member->name));
    case ASK_PRICED:
        if (json_is_null(r->doc, value))
            return true;
        return ask_unsupported(r, member->name,
                               arena_printf(r->arena,
                                            "'%s' changes the price of a request and has none in "
                                            "the catalog: leave it out.",
                                            member->name));
    }
    return member->read == NULL || member->read(r, member->name, value);
}

static bool read_members(struct ask_reading *r)
{
    const struct ask_table *table = tables[r->ask->kind];

    if (json_kind(r->doc, 0) != JSON_OBJECT)
        return ask_invalid(r, NULL, "The body must be a JSON object.");
    for (uint32_t name = json_first(r->doc, 0); name != JSON_NONE;
         name = json_after(r->doc, 0, name)) {
        const struct ask_member *member = find_member(r, name);
        if (member != NULL && !read_member(r, member, name))
            return false;
    }
    if (r->ask->model.size == 0)
        return ask_invalid(r, "model", "You must provide a model parameter.");
    return table->check == NULL || table->check(r);
}

enum ask_outcome ask_read(const struct ask_source *source, struct json_doc *doc,
                          struct arena *arena, struct ask *ask_out, struct ask_refusal *refusal_out)
{
    struct ask_reading r = {.ask = ask_out, .refusal = refusal_out, .arena = arena, .doc = doc};
    enum json_error error = json_parse(doc, source->body, &json_limits_body);

    if (error != JSON_OK) {
        *refusal_out =
            (struct ask_refusal){.message = arena_printf(arena, "The body %s at byte %zu.",
                                                         json_error_text(error), doc->error_at)};
        return ASK_MALFORMED;
    }
    *ask_out = (struct ask){
        .kind = source->kind,
        .doc = doc,
        .model = source->model,
        .stream = source->stream,
        .model_node = JSON_NONE,
        .stream_options_node = JSON_NONE,
        .max_tokens = -1,
        .max_completion_tokens = -1,
        .max_tokens_node = JSON_NONE,
        .max_completion_tokens_node = JSON_NONE,
        .config_node = JSON_NONE,
        .previous_node = JSON_NONE,
        .routing = {.retries = -1, .timeout_ms = -1, .first_token_ms = -1, .first_ping_ms = -1},
        .choices = 1};
    if (!read_members(&r))
        return r.outcome;
    ask_out->input_bound = input_bound_tokens(source->kind, doc, &ask_out->open_input);
    return ASK_OK;
}

bool ask_consumes(const struct ask *ask, uint32_t name)
{
    for (uint32_t i = 0; i < ask->consumed_count; i++)
        if (ask->consumed[i] == name)
            return true;
    return false;
}
