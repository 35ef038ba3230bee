/*
 * models_endpoints: the deployments of a model with their health, and the providers; see models.h.
 */
#include <stdio.h>
#include <time.h>

#include "common/base/mem.h"
#include "gateway/models/models_private.h"

/* As OpenRouter numbers them: 0 is well, and what is lower is chosen later. */
enum { STATUS_OK = 0, STATUS_DEGRADED = -2, STATUS_OUT = -10 };

struct health {
    int status;
    int64_t until_ms;    /* wall clock; 0: it is well, or nobody knows */
    const char *breaker; /* "closed", "open", "half_open" */
    bool drained;        /* by an operator */
};

static struct health health_of(const struct models_view *view,
                               const struct snapshot_deployment *deployment)
{
    const struct board_look look = board_look_at(view->board, deployment, view->now_mono_ms);
    struct health health = {.status = STATUS_OK,
                            .breaker = breaker_state_name(look.breaker),
                            .drained = deployment->draining};
    int64_t until_ms = 0;

    if (look.breaker != BREAKER_CLOSED)
        health.status = STATUS_DEGRADED;
    if (look.state.outage_until_ms > view->now_mono_ms) {
        health.status = STATUS_DEGRADED;
        until_ms = look.state.outage_until_ms;
    }
    if (look.state.out_until_ms > view->now_mono_ms) {
        health.status = STATUS_OUT;
        until_ms = look.state.out_until_ms;
    }
    if (health.drained) {
        health.status = STATUS_OUT;
        until_ms = 0;
    }
    if (until_ms > 0)
        health.until_ms = view->now_ms + until_ms - view->now_mono_ms;
    return health;
}

static const char *status_word(int status)
{
    return status == STATUS_OK ? "ok" : status == STATUS_DEGRADED ? "degraded" : "out";
}

static void put_time(struct json_writer *w, const char *name, int64_t wall_ms)
{
    time_t seconds = (time_t)((wall_ms + 999) / 1000);
    struct tm time;
    char text[32];

    gmtime_r(&seconds, &time);
    json_put_string(w, name,
                    span_make(text, strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &time)));
}

static void put_health(struct json_writer *w, const struct health *health)
{
    json_put_int64(w, "status", health->status);
    json_put_cstring(w, "state", status_word(health->status));
    if (health->until_ms > 0)
        put_time(w, "until", health->until_ms);
    json_put_cstring(w, "breaker", health->breaker);
    json_put_bool(w, "drained", health->drained);
}

/* The share of attempts that served, in per cent; null when there were none. */
static void put_uptime(struct json_writer *w, const char *name, struct board_counts counts)
{
    uint64_t all = (uint64_t)counts.served + counts.failed, hundredths;
    char text[16];
    int size;

    if (all == 0) {
        models_put_null(w, name);
        return;
    }
    hundredths = (uint64_t)counts.served * 10000 / all;
    size = snprintf(text, sizeof(text), "%u.%02u", (unsigned)(hundredths / 100),
                    (unsigned)(hundredths % 100));
    json_name(w, name);
    json_write_raw(w, span_make(text, (size_t)size));
}

static void put_quantile(struct json_writer *w, const char *name, int64_t value, bool tenths)
{
    char text[32];
    int size =
        tenths ? snprintf(text, sizeof(text), "%lld.%d", (long long)(value / 10), (int)(value % 10))
               : snprintf(text, sizeof(text), "%lld", (long long)value);

    json_name(w, name);
    json_write_raw(w, span_make(text, (size_t)size));
}

/* null when nothing was measured. */
static void put_spread(struct json_writer *w, const struct models_view *view,
                       const struct snapshot_deployment *deployment, const char *name,
                       enum board_measure measure)
{
    struct board_spread spread = board_spread(view->board, deployment, measure, view->now_mono_ms);
    bool tenths = measure == BOARD_DECITOKENS;

    if (spread.samples == 0) {
        models_put_null(w, name);
        return;
    }
    json_name(w, name);
    json_begin(w, '{');
    put_quantile(w, "p50", spread.p50, tenths);
    put_quantile(w, "p75", spread.p75, tenths);
    put_quantile(w, "p90", spread.p90, tenths);
    put_quantile(w, "p99", spread.p99, tenths);
    json_end(w, '}');
}

static void put_measured(struct json_writer *w, const struct models_view *view,
                         const struct snapshot_deployment *deployment)
{
    const struct board *board = view->board;
    int64_t now_ms = view->now_mono_ms;

    put_uptime(w, "uptime_last_5m", board_counts(board, deployment, BOARD_5_MINUTES, now_ms));
    put_uptime(w, "uptime_last_30m", board_counts(board, deployment, BOARD_30_MINUTES, now_ms));
    put_uptime(w, "uptime_last_1d", board_counts(board, deployment, BOARD_DAY, now_ms));
    put_spread(w, view, deployment, "latency_last_30m", BOARD_FIRST_TOKEN_MS);
    put_spread(w, view, deployment, "duration_last_30m", BOARD_TOTAL_MS);
    put_spread(w, view, deployment, "throughput_last_30m", BOARD_DECITOKENS);
}

static void put_known(struct json_writer *w, const char *name, struct span text)
{
    if (text.size > 0)
        json_put_string(w, name, text);
    else
        models_put_null(w, name);
}

static void put_policy(struct json_writer *w, const char *name, int8_t policy)
{
    if (policy < 0)
        models_put_null(w, name);
    else
        json_put_bool(w, name, policy == 1);
}

static void put_data_policy(struct json_writer *w, int8_t trains, int8_t retains)
{
    json_name(w, "data_policy");
    json_begin(w, '{');
    put_policy(w, "training", trains);
    put_policy(w, "retains_prompts", retains);
    json_end(w, '}');
}

/* Caches by itself: reads are sold, and writes are not charged for. */
static bool caches_by_itself(const struct price_version *list)
{
    bool reads = false, writes = false;

    for (uint32_t i = 0; i < list->rate_count; i++) {
        reads |= list->rates[i].meter == METER_CACHE_READ;
        writes |= list->rates[i].meter == METER_CACHE_WRITE_5M ||
                  list->rates[i].meter == METER_CACHE_WRITE_1H;
    }
    return reads && !writes;
}

/* "OpenAI | openai/gpt-4.1" */
static void put_name(struct json_writer *w, const struct snapshot_deployment *deployment)
{
    struct buf name cleanup(buf_done) = buf_make(1024);

    buf_add_span(&name, deployment->host->name);
    buf_add_string(&name, " | ");
    buf_add_span(&name, deployment->model->id);
    json_put_string(w, "name", buf_span(&name));
}

static void put_endpoint(struct json_writer *w, const struct models_view *view,
                         const struct snapshot_deployment *deployment,
                         const struct snapshot_terms *terms)
{
    struct health health = health_of(view, deployment);

    json_begin(w, '{');
    put_name(w, deployment);
    json_put_string(w, "provider", deployment->provider);
    json_put_string(w, "provider_name", deployment->host->name);
    json_put_string(w, "model_name", deployment->model->name);
    json_put_string(w, "upstream_model", deployment->upstream_id);
    put_known(w, "region", deployment->region);
    put_known(w, "quantization", deployment->quantization);
    if (deployment->sandbox)
        json_put_bool(w, "sandbox", true);
    if (deployment->deprecated)
        json_put_bool(w, "deprecated", true);
    models_put_limit(w, "context_length", deployment->context_limit);
    models_put_limit(w, "max_prompt_tokens", deployment->input_limit);
    models_put_limit(w, "max_completion_tokens", deployment->output_limit);
    models_put_pricing(w, terms);
    models_put_parameters(w, models_parameters_at(deployment));
    json_put_bool(w, "supports_implicit_caching", caches_by_itself(terms->list));
    put_data_policy(w, deployment->trains, deployment->retains);
    put_health(w, &health);
    put_measured(w, view, deployment);
    json_end(w, '}');
}

static void put_endpoints(struct json_writer *w, const struct models_view *view,
                          const struct snapshot_model *model)
{
    json_name(w, "endpoints");
    json_begin(w, '[');
    for (uint32_t i = 0; i < model->deployment_count; i++) {
        const struct snapshot_deployment *usable = models_usable(view, model->deployments[i]);
        struct snapshot_terms terms;

        if (usable != NULL &&
            snapshot_terms(view->snapshot, usable, view->key->tenant, view->now_ms, &terms))
            put_endpoint(w, view, usable, &terms);
    }
    json_end(w, ']');
}

bool models_write_endpoints(const struct models_view *view, struct span name, struct buf *out)
{
    const struct snapshot_model *model = snapshot_find_model(view->snapshot, name);
    struct json_writer w = json_writer_make(out);

    if (model == NULL || !models_may_see(view, model))
        return false;
    json_begin(&w, '{');
    json_name(&w, "data");
    json_begin(&w, '{');
    json_put_string(&w, "id", model->id);
    json_put_string(&w, "name", model->name);
    json_put_int64(&w, "created", model->created_s);
    json_put_string(&w, "kind", model->kind);
    models_put_architecture(&w, &model->can.abilities);
    put_endpoints(&w, view, model);
    json_end(&w, '}');
    json_end(&w, '}');
    return true;
}

/* ---- providers ---- */

struct provider_sum {
    uint32_t models, deployments, well, out;
    int8_t trains, retains; /* of all its deployments; -1: unknown, or they differ */
};

static int8_t agreed(int8_t so_far, int8_t policy, bool first)
{
    return first || so_far == policy ? policy : -1;
}

static void add_deployment(const struct models_view *view, struct provider_sum *sum,
                           const struct snapshot_deployment *deployment)
{
    struct health health = health_of(view, deployment);
    bool first = sum->deployments++ == 0;

    sum->well += health.status == STATUS_OK;
    sum->out += health.status == STATUS_OUT;
    sum->trains = agreed(sum->trains, deployment->trains, first);
    sum->retains = agreed(sum->retains, deployment->retains, first);
}

/* A model counts once at each provider, however many deployments of it stand there. */
static void add_model(const struct models_view *view, struct provider_sum *sums,
                      const struct snapshot_model *model)
{
    const struct snapshot_provider *providers = snapshot_provider_at(view->snapshot, 0);

    for (uint32_t i = 0; i < model->deployment_count; i++) {
        const struct snapshot_deployment *usable = models_usable(view, model->deployments[i]);
        bool told = false;

        if (usable == NULL)
            continue;
        for (uint32_t j = 0; j < i; j++)
            told |= model->deployments[j]->host == usable->host &&
                    models_usable(view, model->deployments[j]) != NULL;
        sums[usable->host - providers].models += !told;
        add_deployment(view, &sums[usable->host - providers], usable);
    }
}

static void put_provider(struct json_writer *w, const struct snapshot_provider *provider,
                         const struct provider_sum *sum)
{
    int status = sum->out == sum->deployments    ? STATUS_OUT
                 : sum->well == sum->deployments ? STATUS_OK
                                                 : STATUS_DEGRADED;

    json_begin(w, '{');
    json_put_string(w, "slug", provider->slug);
    json_put_string(w, "name", provider->name);
    json_put_int64(w, "models", sum->models);
    json_put_int64(w, "endpoints", sum->deployments);
    json_put_bool(w, "available", sum->deployments > 0);
    if (sum->deployments > 0) {
        json_put_int64(w, "status", status);
        json_put_cstring(w, "state", status_word(status));
        put_data_policy(w, sum->trains, sum->retains);
    }
    json_end(w, '}');
}

void models_write_providers(const struct models_view *view, bool all, struct buf *out)
{
    uint32_t count = snapshot_provider_count(view->snapshot);
    struct provider_sum *sums = mem_new((count + 1) * sizeof(*sums));
    struct json_writer w = json_writer_make(out);

    for (uint32_t i = 0; i < snapshot_model_count(view->snapshot); i++) {
        const struct snapshot_model *model = snapshot_model_at(view->snapshot, i);

        if (models_can_call(view, model))
            add_model(view, sums, model);
    }
    json_begin(&w, '{');
    json_name(&w, "data");
    json_begin(&w, '[');
    for (uint32_t i = 0; i < count; i++) {
        if (all || sums[i].deployments > 0)
            put_provider(&w, snapshot_provider_at(view->snapshot, i), &sums[i]);
    }
    json_end(&w, ']');
    json_end(&w, '}');
    mem_free(sums);
}
