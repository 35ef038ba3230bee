/*
 * usage-events: invents usage events, for measuring billing and for trying its faults.
 *
 * The tenants, keys, prices and leases are those of seed.sql beside this file. Tenants are drawn by
 * Zipf's law. Writes to a Kafka topic (kcat's -P reads lines), to a journal directory as a gateway
 * does, or as JSON lines to standard output.
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "billing/event/event.h"
#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/base/options.h"
#include "gateway/journal/journals.h"

extern char **environ;

enum { MODELS = 20, SEGMENT_BYTES = 64 << 20 };

struct config {
    int64_t events, tenants, seed, twice_ppm, broken_ppm, spread_s;
    char *journal;
};

#define AT(m) offsetof(struct config, m)
static const struct option table[] = {
    {"events", OPTION_INT, AT(events), 1, 1000000000, "1000", "how many", NULL},
    {"tenants", OPTION_INT, AT(tenants), 1, 1000000, "5000", "of how many tenants", NULL},
    {"seed", OPTION_INT, AT(seed), 1, INT64_MAX, "1", "of the random numbers", NULL},
    {"twice-ppm", OPTION_INT, AT(twice_ppm), 0, 1000000, "0", "events that come twice", NULL},
    {"broken-ppm", OPTION_INT, AT(broken_ppm), 0, 1000000, "0", "events that are no events", NULL},
    {"spread-s", OPTION_INT, AT(spread_s), 1, 86400, "600", "seconds back that starts lie", NULL},
    {"journal", OPTION_PATH, AT(journal), 0, 4096, NULL,
     "journal root to write to; else lines of key, tab, event to standard output", NULL},
};
static const struct options options = {.program = "usage-events",
                                       .about = "Invents usage events.",
                                       .table = table,
                                       .count = array_size(table)};

struct making {
    const struct config *config;
    double *share; /* cumulated, by tenant */
    uint64_t seed;
    struct journals *journals;
    struct buf text;
};

static uint64_t next(struct making *m)
{
    m->seed ^= m->seed << 13;
    m->seed ^= m->seed >> 7;
    m->seed ^= m->seed << 17;
    return m->seed;
}

/* As pg_temp.id() in seed.sql. */
static struct uuid fixed_id(unsigned kind, uint64_t n)
{
    struct uuid id = {{0x01, 0x90, 0, 0, 0, 0, 0x70, 0}};
    id.at[8] = (uint8_t)(0x80 | kind >> 8);
    id.at[9] = (uint8_t)kind;
    for (int i = 0; i < 6; i++)
        id.at[15 - i] = (uint8_t)(n >> 8 * i);
    return id;
}

static void draw_shares(struct making *m)
{
    double sum = 0;
    m->share = mem_array((size_t)m->config->tenants, sizeof(double));
    for (int64_t i = 0; i < m->config->tenants; i++)
        m->share[i] = sum += 1 / pow((double)(i + 1), 1.05);
    for (int64_t i = 0; i < m->config->tenants; i++)
        m->share[i] /= sum;
}

static uint64_t draw_tenant(struct making *m)
{
    double at = (double)(next(m) >> 11) / 9007199254740992.0;
    int64_t low = 0, high = m->config->tenants - 1;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (m->share[middle] < at)
            low = middle + 1;
        else
            high = middle;
    }
    return (uint64_t)low;
}

static struct uuid new_id(struct making *m)
{
    uint64_t a = next(m), b = next(m);
    uint8_t random[10];
    memcpy(random, &a, 8);
    memcpy(random + 8, &b, 2);
    return uuid_make(clock_wall_ms() - (int64_t)(next(m) % (uint64_t)(m->config->spread_s * 1000)),
                     random);
}

static struct usage_event invent(struct making *m, uint64_t tenant)
{
    static const char *const names[MODELS] = {
        "bench/model-0",  "bench/model-1",  "bench/model-2",  "bench/model-3",  "bench/model-4",
        "bench/model-5",  "bench/model-6",  "bench/model-7",  "bench/model-8",  "bench/model-9",
        "bench/model-10", "bench/model-11", "bench/model-12", "bench/model-13", "bench/model-14",
        "bench/model-15", "bench/model-16", "bench/model-17", "bench/model-18", "bench/model-19"};
    uint64_t model = (tenant + (next(m) % 8 == 0 ? next(m) % MODELS : 0)) % MODELS;
    int64_t input = (int64_t)(next(m) % 4000), output = (int64_t)(next(m) % 800),
            cached = next(m) % 4 == 0 ? (int64_t)(next(m) % 1000) : 0;
    int64_t pico = (int64_t)(model + 1) * (input * 100000 + output * 400000 + cached * 25000);
    struct usage_event e = {.id = new_id(m),
                            .tenant = fixed_id(5, tenant),
                            .project = fixed_id(6, tenant),
                            .key = fixed_id(7, tenant),
                            .gateway = fixed_id(8, 0),
                            .outcome = OUTCOME_FINISHED,
                            .endpoint = span_of("chat.completions"),
                            .stream = next(m) % 2 == 0,
                            .model_asked = span_of(names[model]),
                            .model = span_of(names[model]),
                            .deployment = fixed_id(1, model),
                            .provider = span_of("bench"),
                            .upstream_model = span_of(names[model] + 6),
                            .price_version = fixed_id(2, model),
                            .cost_version = fixed_id(3, model),
                            .plan_version = fixed_id(4, 0),
                            .usage_from = USAGE_PROVIDER,
                            .usage_verbatim =
                                span_of("{\"prompt_tokens\":1234,\"completion_tokens\":567}"),
                            .normaliser = span_of("openai/1"),
                            .finish_reason = span_of("stop"),
                            .base_pico = pico,
                            .charge_pico = (pico * 105 + 50) / 100,
                            .reserved_pico = (pico * 105 + 50) / 100 + 1000000,
                            .first_token_ms = (int64_t)(next(m) % 900),
                            .total_ms = (int64_t)(next(m) % 9000),
                            .overhead_us = (int64_t)(next(m) % 300),
                            .attempt_count = 1,
                            .lease_count = 1};
    meters_set(&e.meters, METER_INPUT, input);
    meters_set(&e.meters, METER_OUTPUT, output);
    if (cached > 0)
        meters_set(&e.meters, METER_CACHE_READ, cached);
    e.leases[0] = (struct event_lease){fixed_id(9, tenant), e.reserved_pico};
    e.attempts[0] = (struct event_attempt){.deployment = e.deployment,
                                           .provider = e.provider,
                                           .status = 200,
                                           .reason = span_of("ok"),
                                           .ms = e.total_ms,
                                           .meters = e.meters,
                                           .usage_from = USAGE_PROVIDER,
                                           .cost_version = e.cost_version,
                                           .cost_pico = pico,
                                           .delivered = true};
    return e;
}

static void put(struct making *m, const struct usage_event *event)
{
    struct journal *journal;
    char key[ID_TEXT_SIZE];
    int error;
    if (m->journals == NULL) {
        id_format(ID_LEASE, event->leases[0].lease, key);
        printf("%s\t%.*s\n", key, SPAN_ARG(buf_span(&m->text)));
        return;
    }
    journal = journals_of_worker(m->journals, 0);
    while ((error = journal_put(journal, RECORD_FINAL, event->id, buf_span(&m->text), NULL)) < 0) {
        must(error == -ENOSPC || error == -EAGAIN);
        journal_flush(journal);
        (void)poll(&(struct pollfd){.fd = journal_fd(journal), .events = POLLIN}, 1, 1);
        journal_complete(journal);
    }
}

static bool happens(struct making *m, int64_t ppm)
{
    return (int64_t)(next(m) % 1000000) < ppm;
}

static void make_all(struct making *m)
{
    for (int64_t i = 0; i < m->config->events; i++) {
        struct usage_event event = invent(m, draw_tenant(m));
        buf_clear(&m->text);
        must(event_encode_usage(&event, &m->text) == 0);
        if (happens(m, m->config->broken_ppm))
            m->text.at[m->text.size / 2] = '\x01';
        put(m, &event);
        if (happens(m, m->config->twice_ppm))
            put(m, &event);
        if (m->journals != NULL && i % 64 == 0)
            journal_flush(journals_of_worker(m->journals, 0));
    }
}

int main(int argc, char **argv)
{
    struct config config = {0};
    struct making m = {.config = &config, .text = buf_make(EVENT_BYTES_MAX)};
    struct buf error = buf_make(512);
    (void)argc;
    if (options_read(&options, argv, environ, &config, NULL, &error) != OPTIONS_GO) {
        fprintf(stderr, "%s\n", error.at == NULL ? "" : error.at);
        return 2;
    }
    m.seed = (uint64_t)config.seed * 2862933555777941757u + 3037000493u;
    draw_shares(&m);
    if (config.journal != NULL && *config.journal != '\0') {
        struct journals_config journals = {.root = config.journal,
                                           .gateway = uuid_new(),
                                           .workers = 1,
                                           .segment_bytes = SEGMENT_BYTES,
                                           .sync_ms = 10,
                                           .keep_ms = 86400000};
        int r = journals_open(&journals, &m.journals);
        if (r < 0) {
            fprintf(stderr, "%s: %s\n", config.journal, strerror(-r));
            return 1;
        }
    }
    make_all(&m);
    if (m.journals != NULL)
        journals_close(m.journals);
    mem_free(m.share);
    buf_done(&m.text);
    buf_done(&error);
    options_done(&options, &config);
    return 0;
}
