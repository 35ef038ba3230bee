/*
 * board_metrics: see the header. A family of series is written as a whole before the next, so the
 * deployments are gone through once per family.
 */
#include "gateway/route/board_metrics.h"

#include "common/base/mem.h"
#include "gateway/route/board_row.h"

/* What is told of one deployment, as it was at one moment. */
struct line {
    const struct snapshot_deployment *deployment;
    const struct board_row *row; /* NULL: it is drained, and nothing was ever sent */
    char id[ID_TEXT_SIZE];
    struct board_look look;
    struct board_load load;
};

static double count_of(const _Atomic uint64_t *count)
{
    return (double)atomic_load_explicit(count, memory_order_relaxed);
}

static double out_of_service(const struct line *line, int64_t now_ms)
{
    return line->look.state.out_until_ms > now_ms;
}

static double behind(const struct line *line, int64_t now_ms)
{
    return line->look.state.outage_until_ms > now_ms;
}

static double drained(const struct line *line, int64_t now_ms)
{
    (void)now_ms;
    return line->deployment->draining;
}

static double in_flight(const struct line *line, int64_t now_ms)
{
    (void)now_ms;
    return line->load.in_flight;
}

static double tokens(const struct line *line, int64_t now_ms)
{
    (void)now_ms;
    return (double)line->load.tokens;
}

static double first_token(const struct line *line, int64_t now_ms)
{
    (void)now_ms;
    return (double)line->look.first_token_ms / 1000;
}

static double speed(const struct line *line, int64_t now_ms)
{
    (void)now_ms;
    return (double)line->look.decitokens / 10;
}

static double served(const struct line *line, int64_t now_ms)
{
    (void)now_ms;
    return line->row == NULL ? 0 : count_of(&line->row->served);
}

static double failed(const struct line *line, int64_t now_ms)
{
    (void)now_ms;
    return line->row == NULL ? 0 : count_of(&line->row->failed);
}

static double probes(const struct line *line, int64_t now_ms)
{
    (void)now_ms;
    return line->row == NULL ? 0 : count_of(&line->row->probes);
}

static double probes_failed(const struct line *line, int64_t now_ms)
{
    (void)now_ms;
    return line->row == NULL ? 0 : count_of(&line->row->probes_failed);
}

static double probe_capped(const struct line *line, int64_t now_ms)
{
    (void)now_ms;
    return line->row != NULL &&
           atomic_load_explicit(&line->row->probe_capped, memory_order_relaxed);
}

static double probe_cost(const struct line *line, int64_t now_ms)
{
    (void)now_ms;
    return line->row == NULL ? 0 : count_of(&line->row->probe_cost_pico) / 1e12;
}

static const struct {
    const char *name, *type, *help;
    double (*of)(const struct line *line, int64_t now_ms);
} families[] = {
    {"out_of_service", "gauge", "1 while it is out: its credential or model is refused.",
     out_of_service},
    {"behind", "gauge", "1 while it is behind the others: an outage, silence, or its rate limit.",
     behind},
    {"drained", "gauge", "1 while an operator drains it.", drained},
    {"in_flight", "gauge", "Attempts under way.", in_flight},
    {"tokens_last_minute", "gauge", "Sent and expected of the attempts of the last minute.",
     tokens},
    {"first_token_seconds", "gauge", "Moving average of the time to the first token.", first_token},
    {"tokens_per_second", "gauge", "Moving average of the tokens per second.", speed},
    {"served_total", "counter", "Attempts that served.", served},
    {"failed_total", "counter", "Attempts that failed, for a reason not the client's.", failed},
    {"probes_total", "counter", "Probes of our own.", probes},
    {"probes_failed_total", "counter", "Those that failed.", probes_failed},
    {"probe_capped", "gauge", "1 while today's money for probes is spent.", probe_capped},
    {"probe_cost_usd_total", "counter", "What probes cost, by the price that is known.",
     probe_cost},
};

static uint32_t gather(const struct board *board, const struct snapshot *snapshot, int64_t now_ms,
                       struct line *lines)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < snapshot_deployment_count(snapshot) && count < BOARD_METRICS_MAX;
         i++) {
        const struct snapshot_deployment *deployment = snapshot_deployment_at(snapshot, i);
        const struct board_row *row = board_row_find(board, deployment);
        struct line *line = &lines[count];

        if (row == NULL && !deployment->draining)
            continue;
        *line = (struct line){
            .deployment = deployment, .row = row, .look = board_look_at(board, deployment, now_ms)};
        if (row != NULL)
            line->load = board_row_load(row, now_ms);
        id_format(ID_DEPLOYMENT, deployment->id, line->id);
        count++;
    }
    return count;
}

static void render_labels(const struct line *line, const char *name, struct buf *out)
{
    buf_printf(out, "tollgate_deployment_%s{deployment=\"%s\",provider=\"%.*s\",model=\"%.*s\"",
               name, line->id, SPAN_ARG(line->deployment->provider),
               SPAN_ARG(line->deployment->model->id));
}

static void render_head(const char *name, const char *type, const char *help, struct buf *out)
{
    buf_printf(out, "# HELP tollgate_deployment_%s %s\n# TYPE tollgate_deployment_%s %s\n", name,
               help, name, type);
}

/* A series for each state, 1 at the one that holds. */
static void render_breakers(const struct line *lines, uint32_t count, struct buf *out)
{
    render_head("breaker", "gauge", "1 at the state of its breaker.", out);
    for (uint32_t i = 0; i < count; i++) {
        for (int state = BREAKER_CLOSED; state <= BREAKER_HALF_OPEN; state++) {
            render_labels(&lines[i], "breaker", out);
            buf_printf(out, ",state=\"%s\"} %d\n", breaker_state_name((enum breaker_state)state),
                       (int)lines[i].look.breaker == state);
        }
    }
}

void board_metrics_render(const struct board *board, const struct snapshot *snapshot,
                          int64_t now_ms, struct buf *out)
{
    struct line *lines = mem_array(BOARD_METRICS_MAX, sizeof(*lines));
    uint32_t count = gather(board, snapshot, now_ms, lines);

    render_breakers(lines, count, out);
    for (size_t f = 0; f < array_size(families); f++) {
        render_head(families[f].name, families[f].type, families[f].help, out);
        for (uint32_t i = 0; i < count; i++) {
            render_labels(&lines[i], families[f].name, out);
            buf_printf(out, "} %.17g\n", families[f].of(&lines[i], now_ms));
        }
    }
    mem_free(lines);
}
