/*
 * chat: see the header. Floods are made here: an answer whose one text is a marker is written to
 * memory, and what floods goes where the marker is.
 */
#include "chat.h"

#include <stdio.h>

#include "common/base/mem.h"
#include "usage.h"

#define BODY_BYTES_MAX ((size_t)160 << 20)
#define EVENT_BYTES_MAX ((size_t)32 << 20)
#define FLOOD_BYTES_DEFAULT (INT64_C(100) << 20)
#define FLOOD_MARK "[[flood]]"

static void write_extra(const struct dialect *dialect, uint64_t id, struct reply *reply)
{
    snprintf(reply->extra_text, sizeof(reply->extra_text), "%s: req_%016llx\r\n",
             dialect->request_id_header, (unsigned long long)id);
}

/* An error answer with its head; `more` is header lines. */
static struct call *error_reply(const struct arrival *arrival, struct error_told *error,
                                const struct fault_spec *spec, const char *more)
{
    const struct dialect *dialect = arrival->dialect;
    struct reply reply = {.status = error->status,
                          .content_type = "application/json",
                          .body = buf_make(8192),
                          .record = arrival->record,
                          .spec = *spec};
    struct buf head = buf_make(sizeof(reply.extra_text) - 1);

    write_extra(dialect, arrival->id, &reply);
    buf_add_string(&head, reply.extra_text);
    buf_add_string(&head, more);
    if (dialect->write_error_head != NULL)
        dialect->write_error_head(error, &head);
    error->listed = arrival->listed;
    snprintf(reply.extra_text, sizeof(reply.extra_text), "%s", head.at);
    buf_done(&head);
    dialect->write_error(error, &reply.body);
    record_bills_nothing(&reply.record);
    return reply_whole(&reply);
}

struct call *chat_error(const struct arrival *arrival, int status, const char *message,
                        const char *param)
{
    struct fault_spec spec = fault_spec_make();
    struct error_told error = {.status = status,
                               .message = message,
                               .param = param,
                               .type = "invalid_request_error",
                               .id = arrival->id};

    return error_reply(arrival, &error, &spec, "");
}

struct error_told chat_inner_error(const struct fault_spec *spec, uint64_t id,
                                   char message_out[128])
{
    const struct fault *fault = spec->fault;

    snprintf(message_out, 128, "The sandbox provider was asked for this: %s", fault->about);
    return (struct error_told){.status = spec->status < 0 ? 503 : (int)spec->status,
                               .message = message_out,
                               .code = fault->code,
                               .type = fault->type == NULL ? "server_error" : fault->type,
                               .id = id};
}

struct call *chat_fault(const struct arrival *arrival)
{
    const struct fault_spec *spec = &arrival->spec;
    int64_t retry_after_s = spec->retry_after_s;
    char message[128], retry[48] = "";
    struct error_told error = chat_inner_error(spec, arrival->id, message);

    error.status = spec->fault->status;
    if (retry_after_s < 0 && (error.status == 429 || error.status == 503))
        retry_after_s = 1;
    if (retry_after_s >= 0)
        snprintf(retry, sizeof(retry), "retry-after: %lld\r\n", (long long)retry_after_s);
    return error_reply(arrival, &error, spec, retry);
}

struct call *chat_reply(const struct arrival *arrival, const char *content_type, struct buf body)
{
    struct reply reply = {.status = 200,
                          .content_type = content_type,
                          .body = body,
                          .record = arrival->record,
                          .spec = arrival->spec};
    char message[128];

    must(!buf_failed(&body));
    if (arrival->spec.fault->kind == FAULT_ERROR_MID) {
        struct error_told error = chat_inner_error(&arrival->spec, arrival->id, message);

        buf_clear(&reply.body);
        arrival->dialect->write_error(&error, &reply.body);
    }
    write_extra(arrival->dialect, arrival->id, &reply);
    return reply_whole(&reply);
}

/* The whole of an answer in the form that was asked for, in one go. */
static void write_all(struct telling *telling, bool stream, struct buf *out)
{
    const struct dialect *dialect = telling->dialect;
    struct span text = span_of(FLOOD_MARK);
    struct said said = {.finish = telling_finish(telling, 0), .usage = USAGE_RIGHT};
    static const struct {
        enum say kind;
        enum part part;
    } order[] = {
        {SAY_BEGIN, PART_BEGIN},   {SAY_OPEN, PART_CONTENT},  {SAY_TEXT, PART_CONTENT},
        {SAY_CLOSE, PART_CONTENT}, {SAY_FINISH, PART_FINISH}, {SAY_USAGE, PART_OVER},
        {SAY_END, PART_OVER},
    };

    if (!stream) {
        dialect->write_whole(telling, out);
        return;
    }
    for (size_t i = 0; i < array_size(order); i++) {
        said.kind = order[i].kind;
        said.part = order[i].part;
        said.text = said.kind == SAY_TEXT ? text : span_make(NULL, 0);
        if (said.kind == SAY_USAGE &&
            (!dialect->usage_apart || (dialect->usage_when_asked && !telling->include_usage)))
            continue;
        dialect->say(telling, &said, out);
    }
}

/* One text of any size. */
static struct call *flood(struct arrival *arrival, struct telling *telling, bool stream)
{
    struct flood flood = {.content_type =
                              stream ? arrival->dialect->stream_type : "application/json"};
    struct buf all = buf_make(EVENT_BYTES_MAX);
    const char *mark;

    flood.filler_bytes = arrival->spec.bytes < 0 ? FLOOD_BYTES_DEFAULT : arrival->spec.bytes;
    if (arrival->spec.fault->kind == FAULT_ENDLESS)
        flood.filler_bytes = -1;
    else
        telling->announced_bytes = flood.filler_bytes - (int64_t)strlen(FLOOD_MARK);
    arrival->record.entry.usage_told =
        !stream || !telling->dialect->usage_when_asked || telling->include_usage;
    telling->fault = FAULT_NONE;
    write_all(telling, stream, &all);
    mark = memmem(all.at, all.size, FLOOD_MARK, strlen(FLOOD_MARK));
    must(mark != NULL);
    flood.prefix = buf_make(EVENT_BYTES_MAX);
    flood.suffix = buf_make(EVENT_BYTES_MAX);
    flood.filler = buf_make(64);
    buf_add(&flood.prefix, all.at, (size_t)(mark - all.at));
    buf_add_string(&flood.filler, "All work and no play makes Jack a dull boy. ");
    mark += strlen(FLOOD_MARK);
    buf_add(&flood.suffix, mark, all.size - (size_t)(mark - all.at));
    flood.record = arrival->record;
    buf_done(&all);
    return reply_flood(&flood);
}

static struct telling telling_make(const struct arrival *arrival, const struct ask *ask)
{
    struct telling telling = {.dialect = arrival->dialect,
                              .id = arrival->id,
                              .created_s = arrival->unix_ms / 1000,
                              .fault = arrival->spec.fault->kind,
                              .include_usage = ask->include_usage,
                              .framed = arrival->framed,
                              .scratch = buf_make(EVENT_BYTES_MAX)};

    memcpy(telling.model_text, arrival->model.at, arrival->model.size);
    telling.model.size = arrival->model.size;
    return telling;
}

static struct call *whole_chat(struct arrival *arrival, struct telling *telling,
                               struct script *script)
{
    enum fault_kind fault = arrival->spec.fault->kind;
    struct call *call;

    arrival->record.entry.usage_told = usage_is_right(arrival->dialect, fault);
    if (fault == FAULT_HUGE_LINE || fault == FAULT_ENDLESS) {
        script_say(script, FLOOD_MARK);
        call = flood(arrival, telling, false);
    } else {
        struct buf body = buf_make(BODY_BYTES_MAX);

        arrival->dialect->write_whole(telling, &body);
        if (telling->queued)
            record_bills_nothing(&arrival->record);
        call = chat_reply(arrival, "application/json", body);
    }
    buf_done(&telling->scratch);
    script_done(script);
    return call;
}

static void note_usage(const struct dialect *dialect, const struct script *script,
                       struct truth_entry *entry)
{
    entry->input = usage_fresh_input(script);
    entry->cache_read = script->cached_tokens;
    if (dialect->bills_all_input) {
        entry->input += entry->cache_read;
        entry->cache_read = 0;
    }
    entry->cache_write = script->written_tokens;
    entry->cache_write_1h = script->written_1h_tokens;
    entry->output = script->output_tokens;
    entry->reasoning = dialect->tells_reasoning ? script->reasoning_tokens : 0;
}

struct call *chat_call(struct provider *provider, struct arrival *arrival)
{
    const struct ask_words *words = &arrival->dialect->words;
    struct ask ask;
    struct ask_error error =
        ask_read(words, &provider->doc, provider->arena, arrival->model, arrival->stream, &ask);
    struct count input = provider->zero;
    struct telling telling;
    struct script script;

    if (error.message != NULL)
        return chat_error(arrival, 400, error.message, error.param);
    ask_count(words, &provider->doc, provider->arena, &input);
    count_add_tokens(&input, (uint64_t)arrival->earlier_tokens);
    script_make(&script, &ask, &provider->doc, &arrival->spec, &provider->zero, &input);
    telling = telling_make(arrival, &ask);
    telling.model.at = telling.model_text;
    telling.script = &script;
    telling.echo = buf_span(&arrival->echo);
    note_usage(arrival->dialect, &script, &arrival->record.entry);
    if (arrival->dialect->begin != NULL)
        arrival->dialect->begin(provider, arrival, &telling);
    arrival->record.entry.stream = ask.stream;
    if (!ask.stream)
        return whole_chat(arrival, &telling, &script);
    if (arrival->spec.fault->kind == FAULT_HUGE_LINE) {
        struct call *call;

        script_say(&script, FLOOD_MARK);
        call = flood(arrival, &telling, true);
        buf_done(&telling.scratch);
        script_done(&script);
        return call;
    }
    return chat_stream(provider, arrival, &telling, &script);
}
