/*
 * tokens: see the header. An entry is made by who wants it and freed by the thread, which alone
 * touches what stands behind `running` while it is set; the lock guards the rest and the table.
 */
#include "gateway/sign/tokens.h"

#include <pthread.h>
#include <stdatomic.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/list.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/thread.h"
#include "gateway/sign/guard.h"
#include "gateway/sign/token.h"

enum {
    CONNECT_MS = 3000,
    TOTAL_MS = 10000,
    RUNNING_MAX = 16,
    WAIT_MAX_MS = 60000,
    BACKOFF_FIRST_MS = 250,
    BACKOFF_MAX_MS = 60000,
    REFRESH_PERCENT = 80,
    JITTER_PERCENT = 5,
    LIFE_PERCENT = 95, /* clocks differ, and requests are under way for a while */
    GRANT_ARENA_BYTES = 64 << 10,
};

struct entry {
    struct list link;
    struct tokens *tokens;
    struct sha256 sum; /* of the secret: which grant this is */
    uint64_t wanted;   /* by which snapshot, the last */
    char *provider, *token;
    int64_t expires_ms, next_ms; /* monotonic; 0: there is no token; when to ask */
    uint32_t failures;           /* in a row */
    const char *told;            /* which failure the log has */
    bool running;
    /* of the question under way */
    struct arena *arena; /* the secret and what is read from it, for good */
    struct secret_grant grant;
    CURL *easy;
    struct buf ask, answer;
    int64_t asked_ms;
};

struct tokens {
    struct tokens_config config;
    pthread_t thread;
    pthread_mutex_t lock;
    CURLM *multi;
    _Atomic bool stopping;
    struct list entries;
    uint64_t round, done; /* of snapshots: the one that is made, and the last that was */
    uint32_t running;
};

static void forget_token(struct entry *entry)
{
    if (entry->token != NULL)
        mem_free_secret(entry->token, strlen(entry->token));
    entry->token = NULL;
    entry->expires_ms = 0;
}

static void wipe(struct buf *buf)
{
    if (buf->at != NULL)
        explicit_bzero(buf->at, buf->capacity);
    buf_done(buf);
}

static void entry_free(struct entry *entry)
{
    list_remove(&entry->link);
    forget_token(entry);
    curl_easy_cleanup(entry->easy);
    wipe(&entry->ask);
    wipe(&entry->answer);
    arena_wipe(entry->arena);
    arena_free(entry->arena);
    mem_free(entry->provider);
    mem_free(entry);
}

/* ---- asking, on the thread ---- */
static size_t on_write(char *at, size_t size, size_t count, void *context)
{
    struct entry *entry = context;

    return buf_add(&entry->answer, at, size * count) == 0 ? size * count : 0;
}

static curl_socket_t on_open_socket(void *context, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
    const struct entry *entry = context;

    (void)purpose;
    return guard_socket(address, !span_starts(entry->grant.token_url, "https://"),
                        entry->tokens->config.allow_loopback);
}

static CURL *handle_new(struct entry *entry)
{
    CURL *easy = curl_easy_init();
    char *url = span_dup(entry->grant.token_url);

    must(easy != NULL);
    guard_handle(easy, entry->tokens->config.ca_file);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)TOTAL_MS);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, entry);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, entry);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, entry);
    /* Seldom enough that no connection is worth keeping. */
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    mem_free(url);
    return easy;
}

static int64_t backoff_ms(uint32_t failures)
{
    int64_t most = failures > 8 ? BACKOFF_MAX_MS : (int64_t)BACKOFF_FIRST_MS << failures;
    uint32_t random;

    digest_random(&random, sizeof(random));
    most = most > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : most;
    return most / 2 + (int64_t)(random % (uint64_t)(most / 2 + 1));
}

/* Each new reason once as an alarm: until it ends the old token stays, then nobody is served. */
static void note_failure(struct entry *entry, const char *why, const char *error, int status)
{
    int64_t wait_ms = backoff_ms(entry->failures++);

    entry->next_ms = clock_mono_ms() + wait_ms;
    log_event(entry->told == why ? LOG_INFO : LOG_ALARM, "token.failed",
              LOG_S("provider", entry->provider), LOG_S("why", why), LOG_S("error", error),
              LOG_N("status", status), LOG_N("again_ms", wait_ms),
              LOG_N("has_one", entry->token != NULL));
    entry->told = why;
}

static void note_token(struct entry *entry, const struct token_answer *answer)
{
    int64_t life_ms = answer->life_s * 1000;
    uint32_t random;

    digest_random(&random, sizeof(random));
    forget_token(entry);
    entry->token = mem_strdup(answer->token);
    entry->expires_ms = entry->asked_ms + life_ms * LIFE_PERCENT / 100;
    entry->next_ms = entry->asked_ms + life_ms * REFRESH_PERCENT / 100 -
                     (int64_t)(random % (uint64_t)(life_ms * JITTER_PERCENT / 100));
    entry->failures = 0;
    entry->told = NULL;
    log_event(LOG_INFO, "token.fetched", LOG_S("provider", entry->provider),
              LOG_N("life_s", answer->life_s));
}

/* Under the lock, like all below it. */
static void ask(struct tokens *tokens, struct entry *entry)
{
    entry->asked_ms = clock_mono_ms();
    buf_clear(&entry->ask);
    buf_clear(&entry->answer);
    if (token_ask(&entry->grant, clock_wall_ms() / 1000, &entry->ask) < 0) {
        note_failure(entry, "its private key cannot be used", "", 0);
        return;
    }
    if (entry->easy == NULL)
        entry->easy = handle_new(entry);
    curl_easy_setopt(entry->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)entry->ask.size);
    curl_easy_setopt(entry->easy, CURLOPT_POSTFIELDS, entry->ask.at);
    must(curl_multi_add_handle(tokens->multi, entry->easy) == CURLM_OK);
    entry->running = true;
    tokens->running++;
}

/* True when there is another token now. */
static bool end(struct tokens *tokens, struct entry *entry, CURLcode code)
{
    struct token_answer answer = {.why = NULL};
    long status = 0;

    curl_multi_remove_handle(tokens->multi, entry->easy);
    entry->running = false;
    tokens->running--;
    if (code != CURLE_OK) {
        note_failure(entry, "the issuer cannot be reached", "", 0);
    } else {
        curl_easy_getinfo(entry->easy, CURLINFO_RESPONSE_CODE, &status);
        token_read((int)status, buf_span(&entry->answer), &answer);
        if (answer.why != NULL)
            note_failure(entry, answer.why, answer.error, (int)status);
        else
            note_token(entry, &answer);
    }
    wipe(&entry->ask);
    wipe(&entry->answer);
    explicit_bzero(answer.token, sizeof(answer.token));
    return code == CURLE_OK && answer.why == NULL;
}

static bool take_ends(struct tokens *tokens)
{
    CURLMsg *message;
    bool changed = false;
    int left;

    while ((message = curl_multi_info_read(tokens->multi, &left)) != NULL) {
        char *private = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        changed |= end(tokens, (struct entry *)(void *)private, code);
    }
    return changed;
}

static void forget_expired(struct entry *entry, int64_t now_ms, bool *changed)
{
    if (entry->token == NULL || entry->expires_ms > now_ms)
        return;
    forget_token(entry);
    *changed = true;
}

/* When there is something to do about an entry: to ask, or to let go of what it has. */
static int64_t due_ms(const struct entry *entry)
{
    /* The end of one that runs comes by itself. */
    int64_t ask_ms = entry->running ? INT64_MAX : entry->next_ms;

    return entry->token != NULL && entry->expires_ms < ask_ms ? entry->expires_ms : ask_ms;
}

/* Asks for what is due, lets go of what expired or is not wanted; `wait_ms_out` until the next.
 * True when a token went. */
static bool look(struct tokens *tokens, int64_t *wait_ms_out)
{
    int64_t now_ms = clock_mono_ms(), next_ms = now_ms + WAIT_MAX_MS;
    bool changed = false;

    list_each_safe(&tokens->entries, link, after)
    {
        struct entry *entry = list_item(link, struct entry, link);

        if (!entry->running && entry->wanted < tokens->done) {
            entry_free(entry);
            continue;
        }
        forget_expired(entry, now_ms, &changed);
        if (!entry->running && entry->next_ms <= now_ms) {
            if (tokens->running == RUNNING_MAX)
                continue; /* The end of one that runs comes back here. */
            ask(tokens, entry);
            next_ms = now_ms; /* curl begins with it in the next turn */
        }
        next_ms = due_ms(entry) < next_ms ? due_ms(entry) : next_ms;
    }
    *wait_ms_out = next_ms > now_ms ? next_ms - now_ms : 0;
    return changed;
}

static void *run(void *argument)
{
    struct tokens *tokens = argument;

    while (!atomic_load(&tokens->stopping)) {
        int64_t wait_ms;
        bool changed;
        int running;

        (void)curl_multi_perform(tokens->multi, &running);
        pthread_mutex_lock(&tokens->lock);
        changed = take_ends(tokens);
        changed |= look(tokens, &wait_ms);
        pthread_mutex_unlock(&tokens->lock);
        if (changed)
            tokens->config.on_change(tokens->config.context);
        (void)curl_multi_poll(tokens->multi, NULL, 0, (int)wait_ms, NULL);
    }
    return NULL;
}

/* ---- from outside ---- */
struct tokens *tokens_start(const struct tokens_config *config)
{
    struct tokens *tokens = mem_new(sizeof(*tokens));

    tokens->config = *config;
    list_init(&tokens->entries);
    tokens->multi = curl_multi_init();
    must(tokens->multi != NULL && pthread_mutex_init(&tokens->lock, NULL) == 0);
    thread_start(&tokens->thread, "tokens", run, tokens);
    return tokens;
}

void tokens_stop(struct tokens *tokens)
{
    if (tokens == NULL)
        return;
    atomic_store(&tokens->stopping, true);
    (void)curl_multi_wakeup(tokens->multi);
    pthread_join(tokens->thread, NULL);
    list_each_safe(&tokens->entries, link, after)
    {
        struct entry *entry = list_item(link, struct entry, link);

        if (entry->running)
            curl_multi_remove_handle(tokens->multi, entry->easy);
        entry_free(entry);
    }
    (void)curl_multi_cleanup(tokens->multi);
    pthread_mutex_destroy(&tokens->lock);
    mem_free(tokens);
}

void tokens_begin(struct tokens *tokens)
{
    pthread_mutex_lock(&tokens->lock);
    tokens->round++;
    pthread_mutex_unlock(&tokens->lock);
}

uint32_t tokens_end(struct tokens *tokens)
{
    uint32_t count = 0;

    pthread_mutex_lock(&tokens->lock);
    tokens->done = tokens->round;
    list_each(&tokens->entries, link)
    {
        count += list_item(link, struct entry, link)->wanted == tokens->round;
    }
    pthread_mutex_unlock(&tokens->lock);
    (void)curl_multi_wakeup(tokens->multi);
    return count;
}

static struct entry *find(struct tokens *tokens, const struct sha256 *sum)
{
    list_each(&tokens->entries, link)
    {
        struct entry *entry = list_item(link, struct entry, link);

        if (memcmp(entry->sum.at, sum->at, sizeof(sum->at)) == 0)
            return entry;
    }
    return NULL;
}

static const char *add(struct tokens *tokens, struct span secret, struct span provider,
                       const struct sha256 *sum, struct entry **entry_out)
{
    struct arena *arena = arena_new(GRANT_ARENA_BYTES / 4, 2 * GRANT_ARENA_BYTES);
    struct secret_grant grant;
    const char *why = secret_read_grant(arena_span(arena, secret), arena, &grant);
    struct entry *entry;

    if (why != NULL) {
        arena_wipe(arena);
        arena_free(arena);
        return why;
    }
    entry = mem_new(sizeof(*entry));
    *entry = (struct entry){.tokens = tokens,
                            .sum = *sum,
                            .provider = span_dup(provider),
                            .arena = arena,
                            .grant = grant,
                            .ask = buf_make(TOKEN_ASK_MAX),
                            .answer = buf_make(TOKEN_ANSWER_MAX)};
    list_push_back(&tokens->entries, &entry->link);
    *entry_out = entry;
    return NULL;
}

const char *tokens_want(struct tokens *tokens, struct span secret, struct span provider,
                        struct arena *arena, struct span *token_out)
{
    struct sha256 sum = digest_sha256(secret);
    struct entry *entry;
    const char *why = NULL;

    pthread_mutex_lock(&tokens->lock);
    entry = find(tokens, &sum);
    if (entry == NULL)
        why = add(tokens, secret, provider, &sum, &entry);
    if (why == NULL) {
        bool there = entry->token != NULL && entry->expires_ms > clock_mono_ms();

        entry->wanted = tokens->round;
        *token_out = there ? arena_span(arena, span_of(entry->token)) : span_make("", 0);
    }
    pthread_mutex_unlock(&tokens->lock);
    return why;
}
