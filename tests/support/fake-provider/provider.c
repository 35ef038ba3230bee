/*
 * provider: see the header. The order of what decides a call's faults, the last one wins: the
 * model's name, the path, the body, the header x-fake-fault, a rule of /control.
 */
#include "provider.h"

#include <errno.h>
#include <stdio.h>

#include "answer.h"
#include "ask.h"
#include "chat.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "pages.h"
#include "parts.h"
#include "responses.h"
#include "routes.h"
#include "signature.h"
#include "tokens.h"

#define ARENA_CHUNK 65536
#define ARENA_MAX ((size_t)80 << 20)
/* A stall without end, in numbers that can be added to a clock. */
#define TEN_YEARS_MS INT64_C(315360000000)

int provider_init(struct provider *provider, struct truth *truth,
                  const struct provider_options *options)
{
    *provider = (struct provider){
        .options = *options,
        .truth = truth,
        .rules = fault_rules_make(),
        .zero = count_make(COUNT_BYTES, options->millibytes_per_token),
        .issued = issued_new(options->token_key_path),
        .stored = stored_new(),
        .doc = json_doc_make(),
        .arena = arena_new(ARENA_CHUNK, ARENA_MAX),
    };
    digest_random(&provider->run, sizeof(provider->run));
    return provider->issued == NULL ? -EINVAL : 0;
}

void provider_done(struct provider *provider)
{
    fault_rules_done(&provider->rules);
    issued_free(provider->issued);
    stored_free(provider->stored);
    json_doc_done(&provider->doc);
    arena_free(provider->arena);
}

static void copy_text(struct span text, char *at, size_t capacity)
{
    size_t size = answer_cut(text, capacity - 1);

    if (size > 0)
        memcpy(at, text.at, size);
    at[size] = '\0';
}

/* The key that a client shows, wherever its dialect has it. */
static struct span key_of(const struct http_request *request)
{
    static const char *const names[] = {"authorization", "x-api-key", "api-key", "x-goog-api-key"};
    struct span value;

    for (size_t i = 0; i < array_size(names); i++) {
        value = http_header(request, names[i]);
        if (value.at != NULL)
            return span_starts(value, "Bearer ") ? span_part(value, 7, value.size) : value;
    }
    return http_query(request, "key");
}

static void note_arrival(struct provider *provider, struct arrival *arrival)
{
    const struct http_request *request = arrival->request;
    struct truth_entry *entry = &arrival->record.entry;
    int64_t attempt = 0;

    arrival->unix_ms = clock_wall_ms();
    arrival->id = answer_mix(provider->run, ++provider->calls);
    arrival->record.truth = provider->truth;
    arrival->record.start_us = clock_mono_us();
    arrival->record.request = truth_request_new(request);
    entry->endpoint = (uint8_t)arrival->route->endpoint;
    entry->dialect = arrival->dialect->name;
    entry->unix_ms = arrival->unix_ms;
    entry->id = arrival->id;
    copy_text(http_header(request, "x-tollgate-request-id"), entry->request_id,
              sizeof(entry->request_id));
    if (span_int64(http_header(request, "x-tollgate-attempt"), &attempt) == 0 && attempt > 0)
        entry->attempt = (uint8_t)(attempt > UINT8_MAX ? UINT8_MAX : attempt);
    copy_text(arrival->model, entry->model, sizeof(entry->model));
    copy_text(arrival->site, entry->site, sizeof(entry->site));
}

static void decide_spec(struct provider *provider, struct arrival *arrival)
{
    struct fault_spec *spec = &arrival->spec;
    size_t parts;

    *spec = fault_spec_make();
    fault_spec_apply_name(spec, arrival->model);
    fault_spec_apply_name(spec, arrival->site);
    if (arrival->route->body == BODY_JSON)
        ask_spec(&provider->doc, provider->arena, spec);
    if (arrival->route->body == BODY_PARTS)
        fault_spec_apply_tagged(spec, parts_find(arrival->request, "user", &parts));
    (void)fault_spec_apply(spec, http_header(arrival->request, "x-fake-fault"));
    fault_rules_apply(&provider->rules, spec, arrival->model, arrival->site,
                      key_of(arrival->request));
    /* By chance, since ids are mixed: in no step with whoever asks by turns. */
    if (spec->percent >= 0 && (int64_t)(arrival->id % 100) >= spec->percent)
        spec->fault = fault_at(0);
    arrival->record.entry.fault = (uint8_t)(spec->fault - fault_at(0));
}

/* The model that a request names, in its body or in its path. NULL, or what is wrong. */
static const char *find_model(struct provider *provider, struct arrival *arrival)
{
    const struct http_request *request = arrival->request;
    struct span *model = &arrival->model;
    size_t parts;

    if (arrival->route->body == BODY_JSON) {
        if (json_parse(&provider->doc, request->body, &json_limits_body) != JSON_OK ||
            json_kind(&provider->doc, 0) != JSON_OBJECT)
            return "we could not parse the JSON body of your request";
        if (json_string(&provider->doc, json_find(&provider->doc, 0, "model"), provider->arena,
                        model) != 0)
            *model = span_make(NULL, 0);
    }
    if (arrival->route->body == BODY_PARTS)
        *model = parts_find(request, "model", &parts);
    if (arrival->route->body == BODY_FORM)
        *model = span_of("token");
    if (model->size == 0)
        *model = route_model(request->path, provider->arena);
    if (model->size == 0)
        *model = span_of(arrival->route->model);
    if (model->size <= MODEL_BYTES_MAX && (model->size > 0 || arrival->route->body == BODY_NONE))
        return NULL;
    *model = span_make(NULL, 0);
    return "you must provide a model parameter";
}

/* Who is not who the call must come from is refused in the dialect's words. NULL: is let in. */
static struct call *check_caller(const struct provider *provider, const struct arrival *arrival)
{
    const struct provider_options *options = &provider->options;
    enum fault_kind fault = arrival->spec.fault->kind;
    const char *wrong;

    if (arrival->dialect == &token_dialect)
        return NULL;
    if (fault == FAULT_NEEDS_SIGNATURE ||
        (options->require_signature && arrival->dialect == &bedrock_dialect)) {
        wrong = signature_judge(arrival->request, options->aws_id, options->aws_secret,
                                arrival->unix_ms);
        return wrong == NULL ? NULL : chat_error(arrival, 403, wrong, NULL);
    }
    if ((fault == FAULT_NEEDS_TOKEN || options->require_token) &&
        !tokens_know(provider->issued, key_of(arrival->request)))
        return chat_error(arrival, 401, "Request had invalid authentication credentials.", NULL);
    return NULL;
}

struct call *provider_arrive(struct provider *provider, const struct http_request *request,
                             const struct route *route)
{
    struct arrival arrival = {.request = request,
                              .route = route,
                              .dialect = route->dialect,
                              .stream = route->stream,
                              .site = route_site(route, request->path)};
    const char *wrong = find_model(provider, &arrival);
    struct call *call;

    note_arrival(provider, &arrival);
    arrival.framed = span_is(http_query(request, "alt"), "sse");
    arrival.listed = route->dialect == &gemini_dialect && route->stream == 1 && !arrival.framed;
    if (wrong != NULL)
        return chat_error(&arrival, 400, wrong, "model");
    decide_spec(provider, &arrival);
    if (reply_is_instead(arrival.spec.fault->kind) &&
        arrival.spec.fault->kind != FAULT_STALL_BEFORE_HEAD)
        return chat_fault(&arrival);
    if (arrival.spec.fault->kind == FAULT_STALL_BEFORE_HEAD)
        arrival.spec.first_ms = arrival.spec.wait_ms < 0 ? TEN_YEARS_MS : arrival.spec.wait_ms;
    call = check_caller(provider, &arrival);
    if (call == NULL)
        call = route->answer(provider, &arrival);
    buf_done(&arrival.echo);
    return call;
}

struct call *provider_on_request(void *app, const struct http_request *request)
{
    struct provider *provider = app;
    bool other_method;
    const struct route *route = route_find(request, &other_method);

    arena_reset(provider->arena);
    if (route == NULL)
        return other_method ? error_page(405, "this path knows other methods")
                            : error_page(404, "no such path; see the README of the fake provider");
    return route->page != NULL ? route->page(provider, request)
                               : provider_arrive(provider, request, route);
}
