/*
 * encode: a struct to CloudEvents JSON. The other half is decode.c.
 *
 * A usage event that would be too large is written a second time without what nothing is billed by
 * (tags, prefixes, the provider's verbatim usage, texts that the client gave): an event with fewer
 * words is better than money without an event.
 */
#include "billing/event/event.h"

#include <errno.h>

#include "billing/event/members.h"
#include "common/base/clock.h"
#include "common/base/json_writer.h"

/* At most `max` bytes, not cut inside of a UTF-8 character. */
static struct span clip(struct span text, size_t max)
{
    if (text.size <= max)
        return text;
    while (max > 0 && ((unsigned char)text.at[max] & 0xC0) == 0x80)
        max--;
    return span_make(text.at, max);
}

static void put_id(struct json_writer *w, const char *name, enum id_kind kind, struct uuid id)
{
    char text[ID_TEXT_SIZE];
    if (uuid_is_zero(id))
        return;
    id_format(kind, id, text);
    json_put_cstring(w, name, text);
}

static void put_meters(struct json_writer *w, const char *name, const struct meters *meters)
{
    if (meters->present == 0)
        return;
    json_name(w, name);
    json_begin(w, '{');
    for (int meter = 0; meter < METERS; meter++)
        if (meters_has(meters, (enum meter)meter))
            json_put_int64(w, meter_name((enum meter)meter), meters->count[meter]);
    json_end(w, '}');
}

static void put_leases(struct json_writer *w, const struct usage_event *event)
{
    if (event->lease_count == 0)
        return;
    json_name(w, "leases");
    json_begin(w, '[');
    for (uint32_t i = 0; i < event->lease_count && i < EVENT_LEASES_MAX; i++) {
        json_begin(w, '{');
        put_id(w, "lease", ID_LEASE, event->leases[i].lease);
        json_put_int64(w, "reserved_pico", event->leases[i].reserved_pico);
        json_end(w, '}');
    }
    json_end(w, ']');
}

static void put_tags(struct json_writer *w, const struct usage_event *event)
{
    if (event->tag_count == 0)
        return;
    json_name(w, "tags");
    json_begin(w, '{');
    for (uint32_t i = 0; i < event->tag_count && i < EVENT_TAGS_MAX; i++) {
        json_name_span(w, clip(event->tags[i].name, EVENT_TEXT_MAX));
        json_write_string(w, clip(event->tags[i].value, EVENT_TEXT_MAX));
    }
    json_end(w, '}');
}

static void put_prefixes(struct json_writer *w, const struct usage_event *event)
{
    if (event->prefix_count == 0)
        return;
    json_name(w, "prefixes");
    json_begin(w, '[');
    for (uint32_t i = 0; i < event->prefix_count && i < EVENT_PREFIXES_MAX; i++)
        json_write_string(w, clip(event->prefixes[i], EVENT_TEXT_MAX));
    json_end(w, ']');
}

static void put_text(struct json_writer *w, const struct member *member, struct span text)
{
    if (text.size == 0)
        return;
    json_put_string(w, member->name, clip(text, member->max_bytes));
}

static void put_number(struct json_writer *w, const char *name, int64_t value, int64_t left_out)
{
    if (value != left_out)
        json_put_int64(w, name, value);
}

/* The members that are the same in an event and in an attempt. */
static void put_plain(struct json_writer *w, const struct member *member, const void *at)
{
    if (member->kind == MEMBER_ID)
        put_id(w, member->name, member->id, *(const struct uuid *)at);
    else if (member->kind == MEMBER_TEXT)
        put_text(w, member, *(const struct span *)at);
    else if (member->kind == MEMBER_FLAG && *(const bool *)at)
        json_put_bool(w, member->name, true);
    else if (member->kind == MEMBER_NUMBER)
        put_number(w, member->name, *(const int64_t *)at, 0);
    else if (member->kind == MEMBER_DURATION)
        put_number(w, member->name, *(const int64_t *)at, -1);
    else if (member->kind == MEMBER_STATUS)
        put_number(w, member->name, *(const int32_t *)at, 0);
    else if (member->kind == MEMBER_USAGE_FROM && *(const enum usage_from *)at != USAGE_NONE)
        json_put_cstring(w, member->name, usage_from_name(*(const enum usage_from *)at));
    else if (member->kind == MEMBER_METERS)
        put_meters(w, member->name, at);
}

static void put_attempts(struct json_writer *w, const struct usage_event *event)
{
    if (event->attempt_count == 0)
        return;
    json_name(w, "attempts");
    json_begin(w, '[');
    for (uint32_t i = 0; i < event->attempt_count && i < EVENT_ATTEMPTS_MAX; i++) {
        json_begin(w, '{');
        for (size_t m = 0; m < attempt_member_count; m++)
            put_plain(w, &attempt_members[m],
                      (const char *)&event->attempts[i] + attempt_members[m].offset);
        json_end(w, '}');
    }
    json_end(w, ']');
}

static void put_verbatim(struct json_writer *w, const struct member *member, struct span json)
{
    if (json.size == 0 || json.size > member->max_bytes)
        return;
    json_name(w, member->name);
    json_write_raw(w, json);
}

static void put_member(struct json_writer *w, const struct member *member,
                       const struct usage_event *event)
{
    const void *at = (const char *)event + member->offset;
    switch (member->kind) {
    case MEMBER_OUTCOME:
        json_put_cstring(w, member->name, event_outcome_name(event->outcome));
        break;
    case MEMBER_MODE:
        if (event->mode != MODE_STANDARD)
            json_put_cstring(w, member->name, price_mode_name(event->mode));
        break;
    case MEMBER_JSON:
        put_verbatim(w, member, *(const struct span *)at);
        break;
    case MEMBER_LEASES:
        put_leases(w, event);
        break;
    case MEMBER_ATTEMPTS:
        put_attempts(w, event);
        break;
    case MEMBER_TAGS:
        put_tags(w, event);
        break;
    case MEMBER_PREFIXES:
        put_prefixes(w, event);
        break;
    case MEMBER_ID:
    case MEMBER_TEXT:
    case MEMBER_FLAG:
    case MEMBER_NUMBER:
    case MEMBER_DURATION:
    case MEMBER_STATUS:
    case MEMBER_USAGE_FROM:
    case MEMBER_METERS:
        put_plain(w, member, at);
        break;
    }
}

struct envelope {
    const char *id; /* text */
    const char *type;
    struct uuid gateway, tenant;
    int64_t time_ms;
};

static void begin_envelope(struct json_writer *w, const struct envelope *envelope)
{
    char time[CLOCK_TEXT_SIZE];
    clock_format(envelope->time_ms, time);
    json_begin(w, '{');
    json_put_cstring(w, "specversion", "1.0");
    json_put_cstring(w, "id", envelope->id);
    put_id(w, "source", ID_GATEWAY, envelope->gateway);
    json_put_cstring(w, "type", envelope->type);
    put_id(w, "subject", ID_TENANT, envelope->tenant);
    json_put_cstring(w, "time", time);
    json_put_cstring(w, "datacontenttype", "application/json");
    json_name(w, "data");
    json_begin(w, '{');
}

/* Closes the envelope; takes back what was written when it is too much. */
static int end_envelope(struct json_writer *w, size_t start)
{
    struct buf *out = w->out;
    json_end(w, '}');
    json_end(w, '}');
    if (!buf_failed(out) && out->size - start <= EVENT_BYTES_MAX)
        return 0;
    out->size = start;
    out->failed = false;
    if (out->at != NULL)
        out->at[start] = '\0';
    return -EMSGSIZE;
}

static int encode_usage(const struct usage_event *event, bool lean, struct buf *out)
{
    struct json_writer w = json_writer_make(out);
    size_t start = out->size;
    char id[ID_TEXT_SIZE];
    id_format(ID_GENERATION, event->id, id);
    begin_envelope(&w, &(struct envelope){.id = id,
                                          .type = EVENT_TYPE_USAGE,
                                          .gateway = event->gateway,
                                          .tenant = event->tenant,
                                          .time_ms = uuid_unix_ms(event->id)});
    for (size_t i = 0; i < event_member_count; i++)
        if (!lean || !event_members[i].optional)
            put_member(&w, &event_members[i], event);
    if (!lean && event->unknown.size != 0) {
        /* outcome is always written before, so a comma belongs here. */
        buf_add_byte(out, ',');
        buf_add_span(out, event->unknown);
    }
    return end_envelope(&w, start);
}

int event_encode_usage(const struct usage_event *event, struct buf *out)
{
    if (encode_usage(event, false, out) == 0)
        return 0;
    return encode_usage(event, true, out);
}

int event_encode_lease(const struct lease_event *event, struct buf *out)
{
    struct json_writer w = json_writer_make(out);
    size_t start = out->size;
    char id[UUID_TEXT_SIZE];
    uuid_format(event->id, id);
    begin_envelope(&w, &(struct envelope){.id = id,
                                          .type = EVENT_TYPE_LEASE,
                                          .gateway = event->gateway,
                                          .tenant = event->tenant,
                                          .time_ms = event->at_ms});
    put_id(&w, "lease", ID_LEASE, event->lease);
    put_id(&w, "journal", ID_JOURNAL, event->journal);
    json_put_cstring(&w, "state", event->closed ? "closed" : "opened");
    put_number(&w, "granted_pico", event->granted_pico, 0);
    put_number(&w, "events", event->events, 0);
    put_number(&w, "charge_pico", event->charge_pico, 0);
    return end_envelope(&w, start);
}

int event_encode_refusal(const struct refusal_event *event, struct buf *out)
{
    struct json_writer w = json_writer_make(out);
    size_t start = out->size;
    char id[UUID_TEXT_SIZE];
    uuid_format(event->id, id);
    begin_envelope(&w, &(struct envelope){.id = id,
                                          .type = EVENT_TYPE_REFUSAL,
                                          .gateway = event->gateway,
                                          .tenant = event->tenant,
                                          .time_ms = event->minute_ms});
    put_id(&w, "key", ID_KEY, event->key);
    json_put_string(&w, "code", clip(event->code, EVENT_TEXT_MAX));
    json_put_int64(&w, "requests", event->requests);
    return end_envelope(&w, start);
}
