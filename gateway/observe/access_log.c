/*
 * access_log: see access_log.h. One ring per worker with one writer and one reader; the reader
 * wakes ten times a second, or when a ring is half full.
 */
#include "gateway/observe/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/json_writer.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/money.h"
#include "common/base/thread.h"

enum { SLOTS = 4096, TICK_MS = 100, BATCH_BYTES = 256 << 10, LINE_BYTES = 2048 };

struct text {
    uint8_t size;
    char at[ACCESS_TEXT_MAX];
};

struct slot {
    struct access_entry entry; /* its spans are not used */
    struct text model, provider, peer;
};

struct access_ring {
    struct access_log *log;
    _Atomic uint32_t head; /* next to write; the worker's */
    _Atomic uint32_t tail; /* next to read; the log's */
    struct slot slots[SLOTS];
};

struct access_log {
    char *path;
    int fd, wake_fd;
    pthread_t thread;
    _Atomic bool stop, reopen;
    uint32_t ring_count;
    struct access_ring **rings;
    struct buf out;
};

static void copy_text(struct text *text, struct span from)
{
    text->size = (uint8_t)(from.size < ACCESS_TEXT_MAX ? from.size : ACCESS_TEXT_MAX);
    if (text->size > 0)
        memcpy(text->at, from.at, text->size);
}

static void wake(struct access_log *log)
{
    uint64_t one = 1;

    if (write(log->wake_fd, &one, sizeof(one)) < 0)
        return; /* it is awake already */
}

bool access_put(struct access_ring *ring, const struct access_entry *entry)
{
    uint32_t head, held;
    struct slot *slot;

    if (ring == NULL)
        return true;
    head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    held = head - atomic_load_explicit(&ring->tail, memory_order_acquire);
    if (held == SLOTS)
        return false;
    slot = &ring->slots[head % SLOTS];
    slot->entry = *entry;
    copy_text(&slot->model, entry->model);
    copy_text(&slot->provider, entry->provider);
    copy_text(&slot->peer, entry->peer);
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
    if (held == SLOTS / 2)
        wake(ring->log);
    return true;
}

static void put_id(struct json_writer *w, const char *name, enum id_kind kind, struct uuid id)
{
    char text[ID_TEXT_SIZE];

    if (!uuid_is_zero(id))
        json_put_string(w, name, span_make(text, id_format(kind, id, text)));
}

static void put_text(struct json_writer *w, const char *name, const struct text *text)
{
    if (text->size > 0)
        json_put_string(w, name, span_make(text->at, text->size));
}

static void put_number(struct json_writer *w, const char *name, int64_t value)
{
    if (value >= 0)
        json_put_int64(w, name, value);
}

static void write_line(struct buf *out, const struct slot *slot)
{
    const struct access_entry *entry = &slot->entry;
    struct json_writer w = json_writer_make(out);
    char text[MONEY_TEXT_MAX];

    json_begin(&w, '{');
    (void)clock_format(entry->time_ms, text);
    json_put_cstring(&w, "time", text);
    put_id(&w, "request", ID_GENERATION, entry->request);
    put_id(&w, "tenant", ID_TENANT, entry->tenant);
    put_id(&w, "key", ID_KEY, entry->key);
    json_put_cstring(&w, "endpoint", entry->endpoint);
    json_put_int64(&w, "status", entry->status);
    json_put_cstring(&w, "outcome", entry->outcome);
    json_put_cstring(&w, "error", entry->error);
    put_text(&w, "model", &slot->model);
    put_text(&w, "provider", &slot->provider);
    json_put_int64(&w, "attempts", entry->attempts);
    if (entry->stream)
        json_put_bool(&w, "stream", true);
    if (entry->test)
        json_put_bool(&w, "test", true);
    put_number(&w, "first_token_ms", entry->first_token_ms);
    put_number(&w, "total_ms", entry->total_ms);
    put_number(&w, "overhead_us", entry->overhead_us);
    json_put_int64(&w, "tokens_in", entry->tokens_in);
    json_put_int64(&w, "tokens_out", entry->tokens_out);
    json_name(&w, "charge");
    json_write_raw(&w, span_make(text, money_format(entry->charge_pico, text)));
    put_text(&w, "peer", &slot->peer);
    json_end(&w, '}');
    buf_add_byte(out, '\n');
}

static void flush(struct access_log *log)
{
    if (log->out.size > 0 && log->fd >= 0) {
        int error = file_write_all(log->fd, log->out.at, log->out.size);

        if (error != 0)
            log_event(LOG_WARN, "access_log.write_failed", LOG_N("errno", -error));
    }
    buf_clear(&log->out);
}

static void drain(struct access_log *log)
{
    for (uint32_t i = 0; i < log->ring_count; i++) {
        struct access_ring *ring = log->rings[i];
        uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

        while (tail != atomic_load_explicit(&ring->head, memory_order_acquire)) {
            if (log->out.size + LINE_BYTES > BATCH_BYTES)
                flush(log);
            write_line(&log->out, &ring->slots[tail % SLOTS]);
            atomic_store_explicit(&ring->tail, ++tail, memory_order_release);
        }
    }
    flush(log);
}

static int open_path(const char *path)
{
    int fd = strcmp(path, "-") == 0 ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
                                    : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);

    return fd < 0 ? -errno : fd;
}

static void reopen(struct access_log *log)
{
    int fd = open_path(log->path);

    if (fd < 0) {
        log_event(LOG_WARN, "access_log.reopen_failed", LOG_N("errno", -fd));
        return;
    }
    close(log->fd);
    log->fd = fd;
}

static void *run(void *argument)
{
    struct access_log *log = argument;
    struct pollfd woken = {.fd = log->wake_fd, .events = POLLIN};

    while (!atomic_load(&log->stop)) {
        uint64_t count;

        if (poll(&woken, 1, TICK_MS) > 0 && read(log->wake_fd, &count, sizeof(count)) < 0)
            continue;
        drain(log);
        if (atomic_exchange(&log->reopen, false))
            reopen(log);
    }
    drain(log);
    return NULL;
}

int access_log_open(const char *path, uint32_t workers, struct access_log **log_out)
{
    struct access_log *log;
    int fd;

    if (path == NULL || path[0] == 0) {
        *log_out = NULL;
        return 0;
    }
    fd = open_path(path);
    if (fd < 0)
        return fd;
    log = mem_new(sizeof(*log));
    log->fd = fd;
    log->path = mem_strdup(path);
    log->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    must(log->wake_fd >= 0);
    log->out = buf_make(BATCH_BYTES);
    log->ring_count = workers;
    log->rings = mem_array(workers, sizeof(struct access_ring *));
    for (uint32_t i = 0; i < workers; i++) {
        log->rings[i] = mem_new(sizeof(struct access_ring));
        log->rings[i]->log = log;
    }
    thread_start(&log->thread, "access-log", run, log);
    *log_out = log;
    return 0;
}

void access_log_close(struct access_log *log)
{
    if (log == NULL)
        return;
    atomic_store(&log->stop, true);
    wake(log);
    pthread_join(log->thread, NULL);
    for (uint32_t i = 0; i < log->ring_count; i++)
        mem_free(log->rings[i]);
    mem_free(log->rings);
    buf_done(&log->out);
    close(log->fd);
    close(log->wake_fd);
    mem_free(log->path);
    mem_free(log);
}

void access_log_reopen(struct access_log *log)
{
    if (log == NULL)
        return;
    atomic_store(&log->reopen, true);
    wake(log);
}

struct access_ring *access_log_ring(struct access_log *log, uint32_t worker)
{
    return log == NULL || worker >= log->ring_count ? NULL : log->rings[worker];
}
