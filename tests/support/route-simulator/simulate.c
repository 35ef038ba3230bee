/*
 * simulate: see the header. What happens to an attempt: it is silent, a second one is sent beside
 * it, it speaks, it ends; and a call may wait for its next one.
 */
#include "tests/support/route-simulator/simulate.h"

#include <math.h>

#include "common/base/mem.h"
#include "gateway/route/rotation.h"
#include "gateway/route/route_next.h"
#include "gateway/route/silence.h"
#include "tests/support/route-simulator/world.h"

enum { CALLS_MAX = 1 << 18, EVENTS_MAX = 4 * CALLS_MAX };
#define BEGIN_US (10 * SECOND_US) /* of an incident */
/* What prices are compared by when the client says no cap: flow/choose.c. */
#define OUTPUT_TOKENS_USUAL 256
/* As flow/hedge.c: what is late where fewer were measured. */
#define HEDGE_SAMPLES 20
#define HEDGE_UNKNOWN_MS 2000

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

static void put_event(struct simulation *s, enum happening what, double in_ms, uint32_t of)
{
    const struct event event = {.at_us = s->now_us + (int64_t)(in_ms * 1000),
                                .what = what,
                                .of = of,
                                .serial = what == HAPPENS_AGAIN ? 0 : s->attempts[of].serial};

    clock_put(&s->clock, &event);
}

static double first_sign_ms(const struct attempt *attempt)
{
    return attempt->serves ? attempt->first_ms : attempt->total_ms;
}

/* ---- attempts ---- */

/* When a second attempt is sent beside it; 0: never. */
static double hedge_ms(const struct simulation *s, const struct attempt *attempt)
{
    struct board_spread spread;

    if (!s->manner.hedges || s->calls[attempt->call].hedged)
        return 0;
    spread = board_spread(s->board, &s->places[attempt->place].deployment, BOARD_FIRST_TOKEN_MS,
                          world_now_ms(s));
    return (double)(spread.samples < HEDGE_SAMPLES ? HEDGE_UNKNOWN_MS : spread.p95);
}

/* What would come after its first sign of life never happens. */
static void put_events(struct simulation *s, uint32_t number)
{
    const struct attempt *attempt = &s->attempts[number];
    double sign_ms = first_sign_ms(attempt), late_ms = hedge_ms(s, attempt);

    put_event(s, HAPPENS_END, attempt->total_ms, number);
    if (attempt->serves)
        put_event(s, HAPPENS_WORD, attempt->first_ms, number);
    if (sign_ms > SILENCE_FLOOR_MS)
        put_event(s, HAPPENS_SILENCE, SILENCE_FLOOR_MS, number);
    if (late_ms > 0 && sign_ms > late_ms)
        put_event(s, HAPPENS_HEDGE, late_ms, number);
}

static void send_to(struct simulation *s, uint32_t call_number, uint32_t place)
{
    struct call *call = &s->calls[call_number];
    uint32_t number = s->unused_attempts[--s->unused_attempt_count];
    struct attempt *attempt = &s->attempts[number];

    must(call->running_count < array_size(call->running));
    call->running[call->running_count++] = number;
    call->attempts++;
    *attempt = (struct attempt){
        .call = call_number,
        .serial = attempt->serial + 1,
        .place = (uint8_t)place,
        .sent_us = s->now_us,
        .wait = {.begun_ms = world_now_ms(s), .timeout_ms = FIRST_TOKEN_MS},
    };
    fate_decide(s, attempt);
    s->result->attempts++;
    s->places[place].under_way++;
    board_begin(s->board, &s->places[place].deployment, call->input + OUTPUT_TOKENS_USUAL,
                world_now_ms(s));
    put_events(s, number);
}

/* It is under way no more. */
static void take_down(struct simulation *s, uint32_t number)
{
    struct attempt *attempt = &s->attempts[number];
    struct call *call = &s->calls[attempt->call];

    for (uint32_t i = 0; i < call->running_count; i++) {
        if (call->running[i] == number) {
            call->running[i] = call->running[--call->running_count];
            break;
        }
    }
    s->places[attempt->place].under_way--;
    board_over(s->board, &s->places[attempt->place].deployment);
    attempt->serial++;
    s->unused_attempts[s->unused_attempt_count++] = number;
}

/* ---- calls ---- */

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
        int64_t from_us = world_time_us(s, s->scenario->incidents[i].from);

        if (call->arrived_us < from_us ||
            call->arrived_us >= world_time_us(s, s->scenario->incidents[i].until))
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
    bool waits = false;

    if (candidate == NULL && call->attempts > 0 &&
        board_state_of(s->board, s->route.candidates[0].deployment).out_until_ms <= world_now_ms(s))
        waits =
            route_again(&s->route, (uint32_t)chance_bits(&chance), call->retry_after_ms, &wait_ms);
    pack_tried(s, call);
    if (candidate != NULL)
        send_to(s, number, candidate->deployment->index);
    else if (waits)
        put_event(s, HAPPENS_AGAIN, (double)wait_ms, number);
    else
        give_up(s, number);
}

static void arrive(struct simulation *s, uint64_t request)
{
    struct chance chance = chance_make(s->load->seed, request * 16);
    const struct route_view view = {.board = s->board, .now_mono_ms = world_now_ms(s)};
    struct route_wish wish = {.chat = true,
                              .policy = s->manner.policy,
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

/* ---- ends ---- */

/* As flow_tell_failed() does. True: another credential serves. */
static bool tell_failed(struct simulation *s, uint32_t place, const struct verdict_out *out)
{
    struct at_place *at = &s->places[place];
    struct board_end end = {.result = BOARD_FAILED};

    if (out->blame == BLAME_DEPLOYMENT) {
        end.outage_ms = out->outage_ms;
        end.cooldown_ms = out->cooldown_ms;
    } else if (rotation_blame(board_rotation(s->board), &at->deployment, &at->credential, out,
                              world_now_ms(s))) {
        return true;
    }
    board_end(s->board, &at->deployment, &end, world_now_ms(s));
    return false;
}

/* Of the call that is unpacked. */
static const struct route_candidate *candidate_at(const struct simulation *s, uint32_t place)
{
    uint32_t i = 0;

    while (s->route.candidates[i].deployment != &s->places[place].deployment)
        i++;
    return &s->route.candidates[i];
}

static void failed(struct simulation *s, const struct attempt *attempt)
{
    struct call *call = &s->calls[attempt->call];
    const struct verdict_out out = verdict_of(&attempt->end);

    unpack(s, call);
    if (tell_failed(s, attempt->place, &out))
        route_stay(&s->route, candidate_at(s, attempt->place));
    if (attempt->end.retry_after_ms > 0)
        call->retry_after_ms = attempt->end.retry_after_ms;
    if (call->running_count > 0)
        return; /* the other one may serve */
    if (out.verdict == VERDICT_NEXT)
        go_on(s, attempt->call);
    else
        give_up(s, attempt->call);
}

/* As flow_tell_served() does. */
static void tell_served(struct simulation *s, const struct attempt *attempt)
{
    struct at_place *at = &s->places[attempt->place];
    int64_t begun_ms = attempt->wait.begun_ms;
    const struct board_end end = {.result = BOARD_SERVED,
                                  .begun_ms = begun_ms,
                                  .first_token_ms = (int64_t)attempt->first_ms,
                                  .total_ms = (int64_t)attempt->total_ms,
                                  .output_tokens = s->calls[attempt->call].output};

    board_end(s->board, &at->deployment, &end, world_now_ms(s));
    rotation_served(board_rotation(s->board), &at->deployment, &at->credential, begun_ms);
    if (at->back_us == 0 && at->ended_us > 0 && attempt->sent_us >= at->ended_us)
        at->back_us = attempt->sent_us;
}

static double usd(const struct simulation *s, const struct attempt *attempt, bool output)
{
    const struct place *place = &s->scenario->places[attempt->place];
    const struct call *call = &s->calls[attempt->call];

    return ((double)call->input * place->input_usd +
            (output ? (double)call->output * place->output_usd : 0)) /
           1e6;
}

static void served(struct simulation *s, const struct attempt *attempt)
{
    tell_served(s, attempt);
    s->result->served++;
    s->result->served_by[attempt->place]++;
    s->result->cost_usd += usd(s, attempt, true);
    s->unused[s->unused_count++] = attempt->call;
}

static uint32_t bucket_of(double ms)
{
    double bucket = ms <= 1 ? 0 : log(ms) * 100;

    return bucket < FIRST_BUCKETS - 1 ? (uint32_t)bucket : FIRST_BUCKETS - 1;
}

/* The other one is cancelled: its provider has read the prompt, if it is well. */
static void outrun(struct simulation *s, uint32_t number)
{
    struct attempt attempt = s->attempts[number];

    take_down(s, number);
    board_outrun(s->board, &s->places[attempt.place].deployment, BOARD_FIRST_TOKEN_MS,
                 &attempt.wait, world_now_ms(s));
    if (attempt.serves)
        s->result->cost_usd += usd(s, &attempt, false);
}

/* ---- what happens ---- */

static void on_word(struct simulation *s, uint32_t number)
{
    const struct attempt *attempt = &s->attempts[number];
    struct call *call = &s->calls[attempt->call];

    board_spoke(s->board, &s->places[attempt->place].deployment, attempt->wait.begun_ms);
    call->spoken = true;
    s->result->first_tokens[bucket_of((double)(s->now_us - call->arrived_us) / 1000)]++;
    while (call->running_count > 1)
        outrun(s, call->running[call->running[0] == number]);
}

static void on_silence(struct simulation *s, uint32_t number)
{
    struct attempt *attempt = &s->attempts[number];
    int64_t now_ms = world_now_ms(s);
    int64_t again_ms =
        board_silent(s->board, &s->places[attempt->place].deployment, &attempt->wait, now_ms);

    if ((double)(again_ms - attempt->wait.begun_ms) < first_sign_ms(attempt))
        put_event(s, HAPPENS_SILENCE, (double)(again_ms - now_ms), number);
}

static void on_hedge(struct simulation *s, uint32_t number)
{
    uint32_t call_number = s->attempts[number].call;
    struct call *call = &s->calls[call_number];
    const struct route_candidate *candidate;

    if (call->hedged || call->running_count > 1)
        return;
    unpack(s, call);
    candidate = route_next(&s->route);
    pack_tried(s, call);
    call->hedged = true;
    s->result->hedged += candidate != NULL;
    if (candidate != NULL)
        send_to(s, call_number, candidate->deployment->index);
}

static void on_end(struct simulation *s, uint32_t number)
{
    const struct attempt attempt = s->attempts[number];

    take_down(s, number);
    if (attempt.serves)
        served(s, &attempt);
    else
        failed(s, &attempt);
}

static void on_event(struct simulation *s, const struct event *event)
{
    struct call *call;

    if (event->what == HAPPENS_AGAIN) {
        call = &s->calls[event->of];
        send_to(s, event->of, call->order[call->tried[0]]);
        return;
    }
    if (s->attempts[event->of].serial != event->serial)
        return; /* it was cancelled */
    switch (event->what) {
    case HAPPENS_WORD:
        on_word(s, event->of);
        break;
    case HAPPENS_SILENCE:
        on_silence(s, event->of);
        break;
    case HAPPENS_HEDGE:
        on_hedge(s, event->of);
        break;
    case HAPPENS_END:
        on_end(s, event->of);
        break;
    case HAPPENS_AGAIN:
        break;
    }
}

/* ---- the whole ---- */

static void make_places(struct simulation *s)
{
    for (uint32_t i = 0; i < s->scenario->place_count; i++) {
        const struct place *place = &s->scenario->places[i];
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
            if (world_befalls(incident, place) && incident->until < 1)
                at->ended_us = world_time_us(s, incident->until);
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
            on_event(s, &event);
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
        result->left_under_way += at->under_way;
        result->left_under_way +=
            board_load_of(s->board, &at->deployment, world_now_ms(s)).in_flight;
        if (at->ended_us == 0 || result->back_s < 0)
            continue;
        if (at->back_us == 0)
            result->back_s = -1;
        else if (back_s > result->back_s)
            result->back_s = back_s;
    }
}

static uint32_t *make_unused(uint32_t *count)
{
    uint32_t *unused = mem_array(CALLS_MAX, sizeof(*unused));

    for (*count = 0; *count < CALLS_MAX; (*count)++)
        unused[*count] = CALLS_MAX - 1 - *count;
    return unused;
}

void simulate(const struct scenario *scenario, const struct manner *manner, const struct load *load,
              struct result *result_out)
{
    struct simulation *s = mem_new(sizeof(*s));

    *result_out = (struct result){0};
    must(scenario->place_count <= PLACES_MAX);
    s->scenario = scenario;
    s->load = load;
    s->manner = *manner;
    s->result = result_out;
    s->length_us = (int64_t)((double)load->requests / load->per_second * (double)SECOND_US);
    s->board = board_new();
    s->clock = clock_make(EVENTS_MAX);
    s->calls = mem_array(CALLS_MAX, sizeof(s->calls[0]));
    s->attempts = mem_array(CALLS_MAX, sizeof(s->attempts[0]));
    s->unused = make_unused(&s->unused_count);
    s->unused_attempts = make_unused(&s->unused_attempt_count);
    make_places(s);
    run(s);
    sum_up(s);
    mem_free(s->unused_attempts);
    mem_free(s->unused);
    mem_free(s->attempts);
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
