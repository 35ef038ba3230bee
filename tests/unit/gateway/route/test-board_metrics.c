#include "tests/support/testing.h"

#include "gateway/route/board_live.h"
#include "gateway/route/board_metrics.h"

enum { TEXT_MAX = 1 << 20 };
#define NOW_MS INT64_C(7200000)

static const struct snapshot_model model = {.id = {"acme/big", 8}};
static struct snapshot_deployment deployments[3];

/* They stand in for the snapshot's. */
uint32_t snapshot_deployment_count(const struct snapshot *snapshot)
{
    (void)snapshot;
    return array_size(deployments);
}

const struct snapshot_deployment *snapshot_deployment_at(const struct snapshot *snapshot,
                                                         uint32_t index)
{
    (void)snapshot;
    return &deployments[index];
}

static bool has(const struct buf *text, const char *line)
{
    return memmem(text->at, text->size, line, strlen(line)) != NULL;
}

static void what_is_known_of_each_is_told(void **state)
{
#define ONE "{deployment=\"dep_00000000000000000000000001\",provider=\"one\",model=\"acme/big\""
#define TWO "{deployment=\"dep_00000000000000000000000002\",provider=\"two\",model=\"acme/big\""
    static const char *const lines[] = {
        "# TYPE tollgate_deployment_breaker gauge\n",
        "tollgate_deployment_breaker" ONE ",state=\"open\"} 1\n",
        "tollgate_deployment_breaker" ONE ",state=\"closed\"} 0\n",
        "tollgate_deployment_breaker" TWO ",state=\"closed\"} 1\n",
        "tollgate_deployment_behind" ONE "} 1\n",
        "tollgate_deployment_out_of_service" ONE "} 1\n",
        "tollgate_deployment_drained" ONE "} 0\n",
        "tollgate_deployment_drained" TWO "} 1\n",
        "tollgate_deployment_in_flight" ONE "} 2\n",
        "# TYPE tollgate_deployment_served_total counter\n",
        "tollgate_deployment_served_total" ONE "} 1\n",
        "tollgate_deployment_failed_total" ONE "} 11\n",
        "tollgate_deployment_first_token_seconds" ONE "} 0.25\n",
        "tollgate_deployment_tokens_per_second" ONE "} 100\n",
        "tollgate_deployment_probes_total" ONE "} 0\n",
    };
    const struct board_end served = {
        .result = BOARD_SERVED, .first_token_ms = 250, .total_ms = 1250, .output_tokens = 100};
    const struct board_end failed = {
        .result = BOARD_FAILED, .outage_ms = 30000, .cooldown_ms = 60000};
    struct board *board = board_new();
    struct buf text = buf_make(TEXT_MAX);

    (void)state;
    for (uint32_t i = 0; i < array_size(deployments); i++)
        deployments[i] = (struct snapshot_deployment){.id = {.at = {[15] = (uint8_t)(i + 1)}},
                                                      .provider = span_of(i == 0   ? "one"
                                                                          : i == 1 ? "two"
                                                                                   : "three"),
                                                      .model = &model,
                                                      .draining = i == 1};
    board_begin(board, &deployments[0], 100, NOW_MS);
    board_begin(board, &deployments[0], 100, NOW_MS);
    board_end(board, &deployments[0], &served, NOW_MS);
    for (int i = 0; i < 11; i++)
        board_end(board, &deployments[0], &failed, NOW_MS);
    board_metrics_render(board, NULL, NOW_MS, &text);
    for (size_t i = 0; i < array_size(lines); i++)
        in_row(lines[i], has(&text, lines[i]));
    in_row("of whom nothing is known nothing is told", !has(&text, "\"three\""));
    buf_done(&text);
    board_free(board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_known_of_each_is_told)};

    return run_test_table(tests);
}
