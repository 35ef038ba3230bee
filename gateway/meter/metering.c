/*
 * metering: see the header.
 */
#include "gateway/meter/metering.h"

#include <errno.h>

#include "common/base/mem.h"
#include "gateway/dialect/usage.h"
#include "gateway/meter/units.h"

static struct event_attempt *current_attempt(struct metering *m)
{
    must(m->current < m->event.attempt_count);
    return &m->event.attempts[m->current];
}

static const struct metering_attempt *current_terms(const struct metering *m)
{
    must(m->current < m->event.attempt_count);
    return &m->attempts[m->current];
}

struct metering_attempt *metering_running(struct metering *m)
{
    must(m->current < m->event.attempt_count);
    return &m->attempts[m->current];
}

void metering_choose(struct metering *m, uint32_t index)
{
    const struct metering_attempt *attempt = &m->attempts[index];
    const struct snapshot_deployment *deployment = attempt->deployment;
    struct usage_event *event = &m->event;

    must(index < event->attempt_count);
    m->current = index;
    if (m->carried.any)
        return;
    event->model = deployment->model->id;
    event->deployment = deployment->id;
    event->provider = deployment->provider;
    event->upstream_model = deployment->upstream_id;
    event->price_version = attempt->terms.list->id;
    event->cost_version = attempt->terms.cost == NULL ? (struct uuid){0} : attempt->terms.cost->id;
    event->plan_version = attempt->terms.plan->id;
}

void metering_begin(struct metering *m, const struct metering_attempt *attempt)
{
    struct usage_event *event = &m->event;
    uint32_t n = event->attempt_count;

    must(n < EVENT_ATTEMPTS_MAX);
    m->attempts[n] = *attempt;
    m->attempts[n].output = m->counter;
    m->attempts[n].seen = (struct meters){0};
    event->attempts[n] = (struct event_attempt){
        .deployment = attempt->deployment->id,
        .provider = attempt->deployment->provider,
        .started_ms = m->arrived_us == 0 ? -1 : (attempt->started_us - m->arrived_us) / 1000};
    event->attempt_count++;
    metering_choose(m, n);
}

static bool price_has_mode(const struct price_version *price, enum price_mode mode)
{
    for (uint32_t i = 0; i < price->rate_count; i++)
        if (price->rates[i].mode == mode)
            return true;
    return false;
}

/* The tier the answer reports is rated where it has a price. */
static enum price_mode mode_of(const struct price_version *price, const struct answer *answer)
{
    return answer != NULL && price_has_mode(price, answer->mode) ? answer->mode : MODE_STANDARD;
}

static int64_t at_most(int64_t value, int64_t bound)
{
    return value < bound ? value : bound;
}

/* What we count ourselves where nobody tells: never above what was reserved. */
static struct meters counted_units(const struct metering *m)
{
    const struct metering_attempt *running = current_terms(m);
    struct meters counted = m->counted;

    for (int i = 0; i < METERS; i++)
        counted.count[i] = at_most(counted.count[i], m->bounds.count[i]);
    meters_set(&counted, METER_INPUT, at_most(m->counted_input, running->input_bound));
    if (running->output.bytes > 0)
        meters_set(&counted, METER_OUTPUT,
                   at_most(count_tokens(&running->output), running->output_bound));
    return counted;
}

/* The meters that this price knows, of an answer that may be NULL. */
static struct meters priced_units(const struct metering *m, const struct answer *answer,
                                  const struct price_version *price, bool *counted_out)
{
    static const struct meters none;
    const struct meters counted = counted_units(m);
    const struct units units = {.told = answer != NULL && answer->usage.state == ANSWER_USAGE_GOOD
                                            ? &answer->usage.meters
                                            : &none,
                                .seen = &current_terms(m)->seen,
                                .counted = &counted};

    return units_of(&units, price, counted_out);
}

static void book_cost(struct metering *m, const struct meters *meters, enum usage_from from,
                      const struct answer *answer)
{
    const struct snapshot_terms *terms = &current_terms(m)->terms;
    struct event_attempt *attempt = current_attempt(m);
    int64_t cost_pico = 0;

    attempt->meters = *meters;
    attempt->usage_from = from;
    attempt->cost_pico = 0;
    if (terms->cost == NULL || meters->present == 0)
        return;
    attempt->cost_version = terms->cost->id;
    if (rate_base(meters, mode_of(terms->cost, answer), terms->cost, &cost_pico) == RATE_OK)
        attempt->cost_pico = cost_pico;
}

void metering_end(struct metering *m, int32_t status, const char *reason,
                  const struct answer *answer, int64_t now_us)
{
    struct event_attempt *attempt = current_attempt(m);

    attempt->status = status;
    attempt->reason = span_of(reason);
    attempt->ms = (now_us - current_terms(m)->started_us) / 1000;
    if (answer != NULL && answer->usage.state == ANSWER_USAGE_GOOD && !m->by_units)
        book_cost(m, &answer->usage.meters, USAGE_PROVIDER, answer);
}

int metering_encode_intent(const struct metering *m, struct buf *out)
{
    struct usage_event event = m->event;
    bool counted;

    event.outcome = OUTCOME_CRASH;
    event.usage_from = USAGE_CRASH;
    if (m->by_units)
        event.meters = priced_units(m, NULL, current_terms(m)->terms.list, &counted);
    else
        meters_set(&event.meters, METER_INPUT, current_terms(m)->input_bound);
    return event_encode_usage(&event, out);
}

/* Usage that says nothing was generated, beside something that was, is none. */
static bool credible(const struct metering *m, const struct answer *answer)
{
    if (answer == NULL || answer->usage.state != ANSWER_USAGE_GOOD)
        return false;
    return count_tokens(&current_terms(m)->output) == 0 ||
           (answer->usage.meters.count[METER_OUTPUT] > 0 &&
            meters_prompt(&answer->usage.meters) > 0);
}

int64_t metering_output(const struct metering *m, const struct answer *answer, bool *reported_out)
{
    int64_t counted = count_tokens(&current_terms(m)->output);

    *reported_out = !m->carried.any && credible(m, answer);
    if (m->carried.any)
        return m->carried.output_tokens + (m->current < m->carried.attempts ? 0 : counted);
    return *reported_out ? answer->usage.meters.count[METER_OUTPUT] : counted;
}

static bool charges(enum event_outcome outcome)
{
    return outcome == OUTCOME_FINISHED || outcome == OUTCOME_PROVIDER_DIED ||
           outcome == OUTCOME_CLIENT_LEFT;
}

/* What the provider will bill us for a call that was cut off or told no usage. */
static bool estimates(enum event_outcome outcome)
{
    return charges(outcome) || outcome == OUTCOME_CLIENT_LEFT_EARLY;
}

static void name_method(struct metering *m)
{
    (void)count_method_format(&m->counter, m->method);
    m->event.count_method = span_of(m->method);
}

/* Never above what was reserved. */
static void count_meters(struct metering *m, struct meters *meters_out)
{
    const struct metering_attempt *running = current_terms(m);

    *meters_out = (struct meters){0};
    meters_set(meters_out, METER_INPUT, at_most(m->counted_input, running->input_bound));
    if (running->output_bound > 0)
        meters_set(meters_out, METER_OUTPUT,
                   at_most(count_tokens(&running->output), running->output_bound));
    name_method(m);
}

void metering_lose(struct metering *m, int32_t status, int64_t now_us)
{
    struct meters meters;

    metering_end(m, status, "hedged", NULL, now_us);
    count_meters(m, &meters);
    book_cost(m, &meters, USAGE_COUNTED, NULL);
}

static void price(struct metering *m, const struct snapshot_terms *terms, enum price_mode mode)
{
    struct usage_event *event = &m->event;
    struct rated rated;

    event->mode = mode;
    if (rate_event(&event->meters, event->mode, terms->list, &terms->terms, &rated, NULL) !=
        RATE_OK)
        return; /* Billing puts it where a person looks: a dead letter. */
    event->base_pico = rated.base_pico;
    event->charge_pico = event->test || event->byok ? 0 : rated.charge_pico;
    m->discount_pico = rated.discount_pico;
}

static void keep_usage(struct metering *m, const struct answer *answer)
{
    struct usage_event *event = &m->event;

    m->quarantined = answer->usage.state == ANSWER_USAGE_QUARANTINED ||
                     (answer->usage.state == ANSWER_USAGE_GOOD && !credible(m, answer));
    if (answer->usage.verbatim_size > 0) {
        event->usage_verbatim = span_make(answer->usage.verbatim, answer->usage.verbatim_size);
        event->normaliser =
            span_of(answer->normaliser == NULL ? USAGE_OPENAI_NORMALISER : answer->normaliser);
    }
    event->finish_reason = span_of(answer->finish_reason);
}

/* The tenant pays by the meters of the list price, we by those of the cost. */
static void finish_units(struct metering *m, enum event_outcome outcome,
                         const struct answer *answer)
{
    const struct snapshot_terms *terms = &current_terms(m)->terms;
    bool counted;
    struct meters meters = priced_units(m, answer, terms->list, &counted);
    enum usage_from from = counted ? USAGE_COUNTED : USAGE_PROVIDER;

    m->quarantined = answer->usage.state == ANSWER_USAGE_QUARANTINED;
    if (!estimates(outcome))
        return;
    if (counted)
        name_method(m);
    if (charges(outcome)) {
        current_attempt(m)->delivered = true;
        m->event.meters = meters;
        m->event.usage_from = from;
        price(m, terms, mode_of(terms->list, answer));
    }
    if (terms->cost != NULL)
        meters = priced_units(m, answer, terms->cost, &counted);
    book_cost(m, &meters, counted ? USAGE_COUNTED : USAGE_PROVIDER, answer);
}

/* ---- an answer of several attempts ---- */

void metering_carry(struct metering *m, const struct answer *answer, const struct meters *input)
{
    const struct snapshot_terms *terms = &current_terms(m)->terms;
    struct metering_carried *carried = &m->carried;
    struct meters meters;
    int64_t output;

    count_meters(m, &meters);
    output = meters.count[METER_OUTPUT];
    if (meters_prompt(input) > 0) {
        meters = *input;
        meters.count[METER_REASONING] = 0;
        meters.present &= ~(1u << METER_REASONING);
        meters_set(&meters, METER_OUTPUT, output);
    }
    book_cost(m, &meters, USAGE_COUNTED, answer);
    current_attempt(m)->delivered = true;
    if (!carried->any)
        *carried = (struct metering_carried){.any = true,
                                             .first = m->current,
                                             .mode = mode_of(terms->list, answer),
                                             .meters = meters};
    else
        carried->meters.count[METER_OUTPUT] += output;
    carried->attempts = m->event.attempt_count;
    carried->output_tokens += output;
    /* The next one reads it. */
    m->counted_input += output;
}

/* What the attempt said that is the end of it; it may have said nothing, or not even have begun. */
static struct meters finish_last(struct metering *m, const struct answer *answer)
{
    bool told = credible(m, answer), said = current_terms(m)->output.bytes > 0;
    struct meters last = {0};

    if (told)
        last = answer->usage.meters;
    else if (said)
        count_meters(m, &last);
    if (told || said)
        book_cost(m, &last, told ? USAGE_PROVIDER : USAGE_COUNTED, answer);
    current_attempt(m)->delivered = said;
    return last;
}

static void finish_carried(struct metering *m, const struct answer *answer)
{
    const struct metering_carried *carried = &m->carried;
    const struct metering_attempt *first = &m->attempts[carried->first];
    struct meters last = {0}, *all = &m->event.meters;

    if (m->current >= carried->attempts) {
        if (answer != NULL)
            keep_usage(m, answer);
        last = finish_last(m, answer);
    }
    if (!charges(m->event.outcome))
        return;
    /* What one of them told is not what is charged. */
    m->event.usage_verbatim = m->event.normaliser = (struct span){0};
    name_method(m);
    *all = carried->meters;
    meters_set(all, METER_OUTPUT,
               at_most(all->count[METER_OUTPUT] + last.count[METER_OUTPUT], first->output_bound));
    if (meters_has(&last, METER_REASONING))
        meters_set(all, METER_REASONING,
                   at_most(last.count[METER_REASONING], all->count[METER_OUTPUT]));
    m->event.usage_from = USAGE_COUNTED;
    price(m, &first->terms, carried->mode);
}

void metering_finish(struct metering *m, enum event_outcome outcome, const struct answer *answer)
{
    const struct snapshot_terms *terms = &m->attempts[m->current].terms;
    struct usage_event *event = &m->event;
    struct meters meters = {0};
    enum usage_from from = USAGE_NONE;

    event->outcome = outcome;
    if (m->carried.any) {
        finish_carried(m, answer);
        return;
    }
    if (answer == NULL)
        return;
    keep_usage(m, answer);
    if (m->by_units) {
        finish_units(m, outcome, answer);
        return;
    }
    if (credible(m, answer)) {
        meters = answer->usage.meters;
        from = USAGE_PROVIDER;
    } else if (estimates(outcome)) {
        count_meters(m, &meters);
        from = USAGE_COUNTED;
    }
    book_cost(m, &meters, from, answer);
    if (!charges(outcome))
        return;
    current_attempt(m)->delivered = true;
    event->meters = meters;
    event->usage_from = from;
    price(m, terms, mode_of(terms->list, answer));
}

int metering_encode_final(struct metering *m, struct buf *out)
{
    struct usage_event *event = &m->event;
    size_t before = out->size;

    if (event_encode_usage(event, out) == 0)
        return 0;
    out->size = before;
    out->failed = false;
    event->usage_verbatim = (struct span){0};
    event->tag_count = 0;
    event->error = (struct span){0};
    return event_encode_usage(event, out);
}
