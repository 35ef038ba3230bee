/*
 * health: see the header.
 */
#include "gateway/flow/health.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "gateway/flow/choose.h"
#include "gateway/flow/parts.h"
#include "gateway/route/rotation.h"
#include "gateway/route/silence.h"

/* What came of it: a model that the provider knows no more is a 404, or a code of its own. */
static void log_out_of_service(const struct flow *flow)
{
    const struct attempt *attempt = flow->attempt;
    const struct snapshot_deployment *deployment = attempt->candidate->deployment;
    int status =
        attempt->fault == FAULT_STREAM ? attempt->answer.error_status : attempt->head.status;
    char id[ID_TEXT_SIZE];

    id_format(ID_DEPLOYMENT, deployment->id, id);
    log_event(LOG_ALARM, "deployment.out_of_service", LOG_S("deployment", id),
              LOG_SP("provider", deployment->provider), LOG_SP("model", deployment->model->id),
              LOG_SP("upstream_model", deployment->upstream_id), LOG_N("status", status),
              LOG_S("code", attempt->answer.error_code));
}

static void log_refused_credential(const struct flow *flow)
{
    char id[ID_TEXT_SIZE];

    id_format(ID_CREDENTIAL, flow->attempt->credential->id, id);
    log_event(LOG_ALARM, "credential.refused", LOG_S("credential", id),
              LOG_SP("provider", flow->attempt->candidate->deployment->provider),
              LOG_N("status", flow->attempt->head.status));
}

/* What the deployment itself is blamed for. */
static void blame_deployment(const struct flow *flow, const struct verdict_out *out)
{
    const struct board_end end = {.result = out->blameless ? BOARD_NEITHER : BOARD_FAILED,
                                  .outage_ms = out->outage_ms,
                                  .cooldown_ms = out->cooldown_ms};

    board_end(flow->worker->board, flow->attempt->candidate->deployment, &end, flow_now_ms(flow));
    if (out->cooldown_ms > 0)
        log_out_of_service(flow);
}

bool flow_tell_failed(const struct flow *flow, const struct verdict_out *out)
{
    const struct attempt *attempt = flow->attempt;
    const struct snapshot_deployment *deployment = attempt->candidate->deployment;
    struct board *board = flow->worker->board;
    int64_t now_ms = flow_now_ms(flow);
    bool others;

    if (out->blame == BLAME_DEPLOYMENT || attempt->credential == NULL) {
        blame_deployment(flow, out);
        return false;
    }
    others = rotation_blame(board_rotation(board), deployment, attempt->credential, out, now_ms);
    if (out->cooldown_ms > 0)
        log_refused_credential(flow);
    if (others)
        return true;
    board_end(board, deployment, &(struct board_end){.result = BOARD_FAILED}, now_ms);
    if (out->cooldown_ms > 0)
        log_out_of_service(flow);
    return false;
}

void flow_tell_served(const struct flow *flow)
{
    const struct attempt *attempt = flow->attempt;
    const struct snapshot_deployment *deployment = attempt->candidate->deployment;
    bool reported;
    const struct board_end end = {
        .result = BOARD_SERVED,
        .begun_ms = attempt->begun_ms,
        .first_token_ms =
            attempt->streamed && attempt->content ? (flow->first_us - attempt->sent_us) / 1000 : -1,
        .total_ms = (clock_mono_us() - attempt->sent_us) / 1000,
        .output_tokens = metering_output(&flow->metering, &attempt->answer, &reported)};

    board_end(flow->worker->board, deployment, &end, flow_now_ms(flow));
    if (attempt->credential != NULL)
        rotation_served(board_rotation(flow->worker->board), deployment, attempt->credential,
                        attempt->begun_ms);
}

/* ---- while it is under way ---- */

static const struct board_end nothing = {.result = BOARD_NEITHER};

/* The first candidate was not sent to, and its probe is another request's. */
static void give_back_probe(struct flow *flow)
{
    if (flow->route.probes)
        board_end(flow->worker->board, flow->route.candidates[0].deployment, &nothing,
                  flow_now_ms(flow));
    flow->route.probes = false;
}

void flow_tell_sent(struct flow *flow)
{
    struct attempt *attempt = flow->attempt;

    if (attempt->candidate == &flow->route.candidates[0])
        flow->route.probes = false; /* the end of the attempt is the end of it */
    give_back_probe(flow);
    attempt->under_way = true;
    attempt->wait = (struct board_wait){.begun_ms = attempt->begun_ms};
    attempt->silent_ms = attempt->begun_ms + SILENCE_FLOOR_MS;
    board_begin(flow->worker->board, attempt->candidate->deployment,
                flow->metering.counted_input + choose_usual_output(flow), attempt->begun_ms);
}

void flow_tell_word(const struct flow *flow)
{
    board_spoke(flow->worker->board, flow->attempt->candidate->deployment, flow->attempt->begun_ms);
}

void flow_tell_silent(struct flow *flow, int64_t timeout_ms)
{
    struct attempt *attempt = flow->attempt;
    int64_t now_ms = flow_now_ms(flow);

    if (now_ms >= attempt->silent_ms) {
        attempt->wait.timeout_ms = timeout_ms;
        attempt->silent_ms = board_silent(flow->worker->board, attempt->candidate->deployment,
                                          &attempt->wait, now_ms);
    }
    flow_arm(flow, attempt->silent_ms);
}

void flow_tell_outrun(struct flow *flow)
{
    struct attempt *attempt = flow->attempt;

    if (flow->left) {
        board_end(flow->worker->board, attempt->candidate->deployment, &nothing, flow_now_ms(flow));
        return;
    }
    board_outrun(flow->worker->board, attempt->candidate->deployment,
                 flow->ask.stream ? BOARD_FIRST_TOKEN_MS : BOARD_TOTAL_MS, &attempt->wait,
                 flow_now_ms(flow));
}

void flow_tell_gone(struct flow *flow)
{
    struct attempt *attempt = flow->attempt;

    if (attempt->under_way)
        board_over(flow->worker->board, attempt->candidate->deployment);
    attempt->under_way = false;
}

void flow_tell_over(struct flow *flow)
{
    const struct attempt *attempt = flow->attempt;

    give_back_probe(flow);
    if (flow->left && attempt->sent_us != 0)
        board_end(flow->worker->board, attempt->candidate->deployment, &nothing, flow_now_ms(flow));
}
