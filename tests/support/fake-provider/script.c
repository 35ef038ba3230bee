/*
 * script: see the header.
 */
#include "script.h"

#include "answer.h"
#include "common/base/mem.h"

#define TEXT_BYTES_MAX ((size_t)64 << 20)
#define TOKENS_OF_ALL_CHOICES_MAX 4000000
#define NATURAL_TOKENS_MIN 20
#define NATURAL_TOKENS_SPREAD 60
#define REASONING_DEFAULT 64
#define THINKING_DEFAULT 24

/* What is asked for and how much of it may be said. */
struct plan {
    const struct ask *ask;
    const struct json_doc *doc;
    const struct fault_spec *spec;
    uint64_t bytes_per_mille; /* of tokens: a thousand times the bytes of one */
    int64_t reasoning, thinking;
    int64_t visible_max; /* tokens of content or calls of one choice; INT64_MAX: no bound */
};

struct span script_text(const struct script *script, struct script_part part)
{
    return span_part(buf_span(&script->text), part.at, part.size);
}

static int64_t min_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static size_t bytes_of(const struct plan *plan, int64_t tokens)
{
    if (tokens > (int64_t)TEXT_BYTES_MAX)
        return TEXT_BYTES_MAX;
    return (size_t)((uint64_t)tokens * plan->bytes_per_mille / 1000);
}

static struct plan plan_make(const struct ask *ask, const struct json_doc *doc,
                             const struct fault_spec *spec, const struct count *zero)
{
    struct plan plan = {.ask = ask,
                        .doc = doc,
                        .spec = spec,
                        .bytes_per_mille = zero->millibytes_per_token,
                        .visible_max = INT64_MAX};

    plan.reasoning = spec->reasoning >= 0 ? spec->reasoning : 0;
    if (spec->reasoning < 0 && ask->model.size > 0 &&
        memmem(ask->model.at, ask->model.size, "reasoning", 9) != NULL)
        plan.reasoning = REASONING_DEFAULT;
    plan.thinking = spec->thinking >= 0 ? spec->thinking : ask->thinks ? THINKING_DEFAULT : 0;
    if (ask->cap_tokens >= 0) {
        plan.reasoning = min_of(plan.reasoning, ask->cap_tokens);
        plan.thinking = min_of(plan.thinking, ask->cap_tokens - plan.reasoning);
        plan.visible_max = ask->cap_tokens - plan.reasoning - plan.thinking;
    }
    return plan;
}

/* Writes one choice's content, uncut. */
static void write_content(const struct plan *plan, uint64_t seed, struct buf *out)
{
    const struct ask *ask = plan->ask;
    int64_t tokens = plan->spec->tokens;

    if (ask->format != ASK_TEXT) {
        answer_instance(seed, plan->doc, ask->schema, out);
        return;
    }
    if (tokens < 0 && span_starts(ask->last_text, "echo: ")) {
        buf_add_span(out, span_part(ask->last_text, 6, TEXT_BYTES_MAX / ASK_CHOICES_MAX));
        return;
    }
    if (tokens < 0)
        tokens = NATURAL_TOKENS_MIN + (int64_t)(answer_mix(seed, 0) % NATURAL_TOKENS_SPREAD);
    tokens = min_of(tokens, TOKENS_OF_ALL_CHOICES_MAX / ask->choices);
    answer_prose(seed, bytes_of(plan, tokens), out);
}

/* Where the first stop text stands, or the whole size. */
static size_t before_stop(const struct ask *ask, struct span text, struct span *stop_out)
{
    size_t size = text.size;

    *stop_out = span_make(NULL, 0);

    for (size_t i = 0; i < ask->stop_count; i++) {
        const char *at;

        if (ask->stops[i].size == 0 || size == 0)
            continue;
        at = memmem(text.at, size, ask->stops[i].at, ask->stops[i].size);
        if (at == NULL)
            continue;
        size = (size_t)(at - text.at);
        *stop_out = ask->stops[i];
    }
    return size;
}

/* An answer that began already is only ended, when it is the one that would have been given. */
static void go_on(struct script *script, struct span prefill, size_t from)
{
    struct span text = span_part(buf_span(&script->text), from, SIZE_MAX);

    if (prefill.size == 0 || text.size < prefill.size ||
        memcmp(text.at, prefill.at, prefill.size) != 0)
        return;
    memmove(script->text.at + from, script->text.at + from + prefill.size,
            text.size - prefill.size);
    script->text.size -= prefill.size;
}

/* What one choice says, as far as stop texts and the cap let it. */
static void say_content(struct script *script, const struct plan *plan, uint64_t seed,
                        struct script_choice *choice)
{
    size_t cap = plan->visible_max == INT64_MAX ? SIZE_MAX : bytes_of(plan, plan->visible_max);
    struct span text, stop;

    write_content(plan, seed, &script->text);
    go_on(script, plan->ask->prefill, choice->content.at);
    text = span_part(buf_span(&script->text), choice->content.at, SIZE_MAX);
    choice->content.size = before_stop(plan->ask, text, &stop);
    choice->finish = stop.size > 0 ? FINISH_STOP_SEQUENCE : FINISH_STOP;
    if (choice->content.size > cap) {
        choice->content.size = answer_cut(text, cap);
        choice->finish = FINISH_LENGTH;
    }
    script->text.size = choice->content.at + choice->content.size;
    choice->stop = (struct script_part){script->text.size, stop.size};
    if (choice->finish == FINISH_STOP_SEQUENCE)
        buf_add_span(&script->text, stop);
}

static void make_choice(struct script *script, const struct plan *plan, uint64_t seed,
                        struct script_choice *choice)
{
    choice->thinking.at = script->text.size;
    if (plan->thinking > 0)
        answer_prose(answer_mix(seed, 1), bytes_of(plan, plan->thinking), &script->text);
    choice->thinking.size = script->text.size - choice->thinking.at;
    choice->content.at = script->text.size;
    choice->finish = FINISH_CALLS;
    if (script->call_count == 0)
        say_content(script, plan, seed, choice);
}

/* Names and arguments of the calls; none when the cap leaves no room for all of them, since half
 * of a call is of no use to a test. */
static void make_calls(struct script *script, const struct plan *plan)
{
    const struct ask *ask = plan->ask;
    size_t start = script->text.size;

    for (size_t i = 0; i < ask->call_count; i++) {
        script->calls[i].name = (struct script_part){script->text.size, ask->calls[i].name.size};
        buf_add_span(&script->text, ask->calls[i].name);
        script->calls[i].arguments.at = script->text.size;
        answer_instance(answer_mix(ask->seed, i), plan->doc, ask->calls[i].parameters,
                        &script->text);
        script->calls[i].arguments.size = script->text.size - script->calls[i].arguments.at;
    }
    script->call_count = ask->call_count;
    if (plan->visible_max != INT64_MAX &&
        script->text.size - start > bytes_of(plan, plan->visible_max)) {
        script->text.size = start;
        script->call_count = 0;
    }
}

static void make_usage(struct script *script, const struct plan *plan, const struct count *zero,
                       const struct count *input)
{
    struct count output = *zero, thinking = *zero;

    for (size_t i = 0; i < script->choice_count; i++) {
        count_feed(&thinking, script_text(script, script->choices[i].thinking));
        count_feed(&output, script_text(script, script->choices[i].thinking));
        count_feed(&output, script_text(script, script->choices[i].content));
        for (size_t c = 0; c < script->call_count; c++) {
            count_feed(&output, script_text(script, script->calls[c].name));
            count_feed(&output, script_text(script, script->calls[c].arguments));
        }
    }
    script->input_tokens = count_tokens(input);
    if (plan->spec->cached >= 0)
        script->cached_tokens = min_of(plan->spec->cached, script->input_tokens);
    else if (plan->ask->marked_cached)
        script->cached_tokens = script->input_tokens / 2;
    if (plan->spec->written >= 0)
        script->written_tokens =
            min_of(plan->spec->written, script->input_tokens - script->cached_tokens);
    if (plan->spec->written_1h >= 0)
        script->written_1h_tokens =
            min_of(plan->spec->written_1h,
                   script->input_tokens - script->cached_tokens - script->written_tokens);
    script->output_tokens = count_tokens(&output) + plan->reasoning;
    script->reasoning_tokens = count_tokens(&thinking) + plan->reasoning;
}

void script_make(struct script *script_out, const struct ask *ask, const struct json_doc *doc,
                 const struct fault_spec *spec, const struct count *zero, const struct count *input)
{
    struct plan plan = plan_make(ask, doc, spec, zero);
    struct script script = {.text = buf_make(TEXT_BYTES_MAX + (1 << 20)),
                            .choice_count = (size_t)ask->choices};

    memcpy(script.finish, spec->finish, sizeof(script.finish));
    script.choices = mem_array(script.choice_count, sizeof(*script.choices));
    *script_out = script;
    make_calls(script_out, &plan);
    for (size_t i = 0; i < script.choice_count; i++)
        make_choice(script_out, &plan, answer_mix(ask->seed, i), &script_out->choices[i]);
    must(!buf_failed(&script_out->text));
    make_usage(script_out, &plan, zero, input);
}

void script_say(struct script *script, const char *text)
{
    script->choices[0] = (struct script_choice){.content = {script->text.size, strlen(text)}};
    buf_add_string(&script->text, text);
    script->choice_count = 1;
    script->call_count = 0;
}

void script_done(struct script *script)
{
    buf_done(&script->text);
    mem_free(script->choices);
    *script = (struct script){0};
}
