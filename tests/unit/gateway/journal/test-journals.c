/* journals, cursor and recover together, on real files: what was put down is read, and what a death
 * cut off is ended. */
#include "gateway/journal/journals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "billing/event/event.h"
#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/mem.h"
#include "gateway/journal/cursor.h"
#include "gateway/journal/intent.h"
#include "gateway/journal/recover.h"
#include "tests/support/testing.h"

static char root[64];

static int make_root(void **state)
{
    (void)state;
    snprintf(root, sizeof(root), "/tmp/tollgate-journal-XXXXXX");
    return mkdtemp(root) == NULL;
}

static int drop_root(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", root);
    return system(command);
}

static struct journals *open_all(struct uuid *gateway_out)
{
    struct journals_config config = {.root = root,
                                     .gateway = uuid_new(),
                                     .workers = 1,
                                     .segment_bytes = 1 << 20,
                                     .sync_ms = 5,
                                     .keep_ms = 0};
    struct journals *journals = NULL;

    assert_int_equal(journals_open(&config, &journals), 0);
    *gateway_out = config.gateway;
    return journals;
}

static void note(void *context, int error)
{
    assert_int_equal(error, 0);
    ++*(int *)context;
}

/* Turns the worker's loop until `count` tickets are done. */
static void wait_for(struct journal *journal, const int *done, int count)
{
    int64_t until = clock_mono_ms() + 10000;

    while (*done < count) {
        struct pollfd poll_fd = {.fd = journal_fd(journal), .events = POLLIN};

        journal_flush(journal);
        poll(&poll_fd, 1, 100);
        journal_complete(journal);
        in_row("written in time", clock_mono_ms() < until);
    }
}

static struct usage_event sample(struct uuid id, struct uuid lease, int64_t charge_pico)
{
    struct usage_event event = {
        .id = id,
        .tenant = {{1}},
        .project = {{2}},
        .key = {{3}},
        .gateway = {{4}},
        .journal = {{5}},
        .cell = span_of("c1"),
        .start_ms = uuid_unix_ms(id),
        .outcome = OUTCOME_FINISHED,
        .endpoint = span_of("chat.completions"),
        .model_asked = span_of("a/b"),
        .model = span_of("a/b"),
        .charge_pico = charge_pico,
        .lease_count = 1,
        .leases = {{lease, 1000}},
        .attempt_count = 1,
        .first_token_ms = -1,
        .total_ms = -1,
        .overhead_us = -1,
    };

    event.attempts[0].provider = span_of("p");
    event.attempts[0].reason = span_of("ok");
    meters_set(&event.attempts[0].meters, METER_INPUT, 100);
    return event;
}

static void put_event(struct journal *journal, enum record_type type,
                      const struct usage_event *event)
{
    struct buf payload = buf_make(RECORD_PAYLOAD_MAX);

    assert_int_equal(event_encode_usage(event, &payload), 0);
    assert_int_equal(journal_put(journal, type, event->id, buf_span(&payload), NULL), 0);
    buf_done(&payload);
}

static void put_lease(struct journal *journal, struct uuid lease)
{
    struct lease_event event = {.id = uuid_new(),
                                .lease = lease,
                                .gateway = {{4}},
                                .journal = {{5}},
                                .tenant = {{1}},
                                .at_ms = clock_wall_ms(),
                                .granted_pico = 5000};
    struct buf payload = buf_make(RECORD_PAYLOAD_MAX);

    assert_int_equal(event_encode_lease(&event, &payload), 0);
    assert_int_equal(journal_put(journal, RECORD_LEASE, event.id, buf_span(&payload), NULL), 0);
    buf_done(&payload);
}

static void folder_of(struct uuid gateway, char path_out[SEGMENT_PATH_MAX])
{
    char name[UUID_TEXT_SIZE];

    uuid_format(gateway, name);
    snprintf(path_out, SEGMENT_PATH_MAX, "%s/%s", root, name);
}

static void everything_put_is_read_in_order_over_many_segments(void **state)
{
    enum { RECORDS = 3000 };
    struct uuid gateway;
    struct journals *journals = open_all(&gateway);
    struct journal *journal = journals_of_worker(journals, 0);
    struct uuid id = journal_id(journal);
    struct journal_ticket *tickets = mem_array(RECORDS, sizeof(*tickets));
    char folder[SEGMENT_PATH_MAX], text[2000];
    struct cursor *cursor;
    int done = 0, read = 0;
    enum cursor_outcome outcome;

    (void)state;
    memset(text, 'x', sizeof(text));
    for (int i = 0; i < RECORDS; i++) {
        int error;

        memcpy(text, &i, sizeof(i));
        tickets[i] = (struct journal_ticket){.on_written = note, .context = &done};
        while ((error = journal_put(journal, RECORD_REFUSALS, uuid_new(),
                                    span_make(text, sizeof(int) + (size_t)(i * 7 % 1900)),
                                    &tickets[i])) != 0) {
            assert_int("the only reason is that the keeper is behind", error, -ENOSPC);
            wait_for(journal, &done, i);
        }
        journal_flush(journal);
    }
    wait_for(journal, &done, RECORDS);
    journals_close(journals);
    folder_of(gateway, folder);
    assert_int_equal(cursor_open(folder, id, (struct position){0}, &cursor), 0);
    do {
        struct record record;
        struct position next;

        outcome = cursor_next(cursor, &record, &next);
        if (outcome == CURSOR_RECORD) {
            int i;

            memcpy(&i, record.payload.at, sizeof(i));
            assert_int("in order", i, read);
            assert_int("whole", record.payload.size, sizeof(int) + (size_t)(i * 7 % 1900));
            in_row("several segments", i < RECORDS - 1 || next.segment > 2);
            read++;
        }
    } while (outcome == CURSOR_RECORD);
    assert_int("and then it has ended", outcome, CURSOR_ENDED);
    assert_int("all of them", read, RECORDS);
    cursor_close(cursor);
    mem_free(tickets);
}

/* What a reader finds in a journal that was recovered. */
struct found {
    int finals, crashed, closes;
    int64_t crash_charge, crash_output, close_events, close_pico;
};

static struct found read_all(const char *folder, struct uuid id)
{
    struct found found = {0};
    struct json_doc doc = json_doc_make();
    struct arena *arena = arena_new(65536, 1 << 20);
    struct buf why = buf_make(1024);
    struct cursor *cursor;
    struct record record;
    struct position next;
    enum cursor_outcome outcome;

    assert_int_equal(cursor_open(folder, id, (struct position){0}, &cursor), 0);
    while ((outcome = cursor_next(cursor, &record, &next)) == CURSOR_RECORD) {
        struct event event;

        if (record.type != RECORD_FINAL && record.type != RECORD_LEASE) {
            continue;
        }
        assert_int_equal(event_decode(record.payload, &doc, arena, &event, &why), 0);
        if (event.kind == EVENT_KIND_LEASE && event.lease.closed) {
            found.closes++;
            found.close_events = event.lease.events;
            found.close_pico = event.lease.charge_pico;
        } else if (event.kind == EVENT_KIND_USAGE && event.usage.outcome == OUTCOME_CRASH) {
            found.crashed++;
            found.crash_charge += event.usage.charge_pico;
            found.crash_output = event.usage.attempts[0].meters.count[METER_OUTPUT];
        } else if (event.kind == EVENT_KIND_USAGE) {
            found.finals++;
        }
    }
    assert_int("a recovered journal has ended", outcome, CURSOR_ENDED);
    cursor_close(cursor);
    buf_done(&why);
    arena_free(arena);
    json_doc_done(&doc);
    return found;
}

/* The child works and dies without a word: three answers whole, one cut off in mid-stream, one
 * lease open. */
static void live_and_die(int tell_fd)
{
    struct uuid gateway, lease = uuid_new();
    struct journals *journals = open_all(&gateway);
    struct journal *journal = journals_of_worker(journals, 0);
    struct uuid ids[2] = {gateway, journal_id(journal)}, event;
    struct progress progress = {33, true};
    struct buf payload = buf_make(64);
    struct journal_ticket ticket = {0};
    int done = 0;

    put_lease(journal, lease);
    for (int i = 0; i < 4; i++) {
        struct usage_event usage = sample(event = uuid_new(), lease, 250);

        usage.outcome = OUTCOME_CRASH;
        put_event(journal, RECORD_INTENT, &usage);
        usage.outcome = OUTCOME_FINISHED;
        if (i < 3) {
            put_event(journal, RECORD_FINAL, &usage);
        }
    }
    assert_int_equal(progress_encode(&progress, &payload), 0);
    ticket.on_written = note;
    ticket.context = &done;
    assert_int_equal(journal_put(journal, RECORD_PROGRESS, event, buf_span(&payload), &ticket), 0);
    wait_for(journal, &done, 1);
    if (write(tell_fd, ids, sizeof(ids)) != (ssize_t)sizeof(ids)) {
        _exit(1);
    }
    kill(getpid(), SIGKILL);
}

/* As a process leaves it that dies while it makes a segment ahead: there, and without a head. */
static void leave_half_a_segment(struct uuid gateway, struct uuid id)
{
    char folder[SEGMENT_PATH_MAX], path[SEGMENT_PATH_MAX];
    uint32_t number = 1;

    folder_of(gateway, folder);
    do {
        segment_path(folder, id, number++, path);
    } while (access(path, F_OK) == 0);
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    in_row("half a segment", access(path, F_OK) == 0);
}

static void a_process_that_was_killed_is_brought_to_its_end(void **state)
{
    int pipe_fds[2], status;
    struct uuid ids[2];
    struct recover_counts counts = {0};
    struct adopted adopted;
    struct found found;
    size_t cursor = 0;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(pipe_fds), 0);
    child = fork();
    if (child == 0) {
        live_and_die(pipe_fds[1]);
    }
    assert_int_equal(read(pipe_fds[0], ids, sizeof(ids)), sizeof(ids));
    assert_int_equal(waitpid(child, &status, 0), child);
    leave_half_a_segment(ids[0], ids[1]);
    assert_int("one folder is unlocked",
               recover_next(root, (struct uuid){{0}}, &cursor, &adopted, &counts), 1);
    assert_true(uuid_equal(adopted.gateway, ids[0]));
    found = read_all(adopted.folder, ids[1]);
    assert_int("whole answers", found.finals, 3);
    assert_int("cut off", found.crashed, 1);
    assert_int("which costs the tenant nothing", found.crash_charge, 0);
    assert_int("what came of it", found.crash_output, 33);
    assert_int("the lease is closed", found.closes, 1);
    assert_int("with its events", found.close_events, 4);
    assert_int("and their sum", found.close_pico, 750);
    recover_release(&adopted);
    cursor = 0;
    counts = (struct recover_counts){0};
    assert_int("again", recover_next(root, (struct uuid){{0}}, &cursor, &adopted, &counts), 1);
    assert_int("changes nothing", counts.crashed + counts.leases_closed, 0);
    in_row("and then it may go", recover_delete(&adopted, -1));
    in_row("all of it", access(adopted.folder == NULL ? "/" : adopted.folder, F_OK) == 0);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static void a_running_gateway_is_left_alone(void **state)
{
    struct uuid gateway;
    struct journals *journals = open_all(&gateway);
    struct recover_counts counts = {0};
    struct adopted adopted;
    size_t cursor = 0;

    (void)state;
    assert_int("nothing to take",
               recover_next(root, (struct uuid){{0}}, &cursor, &adopted, &counts), 0);
    journals_close(journals);
}

static void every_intent_has_room_for_its_final(void **state)
{
    struct uuid gateway;
    struct journals *journals = open_all(&gateway);
    struct journal *journal = journals_of_worker(journals, 0);
    struct uuid *open = mem_array(4096, sizeof(*open));
    static char final[RECORD_PAYLOAD_MAX];
    int count = 0, done = 0, error;
    struct journal_ticket ticket = {.on_written = note, .context = &done};

    (void)state;
    /* The keeper is not given a turn: only what was made ahead counts. */
    while (count < 4096 && (error = journal_put(journal, RECORD_INTENT, open[count] = uuid_new(),
                                                span_of("intent"), NULL)) == 0) {
        count++;
    }
    in_row("some were taken", count > 10);
    memset(final, 'f', sizeof(final));
    for (int i = 0; i < count; i++) {
        struct span payload = span_make(final, sizeof(final));

        assert_int(
            "its final finds room",
            journal_put(journal, RECORD_FINAL, open[i], payload, i == count - 1 ? &ticket : NULL),
            0);
    }
    wait_for(journal, &done, 1);
    journals_close(journals);
    mem_free(open);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everything_put_is_read_in_order_over_many_segments,
                                        make_root, drop_root),
        cmocka_unit_test_setup_teardown(a_process_that_was_killed_is_brought_to_its_end, make_root,
                                        drop_root),
        cmocka_unit_test_setup_teardown(a_running_gateway_is_left_alone, make_root, drop_root),
        cmocka_unit_test_setup_teardown(every_intent_has_room_for_its_final, make_root, drop_root),
    };

    return run_test_table(tests);
}
