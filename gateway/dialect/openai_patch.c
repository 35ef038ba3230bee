/*
 * openai_patch: what is written into bodies of the OpenAI dialect, in both directions.
 */
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/json_writer.h"
#include "common/base/mem.h"
#include "common/base/money.h"
#include "gateway/dialect/compatible.h"
#include "gateway/dialect/openai.h"
#include "gateway/dialect/openai_language.h"

enum { COST_TEXT_MAX = 512, USAGE_TEXT_MAX = 1024, FINISH_TEXT_MAX = 2048 };

static struct span kept(struct arena *arena, struct buf *text)
{
    struct span copy = arena_span(arena, buf_span(text));

    must(!buf_failed(text));
    buf_done(text);
    return copy;
}

static void put_money(struct buf *out, const char *name, int64_t pico, const char *quote)
{
    char text[MONEY_TEXT_MAX];

    money_format(pico, text);
    buf_printf(out, "\"%s\":%s%s%s", name, quote, text, quote);
}

struct span openai_cost_members(struct arena *arena, const struct openai_cost *cost)
{
    struct buf out = buf_make(COST_TEXT_MAX);

    put_money(&out, "cost", cost->charge_pico, "");
    buf_add_string(&out, ",\"cost_details\":{");
    put_money(&out, "base", cost->base_pico, "\"");
    buf_add_byte(&out, ',');
    put_money(&out, "markup", cost->charge_pico - (cost->base_pico - cost->discount_pico), "\"");
    buf_add_byte(&out, ',');
    put_money(&out, "discount", cost->discount_pico, "\"");
    if (cost->billed != NULL)
        buf_printf(&out, ",\"billed_units\":{\"input_tokens\":%lld,\"output_tokens\":%lld}",
                   (long long)meters_prompt(cost->billed),
                   (long long)cost->billed->count[METER_OUTPUT]);
    buf_add_byte(&out, '}');
    return kept(arena, &out);
}

static bool is_money(const void *context, uint32_t name)
{
    static const char *const names[] = {"cost", "cost_details", "cost_in_usd_ticks",
                                        "estimated_cost", "is_byok"};
    const struct json_doc *doc = context;

    for (size_t i = 0; i < array_size(names); i++)
        if (json_string_is(doc, name, names[i]))
            return true;
    return false;
}

void openai_patch_usage(struct patch *patch, uint32_t usage, struct span cost_members)
{
    must(patch_object(patch, usage, is_money, patch->doc, cost_members));
}

static bool is_usage(const void *context, uint32_t name)
{
    const struct json_doc *doc = context;

    return json_string_is(doc, name, "usage");
}

void openai_patch_no_usage(struct patch *patch, size_t *from_out, size_t *to_out)
{
    must(patch_object(patch, 0, is_usage, patch->doc, (struct span){0}));
    *from_out = patch->edits[patch->count - 1].from;
    *to_out = patch->edits[patch->count - 1].to;
}

static void put_prompt_details(struct json_writer *w, const struct meters *meters, bool always)
{
    bool written =
        meters_has(meters, METER_CACHE_WRITE_5M) || meters_has(meters, METER_CACHE_WRITE_1H);

    if (!always && !meters_has(meters, METER_CACHE_READ) && !written &&
        !meters_has(meters, METER_INPUT_AUDIO))
        return;
    json_name(w, "prompt_tokens_details");
    json_begin(w, '{');
    if (always || meters_has(meters, METER_CACHE_READ) || written)
        json_put_int64(w, "cached_tokens", meters->count[METER_CACHE_READ]);
    if (written)
        json_put_int64(w, "cache_write_tokens",
                       meters->count[METER_CACHE_WRITE_5M] + meters->count[METER_CACHE_WRITE_1H]);
    if (meters_has(meters, METER_INPUT_AUDIO))
        json_put_int64(w, "audio_tokens", meters->count[METER_INPUT_AUDIO]);
    json_end(w, '}');
}

static void put_output_details(struct json_writer *w, const struct meters *meters, bool always)
{
    if (!always && !meters_has(meters, METER_REASONING) && !meters_has(meters, METER_OUTPUT_AUDIO))
        return;
    json_name(w, "completion_tokens_details");
    json_begin(w, '{');
    if (always || meters_has(meters, METER_REASONING))
        json_put_int64(w, "reasoning_tokens", meters->count[METER_REASONING]);
    if (meters_has(meters, METER_OUTPUT_AUDIO))
        json_put_int64(w, "audio_tokens", meters->count[METER_OUTPUT_AUDIO]);
    json_end(w, '}');
}

struct span openai_detail_members(struct arena *arena, const struct json_doc *doc, uint32_t usage,
                                  const struct meters *meters, struct span members)
{
    struct buf out = buf_make(USAGE_TEXT_MAX + members.size);
    struct json_writer w = json_writer_make(&out);

    buf_add_span(&out, members);
    w.comma = members.size > 0;
    if (json_kind(doc, usage) == JSON_OBJECT) {
        if (json_find(doc, usage, "prompt_tokens_details") == JSON_NONE)
            put_prompt_details(&w, meters, false);
        if (json_find(doc, usage, "completion_tokens_details") == JSON_NONE)
            put_output_details(&w, meters, false);
    }
    return kept(arena, &out);
}

void openai_write_usage(struct json_writer *w, const struct meters *meters, enum ask_kind kind,
                        struct span cost_members)
{
    int64_t prompt = meters_prompt(meters);
    int64_t output = meters->count[METER_OUTPUT] + meters->count[METER_OUTPUT_AUDIO] +
                     meters->count[METER_OUTPUT_IMAGE];

    json_begin(w, '{');
    json_put_int64(w, "prompt_tokens", prompt);
    if (ask_is_chat(kind))
        json_put_int64(w, "completion_tokens", output);
    json_put_int64(w, "total_tokens", prompt + output);
    /* Clients of a chat read these unasked; what no provider told apart was not charged apart. */
    put_prompt_details(w, meters, ask_is_chat(kind));
    if (ask_is_chat(kind))
        put_output_details(w, meters, true);
    if (cost_members.size > 0) {
        buf_add_byte(w->out, ',');
        buf_add_span(w->out, cost_members);
    }
    json_end(w, '}');
}

struct span openai_make_usage(struct arena *arena, const struct meters *meters, enum ask_kind kind,
                              struct span cost_members)
{
    struct buf out = buf_make(USAGE_TEXT_MAX + cost_members.size);
    struct json_writer w = json_writer_make(&out);

    openai_write_usage(&w, meters, kind, cost_members);
    return kept(arena, &out);
}

static void put_finish(struct buf *out, const struct answer *answer, int64_t created_s, int choice)
{
    bool called = (answer->choices.called[choice / 64] >> (choice % 64) & 1) != 0;

    buf_add_string(out, "data: {\"id\":");
    (void)json_quote(out, span_of(answer->id));
    buf_printf(out, ",\"object\":\"chat.completion.chunk\",\"created\":%lld,\"model\":",
               (long long)created_s);
    (void)json_quote(out, span_of(answer->model));
    buf_printf(out, ",\"choices\":[{\"index\":%d,\"delta\":{},\"finish_reason\":\"%s\"}]}\n\n",
               choice, called ? "tool_calls" : "stop");
}

struct span openai_make_finishes(struct arena *arena, const struct answer *answer,
                                 int64_t created_s)
{
    struct buf out = buf_make(ASK_CHOICES_MAX * FINISH_TEXT_MAX);
    bool said = (answer->signs & (ANSWER_CONTENT | ANSWER_FINISH)) != 0;

    for (int i = 0; said && i < ASK_CHOICES_MAX; i++)
        if (((answer->choices.spoke[i / 64] & ~answer->choices.finished[i / 64]) >> (i % 64) & 1) !=
            0)
            put_finish(&out, answer, created_s, i);
    return kept(arena, &out);
}

/* The cap that stands there stays unless it is higher than what was reserved. */
static bool lower_cap(struct patch *patch, uint32_t node, int64_t there, int64_t cap,
                      struct arena *arena)
{
    if (there < 0)
        return false;
    if (there > cap)
        patch_replace_int64(patch, node, cap, arena);
    return true;
}

static void patch_stream_options(struct patch *patch, const struct ask *ask, struct buf *insert)
{
    uint32_t options = ask->stream_options_node, value;

    if (!ask->stream || ask->include_usage || !ask_is_chat(ask->kind))
        return;
    if (options == JSON_NONE) {
        buf_add_string(insert, ",\"stream_options\":{\"include_usage\":true}");
        return;
    }
    if (json_kind(ask->doc, options) != JSON_OBJECT) {
        patch_replace(patch, options, span_of("{\"include_usage\":true}"));
        return;
    }
    value = json_find(ask->doc, options, "include_usage");
    if (value != JSON_NONE)
        patch_replace(patch, value, span_of("true"));
    else
        must(patch_object(patch, options, NULL, NULL, span_of("\"include_usage\":true")));
}

/* What is cut out of a body: members of ours, and what that provider refuses. */
struct cutting {
    const struct ask *ask;
    const char *wrong; /* of the two for the cap; NULL: both are taken */
    bool no_stream_options;
};

static bool is_cut(const void *context, uint32_t name)
{
    const struct cutting *cutting = context;
    const struct json_doc *doc = cutting->ask->doc;

    return ask_consumes(cutting->ask, name) ||
           (cutting->wrong != NULL && json_string_is(doc, name, cutting->wrong)) ||
           (cutting->no_stream_options && json_string_is(doc, name, "stream_options"));
}

static void patch_cap(struct patch *patch, const struct openai_ask_patch *what,
                      const struct cutting *cutting, struct buf *insert, struct arena *arena)
{
    const struct ask *ask = cutting->ask;
    bool plain = span_is(what->cap_member, "max_tokens");
    int64_t here = plain ? ask->max_tokens : ask->max_completion_tokens;
    int64_t other = plain ? ask->max_completion_tokens : ask->max_tokens, cap = what->output_cap;
    uint32_t node = plain ? ask->max_tokens_node : ask->max_completion_tokens_node;
    uint32_t other_node = plain ? ask->max_completion_tokens_node : ask->max_tokens_node;
    bool capped = cap <= 0;

    if (cutting->wrong != NULL && here < 0 && other >= 0) {
        cap = cap <= 0 || other < cap ? other : cap;
        capped = false;
    } else if (cap > 0) {
        capped = lower_cap(patch, node, here, cap, arena);
        if (cutting->wrong == NULL)
            capped |= lower_cap(patch, other_node, other, cap, arena);
    }
    if (capped)
        return;
    if (node != JSON_NONE)
        patch_replace_int64(patch, node, cap, arena);
    else
        buf_printf(insert, ",\"%.*s\":%lld", SPAN_ARG(what->cap_member), (long long)cap);
}

bool openai_patch_ask(struct patch *patch, const struct ask *ask,
                      const struct openai_ask_patch *what, struct arena *arena)
{
    struct buf insert = buf_make(COST_TEXT_MAX);
    struct cutting cutting = {.ask = ask};

    if (what->compatible != NULL && what->compatible->one_tokens_member)
        cutting.wrong =
            span_is(what->cap_member, "max_tokens") ? "max_completion_tokens" : "max_tokens";
    cutting.no_stream_options = what->compatible != NULL && what->compatible->no_stream_options;
    patch_replace_text(patch, ask->model_node, what->upstream_model, arena);
    if (!cutting.no_stream_options)
        patch_stream_options(patch, ask, &insert);
    patch_cap(patch, what, &cutting, &insert, arena);
    struct span members = kept(arena, &insert);
    return patch_object(patch, 0, is_cut, &cutting, span_part(members, 1, members.size));
}

bool openai_patch_body(struct patch *patch, const struct ask *ask,
                       const struct language_target *target, struct arena *arena)
{
    const struct openai_ask_patch what = {
        .upstream_model = target->model,
        .output_cap = target->output_cap,
        .cap_member = span_of(target->tokens_member == NULL ? "max_tokens" : target->tokens_member),
        .compatible = target->compatible};

    return openai_patch_ask(patch, ask, &what, arena);
}
