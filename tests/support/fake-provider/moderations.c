/*
 * moderations: OpenAI's moderations. "[[flagged]]" in a text is flagged; what is asked costs
 * nothing.
 */
#include "chat.h"
#include "common/base/json_writer.h"
#include "endpoints.h"

#define BODY_BYTES_MAX ((size_t)8 << 20)
#define INPUTS_MAX 1024

static const char *const categories[] = {
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/intent",
    "self-harm/instructions",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
};
#define FLAGGED_CATEGORY "violence"

static void put_result(bool flagged, struct buf *out)
{
    struct json_writer w = json_writer_make(out);

    json_begin(&w, '{');
    json_put_bool(&w, "flagged", flagged);
    json_name(&w, "categories");
    json_begin(&w, '{');
    for (size_t i = 0; i < array_size(categories); i++)
        json_put_bool(&w, categories[i], flagged && strcmp(categories[i], FLAGGED_CATEGORY) == 0);
    json_end(&w, '}');
    json_name(&w, "category_scores");
    json_begin(&w, '{');
    for (size_t i = 0; i < array_size(categories); i++) {
        json_name(&w, categories[i]);
        json_write_raw(
            &w,
            span_of(flagged && strcmp(categories[i], FLAGGED_CATEGORY) == 0 ? "0.98" : "0.0001"));
    }
    json_end(&w, '}');
    json_name(&w, "category_applied_input_types");
    json_begin(&w, '{');
    for (size_t i = 0; i < array_size(categories); i++) {
        json_name(&w, categories[i]);
        json_write_raw(&w, span_of("[\"text\"]"));
    }
    json_end(&w, '}');
    json_end(&w, '}');
}

static bool is_flagged(const struct json_doc *doc, uint32_t node)
{
    struct span raw = json_raw(doc, node);

    return memmem(raw.at, raw.size, "[[flagged]]", 11) != NULL;
}

struct call *openai_moderations(struct provider *provider, struct arrival *arrival)
{
    const struct json_doc *doc = &provider->doc;
    uint32_t input = json_find(doc, 0, "input"), first = JSON_NONE;
    struct buf body;

    if (json_is(doc, input, JSON_ARRAY))
        first = json_first(doc, input);
    if (json_is_null(doc, input) || (json_kind(doc, input) != JSON_STRING &&
                                     (first == JSON_NONE || json_count(doc, input) > INPUTS_MAX)))
        return chat_error(arrival, 400, "input is a text, texts or parts", "input");
    body = buf_make(BODY_BYTES_MAX);
    buf_printf(&body, "{\"id\":\"modr-%016llx\",\"model\":", (unsigned long long)arrival->id);
    json_quote(&body, arrival->model);
    buf_add_string(&body, ",\"results\":[");
    /* Texts are judged one by one, parts together. */
    if (!json_is(doc, first, JSON_STRING))
        put_result(is_flagged(doc, input), &body);
    else
        for (uint32_t one = first; one != JSON_NONE; one = json_after(doc, input, one)) {
            if (one != first)
                buf_add_byte(&body, ',');
            put_result(is_flagged(doc, one), &body);
        }
    buf_add_string(&body, "]}\n");
    arrival->record.entry.usage_told = true;
    return chat_reply(arrival, "application/json", body);
}
