/*
 * loader: see loader.h.
 */
#include "gateway/snapshot/loader.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/seal.h"
#include "common/base/thread.h"
#include "gateway/sign/tokens.h"
#include "gateway/snapshot/copy.h"
#include "tenants/store/snapshot_read.h"

enum { CHECK_MS = 1000, RECONNECT_MS = 500, STATEMENT_MS = 30000, WHY_MAX = 512 };

struct loader {
    struct loader_config config;
    pthread_t thread;
    int wake_fd;
    _Atomic bool stopping, connected, tokens_changed;
    _Atomic int64_t version, loads, refused, checked_ms;
    /* the thread's own */
    struct pg *pg;
    struct snapshot *newest;    /* a reference of its own, to confirm it */
    struct snapshot_rows *rows; /* of it, while it has grants; else NULL */
    struct seal *seal;
    struct tokens *tokens;
    /* Which unusable credentials and unreadable presets the log has already. */
    uint32_t told, told_unreadable;
};

/* A file that cannot be read any more leaves the keys that are known. */
static void read_seal(struct loader *loader)
{
    struct buf why cleanup(buf_done) = buf_make(WHY_MAX);
    struct seal *seal;

    if (loader->config.master_key_path == NULL) {
        return;
    }
    if (seal_load(loader->config.master_key_path, &seal, &why) < 0) {
        log_event(LOG_ALARM, "snapshot.master_keys_refused", LOG_SP("why", buf_span(&why)));
        return;
    }
    seal_free(loader->seal);
    loader->seal = seal;
}

/* Tells each time that there are others, and not with each snapshot. */
static void tell_unusable(struct loader *loader)
{
    uint32_t count = snapshot_unusable_count(loader->newest), sum = 0;

    for (uint32_t i = 0; i < count; i++) {
        const struct snapshot_unusable *one = snapshot_unusable_at(loader->newest, i);

        sum = digest_crc32c(sum, one->id.at, sizeof(one->id.at));
        sum = digest_crc32c(sum, one->why, strlen(one->why));
    }
    for (uint32_t i = 0; i < count && sum != loader->told; i++) {
        const struct snapshot_unusable *one = snapshot_unusable_at(loader->newest, i);
        char id[ID_TEXT_SIZE];

        id_format(ID_CREDENTIAL, one->id, id);
        log_event(one->waiting ? LOG_WARN : LOG_ALARM, "credential.unusable",
                  LOG_S("credential", id), LOG_SP("provider", one->provider),
                  LOG_S("why", one->why));
    }
    loader->told = sum;
}

/* Likewise. A preset is only kept when the control plane could read it: this build is older. */
static void tell_unreadable(struct loader *loader)
{
    uint32_t count = snapshot_unreadable_count(loader->newest), sum = 0;

    for (uint32_t i = 0; i < count; i++) {
        const struct snapshot_unreadable *one = snapshot_unreadable_at(loader->newest, i);

        sum = digest_crc32c(sum, one->preset.at, sizeof(one->preset.at));
        sum = digest_crc32c(sum, &one->version, sizeof(one->version));
    }
    for (uint32_t i = 0; i < count && sum != loader->told_unreadable; i++) {
        const struct snapshot_unreadable *one = snapshot_unreadable_at(loader->newest, i);
        char preset[ID_TEXT_SIZE], tenant[ID_TEXT_SIZE];

        id_format(ID_PRESET, one->preset, preset);
        id_format(ID_TENANT, one->tenant, tenant);
        log_event(LOG_ALARM, "snapshot.preset_unreadable", LOG_S("preset", preset),
                  LOG_N("version", one->version), LOG_S("tenant", tenant),
                  LOG_SP("path", one->path), LOG_SP("why", one->why));
    }
    loader->told_unreadable = sum;
}

static void make_snapshot(struct loader *loader, const struct snapshot_rows *rows)
{
    snapshot_unref(loader->newest);
    tokens_begin(loader->tokens);
    loader->newest = snapshot_build(rows, &loader->config.build);
    tell_unusable(loader);
    tell_unreadable(loader);
    loader->config.on_snapshot(loader->config.context, snapshot_ref(loader->newest));
}

/* Takes the rows. */
static void publish(struct loader *loader, struct snapshot_rows *rows)
{
    read_seal(loader);
    loader->config.build.seal = loader->seal;
    make_snapshot(loader, rows);
    atomic_store(&loader->version, rows->version);
    atomic_fetch_add(&loader->loads, 1);
    snapshot_rows_free(loader->rows);
    loader->rows = NULL;
    if (tokens_end(loader->tokens) > 0)
        loader->rows = rows;
    else
        snapshot_rows_free(rows);
}

/* The same rows with other tokens. */
static void publish_tokens(struct loader *loader)
{
    if (!atomic_exchange(&loader->tokens_changed, false) || loader->rows == NULL)
        return;
    loader->rows->read_ms = snapshot_confirmed_ms(loader->newest);
    make_snapshot(loader, loader->rows);
    (void)!tokens_end(loader->tokens);
}

static void start_from_copy(struct loader *loader)
{
    struct snapshot_rows *rows;
    int error;

    if (loader->config.copy_path == NULL) {
        return;
    }
    error = copy_read(loader->config.copy_path, loader->config.copy_key, &rows);
    if (error < 0) {
        if (error != -ENOENT) {
            log_event(LOG_WARN, "snapshot.copy_refused", LOG_S("error", strerror(-error)));
        }
        return;
    }
    log_event(LOG_WARN, "snapshot.from_copy", LOG_N("version", rows->version),
              LOG_N("age_ms", clock_wall_ms() - rows->read_ms));
    publish(loader, rows);
}

static void keep_copy(struct loader *loader, const struct snapshot_rows *rows)
{
    int error;

    if (loader->config.copy_path == NULL) {
        return;
    }
    error = copy_write(loader->config.copy_path, loader->config.copy_key, rows);
    if (error < 0) {
        log_event(LOG_WARN, "snapshot.copy_failed", LOG_S("error", strerror(-error)));
    }
}

static void refuse(struct loader *loader, enum store_outcome outcome,
                   const struct store_error *error)
{
    if (outcome == STORE_LOST) {
        pg_close_at(&loader->pg);
        return;
    }
    atomic_fetch_add(&loader->refused, 1);
    log_event(LOG_ALARM, "snapshot.refused", LOG_S("why", error->text));
}

/* Asks for the version and loads when it is another. */
static void check(struct loader *loader)
{
    struct store_error error;
    struct snapshot_rows *rows;
    int64_t version = 0;
    enum store_outcome outcome = snapshot_read_version(loader->pg, &version, &error);

    if (outcome != STORE_OK) {
        refuse(loader, outcome, &error);
        return;
    }
    if (version != atomic_load(&loader->version)) {
        outcome = snapshot_read(loader->pg, &rows, &error);
        if (outcome != STORE_OK) {
            refuse(loader, outcome, &error);
            return;
        }
        keep_copy(loader, rows);
        publish(loader, rows);
    }
    snapshot_confirm(loader->newest, clock_wall_ms());
    atomic_store(&loader->checked_ms, clock_mono_ms());
}

static bool connect_database(struct loader *loader)
{
    struct pg_settings settings = {
        .url = loader->config.database_url,
        .application_name = "tollgate-gateway snapshot",
        .schema = "tollgate",
        .connect_timeout_s = 3,
        .statement_timeout_ms = STATEMENT_MS,
    };
    struct pg_error error;

    if (pg_open(&settings, &loader->pg, &error) != PG_OK) {
        loader->pg = NULL;
        if (atomic_exchange(&loader->connected, false) || atomic_load(&loader->checked_ms) == 0) {
            log_event(LOG_WARN, "snapshot.database_away", LOG_S("error", error.message));
        }
        return false;
    }
    if (pg_listen(loader->pg, SNAPSHOT_CHANNEL) != PG_OK) {
        pg_close_at(&loader->pg);
        return false;
    }
    atomic_store(&loader->connected, true);
    return true;
}

static void drain_notifications(struct loader *loader)
{
    struct pg_notification notification;
    bool got = true;

    while (got) {
        if (pg_notified(loader->pg, &notification, &got) != PG_OK) {
            pg_close_at(&loader->pg);
            return;
        }
    }
}

static void wait_for_news(struct loader *loader, int timeout_ms)
{
    uint64_t count;
    struct pollfd fds[2] = {{.fd = loader->wake_fd, .events = POLLIN},
                            {.fd = loader->pg == NULL ? -1 : pg_fd(loader->pg), .events = POLLIN}};

    if (poll(fds, 2, timeout_ms) <= 0) {
        return;
    }
    if (fds[0].revents != 0) {
        (void)!read(loader->wake_fd, &count, sizeof(count));
    }
    if (fds[1].revents != 0) {
        drain_notifications(loader);
    }
}

static void *run(void *argument)
{
    struct loader *loader = argument;

    if (!connect_database(loader)) {
        start_from_copy(loader);
    }
    while (!atomic_load(&loader->stopping)) {
        publish_tokens(loader);
        if (loader->pg == NULL && !connect_database(loader)) {
            wait_for_news(loader, RECONNECT_MS);
            continue;
        }
        check(loader);
        wait_for_news(loader, loader->pg == NULL ? RECONNECT_MS : CHECK_MS);
    }
    pg_close_at(&loader->pg);
    snapshot_unref(loader->newest);
    snapshot_rows_free(loader->rows);
    return NULL;
}

static void wake(struct loader *loader)
{
    uint64_t one = 1;

    must(write(loader->wake_fd, &one, sizeof(one)) == (ssize_t)sizeof(one));
}

static void on_tokens_change(void *context)
{
    struct loader *loader = context;

    atomic_store(&loader->tokens_changed, true);
    wake(loader);
}

struct loader *loader_start(const struct loader_config *config)
{
    struct loader *loader = mem_new(sizeof(*loader));
    const struct tokens_config tokens = {.allow_loopback = config->allow_loopback,
                                         .ca_file = config->ca_file,
                                         .context = loader,
                                         .on_change = on_tokens_change};

    loader->config = *config;
    loader->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    must(loader->wake_fd >= 0);
    loader->tokens = loader->config.build.tokens = tokens_start(&tokens);
    thread_start(&loader->thread, "snapshot", run, loader);
    return loader;
}

void loader_stop(struct loader *loader)
{
    if (loader == NULL) {
        return;
    }
    atomic_store(&loader->stopping, true);
    wake(loader);
    pthread_join(loader->thread, NULL);
    tokens_stop(loader->tokens);
    close(loader->wake_fd);
    seal_free(loader->seal);
    mem_free(loader);
}

void loader_state(struct loader *loader, struct loader_state *state_out)
{
    *state_out = (struct loader_state){
        .connected = atomic_load(&loader->connected) && atomic_load(&loader->checked_ms) != 0,
        .version = atomic_load(&loader->version),
        .loads = atomic_load(&loader->loads),
        .refused = atomic_load(&loader->refused),
        .checked_ms = atomic_load(&loader->checked_ms),
    };
}
