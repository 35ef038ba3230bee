/*
 * control: see control.h.
 */
#include "gateway/control.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "gateway/account.h"
#include "gateway/adoption.h"
#include "gateway/dialect/response_id.h"
#include "gateway/edge/console.h"
#include "gateway/edge/endpoint.h"
#include "gateway/edge/reply.h"
#include "gateway/listener.h"
#include "gateway/ops.h"
#include "gateway/upstream/curl.h"
#include "gateway/worker.h"

enum {
    WHY_MAX = 512,
    SHIP_LAST_MS = 10000,
    SYNC_LAST_MS = 2000,
    POLL_MS = 5,
    READY_MS = 3000,
    HOST_NAME_MAX_ = 256,
    PATH_MAX_ = 8192,
    WORKERS_MAX = 256,
    LARGE_BYTES = 256 << 10,
    KEPT_FILES = 96, /* for everything but clients and providers */
};

/* SIGUSR1 is our own word for: all workers have ended. */
static const int waited_for[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};

static sigset_t signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < array_size(waited_for); i++)
        sigaddset(&set, waited_for[i]);
    return set;
}

void control_prepare(void)
{
    sigset_t set = signals();
    struct rlimit limit;

    /* Large bodies go back to the system when they are freed; glibc would raise the bound by itself
     * and keep them. */
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, LARGE_BYTES * 4);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* So that those that are open find descriptors for their providers, the journals theirs, and those
 * that are too many are told so. */
static uint32_t fitting_connections(const struct config *config)
{
    struct rlimit limit;
    rlim_t most = (rlim_t)config->max_connections;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        rlim_t fitting =
            limit.rlim_cur > 2 * KEPT_FILES ? (limit.rlim_cur - KEPT_FILES) / 2 : KEPT_FILES / 4;

        most = fitting < most ? fitting : most;
    }
    return (uint32_t)most;
}

/* ---- what other threads call ---- */

static void on_snapshot(void *context, struct snapshot *snapshot)
{
    struct gateway *gateway = context;
    struct snapshot *old;

    pthread_mutex_lock(&gateway->newest.lock);
    old = gateway->newest.snapshot;
    gateway->newest.snapshot = snapshot;
    atomic_fetch_add_explicit(&gateway->newest.generation, 1, memory_order_release);
    pthread_mutex_unlock(&gateway->newest.lock);
    snapshot_unref(old);
    for (uint32_t i = 0; i < gateway->worker_count; i++)
        worker_wake(gateway->workers[i]);
}

/* Billing or Kafka has everything of that journal before `position`. */
static void on_done(void *context, struct uuid journal, struct position position)
{
    struct gateway *gateway = context;

    journals_acked(gateway->journals, journal, position);
    adoption_acked(gateway->adoption, journal, position);
}

static void on_journal_posted(void *context, struct uuid journal, uint32_t segment, uint32_t offset)
{
    struct gateway *gateway = context;

    if (gateway->shipper == NULL)
        on_done(context, journal, (struct position){segment, offset});
}

static void on_report(void *context, struct json_writer *w)
{
    account_put(w, context);
}

static void on_partition_posted(void *context, const char *topic, int32_t partition,
                                int64_t next_offset)
{
    struct gateway *gateway = context;

    if (gateway->shipper != NULL && strcmp(topic, gateway->config.kafka_topic) == 0)
        shipper_posted(gateway->shipper, partition, next_offset);
}

/* ---- up ---- */

static bool failed(const char *what, const char *why)
{
    log_event(LOG_ALARM, "gateway.start_failed", LOG_S("what", what), LOG_S("why", why));
    return false;
}

static bool start_observing(struct gateway *gateway)
{
    static const char *endpoint_names[ENDPOINTS], *errors[REFUSALS];
    const struct metrics_words words = {endpoint_names, ENDPOINTS, errors, REFUSALS};
    int r =
        access_log_open(gateway->config.access_log, gateway->worker_count, &gateway->access_log);

    for (int i = 0; i < ENDPOINTS; i++)
        endpoint_names[i] = endpoint_name((enum endpoint)i);
    for (int i = 0; i < REFUSALS; i++)
        errors[i] = refusal_word((enum refusal)i);
    gateway->metrics = mem_array(gateway->worker_count, sizeof(struct metrics *));
    for (uint32_t i = 0; i < gateway->worker_count; i++)
        gateway->metrics[i] = metrics_new(&words);
    return r == 0 || failed("access-log", strerror(-r));
}

static bool start_tls(struct gateway *gateway)
{
    struct buf why cleanup(buf_done) = buf_make(WHY_MAX);

    if (gateway->config.tls_listen[0] == 0)
        return true;
    gateway->tls = tls_new(gateway->config.tls_certificate, gateway->config.tls_key, &why);
    return gateway->tls != NULL || failed("tls", why.at);
}

static bool load_console(struct gateway *gateway)
{
    struct buf why cleanup(buf_done) = buf_make(PATH_MAX_);

    if (gateway->config.console_dir[0] == 0)
        return true;
    gateway->console = console_load(gateway->config.console_dir, &why);
    return gateway->console != NULL || failed("console-dir", why.at);
}

static bool start_journals(struct gateway *gateway)
{
    const struct config *config = &gateway->config;
    const struct journals_config journals = {
        .root = config->journal_root,
        .gateway = gateway->id,
        .workers = gateway->worker_count,
        .segment_bytes = (size_t)config->segment_bytes,
        .sync_ms = (uint32_t)config->sync_ms,
        .keep_ms = config->journal_keep_seconds * 1000,
    };
    int r = file_make_directory(config->journal_root, 0750);

    if (r == 0)
        r = journals_open(&journals, &gateway->journals);
    return r == 0 || failed("journal", strerror(-r));
}

static bool start_shipper(struct gateway *gateway)
{
    const struct config *config = &gateway->config;
    struct buf why cleanup(buf_done) = buf_make(WHY_MAX);
    const struct shipper_config shipper = {
        .brokers = config->kafka_brokers,
        .topic = config->kafka_topic,
        .context = gateway,
        .on_done = on_done,
    };

    if (config->kafka_brokers[0] == 0)
        return true;
    if (shipper_start(&shipper, &why, &gateway->shipper) != 0)
        return failed("kafka", why.at);
    for (uint32_t i = 0; i < gateway->worker_count; i++)
        shipper_add(gateway->shipper, journals_folder(gateway->journals),
                    journal_id(journals_of_worker(gateway->journals, i)));
    return true;
}

static void make_adoption(struct gateway *gateway)
{
    const struct adoption_config adoption = {
        .root = gateway->config.journal_root,
        .self = gateway->id,
        .keep_ms = gateway->config.journal_keep_seconds * 1000,
    };

    gateway->adoption = adoption_new(&adoption);
}

static void start_broker(struct gateway *gateway)
{
    static char host[HOST_NAME_MAX_];
    const struct broker_config broker = {
        .database_url = gateway->config.database_url,
        .gateway = gateway->id,
        .host = host,
        .workers = gateway->worker_count,
        .lease_life_ms = gateway->config.lease_life_seconds * 1000,
        .context = gateway,
        .on_report = on_report,
        .on_journal_posted = on_journal_posted,
        .on_partition_posted = on_partition_posted,
    };

    if (gethostname(host, sizeof(host) - 1) != 0)
        memcpy(host, "unknown", sizeof("unknown"));
    gateway->limits = limits_new();
    gateway->board = board_new();
    gateway->broker = broker_start(&broker);
}

static void start_loader(struct gateway *gateway)
{
    const struct loader_config loader = {
        .database_url = gateway->config.database_url,
        .copy_path = gateway->config.copy_path,
        .copy_key = buf_span(&gateway->config.snapshot_key),
        .build = gateway->config.build,
        .master_key_path =
            gateway->config.master_key_file[0] == 0 ? NULL : gateway->config.master_key_file,
        .allow_loopback = gateway->config.mode == MODE_TRIAL,
        .ca_file = gateway->config.ca_file[0] == 0 ? NULL : gateway->config.ca_file,
        .context = gateway,
        .on_snapshot = on_snapshot,
    };

    gateway->loader = loader_start(&loader);
}

static bool listen_on(struct gateway *gateway, const char *address, struct httpd_tls *tls,
                      uint16_t *port_out)
{
    struct buf why cleanup(buf_done) = buf_make(WHY_MAX);
    int fds[WORKERS_MAX];

    if (address[0] == 0)
        return true;
    if (listener_open(address, gateway->config.share_port, gateway->worker_count, fds, port_out,
                      &why) != 0)
        return failed("listen", why.at);
    for (uint32_t i = 0; i < gateway->worker_count; i++)
        worker_listen(gateway->workers[i], fds[i], tls);
    return true;
}

static bool start_ops(struct gateway *gateway)
{
    struct buf why cleanup(buf_done) = buf_make(WHY_MAX);
    int fd;

    if (gateway->config.ops_listen[0] == 0)
        return true;
    if (listener_open(gateway->config.ops_listen, false, 1, &fd, &gateway->ops_port, &why) != 0)
        return failed("ops-listen", why.at);
    gateway->ops = ops_start(gateway, fd);
    return true;
}

static bool write_ports(struct gateway *gateway)
{
    struct buf text cleanup(buf_done) = buf_make(WHY_MAX);
    int r;

    buf_printf(&text, "listen=%u\ntls-listen=%u\nops-listen=%u\n", gateway->port, gateway->tls_port,
               gateway->ops_port);
    r = file_write_atomic(gateway->config.port_file, buf_span(&text), 0644);
    return r == 0 || failed("port-file", strerror(-r));
}

/* Beside an older gateway on the same port, a client must not meet one that knows nothing yet. But
 * without a database and a copy it is better to say so than not to listen. */
static void await_ready(struct gateway *gateway)
{
    const struct timespec pause = {.tv_nsec = POLL_MS * 1000000};
    int64_t end_ms = clock_mono_ms() + READY_MS;

    while ((gateway_not_ready(gateway) != NULL || !broker_connected(gateway->broker)) &&
           clock_mono_ms() < end_ms)
        nanosleep(&pause, NULL);
}

static bool start_workers(struct gateway *gateway)
{
    gateway->workers = mem_array(gateway->worker_count, sizeof(struct worker *));
    for (uint32_t i = 0; i < gateway->worker_count; i++)
        gateway->workers[i] = worker_new(gateway, i);
    start_loader(gateway);
    await_ready(gateway);
    return listen_on(gateway, gateway->config.listen, NULL, &gateway->port) &&
           listen_on(gateway, gateway->config.tls_listen, gateway->tls, &gateway->tls_port) &&
           start_ops(gateway) && write_ports(gateway);
}

/* ---- down ---- */

/* Before the shipper's last round: what the workers wrote last must be durable. */
static void await_sync(struct gateway *gateway)
{
    const struct timespec pause = {.tv_nsec = POLL_MS * 1000000};
    int64_t end_ms = clock_mono_ms() + SYNC_LAST_MS;
    struct journals_state state;

    do {
        nanosleep(&pause, NULL);
        journals_state(gateway->journals, &state);
    } while (state.oldest_unsynced_ms > 0 && clock_mono_ms() < end_ms);
}

static void stop_rest(struct gateway *gateway)
{
    ops_stop(gateway->ops);
    if (gateway->loader != NULL)
        loader_stop(gateway->loader);
    for (uint32_t i = 0; i < gateway->worker_count && gateway->workers != NULL; i++)
        worker_free(gateway->workers[i]);
    broker_stop(gateway->broker);
    if (gateway->journals != NULL)
        await_sync(gateway);
    if (gateway->shipper != NULL)
        shipper_stop(gateway->shipper, SHIP_LAST_MS);
    adoption_stop(gateway->adoption);
    if (gateway->journals != NULL)
        journals_close(gateway->journals);
    limits_free(gateway->limits);
    board_free(gateway->board);
    snapshot_unref(gateway->newest.snapshot);
    tls_free(gateway->tls);
    console_free(gateway->console);
    access_log_close(gateway->access_log);
    for (uint32_t i = 0; i < gateway->worker_count && gateway->metrics != NULL; i++)
        metrics_free(gateway->metrics[i]);
    mem_free(gateway->metrics);
    mem_free(gateway->workers);
}

static void stop_workers(struct gateway *gateway, uint32_t drain_ms)
{
    atomic_store(&gateway->draining, true);
    for (uint32_t i = 0; i < gateway->worker_count; i++)
        worker_stop(gateway->workers[i], drain_ms);
}

static void reload(struct gateway *gateway)
{
    struct buf why cleanup(buf_done) = buf_make(WHY_MAX);

    access_log_reopen(gateway->access_log);
    if (gateway->tls == NULL)
        return;
    if (tls_reload(gateway->tls, &why) == 0)
        log_event(LOG_INFO, "tls.reloaded");
    else
        log_event(LOG_ALARM, "tls.reload_refused", LOG_S("why", why.at));
}

static void *await_workers(void *argument)
{
    struct gateway *gateway = argument;

    for (uint32_t i = 0; i < gateway->worker_count; i++)
        worker_join(gateway->workers[i]);
    atomic_store(&gateway->workers_done, true);
    (void)kill(getpid(), SIGUSR1); /* the control thread waits for signals only */
    return NULL;
}

/* Signals one after the other, until all workers are done. */
static void serve(struct gateway *gateway)
{
    sigset_t set = signals();
    pthread_t waiter;
    uint32_t terms = 0;

    for (uint32_t i = 0; i < gateway->worker_count; i++)
        worker_start(gateway->workers[i]);
    thread_start(&waiter, "await-workers", await_workers, gateway);
    log_event(LOG_INFO, "gateway.started", LOG_N("port", gateway->port),
              LOG_N("tls_port", gateway->tls_port), LOG_N("ops_port", gateway->ops_port),
              LOG_N("workers", gateway->worker_count));
    while (!atomic_load(&gateway->workers_done)) {
        int signal_number;

        if (sigwait(&set, &signal_number) != 0)
            continue;
        if (signal_number == SIGHUP) {
            reload(gateway);
            continue;
        }
        if (signal_number == SIGUSR1)
            continue;
        log_event(LOG_INFO, terms == 0 ? "gateway.draining" : "gateway.hurrying");
        stop_workers(gateway, terms++ == 0 ? (uint32_t)gateway->config.drain_seconds * 1000 : 0);
    }
    pthread_join(waiter, NULL);
}

static uint32_t count_workers(const struct config *config)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (config->workers > 0)
        return (uint32_t)config->workers;
    return cores < 1 ? 1 : cores > WORKERS_MAX ? WORKERS_MAX : (uint32_t)cores;
}

/* Without a secret that other gateways share, ids of responses hold as long as this process. */
static struct sha256 response_key_of(const struct config *config)
{
    struct sha256 secret;

    if (config->snapshot_key.size > 0)
        return response_id_key(buf_span(&config->snapshot_key));
    digest_random(&secret, sizeof(secret));
    return response_id_key(span_make((const char *)secret.at, sizeof(secret.at)));
}

int control_run(struct gateway *gateway)
{
    bool up;

    gateway->id = uuid_new();
    gateway->response_key = response_key_of(&gateway->config);
    gateway->started_ms = clock_wall_ms();
    gateway->worker_count = count_workers(&gateway->config);
    gateway->max_connections = fitting_connections(&gateway->config);
    must(pthread_mutex_init(&gateway->newest.lock, NULL) == 0);
    curl_process_init();
    make_adoption(gateway);
    up = start_observing(gateway) && start_tls(gateway) && load_console(gateway) &&
         start_journals(gateway) && start_shipper(gateway);
    if (up) {
        adoption_start(gateway->adoption, gateway->shipper);
        start_broker(gateway);
        up = start_workers(gateway);
    }
    if (up)
        serve(gateway);
    stop_rest(gateway);
    pthread_mutex_destroy(&gateway->newest.lock);
    log_event(LOG_INFO, "gateway.stopped");
    return up ? 0 : 1;
}
