/*
 * adoption: see adoption.h.
 */
#include "gateway/adoption.h"

#include <poll.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/list.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/thread.h"
#include "gateway/journal/cursor.h"
#include "gateway/journal/recover.h"

enum { LOOK_MS = 5000, JOURNALS_MAX = 256, FOLDERS_MAX = 4096 };

struct taken_journal {
    struct uuid id;
    struct position done;
};

struct folder {
    struct list link;
    struct adopted adopted;
    struct taken_journal *journals;
    uint32_t journal_count;
};

struct adoption {
    struct adoption_config config;
    struct shipper *shipper;
    bool started;
    pthread_t thread;
    int wake_fd;
    _Atomic bool stopping;
    pthread_mutex_t lock; /* for what follows */
    struct list folders;
    struct adoption_state state;
};

static void note(const struct adopted *adopted, const struct recover_counts *counts)
{
    char id[ID_TEXT_SIZE];

    (void)id_format(ID_GATEWAY, adopted->gateway, id);
    log_event(LOG_WARN, "journal.adopted", LOG_S("gateway", id), LOG_N("records", counts->records),
              LOG_N("finals", counts->finals), LOG_N("crashed", counts->crashed),
              LOG_N("leases_closed", counts->leases_closed),
              LOG_N("torn_segments", counts->torn_segments));
}

static void keep(struct adoption *adoption, struct adopted adopted,
                 const struct recover_counts *counts)
{
    struct segment_listing *listings = mem_array(JOURNALS_MAX, sizeof(*listings));
    struct folder *folder = mem_new(sizeof(*folder));
    int count = segment_list(adopted.folder, listings, JOURNALS_MAX);

    note(&adopted, counts);
    folder->adopted = adopted;
    folder->journal_count = count < 0 ? 0 : (uint32_t)count;
    folder->journals = mem_array(folder->journal_count + 1, sizeof(struct taken_journal));
    for (uint32_t i = 0; i < folder->journal_count; i++)
        folder->journals[i].id = listings[i].journal;
    pthread_mutex_lock(&adoption->lock);
    list_push_back(&adoption->folders, &folder->link);
    adoption->state.folders++;
    adoption->state.adopted++;
    adoption->state.finals_made += counts->crashed;
    adoption->state.leases_closed += counts->leases_closed;
    pthread_mutex_unlock(&adoption->lock);
    for (uint32_t i = 0; i < folder->journal_count && adoption->shipper != NULL; i++)
        shipper_add(adoption->shipper, adopted.folder, folder->journals[i].id);
    mem_free(listings);
}

static void look(struct adoption *adoption)
{
    size_t cursor = 0;

    for (int i = 0; i < FOLDERS_MAX && !atomic_load(&adoption->stopping); i++) {
        struct recover_counts counts = {0};
        struct adopted adopted;
        size_t before = cursor;
        int found =
            recover_next(adoption->config.root, adoption->config.self, &cursor, &adopted, &counts);

        if (found == 0)
            return;
        if (found > 0) {
            keep(adoption, adopted, &counts);
            continue;
        }
        log_event(LOG_ALARM, "journal.adoption_failed", LOG_S("error", strerror(-found)));
        pthread_mutex_lock(&adoption->lock);
        adoption->state.failed++;
        pthread_mutex_unlock(&adoption->lock);
        if (cursor == before)
            return; /* not one folder but all: no descriptors, no root */
    }
}

/* Was the journal read to its end by whoever takes it over? */
static bool is_read(const char *folder, struct uuid journal, struct position done)
{
    struct cursor *cursor;
    struct record record;
    struct position next;
    bool read;

    if (done.segment == 0 || cursor_open(folder, journal, done, &cursor) != 0)
        return false;
    read = cursor_next(cursor, &record, &next) == CURSOR_ENDED;
    cursor_close(cursor);
    return read;
}

static bool all_read(struct adoption *adoption, const struct folder *folder)
{
    for (uint32_t i = 0; i < folder->journal_count; i++) {
        struct position done;

        pthread_mutex_lock(&adoption->lock);
        done = folder->journals[i].done;
        pthread_mutex_unlock(&adoption->lock);
        if (!is_read(folder->adopted.folder, folder->journals[i].id, done))
            return false;
    }
    return true;
}

static void drop(struct adoption *adoption, struct folder *folder)
{
    pthread_mutex_lock(&adoption->lock);
    list_remove(&folder->link);
    adoption->state.folders--;
    pthread_mutex_unlock(&adoption->lock);
    mem_free(folder->journals);
    mem_free(folder);
}

/* Only this thread changes the list, so that it may walk it without the lock. */
static void delete_read(struct adoption *adoption)
{
    list_each_safe(&adoption->folders, link, after)
    {
        struct folder *folder = list_item(link, struct folder, link);

        if (!all_read(adoption, folder) ||
            !recover_delete(&folder->adopted, adoption->config.keep_ms))
            continue;
        drop(adoption, folder);
        pthread_mutex_lock(&adoption->lock);
        adoption->state.deleted++;
        pthread_mutex_unlock(&adoption->lock);
    }
}

static void *run(void *argument)
{
    struct adoption *adoption = argument;
    struct pollfd woken = {.fd = adoption->wake_fd, .events = POLLIN};

    while (!atomic_load(&adoption->stopping)) {
        if (poll(&woken, 1, LOOK_MS) != 0)
            continue;
        look(adoption);
        delete_read(adoption);
    }
    return NULL;
}

struct adoption *adoption_new(const struct adoption_config *config)
{
    struct adoption *adoption = mem_new(sizeof(*adoption));

    adoption->config = *config;
    list_init(&adoption->folders);
    must(pthread_mutex_init(&adoption->lock, NULL) == 0);
    adoption->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    must(adoption->wake_fd >= 0);
    return adoption;
}

void adoption_start(struct adoption *adoption, struct shipper *shipper)
{
    adoption->shipper = shipper;
    adoption->started = true;
    look(adoption);
    thread_start(&adoption->thread, "adoption", run, adoption);
}

void adoption_stop(struct adoption *adoption)
{
    uint64_t one = 1;

    if (adoption == NULL)
        return;
    atomic_store(&adoption->stopping, true);
    must(write(adoption->wake_fd, &one, sizeof(one)) == sizeof(one));
    if (adoption->started)
        pthread_join(adoption->thread, NULL);
    while (!list_empty(&adoption->folders)) {
        struct folder *folder = list_item(adoption->folders.next, struct folder, link);

        recover_release(&folder->adopted);
        drop(adoption, folder);
    }
    close(adoption->wake_fd);
    pthread_mutex_destroy(&adoption->lock);
    mem_free(adoption);
}

void adoption_acked(struct adoption *adoption, struct uuid journal, struct position position)
{
    if (adoption == NULL)
        return;
    pthread_mutex_lock(&adoption->lock);
    list_each(&adoption->folders, link)
    {
        struct folder *folder = list_item(link, struct folder, link);

        for (uint32_t i = 0; i < folder->journal_count; i++) {
            if (uuid_equal(folder->journals[i].id, journal))
                folder->journals[i].done = position;
        }
    }
    pthread_mutex_unlock(&adoption->lock);
}

void adoption_state(struct adoption *adoption, struct adoption_state *state_out)
{
    pthread_mutex_lock(&adoption->lock);
    *state_out = adoption->state;
    pthread_mutex_unlock(&adoption->lock);
}
