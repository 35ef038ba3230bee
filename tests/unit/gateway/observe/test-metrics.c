#include "gateway/observe/metrics.h"

#include <stdio.h>

#include "tests/support/testing.h"

static const char *const endpoints[] = {"chat.completions", "embeddings"};
static const char *const errors[] = {"authentication", "server"};
static const struct metrics_words words = {endpoints, 2, errors, 2};

static void workers_are_summed(void **state)
{
    static const char *const lines[] = {
        "tollgate_requests_total{endpoint=\"chat.completions\",status=\"200\"} 2\n",
        "tollgate_requests_total{endpoint=\"embeddings\",status=\"0\"} 1\n",
        "tollgate_errors_total{error=\"server\"} 1\n",
        "tollgate_attempts_total{provider=\"openai\",result=\"ok\"} 2\n",
        "tollgate_attempts_total{provider=\"groq\",result=\"timeout\"} 1\n",
        "tollgate_stream_chunks_total 7\n",
        "tollgate_streams_open -1\n",
        "tollgate_overhead_seconds_bucket{le=\"1e-05\"} 1\n",
        "tollgate_overhead_seconds_bucket{le=\"2e-05\"} 2\n",
        "tollgate_overhead_seconds_bucket{le=\"500\"} 2\n",
        "tollgate_overhead_seconds_bucket{le=\"+Inf\"} 3\n",
        "tollgate_overhead_seconds_count 3\n",
    };
    struct metrics *workers[2] = {metrics_new(&words), metrics_new(&words)};
    struct buf out = buf_make((size_t)1 << 20);
    size_t attempts = 0;

    (void)state;
    for (int i = 0; i < 2; i++) {
        metrics_request(workers[i], 0, 200, UINT32_MAX);
        metrics_attempt(workers[i], span_of("openai"), ATTEMPT_OK);
    }
    metrics_request(workers[1], 1, 418, 1);
    metrics_attempt(workers[1], span_of("groq"), ATTEMPT_TIMEOUT);
    metrics_add(workers[0], COUNT_STREAM_CHUNKS, 3);
    metrics_add(workers[1], COUNT_STREAM_CHUNKS, 4);
    metrics_set(workers[0], GAUGE_STREAMS, 1);
    metrics_set(workers[1], GAUGE_STREAMS, -2);
    metrics_observe(workers[0], HISTOGRAM_OVERHEAD_US, -5);
    metrics_observe(workers[0], HISTOGRAM_OVERHEAD_US, 11);
    metrics_observe(workers[1], HISTOGRAM_OVERHEAD_US, INT64_C(500000001));
    metrics_render(workers, 2, &out);
    for (size_t i = 0; i < array_size(lines); i++)
        in_row(lines[i], strstr(out.at, lines[i]) != NULL);
    for (const char *at = out.at; (at = strstr(at, "provider=\"openai\"")) != NULL; at++)
        attempts++;
    assert_int("a provider stands once", attempts, 1);
    buf_done(&out);
    metrics_free(workers[0]);
    metrics_free(workers[1]);
}

static void providers_are_bounded(void **state)
{
    struct metrics *metrics = metrics_new(&words);
    struct buf out = buf_make((size_t)1 << 20);
    char name[16];

    (void)state;
    for (int i = 0; i < METRICS_PROVIDERS_MAX + 9; i++) {
        (void)snprintf(name, sizeof(name), "p%d", i);
        metrics_attempt(metrics, span_of(name), ATTEMPT_OK);
    }
    metrics_render(&metrics, 1, &out);
    assert_non_null(strstr(out.at, "{provider=\"other\",result=\"ok\"} 10\n"));
    buf_done(&out);
    metrics_free(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_are_summed),
        cmocka_unit_test(providers_are_bounded),
    };

    return run_test_table(tests);
}
