/*
 * broker: see broker.h.
 */
#include "gateway/admit/broker.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/pg/pg.h"

enum { REPORT_MS = 1000, RECONNECT_MS = 200, STATEMENT_MS = 5000, PARTITIONS_MAX = 4096 };
enum { REPORT_BYTES_MAX = 8192 };

#define GIVE_BACK_CHANNEL "tollgate_give_back"
#define FREE_PICO_MAX (INT64_MAX / 4) /* so that sums of these stay within int64 */

struct broker {
    struct broker_config config;
    pthread_t thread;
    struct mailbox *in, **out;
    _Atomic bool stopping, connected;

    /* the thread's own */
    struct pg *pg;
    struct broker_letter *again; /* a grant whose answer was lost */
    int64_t report_ms;
};

static const char *const scope_names[] = {
    [LEASE_BALANCE] = "balance", [LEASE_KEY] = "key", [LEASE_PROJECT] = "project"};

struct broker_letter *broker_letter_new(enum broker_letter_kind kind, uint32_t worker)
{
    struct broker_letter *letter = mem_new(sizeof(*letter));

    letter->kind = kind;
    letter->worker = worker;
    return letter;
}

void broker_send(struct broker *broker, struct broker_letter *letter)
{
    mailbox_send(broker->in, &letter->letter);
}

int broker_inbox_fd(const struct broker *broker, uint32_t worker)
{
    return mailbox_fd(broker->out[worker]);
}

static struct broker_letter *take(struct mailbox *mailbox)
{
    struct letter *letter = mailbox_take(mailbox);

    return letter == NULL ? NULL : container_of(letter, struct broker_letter, letter);
}

struct broker_letter *broker_take(struct broker *broker, uint32_t worker)
{
    return take(broker->out[worker]);
}

bool broker_connected(const struct broker *broker)
{
    return atomic_load_explicit(&broker->connected, memory_order_relaxed);
}

static void lose_database(struct broker *broker)
{
    if (atomic_exchange(&broker->connected, false)) {
        log_event(LOG_WARN, "leases.database_away");
    }
    pg_close_at(&broker->pg);
}

static bool connect_database(struct broker *broker)
{
    struct pg_settings settings = {
        .url = broker->config.database_url,
        .application_name = "tollgate-gateway leases",
        .schema = "tollgate",
        .connect_timeout_s = 2,
        .statement_timeout_ms = STATEMENT_MS,
    };
    struct pg_error error;

    if (pg_open(&settings, &broker->pg, &error) != PG_OK) {
        broker->pg = NULL;
        return false;
    }
    if (pg_listen(broker->pg, GIVE_BACK_CHANNEL) != PG_OK) {
        pg_close_at(&broker->pg);
        return false;
    }
    broker->report_ms = 0;
    return true;
}

static int64_t clip(int128 pico)
{
    return pico < 0 ? 0 : pico > FREE_PICO_MAX ? FREE_PICO_MAX : (int64_t)pico;
}

/* More may be spent than there is: of a budget that was lowered, or a balance that is owed. Then
 * nothing is free, and of what is held only what is left after that comes back to be had. */
static void note_free(struct broker_letter *letter, int128 free_pico, int128 held_pico)
{
    letter->free_pico = clip(free_pico);
    letter->held_pico = clip(free_pico < 0 ? free_pico + held_pico : held_pico);
}

/* True when it was answered; false when the database went away and it must be asked again. */
static bool grant(struct broker *broker, struct broker_letter *letter)
{
    struct pg_rows *rows = NULL;
    enum pg_outcome outcome;

    /* Asked again, it may have been granted the first time: its life counts from then. */
    if (letter->sent_ms == 0) {
        letter->sent_ms = clock_mono_ms();
    }
    outcome = pg_exec(broker->pg, &rows,
                      "SELECT granted, trunc(free_pico), trunc(held_pico) FROM "
                      "tollgate.lease_grant($1, $2, $3, $4, "
                      "$5, $6, $7, $8, $9, $10::int8 * interval '1 millisecond')",
                      PG_UUID(letter->lease), PG_UUID(broker->config.gateway),
                      PG_UUID(letter->tenant), PG_STRING(scope_names[letter->scope.kind]),
                      PG_UUID(letter->scope.id), PG_TIME(letter->scope.window_start_ms),
                      PG_NUMERIC(letter->limit_pico), PG_INT(letter->need_pico),
                      PG_INT(letter->recent_pico), PG_INT(broker->config.lease_life_ms));
    if (outcome == PG_OK && pg_rows_count(rows) == 1) {
        letter->granted_pico = pg_get_int64(rows, 0, 0);
        note_free(letter, pg_get_int128(rows, 0, 1), pg_get_int128(rows, 0, 2));
    } else if (outcome == PG_CONNECTION_LOST || outcome == PG_SERIALIZATION ||
               outcome == PG_TIMEOUT) {
        pg_rows_free(rows);
        return false;
    } else if (outcome != PG_OK) {
        log_event(LOG_ALARM, "leases.grant_failed", LOG_S("error", pg_error(broker->pg)->message));
        letter->free_pico = letter->held_pico = -1;
    }
    pg_rows_free(rows);
    mailbox_send(broker->out[letter->worker], &letter->letter);
    return true;
}

static bool is_listed(const struct pg_rows *rows, struct uuid id)
{
    for (size_t i = 0; i < pg_rows_count(rows); i++) {
        if (uuid_equal(pg_get_uuid(rows, i, 0), id)) {
            return true;
        }
    }
    return false;
}

static void renew(struct broker *broker, struct broker_letter *letter)
{
    struct pg_rows *rows = NULL;
    enum pg_outcome outcome;

    letter->sent_ms = clock_mono_ms();
    outcome = pg_exec(broker->pg, &rows,
                      "SELECT tollgate.lease_renew($1, $2::uuid[], $3::int8[], $4::int8[], "
                      "$5::int8 * interval '1 millisecond')",
                      PG_UUID(broker->config.gateway), PG_UUIDS(letter->leases, letter->count),
                      PG_INTS(letter->spent_pico, letter->count),
                      PG_INTS(letter->reserved_pico, letter->count),
                      PG_INT(broker->config.lease_life_ms));
    if (outcome != PG_OK) {
        pg_rows_free(rows);
        mem_free(letter); /* The next second's report says it all again. */
        return;
    }
    for (uint32_t i = 0; i < letter->count; i++) {
        letter->open[i] = is_listed(rows, letter->leases[i]);
    }
    pg_rows_free(rows);
    mailbox_send(broker->out[letter->worker], &letter->letter);
}

static void give_back(struct broker *broker, struct broker_letter *letter)
{
    for (uint32_t i = 0; i < letter->count; i++) {
        /* A lost return only holds the money longer: the lease's end frees it. */
        enum pg_outcome outcome =
            pg_exec(broker->pg, NULL, "SELECT tollgate.lease_give_back($1, $2, $3)",
                    PG_UUID(letter->leases[i]), PG_UUID(broker->config.gateway),
                    PG_INT(letter->spent_pico[i]));

        if (outcome != PG_OK) {
            break;
        }
    }
    mem_free(letter);
}

static void handle(struct broker *broker, struct broker_letter *letter)
{
    switch (letter->kind) {
    case BROKER_GRANT:
        if (!grant(broker, letter)) {
            broker->again = letter;
        }
        break;
    case BROKER_RENEW:
        renew(broker, letter);
        break;
    case BROKER_GIVE_BACK:
        give_back(broker, letter);
        break;
    case BROKER_ASK_BACK:
        mem_free(letter);
        break;
    }
}

/* Somebody needs what a scope holds ("balance <uuid>"): every worker is asked. */
static void pass_on_ask(struct broker *broker, struct span payload)
{
    struct span name = span_cut(&payload, ' ');
    struct uuid id;

    if (payload.at == NULL || uuid_parse(payload, &id) < 0) {
        return;
    }
    for (size_t kind = 0; kind < array_size(scope_names); kind++) {
        if (!span_is(name, scope_names[kind])) {
            continue;
        }
        for (uint32_t i = 0; i < broker->config.workers; i++) {
            struct broker_letter *letter = broker_letter_new(BROKER_ASK_BACK, i);

            letter->scope.id = id;
            letter->scope.kind = (int64_t)kind;
            mailbox_send(broker->out[i], &letter->letter);
        }
    }
}

static void take_notifications(struct broker *broker)
{
    struct pg_notification notification;
    bool got = true;

    while (broker->pg != NULL && got) {
        if (pg_notified(broker->pg, &notification, &got) != PG_OK) {
            lose_database(broker);
            return;
        }
        if (got) {
            pass_on_ask(broker, span_of(notification.payload));
        }
    }
}

/* How far billing has posted: what lies before it need not be kept. */
static void read_positions(struct broker *broker)
{
    struct pg_rows *rows = NULL;

    if (pg_exec(broker->pg, &rows,
                "SELECT kind, identity, coalesce(topic, ''), coalesce(part, 0), next_segment, "
                "next_offset "
                "FROM tollgate.sources") != PG_OK) {
        return;
    }
    for (size_t i = 0; i < pg_rows_count(rows); i++) {
        struct span identity = pg_get_text(rows, i, 1);
        struct uuid journal;

        if (span_is(pg_get_text(rows, i, 0), "journal")) {
            if (broker->config.on_journal_posted != NULL && span_starts(identity, "journal:") &&
                uuid_parse(span_part(identity, 8, identity.size), &journal) == 0) {
                broker->config.on_journal_posted(broker->config.context, journal,
                                                 (uint32_t)pg_get_int64(rows, i, 4),
                                                 (uint32_t)pg_get_int64(rows, i, 5));
            }
        } else if (broker->config.on_partition_posted != NULL) {
            char *topic = span_dup(pg_get_text(rows, i, 2));

            broker->config.on_partition_posted(broker->config.context, topic,
                                               (int32_t)pg_get_int64(rows, i, 3),
                                               pg_get_int64(rows, i, 5));
            mem_free(topic);
        }
    }
    pg_rows_free(rows);
}

static bool report(struct broker *broker, const char *state)
{
    cleanup(buf_done) struct buf text = buf_make(REPORT_BYTES_MAX);
    struct json_writer w = json_writer_make(&text);

    json_begin(&w, '{');
    if (broker->config.on_report != NULL)
        broker->config.on_report(broker->config.context, &w);
    json_end(&w, '}');
    must(!buf_failed(&text));
    enum pg_outcome outcome =
        pg_exec(broker->pg, NULL, "SELECT tollgate.gateway_report($1, $2, $3, $4, $5::jsonb)",
                PG_UUID(broker->config.gateway), PG_STRING(broker->config.host),
                PG_STRING(TOLLGATE_VERSION), PG_STRING(state), PG_TEXT(buf_span(&text)));

    return outcome == PG_OK;
}

/* One turn with a database: reports, letters, notifications. */
static void work(struct broker *broker)
{
    int64_t now = clock_mono_ms();
    struct broker_letter *letter;

    if (now - broker->report_ms >= REPORT_MS) {
        if (!report(broker, "active")) {
            lose_database(broker);
            return;
        }
        /* Leases need the gateway's row, so only now may others count on us. */
        atomic_store(&broker->connected, true);
        broker->report_ms = now;
        read_positions(broker);
    }
    if (broker->again != NULL && pg_alive(broker->pg)) {
        handle(broker, TAKE(broker->again));
    }
    while (broker->again == NULL && pg_alive(broker->pg) && (letter = take(broker->in)) != NULL) {
        handle(broker, letter);
    }
    if (!pg_alive(broker->pg)) {
        lose_database(broker);
        return;
    }
    take_notifications(broker);
}

static void *run(void *argument)
{
    struct broker *broker = argument;

    while (!atomic_load(&broker->stopping)) {
        bool ready = broker->pg != NULL || connect_database(broker);
        struct pollfd fds[2] = {{.fd = mailbox_fd(broker->in), .events = POLLIN},
                                {.fd = -1, .events = POLLIN}};

        if (!ready) {
            poll(NULL, 0, RECONNECT_MS);
            continue;
        }
        work(broker);
        if (broker->pg != NULL) {
            fds[1].fd = pg_fd(broker->pg);
        }
        /* A grant that must be asked again is asked after a moment, whatever else comes. */
        poll(broker->again != NULL ? NULL : fds, broker->again != NULL ? 0 : 2,
             broker->again != NULL || broker->pg == NULL ? RECONNECT_MS : REPORT_MS);
    }
    if (broker->pg != NULL) {
        (void)report(broker, "stopped");
        pg_close_at(&broker->pg);
    }
    return NULL;
}

struct broker *broker_start(const struct broker_config *config)
{
    struct broker *broker = mem_new(sizeof(*broker));

    broker->config = *config;
    broker->in = mailbox_new();
    broker->out = mem_array(config->workers, sizeof(struct mailbox *));
    for (uint32_t i = 0; i < config->workers; i++) {
        broker->out[i] = mailbox_new();
    }
    thread_start(&broker->thread, "leases", run, broker);
    return broker;
}

static void empty(struct mailbox *mailbox)
{
    struct broker_letter *letter;

    while ((letter = take(mailbox)) != NULL) {
        mem_free(letter);
    }
    mailbox_free(mailbox);
}

void broker_stop(struct broker *broker)
{
    if (broker == NULL) {
        return;
    }
    atomic_store(&broker->stopping, true);
    /* An empty letter wakes the thread. */
    broker_send(broker, broker_letter_new(BROKER_ASK_BACK, 0));
    pthread_join(broker->thread, NULL);
    mem_free(broker->again);
    empty(broker->in);
    for (uint32_t i = 0; i < broker->config.workers; i++) {
        empty(broker->out[i]);
    }
    mem_free(broker->out);
    mem_free(broker);
}
