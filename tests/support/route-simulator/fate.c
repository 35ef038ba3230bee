/*
 * fate: how an attempt will end: by what befalls its provider, what that has to do, and chance.
 */
#include "tests/support/route-simulator/world.h"

enum { CONNECT_MS = 3000 };
#define FLAP_US (5 * SECOND_US)
/* What the load's calls take at about these medians: what a capacity is a share of. */
#define USUAL_CALL_S 4.0
#define BUSY_MAX 1.5 /* times its capacity: beyond it a provider refuses */

int64_t world_now_ms(const struct simulation *s)
{
    return WORLD_START_MS + s->now_us / 1000;
}

int64_t world_time_us(const struct simulation *s, double share)
{
    return (int64_t)(share * (double)s->length_us);
}

bool world_befalls(const struct incident *incident, const struct place *place)
{
    return incident->domain == NULL || strcmp(incident->domain, place->domain) == 0;
}

static const struct place *place_of(const struct simulation *s, const struct attempt *attempt)
{
    return &s->scenario->places[attempt->place];
}

static const struct incident *incident_at(const struct simulation *s, const struct place *place)
{
    for (uint32_t i = 0; i < s->scenario->incident_count; i++) {
        const struct incident *incident = &s->scenario->incidents[i];
        int64_t since_us = s->now_us - world_time_us(s, incident->from);

        if (!world_befalls(incident, place) || since_us < 0 ||
            s->now_us >= world_time_us(s, incident->until))
            continue;
        if (incident->kind != INCIDENT_FLAPPING || since_us / FLAP_US % 2 == 0)
            return incident;
    }
    return NULL;
}

static void fails(struct attempt *attempt, double after_ms, enum attempt_fault fault, int status)
{
    attempt->serves = false;
    attempt->total_ms = after_ms;
    attempt->end =
        (struct verdict_in){.fault = fault, .status = status, .code = "", .stream = true};
}

/* True when the incident decides how the attempt ends. */
static bool strikes(const struct incident *incident, struct attempt *attempt, double answer_ms)
{
    if (incident == NULL)
        return false;
    switch (incident->kind) {
    case INCIDENT_DEAD:
    case INCIDENT_FLAPPING:
        fails(attempt, answer_ms / 4, FAULT_CONNECT, 0);
        return true;
    case INCIDENT_BLACK_HOLE:
        fails(attempt, CONNECT_MS, FAULT_CONNECT, 0);
        return true;
    case INCIDENT_ERRORS:
        fails(attempt, answer_ms, FAULT_STATUS, 503);
        return true;
    case INCIDENT_HANG:
        fails(attempt, FIRST_TOKEN_MS, FAULT_FIRST_TOKEN, 0);
        return true;
    case INCIDENT_RETIRED:
        fails(attempt, answer_ms, FAULT_STATUS, 404);
        return true;
    case INCIDENT_DEGRADED: /* by its share of failures */
    case INCIDENT_SLOW:
        break;
    }
    return false;
}

static double busy_share(const struct simulation *s, const struct attempt *attempt)
{
    double capacity = place_of(s, attempt)->capacity * s->load->per_second * USUAL_CALL_S;

    return (double)s->places[attempt->place].under_way / capacity;
}

static void refuse(struct simulation *s, struct attempt *attempt, double answer_ms,
                   int64_t retry_after_ms)
{
    fails(attempt, answer_ms, FAULT_STATUS, 429);
    attempt->end.retry_after_ms = retry_after_ms;
    s->result->limited++;
}

/* True when the place has taken what it takes in a minute, or has more to do than it can. */
static bool limits(struct simulation *s, struct attempt *attempt, double answer_ms)
{
    const struct scenario *scenario = s->scenario;
    struct at_place *at = &s->places[attempt->place];
    double share = (scenario->limited >> attempt->place & 1) != 0
                       ? scenario->limit_share
                       : place_of(s, attempt)->limit_share;
    int64_t minute = s->now_us / (60 * SECOND_US);

    if (busy_share(s, attempt) > BUSY_MAX) {
        refuse(s, attempt, answer_ms, 1000);
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
    refuse(s, attempt, answer_ms, (minute + 1) * 60000 - s->now_us / 1000);
    return true;
}

static void serve(const struct simulation *s, struct attempt *attempt, struct chance *chance,
                  double times)
{
    const struct place *place = place_of(s, attempt);
    double busy = busy_share(s, attempt);
    double tokens = (double)s->calls[attempt->call].output;

    times *= 1 + busy * busy;
    attempt->serves = true;
    attempt->first_ms = chance_log_normal(chance, place->first_ms, place->first_sigma) * times;
    attempt->total_ms = attempt->first_ms +
                        tokens * 1000 * times / chance_log_normal(chance, place->tokens_per_s, 0.2);
    if (attempt->first_ms >= FIRST_TOKEN_MS)
        fails(attempt, FIRST_TOKEN_MS, FAULT_FIRST_TOKEN, 0);
}

void fate_decide(struct simulation *s, struct attempt *attempt)
{
    const struct call *call = &s->calls[attempt->call];
    const struct incident *incident = incident_at(s, place_of(s, attempt));
    struct chance chance = chance_make(s->load->seed, call->number * 16 + call->attempts);
    double answer_ms = chance_log_normal(&chance, 80, 0.3), luck = chance_share(&chance);
    double fail_share = s->scenario->fail_share;
    bool slow = incident != NULL && incident->kind == INCIDENT_SLOW;

    if (fail_share <= 0)
        fail_share = place_of(s, attempt)->fail_share;
    if (incident != NULL && incident->kind == INCIDENT_DEGRADED)
        fail_share = 0.8;
    if (strikes(incident, attempt, answer_ms) || limits(s, attempt, answer_ms))
        return;
    if (luck < fail_share)
        fails(attempt, answer_ms, FAULT_STATUS, 503);
    else
        serve(s, attempt, &chance, slow ? 10 : 1);
}
