/*
 * openai_answer_whole: events gathered and written as one chat.completion.
 */
#include "gateway/dialect/openai_language.h"

/* A copy of the text behind the others. */
static void append(struct answer_writer *writer, struct openai_texts *texts, struct span text)
{
    struct openai_text *item = openai_take(writer, sizeof(*item) + text.size + 1);
    char *copy;

    if (item == NULL)
        return;
    copy = (char *)(item + 1);
    if (text.size > 0)
        memcpy(copy, text.at, text.size);
    item->at = span_make(copy, text.size);
    if (texts->last == NULL)
        texts->first = item;
    else
        texts->last->next = item;
    texts->last = item;
}

static struct openai_call *find_call(struct openai_choice *choice, uint32_t tool)
{
    struct openai_call *call = choice->last_call;

    if (call != NULL && call->tool == tool)
        return call;
    for (call = choice->calls; call != NULL && call->tool != tool; call = call->next)
        continue;
    return call;
}

static void gather_call(struct answer_writer *writer, struct openai_choice *choice,
                        const struct answer_event *event)
{
    struct openai_call *call = openai_take(writer, sizeof(*call));
    struct buf id = buf_make(event->id.size + writer->id.size + 64);
    void *copies = openai_take(writer, event->id.size + event->name.size + writer->id.size + 128);

    if (call != NULL && copies != NULL) {
        openai_call_id(writer, event, &id);
        call->tool = event->tool;
        call->id = arena_span(writer->arena, buf_span(&id));
        call->name = arena_span(writer->arena, event->name);
        if (choice->last_call == NULL)
            choice->calls = call;
        else
            choice->last_call->next = call;
        choice->last_call = call;
    }
    buf_done(&id);
}

static void gather_to_call(struct answer_writer *writer, struct openai_choice *choice,
                           const struct answer_event *event)
{
    struct openai_call *call = find_call(choice, event->tool);

    if (call == NULL)
        return;
    append(writer, event->kind == EVENT_SIGNATURE ? &call->signature : &call->arguments,
           event->text);
}

static void gather_reasoning(struct answer_writer *writer, struct openai_choice *choice,
                             const struct answer_event *event)
{
    uint32_t before = choice->details;
    struct openai_detail *detail;

    (void)!openai_detail_index(choice, event->kind == EVENT_REDACTED);
    if (choice->details > before) {
        detail = openai_take(writer, sizeof(*detail));
        if (detail == NULL)
            return;
        detail->redacted = event->kind == EVENT_REDACTED;
        if (choice->last_detail == NULL)
            choice->first_detail = detail;
        else
            choice->last_detail->next = detail;
        choice->last_detail = detail;
    }
    detail = choice->last_detail;
    if (detail == NULL)
        return;
    append(writer, event->kind == EVENT_SIGNATURE ? &detail->signature : &detail->text,
           event->text);
    if (event->kind != EVENT_REASONING)
        detail->signer = event->signer;
    if (event->kind == EVENT_REASONING)
        append(writer, &choice->reasoning, event->text);
    if (event->kind == EVENT_SIGNATURE)
        choice->detail_open = false;
}

static void gather_image(struct answer_writer *writer, struct openai_choice *choice,
                         const struct answer_event *event)
{
    append(writer, &choice->images, event->type);
    append(writer, &choice->images, event->text);
}

static void gather_finish(struct openai_choice *choice, const struct answer_event *event)
{
    choice->finished = true;
    choice->finish = event->finish;
}

/* Where the texts of an event go that has nothing but one; NULL: elsewhere. */
static struct openai_texts *texts_of(struct openai_choice *choice, const struct answer_event *event)
{
    if (event->kind == EVENT_REASONING)
        return event->plan ? &choice->plan : NULL;
    return event->kind == EVENT_TEXT       ? &choice->text
           : event->kind == EVENT_REFUSAL  ? &choice->refusal
           : event->kind == EVENT_CITATION ? &choice->citations
           : event->kind == EVENT_LOGPROBS ? &choice->logprobs
                                           : NULL;
}

void openai_gather(struct answer_writer *writer, struct openai_choice *choice,
                   const struct answer_event *event)
{
    struct openai_texts *texts = texts_of(choice, event);

    choice->begun = true;
    if (texts != NULL)
        append(writer, texts, event->json.size > 0 ? event->json : event->text);
    else if (event->kind == EVENT_TOOL)
        gather_call(writer, choice, event);
    else if (event->kind == EVENT_ARGUMENTS || event->of_call)
        gather_to_call(writer, choice, event);
    else if (event->kind == EVENT_IMAGE)
        gather_image(writer, choice, event);
    else if (event->kind == EVENT_FINISH)
        gather_finish(choice, event);
    else
        gather_reasoning(writer, choice, event);
}

static void put_texts(struct json_writer *w, const char *name, const struct openai_texts *texts)
{
    json_name(w, name);
    buf_add_byte(w->out, '"');
    for (const struct openai_text *text = texts->first; text != NULL; text = text->next)
        buf_add_span(w->out, text->at);
    buf_add_byte(w->out, '"');
    w->comma = true;
}

static void put_null(struct json_writer *w, const char *name)
{
    json_name(w, name);
    json_write_null(w);
}

static void put_content(struct json_writer *w, const struct openai_choice *choice)
{
    if (choice->text.first != NULL || (choice->calls == NULL && choice->refusal.first == NULL))
        put_texts(w, "content", &choice->text);
    else
        put_null(w, "content");
    if (choice->refusal.first != NULL)
        put_texts(w, "refusal", &choice->refusal);
    else
        put_null(w, "refusal");
}

static void put_details(struct json_writer *w, const struct openai_choice *choice)
{
    uint32_t index = 0;

    if (choice->first_detail == NULL)
        return;
    json_name(w, "reasoning_details");
    json_begin(w, '[');
    for (const struct openai_detail *detail = choice->first_detail; detail != NULL;
         detail = detail->next) {
        json_begin(w, '{');
        json_put_cstring(w, "type", detail->redacted ? "reasoning.encrypted" : "reasoning.text");
        put_texts(w, detail->redacted ? "data" : "text", &detail->text);
        if (detail->signature.first != NULL)
            put_texts(w, "signature", &detail->signature);
        if (signer_format(detail->signer) != NULL)
            json_put_cstring(w, "format", signer_format(detail->signer));
        json_put_int64(w, "index", index++);
        json_end(w, '}');
    }
    json_end(w, ']');
}

static void put_call(struct json_writer *w, const struct openai_call *call)
{
    json_begin(w, '{');
    json_put_inside(w, "id", call->id);
    json_put_cstring(w, "type", "function");
    json_name(w, "function");
    json_begin(w, '{');
    json_put_inside(w, "name", call->name);
    if (call->arguments.first != NULL)
        put_texts(w, "arguments", &call->arguments);
    else
        json_put_cstring(w, "arguments", "{}");
    json_end(w, '}');
    if (call->signature.first != NULL) {
        json_name(w, "extra_content");
        json_begin(w, '{');
        json_name(w, "google");
        json_begin(w, '{');
        put_texts(w, "thought_signature", &call->signature);
        json_end(w, '}');
        json_end(w, '}');
    }
    json_end(w, '}');
}

static void put_calls(struct json_writer *w, const struct openai_choice *choice)
{
    if (choice->calls == NULL)
        return;
    json_name(w, "tool_calls");
    json_begin(w, '[');
    for (const struct openai_call *call = choice->calls; call != NULL; call = call->next)
        put_call(w, call);
    json_end(w, ']');
}

static void put_citations(struct json_writer *w, const struct openai_choice *choice)
{
    if (choice->citations.first == NULL)
        return;
    json_name(w, "annotations");
    json_begin(w, '[');
    for (const struct openai_text *item = choice->citations.first; item != NULL; item = item->next)
        json_write_raw(w, item->at);
    json_end(w, ']');
}

static void put_images(struct json_writer *w, const struct openai_choice *choice)
{
    const struct openai_text *type = choice->images.first;
    uint32_t index = 0;

    if (type == NULL)
        return;
    json_name(w, "images");
    json_begin(w, '[');
    for (; type != NULL && type->next != NULL; type = type->next->next) {
        json_begin(w, '{');
        json_put_cstring(w, "type", "image_url");
        json_name(w, "image_url");
        buf_add_string(w->out, "{\"url\":\"data:");
        buf_add_span(w->out, type->at);
        buf_add_string(w->out, ";base64,");
        buf_add_span(w->out, type->next->at);
        buf_add_string(w->out, "\"}");
        w->comma = true;
        json_put_int64(w, "index", index++);
        json_end(w, '}');
    }
    json_end(w, ']');
}

static void put_message(struct json_writer *w, const struct openai_choice *choice)
{
    json_name(w, "message");
    json_begin(w, '{');
    json_put_cstring(w, "role", "assistant");
    put_content(w, choice);
    if (choice->reasoning.first != NULL) {
        put_texts(w, "reasoning_content", &choice->reasoning);
        put_texts(w, "reasoning", &choice->reasoning);
    }
    if (choice->plan.first != NULL)
        put_texts(w, "tool_plan", &choice->plan);
    put_details(w, choice);
    put_calls(w, choice);
    put_citations(w, choice);
    put_images(w, choice);
    json_end(w, '}');
}

static void put_choice(struct json_writer *w, const struct openai_choice *choice, uint32_t index)
{
    json_begin(w, '{');
    json_put_int64(w, "index", index);
    put_message(w, choice);
    json_name(w, "logprobs");
    /* A whole answer has one object of them. */
    json_write_raw(w,
                   choice->logprobs.first != NULL ? choice->logprobs.first->at : span_of("null"));
    json_put_cstring(w, "finish_reason",
                     answer_finish_name(choice->finished        ? choice->finish
                                        : choice->calls != NULL ? FINISH_TOOL_CALLS
                                                                : FINISH_STOP));
    json_end(w, '}');
}

void openai_write_whole(struct answer_writer *writer, const struct openai_gathered *gathered)
{
    struct json_writer w = json_writer_make(writer->out);

    json_begin(&w, '{');
    json_name(&w, "id");
    buf_printf(writer->out, "\"chatcmpl-%.*s\"", SPAN_ARG(writer->id));
    w.comma = true;
    json_put_cstring(&w, "object", "chat.completion");
    json_put_int64(&w, "created", writer->created_s);
    json_put_inside(&w, "model", writer->model);
    json_name(&w, "choices");
    json_begin(&w, '[');
    for (uint32_t i = 0; i < ASK_CHOICES_MAX; i++)
        if (gathered->choices[i] != NULL)
            put_choice(&w, gathered->choices[i], i);
    json_end(&w, ']');
    if (gathered->usage.size > 0) {
        json_name(&w, "usage");
        json_write_raw(&w, gathered->usage);
    }
    json_end(&w, '}');
}
