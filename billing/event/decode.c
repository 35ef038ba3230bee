/*
 * decode: CloudEvents JSON to a struct. The other half is encode.c.
 *
 * Strict about what is billed by: a member of another type, a fraction, an id of another kind or a
 * meter that this version does not know is an error and the event goes to the dead letters; it is
 * never read as 0. Members of data that this version does not know are kept as they stand.
 */
#include "billing/event/event.h"

#include <errno.h>

#include "billing/event/members.h"
#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/mem.h"

enum { DECODE_DEPTH_MAX = 32, DECODE_NODES_MAX = 4096 };

struct decoder {
    const struct json_doc *doc;
    struct arena *arena;
    struct buf *why;
};

static int wrong(struct decoder *d, const char *name, const char *what)
{
    buf_clear(d->why);
    buf_printf(d->why, "%s %s", name, what);
    return -EBADMSG;
}

static int read_text(struct decoder *d, const struct member *member, uint32_t node,
                     struct span *text_out)
{
    struct span text;
    if (json_kind(d->doc, node) != JSON_STRING || json_string(d->doc, node, d->arena, &text) < 0)
        return wrong(d, member->name, "is not a string");
    if (text.size > member->max_bytes)
        return wrong(d, member->name, "is too long");
    *text_out = text;
    return 0;
}

static int read_id(struct decoder *d, const char *name, enum id_kind kind, uint32_t node,
                   struct uuid *id_out)
{
    struct span raw;
    if (node == JSON_NONE)
        return wrong(d, name, "is missing");
    raw = json_raw(d->doc, node);
    if (json_kind(d->doc, node) != JSON_STRING || raw.size < 2 ||
        id_parse(kind, span_make(raw.at + 1, raw.size - 2), id_out) < 0)
        return wrong(d, name, "is not an id of its kind");
    return 0;
}

static int read_number(struct decoder *d, const char *name, uint32_t node, int64_t *value_out)
{
    if (json_int64(d->doc, node, value_out) < 0)
        return wrong(d, name, "is not a whole number of 64 bits");
    return 0;
}

static int read_flag(struct decoder *d, const char *name, uint32_t node, bool *value_out)
{
    if (json_bool(d->doc, node, value_out) < 0)
        return wrong(d, name, "is not true or false");
    return 0;
}

static int read_status(struct decoder *d, const char *name, uint32_t node, int32_t *value_out)
{
    int64_t value;
    if (json_int64(d->doc, node, &value) < 0 || value < 0 || value > 999)
        return wrong(d, name, "is not an HTTP status");
    *value_out = (int32_t)value;
    return 0;
}

static int read_usage_from(struct decoder *d, const char *name, uint32_t node,
                           enum usage_from *from_out)
{
    for (int from = USAGE_NONE; from <= USAGE_CRASH; from++) {
        if (json_string_is(d->doc, node, usage_from_name((enum usage_from)from))) {
            *from_out = (enum usage_from)from;
            return 0;
        }
    }
    return wrong(d, name, "is not provider, counted or crash");
}

static int read_meters(struct decoder *d, const char *name, uint32_t node,
                       struct meters *meters_out)
{
    if (json_kind(d->doc, node) != JSON_OBJECT)
        return wrong(d, name, "is not an object");
    for (uint32_t n = json_first(d->doc, node); n != JSON_NONE; n = json_after(d->doc, node, n)) {
        enum meter meter;
        int64_t count;
        struct span text = json_raw(d->doc, n);
        if (meter_parse(span_part(text, 1, text.size - 2), &meter) < 0)
            return wrong(d, name, "has a meter that this version does not know");
        if (json_int64(d->doc, json_value(d->doc, n), &count) < 0)
            return wrong(d, name, "has a count that is not a whole number of 64 bits");
        meters_set(meters_out, meter, count);
    }
    return 0;
}

/* The members that are the same in an event and in an attempt. -ENOTSUP for the others. */
static int read_plain(struct decoder *d, const struct member *member, uint32_t node, void *at)
{
    if (member->kind == MEMBER_ID)
        return read_id(d, member->name, member->id, node, at);
    if (member->kind == MEMBER_TEXT)
        return read_text(d, member, node, at);
    if (member->kind == MEMBER_FLAG)
        return read_flag(d, member->name, node, at);
    if (member->kind == MEMBER_NUMBER || member->kind == MEMBER_DURATION)
        return read_number(d, member->name, node, at);
    if (member->kind == MEMBER_STATUS)
        return read_status(d, member->name, node, at);
    if (member->kind == MEMBER_USAGE_FROM)
        return read_usage_from(d, member->name, node, at);
    if (member->kind == MEMBER_METERS)
        return read_meters(d, member->name, node, at);
    return -ENOTSUP;
}

static int read_outcome(struct decoder *d, uint32_t node, enum event_outcome *outcome_out)
{
    for (int o = OUTCOME_FINISHED; o <= OUTCOME_NOT_DISPATCHED; o++) {
        if (json_string_is(d->doc, node, event_outcome_name((enum event_outcome)o))) {
            *outcome_out = (enum event_outcome)o;
            return 0;
        }
    }
    return wrong(d, "outcome", "is not one that this version knows");
}

static int read_mode(struct decoder *d, uint32_t node, enum price_mode *mode_out)
{
    struct span raw = json_raw(d->doc, node);
    if (json_kind(d->doc, node) != JSON_STRING ||
        price_mode_parse(span_part(raw, 1, raw.size - 2), mode_out) < 0)
        return wrong(d, "mode", "is not one that this version knows");
    return 0;
}

static int read_verbatim(struct decoder *d, const struct member *member, uint32_t node,
                         struct span *json_out)
{
    struct span raw = json_raw(d->doc, node);
    if (raw.size > member->max_bytes)
        return wrong(d, member->name, "is too long");
    *json_out = raw;
    return 0;
}

static int read_lease(struct decoder *d, uint32_t node, struct event_lease *lease_out)
{
    int r =
        read_id(d, "leases.lease", ID_LEASE, json_find(d->doc, node, "lease"), &lease_out->lease);
    if (r < 0)
        return r;
    return read_number(d, "leases.reserved_pico", json_find(d->doc, node, "reserved_pico"),
                       &lease_out->reserved_pico);
}

static int read_leases(struct decoder *d, uint32_t node, struct usage_event *event)
{
    if (json_kind(d->doc, node) != JSON_ARRAY || json_count(d->doc, node) > EVENT_LEASES_MAX)
        return wrong(d, "leases", "is not a list of at most 4");
    for (uint32_t n = json_first(d->doc, node); n != JSON_NONE; n = json_after(d->doc, node, n)) {
        int r = read_lease(d, n, &event->leases[event->lease_count]);
        if (r < 0)
            return r;
        event->lease_count++;
    }
    return 0;
}

/* Finds a member by the raw text of its name. The search starts where the last one ended, because
 * our own encoder writes in the table's order. NULL when it is none of the table's. */
static const struct member *find_member(const struct member *table, size_t count, struct span name,
                                        size_t *cursor)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = (*cursor + i) % count;
        if (span_is(name, table[at].name)) {
            *cursor = at + 1;
            return &table[at];
        }
    }
    return NULL;
}

static int read_attempt(struct decoder *d, uint32_t node, struct event_attempt *attempt)
{
    size_t cursor = 0;
    if (json_kind(d->doc, node) != JSON_OBJECT)
        return wrong(d, "attempts", "has something that is not an object");
    attempt->started_ms = -1;
    for (uint32_t n = json_first(d->doc, node); n != JSON_NONE; n = json_after(d->doc, node, n)) {
        const struct member *member =
            find_member(attempt_members, attempt_member_count, json_inside(d->doc, n), &cursor);
        int r;
        if (member == NULL)
            continue;
        r = read_plain(d, member, json_value(d->doc, n), (char *)attempt + member->offset);
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_attempts(struct decoder *d, uint32_t node, struct usage_event *event)
{
    if (json_kind(d->doc, node) != JSON_ARRAY || json_count(d->doc, node) > EVENT_ATTEMPTS_MAX)
        return wrong(d, "attempts", "is not a list of at most 5");
    for (uint32_t n = json_first(d->doc, node); n != JSON_NONE; n = json_after(d->doc, node, n)) {
        int r = read_attempt(d, n, &event->attempts[event->attempt_count]);
        if (r < 0)
            return r;
        event->attempt_count++;
    }
    return 0;
}

static int read_tags(struct decoder *d, uint32_t node, struct usage_event *event)
{
    static const struct member part = {.name = "tags", .max_bytes = EVENT_TEXT_MAX};
    if (json_kind(d->doc, node) != JSON_OBJECT || json_count(d->doc, node) > EVENT_TAGS_MAX)
        return wrong(d, "tags", "is not an object of at most 16 members");
    for (uint32_t n = json_first(d->doc, node); n != JSON_NONE; n = json_after(d->doc, node, n)) {
        struct event_text *tag = &event->tags[event->tag_count];
        int r = read_text(d, &part, n, &tag->name);
        if (r == 0)
            r = read_text(d, &part, json_value(d->doc, n), &tag->value);
        if (r < 0)
            return r;
        event->tag_count++;
    }
    return 0;
}

static int read_prefixes(struct decoder *d, uint32_t node, struct usage_event *event)
{
    static const struct member part = {.name = "prefixes", .max_bytes = EVENT_TEXT_MAX};
    if (json_kind(d->doc, node) != JSON_ARRAY || json_count(d->doc, node) > EVENT_PREFIXES_MAX)
        return wrong(d, "prefixes", "is not a list of at most 8");
    for (uint32_t n = json_first(d->doc, node); n != JSON_NONE; n = json_after(d->doc, node, n)) {
        int r = read_text(d, &part, n, &event->prefixes[event->prefix_count]);
        if (r < 0)
            return r;
        event->prefix_count++;
    }
    return 0;
}

static int read_member(struct decoder *d, const struct member *member, uint32_t node,
                       struct usage_event *event)
{
    void *at = (char *)event + member->offset;
    switch (member->kind) {
    case MEMBER_OUTCOME:
        return read_outcome(d, node, &event->outcome);
    case MEMBER_MODE:
        return read_mode(d, node, &event->mode);
    case MEMBER_JSON:
        return read_verbatim(d, member, node, at);
    case MEMBER_LEASES:
        return read_leases(d, node, event);
    case MEMBER_ATTEMPTS:
        return read_attempts(d, node, event);
    case MEMBER_TAGS:
        return read_tags(d, node, event);
    case MEMBER_PREFIXES:
        return read_prefixes(d, node, event);
    case MEMBER_ID:
    case MEMBER_TEXT:
    case MEMBER_FLAG:
    case MEMBER_NUMBER:
    case MEMBER_DURATION:
    case MEMBER_STATUS:
    case MEMBER_USAGE_FROM:
    case MEMBER_METERS:
        break;
    }
    return read_plain(d, member, node, at);
}

/* Unknown members as `"a":1,"b":2`, in one run of the arena. */
static void keep_unknown(struct decoder *d, uint32_t data, size_t size, struct span *unknown_out)
{
    size_t cursor = 0;
    char *at = arena_take(d->arena, size), *end = at;
    for (uint32_t n = json_first(d->doc, data); n != JSON_NONE; n = json_after(d->doc, data, n)) {
        struct span name = json_raw(d->doc, n);
        struct span value = json_raw(d->doc, json_value(d->doc, n));
        if (find_member(event_members, event_member_count, json_inside(d->doc, n), &cursor) != NULL)
            continue;
        if (end != at)
            *end++ = ',';
        memcpy(end, name.at, name.size);
        end += name.size;
        *end++ = ':';
        memcpy(end, value.at, value.size);
        end += value.size;
    }
    *unknown_out = span_make(at, (size_t)(end - at));
}

static int read_data(struct decoder *d, uint32_t data, struct usage_event *event)
{
    size_t cursor = 0, unknown = 0;
    for (uint32_t n = json_first(d->doc, data); n != JSON_NONE; n = json_after(d->doc, data, n)) {
        uint32_t value = json_value(d->doc, n);
        const struct member *member =
            find_member(event_members, event_member_count, json_inside(d->doc, n), &cursor);
        int r;
        if (member == NULL) {
            unknown += json_raw(d->doc, n).size + json_raw(d->doc, value).size + 2;
            continue;
        }
        r = read_member(d, member, value, event);
        if (r < 0)
            return r;
    }
    if (unknown != 0)
        keep_unknown(d, data, unknown, &event->unknown);
    return 0;
}

static int read_time(struct decoder *d, int64_t *ms_out)
{
    uint32_t node = json_find(d->doc, 0, "time");
    char text[CLOCK_TEXT_SIZE + 8];
    if (node == JSON_NONE || json_copy_string(d->doc, node, text, sizeof(text)) < 0 ||
        clock_parse(text, strlen(text), ms_out) < 0)
        return wrong(d, "time", "is missing or not a time of RFC 3339");
    return 0;
}

static int read_who(struct decoder *d, struct uuid *gateway_out, struct uuid *tenant_out)
{
    int r = read_id(d, "source", ID_GATEWAY, json_find(d->doc, 0, "source"), gateway_out);
    if (r < 0)
        return r;
    return read_id(d, "subject", ID_TENANT, json_find(d->doc, 0, "subject"), tenant_out);
}

static int need_usage(struct decoder *d, const struct usage_event *event)
{
    if (event->outcome == 0)
        return wrong(d, "outcome", "is missing");
    if (uuid_is_zero(event->key))
        return wrong(d, "key", "is missing");
    if (uuid_is_zero(event->project))
        return wrong(d, "project", "is missing");
    return 0;
}

static int decode_usage(struct decoder *d, uint32_t data, struct usage_event *event)
{
    int64_t time_ms;
    int r = read_id(d, "id", ID_GENERATION, json_find(d->doc, 0, "id"), &event->id);
    event->first_token_ms = event->total_ms = event->overhead_us = -1;
    if (r == 0 && !uuid_is_v7(event->id))
        r = wrong(d, "id", "is not a UUID of version 7");
    if (r == 0)
        r = read_who(d, &event->gateway, &event->tenant);
    if (r == 0)
        r = read_time(d, &time_ms);
    if (r < 0)
        return r;
    event->start_ms = uuid_unix_ms(event->id);
    if (time_ms != event->start_ms)
        return wrong(d, "time", "is not the time in the id");
    r = read_data(d, data, event);
    return r < 0 ? r : need_usage(d, event);
}

static int read_uuid(struct decoder *d, struct uuid *id_out)
{
    uint32_t node = json_find(d->doc, 0, "id");
    if (!json_is(d->doc, node, JSON_STRING) || uuid_parse(json_inside(d->doc, node), id_out) < 0)
        return wrong(d, "id", "is missing or not a UUID");
    return 0;
}

/* A number that is 0 when it is not there. */
static int read_count(struct decoder *d, uint32_t data, const char *name, int64_t *value_out)
{
    uint32_t node = json_find(d->doc, data, name);
    *value_out = 0;
    return node == JSON_NONE ? 0 : read_number(d, name, node, value_out);
}

static int decode_lease(struct decoder *d, uint32_t data, struct lease_event *event)
{
    uint32_t state = json_find(d->doc, data, "state");
    int r = read_uuid(d, &event->id);
    if (r == 0)
        r = read_who(d, &event->gateway, &event->tenant);
    if (r == 0)
        r = read_time(d, &event->at_ms);
    if (r == 0)
        r = read_id(d, "lease", ID_LEASE, json_find(d->doc, data, "lease"), &event->lease);
    if (r == 0 && json_find(d->doc, data, "journal") != JSON_NONE)
        r = read_id(d, "journal", ID_JOURNAL, json_find(d->doc, data, "journal"), &event->journal);
    if (r == 0)
        r = read_count(d, data, "granted_pico", &event->granted_pico);
    if (r == 0)
        r = read_count(d, data, "events", &event->events);
    if (r == 0)
        r = read_count(d, data, "charge_pico", &event->charge_pico);
    if (r < 0)
        return r;
    event->closed = state != JSON_NONE && json_string_is(d->doc, state, "closed");
    if (!event->closed && (state == JSON_NONE || !json_string_is(d->doc, state, "opened")))
        return wrong(d, "state", "is neither opened nor closed");
    return 0;
}

static int decode_refusal(struct decoder *d, uint32_t data, struct refusal_event *event)
{
    static const struct member code = {.name = "code", .max_bytes = EVENT_TEXT_MAX};
    uint32_t node = json_find(d->doc, data, "code");
    int r = read_uuid(d, &event->id);
    if (r == 0)
        r = read_who(d, &event->gateway, &event->tenant);
    if (r == 0)
        r = read_time(d, &event->minute_ms);
    if (r == 0)
        r = read_id(d, "key", ID_KEY, json_find(d->doc, data, "key"), &event->key);
    if (r == 0)
        r = read_count(d, data, "requests", &event->requests);
    if (r < 0)
        return r;
    if (node == JSON_NONE)
        return wrong(d, "code", "is missing");
    return read_text(d, &code, node, &event->code);
}

static int decode_kind(struct decoder *d, uint32_t type, uint32_t data, struct event *event)
{
    if (json_string_is(d->doc, type, EVENT_TYPE_USAGE)) {
        event->kind = EVENT_KIND_USAGE;
        return decode_usage(d, data, &event->usage);
    }
    if (json_string_is(d->doc, type, EVENT_TYPE_LEASE)) {
        event->kind = EVENT_KIND_LEASE;
        return decode_lease(d, data, &event->lease);
    }
    if (json_string_is(d->doc, type, EVENT_TYPE_REFUSAL)) {
        event->kind = EVENT_KIND_REFUSAL;
        return decode_refusal(d, data, &event->refusal);
    }
    event->kind = EVENT_KIND_UNKNOWN;
    return 0;
}

int event_decode(struct span text, struct json_doc *doc, struct arena *arena,
                 struct event *event_out, struct buf *why)
{
    static const struct json_limits limits = {EVENT_BYTES_MAX, DECODE_DEPTH_MAX, DECODE_NODES_MAX};
    struct decoder d = {.doc = doc, .arena = arena, .why = why};
    uint32_t version, type, data;
    enum json_error error = json_parse(doc, text, &limits);
    if (error != JSON_OK)
        return wrong(&d, "the event", json_error_text(error));
    if (json_kind(doc, 0) != JSON_OBJECT)
        return wrong(&d, "the event", "is not an object");
    version = json_find(doc, 0, "specversion");
    type = json_find(doc, 0, "type");
    data = json_find(doc, 0, "data");
    if (version == JSON_NONE || !json_string_is(doc, version, "1.0"))
        return wrong(&d, "specversion", "is not 1.0");
    if (!json_is(doc, type, JSON_STRING))
        return wrong(&d, "type", "is missing or not a string");
    memset(event_out, 0, sizeof(*event_out));
    if (data != JSON_NONE && json_kind(doc, data) != JSON_OBJECT)
        return wrong(&d, "data", "is not an object");
    must(arena_room(arena) >= 2 * text.size + 1024);
    return decode_kind(&d, type, data, event_out);
}
