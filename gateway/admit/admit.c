/*
 * admit: reservations of one worker: which leases pay, and what a refusal says. The requests' half
 * of it; holdings.c has the leases' lives.
 */
#include "gateway/admit/admit.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "gateway/admit/admit_private.h"
#include "tenants/model/tenant.h"

enum { EVENT_ROOM = 4096 };

struct admit *admit_new(const struct admit_config *config)
{
    struct admit *admit = mem_new(sizeof(*admit));

    admit->config = *config;
    admit->scopes = map_new(1024);
    admit->leases = map_new(1024);
    list_init(&admit->all);
    list_init(&admit->waiting);
    list_init(&admit->openings);
    admit->scratch = buf_make(EVENT_ROOM);
    return admit;
}

void admit_free(struct admit *admit)
{
    if (admit == NULL) {
        return;
    }
    holdings_forget_openings(admit);
    list_each_safe(&admit->all, link, after)
    {
        holdings_free_scope(admit, list_item(link, struct scope, link));
    }
    map_free(admit->scopes);
    map_free(admit->leases);
    buf_done(&admit->scratch);
    mem_free(admit);
}

int admit_fd(const struct admit *admit)
{
    return admit->config.broker == NULL
               ? -1
               : broker_inbox_fd(admit->config.broker, admit->config.worker);
}

static struct scope *scope_of(struct admit *admit, const struct scope_id *id,
                              const struct snapshot_tenant *tenant, int64_t limit_pico,
                              int64_t now_ms)
{
    struct scope *scope = map_get(admit->scopes, scope_span(id));

    if (scope == NULL) {
        scope = mem_new(sizeof(*scope));
        scope->id = *id;
        scope->tenant = tenant->id;
        scope->free_pico = scope->held_pico = -1;
        scope->minute_start_ms = now_ms;
        list_init(&scope->leases);
        list_init(&scope->waiters);
        list_init(&scope->waiting_link);
        map_put(admit->scopes, scope_span(&scope->id), scope);
        list_push_back(&admit->all, &scope->link);
    }
    /* What was leased under a higher limit is asked for again under this one. */
    if (limit_pico < scope->limit_pico) {
        holdings_give_back(admit, scope, now_ms);
    }
    scope->limit_pico = limit_pico;
    scope->postpaid = tenant->billing_mode != BILLING_PREPAID;
    scope->used_ms = now_ms;
    return scope;
}

static enum admit_outcome enqueue(struct admit *admit, struct scope *scope, int64_t need_pico,
                                  int64_t now_ms, struct admit_waiter *waiter)
{
    waiter->need_pico = need_pico;
    waiter->waiting = true;
    if (waiter->deadline_ms == 0) {
        waiter->deadline_ms = now_ms + admit->config.lease_wait_ms;
    }
    if (list_empty(&scope->waiters)) {
        list_push_back(&admit->waiting, &scope->waiting_link);
    }
    list_push_back(&scope->waiters, &waiter->link);
    admit->state.waiting++;
    if (scope->retry_ms == 0) {
        holdings_ask(admit, scope, need_pico, now_ms);
    }
    return ADMIT_WAIT;
}

void admit_forget(struct admit *admit, struct admit_waiter *waiter)
{
    if (waiter->waiting) {
        /* Its scope is taken off the waiting ones by the next tick. */
        holdings_leave_queue(admit, NULL, waiter);
    }
}

/* ---- reserving ---- */

/* The postpaid tenant's allowance while the database is away. */
static struct lease *loose_lease(struct admit *admit, struct scope *scope, int64_t need_pico,
                                 int64_t now_ms)
{
    if (!scope->postpaid || admit->config.outage_pico == 0 ||
        (admit->config.broker != NULL && broker_connected(admit->config.broker))) {
        return NULL;
    }
    if (scope->loose == NULL) {
        scope->loose = mem_new(sizeof(*scope->loose));
        *scope->loose =
            (struct lease){.scope = scope, .state = LEASE_LOOSE, .expires_ms = INT64_MAX};
        list_init(&scope->loose->link);
    }
    scope->loose->granted_pico = admit->config.outage_pico;
    return lease_available(scope->loose, now_ms) >= need_pico ? scope->loose : NULL;
}

static const char *const limit_sources[] = {
    [LEASE_BALANCE] = "balance", [LEASE_KEY] = "key budget", [LEASE_PROJECT] = "project budget"};

static enum admit_outcome refuse(const struct scope *scope, enum admit_outcome verdict,
                                 struct admit_refusal *refusal_out)
{
    int64_t affordable = scope->free_pico < 0 ? -1 : scope->free_pico;

    *refusal_out = (struct admit_refusal){
        .limit_source = limit_sources[scope->id.kind],
        .affordable_pico = affordable,
        .retry_after_ms = verdict == ADMIT_RATE_LIMITED || verdict == ADMIT_UNAVAILABLE ? 1000 : 0,
    };
    return verdict;
}

/* The scopes that must pay: the balance first, then what budgets there are. */
static uint32_t scopes_of(struct admit *admit, const struct snapshot_key *key, int64_t now_ms,
                          struct scope *out[3])
{
    const struct {
        enum lease_scope kind;
        struct uuid id;
        enum budget_window window;
        int64_t limit_pico;
    } all[] = {
        {LEASE_BALANCE, key->tenant->id, WINDOW_TOTAL, 0},
        {LEASE_KEY, key->id, key->budget_window, key->budget_pico},
        {LEASE_PROJECT, key->project, key->project_budget_window, key->project_budget_pico},
    };
    uint32_t count = 0;

    for (size_t i = 0; i < array_size(all); i++) {
        struct scope_id id = {.id = all[i].id, .kind = (int64_t)all[i].kind};

        if (all[i].window == WINDOW_NONE) {
            continue;
        }
        id.window_start_ms = budget_window_start(all[i].window, clock_wall_ms());
        out[count++] = scope_of(admit, &id, key->tenant, all[i].limit_pico, now_ms);
    }
    return count;
}

enum admit_outcome admit_reserve(struct admit *admit, const struct admit_demand *demand,
                                 int64_t now_ms, struct admit_waiter *waiter,
                                 struct reservation *reservation, struct admit_refusal *refusal_out)
{
    struct scope *scopes[3];
    struct lease *leases[3];
    uint32_t count;
    enum admit_outcome verdict = (enum admit_outcome)waiter->verdict;

    reservation->count = 0;
    if (demand->key->kind == KEY_TEST || demand->worst_case_pico == 0) {
        return ADMIT_OK;
    }
    waiter->verdict = 0;
    count = scopes_of(admit, demand->key, now_ms, scopes);
    for (uint32_t i = 0; i < count; i++) {
        leases[i] = scope_lease_for(scopes[i], demand->worst_case_pico, now_ms);
        if (leases[i] == NULL) {
            leases[i] = loose_lease(admit, scopes[i], demand->worst_case_pico, now_ms);
        }
        if (leases[i] != NULL) {
            continue;
        }
        if (verdict != ADMIT_OK) {
            return refuse(scopes[i], verdict, refusal_out);
        }
        return enqueue(admit, scopes[i], demand->worst_case_pico, now_ms, waiter);
    }
    for (uint32_t i = 0; i < count; i++) {
        lease_reserve(leases[i], demand->worst_case_pico);
        reservation->parts[i].lease = leases[i];
        reservation->parts[i].pico = demand->worst_case_pico;
    }
    reservation->count = count;
    return ADMIT_OK;
}

uint32_t admit_leases(const struct reservation *reservation,
                      struct event_lease out[EVENT_LEASES_MAX])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < reservation->count; i++) {
        if (reservation->parts[i].lease->state != LEASE_LOOSE) {
            out[count++] =
                (struct event_lease){reservation->parts[i].lease->id, reservation->parts[i].pico};
        }
    }
    return count;
}

void admit_settle(struct admit *admit, struct reservation *reservation, int64_t charge_pico,
                  uint32_t events)
{
    int64_t now_ms = clock_mono_ms();

    for (uint32_t i = 0; i < reservation->count; i++) {
        struct lease *lease = reservation->parts[i].lease;
        struct scope *scope = lease->scope;

        lease_settle(lease, reservation->parts[i].pico, charge_pico, events, now_ms);
        scope_note_spent(scope, charge_pico, now_ms);
        scope->used_ms = now_ms;
        if (!list_empty(&scope->waiters)) {
            holdings_wake_those_who_fit(admit, scope, now_ms);
        }
    }
    reservation->count = 0;
}

enum admit_outcome admit_rate(struct admit *admit, const struct snapshot_key *key, int64_t tokens,
                              int64_t now_ms, struct admit_rate *rate_out,
                              struct admit_refusal *refusal_out)
{
    struct limit_left left = {0};
    int64_t wait_ms = 0;
    const char *source = "requests_per_minute";

    *rate_out = (struct admit_rate){.limit_requests = key->requests_per_minute,
                                    .limit_tokens = key->tokens_per_minute};
    if (key->requests_per_minute > 0) {
        wait_ms = limits_take(admit->config.limits,
                              &(struct limit){key->id, LIMIT_REQUESTS, key->requests_per_minute}, 1,
                              now_ms, &left);
        rate_out->remaining_requests = left.remaining;
        rate_out->reset_requests_ms = left.reset_ms;
    }
    if (wait_ms == 0 && key->tokens_per_minute > 0) {
        source = "tokens_per_minute";
        wait_ms = limits_take(admit->config.limits,
                              &(struct limit){key->id, LIMIT_TOKENS, key->tokens_per_minute},
                              tokens, now_ms, &left);
        rate_out->remaining_tokens = left.remaining;
        rate_out->reset_tokens_ms = left.reset_ms;
    }
    if (wait_ms == 0) {
        return ADMIT_OK;
    }
    *refusal_out = (struct admit_refusal){source, -1, wait_ms == INT64_MAX ? 0 : wait_ms};
    return ADMIT_RATE_LIMITED;
}

void admit_state(const struct admit *admit, struct admit_state *state_out)
{
    size_t cursor = 0;
    struct span key;
    void *value;

    *state_out = admit->state;
    while (map_next(admit->leases, &cursor, &key, &value)) {
        const struct lease *lease = value;

        state_out->leases++;
        state_out->held_pico += lease->granted_pico - lease->returned_pico - lease->spent_pico;
        state_out->reserved_pico += lease->reserved_pico;
        state_out->spent_pico += lease->spent_pico;
    }
}
