/* refused: counts by key and code come out of the journal once the minute is over. */
#include "gateway/meter/refused.h"

#include <poll.h>
#include <stdio.h>

#include "billing/event/event.h"
#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/mem.h"
#include "gateway/journal/cursor.h"
#include "gateway/journal/journals.h"
#include "tests/support/testing.h"

#define MINUTE INT64_C(1800000000000)

static void a_minute_of_refusals_makes_one_count_per_key_and_code(void **state)
{
    char root[] = "/tmp/tollgate-refused-XXXXXX", command[128];
    struct journals_config config = {
        .gateway = uuid_new(), .workers = 1, .segment_bytes = 1 << 20, .sync_ms = 2};
    struct journals *journals;
    struct refused *refused;
    struct json_doc doc = json_doc_make();
    struct arena *arena = arena_new(65536, 1 << 20);
    struct buf why = buf_make(256);
    struct cursor *cursor;
    struct record record;
    struct position next;
    struct uuid id;
    char *folder;
    int64_t seen[2] = {0, 0};
    int records = 0;

    (void)state;
    assert_non_null(mkdtemp(root));
    config.root = root;
    assert_int_equal(journals_open(&config, &journals), 0);
    id = journal_id(journals_of_worker(journals, 0));
    folder = mem_strdup(journals_folder(journals));
    refused = refused_new(journals_of_worker(journals, 0), config.gateway);
    refused_tick(refused, MINUTE + 1, false);
    for (int i = 0; i < 5; i++) {
        refused_count(refused, (struct uuid){{1}}, (struct uuid){{2}},
                      i < 3 ? "payment_required" : "rate_limit_exceeded");
    }
    refused_tick(refused, MINUTE + 59999, false);
    refused_tick(refused, MINUTE + 60000, false);
    refused_tick(refused, MINUTE + 120000, false);
    journal_flush(journals_of_worker(journals, 0));
    refused_free(refused);
    journals_close(journals);
    assert_int_equal(cursor_open(folder, id, (struct position){0}, &cursor), 0);
    while (cursor_next(cursor, &record, &next) == CURSOR_RECORD) {
        struct event event;

        assert_int_equal(event_decode(record.payload, &doc, arena, &event, &why), 0);
        assert_int("a count", event.kind, EVENT_KIND_REFUSAL);
        assert_int("of its minute", event.refusal.minute_ms, MINUTE);
        seen[span_is(event.refusal.code, "payment_required")] += event.refusal.requests;
        records++;
    }
    assert_int("one per code, once", records, 2);
    assert_int("payment_required", seen[1], 3);
    assert_int("rate_limit_exceeded", seen[0], 2);
    cursor_close(cursor);
    buf_done(&why);
    arena_free(arena);
    json_doc_done(&doc);
    mem_free(folder);
    snprintf(command, sizeof(command), "rm -rf %s", root);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_minute_of_refusals_makes_one_count_per_key_and_code),
    };

    return run_test_table(tests);
}
