/*
 * simulate: see the header. A call has one event under way at any time: the end of its attempt, or
 * of the wait before the next. How an attempt will end is known when it begins.
 */
#include "tests/support/route-simulator/simulate.h"

#include <math.h>

#include "common/base/mem.h"
#include "gateway/route/rotation.h"
#include "gateway/route/route_next.h"
#include "gateway/route/verdict.h"
#include "tests/support/route-simulator/clock.h"

enum { CALLS_MAX = 1 << 18, CONNECT_MS = 3000, FIRST_TOKEN_MS = 60000 };
#define START_MS INT64_C(3600000)
#define SECOND_US INT64_C(1000000)
#define FLAP_US (5 * SECOND_US)
#define BEGIN_US (10 * SECOND_US) /* of an incident */
/* What prices are compared by when the client says no cap: flow/choose.c. */
#define OUTPUT_TOKENS_USUAL 256
/* What the load's calls take at about these medians: what a capacity is a share of. */
#define USUAL_CALL_S 4.0
#define BUSY_MAX 1.5 /* times its capacity: beyond it a provider refuses */

struct call {
    uint64_t number; /* of the request */
    int64_t arrived_us, sent_us;
    int64_t input, output; /* tokens */
    /* The route, packed: candidates by place. */
    uint8_t order[PLACES_MAX], count;
    uint8_t tried[ROUTE_ATTEMPTS_MAX], tried_count;
    uint8_t place, attempts;
    bool waits, serves;
    int64_t retry_after_ms; /* the last one that was told */
    double first_ms, total_ms;
    struct verdict_in end; /* of an attempt that does not serve */
};

struct at_place {
    struct snapshot_deployment deployment;
    struct snapshot_credential credential;
    struct price_rate rates[2];
    struct price_version list;
    int64_t under_way;
    int64_t window, taken; /* which minute, and how many calls it took in it */
    int64_t ended_us;      /* of the last incident; 0: none */
    int64_t back_us;       /* when it first served a call sent after that; 0: not yet */
};

struct simulation {
    const struct scenario *scenario;
    const struct load *load;
    enum policy policy;
    struct result *result;
    struct at_place places[PLACES_MAX];
    const struct snapshot_deployment *pointers[PLACES_MAX];
    struct snapshot_model model;
    struct board *board;
    struct clock clock;
    struct call *calls;
    uint32_t *unused, unused_count;
    int64_t now_us, length_us;
    struct route route; /* of the call in hand */
};

/* Stands in for the snapshot's: a deployment has one price for all. */
bool snapshot_terms(const struct snapshot *snapshot, const struct snapshot_deployment *deployment,
                    const struct snapshot_tenant *tenant, int64_t at_ms,
                    struct snapshot_terms *terms_out)
{
    (void)snapshot;
    (void)tenant;
    (void)at_ms;
    *terms_out = (struct snapshot_terms){.list = deployment->prices};
    return true;
}

static int64_t now_ms(const struct simulation *s)
{
    return START_MS + s->now_us / 1000;
}

static const struct place *place_of(const struct simulation *s, uint32_t place)
{
    return &s->scenario->places[place];
}

/* ---- what befalls providers ---- */

static bool befalls(const struct incident *incident, const struct place *place)
{
    return incident->domain == NULL || strcmp(incident->domain, place->domain) == 0;
}

static int64_t time_of(const struct simulation *s, double share)
{
    return (int64_t)(share * (double)s->length_us);
}

static const struct incident *incident_at(const struct simulation *s, uint32_t place)
{
    for (uint32_t i = 0; i < s->scenario->incident_count; i++) {
        const struct incident *incident = &s->scenario->incidents[i];
        int64_t since_us = s->now_us - time_of(s, incident->from);

        if (!befalls(incident, place_of(s, place)) || since_us < 0 ||
            s->now_us >= time_of(s, incident->until))
            continue;
        if (incident->kind != INCIDENT_FLAPPING || since_us / FLAP_US % 2 == 0)
            return incident;
    }
    return NULL;
}

static void fails(struct call *call, double after_ms, enum attempt_fault fault, int status)
{
    call->serves = false;
    call->total_ms = after_ms;
    call->end = (struct verdict_in){.fault = fault, .status = status, .code = "", .stream = true};
}

/* True when the incident decides how the attempt ends. */
static bool strikes(const struct incident *incident, struct call *call, double answer_ms)
{
    if (incident == NULL)
        return false;
    switch (incident->kind) {
    case INCIDENT_DEAD:
    case INCIDENT_FLAPPING:
        fails(call, answer_ms / 4, FAULT_CONNECT, 0);
        return true;
    case INCIDENT_BLACK_HOLE:
        fails(call, CONNECT_MS, FAULT_CONNECT, 0);
        return true;
    case INCIDENT_ERRORS:
        fails(call, answer_ms, FAULT_STATUS, 503);
        return true;
    case INCIDENT_HANG:
        fails(call, FIRST_TOKEN_MS, FAULT_FIRST_TOKEN, 0);
        return true;
    case INCIDENT_RETIRED:
        fails(call, answer_ms, FAULT_STATUS, 404);
        return true;
    case INCIDENT_DEGRADED: /* by its share of failures */
    case INCIDENT_SLOW:
        break;
    }
    return false;
}

static double busy_share(const struct simulation *s, uint32_t place)
{
    double capacity = place_of(s, place)->capacity * s->load->per_second * USUAL_CALL_S;

    return (double)s->places[place].under_way / capacity;
}

static void refuse(struct simulation *s, struct call *call, double answer_ms,
                   int64_t retry_after_ms)
{
    fails(call, answer_ms, FAULT_STATUS, 429);
    call->end.retry_after_ms = retry_after_ms;
    s->result->limited++;
}

/* True when the place has taken what it takes in a minute, or has more to do than it can. */
static bool limits(struct simulation *s, struct call *call, double answer_ms)
{
    const struct scenario *scenario = s->scenario;
    struct at_place *at = &s->places[call->place];
    double share = (scenario->limited >> call->place & 1) != 0
                       ? scenario->limit_share
                       : place_of(s, call->place)->limit_share;
    int64_t minute = s->now_us / (60 * SECOND_US);

    if (busy_share(s, call->place) > BUSY_MAX) {
        refuse(s, call, answer_ms, 1000);
        return true;
    }
    if (share <= 0)
        return false;
    if (at->window != minute) {
        at->window = minute;
        at->taken = 0;
    }
    if ((double)++at->taken <= share * s->load->per_second * 60)
        return false;
    refuse(s, call, answer_ms, (minute + 1) * 60000 - s->now_us / 1000);
    return true;
}

static void serve(struct simulation *s, struct call *call, struct chance *chance, double times)
{
    const struct place *place = place_of(s, call->place);
    double busy = busy_share(s, call->place);

    times *= 1 + busy * busy;
    call->serves = true;
    call->first_ms = chance_log_normal(chance, place->first_ms, place->first_sigma) * times;
    call->total_ms = call->first_ms + (double)call->output * 1000 * times /
                                          chance_log_normal(chance, place->tokens_per_s, 0.2);
    if (call->first_ms >= FIRST_TOKEN_MS)
        fails(call, FIRST_TOKEN_MS, FAULT_FIRST_TOKEN, 0);
}

/* ---- calls ---- */

static void send_to(struct simulation *s, uint32_t number, uint32_t place)
{
    struct call *call = &s->calls[number];
    const struct incident *incident = incident_at(s, place);
    struct chance chance = chance_make(s->load->seed, call->number * 16 + ++call->attempts);
    double answer_ms = chance_log_normal(&chance, 80, 0.3), luck = chance_share(&chance);
    double fail_share = s->scenario->fail_share;
    bool slow = incident != NULL && incident->kind == INCIDENT_SLOW;

    call->place = (uint8_t)place;
    call->sent_us = s->now_us;
    s->result->attempts++;
    if (fail_share <= 0)
        fail_share = place_of(s, place)->fail_share;
    if (incident != NULL && incident->kind == INCIDENT_DEGRADED)
        fail_share = 0.8;
    if (!strikes(incident, call, answer_ms) && !limits(s, call, answer_ms)) {
        if (luck < fail_share)
            fails(call, answer_ms, FAULT_STATUS, 503);
        else
            serve(s, call, &chance, slow ? 10 : 1);
    }
    s->places[place].under_way++;
    clock_put(&s->clock, s->now_us + (int64_t)(call->total_ms * 1000), number);
}

static void unpack(struct simulation *s, const struct call *call)
{
    struct route *route = &s->route;

    route->count = call->count;
    route->tried_count = call->tried_count;
    route->stays = false;
    for (uint32_t i = 0; i < call->count; i++)
        route->candidates[i].deployment = s->pointers[call->order[i]];
    for (uint32_t i = 0; i < call->tried_count; i++)
        route->tried[i] = call->tried[i];
}

static void pack_tried(const struct simulation *s, struct call *call)
{
    call->tried_count = (uint8_t)s->route.tried_count;
    for (uint32_t i = 0; i < s->route.tried_count; i++)
        call->tried[i] = (uint8_t)s->route.tried[i];
}

static void give_up(struct simulation *s, uint32_t number)
{
    const struct call *call = &s->calls[number];
    bool begin = false, later = false;

    for (uint32_t i = 0; i < s->scenario->incident_count; i++) {
        int64_t from_us = time_of(s, s->scenario->incidents[i].from);

        if (call->arrived_us < from_us ||
            call->arrived_us >= time_of(s, s->scenario->incidents[i].until))
            continue;
        begin |= call->arrived_us < from_us + BEGIN_US;
        later |= call->arrived_us >= from_us + BEGIN_US;
    }
    s->result->errors++;
    s->result->errors_10_s += begin;
    s->result->errors_later += later && !begin;
    s->result->without_attempt += call->attempts == 0;
    s->unused[s->unused_count++] = number;
}

/* As flow_route() goes on. */
static void go_on(struct simulation *s, uint32_t number)
{
    struct call *call = &s->calls[number];
    const struct route_candidate *candidate = route_next(&s->route);
    struct chance chance = chance_make(~s->load->seed, call->number * 16 + call->attempts);
    int64_t wait_ms = 0;

    if (candidate == NULL && call->attempts > 0 &&
        board_state_of(s->board, s->route.candidates[0].deployment).out_until_ms <= now_ms(s))
        call->waits =
            route_again(&s->route, (uint32_t)chance_bits(&chance), call->retry_after_ms, &wait_ms);
    pack_tried(s, call);
    if (candidate != NULL)
        send_to(s, number, candidate->deployment->index);
    else if (call->waits)
        clock_put(&s->clock, s->now_us + wait_ms * 1000, number);
    else
        give_up(s, number);
}

static void arrive(struct simulation *s, uint64_t request)
{
    struct chance chance = chance_make(s->load->seed, request * 16);
    const struct route_view view = {.board = s->board, .now_mono_ms = now_ms(s)};
    struct route_wish wish = {.chat = true,
                              .policy = s->policy,
                              .random = chance_bits(&chance),
                              .output_tokens = OUTPUT_TOKENS_USUAL};
    struct call *call;
    uint32_t number;

    must(s->unused_count > 0);
    number = s->unused[--s->unused_count];
    call = &s->calls[number];
    *call = (struct call){.number = request, .arrived_us = s->now_us};
    call->input = 1 + (int64_t)chance_log_normal(&chance, 700, 1);
    call->output = 1 + (int64_t)chance_log_normal(&chance, 180, 0.8);
    wish.input_tokens = call->input;
    s->result->requests++;
    s->route.count = s->route.tried_count = s->route.excluded_count = 0;
    s->route.stays = false;
    if (route_collect(&view, &s->model, &wish, &s->route) != ROUTE_OK) {
        give_up(s, number);
        return;
    }
    call->count = (uint8_t)s->route.count;
    for (uint32_t i = 0; i < s->route.count; i++)
        call->order[i] = (uint8_t)s->route.candidates[i].deployment->index;
    go_on(s, number);
}

/* As flow_tell_failed() does. True: another credential serves. */
static bool tell_failed(struct simulation *s, uint32_t place, const struct verdict_out *out)
{
    struct at_place *at = &s->places[place];
    struct board_end end = {.result = BOARD_FAILED};

    if (out->blame == BLAME_DEPLOYMENT) {
        end.outage_ms = out->outage_ms;
        end.cooldown_ms = out->cooldown_ms;
    } else if (rotation_blame(board_rotation(s->board), &at->deployment, &at->credential, out,
                              now_ms(s))) {
        return true;
    }
    board_end(s->board, &at->deployment, &end, now_ms(s));
    return false;
}

static void failed(struct simulation *s, uint32_t number)
{
    struct call *call = &s->calls[number];
    const struct verdict_out out = verdict_of(&call->end);

    unpack(s, call);
    if (tell_failed(s, call->place, &out))
        route_stay(&s->route);
    if (call->end.retry_after_ms > 0)
        call->retry_after_ms = call->end.retry_after_ms;
    if (out.verdict == VERDICT_NEXT)
        go_on(s, number);
    else
        give_up(s, number);
}

/* As flow_tell_served() does. */
static void tell_served(struct simulation *s, const struct call *call)
{
    struct at_place *at = &s->places[call->place];
    int64_t begun_ms = START_MS + call->sent_us / 1000;
    const struct board_end end = {.result = BOARD_SERVED,
                                  .begun_ms = begun_ms,
                                  .first_token_ms = (int64_t)call->first_ms,
                                  .total_ms = (int64_t)call->total_ms,
                                  .output_tokens = call->output};

    board_end(s->board, &at->deployment, &end, now_ms(s));
    rotation_served(board_rotation(s->board), &at->deployment, &at->credential, begun_ms);
    if (at->back_us == 0 && at->ended_us > 0 && call->sent_us >= at->ended_us)
        at->back_us = call->sent_us;
}

static uint32_t bucket_of(double ms)
{
    double bucket = ms <= 1 ? 0 : log(ms) * 100;

    return bucket < FIRST_BUCKETS - 1 ? (uint32_t)bucket : FIRST_BUCKETS - 1;
}

static void served(struct simulation *s, uint32_t number)
{
    const struct call *call = &s->calls[number];
    const struct place *place = place_of(s, call->place);
    double before_ms = (double)(call->sent_us - call->arrived_us) / 1000;

    tell_served(s, call);
    s->result->served++;
    s->result->served_by[call->place]++;
    s->result->cost_usd +=
        ((double)call->input * place->input_usd + (double)call->output * place->output_usd) / 1e6;
    s->result->first_tokens[bucket_of(before_ms + call->first_ms)]++;
    s->unused[s->unused_count++] = number;
}

static void on_event(struct simulation *s, uint32_t number)
{
    struct call *call = &s->calls[number];

    if (call->waits) {
        call->waits = false;
        send_to(s, number, call->order[call->tried[0]]);
        return;
    }
    s->places[call->place].under_way--;
    if (call->serves)
        served(s, number);
    else
        failed(s, number);
}

/* ---- the whole ---- */

static void make_places(struct simulation *s)
{
    for (uint32_t i = 0; i < s->scenario->place_count; i++) {
        const struct place *place = place_of(s, i);
        struct at_place *at = &s->places[i];

        at->rates[0] =
            (struct price_rate){METER_INPUT, MODE_STANDARD, 0, (int64_t)(place->input_usd * 1e6)};
        at->rates[1] =
            (struct price_rate){METER_OUTPUT, MODE_STANDARD, 0, (int64_t)(place->output_usd * 1e6)};
        at->list = (struct price_version){.rates = at->rates, .rate_count = 2};
        at->credential = (struct snapshot_credential){.fingerprint = i + 1};
        at->deployment = (struct snapshot_deployment){.id = {.at = {[15] = (uint8_t)(i + 1)}},
                                                      .index = i,
                                                      .provider = span_of(place->name),
                                                      .failure_domain = span_of(place->domain),
                                                      .credentials = &at->credential,
                                                      .credential_count = 1,
                                                      .callable = true,
                                                      .prices = &at->list,
                                                      .price_count = 1};
        s->pointers[i] = &at->deployment;
        for (uint32_t k = 0; k < s->scenario->incident_count; k++) {
            const struct incident *incident = &s->scenario->incidents[k];
            if (befalls(incident, place) && incident->until < 1)
                at->ended_us = time_of(s, incident->until);
        }
    }
    s->model = (struct snapshot_model){.kind = span_of("chat"),
                                       .deployments = s->pointers,
                                       .deployment_count = s->scenario->place_count};
}

static void run(struct simulation *s)
{
    struct chance chance = chance_make(s->load->seed, UINT64_MAX);
    double mean_us = (double)SECOND_US / s->load->per_second, next_us = 0;
    int64_t come = 0;
    struct event event;

    while (come < s->load->requests || s->clock.count > 0) {
        if (come < s->load->requests && (int64_t)next_us <= clock_soonest_us(&s->clock)) {
            s->now_us = (int64_t)next_us;
            arrive(s, (uint64_t)come++);
            next_us -= log(chance_share(&chance)) * mean_us;
        } else if (clock_take(&s->clock, &event)) {
            s->now_us = event.at_us;
            on_event(s, event.call);
        }
    }
}

static void sum_up(const struct simulation *s)
{
    struct result *result = s->result;

    for (uint32_t i = 0; i < s->scenario->place_count; i++) {
        const struct at_place *at = &s->places[i];
        double share = (double)result->served_by[i] / (double)(result->served + 1);
        double back_s = (double)(at->back_us - at->ended_us) / 1e6;

        result->top_share = share > result->top_share ? share : result->top_share;
        if (at->ended_us == 0 || result->back_s < 0)
            continue;
        if (at->back_us == 0)
            result->back_s = -1;
        else if (back_s > result->back_s)
            result->back_s = back_s;
    }
}

void simulate(const struct scenario *scenario, enum policy policy, const struct load *load,
              struct result *result_out)
{
    struct simulation *s = mem_new(sizeof(*s));

    *result_out = (struct result){0};
    must(scenario->place_count <= PLACES_MAX);
    s->scenario = scenario;
    s->load = load;
    s->policy = policy;
    s->result = result_out;
    s->length_us = (int64_t)((double)load->requests / load->per_second * (double)SECOND_US);
    s->board = board_new();
    s->clock = clock_make(CALLS_MAX);
    s->calls = mem_array(CALLS_MAX, sizeof(s->calls[0]));
    s->unused = mem_array(CALLS_MAX, sizeof(s->unused[0]));
    for (uint32_t i = 0; i < CALLS_MAX; i++)
        s->unused[s->unused_count++] = CALLS_MAX - 1 - i;
    make_places(s);
    run(s);
    sum_up(s);
    mem_free(s->unused);
    mem_free(s->calls);
    clock_done(&s->clock);
    board_free(s->board);
    mem_free(s);
}

double result_first_ms(const struct result *result, double share)
{
    double wanted = share * (double)result->served;
    int64_t sum = 0;

    for (uint32_t i = 0; i < FIRST_BUCKETS; i++) {
        sum += result->first_tokens[i];
        if ((double)sum >= wanted)
            return exp((double)i / 100 + 0.005);
    }
    return 0;
}
