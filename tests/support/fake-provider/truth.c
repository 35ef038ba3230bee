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

#define CHUNK_ENTRIES 4096
#define LINE_BYTES_MAX 4096

struct truth {
    struct truth_entry **chunks; /* owned, each NULL until it is needed */
    size_t entries_max;          /* a multiple of CHUNK_ENTRIES */
    int64_t first, last;         /* numbers held: first..last, none when first > last */
    int fd;                      /* -1: no file */
    const char *counted_by;
    struct buf line;
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

static const char *const endpoints[] = {[TRUTH_CHAT] = "chat", [TRUTH_EMBEDDINGS] = "embeddings"};
static const char *const ends[] = {
    [TRUTH_WHOLE] = "whole", [TRUTH_BROKEN] = "broken", [TRUTH_LEFT] = "left"};

static void write_usage(struct json_writer *w, const struct truth_entry *entry)
{
    json_name(w, "meters");
    json_begin(w, '{');
    json_put_int64(w, "input", entry->input);
    json_put_int64(w, "cache_read", entry->cache_read);
    json_put_int64(w, "output", entry->output);
    json_put_int64(w, "reasoning", entry->reasoning);
    json_end(w, '}');
}

static void write_entry(const struct truth *truth, const struct truth_entry *entry, struct buf *out)
{
    struct json_writer w = json_writer_make(out);
    char id[24];

    snprintf(id, sizeof(id), "req_%016llx", (unsigned long long)entry->id);
    json_begin(&w, '{');
    json_put_int64(&w, "seq", entry->seq);
    json_put_int64(&w, "unix_ms", entry->unix_ms);
    json_put_int64(&w, "ms", entry->ms);
    json_put_cstring(&w, "dialect", "openai");
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
    json_end(&w, '}');
    buf_add_byte(out, '\n');
}

void truth_add(struct truth *truth, const struct truth_entry *entry)
{
    int64_t seq = ++truth->last;
    size_t chunk = (size_t)seq % truth->entries_max / CHUNK_ENTRIES;
    struct truth_entry *kept;

    if (truth->chunks[chunk] == NULL)
        truth->chunks[chunk] = mem_array(CHUNK_ENTRIES, sizeof(struct truth_entry));
    if (seq - truth->first >= (int64_t)truth->entries_max)
        truth->first = seq - (int64_t)truth->entries_max + 1;
    kept = entry_at(truth, seq);
    *kept = *entry;
    kept->seq = seq;
    if (truth->fd < 0)
        return;
    buf_clear(&truth->line);
    write_entry(truth, kept, &truth->line);
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

int64_t truth_write(const struct truth *truth, int64_t since, int64_t limit, struct span request_id,
                    struct buf *out)
{
    int64_t seq = since + 1 < truth->first ? truth->first : since + 1;

    for (; seq <= truth->last && limit > 0; seq++) {
        const struct truth_entry *entry = entry_at(truth, seq);

        if (request_id.size > 0 && !span_is(request_id, entry->request_id))
            continue;
        if (out->max - out->size < LINE_BYTES_MAX)
            break;
        write_entry(truth, entry, out);
        limit--;
    }
    return seq - 1;
}
