/*
 * The usage event: what is written, what is read back, what is refused.
 */
#include "tests/support/testing.h"

#include <errno.h>
#include <stdio.h>

#include "billing/event/event.h"
#include "common/base/arena.h"
#include "common/base/json.h"

static struct uuid id_of(uint8_t last)
{
    static const uint8_t random[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 0};
    struct uuid id = uuid_make(INT64_C(1795268460123), random);
    id.at[15] = last;
    return id;
}

static struct usage_event small_event(void)
{
    struct usage_event event = {.id = id_of(1),
                                .tenant = id_of(2),
                                .project = id_of(3),
                                .key = id_of(4),
                                .gateway = id_of(5),
                                .start_ms = INT64_C(1795268460123),
                                .outcome = OUTCOME_FINISHED,
                                .first_token_ms = -1,
                                .total_ms = -1,
                                .overhead_us = -1};
    return event;
}

static void empty_members_are_left_out(void **state)
{
    struct usage_event event = small_event();
    struct buf out = buf_make(EVENT_BYTES_MAX);
    char wanted[1024], id[ID_TEXT_SIZE], ten[ID_TEXT_SIZE], prj[ID_TEXT_SIZE], key[ID_TEXT_SIZE],
        gw[ID_TEXT_SIZE];
    (void)state;
    id_format(ID_GENERATION, event.id, id);
    id_format(ID_TENANT, event.tenant, ten);
    id_format(ID_PROJECT, event.project, prj);
    id_format(ID_KEY, event.key, key);
    id_format(ID_GATEWAY, event.gateway, gw);
    snprintf(
        wanted, sizeof(wanted),
        "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"%s\",\"type\":\"tollgate.usage.v1\","
        "\"subject\":\"%s\",\"time\":\"2026-11-21T13:41:00.123Z\","
        "\"datacontenttype\":\"application/json\",\"data\":{\"project\":\"%s\",\"key\":\"%s\","
        "\"outcome\":\"finished\"}}",
        id, gw, ten, prj, key);
    assert_int("encode", event_encode_usage(&event, &out), 0);
    assert_span("text", buf_span(&out), wanted);
    buf_done(&out);
}

/* xorshift: the same events on every run. */
static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static struct span some_text(uint64_t *seed, char *at, size_t max)
{
    static const char *const parts[] = {
        "a", "\"", "\\", "\n", "/", "é", "\x01", "0", "\xf0\x9f\x90\x82", "{"};
    size_t size = 0;
    for (uint64_t n = next(seed) % 40; n > 0; n--) {
        const char *part = parts[next(seed) % array_size(parts)];
        if (size + strlen(part) > max)
            break;
        memcpy(at + size, part, strlen(part));
        size += strlen(part);
    }
    return span_make(at, size);
}

static struct uuid some_id(uint64_t *seed)
{
    struct uuid id = id_of((uint8_t)next(seed));
    id.at[14] = (uint8_t)next(seed);
    return next(seed) % 8 == 0 ? (struct uuid){{0}} : id;
}

static struct meters some_meters(uint64_t *seed)
{
    struct meters meters = {.present = 0};
    for (int m = 0; m < METERS; m++)
        if (next(seed) % 3 == 0)
            meters_set(&meters, (enum meter)m, (int64_t)(next(seed) % 100000));
    return meters;
}

enum { TEXTS = 64, TEXT_ROOM = 100 };

struct room {
    char at[TEXTS][TEXT_ROOM];
    size_t used;
};

static struct span text_in(uint64_t *seed, struct room *room)
{
    return some_text(seed, room->at[room->used++], TEXT_ROOM);
}

static void fill_lists(struct usage_event *event, uint64_t *seed, struct room *room)
{
    static const char *const names[] = {"team", "\"x\"", "é", "cost centre"};
    event->lease_count = (uint32_t)(next(seed) % (EVENT_LEASES_MAX + 1));
    for (uint32_t i = 0; i < event->lease_count; i++)
        event->leases[i] = (struct event_lease){id_of((uint8_t)i), (int64_t)(next(seed) >> 2)};
    event->attempt_count = (uint32_t)(next(seed) % (EVENT_ATTEMPTS_MAX + 1));
    for (uint32_t i = 0; i < event->attempt_count; i++)
        event->attempts[i] = (struct event_attempt){.deployment = some_id(seed),
                                                    .provider = text_in(seed, room),
                                                    .status = (int32_t)(next(seed) % 600),
                                                    .reason = text_in(seed, room),
                                                    .started_ms = (int64_t)(next(seed) % 9) - 1,
                                                    .ms = (int64_t)(next(seed) % 9999),
                                                    .meters = some_meters(seed),
                                                    .usage_from = (enum usage_from)(next(seed) % 4),
                                                    .cost_version = some_id(seed),
                                                    .cost_pico = (int64_t)(next(seed) % 99999),
                                                    .delivered = i == 0};
    event->tag_count = (uint32_t)(next(seed) % (array_size(names) + 1));
    for (uint32_t i = 0; i < event->tag_count; i++)
        event->tags[i] = (struct event_text){span_of(names[i]), text_in(seed, room)};
    event->prefix_count = (uint32_t)(next(seed) % (EVENT_PREFIXES_MAX + 1));
    for (uint32_t i = 0; i < event->prefix_count; i++)
        event->prefixes[i] = span_of("00ff");
}

static struct usage_event some_event(uint64_t *seed, struct room *room)
{
    struct usage_event event = small_event();
    event.journal = some_id(seed);
    event.cell = text_in(seed, room);
    event.test = next(seed) % 2;
    event.byok = next(seed) % 2;
    event.outcome = (enum event_outcome)(1 + next(seed) % OUTCOME_NOT_DISPATCHED);
    event.mode = (enum price_mode)(next(seed) % PRICE_MODES);
    event.stream = next(seed) % 2;
    event.model_asked = text_in(seed, room);
    event.model = text_in(seed, room);
    event.deployment = some_id(seed);
    event.upstream_model = text_in(seed, room);
    event.client_request_id = text_in(seed, room);
    event.end_user = text_in(seed, room);
    event.price_version = some_id(seed);
    event.cost_version = some_id(seed);
    event.plan_version = some_id(seed);
    event.meters = some_meters(seed);
    event.usage_from = (enum usage_from)(next(seed) % 4);
    event.usage_verbatim = next(seed) % 2 ? span_of("{\"prompt_tokens\":[1, 2.50]}") : span_of("");
    event.base_pico = (int64_t)(next(seed) >> 1);
    event.charge_pico = -(int64_t)(next(seed) >> 1);
    event.total_ms = (int64_t)(next(seed) % 3) - 1;
    event.first_token_ms = (int64_t)(next(seed) % 3) - 1;
    event.unknown =
        next(seed) % 2 ? span_of("\"later\":{\"a\":[1,null]},\"\\u0061pp\":\"x\"") : span_of("");
    event.error = text_in(seed, room);
    fill_lists(&event, seed, room);
    return event;
}

static void what_is_written_is_read_back_and_written_again_alike(void **state)
{
    struct json_doc doc = json_doc_make();
    struct arena *arena = arena_new(65536, 1 << 20);
    struct buf first = buf_make(EVENT_BYTES_MAX), second = buf_make(EVENT_BYTES_MAX),
               why = buf_make(200);
    uint64_t seed = 88172645463325252u;
    (void)state;
    for (int i = 0; i < 2000; i++) {
        struct room room = {.used = 0};
        struct usage_event event = some_event(&seed, &room);
        struct event back;
        buf_clear(&first);
        buf_clear(&second);
        arena_reset(arena);
        assert_int("encode", event_encode_usage(&event, &first), 0);
        if (event_decode(buf_span(&first), &doc, arena, &back, &why) < 0)
            fail_msg("%s: %s", why.at, first.at);
        assert_int("kind", back.kind, EVENT_KIND_USAGE);
        assert_int("encode again", event_encode_usage(&back.usage, &second), 0);
        assert_span("round", buf_span(&second), first.at);
        assert_int("meters", back.usage.meters.present, event.meters.present);
        assert_int("start", back.usage.start_ms, event.start_ms);
        assert_int("base", back.usage.base_pico, event.base_pico);
        assert_true(span_equal(back.usage.model, event.model));
        assert_true(span_equal(back.usage.unknown, event.unknown));
    }
    buf_done(&first);
    buf_done(&second);
    buf_done(&why);
    arena_free(arena);
    json_doc_done(&doc);
}

static void texts_are_cut_between_characters_and_loose_ones_go_when_it_is_too_much(void **state)
{
    char ones[EVENT_TEXT_MAX], names[EVENT_TAGS_MAX][8];
    char accents[EVENT_TEXT_MAX + 2];
    struct usage_event event = small_event();
    struct buf out = buf_make(1 << 20), why = buf_make(200);
    struct json_doc doc = json_doc_make();
    struct arena *arena = arena_new(65536, 1 << 20);
    struct event back;
    (void)state;
    memset(ones, 1, sizeof(ones)); /* six bytes each when escaped */
    accents[0] = 'x';
    for (size_t i = 1; i + 1 < sizeof(accents); i += 2)
        memcpy(accents + i, "é", 2);
    event.model = span_make(accents, sizeof(accents) - 1);
    event.app = span_of("loose");
    for (uint32_t i = 0; i < EVENT_TAGS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "t%u", i);
        event.tags[i] = (struct event_text){span_of(names[i]), span_make(ones, sizeof(ones))};
    }
    event.tag_count = EVENT_TAGS_MAX;
    assert_int("encode", event_encode_usage(&event, &out), 0);
    assert_true(out.size <= EVENT_BYTES_MAX);
    assert_int("decode", event_decode(buf_span(&out), &doc, arena, &back, &why), 0);
    assert_int("no tags", back.usage.tag_count, 0);
    assert_int("no app", (int64_t)back.usage.app.size, 0);
    assert_int("model", (int64_t)back.usage.model.size, EVENT_TEXT_MAX - 1);
    buf_done(&out);
    buf_done(&why);
    arena_free(arena);
    json_doc_done(&doc);
}

static void a_buffer_that_is_too_small_is_left_as_it_was(void **state)
{
    struct usage_event event = small_event();
    struct buf out = buf_make(100);
    (void)state;
    buf_add_string(&out, "before");
    assert_int("encode", event_encode_usage(&event, &out), -EMSGSIZE);
    assert_span("left", buf_span(&out), "before");
    assert_false(buf_failed(&out));
    buf_done(&out);
}

static void leases_and_refusals_make_the_round_too(void **state)
{
    struct lease_event lease = {.id = id_of(9),
                                .lease = id_of(8),
                                .gateway = id_of(7),
                                .journal = id_of(6),
                                .tenant = id_of(5),
                                .closed = true,
                                .at_ms = INT64_C(1795268460001),
                                .granted_pico = 5,
                                .events = 3,
                                .charge_pico = 4};
    struct refusal_event refusal = {.id = id_of(9),
                                    .tenant = id_of(5),
                                    .key = id_of(4),
                                    .gateway = id_of(3),
                                    .minute_ms = INT64_C(1795268460000),
                                    .code = span_of("rate_limit_exceeded"),
                                    .requests = 12};
    struct buf out = buf_make(EVENT_BYTES_MAX), why = buf_make(200);
    struct json_doc doc = json_doc_make();
    struct arena *arena = arena_new(65536, 1 << 20);
    struct event back;
    (void)state;
    assert_int("encode", event_encode_lease(&lease, &out), 0);
    assert_int("decode", event_decode(buf_span(&out), &doc, arena, &back, &why), 0);
    assert_int("kind", back.kind, EVENT_KIND_LEASE);
    assert_true(uuid_equal(back.lease.id, lease.id));
    assert_true(uuid_equal(back.lease.lease, lease.lease));
    assert_true(uuid_equal(back.lease.journal, lease.journal));
    assert_true(uuid_equal(back.lease.tenant, lease.tenant));
    assert_true(back.lease.closed);
    assert_int("at", back.lease.at_ms, lease.at_ms);
    assert_int("granted", back.lease.granted_pico, 5);
    assert_int("events", back.lease.events, 3);
    assert_int("charge", back.lease.charge_pico, 4);
    buf_clear(&out);
    assert_int("encode", event_encode_refusal(&refusal, &out), 0);
    assert_int("decode", event_decode(buf_span(&out), &doc, arena, &back, &why), 0);
    assert_int("kind", back.kind, EVENT_KIND_REFUSAL);
    assert_span("code", back.refusal.code, "rate_limit_exceeded");
    assert_int("requests", back.refusal.requests, 12);
    assert_true(uuid_equal(back.refusal.key, refusal.key));
    buf_done(&out);
    buf_done(&why);
    arena_free(arena);
    json_doc_done(&doc);
}

/* Replaces one text in a good event and says what must come of it. */
static void what_cannot_be_billed_by_is_refused_with_its_name(void **state)
{
    static const struct {
        const char *what, *from, *to, *why;
    } rows[] = {
        {"not JSON", "{\"spec", "{spec", "the event"},
        {"a later envelope", "\"1.0\"", "\"2.0\"", "specversion is not 1.0"},
        {"no type", "\"type\"", "\"kind\"", "type is missing"},
        {"an id of another kind", "gen_", "key_", "id is not an id"},
        {"a time that is not the id's", "13:41:00.123", "13:41:00.124", "time is not"},
        {"no time", "2026-11-21T", "yesterday", "time is missing"},
        {"a tenant that is none", "\"ten_", "\"prj_", "subject is not an id"},
        {"no project", "\"project\"", "\"projekt\"", "project is missing"},
        {"no key", "\"key\"", "\"kee\"", "key is missing"},
        {"no outcome", "\"outcome\"", "\"out\"", "outcome is missing"},
        {"an unknown outcome", "\"finished\"", "\"won\"", "outcome is not one"},
        {"a count as text", "\"input\":7", "\"input\":\"7\"", "meters has a count"},
        {"a fraction of a token", "\"input\":7", "\"input\":7.5", "meters has a count"},
        {"a count past 64 bits", "\"input\":7", "\"input\":99999999999999999999", "meters has"},
        {"an unknown meter", "\"input\":7", "\"inputs\":7", "meters has a meter"},
        {"an unknown mode", "\"batch\"", "\"bath\"", "mode is not one"},
        {"a charge as text", "\"charge_pico\":5", "\"charge_pico\":\"5\"", "charge_pico is not"},
        {"a member twice", "\"charge_pico\":5", "\"charge_pico\":5,\"charge_pico\":6", "the event"},
        {"leases that are no list", "\"leases\":[", "\"leases\":7,\"x\":[", "leases is not"},
        {"a test flag as number", "\"test\":true", "\"test\":1", "test is not true"},
    };
    struct usage_event event = small_event();
    struct buf good = buf_make(EVENT_BYTES_MAX), bad = buf_make(EVENT_BYTES_MAX),
               why = buf_make(200);
    struct json_doc doc = json_doc_make();
    struct arena *arena = arena_new(65536, 1 << 20);
    struct event back;
    (void)state;
    meters_set(&event.meters, METER_INPUT, 7);
    event.mode = MODE_BATCH;
    event.charge_pico = 5;
    event.test = true;
    event.lease_count = 1;
    event.leases[0] = (struct event_lease){id_of(1), 2};
    assert_int("encode", event_encode_usage(&event, &good), 0);
    assert_int("decode", event_decode(buf_span(&good), &doc, arena, &back, &why), 0);
    for (size_t i = 0; i < array_size(rows); i++) {
        const char *at = strstr(good.at, rows[i].from);
        in_row(rows[i].what, at != NULL);
        buf_clear(&bad);
        buf_add(&bad, good.at, (size_t)(at - good.at));
        buf_add_string(&bad, rows[i].to);
        buf_add_string(&bad, at + strlen(rows[i].from));
        arena_reset(arena);
        in_row(rows[i].what, event_decode(buf_span(&bad), &doc, arena, &back, &why) == -EBADMSG);
        if (!span_starts(buf_span(&why), rows[i].why))
            fail_msg("%s: %s", rows[i].what, why.at);
    }
    buf_done(&good);
    buf_done(&bad);
    buf_done(&why);
    arena_free(arena);
    json_doc_done(&doc);
}

static void an_unknown_type_is_no_error(void **state)
{
    struct json_doc doc = json_doc_make();
    struct arena *arena = arena_new(4096, 65536);
    struct buf why = buf_make(200);
    struct event back;
    (void)state;
    assert_int("decode",
               event_decode(span_of("{\"specversion\":\"1.0\",\"type\":\"other\"}"), &doc, arena,
                            &back, &why),
               0);
    assert_int("kind", back.kind, EVENT_KIND_UNKNOWN);
    buf_done(&why);
    arena_free(arena);
    json_doc_done(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_members_are_left_out),
        cmocka_unit_test(what_is_written_is_read_back_and_written_again_alike),
        cmocka_unit_test(texts_are_cut_between_characters_and_loose_ones_go_when_it_is_too_much),
        cmocka_unit_test(a_buffer_that_is_too_small_is_left_as_it_was),
        cmocka_unit_test(leases_and_refusals_make_the_round_too),
        cmocka_unit_test(what_cannot_be_billed_by_is_refused_with_its_name),
        cmocka_unit_test(an_unknown_type_is_no_error),
    };
    return run_test_table(tests);
}
