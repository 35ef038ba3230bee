/*
 * responses-stored: the responses that can be read, gone on from, cancelled and deleted: the last
 * ones, in memory.
 */
#include <stdio.h>

#include "answer.h"
#include "chat.h"
#include "common/base/json_writer.h"
#include "common/base/mem.h"
#include "responses.h"

#define STORED_MAX 512
#define ECHO_BYTES_MAX ((size_t)4 << 20)
#define STORED_BYTES_MAX ((size_t)256 << 10) /* of one; longer ones are not kept */
#define ID_BYTES 40

enum progress { QUEUED, IN_PROGRESS, DONE, CANCELLED };

struct one {
    char id[ID_BYTES]; /* "" when the place is free */
    enum progress progress;
    struct buf forms[DONE + 2]; /* owned; as it reads in each progress */
    struct buf items; /* owned; of its input, as JSON between commas, the last one first */
    int64_t tokens;   /* of all that it stands on */
};

struct stored {
    struct one at[STORED_MAX];
    size_t next;
};

struct stored *stored_new(void)
{
    return mem_new(sizeof(struct stored));
}

static void one_done(struct one *one)
{
    for (size_t i = 0; i < array_size(one->forms); i++)
        buf_done(&one->forms[i]);
    buf_done(&one->items);
    *one = (struct one){0};
}

void stored_free(struct stored *stored)
{
    if (stored == NULL)
        return;
    for (size_t i = 0; i < STORED_MAX; i++)
        one_done(&stored->at[i]);
    mem_free(stored);
}

static struct one *find(struct stored *stored, struct span id)
{
    for (size_t i = 0; i < STORED_MAX; i++)
        if (id.size > 0 && span_is(id, stored->at[i].id))
            return &stored->at[i];
    return NULL;
}

/* What a response repeats of its request, with OpenAI's defaults. */
static const struct {
    const char *name, *otherwise;
} echoes[] = {
    {"background", "false"},
    {"instructions", "null"},
    {"max_output_tokens", "null"},
    {"metadata", "{}"},
    {"parallel_tool_calls", "true"},
    {"previous_response_id", "null"},
    {"reasoning", "{\"effort\":null,\"summary\":null}"},
    {"service_tier", "\"default\""},
    {"store", "true"},
    {"temperature", "1.0"},
    {"text", "{\"format\":{\"type\":\"text\"},\"verbosity\":\"medium\"}"},
    {"tool_choice", "\"auto\""},
    {"tools", "[]"},
    {"top_p", "1.0"},
    {"truncation", "\"disabled\""},
    {"user", "null"},
};

static void write_echo(const struct json_doc *doc, struct buf *out)
{
    for (size_t i = 0; i < array_size(echoes); i++) {
        uint32_t node = json_find(doc, 0, echoes[i].name);

        buf_printf(out, ",\"%s\":", echoes[i].name);
        if (json_is_null(doc, node))
            buf_add_string(out, echoes[i].otherwise);
        else
            buf_add_span(out, json_raw(doc, node));
    }
}

static bool is_true(const struct json_doc *doc, const char *name, bool otherwise)
{
    bool value = otherwise;

    return json_bool(doc, json_find(doc, 0, name), &value) == 0 ? value : otherwise;
}

/* An input item with an id before its own members. */
static void put_item(const struct json_doc *doc, uint32_t item, uint64_t id, size_t index,
                     struct buf *out)
{
    struct span raw = json_raw(doc, item), inside = span_part(raw, 1, raw.size);

    if (json_kind(doc, item) == JSON_STRING) {
        buf_printf(out,
                   "{\"id\":\"msg_in%016llx%zx\",\"type\":\"message\",\"role\":\"user\","
                   "\"status\":\"completed\",\"content\":[{\"type\":\"input_text\",\"text\":",
                   (unsigned long long)id, index);
        buf_add_span(out, raw);
        buf_add_string(out, "}]}");
    } else if (json_find(doc, item, "id") != JSON_NONE || json_kind(doc, item) != JSON_OBJECT) {
        buf_add_span(out, raw);
    } else {
        buf_printf(out, "{\"id\":\"msg_in%016llx%zx\",", (unsigned long long)id, index);
        buf_add_span(out, inside);
    }
}

/* Each item is put before the earlier ones. */
static void put_items(const struct json_doc *doc, uint64_t id, struct buf *out)
{
    uint32_t input = json_find(doc, 0, "input");
    struct buf earlier = buf_make(STORED_BYTES_MAX);
    size_t index = 0;

    if (json_kind(doc, input) == JSON_STRING) {
        put_item(doc, input, id, 0, out);
        buf_done(&earlier);
        return;
    }
    for (uint32_t item = json_first(doc, input); item != JSON_NONE && index < 256;
         item = json_after(doc, input, item)) {
        buf_clear(&earlier);
        buf_add_span(&earlier, buf_span(out));
        buf_clear(out);
        put_item(doc, item, id, index++, out);
        if (earlier.size > 0)
            buf_add_byte(out, ',');
        buf_add_span(out, buf_span(&earlier));
    }
    buf_done(&earlier);
}

void responses_begin(struct provider *provider, struct arrival *arrival, struct telling *telling)
{
    static const char *const statuses[] = {"queued", "in_progress", "completed", "cancelled"};
    const struct json_doc *doc = &provider->doc;
    struct one *one;
    bool failed = false;

    if (!is_true(doc, "store", true))
        return;
    one = &provider->stored->at[provider->stored->next++ % STORED_MAX];
    one_done(one);
    snprintf(one->id, sizeof(one->id), "resp_%016llx", (unsigned long long)arrival->id);
    for (size_t i = 0; i < array_size(statuses); i++) {
        one->forms[i] = buf_make(STORED_BYTES_MAX);
        responses_write(telling, statuses[i], &one->forms[i]);
        failed = failed || buf_failed(&one->forms[i]);
    }
    one->items = buf_make(STORED_BYTES_MAX);
    put_items(doc, arrival->id, &one->items);
    one->tokens = telling->script->input_tokens + telling->script->output_tokens;
    one->progress = is_true(doc, "background", false) ? QUEUED : DONE;
    telling->queued = one->progress == QUEUED;
    if (failed || buf_failed(&one->items))
        one_done(one);
}

static struct call *not_found(const struct arrival *arrival, struct span id)
{
    char message[160];

    snprintf(message, sizeof(message), "Response with id '%.*s' not found.",
             (int)(id.size < 80 ? id.size : 80), id.at);
    return chat_error(arrival, 404, message, NULL);
}

/* A copy of what it reads as now. */
static struct call *tell(const struct arrival *arrival, const struct one *one)
{
    struct buf body = buf_make(STORED_BYTES_MAX);

    buf_add_span(&body, buf_span(&one->forms[one->progress]));
    return chat_reply(arrival, "application/json", body);
}

struct call *responses_create(struct provider *provider, struct arrival *arrival)
{
    const struct json_doc *doc = &provider->doc;
    uint32_t previous = json_find(doc, 0, "previous_response_id");
    const struct one *one;
    struct span id;

    if (!json_is_null(doc, previous)) {
        one = json_string(doc, previous, provider->arena, &id) == 0 ? find(provider->stored, id)
                                                                    : NULL;
        if (one == NULL)
            return chat_error(arrival, 400, "Previous response not found.", "previous_response_id");
        arrival->earlier_tokens = one->tokens;
    }
    arrival->echo = buf_make(ECHO_BYTES_MAX);
    write_echo(doc, &arrival->echo);
    if (buf_failed(&arrival->echo))
        return chat_error(arrival, 400, "the request is too large for the sandbox", NULL);
    return chat_call(provider, arrival);
}

static struct call *items_of(const struct arrival *arrival, const struct one *one)
{
    struct buf body = buf_make(STORED_BYTES_MAX + 4096);

    buf_add_string(&body, "{\"object\":\"list\",\"data\":[");
    buf_add_span(&body, buf_span(&one->items));
    buf_add_string(&body, "],\"has_more\":false}\n");
    return chat_reply(arrival, "application/json", body);
}

static struct call *forget(const struct arrival *arrival, struct one *one)
{
    struct buf body = buf_make(256);

    buf_printf(&body, "{\"id\":\"%s\",\"object\":\"response\",\"deleted\":true}\n", one->id);
    one_done(one);
    return chat_reply(arrival, "application/json", body);
}

static struct call *cancel(const struct arrival *arrival, struct one *one)
{
    if (one->progress == DONE)
        return chat_error(arrival, 400, "Cannot cancel a completed response.", NULL);
    one->progress = CANCELLED;
    return tell(arrival, one);
}

struct call *responses_stored(struct provider *provider, struct arrival *arrival)
{
    const struct http_request *request = arrival->request;
    const char *at = memmem(request->path.at, request->path.size, "/responses/", 11);
    struct span verb =
        span_part(request->path, (size_t)(at - request->path.at) + 11, request->path.size);
    struct span id = span_cut(&verb, '/');
    struct one *one = find(provider->stored, id);

    if (one == NULL)
        return not_found(arrival, id);
    if (span_is(request->method, "DELETE") && verb.size == 0)
        return forget(arrival, one);
    if (span_is(request->method, "POST") && span_is(verb, "cancel"))
        return cancel(arrival, one);
    if (span_is(request->method, "GET") && span_is(verb, "input_items"))
        return items_of(arrival, one);
    if (!span_is(request->method, "GET") || verb.size > 0)
        return chat_error(arrival, 404, "no such path", NULL);
    /* One that runs in the background gets on each time it is looked at. */
    if (one->progress < DONE)
        one->progress++;
    return tell(arrival, one);
}
