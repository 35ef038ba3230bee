/*
 * gemini_gather: what of an answer is not written at once.
 */
#include "gateway/dialect/gemini_answer.h"

static const struct json_limits limits_value = {
    .max_bytes = (size_t)8 << 20, .max_depth = 64, .max_nodes = 200000};

/* ---- parts ---- */

static struct gemini_part *add_part(struct answer_writer *writer,
                                    struct gemini_candidate *candidate,
                                    const struct answer_event *event)
{
    size_t names = event->id.size + event->name.size + event->type.size;
    struct gemini_part *part = gemini_answer_take(writer, sizeof(*part) + names + 64);

    if (part == NULL)
        return NULL;
    part->kind = event->kind == EVENT_REFUSAL     ? EVENT_TEXT
                 : event->kind == EVENT_SIGNATURE ? EVENT_REASONING
                                                  : event->kind;
    part->tool = event->tool;
    part->id = arena_span(writer->arena, event->id);
    part->name = arena_span(writer->arena, event->name);
    part->type = arena_span(writer->arena, event->type);
    if (candidate->last == NULL)
        candidate->parts = part;
    else
        candidate->last->next = part;
    candidate->last = part;
    return part;
}

static struct gemini_part *find_call(const struct gemini_candidate *candidate, uint32_t tool)
{
    struct gemini_part *part = candidate->last;

    if (part != NULL && part->kind == EVENT_TOOL && part->tool == tool)
        return part;
    for (part = candidate->parts; part != NULL; part = part->next)
        if (part->kind == EVENT_TOOL && part->tool == tool)
            return part;
    return NULL;
}

/* The part that goes on with this event, or NULL when one begins. */
static struct gemini_part *part_of(const struct gemini_candidate *candidate,
                                   const struct answer_event *event)
{
    struct gemini_part *last = candidate->last;

    if (event->kind == EVENT_ARGUMENTS || (event->kind == EVENT_SIGNATURE && event->of_call))
        return find_call(candidate, event->tool);
    if (last == NULL || event->kind == EVENT_TOOL || event->kind == EVENT_IMAGE)
        return NULL;
    if (event->kind == EVENT_REASONING || event->kind == EVENT_SIGNATURE)
        return last->kind == EVENT_REASONING && last->signature.first == NULL ? last : NULL;
    return last->kind == EVENT_TEXT ? last : NULL;
}

void gemini_gather_part(struct answer_writer *writer, struct gemini_candidate *candidate,
                        const struct answer_event *event)
{
    struct gemini_part *part = part_of(candidate, event);

    if (part == NULL && event->kind == EVENT_ARGUMENTS)
        return;
    if (part == NULL)
        part = add_part(writer, candidate, event);
    if (part != NULL && event->kind == EVENT_SIGNATURE && !event->of_call &&
        event->signer != SIGNER_GEMINI && part->signature.first == NULL)
        gemini_append(writer, &part->signature, span_of(signer_mark(event->signer)));
    if (part != NULL)
        gemini_append(writer, event->kind == EVENT_SIGNATURE ? &part->signature : &part->text,
                      event->text);
}

/* Whether it is an object; then its text is at the end of `decoded`. */
static bool decode_object(const struct gemini_texts *texts, struct buf *inside, struct buf *decoded)
{
    struct json_doc doc = json_doc_make();
    bool object;

    /* Joined first: an escaped pair of surrogates may have been cut. */
    for (const struct gemini_text *item = texts->first; item != NULL; item = item->next)
        buf_add_span(inside, item->at);
    (void)json_unescape(buf_span(inside), decoded);
    object = !buf_failed(inside) && !buf_failed(decoded) &&
             json_parse(&doc, buf_span(decoded), &limits_value) == JSON_OK &&
             json_kind(&doc, 0) == JSON_OBJECT;
    json_doc_done(&doc);
    return object;
}

static void write_args(struct json_writer *w, const struct gemini_texts *texts)
{
    struct buf inside = buf_make(limits_value.max_bytes);
    struct buf decoded = buf_make(limits_value.max_bytes);
    struct span text;

    json_name(w, "args");
    if (decode_object(texts, &inside, &decoded)) {
        json_write_raw(w, buf_span(&decoded));
    } else {
        text = span_trim(buf_span(&decoded));
        json_begin(w, '{');
        if (text.size > 0 && !span_is(text, "null"))
            gemini_put_texts(w, "_arguments", texts);
        json_end(w, '}');
    }
    buf_done(&decoded);
    buf_done(&inside);
}

static void write_call(struct json_writer *w, const struct gemini_part *part)
{
    json_name(w, "functionCall");
    json_begin(w, '{');
    if (part->id.size > 0)
        json_put_inside(w, "id", part->id);
    json_put_inside(w, "name", part->name);
    write_args(w, &part->text);
    json_end(w, '}');
}

void gemini_write_parts(struct json_writer *w, const struct gemini_candidate *candidate)
{
    for (const struct gemini_part *part = candidate->parts; part != NULL; part = part->next) {
        json_begin(w, '{');
        if (part->kind == EVENT_TOOL) {
            write_call(w, part);
        } else if (part->kind == EVENT_IMAGE) {
            json_name(w, "inlineData");
            json_begin(w, '{');
            json_put_inside(w, "mimeType", part->type);
            gemini_put_texts(w, "data", &part->text);
            json_end(w, '}');
        } else {
            gemini_put_texts(w, "text", &part->text);
            if (part->kind == EVENT_REASONING)
                json_put_bool(w, "thought", true);
        }
        if (part->signature.first != NULL)
            gemini_put_texts(w, "thoughtSignature", &part->signature);
        json_end(w, '}');
    }
}

/* ---- logprobs ---- */

static void write_token(const struct json_doc *doc, uint32_t token, struct json_writer *w)
{
    uint32_t logprob = json_find(doc, token, "logprob");

    json_begin(w, '{');
    json_put_inside(w, "token", json_inside(doc, json_find(doc, token, "token")));
    if (json_is(doc, logprob, JSON_NUMBER)) {
        json_name(w, "logProbability");
        json_write_raw(w, json_raw(doc, logprob));
    }
    json_end(w, '}');
}

static void write_tops(const struct json_doc *doc, uint32_t tops, struct json_writer *w)
{
    json_begin(w, '{');
    json_name(w, "candidates");
    json_begin(w, '[');
    for (uint32_t one = gemini_first(doc, tops); one != JSON_NONE;
         one = gemini_after(doc, tops, one))
        write_token(doc, one, w);
    json_end(w, ']');
    json_end(w, '}');
}

void gemini_gather_logprobs(struct answer_writer *writer, struct gemini_candidate *candidate,
                            struct span json)
{
    struct json_doc doc = json_doc_make();
    struct buf chosen = buf_make(limits_value.max_bytes), top = buf_make(limits_value.max_bytes);
    struct json_writer chosen_w = json_writer_make(&chosen), top_w = json_writer_make(&top);

    chosen_w.comma = top_w.comma = candidate->chosen.first != NULL;
    if (json_parse(&doc, json, &limits_value) == JSON_OK) {
        uint32_t content = json_find(&doc, 0, "content");
        for (uint32_t one = gemini_first(&doc, content); one != JSON_NONE;
             one = gemini_after(&doc, content, one)) {
            write_token(&doc, one, &chosen_w);
            write_tops(&doc, json_find(&doc, one, "top_logprobs"), &top_w);
        }
    }
    if (!buf_failed(&chosen) && !buf_failed(&top)) {
        gemini_append(writer, &candidate->chosen, buf_span(&chosen));
        gemini_append(writer, &candidate->top, buf_span(&top));
    }
    buf_done(&chosen);
    buf_done(&top);
    json_doc_done(&doc);
}

static void write_list(struct json_writer *w, const char *name, const struct gemini_texts *texts)
{
    json_name(w, name);
    json_begin(w, '[');
    for (const struct gemini_text *item = texts->first; item != NULL; item = item->next)
        buf_add_span(w->out, item->at);
    json_end(w, ']');
}

/* ---- citations ---- */

static void write_citation(struct json_writer *w, struct json_doc *doc, struct span json)
{
    uint32_t at = 0, from, to, url, title;

    if (json_parse(doc, json, &limits_value) != JSON_OK)
        return;
    if (json_find(doc, 0, "url_citation") != JSON_NONE)
        at = json_find(doc, 0, "url_citation");
    from = json_find(doc, at, "start_index");
    to = json_find(doc, at, "end_index");
    url = json_find(doc, at, "url");
    title = json_find(doc, at, "title");
    if (!json_is(doc, url, JSON_STRING))
        return;
    json_begin(w, '{');
    if (json_is(doc, from, JSON_NUMBER) && json_is(doc, to, JSON_NUMBER)) {
        json_name(w, "startIndex");
        json_write_raw(w, json_raw(doc, from));
        json_name(w, "endIndex");
        json_write_raw(w, json_raw(doc, to));
    }
    json_put_inside(w, "uri", json_inside(doc, url));
    if (json_is(doc, title, JSON_STRING))
        json_put_inside(w, "title", json_inside(doc, title));
    json_end(w, '}');
}

void gemini_write_extras(struct json_writer *w, const struct gemini_candidate *candidate)
{
    struct json_doc doc = json_doc_make();

    if (candidate->citations.first != NULL) {
        json_name(w, "citationMetadata");
        json_begin(w, '{');
        json_name(w, "citationSources");
        json_begin(w, '[');
        for (const struct gemini_text *item = candidate->citations.first; item != NULL;
             item = item->next)
            write_citation(w, &doc, item->at);
        json_end(w, ']');
        json_end(w, '}');
    }
    if (candidate->chosen.first != NULL) {
        json_name(w, "logprobsResult");
        json_begin(w, '{');
        write_list(w, "topCandidates", &candidate->top);
        write_list(w, "chosenCandidates", &candidate->chosen);
        json_end(w, '}');
    }
    json_doc_done(&doc);
}

/* ---- usage ---- */

void gemini_write_usage(struct json_writer *w, const struct answer_usage *usage,
                        struct span members)
{
    const struct meters *m = usage->shown.present != 0 ? &usage->shown : &usage->meters;
    int64_t output =
        m->count[METER_OUTPUT] + m->count[METER_OUTPUT_AUDIO] + m->count[METER_OUTPUT_IMAGE];
    int64_t thoughts = m->count[METER_REASONING];

    if (usage->state != ANSWER_USAGE_GOOD)
        return;
    json_name(w, "usageMetadata");
    json_begin(w, '{');
    json_put_int64(w, "promptTokenCount", meters_prompt(m));
    json_put_int64(w, "candidatesTokenCount", output - thoughts);
    if (meters_has(m, METER_CACHE_READ))
        json_put_int64(w, "cachedContentTokenCount", m->count[METER_CACHE_READ]);
    if (meters_has(m, METER_REASONING))
        json_put_int64(w, "thoughtsTokenCount", thoughts);
    json_put_int64(w, "totalTokenCount", meters_prompt(m) + output);
    if (members.size > 0) {
        buf_add_byte(w->out, ',');
        buf_add_span(w->out, members);
    }
    json_end(w, '}');
}
