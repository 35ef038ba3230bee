/*
 * recover: see recover.h. A journal is read twice at most: once to learn what is open, never to
 * change it.
 */
#include "gateway/journal/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "billing/event/event.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/base/mem.h"
#include "gateway/journal/intent.h"

enum {
    JOURNALS_PER_FOLDER = 256,
    GATEWAYS_MAX = 4096,
    ARENA_BYTES = 64 << 10,
    ARENA_MAX_BYTES = 1 << 20,
};

struct open_request {
    struct uuid event;
    struct progress progress;
    size_t size;
    char *payload; /* of the last INTENT */
};

struct open_lease {
    struct lease_event event;
    int64_t events, charge_pico;
};

struct recovery {
    const char *dir;
    struct uuid gateway, journal;
    struct map *requests, *leases;
    struct json_doc doc;
    struct arena *arena;
    struct buf why;    /* of what could not be decoded */
    uint64_t sequence; /* the next */
    struct recover_counts *counts;
};

static void drop_request(struct recovery *r, struct uuid event)
{
    struct open_request *request = map_remove(r->requests, uuid_span(&event));

    if (request != NULL) {
        mem_free(request->payload);
        mem_free(request);
    }
}

static void note_intent(struct recovery *r, const struct record *record)
{
    struct open_request *request = mem_new(sizeof(*request));
    struct open_request *before = map_get(r->requests, uuid_span(&record->event));

    request->event = record->event;
    request->size = record->payload.size;
    request->payload = mem_dup(record->payload.at, record->payload.size);
    if (before != NULL) {
        drop_request(r, record->event);
    }
    map_put(r->requests, uuid_span(&request->event), request);
}

static void note_progress(struct recovery *r, const struct record *record)
{
    struct open_request *request = map_get(r->requests, uuid_span(&record->event));
    struct progress progress;

    if (request != NULL && progress_decode(record->payload, &progress) == 0) {
        request->progress = progress;
    }
}

/* A lease pays for the events that name it; the close has to tell how many and how much. */
static void count_event(struct recovery *r, const struct usage_event *usage)
{
    for (uint32_t i = 0; i < usage->lease_count; i++) {
        struct open_lease *lease = map_get(r->leases, uuid_span(&usage->leases[i].lease));

        if (lease != NULL) {
            lease->events++;
            lease->charge_pico += usage->charge_pico;
        }
    }
}

static void note_lease(struct recovery *r, const struct lease_event *event)
{
    struct open_lease *lease = map_get(r->leases, uuid_span(&event->lease));

    if (event->closed) {
        mem_free(map_remove(r->leases, uuid_span(&event->lease)));
    } else if (lease == NULL) {
        lease = mem_new(sizeof(*lease));
        lease->event = *event;
        map_put(r->leases, uuid_span(&lease->event.lease), lease);
    }
}

static void note_event(struct recovery *r, const struct record *record)
{
    struct event event;

    arena_reset(r->arena);
    if (event_decode(record->payload, &r->doc, r->arena, &event, &r->why) < 0) {
        return; /* Billing makes it a dead letter; here it only cannot be counted. */
    }
    if (event.kind == EVENT_KIND_USAGE) {
        r->counts->finals++;
        count_event(r, &event.usage);
        drop_request(r, record->event);
    } else if (event.kind == EVENT_KIND_LEASE) {
        note_lease(r, &event.lease);
    }
}

static void note_record(struct recovery *r, const struct record *record)
{
    r->counts->records++;
    r->sequence = record->sequence + 1;
    switch (record->type) {
    case RECORD_INTENT:
        note_intent(r, record);
        break;
    case RECORD_PROGRESS:
        note_progress(r, record);
        break;
    case RECORD_FINAL:
    case RECORD_LEASE:
        note_event(r, record);
        break;
    case RECORD_REFUSALS:
        break;
    }
}

/* Reads what is to be believed of one segment, which is synced first: it may be in the page cache
 * only. */
static int read_segment(struct recovery *r, uint32_t number)
{
    cleanup(file_close_at) int fd = -1;
    struct stat about;
    size_t offset = SEGMENT_HEAD_BYTES;
    char *bytes;
    int error = segment_open(r->dir, r->journal, number, &fd);

    if (error == -ENOENT || error == -EBADMSG) {
        r->counts->torn_segments += error == -EBADMSG;
        return 0; /* The head was not written when the machine stopped: there is nothing in it. */
    }
    if (error < 0) {
        return error;
    }
    if (fdatasync(fd) < 0 || fstat(fd, &about) < 0) {
        return -errno;
    }
    bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        return -errno;
    }
    while (offset < (size_t)about.st_size) {
        struct record record;
        size_t size;
        enum record_outcome outcome =
            record_decode(span_make(bytes + offset, (size_t)about.st_size - offset), r->journal,
                          r->sequence, &record, &size);

        if (outcome != RECORD_OK) {
            r->counts->torn_segments += outcome == RECORD_TORN;
            break;
        }
        note_record(r, &record);
        offset += size;
    }
    munmap(bytes, (size_t)about.st_size);
    return 0;
}

/* The event of a request that was cut off: what the INTENT knew, what the last PROGRESS said,
 * nothing charged. */
static int crash_event(struct recovery *r, const struct open_request *request, struct buf *out)
{
    struct event event;
    int error;

    arena_reset(r->arena);
    error = event_decode(span_make(request->payload, request->size), &r->doc, r->arena, &event,
                         &r->why);
    if (error < 0 || event.kind != EVENT_KIND_USAGE) {
        return -EBADMSG;
    }
    event.usage.outcome = OUTCOME_CRASH;
    event.usage.usage_from = USAGE_CRASH;
    event.usage.charge_pico = 0;
    event.usage.base_pico = 0;
    if (event.usage.attempt_count > 0) {
        struct event_attempt *last = &event.usage.attempts[event.usage.attempt_count - 1];

        meters_set(&last->meters, METER_OUTPUT, request->progress.output_tokens);
        last->usage_from = USAGE_CRASH;
    }
    error = event_encode_usage(&event.usage, out);
    if (error == 0) {
        count_event(r, &event.usage);
    }
    return error;
}

static int append(struct recovery *r, int fd, enum record_type type, struct uuid event,
                  struct buf *payload)
{
    struct record record = {type, r->sequence++, event, buf_span(payload)};
    size_t bytes = record_bytes(payload->size);
    char *at = mem_new(bytes);
    int error;

    record_encode(&record, r->journal, at);
    error = file_write_all(fd, at, bytes);
    mem_free(at);
    buf_clear(payload);
    return error;
}

static int append_finals(struct recovery *r, int fd, struct buf *payload)
{
    size_t cursor = 0;
    struct span key;
    void *value;
    int error = 0;

    while (error == 0 && map_next(r->requests, &cursor, &key, &value)) {
        struct open_request *request = value;

        error = crash_event(r, request, payload);
        if (error == -EBADMSG) {
            /* It is put down as it is: billing keeps it as a dead letter, where a person sees it.
             */
            log_event(LOG_ALARM, "journal.intent_unreadable");
            buf_clear(payload);
            error = buf_add(payload, request->payload, request->size);
        }
        if (error == 0) {
            error = append(r, fd, RECORD_FINAL, request->event, payload);
            r->counts->crashed++;
        }
    }
    return error;
}

static int append_closes(struct recovery *r, int fd, struct buf *payload)
{
    size_t cursor = 0;
    struct span key;
    void *value;
    int error = 0;

    while (error == 0 && map_next(r->leases, &cursor, &key, &value)) {
        struct open_lease *lease = value;
        struct lease_event event = lease->event;

        event.id = uuid_new();
        event.closed = true;
        event.at_ms = clock_wall_ms();
        event.events = lease->events;
        event.charge_pico = lease->charge_pico;
        error = event_encode_lease(&event, payload);
        if (error == 0) {
            error = append(r, fd, RECORD_LEASE, event.id, payload);
            r->counts->leases_closed++;
        }
    }
    return error;
}

static size_t bytes_wanted(const struct recovery *r)
{
    size_t records = map_size(r->requests) + map_size(r->leases) + 1;

    return SEGMENT_HEAD_BYTES + records * RECORD_BYTES_MAX;
}

/* Writes the closing segment and publishes its end. */
static int write_ending(struct recovery *r, uint32_t number)
{
    struct segment_head head = {r->journal, r->gateway, number};
    struct buf payload = buf_make(RECORD_PAYLOAD_MAX);
    _Atomic uint64_t *durable = NULL;
    cleanup(file_close_at) int fd = -1;
    off_t end;
    int error = segment_create(r->dir, &head, bytes_wanted(r), &fd);

    if (error == 0 && lseek(fd, SEGMENT_HEAD_BYTES, SEEK_SET) < 0) {
        error = -errno;
    }
    if (error == 0) {
        error = append_finals(r, fd, &payload);
    }
    if (error == 0) {
        error = append_closes(r, fd, &payload);
    }
    buf_done(&payload);
    if (error == 0 && fdatasync(fd) < 0) {
        error = -errno;
    }
    if (error == 0) {
        error = segment_map_durable(r->dir, r->journal, true, &durable);
    }
    if (error < 0) {
        return error;
    }
    end = lseek(fd, 0, SEEK_CUR);
    atomic_store(durable, position_pack((struct position){number, (uint32_t)end}));
    segment_unmap_durable(durable);
    return 0;
}

static void free_recovery(struct recovery *r)
{
    size_t cursor = 0;
    struct span key;
    void *value;

    while (map_next(r->requests, &cursor, &key, &value)) {
        mem_free(((struct open_request *)value)->payload);
        mem_free(value);
    }
    cursor = 0;
    while (map_next(r->leases, &cursor, &key, &value)) {
        mem_free(value);
    }
    map_free(r->requests);
    map_free(r->leases);
    json_doc_done(&r->doc);
    buf_done(&r->why);
    arena_free(r->arena);
}

int recover_journal(const char *dir, struct uuid gateway, const struct segment_listing *listing,
                    struct recover_counts *counts)
{
    struct recovery r = {
        .dir = dir, .gateway = gateway, .journal = listing->journal, .counts = counts};
    char path[SEGMENT_PATH_MAX];
    int error = 0;

    if (listing->ended || listing->first == 0) {
        return 0;
    }
    r.requests = map_new(64);
    r.leases = map_new(64);
    r.doc = json_doc_make();
    r.why = buf_make(1024);
    r.arena = arena_new(ARENA_BYTES, ARENA_MAX_BYTES);
    for (uint32_t n = listing->first; error == 0 && n <= listing->last; n++) {
        error = read_segment(&r, n);
    }
    if (r.sequence == 0) {
        r.sequence = 1;
    }
    if (error == 0) {
        error = write_ending(&r, listing->last + 1);
    }
    if (error == 0) {
        segment_side_path(dir, listing->journal, "ended", path);
        error = file_write_atomic(path, span_of("recovered\n"), 0600);
    }
    free_recovery(&r);
    return error;
}

static int recover_folder(const char *folder, struct uuid gateway, struct recover_counts *counts)
{
    struct segment_listing *listings = mem_array(JOURNALS_PER_FOLDER, sizeof(*listings));
    int count = segment_list(folder, listings, JOURNALS_PER_FOLDER), error = count < 0 ? count : 0;

    for (int i = 0; error == 0 && i < count; i++) {
        error = recover_journal(folder, gateway, &listings[i], counts);
    }
    mem_free(listings);
    return error;
}

int recover_next(const char *root, struct uuid self, size_t *cursor, struct adopted *adopted_out,
                 struct recover_counts *counts)
{
    struct uuid *gateways = mem_array(GATEWAYS_MAX, sizeof(*gateways));
    int count = segment_gateways(root, gateways, GATEWAYS_MAX), outcome = count < 0 ? count : 0;

    while (outcome == 0 && *cursor < (size_t)(count < 0 ? 0 : count)) {
        struct adopted adopted = {.gateway = gateways[(*cursor)++], .lock_fd = -1};
        char name[UUID_TEXT_SIZE];
        int error;

        if (uuid_equal(adopted.gateway, self)) {
            continue;
        }
        uuid_format(adopted.gateway, name);
        adopted.folder = mem_printf("%s/%s", root, name);
        error = file_lock_directory(adopted.folder, &adopted.lock_fd);
        if (error == 0) {
            error = recover_folder(adopted.folder, adopted.gateway, counts);
        }
        if (error == 0) {
            *adopted_out = adopted;
            outcome = 1;
            break;
        }
        recover_release(&adopted);
        if (error != -EWOULDBLOCK) {
            outcome = error;
        }
    }
    mem_free(gateways);
    return outcome;
}

void recover_release(struct adopted *adopted)
{
    file_close_at(&adopted->lock_fd);
    mem_free(TAKE(adopted->folder));
    adopted->lock_fd = -1;
}

static bool delete_files(const char *folder, const struct segment_listing *listing)
{
    static const char *const sides[] = {"shipped", "durable", "ended"};
    char path[SEGMENT_PATH_MAX];

    for (uint32_t n = listing->first; n != 0 && n <= listing->last; n++) {
        segment_path(folder, listing->journal, n, path);
        if (unlink(path) < 0 && errno != ENOENT) {
            return false;
        }
    }
    for (size_t i = 0; i < array_size(sides); i++) {
        segment_side_path(folder, listing->journal, sides[i], path);
        if (unlink(path) < 0 && errno != ENOENT) {
            return false;
        }
    }
    return true;
}

bool recover_delete(struct adopted *adopted, int64_t keep_ms)
{
    struct segment_listing *listings = mem_array(JOURNALS_PER_FOLDER, sizeof(*listings));
    int count = segment_list(adopted->folder, listings, JOURNALS_PER_FOLDER);
    char path[SEGMENT_PATH_MAX];
    bool gone = count >= 0;

    for (int i = 0; gone && i < count; i++) {
        struct stat about;

        segment_path(adopted->folder, listings[i].journal, listings[i].last, path);
        if (listings[i].last != 0 && stat(path, &about) == 0 &&
            clock_wall_ms() - (int64_t)about.st_mtim.tv_sec * 1000 <= keep_ms) {
            gone = false;
        }
    }
    for (int i = 0; gone && i < count; i++) {
        gone = delete_files(adopted->folder, &listings[i]);
    }
    if (gone) {
        snprintf(path, sizeof(path), "%s/lock", adopted->folder);
        gone = unlink(path) == 0 && rmdir(adopted->folder) == 0;
    }
    mem_free(listings);
    if (gone) {
        recover_release(adopted);
    }
    return gone;
}
