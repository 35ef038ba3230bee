/*
 * holdings: the leases a worker holds and the requests that wait for them: asked for, granted,
 * renewed, given back, ended. The half of admit that time and the broker drive. Worker thread.
 *
 * A lease is written down in the journal before the broker asks for it, so that whatever happens to
 * this process, its end can be told to billing. See docs/leases.md.
 */
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "gateway/admit/admit_private.h"

enum { RETRY_MS = 20, RENEW_MS = 1000, SCOPE_IDLE_MS = 300000 };

/* A lease's LEASE opened record on its way to the disk; the grant is asked for when it is there. */
struct opening {
    struct list link; /* of admit->openings */
    struct journal_ticket ticket;
    struct admit *admit;
    struct broker_letter *letter;
};

static void free_lease(struct admit *admit, struct lease *lease)
{
    map_remove(admit->leases, uuid_span(&lease->id));
    list_remove(&lease->link);
    mem_free(lease);
}

void holdings_free_scope(struct admit *admit, struct scope *scope)
{
    list_each_safe(&scope->leases, link, after)
    {
        free_lease(admit, list_item(link, struct lease, link));
    }
    map_remove(admit->scopes, scope_span(&scope->id));
    list_remove(&scope->link);
    list_remove(&scope->waiting_link);
    mem_free(scope->loose);
    mem_free(scope);
}

/* ---- records and letters ---- */

static int put_record(struct admit *admit, const struct lease *lease, bool closed,
                      struct journal_ticket *ticket)
{
    struct lease_event event = {
        .id = uuid_new(),
        .lease = lease->id,
        .gateway = admit->config.gateway,
        .journal = journal_id(admit->config.journal),
        .tenant = lease->scope->tenant,
        .closed = closed,
        .at_ms = clock_wall_ms(),
        .granted_pico = lease->granted_pico,
        .events = closed ? (int64_t)lease->events : 0,
        .charge_pico = closed ? lease->spent_pico : 0,
    };

    buf_clear(&admit->scratch);
    must(event_encode_lease(&event, &admit->scratch) == 0);
    return journal_put(admit->config.journal, RECORD_LEASE, event.id, buf_span(&admit->scratch),
                       ticket);
}

/* Ends a lease that nobody reserves on any more. Without room on the journal it is tried again. */
static bool end_lease(struct admit *admit, struct lease *lease)
{
    if (put_record(admit, lease, true, NULL) < 0) {
        return false;
    }
    if (lease->scope->asked == lease) {
        lease->scope->asked = NULL;
    }
    free_lease(admit, lease);
    return true;
}

static void on_opened(void *context, int error)
{
    struct opening *opening = context;

    (void)error; /* The journal tells only success; until then the record waits there. */
    broker_send(opening->admit->config.broker, opening->letter);
    list_remove(&opening->link);
    mem_free(opening);
}

void holdings_forget_openings(struct admit *admit)
{
    list_each_safe(&admit->openings, link, after)
    {
        struct opening *opening = list_item(link, struct opening, link);

        journal_forget(admit->config.journal, &opening->ticket);
        mem_free(opening->letter);
        list_remove(link);
        mem_free(opening);
    }
}

/* What all that wait for this scope need together: a lease for one of them would only bring the
 * next to ask. */
static int64_t waiting_pico(const struct scope *scope)
{
    int64_t sum = 0;

    list_each(&scope->waiters, link)
    {
        int64_t need = list_item(link, struct admit_waiter, link)->need_pico;

        sum = need > INT64_MAX - sum ? INT64_MAX : sum + need;
    }
    return sum;
}

void holdings_ask(struct admit *admit, struct scope *scope, int64_t need_pico, int64_t now_ms)
{
    struct opening *opening;
    struct lease *lease;
    int64_t recent = scope_recent_pico(scope, now_ms), waiting = waiting_pico(scope);

    if (scope->asked != NULL || admit->config.broker == NULL) {
        return;
    }
    lease = mem_new(sizeof(*lease));
    *lease = (struct lease){
        .id = uuid_new(), .scope = scope, .state = LEASE_ASKED, .idle_since_ms = now_ms};
    opening = mem_new(sizeof(*opening));
    *opening =
        (struct opening){.ticket = {.on_written = on_opened, .context = opening}, .admit = admit};
    opening->letter = broker_letter_new(BROKER_GRANT, admit->config.worker);
    opening->letter->scope = scope->id;
    opening->letter->lease = lease->id;
    opening->letter->tenant = scope->tenant;
    opening->letter->limit_pico = scope->limit_pico;
    opening->letter->need_pico = need_pico;
    opening->letter->recent_pico = recent > waiting ? recent : waiting;
    if (put_record(admit, lease, false, &opening->ticket) < 0) {
        mem_free(opening->letter);
        mem_free(opening);
        mem_free(lease);
        scope->retry_ms = now_ms + RETRY_MS;
        return;
    }
    list_push_back(&admit->openings, &opening->link);
    scope->asked = lease;
    scope->retry_ms = 0;
    list_push_back(&scope->leases, &lease->link);
    map_put(admit->leases, uuid_span(&lease->id), lease);
}

/* ---- waiting ---- */

void holdings_leave_queue(struct admit *admit, struct scope *scope, struct admit_waiter *waiter)
{
    list_remove(&waiter->link);
    waiter->waiting = false;
    admit->state.waiting--;
    if (scope != NULL && list_empty(&scope->waiters)) {
        list_remove(&scope->waiting_link);
    }
}

static void wake(struct admit *admit, struct scope *scope, struct admit_waiter *waiter,
                 enum admit_outcome verdict)
{
    holdings_leave_queue(admit, scope, waiter);
    waiter->verdict = (int)verdict;
    waiter->on_ready(waiter->context);
}

/* Wakes as many as what is free now can serve, first come first served. */
void holdings_wake_those_who_fit(struct admit *admit, struct scope *scope, int64_t now_ms)
{
    int64_t free_pico = 0;

    list_each(&scope->leases, link)
    {
        free_pico += lease_available(list_item(link, struct lease, link), now_ms);
    }
    while (!list_empty(&scope->waiters)) {
        struct admit_waiter *waiter = list_item(scope->waiters.next, struct admit_waiter, link);

        if (waiter->need_pico > free_pico) {
            return;
        }
        free_pico -= waiter->need_pico;
        wake(admit, scope, waiter, ADMIT_OK);
    }
}

static enum admit_outcome no_money(const struct scope *scope)
{
    return scope->id.kind == LEASE_BALANCE ? ADMIT_NO_CREDIT : ADMIT_NO_BUDGET;
}

static bool cannot_be_served(const struct scope *scope, const struct admit_waiter *waiter,
                             int64_t now_ms)
{
    (void)now_ms;
    return scope->free_pico >= 0 && waiter->need_pico > scope->free_pico + scope->held_pico;
}

static bool is_late(const struct scope *scope, const struct admit_waiter *waiter, int64_t now_ms)
{
    (void)scope;
    return now_ms >= waiter->deadline_ms;
}

/* The first of whom that holds. A waiter that is woken may change the queue, so each search begins
 * anew. */
static struct admit_waiter *find_waiter(const struct scope *scope,
                                        bool (*holds)(const struct scope *,
                                                      const struct admit_waiter *, int64_t),
                                        int64_t now_ms)
{
    list_each(&scope->waiters, link)
    {
        struct admit_waiter *waiter = list_item(link, struct admit_waiter, link);

        if (holds(scope, waiter, now_ms)) {
            return waiter;
        }
    }
    return NULL;
}

/* The broker granted nothing: who could never be served is told, the others wait for what others
 * hold. */
static void tell_refused(struct admit *admit, struct scope *scope, int64_t now_ms)
{
    struct admit_waiter *waiter;

    while ((waiter = find_waiter(scope, cannot_be_served, 0)) != NULL) {
        admit->state.refusals++;
        wake(admit, scope, waiter, no_money(scope));
    }
    scope->retry_ms = now_ms + RETRY_MS;
}

/* ---- the broker's letters ---- */

static void take_grant(struct admit *admit, const struct broker_letter *letter, int64_t now_ms)
{
    struct lease *lease = map_get(admit->leases, uuid_span(&letter->lease));
    struct scope *scope;

    if (lease == NULL) {
        return; /* It was ended meanwhile; its close is on the journal. */
    }
    scope = lease->scope;
    scope->asked = NULL;
    scope->free_pico = letter->free_pico;
    scope->held_pico = letter->held_pico;
    if (letter->granted_pico <= 0) {
        lease->state = LEASE_ENDING;
        (void)end_lease(admit, lease);
        tell_refused(admit, scope, now_ms);
        return;
    }
    admit->state.grants++;
    lease->state = LEASE_OPEN;
    lease->granted_pico = letter->granted_pico;
    lease->opened_ms = now_ms;
    lease->idle_since_ms = now_ms;
    lease->expires_ms = letter->sent_ms + admit->config.lease_life_ms;
    scope->retry_ms = 0;
    holdings_wake_those_who_fit(admit, scope, now_ms);
    if (!list_empty(&scope->waiters)) {
        holdings_ask(admit, scope,
                     list_item(scope->waiters.next, struct admit_waiter, link)->need_pico, now_ms);
    }
}

static void take_renewed(struct admit *admit, const struct broker_letter *letter)
{
    for (uint32_t i = 0; i < letter->count; i++) {
        struct lease *lease = map_get(admit->leases, uuid_span(&letter->leases[i]));

        if (lease != NULL) {
            /* One that is not open any more was taken from us: nothing new is reserved on it. */
            lease->expires_ms = letter->open[i] ? letter->sent_ms + admit->config.lease_life_ms : 0;
        }
    }
}

static void give_back(struct admit *admit, struct lease *lease, int64_t now_ms)
{
    int64_t total = lease_give_back(lease, now_ms);
    struct broker_letter *letter;

    if (total == 0) {
        return;
    }
    letter = broker_letter_new(BROKER_GIVE_BACK, admit->config.worker);
    letter->count = 1;
    letter->leases[0] = lease->id;
    letter->spent_pico[0] = total;
    broker_send(admit->config.broker, letter);
}

void holdings_give_back(struct admit *admit, struct scope *scope, int64_t now_ms)
{
    list_each(&scope->leases, link)
    {
        give_back(admit, list_item(link, struct lease, link), now_ms);
    }
}

static void take_ask(struct admit *admit, const struct broker_letter *letter, int64_t now_ms)
{
    list_each(&admit->all, link)
    {
        struct scope *scope = list_item(link, struct scope, link);

        if (scope->id.kind == letter->scope.kind && uuid_equal(scope->id.id, letter->scope.id)) {
            holdings_give_back(admit, scope, now_ms);
        }
    }
}

void admit_receive(struct admit *admit, int64_t now_ms)
{
    struct broker_letter *letter;

    while ((letter = broker_take(admit->config.broker, admit->config.worker)) != NULL) {
        switch (letter->kind) {
        case BROKER_GRANT:
            take_grant(admit, letter, now_ms);
            break;
        case BROKER_RENEW:
            take_renewed(admit, letter);
            break;
        case BROKER_ASK_BACK:
            take_ask(admit, letter, now_ms);
            break;
        case BROKER_GIVE_BACK:
            break;
        }
        mem_free(letter);
    }
}

/* ---- time ---- */

/* Those whose time is over are told: the money is held by others (429), or nobody can be asked
 * (503). */
static void tick_waiters(struct admit *admit, struct scope *scope, int64_t now_ms)
{
    bool away = admit->config.broker != NULL && !broker_connected(admit->config.broker);

    struct admit_waiter *waiter;

    while ((waiter = find_waiter(scope, is_late, now_ms)) != NULL) {
        admit->state.refusals++;
        wake(admit, scope, waiter,
             away || scope->free_pico < 0 ? ADMIT_UNAVAILABLE : ADMIT_RATE_LIMITED);
    }
    if (list_empty(&scope->waiters)) {
        list_remove(&scope->waiting_link);
        scope->retry_ms = 0;
    } else if (now_ms >= scope->retry_ms) {
        holdings_ask(admit, scope,
                     list_item(scope->waiters.next, struct admit_waiter, link)->need_pico, now_ms);
    }
}

static void renew_all(struct admit *admit)
{
    struct broker_letter *letter = NULL;
    size_t cursor = 0;
    struct span key;
    void *value;

    while (map_next(admit->leases, &cursor, &key, &value)) {
        const struct lease *lease = value;

        if (lease->state == LEASE_ASKED) {
            continue;
        }
        if (letter == NULL) {
            letter = broker_letter_new(BROKER_RENEW, admit->config.worker);
        }
        letter->leases[letter->count] = lease->id;
        letter->spent_pico[letter->count] = lease->spent_pico;
        letter->reserved_pico[letter->count++] = lease->reserved_pico;
        if (letter->count == BROKER_LEASES_MAX) {
            broker_send(admit->config.broker, TAKE(letter));
        }
    }
    if (letter != NULL) {
        broker_send(admit->config.broker, letter);
    }
}

static void tick_lease(struct admit *admit, struct lease *lease, int64_t now_ms)
{
    bool idle = lease->reservations == 0 && now_ms - lease->idle_since_ms >= admit->config.idle_ms;

    if (lease->state == LEASE_ASKED) {
        return;
    }
    if (lease->state == LEASE_OPEN &&
        (idle || now_ms >= lease->expires_ms ||
         now_ms - lease->opened_ms >= admit->config.lease_rotate_ms)) {
        give_back(admit, lease, now_ms);
        lease->state = LEASE_ENDING;
    }
    if (lease->state == LEASE_ENDING && lease->reservations == 0) {
        (void)end_lease(admit, lease);
    }
}

static void tick_scope(struct admit *admit, struct scope *scope, int64_t now_ms)
{
    list_each_safe(&scope->leases, link, after)
    {
        tick_lease(admit, list_item(link, struct lease, link), now_ms);
    }
    if (scope->loose != NULL && scope->loose->reservations == 0 && admit->config.broker != NULL &&
        broker_connected(admit->config.broker)) {
        mem_free(TAKE(scope->loose));
    }
    if (list_empty(&scope->leases) && list_empty(&scope->waiters) && scope->loose == NULL &&
        now_ms - scope->used_ms >= SCOPE_IDLE_MS) {
        holdings_free_scope(admit, scope);
    }
}

void admit_tick(struct admit *admit, int64_t now_ms)
{
    list_each_safe(&admit->waiting, link, after)
    {
        tick_waiters(admit, list_item(link, struct scope, waiting_link), now_ms);
    }
    if (now_ms - admit->renew_ms < RENEW_MS || admit->config.broker == NULL) {
        return;
    }
    admit->renew_ms = now_ms;
    renew_all(admit);
    list_each_safe(&admit->all, link, after)
    {
        tick_scope(admit, list_item(link, struct scope, link), now_ms);
    }
}

void admit_close(struct admit *admit)
{
    list_each(&admit->all, link)
    {
        struct scope *scope = list_item(link, struct scope, link);

        list_each_safe(&scope->leases, lease_link, after)
        {
            struct lease *lease = list_item(lease_link, struct lease, link);

            if (lease->reservations == 0) {
                (void)end_lease(admit, lease);
            }
        }
    }
}
