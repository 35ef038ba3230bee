/*
 * board_row: see the header.
 */
#include "gateway/route/board_row.h"

/* ---- counts: stretch 20 bits, served 22, failed 22 ---- */

#define COUNT_BITS 22
#define COUNT_MAX ((UINT64_C(1) << COUNT_BITS) - 1)
#define STRETCH_BITS 20

static uint64_t pack(uint64_t stretch, uint64_t served, uint64_t failed)
{
    return stretch << 2 * COUNT_BITS | served << COUNT_BITS | failed;
}

static uint64_t served_in(uint64_t word)
{
    return word >> COUNT_BITS & COUNT_MAX;
}

static uint64_t failed_in(uint64_t word)
{
    return word & COUNT_MAX;
}

/* Which stretch of so many milliseconds it is; comes around after two months at the soonest. */
static uint64_t stretch_at(int64_t now_ms, int64_t width_ms)
{
    return (uint64_t)(now_ms / width_ms) & ((UINT64_C(1) << STRETCH_BITS) - 1);
}

static uint64_t counted(uint64_t word, uint64_t stretch, uint64_t more_served, uint64_t more_failed)
{
    uint64_t served = 0, failed = 0;

    if (word >> 2 * COUNT_BITS == stretch) {
        served = served_in(word);
        failed = failed_in(word);
    }
    if (served + more_served > COUNT_MAX || failed + more_failed > COUNT_MAX) {
        /* Their ratio is what matters. */
        served /= 2;
        failed /= 2;
    }
    return pack(stretch, served + more_served, failed + more_failed);
}

struct ring {
    _Atomic uint64_t *at;
    size_t size;
    int64_t width_ms;
};

/* Neither count is above half of COUNT_MAX. */
static void add(const struct ring *ring, uint64_t served, uint64_t failed, int64_t now_ms)
{
    uint64_t stretch = stretch_at(now_ms, ring->width_ms);
    _Atomic uint64_t *word = &ring->at[(uint64_t)(now_ms / ring->width_ms) % ring->size];
    uint64_t before = atomic_load_explicit(word, memory_order_relaxed);

    while (!atomic_compare_exchange_weak_explicit(word, &before,
                                                  counted(before, stretch, served, failed),
                                                  memory_order_relaxed, memory_order_relaxed))
        ;
}

#define FIVE_SECONDS_MS INT64_C(5000)
#define MINUTE_MS INT64_C(60000)
#define HALF_HOUR_MS INT64_C(1800000)

void board_row_count(struct board_row *row, bool served, int64_t now_ms)
{
    const struct ring rings[] = {{row->five_seconds, BOARD_FIVE_SECONDS, FIVE_SECONDS_MS},
                                 {row->minutes, BOARD_MINUTES, MINUTE_MS},
                                 {row->half_hours, BOARD_HALF_HOURS, HALF_HOUR_MS}};

    for (size_t i = 0; i < array_size(rings); i++)
        add(&rings[i], served, !served, now_ms);
    atomic_fetch_add_explicit(served ? &row->served : &row->failed, 1, memory_order_relaxed);
}

#define TOKENS_UNIT 64
#define TOKENS_MAX (INT64_C(1) << 24) /* of one request; a context is a tenth of it */

void board_row_send(struct board_row *row, int64_t tokens, int64_t now_ms)
{
    const struct ring ring = {row->sent, BOARD_FIVE_SECONDS, FIVE_SECONDS_MS};
    int64_t known = tokens < 0 ? 0 : tokens < TOKENS_MAX ? tokens : TOKENS_MAX;

    add(&ring, 1, (uint64_t)(known + TOKENS_UNIT - 1) / TOKENS_UNIT, now_ms);
}

void board_row_spoke(struct board_row *row, int64_t begun_ms)
{
    int64_t before = atomic_load_explicit(&row->spoke_begun_ms, memory_order_relaxed);

    while (before < begun_ms &&
           !atomic_compare_exchange_weak_explicit(&row->spoke_begun_ms, &before, begun_ms,
                                                  memory_order_relaxed, memory_order_relaxed))
        ;
    /* Most of the time nobody is silent, and reading leaves the line to all. */
    if (atomic_load_explicit(&row->silent_run, memory_order_relaxed) == 0 ||
        begun_ms < atomic_load_explicit(&row->silent_begun_ms, memory_order_relaxed))
        return;
    atomic_store_explicit(&row->silent_run, 0, memory_order_relaxed);
    atomic_store_explicit(&row->silent_until_ms, 0, memory_order_relaxed);
}

/* What the last `stretches` of a ring hold. */
struct sums {
    uint64_t served, failed;
};

static struct sums sum_of(const _Atomic uint64_t *ring, size_t size, uint64_t stretches,
                          uint64_t now)
{
    struct sums sums = {0, 0};

    for (size_t i = 0; i < size; i++) {
        uint64_t word = atomic_load_explicit(&ring[i], memory_order_relaxed);
        uint64_t age = (now - (word >> 2 * COUNT_BITS)) & ((UINT64_C(1) << STRETCH_BITS) - 1);

        if (age >= stretches)
            continue;
        sums.served += served_in(word);
        sums.failed += failed_in(word);
    }
    return sums;
}

struct board_load board_row_load(const struct board_row *row, int64_t now_ms)
{
    const struct sums sums = sum_of(row->sent, BOARD_FIVE_SECONDS, BOARD_FIVE_SECONDS,
                                    stretch_at(now_ms, FIVE_SECONDS_MS));

    return (struct board_load){.sent_ms = atomic_load_explicit(&row->sent_ms, memory_order_relaxed),
                               .in_flight =
                                   atomic_load_explicit(&row->in_flight, memory_order_relaxed),
                               .requests = (uint32_t)sums.served,
                               .tokens = (int64_t)sums.failed * TOKENS_UNIT};
}

struct board_counts board_row_counts(const struct board_row *row, enum board_window window,
                                     int64_t now_ms)
{
    const struct {
        const _Atomic uint64_t *ring;
        size_t size; /* of the ring */
        uint64_t stretches;
        int64_t width_ms;
    } windows[] = {
        [BOARD_MINUTE] = {row->five_seconds, BOARD_FIVE_SECONDS, BOARD_FIVE_SECONDS,
                          FIVE_SECONDS_MS},
        [BOARD_5_MINUTES] = {row->minutes, BOARD_MINUTES, 5, MINUTE_MS},
        [BOARD_30_MINUTES] = {row->minutes, BOARD_MINUTES, BOARD_MINUTES, MINUTE_MS},
        [BOARD_DAY] = {row->half_hours, BOARD_HALF_HOURS, BOARD_HALF_HOURS, HALF_HOUR_MS},
    };
    const struct sums sums =
        sum_of(windows[window].ring, windows[window].size, windows[window].stretches,
               stretch_at(now_ms, windows[window].width_ms));

    return (struct board_counts){(uint32_t)sums.served, (uint32_t)sums.failed};
}

/* ---- measures ---- */

#define SLICE_MS INT64_C(300000)
#define VALUE_MAX ((INT64_C(1) << 21) - 1)
#define CLEARING UINT32_MAX /* instead of a stretch, while its counts are set to 0 */

/* Whole numbers up to 7, then four buckets to a doubling. */
static size_t bucket_of(int64_t value)
{
    int doubling;

    if (value < 4)
        return value < 0 ? 0 : (size_t)value;
    if (value > VALUE_MAX)
        value = VALUE_MAX;
    doubling = 63 - __builtin_clzll((uint64_t)value);
    return (size_t)(doubling - 1) * 4 + ((size_t)value >> (doubling - 2) & 3);
}

static int64_t bucket_floor(size_t bucket)
{
    return bucket < 4 ? (int64_t)bucket : (int64_t)(4 + bucket % 4) << (bucket / 4 - 1);
}

/* The slice of now, emptied when it was of an earlier time; NULL while another thread does that:
 * a sample or two of five minutes are lost then. */
static struct board_slice *slice_of(struct board_row *row, int64_t now_ms)
{
    uint32_t stretch = (uint32_t)(now_ms / SLICE_MS) + 1;
    struct board_slice *slice = &row->slices[stretch % BOARD_SLICES];
    uint32_t found = atomic_load_explicit(&slice->stretch, memory_order_acquire);

    if (found == stretch)
        return slice;
    if (found == CLEARING ||
        !atomic_compare_exchange_strong_explicit(&slice->stretch, &found, CLEARING,
                                                 memory_order_acquire, memory_order_relaxed))
        return NULL;
    for (size_t m = 0; m < BOARD_MEASURES; m++)
        for (size_t b = 0; b < BOARD_BUCKETS; b++)
            atomic_store_explicit(&slice->counts[m][b], 0, memory_order_relaxed);
    atomic_store_explicit(&slice->stretch, stretch, memory_order_release);
    return slice;
}

static void average(_Atomic int64_t *kept, int64_t value)
{
    int64_t before = atomic_load_explicit(kept, memory_order_relaxed), after;
    int64_t sample = (value > VALUE_MAX ? VALUE_MAX : value < 1 ? 1 : value) * 256;

    do
        after = before == 0 ? sample : before + (sample - before) / 8;
    while (!atomic_compare_exchange_weak_explicit(kept, &before, after, memory_order_relaxed,
                                                  memory_order_relaxed));
}

void board_row_measure(struct board_row *row, enum board_measure measure, int64_t value,
                       int64_t now_ms)
{
    struct board_slice *slice = slice_of(row, now_ms);

    if (slice != NULL)
        atomic_fetch_add_explicit(&slice->counts[measure][bucket_of(value)], 1,
                                  memory_order_relaxed);
    average(&row->averages[measure], value);
}

int64_t board_row_average(const struct board_row *row, enum board_measure measure)
{
    return (atomic_load_explicit(&row->averages[measure], memory_order_relaxed) + 128) / 256;
}

struct histogram {
    uint64_t counts[BOARD_BUCKETS], total;
};

static void gather(struct histogram *histogram, const struct board_slice *slice,
                   enum board_measure measure)
{
    for (size_t i = 0; i < BOARD_BUCKETS; i++) {
        uint32_t count = atomic_load_explicit(&slice->counts[measure][i], memory_order_relaxed);

        histogram->counts[i] += count;
        histogram->total += count;
    }
}

/* Where the sample of that rank lies, as if those of a bucket stood evenly in it. */
static int64_t quantile(const struct histogram *histogram, uint64_t percent)
{
    uint64_t rank = (histogram->total * percent + 99) / 100, below = 0;
    size_t i = 0;

    while (i + 1 < BOARD_BUCKETS && below + histogram->counts[i] < rank)
        below += histogram->counts[i++];
    if (histogram->counts[i] == 0)
        return bucket_floor(i);
    return bucket_floor(i) + (bucket_floor(i + 1) - bucket_floor(i)) *
                                 (int64_t)(2 * (rank - below) - 1) /
                                 (int64_t)(2 * histogram->counts[i]);
}

static struct histogram histogram_of(const struct board_row *row, enum board_measure measure,
                                     int64_t now_ms)
{
    uint32_t now = (uint32_t)(now_ms / SLICE_MS) + 1;
    struct histogram histogram = {.total = 0};

    for (size_t i = 0; i < BOARD_SLICES; i++) {
        uint32_t stretch = atomic_load_explicit(&row->slices[i].stretch, memory_order_acquire);

        if (stretch != 0 && stretch <= now && now - stretch < BOARD_SLICES)
            gather(&histogram, &row->slices[i], measure);
    }
    return histogram;
}

struct board_spread board_row_spread(const struct board_row *row, enum board_measure measure,
                                     int64_t now_ms)
{
    const struct histogram histogram = histogram_of(row, measure, now_ms);

    if (histogram.total == 0)
        return (struct board_spread){0};
    return (struct board_spread){.samples = histogram.total,
                                 .p50 = quantile(&histogram, 50),
                                 .p75 = quantile(&histogram, 75),
                                 .p90 = quantile(&histogram, 90),
                                 .p95 = quantile(&histogram, 95),
                                 .p99 = quantile(&histogram, 99)};
}

int64_t board_row_quantile(const struct board_row *row, enum board_measure measure,
                           uint32_t percent, int64_t now_ms)
{
    const struct histogram histogram = histogram_of(row, measure, now_ms);

    return histogram.total == 0 ? 0 : quantile(&histogram, percent);
}
