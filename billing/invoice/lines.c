/*
 * lines: see lines.h.
 */
#include "billing/invoice/lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "billing/invoice/wide.h"
#include "common/base/mem.h"

enum { PERCENT_TEXT_MAX = 32 };

/* A line in the making, with what it is merged and sorted by. */
struct work {
    struct invoice_line line;
    bool late;
    enum price_mode mode;
    enum meter priced_as;
};

/* What the events of one plan version have in common. */
struct plan_part {
    bool late;
    struct uuid plan_version;
    struct span plan;
    int32_t markup_ppm;
    int128 discount_pico, markup_pico, overrun_pico;
};

struct making {
    const struct invoice_basis *basis;
    struct arena *arena;
    struct invoice_lines *lines;
    struct work *works;
    size_t work_count;
    struct plan_part *parts;
    size_t part_count;
    int128 base_pico;
};

const char *line_kind_name(enum line_kind kind)
{
    static const char *const names[LINE_KINDS] = {
        [LINE_USAGE] = "usage",
        [LINE_DISCOUNT] = "discount",
        [LINE_MARKUP] = "markup",
        [LINE_LATE_USAGE] = "late_usage",
        [LINE_VOLUME_DISCOUNT] = "volume_discount",
        [LINE_SUBSCRIPTION] = "subscription",
        [LINE_PRORATION] = "proration",
        [LINE_MINIMUM] = "minimum",
        [LINE_OVERRUN] = "overrun",
    };
    must(kind < LINE_KINDS);
    return names[kind];
}

/* 55,000 ppm as "5.5". */
static const char *percent(int32_t ppm, char text_out[PERCENT_TEXT_MAX])
{
    char money[MONEY_TEXT_MAX];
    size_t size = money_format((int128)ppm * (PICO_PER_UNIT / 10000), money);
    must(size < PERCENT_TEXT_MAX);
    memcpy(text_out, money, size + 1);
    return text_out;
}

static int compare_span(struct span a, struct span b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size == 0 ? 0 : memcmp(a.at, b.at, size);
    if (order != 0)
        return order;
    return a.size < b.size ? -1 : a.size > b.size;
}

static int compare_number(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* By what lines are apart: late or not, model, key, meter, price version, tier, mode, price. */
static int compare_work(const void *a, const void *b)
{
    const struct work *x = a, *y = b;
    int order = compare_number(x->late, y->late);
    if (order == 0)
        order = compare_span(x->line.model, y->line.model);
    if (order == 0)
        order = uuid_compare(x->line.key, y->line.key);
    if (order == 0)
        order = uuid_compare(x->line.price_version, y->line.price_version);
    if (order == 0)
        order = compare_number(x->line.context_tier, y->line.context_tier);
    if (order == 0)
        order = compare_number(x->mode, y->mode);
    if (order == 0)
        order = compare_number(x->line.meter, y->line.meter);
    if (order == 0)
        order = compare_number(x->line.pico_per_unit, y->line.pico_per_unit);
    return order;
}

static struct work *next_work(struct making *m, const struct usage_sum *sum)
{
    struct work *work = &m->works[m->work_count++];
    *work = (struct work){.late = sum->late,
                          .mode = sum->mode,
                          .line = {.kind = sum->late ? LINE_LATE_USAGE : LINE_USAGE,
                                   .model = sum->model,
                                   .key = sum->key,
                                   .price_version = sum->price_version,
                                   .context_tier = sum->context_tier}};
    return work;
}

/* One line for the whole: what the prices say is not what was charged by, for example because a
 * mode borrows another mode's context tiers. The money stays exact. */
static void add_unsplit(struct making *m, const struct usage_sum *sum)
{
    struct work *work = next_work(m, sum);
    work->line.meter = work->priced_as = METERS;
    work->line.amount_pico = sum->base_pico;
    m->lines->unsplit++;
}

static void add_usage(struct making *m, const struct usage_sum *sum)
{
    struct rated_sum rated[METERS];
    uint32_t count = 0;
    int128 base = 0;
    if (sum->price == NULL || rate_sums(&sum->meters, sum->mode, sum->price, sum->context_tier,
                                        rated, &count) != RATE_OK) {
        add_unsplit(m, sum);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        base += rated[i].amount_pico;
    if (base != sum->base_pico) {
        add_unsplit(m, sum);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct work *work = next_work(m, sum);
        work->line.meter = rated[i].meter;
        work->priced_as = rated[i].priced_as;
        work->line.quantity = rated[i].quantity;
        work->line.pico_per_unit = rated[i].pico_per_unit;
        work->line.amount_pico = rated[i].amount_pico;
    }
}

static void add_part(struct making *m, const struct usage_sum *sum)
{
    struct plan_part *part = NULL;
    for (size_t i = 0; i < m->part_count && part == NULL; i++)
        if (m->parts[i].late == sum->late &&
            uuid_equal(m->parts[i].plan_version, sum->plan_version))
            part = &m->parts[i];
    if (part == NULL) {
        part = &m->parts[m->part_count++];
        *part = (struct plan_part){.late = sum->late,
                                   .plan_version = sum->plan_version,
                                   .plan = sum->plan,
                                   .markup_ppm = sum->markup_ppm};
    }
    part->discount_pico += sum->discount_pico;
    part->markup_pico +=
        sum->charge_pico + sum->overrun_pico - (sum->base_pico - sum->discount_pico);
    part->overrun_pico += sum->overrun_pico;
}

static struct span describe(struct making *m, const struct work *work)
{
    const struct invoice_line *line = &work->line;
    char tier[64] = "", mode[32] = "", as[64] = "";
    if (line->context_tier > 0)
        snprintf(tier, sizeof(tier), ", prompts over %lld", (long long)line->context_tier);
    if (work->mode != MODE_STANDARD)
        snprintf(mode, sizeof(mode), ", %s", price_mode_name(work->mode));
    if (work->priced_as != line->meter)
        snprintf(as, sizeof(as), " at the price of %s", meter_name(work->priced_as));
    return span_of(arena_printf(m->arena, "%.*s: %s%s%s%s%s", SPAN_ARG(line->model),
                                line->meter == METERS ? "all meters" : meter_name(line->meter), as,
                                tier, mode, work->late ? " (late)" : ""));
}

static void add_line(struct making *m, const struct invoice_line *line)
{
    struct invoice_lines *lines = m->lines;
    lines->at[lines->count++] = *line;
    lines->total_pico += line->amount_pico;
}

/* Lines of the same thing become one. */
static void merge_works(struct making *m)
{
    if (m->work_count > 0)
        qsort(m->works, m->work_count, sizeof(*m->works), compare_work);
    for (size_t i = 0; i < m->work_count;) {
        struct work work = m->works[i];
        for (i++; i < m->work_count && compare_work(&work, &m->works[i]) == 0; i++) {
            work.line.quantity += m->works[i].line.quantity;
            work.line.amount_pico += m->works[i].line.amount_pico;
        }
        work.line.description = describe(m, &work);
        add_line(m, &work.line);
    }
}

static void add_words(struct making *m, enum line_kind kind, struct span description,
                      int128 amount_pico)
{
    struct invoice_line line = {
        .kind = kind, .description = description, .meter = METERS, .amount_pico = amount_pico};
    add_line(m, &line);
}

static void add_plan_lines(struct making *m)
{
    char ppm[PERCENT_TEXT_MAX];
    for (size_t i = 0; i < m->part_count; i++) {
        const struct plan_part *p = &m->parts[i];
        const char *late = p->late ? " (late)" : "";
        if (p->discount_pico != 0)
            add_words(m, LINE_DISCOUNT,
                      span_of(arena_printf(m->arena, "%.*s: discount%s", SPAN_ARG(p->plan), late)),
                      -p->discount_pico);
        if (p->markup_pico != 0)
            add_words(m, LINE_MARKUP,
                      span_of(arena_printf(m->arena, "%.*s: markup of %s %%%s", SPAN_ARG(p->plan),
                                           percent(p->markup_ppm, ppm), late)),
                      p->markup_pico);
        if (p->overrun_pico != 0)
            add_words(
                m, LINE_OVERRUN,
                span_of(arena_printf(m->arena, "Not charged: above what was reserved%s", late)),
                -p->overrun_pico);
    }
}

int128 lines_volume_discount(const struct invoice_basis *basis, int128 base_pico,
                             int128 charge_pico)
{
    int128 above = base_pico - basis->volume_threshold_pico, discount, least, most;
    if (basis->volume_threshold_pico < 0 || above <= 0 || charge_pico <= 0 || base_pico <= 0)
        return 0;
    discount =
        wide_multiply_divide(charge_pico, above * basis->volume_discount_ppm, base_pico * PPM_ONE);
    /* What must be left is rounded up. */
    least = (basis->cost_pico * (PPM_ONE + basis->margin_floor_ppm) + PPM_ONE - 1) / PPM_ONE;
    most = charge_pico - least;
    if (most < 0)
        most = 0;
    return discount < most ? discount : most;
}

static void add_close_lines(struct making *m)
{
    const struct invoice_basis *basis = m->basis;
    struct invoice_lines *lines = m->lines;
    int128 net, minimum = basis->minimum_minor * (int128)PICO_PER_CENT;
    char ppm[PERCENT_TEXT_MAX], usd[MONEY_TEXT_MAX];
    lines->volume_discount_pico = lines_volume_discount(basis, m->base_pico, lines->charge_pico);
    if (lines->volume_discount_pico != 0) {
        money_format(basis->volume_threshold_pico, usd);
        add_words(m, LINE_VOLUME_DISCOUNT,
                  span_of(arena_printf(m->arena, "Volume discount of %s %% on usage above %s",
                                       percent(basis->volume_discount_ppm, ppm), usd)),
                  -lines->volume_discount_pico);
    }
    net = lines->charge_pico - lines->volume_discount_pico;
    if (net < minimum) {
        money_format_minor(basis->minimum_minor, usd);
        add_words(m, LINE_MINIMUM,
                  span_of(arena_printf(m->arena, "Up to the minimum charge of %s", usd)),
                  minimum - net);
        lines->fees_pico += minimum - net;
    }
    for (size_t i = 0; i < basis->fee_count; i++) {
        int128 amount = basis->fees[i].amount_minor * (int128)PICO_PER_CENT;
        add_words(m, basis->fees[i].kind, basis->fees[i].description, amount);
        lines->fees_pico += amount;
    }
}

/* At most so many lines of usage: one for each meter that counted, or one for the whole. */
static size_t usage_lines_max(const struct invoice_basis *basis)
{
    size_t count = basis->sum_count;
    for (size_t i = 0; i < basis->sum_count; i++)
        for (int m = 0; m < METERS; m++)
            count += basis->sums[i].meters.count[m] != 0;
    return count;
}

int lines_make(const struct invoice_basis *basis, struct arena *arena,
               struct invoice_lines *lines_out)
{
    struct invoice_lines lines = {.count = 0};
    struct making m = {.basis = basis, .arena = arena, .lines = &lines};
    const int128 cents_max = (int128)INT64_MAX * (PICO_PER_CENT / 4);
    size_t most;
    if (basis->sum_count > INVOICE_LINES_MAX || basis->fee_count > INVOICE_LINES_MAX)
        return -EFBIG;
    most = usage_lines_max(basis);
    m.works = mem_array(most + 1, sizeof(*m.works));
    m.parts = mem_array(basis->sum_count + 1, sizeof(*m.parts));
    lines.at = mem_array(most + 3 * basis->sum_count + basis->fee_count + 2, sizeof(*lines.at));
    for (size_t i = 0; i < basis->sum_count; i++) {
        add_usage(&m, &basis->sums[i]);
        add_part(&m, &basis->sums[i]);
        lines.charge_pico += basis->sums[i].charge_pico;
        m.base_pico += basis->sums[i].base_pico;
    }
    merge_works(&m);
    add_plan_lines(&m);
    add_close_lines(&m);
    mem_free(m.works);
    mem_free(m.parts);
    if (lines.count <= INVOICE_LINES_MAX && lines.total_pico <= cents_max &&
        lines.total_pico >= -cents_max) {
        struct invoice_line *kept = arena_array(arena, lines.count + 1, sizeof(*kept));
        memcpy(kept, lines.at, lines.count * sizeof(*kept));
        mem_free(lines.at);
        lines.at = kept;
        *lines_out = lines;
        return 0;
    }
    mem_free(lines.at);
    return lines.count > INVOICE_LINES_MAX ? -EFBIG : -ERANGE;
}

/* A line's share below a cent; the cents themselves are rounded down. */
struct remainder {
    int64_t below; /* 0 to PICO_PER_CENT - 1 */
    size_t line;
};

static int by_remainder(const void *a, const void *b)
{
    const struct remainder *x = a, *y = b;
    if (x->below != y->below)
        return x->below > y->below ? -1 : 1;
    return x->line < y->line ? -1 : 1;
}

int64_t lines_round(struct invoice_lines *lines)
{
    int64_t total_minor = (int64_t)money_divide_half_up(lines->total_pico, PICO_PER_CENT);
    int64_t left = total_minor;
    struct remainder *remainders = mem_array(lines->count + 1, sizeof(*remainders));
    for (size_t i = 0; i < lines->count; i++) {
        int128 below = lines->at[i].amount_pico % PICO_PER_CENT;
        if (below < 0)
            below += PICO_PER_CENT;
        remainders[i] = (struct remainder){(int64_t)below, i};
        lines->at[i].amount_minor = (int64_t)((lines->at[i].amount_pico - below) / PICO_PER_CENT);
        left -= lines->at[i].amount_minor;
    }
    must(left >= 0 && (size_t)left <= lines->count);
    qsort(remainders, lines->count, sizeof(*remainders), by_remainder);
    for (size_t i = 0; i < (size_t)left; i++)
        lines->at[remainders[i].line].amount_minor++;
    mem_free(remainders);
    return total_minor;
}
