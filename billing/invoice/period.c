/*
 * period: see period.h.
 */
#include "billing/invoice/period.h"

#include <string.h>
#include <time.h>

#include "common/base/mem.h"

enum { DAY_TEXT_SIZE = 16, FEES_MAX = 4096 };

/* Midnight of the anchor day, `months` after the month of that time. */
static int64_t anchor(int64_t at_ms, int32_t anchor_day, int months)
{
    int64_t seconds = at_ms / 1000 - (at_ms % 1000 < 0);
    time_t at = (time_t)seconds;
    struct tm tm;
    must(gmtime_r(&at, &tm) != NULL);
    tm.tm_mon += months;
    tm.tm_mday = anchor_day;
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    return (int64_t)timegm(&tm) * 1000;
}

int64_t period_month_start(int64_t at_ms, int32_t anchor_day)
{
    int64_t start_ms = anchor(at_ms, anchor_day, 0);
    return start_ms <= at_ms ? start_ms : anchor(at_ms, anchor_day, -1);
}

int64_t period_month_end(int64_t at_ms, int32_t anchor_day)
{
    int64_t end_ms = anchor(at_ms, anchor_day, 0);
    return end_ms > at_ms ? end_ms : anchor(at_ms, anchor_day, 1);
}

/* amount × part / whole in whole seconds, halves up to the cent. whole_ms >= 1000. */
static int64_t period_prorate(int64_t amount_minor, int64_t part_ms, int64_t whole_ms)
{
    must(whole_ms >= 1000);
    return (int64_t)money_divide_half_up((int128)amount_minor * (part_ms / 1000), whole_ms / 1000);
}

int64_t period_share(int64_t monthly_minor, int64_t from_ms, int64_t until_ms, int32_t anchor_day)
{
    int64_t share = 0;
    while (from_ms < until_ms) {
        int64_t start_ms = period_month_start(from_ms, anchor_day);
        int64_t end_ms = period_month_end(from_ms, anchor_day);
        int64_t part_end_ms = until_ms < end_ms ? until_ms : end_ms;
        share += period_prorate(monthly_minor, part_end_ms - from_ms, end_ms - start_ms);
        from_ms = part_end_ms;
    }
    return share;
}

static const char *day(int64_t at_ms, char text_out[DAY_TEXT_SIZE])
{
    time_t at = (time_t)(at_ms / 1000);
    struct tm tm;
    must(gmtime_r(&at, &tm) != NULL);
    must(strftime(text_out, DAY_TEXT_SIZE, "%Y-%m-%d", &tm) > 0);
    return text_out;
}

struct making {
    const struct period_span *period;
    struct arena *arena;
    struct invoice_fee *fees;
    size_t count;
};

/* What a fee is for. */
struct fee_part {
    enum line_kind kind;
    const struct period_plan *plan;
    const char *what;
    int64_t from_ms, until_ms;
};

static void add(struct making *m, struct fee_part part, int64_t amount_minor)
{
    char from[DAY_TEXT_SIZE], until[DAY_TEXT_SIZE];
    if (amount_minor == 0 || m->count == FEES_MAX)
        return;
    m->fees[m->count++] = (struct invoice_fee){
        part.kind,
        span_of(arena_printf(m->arena, "%.*s: %s from %s to %s", SPAN_ARG(part.plan->name),
                             part.what, day(part.from_ms, from), day(part.until_ms, until))),
        amount_minor};
}

/* The plan is left in the middle of a month whose fee a close has charged. */
static void give_back(struct making *m, const struct period_plan *old, int64_t at_ms)
{
    int64_t start_ms = period_month_start(at_ms, m->period->anchor_day);
    int64_t end_ms = period_month_end(at_ms, m->period->anchor_day);
    int64_t charged_ms = old->from_ms > start_ms ? old->from_ms : start_ms;
    if (charged_ms > m->period->first_ms)
        add(m, (struct fee_part){LINE_PRORATION, old, "unused part of the month", at_ms, end_ms},
            -period_prorate(old->fee_minor, end_ms - at_ms, end_ms - start_ms));
}

static void change_plan(struct making *m, const struct period_plan *plans, size_t i)
{
    const struct period_plan *plan = &plans[i];
    int64_t at_ms = plan->from_ms;
    int64_t start_ms = period_month_start(at_ms, m->period->anchor_day);
    int64_t end_ms = period_month_end(at_ms, m->period->anchor_day);
    if (at_ms <= m->period->start_ms || at_ms >= m->period->until_ms || at_ms == start_ms)
        return;
    if (i > 0 && plans[i - 1].until_ms == at_ms)
        give_back(m, &plans[i - 1], at_ms);
    add(m, (struct fee_part){LINE_PRORATION, plan, "rest of the month", at_ms, end_ms},
        period_prorate(plan->fee_minor, end_ms - at_ms, end_ms - start_ms));
}

static void begin_months(struct making *m, const struct period_plan *plan)
{
    int64_t at_ms = period_month_end(m->period->start_ms, m->period->anchor_day);
    for (; at_ms <= m->period->until_ms && m->count < FEES_MAX;
         at_ms = period_month_end(at_ms, m->period->anchor_day))
        if (plan->from_ms <= at_ms && at_ms < plan->until_ms)
            add(m,
                (struct fee_part){LINE_SUBSCRIPTION, plan, "monthly fee", at_ms,
                                  period_month_end(at_ms, m->period->anchor_day)},
                plan->fee_minor);
}

void period_fees(const struct period_span *period, const struct period_plan *plans, size_t count,
                 struct arena *arena, struct invoice_fee **fees_out, size_t *count_out)
{
    struct making m = {.period = period, .arena = arena};
    m.fees = arena_array(arena, FEES_MAX, sizeof(*m.fees));
    for (size_t i = 0; i < count; i++) {
        change_plan(&m, plans, i);
        begin_months(&m, &plans[i]);
    }
    *fees_out = m.fees;
    *count_out = m.count;
}
