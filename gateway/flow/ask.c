/*
 * ask: the step that reads the client's body: what is asked for, what it counts, who may serve it.
 */
#include <stdio.h>

#include "common/base/digest.h"
#include "common/base/json_writer.h"
#include "gateway/dialect/ask_header.h"
#include "gateway/dialect/completions.h"
#include "gateway/dialect/languages.h"
#include "gateway/dialect/response_id.h"
#include "gateway/flow/choose.h"
#include "gateway/flow/onward.h"
#include "gateway/flow/parts.h"
#include "gateway/flow/served.h"
#include "gateway/flow/trace.h"
#include "gateway/meter/count_ask.h"

enum { COUNT_ANSWER_MAX = 128, MOCK_RETRY_MS = 1000 };

static enum go refuse(struct flow *flow, enum refusal refusal, const struct refusal_say *say)
{
    flow_refuse(flow, refusal, say);
    return GO_END;
}

/* In OpenAI's dialect; all others are chats. */
static const struct {
    enum endpoint endpoint;
    enum ask_kind kind;
} kinds[] = {
    {ENDPOINT_EMBEDDINGS, ASK_EMBEDDINGS},
    {ENDPOINT_COMPLETIONS, ASK_COMPLETIONS},
    {ENDPOINT_MODERATIONS, ASK_MODERATIONS},
    {ENDPOINT_RERANK, ASK_RERANK},
    {ENDPOINT_IMAGES, ASK_IMAGES},
    {ENDPOINT_IMAGE_EDITS, ASK_IMAGE_EDITS},
    {ENDPOINT_SPEECH, ASK_SPEECH},
    {ENDPOINT_TRANSCRIPTIONS, ASK_TRANSCRIPTIONS},
    {ENDPOINT_TRANSLATIONS, ASK_TRANSLATIONS},
    {ENDPOINT_RESPONSES, ASK_RESPONSES},
};

static enum ask_kind kind_of(const struct call *call)
{
    switch (call->dialect) {
    case REPLY_ANTHROPIC:
        return ASK_MESSAGES;
    case REPLY_GEMINI:
        return ASK_GENERATE;
    case REPLY_OPENAI:
    case REPLY_PROBLEM:
    case REPLY_DIALECTS:
        break;
    }
    for (size_t i = 0; i < array_size(kinds); i++)
        if (kinds[i].endpoint == call->endpoint)
            return kinds[i].kind;
    return ASK_CHAT;
}

/* The response to go on from: who keeps it, and under which id. */
static enum go pin(struct flow *flow)
{
    struct response_place place = {.project = flow->key->project};
    struct ask *ask = &flow->ask;
    struct buf quoted = buf_make(6 * (size_t)ASK_TEXT_MAX + 2);

    if (ask->previous.size > 0 && json_quote(&quoted, ask->previous) == 0)
        flow->previous.ours = arena_span(flow->arena, buf_span(&quoted));
    buf_done(&quoted);
    if (ask->previous.size == 0)
        return GO_NEXT;
    switch (response_id_read(&flow->worker->response_key, ask->previous, &place)) {
    case RESPONSE_ID_GOOD:
        break;
    case RESPONSE_ID_OURS:
        return refuse(flow, REFUSE_UNSUPPORTED,
                      &(struct refusal_say){.message = span_of(RESPONSES_NOT_KEPT),
                                            .param = "previous_response_id"});
    case RESPONSE_ID_UNKNOWN:
        return flow_refuse_previous(flow, "not found");
    }
    flow->pinned = true;
    flow->pinned_to = place.deployment;
    flow->pinned_account = place.account;
    flow->previous.own = ask->previous = place.id;
    return GO_NEXT;
}

/* A pseudonym that is the same for all requests of one end user of one tenant. */
static struct span end_user(struct flow *flow)
{
    struct sha256 hash;
    char *text;

    if (flow->ask.user.size == 0)
        return (struct span){0};
    hash = digest_hmac_sha256(uuid_span(&flow->key->tenant->id), flow->ask.user);
    text = arena_take(flow->arena, 2 * sizeof(hash) + 1);
    digest_hex(hash.at, sizeof(hash), text);
    return span_of(text);
}

static bool is_hex(struct span text, size_t size)
{
    for (size_t i = 0; i < text.size; i++)
        if (strchr("0123456789abcdef", text.at[i]) == NULL)
            return false;
    return text.size == size;
}

/* W3C Trace Context: version-trace_id-parent_id-flags. */
static void read_trace(struct flow *flow)
{
    struct usage_event *event = &flow->metering.event;
    struct span rest = httpd_header(flow->request, "traceparent");
    struct span version = span_cut(&rest, '-'), trace = span_cut(&rest, '-');
    struct span parent = span_cut(&rest, '-');

    if (!is_hex(version, 2) || !is_hex(trace, 32) || !is_hex(parent, 16))
        return;
    event->trace_id = arena_span(flow->arena, trace);
    event->parent_id = arena_span(flow->arena, parent);
}

static void begin_event(struct flow *flow)
{
    const struct ask *ask = &flow->ask;
    struct usage_event *event = &flow->metering.event;

    *event = (struct usage_event){.id = flow->call.id,
                                  .tenant = flow->key->tenant->id,
                                  .project = flow->key->project,
                                  .key = flow->key->id,
                                  .gateway = flow->worker->config.gateway,
                                  .journal = journal_id(flow->worker->journal),
                                  .cell = flow->key->tenant->cell,
                                  .start_ms = flow->call.start_ms,
                                  .test = flow->key->kind == KEY_TEST,
                                  .outcome = OUTCOME_NOT_DISPATCHED,
                                  .endpoint = span_of(endpoint_name(flow->call.endpoint)),
                                  .stream = ask->stream,
                                  .model_asked = ask->model,
                                  .client_request_id = flow->call.client_request_id,
                                  .session_id = ask->session_id,
                                  .end_user = end_user(flow),
                                  .first_token_ms = -1,
                                  .total_ms = -1,
                                  .overhead_us = -1};
    for (uint32_t i = 0; i < ask->tag_count && i < EVENT_TAGS_MAX; i++)
        event->tags[event->tag_count++] =
            (struct event_text){ask->tags[i].name, ask->tags[i].value};
    /* As OpenRouter's clients name themselves. */
    event->app = arena_span(flow->arena,
                            span_part(httpd_header(flow->request, "x-title"), 0, EVENT_TEXT_MAX));
    read_trace(flow);
    flow->metering.arrived_us = flow->call.arrived_us;
    flow->metering.counter = count_make(COUNT_BYTES, COUNT_MILLIBYTES_DEFAULT);
}

bool flow_read_chat(struct flow *flow)
{
    const struct client_language *client = flow->client;
    bool count = flow->call.endpoint == ENDPOINT_COUNT_TOKENS && client->read_count_ask != NULL;
    int (*read_ask)(const struct json_doc *doc, struct arena *arena, struct chat *chat_out,
                    const char **why_out, const char **member_out) =
        count ? client->read_count_ask : client->read_ask;
    int error;

    if (flow->chat_state != CHAT_UNREAD)
        return flow->chat_state == CHAT_READ;
    error = read_ask(&flow->ask_doc, flow->arena, &flow->chat, &flow->chat_why, &flow->chat_member);
    flow->chat_state = error == 0 ? CHAT_READ : CHAT_UNFIT;
    flow->chat.wish.stream = flow->ask.stream; /* a path may say it */
    return error == 0;
}

/* Texts, and tokens as such, however deep they stand. */
static void count_prompts(struct count *count, const struct json_doc *doc)
{
    uint32_t prompt = json_find(doc, 0, "prompt");

    for (uint32_t node = prompt; node < doc->nodes[prompt].next; node++) {
        struct span raw = json_raw(doc, node);

        if (json_kind(doc, node) == JSON_STRING)
            count_feed_json(count, span_part(raw, 1, raw.size - 2));
        else if (json_kind(doc, node) == JSON_NUMBER)
            count_add_tokens(count, 1);
    }
}

/* Now, because the body goes with its client. What our reader cannot take, its own provider may: it
 * is counted at its bound. */
static void count_input(struct flow *flow)
{
    struct count count = flow->metering.counter;

    if (ask_is_service(flow->ask.kind)) {
        served_measure(flow);
        return;
    }
    if (flow->ask.kind == ASK_CHAT)
        count_chat_input(&count, &flow->ask_doc, 0);
    else if (flow->ask.kind == ASK_EMBEDDINGS)
        count_embeddings_input(&count, &flow->ask_doc, 0);
    else if (flow->ask.kind == ASK_COMPLETIONS)
        count_prompts(&count, &flow->ask_doc);
    else if (flow_read_chat(flow))
        count_ask(&count, &flow->chat);
    else
        count_add_tokens(&count, flow->ask.input_bound);
    flow->metering.counted_input = count_tokens(&count);
}

/* "gemini-x" of …/models/gemini-x:generateContent; empty where no path names one. */
static struct span model_of_path(struct flow *flow)
{
    char id[ASK_NAME_MAX];

    return arena_span(flow->arena,
                      span_make(id, endpoint_model_id(flow->call.model, id, sizeof(id))));
}

/* Without alt=sse Gemini streams a JSON array. */
static bool asks_for_events(struct span query)
{
    while (query.at != NULL)
        if (span_is(span_cut(&query, '&'), "alt=sse"))
            return true;
    return false;
}

static const struct client_language *client_of(const struct flow *flow, enum ask_kind kind)
{
    if (kind == ASK_MESSAGES)
        return &anthropic_client;
    if (kind == ASK_COMPLETIONS)
        return &completions_client;
    if (kind == ASK_RESPONSES)
        return &responses_client;
    if (kind != ASK_GENERATE)
        return &openai_client;
    return flow->call.stream && !asks_for_events(httpd_query(flow->request)) ? &gemini_array_client
                                                                             : &gemini_client;
}

/* An estimate by our own counter, which is what an answer without usage would be charged by. */
static enum go answer_count(struct flow *flow)
{
    struct reply_head head = {.id = flow->call.id,
                              .client_request_id = flow->call.client_request_id,
                              .attempts = -1,
                              .overhead_us = out_overhead_us(flow)};
    char body[COUNT_ANSWER_MAX];
    int size;

    if (!flow_read_chat(flow))
        return refuse(
            flow, REFUSE_INVALID_VALUE,
            &(struct refusal_say){.message = span_of(flow->chat_why), .param = flow->chat_member});
    size = snprintf(body, sizeof(body),
                    flow->ask.kind == ASK_MESSAGES ? "{\"input_tokens\":%lld}"
                                                   : "{\"totalTokens\":%lld}",
                    (long long)flow->metering.counted_input);
    reply_answer(flow->request, 200, &head, span_of("application/json"),
                 span_make(body, (size_t)size));
    flow->status = 200;
    flow->request = NULL;
    return GO_END;
}

/* A body that is a form becomes the JSON of its fields. */
static enum ask_outcome read_form(struct flow *flow, struct ask_source *source,
                                  struct ask_refusal *why_out)
{
    struct span type = httpd_header(flow->request, "content-type");
    bool wanted = source->kind == ASK_TRANSCRIPTIONS || source->kind == ASK_TRANSLATIONS;
    enum ask_outcome outcome;

    if (!wanted && (source->kind != ASK_IMAGE_EDITS || !multipart_is(type)))
        return ASK_OK;
    flow->form = arena_take(flow->arena, sizeof(*flow->form));
    outcome = form_read(type, source->body, source->kind, flow->arena, flow->form, why_out);
    source->body = flow->form->json;
    return outcome;
}

static enum ask_outcome read_body(struct flow *flow, struct ask_refusal *why_out)
{
    struct ask_source source = {.kind = kind_of(&flow->call),
                                .body = httpd_body(flow->request),
                                .model = model_of_path(flow),
                                .stream = flow->call.stream};
    enum ask_outcome outcome = read_form(flow, &source, why_out);

    flow->client = client_of(flow, source.kind);
    return outcome == ASK_OK ? ask_read(&source, &flow->ask_doc, flow->arena, &flow->ask, why_out)
                             : outcome;
}

/* What headers say instead of members. */
static enum ask_outcome read_headers(struct flow *flow, struct ask_refusal *why_out)
{
    enum ask_outcome outcome = ASK_OK;
    const struct httpd_header *header;

    for (uint32_t n = 0; outcome == ASK_OK && (header = httpd_header_nth(flow->request, n)) != NULL;
         n++)
        if (span_starts(header->name, ASK_HEADER_PREFIX))
            outcome =
                ask_read_header(&flow->ask, header->name, header->value, flow->arena, why_out);
    return outcome;
}

static enum go refuse_as_mocked(struct flow *flow)
{
    return refuse(flow, REFUSE_PROVIDER_RATE,
                  &(struct refusal_say){
                      .message = span_of("This is the refusal that was asked for by "
                                         "'mock_testing_rate_limit_error': nothing was sent."),
                      .retry_after_ms = MOCK_RETRY_MS});
}

static enum go refuse_body(struct flow *flow, enum ask_outcome outcome,
                           const struct ask_refusal *why)
{
    const struct refusal_say say = {.message = span_of(why->message), .param = why->param};

    switch (outcome) {
    case ASK_OK:
    case ASK_INVALID:
        break;
    case ASK_MALFORMED:
        return refuse(flow, REFUSE_INVALID_REQUEST, &say);
    case ASK_UNSUPPORTED:
        return refuse(flow, REFUSE_UNSUPPORTED, &say);
    }
    return refuse(flow, REFUSE_INVALID_VALUE, &say);
}

static void note_cap(struct flow *flow)
{
    const struct ask *ask = &flow->ask;

    if (ask->max_tokens > 0 || ask->max_completion_tokens > 0)
        flow->output_cap = ask->max_tokens > ask->max_completion_tokens
                               ? ask->max_tokens
                               : ask->max_completion_tokens;
    else if (ask->kind == ASK_COMPLETIONS)
        flow->output_cap = COMPLETIONS_TOKENS_DEFAULT;
}

/* What needs no provider: it passes the key's rate, as one request. */
static enum go answer_here(struct flow *flow)
{
    if (flow->call.endpoint != ENDPOINT_COUNT_TOKENS && flow->call.endpoint != ENDPOINT_DRY_RUN)
        return GO_NEXT;
    if (flow_pass_rate(flow, 0) != GO_NEXT)
        return GO_END;
    return flow->call.endpoint == ENDPOINT_DRY_RUN ? trace_answer(flow) : answer_count(flow);
}

enum go flow_ask(struct flow *flow)
{
    struct ask_refusal why = {0};
    enum ask_outcome outcome = read_body(flow, &why);
    enum go go;

    if (outcome == ASK_OK)
        outcome = read_headers(flow, &why);
    if (outcome != ASK_OK)
        return refuse_body(flow, outcome, &why);
    note_cap(flow);
    begin_event(flow);
    count_input(flow);
    go = flow->ask.routing.mock_limit ? refuse_as_mocked(flow) : pin(flow);
    if (go == GO_NEXT)
        go = choose_candidates(flow);
    if (go != GO_NEXT)
        return go;
    onward_set_deadline(flow);
    return answer_here(flow);
}
