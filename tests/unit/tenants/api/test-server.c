/* The whole sequence of a call, over a socket, with routes of the test's own and a real database.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/seal.h"
#include "common/base/tcp.h"
#include "tenants/api/identity.h"
#include "tenants/api/server.h"
#include "tenants/store/operator_store.h"
#include "tests/support/testing_store.h"
#include "tests/unit/tenants/api/client.h"
#include "tests/unit/tenants/api/things.h"

/* ---- the server ---- */

static char url[TEST_URL_SIZE], control_url[TEST_URL_SIZE];
static char token[OPERATOR_TOKEN_LENGTH + 1];
static struct seal *seal;
static struct identity *identity;

struct running {
    struct counts counts;
    struct performing performing;
    struct server *server;
    pthread_t thread;
    uint16_t port;
    int stop[2];
};

static void *run_server(void *argument)
{
    struct running *running = argument;

    server_run(running->server);
    server_free(running->server);
    return NULL;
}

static struct running *start(size_t threads, size_t waiting_max)
{
    struct running *running = mem_new(sizeof(*running));
    struct tcp_address address;

    assert_int("address", tcp_parse("127.0.0.1:0", &address), 0);
    int fd = tcp_listen(&address, false);
    assert_true(fd >= 0);
    running->port = tcp_port(&address);
    running->performing = (struct performing){
        .families = things_families,
        .seal = seal,
        .identity = identity,
        .database = {.url = control_url, .statement_timeout_ms = 2000, .lock_timeout_ms = 1000},
        .counts = &running->counts,
    };
    assert_int("pipe", pipe(running->stop), 0);
    const struct server_settings settings = {
        .performing = &running->performing,
        .threads = threads,
        .waiting_max = waiting_max,
        .drain_ms = 5000,
        .listen_fd = fd,
        .stop_fd = running->stop[0],
    };
    running->server = server_new(&settings);
    thread_start(&running->thread, "server", run_server, running);
    return running;
}

static void ask_to_stop(struct running *running)
{
    static const char bytes[256];

    assert_true(write(running->stop[1], bytes, 128) == 128);
}

static void stop(struct running *running)
{
    ask_to_stop(running);
    pthread_join(running->thread, NULL);
    close(running->stop[0]);
    close(running->stop[1]);
    mem_free(running);
}

/* ---- a client ---- */

/* As the operator; `path` is behind the prefix. */
static struct answer *ask(const struct running *running, const char *method, const char *path,
                          const char *headers, const char *body)
{
    cleanup(mem_free_at) char *full = mem_printf("/control/v1%s", path);
    cleanup(mem_free_at) char *all = mem_printf("authorization: Bearer %s\r\n%s", token, headers);

    return client_receive(client_send(running->port, method, full, all, body));
}

#define assert_has(what, text, part)                                                               \
    do {                                                                                           \
        if (strstr((text), (part)) == NULL)                                                        \
            fail_msg("%s: \"%s\" is not in %s", (what), (part), (text));                           \
    } while (0)

struct row {
    const char *method, *path, *headers, *body;
    int status;
    const char *part; /* of the answer's body */
};

static void expect_row(const struct running *running, const struct row *row)
{
    cleanup(mem_free_at) struct answer *answer =
        ask(running, row->method, row->path, row->headers, row->body);
    cleanup(mem_free_at) char *what = mem_printf("%s %s", row->method, row->path);

    if (answer->status != row->status)
        fail_msg("%s: %d, wanted %d: %s", what, answer->status, row->status, answer->body);
    assert_has(what, answer->body, row->part);
    assert_has(what, answer->head, "cache-control: no-store\r\n");
    if (row->status < 400 || strcmp(row->method, "HEAD") == 0)
        return;
    assert_has(what, answer->head, "content-type: application/problem+json\r\n");
    assert_has(what, answer->body, "\"request_id\":\"gen_");
}
#define expect(running, ...) expect_row((running), &(const struct row){__VA_ARGS__})

/* ---- set up ---- */

static int set_up(void **state)
{
    char path[] = "/tmp/tollgate-server-XXXXXX";
    const struct identity_settings sessions = {12, 120};
    struct store_error error = {""};
    cleanup(buf_done) struct buf why = buf_make(400);
    struct operator_made made;

    (void)state;
    log_set_level(LOG_ALARM);
    if (make_schema(url) != 0 || url[0] == '\0')
        return url[0] == '\0' ? 0 : -1;
    url_for(url, "tollgate_control", control_url);
    int fd = mkstemp(path);
    assert_int("key",
               file_write_all(fd,
                              "00112233445566778899aabbccddeeff"
                              "00112233445566778899aabbccddeeff\n",
                              65),
               0);
    close(fd);
    assert_int("seal", seal_load(path, &seal, &why), 0);
    unlink(path);
    identity = identity_new(&sessions);
    struct pg *all = open_database(url);
    assert_int("scratch",
               pg_script(all,
                         "CREATE TABLE tollgate.things (name text PRIMARY KEY, n int8 NOT NULL"
                         " DEFAULT 0, revision int8 NOT NULL DEFAULT 1);"
                         "INSERT INTO tollgate.things SELECT 't' || i, i / 2, 1"
                         " FROM generate_series(1, 7) i;"
                         "INSERT INTO tollgate.things VALUES ('a/b c', 90, 7), ('=x', 91, 1);"
                         "GRANT ALL ON tollgate.things TO tollgate_control;"
                         "CREATE FUNCTION tollgate.fail_serialization() RETURNS text LANGUAGE"
                         " plpgsql AS $$ BEGIN RAISE SQLSTATE '40001'; END $$;"
                         "CREATE FUNCTION tollgate.end_backend() RETURNS bool LANGUAGE sql"
                         " SECURITY DEFINER AS 'SELECT pg_terminate_backend(pg_backend_pid())';"),
               PG_OK);
    pg_close(all);
    struct pg *pg = open_database(control_url);
    assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
    struct arena *arena = arena_new(4096, 1 << 20);
    const struct operator_new wanted = {.email = span_of("op@x"), .has_token = true};
    assert_store(STORE_OK, operator_store_create(pg, &test_operator, &wanted, arena, &made, &error),
                 error);
    assert_store(STORE_OK, store_commit(pg, &error), error);
    pg_close(pg);
    arena_free(arena);
    memcpy(token, made.token, sizeof(token));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    seal_free(seal);
    identity_free(identity);
    return drop_database(url);
}

/* ---- tests ---- */

static void what_needs_no_handler_is_refused_with_its_reason(void **state)
{
    static char large[300000], huge[17 << 20];
    static const struct row rows[] = {
        {"GET", "/nothing", "", "", 404, "urn:tollgate:problem:not_found"},
        {"GET", "/things/", "", "", 404, "not_found"},
        {"GET", "", "", "", 404, "not_found"},
        {"DELETE", "/things", "", "", 405, "\"allowed\":[\"GET\",\"POST\"]"},
        {"HEAD", "/things/t1", "", "", 405, ""},
        {"OPTIONS", "/things", "", "", 405, "problem:method"},
        {"POST", "/things", "content-type: text/plain\r\n", "{}", 415, "content_type"},
        {"POST", "/things", "content-type: application/jsonx\r\n", "{}", 415, "content_type"},
        {"POST", "/things", "", "{\"name\":}", 400, "the body is not valid JSON at byte 8"},
        {"POST", "/things", "", "{\"n\":1,\"n\":2}", 400, "duplicate"},
        {"POST", "/things", "", "[1]", 422, "the body must be a JSON object"},
        {"POST", "/things", "", "", 422,
         "\"errors\":[{\"field\":\"name\",\"message\":\"is missing\"}]"},
        {"POST", "/things", "", "{\"nam\":1,\"n\":101}", 422,
         "\"errors\":[{\"field\":\"nam\",\"message\":\"is not known; known are name, n\"},"
         "{\"field\":\"n\",\"message\":\"must be a whole number from 0 to 100\"},"
         "{\"field\":\"name\",\"message\":\"is missing\"}]"},
        {"POST", "/things", "", large, 413, "256 KiB"},
        {"POST", "/large", "", huge, 413, "too_large"},
        {"GET", "/things", "", "{}", 400, "GET takes no body"},
        {"GET", "/things?limit=0&x=1&q=%zz", "", "", 400,
         "{\"field\":\"limit\",\"message\":\"must be a whole number from 1 to 200\"}"},
        {"GET", "/things?limit=5&limit=6", "", "", 400, "is given twice"},
        {"GET", "/things?cursor=garbage", "", "", 400, "bad_cursor"},
        {"GET", "/things/%zz", "", "", 400, "broken percent escape"},
        {"GET", "/things/%00", "", "", 400, "control character"},
        {"GET", "/things/%ff%fe", "", "", 404, "not_found"},
        {"GET", "/things/none", "", "", 404, "there is no such thing"},
        {"GET", "/tenants/ten_1/things", "", "", 404, "not_found"},
        {"PATCH", "/things/t1", "", "{\"n\":1}", 428, "needs_match"},
        {"PATCH", "/things/t1", "if-match: *\r\n", "{}", 422, "name at least one member"},
        {"POST", "/once", "", "", 400, "needs_idempotency_key"},
        {"POST", "/once", "idempotency-key: a b\r\n", "", 400, "visible ASCII"},
        {"POST", "/tenants/ten_00000000000000000000000001/things", "", "", 403,
         "\"allowed\":[\"owner\"]"},
        {"GET", "/sneak", "", "", 500, "internal"},
    };
    (void)state;
    need_database(url);
    struct running *running = start(2, 10);
    memset(large, 'x', sizeof(large) - 1);
    memset(huge, 'x', sizeof(huge) - 1);
    for (size_t i = 0; i < array_size(rows); i++)
        expect_row(running, &rows[i]);
    stop(running);
}

static void nobody_gets_no_further_than_the_public_routes(void **state)
{
    (void)state;
    need_database(url);
    struct running *running = start(1, 10);
    cleanup(mem_free_at) struct answer *open =
        client_receive(client_send(running->port, "GET", "/control/v1/open", "", ""));
    assert_int("public", open->status, 204);
    cleanup(mem_free_at) struct answer *closed =
        client_receive(client_send(running->port, "GET", "/control/v1/things", "", ""));
    assert_int("not public", closed->status, 401);
    assert_has("401", closed->head, "www-authenticate: Bearer");
    cleanup(mem_free_at) struct answer *wrong = client_receive(client_send(
        running->port, "GET", "/control/v1/things", "authorization: Bearer opr-tg1_x\r\n", ""));
    assert_int("a token that is none", wrong->status, 401);
    cleanup(mem_free_at) struct answer *unknown =
        client_receive(client_send(running->port, "GET", "/control/v1/nothing", "", ""));
    assert_int("an unknown path is 404 for everyone", unknown->status, 404);
    cleanup(mem_free_at) struct answer *outside =
        client_receive(client_send(running->port, "GET", "/", "", ""));
    assert_int("outside of the prefix", outside->status, 404);
    stop(running);
}

/* The text behind `name`":" up to the quote. */
static char *member(const char *body, const char *name)
{
    cleanup(mem_free_at) char *wanted = mem_printf("\"%s\":\"", name);
    const char *at = strstr(body, wanted);

    assert_non_null(at);
    at += strlen(wanted);
    return mem_dup(at, strcspn(at, "\""));
}

static void a_list_comes_in_pages_and_a_cursor_fits_its_list_only(void **state)
{
    (void)state;
    need_database(url);
    struct running *running = start(1, 10);
    cleanup(mem_free_at) struct answer *first = ask(running, "GET", "/things?limit=4&q=t", "", "");
    assert_has(
        "first", first->body,
        "{\"data\":[{\"name\":\"t1\",\"n\":0,\"etag\":\"1\"},{\"name\":\"t2\",\"n\":1,\"etag\":"
        "\"1\"},{\"name\":\"t3\",\"n\":1,\"etag\":\"1\"},{\"name\":\"t4\",\"n\":2,\"etag\":\"1\"}],"
        "\"next_cursor\":\"");
    cleanup(mem_free_at) char *cursor = member(first->body, "next_cursor");
    cleanup(mem_free_at) char *next = mem_printf("/things?limit=4&q=t&cursor=%s", cursor);
    expect(running, "GET", next, "", "", 200,
           "{\"data\":[{\"name\":\"t5\",\"n\":2,\"etag\":\"1\"},{\"name\":\"t6\",\"n\":3,\"etag\":"
           "\"1\"},"
           "{\"name\":\"t7\",\"n\":3,\"etag\":\"1\"}],\"next_cursor\":null}");
    cleanup(mem_free_at) char *other = mem_printf("/others?cursor=%s", cursor);
    expect(running, "GET", other, "", "", 400, "bad_cursor");
    cursor[5] = cursor[5] == 'A' ? 'B' : 'A';
    cleanup(mem_free_at) char *changed = mem_printf("/things?cursor=%s", cursor);
    expect(running, "GET", changed, "", "", 400, "bad_cursor");
    cleanup(mem_free_at) struct answer *csv = ask(running, "GET", "/things?format=csv", "", "");
    assert_has("csv", csv->body, "name,n\r\nt1,0\r\n");
    assert_has("csv", csv->body, "\r\n'=x,91\r\n");
    assert_has("csv", csv->head, "content-type: text/csv; charset=utf-8; header=present\r\n");
    assert_has("csv", csv->head, "content-disposition: attachment; filename=\"things.csv\"\r\n");
    stop(running);
}

static void an_object_has_an_etag_that_a_change_needs(void **state)
{
    (void)state;
    need_database(url);
    struct running *running = start(1, 10);
    cleanup(mem_free_at) struct answer *one = ask(running, "GET", "/things/a%2Fb%20c", "", "");
    assert_int("found behind an escaped slash", one->status, 200);
    assert_has("etag", one->head, "etag: \"7\"\r\n");
    cleanup(mem_free_at) struct answer *same =
        ask(running, "GET", "/things/a%2Fb%20c", "if-none-match: \"6\", W/\"7\"\r\n", "");
    assert_int("unchanged", same->status, 304);
    assert_has("etag", same->head, "etag: \"7\"\r\n");
    assert_int("no body", strlen(same->body), 0);
    expect(running, "GET", "/things/a%2Fb%20c", "if-none-match: \"8\"\r\n", "", 200, "a/b c");
    expect(running, "PATCH", "/things/a%2Fb%20c", "if-match: \"6\"\r\n", "{\"n\":5}", 412,
           "at etag \\\"7\\\" now");
    expect(running, "PATCH", "/things/a%2Fb%20c", "if-match: W/\"7\"\r\n", "{\"n\":5}", 412, "");
    expect(running, "PATCH", "/things/a%2Fb%20c", "if-match: \"7\"\r\n", "{\"n\":5}", 200,
           "{\"name\":\"a/b c\",\"n\":5,\"etag\":\"8\"}");
    expect(running, "PATCH", "/things/a%2Fb%20c", "if-match: 8\r\n", "{\"n\":6}", 200, "\"9\"");
    expect(running, "PATCH", "/things/a%2Fb%20c", "if-match: *\r\n", "{\"n\":7}", 200, "\"10\"");
    stop(running);
}

static int64_t count_things(const char *name)
{
    struct pg *pg = open_database(url);
    struct pg_rows *rows = NULL;

    assert_int(
        "count",
        pg_exec(pg, &rows, "SELECT count(*) FROM tollgate.things WHERE name = $1", PG_STRING(name)),
        PG_OK);
    int64_t count = pg_get_int64(rows, 0, 0);
    pg_rows_free(rows);
    pg_close(pg);
    return count;
}

static void the_same_call_twice_has_one_effect(void **state)
{
    static const char key[] = "idempotency-key: k1\r\n";
    (void)state;
    need_database(url);
    struct running *running = start(4, 10);
    cleanup(mem_free_at) struct answer *first =
        ask(running, "POST", "/things", key, "{\"name\":\"once\",\"n\":3}");
    assert_int("made", first->status, 201);
    assert_null(strstr(first->head, "idempotent-replayed"));
    cleanup(mem_free_at) struct answer *again =
        ask(running, "POST", "/things", key, "{\"name\":\"once\",\"n\":3}");
    assert_int("answered again", again->status, 201);
    assert_has("again", again->head, "idempotent-replayed: true\r\n");
    assert_has("again", again->head, "etag: \"1\"\r\n");
    assert_string_equal(first->body, again->body);
    expect(running, "POST", "/things", key, "{\"name\":\"once\",\"n\":4}", 422, "key_reused");
    expect(running, "POST", "/things", "idempotency-key: k2\r\n", "{\"name\":\"once\"}", 409,
           "conflict");
    expect(running, "POST", "/things", "idempotency-key: k2\r\n", "{\"name\":\"twice\"}", 201,
           "twice");
    assert_int("one effect", count_things("once"), 1);
    struct pg *pg = open_database(url);
    assert_sql(pg,
               "SELECT count(*)::text FROM tollgate.idempotency_keys"
               " WHERE position('once' in encode(answer, 'escape')) > 0",
               "0");
    pg_close(pg);
    stop(running);
}

static void the_same_call_at_once_has_one_effect(void **state)
{
    enum { CALLS = 4 };
    cleanup(mem_free_at) char *headers =
        mem_printf("authorization: Bearer %s\r\nidempotency-key: together\r\n", token);
    int fds[CALLS], replayed = 0;
    (void)state;
    need_database(url);
    struct running *running = start(CALLS, 10);
    atomic_store(&things_runs, 0);
    for (int i = 0; i < CALLS; i++)
        fds[i] = client_send(running->port, "POST", "/control/v1/things", headers,
                             "{\"name\":\"together\"}");
    for (int i = 0; i < CALLS; i++) {
        cleanup(mem_free_at) struct answer *answer = client_receive(fds[i]);
        assert_int(answer->body, answer->status, 201);
        replayed += strstr(answer->head, "idempotent-replayed: true") != NULL ? 1 : 0;
    }
    assert_int("the others got its answer", replayed, CALLS - 1);
    assert_int("one run", atomic_load(&things_runs), 1);
    assert_int("one effect", count_things("together"), 1);
    stop(running);
}

static void a_serialization_failure_runs_the_call_again(void **state)
{
    (void)state;
    need_database(url);
    struct running *running = start(1, 10);
    atomic_store(&things_runs, 0);
    expect(running, "POST", "/fail", "", "{\"times\":2}", 200, "{\"run\":2}");
    atomic_store(&things_runs, 0);
    expect(running, "POST", "/fail", "", "{\"times\":3}", 503, "others change the same");
    assert_int("three runs", atomic_load(&things_runs), 3);
    stop(running);
}

static void a_lost_connection_is_made_anew(void **state)
{
    (void)state;
    need_database(url);
    struct running *running = start(1, 10);
    atomic_store(&things_runs, 0);
    expect(running, "POST", "/lose", "", "", 204, "");
    assert_int("run again", atomic_load(&things_runs), 2);
    expect(running, "GET", "/things/t1", "", "", 200, "t1");
    stop(running);
}

static void a_statement_that_takes_too_long_is_not_run_again(void **state)
{
    (void)state;
    need_database(url);
    struct running *running = start(1, 10);
    atomic_store(&things_runs, 0);
    expect(running, "GET", "/wait?ms=60000", "", "", 503, "this took too long");
    assert_int("one run", atomic_load(&things_runs), 1);
    stop(running);
}

static void too_many_calls_are_told_to_come_again(void **state)
{
    enum { CALLS = 12, WAITING = 2 };
    cleanup(mem_free_at) char *headers = mem_printf("authorization: Bearer %s\r\n", token);
    int fds[CALLS], served = 0, refused = 0;
    (void)state;
    need_database(url);
    struct running *running = start(1, WAITING);
    for (int i = 0; i < CALLS; i++)
        fds[i] = client_send(running->port, "GET", "/control/v1/wait?ms=300", headers, "");
    for (int i = 0; i < CALLS; i++) {
        cleanup(mem_free_at) struct answer *answer = client_receive(fds[i]);
        served += answer->status == 204 ? 1 : 0;
        if (answer->status == 503) {
            refused++;
            assert_has("busy", answer->head, "retry-after: 1\r\n");
        }
    }
    assert_int("each got an answer", served + refused, CALLS);
    in_row("some were served", served >= WAITING);
    in_row("some were refused", refused > 0);
    stop(running);
}

static void strangers_do_not_keep_out_who_is_signed_in(void **state)
{
    enum { CALLS = 6 };
    int fds[CALLS];
    (void)state;
    need_database(url);
    struct running *running = start(2, 20);
    atomic_store(&things_runs, 0);
    for (int i = 0; i < CALLS; i++)
        fds[i] = client_send(running->port, "GET", "/control/v1/open/wait?ms=300", "", "");
    int64_t until_ms = clock_mono_ms() + 10000;
    while (atomic_load(&running->counts.running) == 0 && clock_mono_ms() < until_ms)
        (void)poll(NULL, 0, 5);
    expect(running, "GET", "/things/t1", "", "", 200, "t1");
    in_row("most of the strangers still wait", atomic_load(&things_runs) < CALLS - 1);
    for (int i = 0; i < CALLS; i++) {
        cleanup(mem_free_at) struct answer *answer = client_receive(fds[i]);
        assert_int("and are served in the end", answer->status, 204);
    }
    stop(running);
}

static void a_client_that_leaves_does_not_stop_what_it_asked_for(void **state)
{
    cleanup(mem_free_at) char *headers = mem_printf("authorization: Bearer %s\r\n", token);
    (void)state;
    need_database(url);
    struct running *running = start(1, 10);
    atomic_store(&things_runs, 0);
    int fd =
        client_send(running->port, "POST", "/control/v1/things", headers, "{\"name\":\"left\"}");
    int64_t until_ms = clock_mono_ms() + 10000;
    while (atomic_load(&things_runs) == 0 && clock_mono_ms() < until_ms)
        (void)poll(NULL, 0, 5);
    close(fd);
    stop(running);
    assert_int("done nevertheless", count_things("left"), 1);
}

static void what_is_at_work_is_answered_before_the_end(void **state)
{
    cleanup(mem_free_at) char *headers = mem_printf("authorization: Bearer %s\r\n", token);
    (void)state;
    need_database(url);
    struct running *running = start(1, 10);
    int fd = client_send(running->port, "GET", "/control/v1/wait?ms=500", headers, "");
    int64_t until_ms = clock_mono_ms() + 10000;
    while (atomic_load(&running->counts.running) == 0 && clock_mono_ms() < until_ms)
        (void)poll(NULL, 0, 5);
    ask_to_stop(running);
    cleanup(mem_free_at) struct answer *answer = client_receive(fd);
    assert_int("answered", answer->status, 204);
    stop(running);
}

static void the_edges_request_id_is_the_calls(void **state)
{
    static const char id[] = "gen_01jd0000000000000000000001";
    cleanup(mem_free_at) char *given = mem_printf("x-request-id: %s\r\n", id);
    (void)state;
    need_database(url);
    struct running *running = start(1, 10);
    cleanup(mem_free_at) struct answer *answer = ask(running, "GET", "/things/none", given, "");
    assert_has("in the header", answer->head, id);
    assert_has("in the problem", answer->body, "\"instance\":\"gen_01jd0000000000000000000001\"");
    cleanup(mem_free_at) struct answer *own =
        ask(running, "GET", "/things/none", "x-request-id: mine\r\n", "");
    assert_has("made here", own->head, "x-request-id: gen_");
    stop(running);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_needs_no_handler_is_refused_with_its_reason),
        cmocka_unit_test(nobody_gets_no_further_than_the_public_routes),
        cmocka_unit_test(a_list_comes_in_pages_and_a_cursor_fits_its_list_only),
        cmocka_unit_test(an_object_has_an_etag_that_a_change_needs),
        cmocka_unit_test(the_same_call_twice_has_one_effect),
        cmocka_unit_test(the_same_call_at_once_has_one_effect),
        cmocka_unit_test(a_serialization_failure_runs_the_call_again),
        cmocka_unit_test(a_lost_connection_is_made_anew),
        cmocka_unit_test(a_statement_that_takes_too_long_is_not_run_again),
        cmocka_unit_test(too_many_calls_are_told_to_come_again),
        cmocka_unit_test(strangers_do_not_keep_out_who_is_signed_in),
        cmocka_unit_test(a_client_that_leaves_does_not_stop_what_it_asked_for),
        cmocka_unit_test(what_is_at_work_is_answered_before_the_end),
        cmocka_unit_test(the_edges_request_id_is_the_calls),
    };

    /* As the program does: a server that is slow may have closed before all was sent. */
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
