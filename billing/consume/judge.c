/*
 * judge: see judge.h.
 */
#include "billing/consume/judge.h"

#include <errno.h>

#include "common/base/mem.h"

enum { WHY_MAX = 256 };
#define SLACK_MS INT64_C(86400000) /* stamped versions held at request start, give or take this */

static void decode_item(struct batch *batch, struct batch_item *item, struct buf *why)
{
    if (item->payload.size > EVENT_BYTES_MAX) {
        batch_kill(batch, item, DEAD_DECODE, "larger than any event");
        return;
    }
    if (event_decode(item->payload, &batch->doc, batch->arena, &item->event, why) < 0) {
        batch_kill(batch, item, DEAD_DECODE, "%s", why->at == NULL ? "" : why->at);
        return;
    }
    switch (item->event.kind) {
    case EVENT_KIND_USAGE:
        item->verdict = VERDICT_POST;
        break;
    case EVENT_KIND_LEASE:
        item->verdict = VERDICT_LEASE;
        break;
    case EVENT_KIND_REFUSAL:
        item->verdict = VERDICT_REFUSAL;
        break;
    case EVENT_KIND_UNKNOWN:
        item->verdict = VERDICT_OTHER;
        break;
    }
}

void judge_decode(struct batch *batch)
{
    struct buf why = buf_make(WHY_MAX);
    for (uint32_t i = 0; i < batch->count; i++)
        if (batch->items[i].verdict == VERDICT_NEW)
            decode_item(batch, &batch->items[i], &why);
    buf_done(&why);
}

/* Whether the tenant pays for an event of this outcome. */
static bool judge_charged(const struct usage_event *event)
{
    if (event->test || event->byok)
        return false;
    return event->outcome == OUTCOME_FINISHED || event->outcome == OUTCOME_PROVIDER_DIED ||
           event->outcome == OUTCOME_CLIENT_LEFT;
}

/* What a stamped version must be to bind: of that deployment, that tenant and that time. NULL when
 * it is, else what is wrong. */
static const char *wrong_price(const struct price_version *price, enum price_book book,
                               struct uuid deployment, const struct usage_event *event)
{
    bool begun = price->from_ms - SLACK_MS <= event->start_ms;
    bool lasts =
        price->until_ms >= INT64_MAX - SLACK_MS || price->until_ms + SLACK_MS > event->start_ms;
    if (price->book != book)
        return "is of the other book";
    if (!uuid_equal(price->deployment, deployment))
        return "is of another deployment";
    if (!uuid_is_zero(price->tenant) && !uuid_equal(price->tenant, event->tenant))
        return "is of another tenant";
    return begun && lasts ? NULL : "did not hold at the request's start";
}

struct judging {
    struct batch *batch;
    struct batch_item *item;
    struct versions *versions;
    bool final;
};

enum judgement { JUDGED, MISSING, DEAD };

static enum judgement missing(struct judging *j, const char *what)
{
    if (j->final)
        batch_kill(j->batch, j->item, DEAD_UNKNOWN_VERSION, "%s", what);
    return j->final ? DEAD : MISSING;
}

static enum judgement refuse_rate(struct judging *j, enum rate_outcome outcome, enum meter meter,
                                  const char *whose)
{
    enum dead_reason reason = outcome == RATE_BAD_QUANTITY ? DEAD_QUARANTINE : DEAD_RATE;
    batch_kill(j->batch, j->item, reason, "%s: %s of meter %s", whose, rate_outcome_name(outcome),
               meter < METERS ? meter_name(meter) : "?");
    return DEAD;
}

/* What the tenant pays by. */
static enum judgement rate_due(struct judging *j)
{
    struct usage_event *event = &j->item->event.usage;
    const struct price_version *price = versions_price(j->versions, event->price_version);
    const struct plan_terms *plan = versions_plan(j->versions, event->plan_version);
    bool subscribed = versions_subscribed(j->versions, event->tenant, event->plan_version,
                                          event->start_ms, SLACK_MS);
    struct rate_terms terms;
    struct rated rated;
    enum rate_outcome outcome;
    enum meter meter = METERS;
    const char *wrong;
    if (price == NULL)
        return missing(j, "price_version is not known");
    if (plan == NULL)
        return missing(j, "plan_version is not known");
    if (!subscribed)
        return missing(j, "the tenant was not on that plan_version at the request's start");
    wrong = wrong_price(price, BOOK_LIST, event->deployment, event);
    if (wrong != NULL) {
        batch_kill(j->batch, j->item, DEAD_UNKNOWN_VERSION, "price_version %s", wrong);
        return DEAD;
    }
    terms = versions_terms(plan, event->provider);
    outcome = rate_event(&event->meters, event->mode, price, &terms, &rated, &meter);
    if (outcome != RATE_OK)
        return refuse_rate(j, outcome, meter, "the event");
    j->item->priced.base_pico = rated.base_pico;
    j->item->priced.discount_pico = rated.discount_pico;
    j->item->priced.due_pico = rated.charge_pico;
    j->item->priced.context_tier = rated.context_tier;
    j->item->priced.variance = rated.charge_pico != event->charge_pico;
    return JUDGED;
}

/* What an attempt cost us. Without a version the gateway's own figure stands. */
static enum judgement rate_attempt(struct judging *j, const struct event_attempt *attempt,
                                   int64_t *cost_out)
{
    struct usage_event *event = &j->item->event.usage;
    const struct price_version *price;
    enum rate_outcome outcome;
    const char *wrong;
    *cost_out = attempt->cost_pico > 0 ? attempt->cost_pico : 0;
    if (uuid_is_zero(attempt->cost_version) || event->byok || event->test)
        return JUDGED;
    price = versions_price(j->versions, attempt->cost_version);
    if (price == NULL)
        return missing(j, "cost_version of an attempt is not known");
    wrong = wrong_price(price, BOOK_COST, attempt->deployment, event);
    if (wrong != NULL) {
        batch_kill(j->batch, j->item, DEAD_UNKNOWN_VERSION, "cost_version %s", wrong);
        return DEAD;
    }
    outcome = rate_base(&attempt->meters, event->mode, price, cost_out);
    return outcome == RATE_OK ? JUDGED : refuse_rate(j, outcome, METERS, "an attempt");
}

/* The event's own cost version stands for an event without attempts of its own. */
static enum judgement rate_cost(struct judging *j)
{
    struct usage_event *event = &j->item->event.usage;
    struct event_attempt whole = {.deployment = event->deployment,
                                  .meters = event->meters,
                                  .cost_version = event->cost_version};
    int128 sum = 0;
    int64_t cost;
    enum judgement judgement = JUDGED;
    if (event->byok || event->test)
        return JUDGED;
    /* All of them are asked for, so that one fetch brings the versions of all. */
    for (uint32_t i = 0; i < event->attempt_count && judgement != DEAD; i++) {
        enum judgement one = rate_attempt(j, &event->attempts[i], &cost);
        judgement = one == JUDGED ? judgement : one;
        sum += one == JUDGED ? cost : 0;
    }
    if (event->attempt_count == 0) {
        judgement = rate_attempt(j, &whole, &cost);
        sum = judgement == JUDGED ? cost : 0;
    }
    if (judgement == JUDGED && money_narrow(sum, &j->item->priced.cost_pico) < 0)
        return refuse_rate(j, RATE_OVERFLOW, METERS, "the attempts");
    return judgement;
}

static const char *wrong_meters(const struct meters *meters)
{
    for (int m = 0; m < METERS; m++)
        if (meters->count[m] < 0 || meters->count[m] > RATE_QUANTITY_MAX)
            return meter_name((enum meter)m);
    return meters->count[METER_REASONING] > meters->count[METER_OUTPUT]
               ? meter_name(METER_REASONING)
               : NULL;
}

static bool sane(struct batch *batch, struct batch_item *item)
{
    const struct usage_event *event = &item->event.usage;
    const char *meter = wrong_meters(&event->meters);
    for (uint32_t i = 0; i < event->attempt_count && meter == NULL; i++)
        meter = wrong_meters(&event->attempts[i].meters);
    if (meter != NULL) {
        batch_kill(batch, item, DEAD_QUARANTINE, "meter %s is negative or too large", meter);
        return false;
    }
    for (uint32_t i = 0; i < event->lease_count; i++) {
        if (event->leases[i].reserved_pico < 0) {
            batch_kill(batch, item, DEAD_VALIDATE, "a reservation is negative");
            return false;
        }
    }
    if (event->charge_pico < 0) {
        batch_kill(batch, item, DEAD_QUARANTINE, "the charge told is negative");
        return false;
    }
    if (judge_charged(event) && event->model.size == 0) {
        batch_kill(batch, item, DEAD_VALIDATE, "charged, but no model");
        return false;
    }
    return true;
}

bool judge_usage(struct batch *batch, struct batch_item *item, struct versions *versions,
                 struct judge_days days, bool final)
{
    struct judging j = {batch, item, versions, final};
    int32_t day = uuid_day(item->event.usage.id);
    enum judgement due = JUDGED, cost;
    memset(&item->priced, 0, sizeof(item->priced));
    if (day < days.first || day > days.last) {
        batch_kill(batch, item, DEAD_NO_PARTITION, "the id's day has no partition");
        return true;
    }
    if (!sane(batch, item))
        return true;
    if (judge_charged(&item->event.usage))
        due = rate_due(&j);
    else
        item->priced.variance = item->event.usage.charge_pico != 0 && !item->event.usage.test &&
                                !item->event.usage.byok;
    cost = due == DEAD ? DEAD : rate_cost(&j);
    return due != MISSING && cost != MISSING;
}

enum pg_outcome judge_batch(struct batch *batch, struct versions *versions, struct judge_days days,
                            struct pg *pg, int64_t now_ms)
{
    bool again = false;
    enum pg_outcome outcome;
    versions_unwant(versions);
    for (uint32_t i = 0; i < batch->count; i++) {
        struct batch_item *item = &batch->items[i];
        item->priced.context_tier = 0;
        if (item->verdict == VERDICT_POST && !judge_usage(batch, item, versions, days, false)) {
            item->priced.context_tier = -1; /* not yet priced */
            again = true;
        }
    }
    if (!again)
        return PG_OK;
    outcome = versions_fetch(versions, pg, now_ms);
    for (uint32_t i = 0; i < batch->count && outcome == PG_OK; i++) {
        struct batch_item *item = &batch->items[i];
        if (item->verdict == VERDICT_POST && item->priced.context_tier < 0)
            must(judge_usage(batch, item, versions, days, true));
    }
    return outcome;
}
