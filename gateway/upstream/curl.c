/*
 * curl: see the header. Calls and their callbacks; curl_loop.c has sockets and turns.
 *
 * libcurl forbids adding, removing and pausing from inside its callbacks, and the flow may ask for
 * all of that from there. So every call down is put on a list, and the lists are worked off at the
 * end of the turn (curl_turn).
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "gateway/sign/guard.h"
#include "gateway/upstream/curl.h"
#include "gateway/upstream/curl_loop.h"

/* Bodies up to this are copied into one run and leave in one packet with the head. */
#define SMALL_BODY_MAX ((size_t)64 << 10)
/* A provider's Retry-After is believed up to this. */
#define RETRY_AFTER_MAX_MS INT64_C(600000)

void curl_process_init(void)
{
    must(curl_global_init(CURL_GLOBAL_ALL) == 0);
}

/* ---- what curl tells ---- */
static bool header_is(struct span line, const char *name, struct span *value_out)
{
    struct span rest = line, found = span_cut(&rest, ':');

    if (rest.at == NULL || !span_is_nocase(found, name))
        return false;
    *value_out = span_trim(rest);
    return true;
}

static void keep_text(struct span value, char *at, size_t capacity, struct span *span_out)
{
    size_t size = value.size < capacity ? value.size : capacity;

    if (size > 0)
        memcpy(at, value.at, size);
    *span_out = span_make(at, size);
}

/* Seconds, or a date (RFC 9110, 10.2.3). */
static int64_t read_retry_after(struct span value)
{
    char text[64];
    int64_t seconds;

    if (span_int64(value, &seconds) != 0) {
        snprintf(text, sizeof(text), "%.*s", SPAN_ARG(value));
        time_t date = curl_getdate(text, NULL);
        seconds = date < 0 ? 0 : (int64_t)date - clock_wall_ms() / 1000;
    }
    if (seconds <= 0)
        return 0;
    return seconds > RETRY_AFTER_MAX_MS / 1000 ? RETRY_AFTER_MAX_MS : seconds * 1000;
}

static void read_status(struct upstream_call *call, struct span line)
{
    struct span rest = line, version = span_cut(&rest, ' ');
    int64_t status;

    (void)version;
    call->head = (struct upstream_head){0};
    if (span_int64(span_part(rest, 0, 3), &status) == 0)
        call->head.status = (int)status;
}

static void read_header(struct upstream_call *call, struct span line)
{
    struct upstream_head *head = &call->head;
    struct span value;

    if (header_is(line, "content-type", &value))
        keep_text(value, call->content_type, sizeof(call->content_type), &head->content_type);
    else if (header_is(line, "content-encoding", &value))
        keep_text(value, call->encoding, sizeof(call->encoding), &head->content_encoding);
    else if (header_is(line, "x-request-id", &value) || header_is(line, "request-id", &value))
        keep_text(value, call->request_id, sizeof(call->request_id), &head->request_id);
    else if (header_is(line, "content-length", &value) ||
             header_is(line, "transfer-encoding", &value))
        head->framed = true;
    else if (header_is(line, "retry-after", &value))
        head->retry_after_ms = read_retry_after(value);
}

static size_t on_header(char *at, size_t size, size_t count, void *context)
{
    struct upstream_call *call = context;
    struct span line = span_make(at, size * count);

    if (call->cancelled || call->head_told)
        return line.size;
    while (line.size > 0 && (line.at[line.size - 1] == '\n' || line.at[line.size - 1] == '\r'))
        line.size--;
    if (span_starts(line, "HTTP/")) {
        read_status(call, line);
    } else if (line.size > 0) {
        read_header(call, line);
    } else if (call->head.status >= 200) {
        call->head_told = true;
        call->events->on_head(call->context, &call->head);
    }
    return size * count;
}

static size_t on_write(char *at, size_t size, size_t count, void *context)
{
    struct upstream_call *call = context;

    if (call->cancelled)
        return size * count;
    if (call->paused) {
        call->stopped = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    call->events->on_bytes(call->context, span_make(at, size * count));
    return size * count;
}

static size_t on_read(char *at, size_t size, size_t count, void *context)
{
    struct upstream_call *call = context;
    size_t room = size * count, done = 0;

    if (call->cancelled)
        return CURL_READFUNC_ABORT;
    while (done < room && call->piece < call->piece_count) {
        struct span rest = span_part(call->pieces[call->piece], call->piece_at, room - done);
        memcpy(at + done, rest.at, rest.size);
        done += rest.size;
        call->piece_at += rest.size;
        if (call->piece_at == call->pieces[call->piece].size) {
            call->piece++;
            call->piece_at = 0;
        }
    }
    return done;
}

/* curl would send the request again by itself when a kept connection turns out to be dead. The
 * provider may have read the first one, so the second is an attempt of its own: not curl's to make.
 */
static int on_send(void *context, char *peer, char *local, int peer_port, int local_port)
{
    struct upstream_call *call = context;

    (void)peer;
    (void)local;
    (void)peer_port;
    (void)local_port;
    return call->sendings++ == 0 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* curl winds the body back before it asks on_send for a second time. */
static int on_seek(void *context, curl_off_t offset, int origin)
{
    struct upstream_call *call = context;

    if (offset != 0 || origin != SEEK_SET || call->cancelled)
        return CURL_SEEKFUNC_CANTSEEK;
    call->piece = 0;
    call->piece_at = 0;
    return CURL_SEEKFUNC_OK;
}

static curl_socket_t on_open_socket(void *context, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
    struct upstream_call *call = context;
    const struct origin *origin = call->origin;
    curl_socket_t fd = guard_socket(address, origin->plain,
                                    origin->sandbox || call->upstream->config.allow_loopback);

    (void)purpose;
    call->forbidden = call->forbidden || fd == CURL_SOCKET_BAD;
    return fd;
}

/* ---- calls ---- */
static void set_fixed(struct curl_upstream *upstream, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    guard_handle(easy, upstream->config.ca_file);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_send);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_loop_set_close(upstream, easy);
}

CURL *curl_new_handle(struct curl_upstream *upstream)
{
    CURL *easy = curl_easy_init();

    must(easy != NULL);
    set_fixed(upstream, easy);
    return easy;
}

void curl_set_body(struct upstream_call *call, const struct span *pieces, uint32_t count,
                   size_t bytes)
{
    buf_clear(&call->small);
    call->pieces = pieces;
    call->piece_count = count;
    call->piece = 0;
    call->piece_at = 0;
    curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)bytes);
    if (bytes > SMALL_BODY_MAX) {
        curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, NULL);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        buf_add_span(&call->small, pieces[i]);
    call->piece_count = 0;
    curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, call->small.at == NULL ? "" : call->small.at);
}

/* A GET without a body changes nothing at the provider and may be sent again. */
static void set_method(struct upstream_call *call, enum upstream_method method)
{
    switch (method) {
    case UPSTREAM_POST:
        return;
    case UPSTREAM_GET:
        curl_easy_setopt(call->easy, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(call->easy, CURLOPT_PREREQFUNCTION, NULL);
        break;
    case UPSTREAM_DELETE:
        curl_easy_setopt(call->easy, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(call->easy, CURLOPT_CUSTOMREQUEST, "DELETE");
        break;
    }
    call->odd_handle = true;
}

void curl_set_call(struct upstream_call *call)
{
    CURL *easy = call->easy;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_READDATA, call);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, call);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
}

static void release(struct upstream_call *call)
{
    if (call->odd_handle)
        curl_easy_cleanup(call->easy);
    else
        origin_keep_handle(call->origin, call->easy);
    origin_give_back_path(call->path);
    origin_give_back(call->origin);
}

static void set_up(struct upstream_call *call, const struct upstream_request *request,
                   struct curl_slist *lines)
{
    long connect_ms = request->deployment->connect_timeout_ms;

    curl_set_call(call);
    curl_easy_setopt(call->easy, CURLOPT_CURLU, call->path->url);
    curl_easy_setopt(call->easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms > 0 ? connect_ms : 3000L);
    curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, lines);
    if (request->method == UPSTREAM_POST)
        curl_set_body(call, request->pieces, request->piece_count, request->body_bytes);
    set_method(call, request->method);
}

static struct upstream_call *start(struct upstream *base, const struct upstream_request *request,
                                   const struct upstream_events *events, void *context)
{
    struct curl_upstream *upstream = container_of(base, struct curl_upstream, base);
    const struct snapshot_credential *credential =
        request->credential != NULL ? request->credential : &request->deployment->credentials[0];
    struct origin *origin = origins_take(&upstream->origins, request->deployment, credential);
    struct curl_slist *lines = NULL;
    struct upstream_call *call;

    if (origin == NULL)
        return NULL;
    call = curl_loop_take_call(upstream);
    call->origin = origin;
    call->release = release;
    call->path = origin_take_path(origin, request->path);
    if (call->path != NULL)
        lines =
            request_lines_make(&call->lines, request, origin, call->path, clock_wall_ms() / 1000);
    call->easy = origin_take_handle(origin);
    if (call->easy == NULL)
        call->easy = curl_new_handle(upstream);
    if (lines == NULL) {
        curl_loop_give_back_call(call);
        return NULL;
    }
    call->events = events;
    call->context = context;
    set_up(call, request, lines);
    list_push_back(&upstream->starting, &call->link);
    return call;
}

static void pause_call(struct upstream_call *call)
{
    call->paused = true;
}

static void resume_call(struct upstream_call *call)
{
    if (!call->paused)
        return;
    call->paused = false;
    /* Only a transfer that curl itself stopped is on no other list and has to be woken. */
    if (call->stopped) {
        call->stopped = false;
        list_remove(&call->link);
        list_push_back(&call->upstream->resuming, &call->link);
    }
}

static void cancel_call(struct upstream_call *call)
{
    call->cancelled = true;
    list_remove(&call->link);
    list_push_back(&call->upstream->cancelled, &call->link);
}

static const struct upstream_ops ops = {.start = start,
                                        .pause = pause_call,
                                        .resume = resume_call,
                                        .cancel = cancel_call,
                                        .turn = curl_loop_turn,
                                        .free = curl_loop_free};

struct upstream *curl_upstream_new(struct httpd *httpd, const struct curl_config *config)
{
    struct curl_upstream *upstream = mem_new(sizeof(*upstream));

    upstream->base.ops = &ops;
    upstream->config = *config;
    upstream->origins = origins_make(config->idle_handles);
    curl_loop_start(upstream, httpd);
    return &upstream->base;
}
