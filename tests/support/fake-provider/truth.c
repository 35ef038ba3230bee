/*
 * truth: see the header. The ring is taken chunk by chunk, so that a short run stays small.
 */
#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/json_writer.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "faults.h"
#include "http.h"

#define CHUNK_ENTRIES 4096
#define LINE_BYTES_MAX 49152

struct truth {
    struct truth_entry **chunks; /* owned, each NULL until it is needed */
    size_t entries_max;          /* a multiple of CHUNK_ENTRIES */
    int64_t first, last;         /* numbers held: first..last, none when first > last */
    int fd;                      /* -1: no file */
    const char *counted_by;
    struct buf line;
    /* The last requests, by their number. */
    struct truth_request *requests[TRUTH_REQUESTS_MAX]; /* owned */
};

struct truth *truth_new(size_t entries_max, const char *path, const char *counted_by)
{
    int fd = -1;
    struct truth *truth;

    if (path != NULL && path[0] != '\0') {
        fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (fd < 0)
            return NULL;
    }
    truth = mem_new(sizeof(*truth));
    truth->entries_max = (entries_max + CHUNK_ENTRIES - 1) / CHUNK_ENTRIES * CHUNK_ENTRIES;
    truth->chunks = mem_array(truth->entries_max / CHUNK_ENTRIES, sizeof(*truth->chunks));
    truth->first = 1;
    truth->fd = fd;
    truth->counted_by = counted_by;
    truth->line = buf_make(LINE_BYTES_MAX);
    return truth;
}

static void free_chunks(struct truth *truth)
{
    for (size_t i = 0; i < TRUTH_REQUESTS_MAX; i++)
        truth_request_free(TAKE(truth->requests[i]));
    for (size_t i = 0; i < truth->entries_max / CHUNK_ENTRIES; i++)
        mem_free(TAKE(truth->chunks[i]));
}

void truth_free(struct truth *truth)
{
    if (truth == NULL)
        return;
    free_chunks(truth);
    mem_free(truth->chunks);
    buf_done(&truth->line);
    file_close_at(&truth->fd);
    mem_free(truth);
}

static struct truth_entry *entry_at(const struct truth *truth, int64_t seq)
{
    size_t place = (size_t)seq % truth->entries_max;

    return &truth->chunks[place / CHUNK_ENTRIES][place % CHUNK_ENTRIES];
}

/* The request of a call, when it is still held. */
static const struct truth_request *request_of(const struct truth *truth, int64_t seq)
{
    if (seq <= truth->last - TRUTH_REQUESTS_MAX)
        return NULL;
    return truth->requests[(size_t)seq % TRUTH_REQUESTS_MAX];
}

static const char *const endpoints[] = {
    [TRUTH_CHAT] = "chat",
    [TRUTH_EMBEDDINGS] = "embeddings",
    [TRUTH_COUNT_TOKENS] = "count_tokens",
    [TRUTH_COMPLETIONS] = "completions",
    [TRUTH_RESPONSES] = "responses",
    [TRUTH_RERANK] = "rerank",
    [TRUTH_MODERATIONS] = "moderations",
    [TRUTH_IMAGES] = "images",
    [TRUTH_SPEECH] = "speech",
    [TRUTH_TRANSCRIPTION] = "transcription",
    [TRUTH_TOKEN] = "token",
};
_Static_assert(array_size(endpoints) == TRUTH_ENDPOINTS, "each has a name");
static const char *const ends[] = {
    [TRUTH_WHOLE] = "whole", [TRUTH_BROKEN] = "broken", [TRUTH_LEFT] = "left"};

/* Meters that few endpoints have are told only where they are not 0. */
static void put_more_meters(struct json_writer *w, const struct truth_entry *entry)
{
    const struct {
        const char *name;
        int64_t value;
    } meters[] = {
        {"cache_write", entry->cache_write},
        {"cache_write_1h", entry->cache_write_1h},
        {"images", entry->images},
        {"characters", entry->characters},
        {"milliseconds", entry->milliseconds},
        {"searches", entry->searches},
    };

    for (size_t i = 0; i < array_size(meters); i++)
        if (meters[i].value != 0)
            json_put_int64(w, meters[i].name, meters[i].value);
}

static void write_usage(struct json_writer *w, const struct truth_entry *entry)
{
    json_name(w, "meters");
    json_begin(w, '{');
    json_put_int64(w, "input", entry->input);
    json_put_int64(w, "cache_read", entry->cache_read);
    json_put_int64(w, "output", entry->output);
    json_put_int64(w, "reasoning", entry->reasoning);
    put_more_meters(w, entry);
    json_end(w, '}');
}

static void write_request(struct json_writer *w, const struct truth_request *request, bool body)
{
    buf_add_string(w->out, request->members);
    json_put_int64(w, "body_bytes", (int64_t)request->whole_bytes);
    if (body)
        json_put_string(w, "body", span_make(request->body, request->body_bytes));
}

static void write_entry(const struct truth *truth, const struct truth_entry *entry, bool body,
                        struct buf *out)
{
    const struct truth_request *request = request_of(truth, entry->seq);
    struct json_writer w = json_writer_make(out);
    char id[24];

    snprintf(id, sizeof(id), "req_%016llx", (unsigned long long)entry->id);
    json_begin(&w, '{');
    json_put_int64(&w, "seq", entry->seq);
    json_put_int64(&w, "unix_ms", entry->unix_ms);
    json_put_int64(&w, "ms", entry->ms);
    json_put_cstring(&w, "dialect", entry->dialect);
    json_put_cstring(&w, "endpoint", endpoints[entry->endpoint]);
    json_put_cstring(&w, "site", entry->site);
    json_put_cstring(&w, "request_id", entry->request_id);
    json_put_int64(&w, "attempt", entry->attempt);
    json_put_cstring(&w, "provider_request_id", id);
    json_put_cstring(&w, "model", entry->model);
    json_put_bool(&w, "stream", entry->stream);
    json_put_int64(&w, "status", entry->status);
    json_put_cstring(&w, "fault", fault_at(entry->fault)->name);
    json_put_bool(&w, "whole", entry->end == TRUTH_WHOLE);
    json_put_cstring(&w, "end", ends[entry->end]);
    json_put_bool(&w, "usage_told", entry->usage_told);
    write_usage(&w, entry);
    json_put_cstring(&w, "counted_by", truth->counted_by);
    if (request != NULL)
        write_request(&w, request, body);
    json_end(&w, '}');
    buf_add_byte(out, '\n');
}

void truth_add(struct truth *truth, const struct truth_entry *entry, struct truth_request *request)
{
    int64_t seq = ++truth->last;
    struct truth_request **place = &truth->requests[(size_t)seq % TRUTH_REQUESTS_MAX];
    size_t chunk = (size_t)seq % truth->entries_max / CHUNK_ENTRIES;
    struct truth_entry *kept;

    if (truth->chunks[chunk] == NULL)
        truth->chunks[chunk] = mem_array(CHUNK_ENTRIES, sizeof(struct truth_entry));
    if (seq - truth->first >= (int64_t)truth->entries_max)
        truth->first = seq - (int64_t)truth->entries_max + 1;
    kept = entry_at(truth, seq);
    *kept = *entry;
    kept->seq = seq;
    truth_request_free(*place);
    *place = request;
    if (truth->fd < 0)
        return;
    buf_clear(&truth->line);
    write_entry(truth, kept, false, &truth->line);
    if (file_write_all(truth->fd, truth->line.at, truth->line.size) != 0)
        log_event(LOG_ALARM, "truth.write_failed");
}

void truth_clear(struct truth *truth)
{
    truth->first = truth->last + 1;
    free_chunks(truth);
}

int64_t truth_last(const struct truth *truth)
{
    return truth->last;
}

int64_t truth_write(const struct truth *truth, const struct truth_query *query, struct buf *out)
{
    int64_t seq = query->since + 1 < truth->first ? truth->first : query->since + 1;
    int64_t limit = query->limit;
    /* A body grows by its escapes. */
    size_t line_max = LINE_BYTES_MAX + (query->bodies ? 6 * TRUTH_BODY_BYTES_MAX : 0);

    for (; seq <= truth->last && limit > 0; seq++) {
        const struct truth_entry *entry = entry_at(truth, seq);

        if (query->request_id.size > 0 && !span_is(query->request_id, entry->request_id))
            continue;
        if (out->max - out->size < line_max)
            break;
        write_entry(truth, entry, query->bodies, out);
        limit--;
    }
    return seq - 1;
}
