/*
 * openai-chat: a chat's whole answer, and what its two forms share.
 */
#include "openai.h"

#include <stdio.h>

#include "common/base/json_writer.h"

#define BODY_BYTES_MAX ((size_t)160 << 20)
#define FLOOD_BYTES_DEFAULT (INT64_C(100) << 20)

bool openai_usage_is_right(enum fault_kind fault)
{
    return fault < FAULT_USAGE_NONE || fault == FAULT_USAGE_TWICE;
}

/* A wrong usage, as JSON; NULL when the fault is none of this kind. */
static const char *wrong_usage(enum fault_kind fault)
{
    static const char *const wrong[] = {
        [FAULT_USAGE_NULL] = "null",
        [FAULT_USAGE_TEXT] =
            "{\"prompt_tokens\":\"12\",\"completion_tokens\":\"12\",\"total_tokens\":\"24\"}",
        [FAULT_USAGE_NEGATIVE] =
            "{\"prompt_tokens\":12,\"completion_tokens\":-5,\"total_tokens\":7}",
        [FAULT_USAGE_HUGE] = "{\"prompt_tokens\":12,\"completion_tokens\":1000000000000000000,"
                             "\"total_tokens\":1000000000000000012}",
        [FAULT_USAGE_FRACTION] =
            "{\"prompt_tokens\":12,\"completion_tokens\":1.5,\"total_tokens\":13.5}",
        [FAULT_USAGE_ZERO] = "{\"prompt_tokens\":0,\"completion_tokens\":0,\"total_tokens\":0}",
    };

    return (size_t)fault < array_size(wrong) ? wrong[fault] : NULL;
}

void openai_write_usage(const struct script *script, enum fault_kind fault, bool last,
                        struct buf *out)
{
    const char *wrong = wrong_usage(fault);
    int64_t output = last ? script->output_tokens : script->output_tokens / 2;

    if (fault == FAULT_USAGE_NONE)
        return;
    if (wrong != NULL) {
        buf_printf(out, ",\"usage\":%s", wrong);
        return;
    }
    buf_printf(out,
               ",\"usage\":{\"prompt_tokens\":%lld,\"completion_tokens\":%lld,"
               "\"total_tokens\":%lld,\"prompt_tokens_details\":{\"cached_tokens\":%lld,"
               "\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":%lld,"
               "\"audio_tokens\":0,\"accepted_prediction_tokens\":0,"
               "\"rejected_prediction_tokens\":0}}",
               (long long)script->input_tokens, (long long)output,
               (long long)(script->input_tokens + output), (long long)script->cached_tokens,
               (long long)(last ? script->reasoning_tokens : 0));
}

static void write_calls(const struct script *script, uint64_t id, size_t choice, struct buf *out)
{
    buf_add_string(out, ",\"tool_calls\":[");
    for (size_t i = 0; i < script->call_count; i++) {
        buf_printf(out, "%s{\"id\":\"call_%016llx%02zx%zx\",\"type\":\"function\",",
                   i == 0 ? "" : ",", (unsigned long long)id, choice, i);
        buf_add_string(out, "\"function\":{\"name\":");
        json_quote(out, script_text(script, script->calls[i].name));
        buf_add_string(out, ",\"arguments\":");
        json_quote(out, script_text(script, script->calls[i].arguments));
        buf_add_string(out, "}}");
    }
    buf_add_byte(out, ']');
}

static void write_choice(const struct script *script, uint64_t id, size_t index, bool finish,
                         struct buf *out)
{
    const struct script_choice *choice = &script->choices[index];

    buf_printf(out, "{\"index\":%zu,\"message\":{\"role\":\"assistant\",\"content\":", index);
    if (script->call_count > 0)
        buf_add_string(out, "null");
    else
        json_quote(out, script_text(script, choice->content));
    if (choice->thinking.size > 0) {
        buf_add_string(out, ",\"reasoning_content\":");
        json_quote(out, script_text(script, choice->thinking));
    }
    if (script->call_count > 0)
        write_calls(script, id, index, out);
    buf_add_string(out, ",\"refusal\":null,\"annotations\":[]},\"logprobs\":null,");
    if (finish)
        buf_printf(out, "\"finish_reason\":\"%s\"}", choice->finish);
    else
        buf_add_string(out, "\"finish_reason\":null}");
}

static void write_begin(const struct openai_head *head, struct buf *out)
{
    buf_printf(out, "{\"id\":\"%s\",\"object\":\"chat.completion\",\"created\":%lld,\"model\":",
               head->id, (long long)head->created_s);
    json_quote(out, head->model);
    buf_add_string(out, ",\"choices\":[");
}

static void write_end(const struct script *script, enum fault_kind fault, struct buf *out)
{
    buf_add_byte(out, ']');
    openai_write_usage(script, fault, true, out);
    buf_add_string(out, ",\"service_tier\":\"default\",\"system_fingerprint\":\"" OPENAI_FINGERPRINT
                        "\"}\n");
}

/* One content of any size. */
static struct call *flood_chat(const struct arrival *arrival, const struct openai_head *head,
                               const struct script *script, struct buf body)
{
    struct flood flood = {.content_type = "application/json", .record = arrival->record};

    flood.prefix = buf_make(4096);
    flood.suffix = buf_make(4096);
    flood.filler = buf_make(64);
    write_begin(head, &flood.prefix);
    buf_add_string(&flood.prefix,
                   "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"");
    buf_add_string(&flood.filler, "All work and no play makes Jack a dull boy. ");
    buf_add_string(&flood.suffix, "\"},\"logprobs\":null,\"finish_reason\":\"stop\"}");
    write_end(script, FAULT_NONE, &flood.suffix);
    flood.filler_bytes = arrival->spec.bytes < 0 ? FLOOD_BYTES_DEFAULT : arrival->spec.bytes;
    if (arrival->spec.fault->kind == FAULT_ENDLESS)
        flood.filler_bytes = -1;
    buf_done(&body);
    return reply_flood(&flood);
}

static struct call *whole_chat(struct arrival *arrival, const struct openai_head *head,
                               struct script *script)
{
    enum fault_kind fault = arrival->spec.fault->kind;
    struct reply reply = {.status = 200,
                          .content_type = "application/json",
                          .body = buf_make(BODY_BYTES_MAX),
                          .spec = arrival->spec};
    struct call *call;

    snprintf(reply.extra_text, sizeof(reply.extra_text), "x-request-id: req_%016llx\r\n",
             (unsigned long long)arrival->id);
    arrival->record.entry.usage_told = openai_usage_is_right(fault);
    if (fault == FAULT_ERROR_MID) {
        openai_write_fault(arrival->spec.fault, &reply.body);
    } else {
        write_begin(head, &reply.body);
        for (size_t i = 0; i < script->choice_count; i++) {
            if (i > 0)
                buf_add_byte(&reply.body, ',');
            write_choice(script, arrival->id, i, fault != FAULT_NO_FINISH, &reply.body);
        }
        write_end(script, fault, &reply.body);
    }
    reply.record = arrival->record;
    if (fault == FAULT_HUGE_LINE || fault == FAULT_ENDLESS)
        call = flood_chat(arrival, head, script, reply.body);
    else
        call = reply_whole(&reply);
    script_done(script);
    return call;
}

struct call *openai_chat(struct provider *provider, struct arrival *arrival)
{
    struct ask ask;
    struct ask_error error = ask_read(&provider->doc, provider->arena, &ask);
    struct openai_head head = {.created_s = arrival->unix_ms / 1000, .model = arrival->model};
    struct count input = provider->zero;
    struct script script;
    struct truth_entry *entry = &arrival->record.entry;

    if (error.message != NULL)
        return openai_error(arrival, 400, error.message, error.param);
    snprintf(head.id, sizeof(head.id), "chatcmpl-%08llx%016llx",
             (unsigned long long)(ask.seed & UINT32_MAX), (unsigned long long)arrival->id);
    count_chat_input(&input, &provider->doc, 0);
    script_make(&script, &ask, &provider->doc, &arrival->spec, &provider->zero, &input);
    entry->input = script.input_tokens - script.cached_tokens;
    entry->cache_read = script.cached_tokens;
    entry->output = script.output_tokens;
    entry->reasoning = script.reasoning_tokens;
    entry->stream = ask.stream;
    if (ask.stream)
        return openai_chat_stream(provider, arrival, &ask, &head, &script);
    return whole_chat(arrival, &head, &script);
}
