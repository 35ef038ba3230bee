/*
 * fetch: see the header. A call of curl_loop with a handle of its own, whose head goes another way.
 */
#include "gateway/upstream/fetch.h"

#include <sys/socket.h>

#include "common/base/address.h"
#include "common/base/mem.h"
#include "gateway/upstream/curl_loop.h"

enum { HEADERS_MAX = 64, HEAD_BYTES_MAX = 64 << 10, CONNECT_MS = 3000 };

struct fetch {
    struct upstream_call *call;
    const struct fetch_events *events;
    void *context;
    struct curl_slist *lines;
    char *target;
    struct span body;
    struct buf head; /* the lines of the answer's head, each behind the other */
    struct httpd_header headers[HEADERS_MAX];
    size_t header_count;
    int status;
    bool too_large; /* more head than HEAD_BYTES_MAX or HEADERS_MAX */
};

bool fetch_origin_ok(const char *origin)
{
    static const char *const hosts[] = {"http://127.0.0.1:", "http://[::1]:", "http://localhost:"};
    int64_t port;

    for (size_t i = 0; i < array_size(hosts); i++) {
        if (span_starts(span_of(origin), hosts[i]))
            return span_int64(span_of(origin + strlen(hosts[i])), &port) == 0 && port > 0 &&
                   port <= UINT16_MAX;
    }
    return false;
}

/* ---- what curl tells ---- */
/* The lines so far lie in a buffer that may move, so headers are cut when the head is whole. */
static void cut_headers(struct fetch *fetch)
{
    struct span rest = buf_span(&fetch->head);

    fetch->header_count = 0;
    while (rest.size > 0) {
        struct span value = span_cut(&rest, '\n'), name = span_cut(&value, ':');

        if (value.at == NULL || name.size == 0)
            continue;
        if (fetch->header_count == HEADERS_MAX) {
            fetch->too_large = true;
            return;
        }
        fetch->headers[fetch->header_count++] = (struct httpd_header){name, span_trim(value)};
    }
}

static void tell_head(struct fetch *fetch)
{
    struct fetch_head head = {.status = fetch->status, .headers = fetch->headers, .body_bytes = -1};

    cut_headers(fetch);
    if (fetch->too_large)
        return;
    head.header_count = fetch->header_count;
    for (size_t i = 0; i < head.header_count; i++) {
        int64_t bytes;

        if (span_is(fetch->headers[i].name, "content-length") &&
            span_int64(fetch->headers[i].value, &bytes) == 0 && bytes >= 0)
            head.body_bytes = bytes;
    }
    fetch->call->head_told = true;
    fetch->events->on_head(fetch->context, &head);
}

static void keep_line(struct fetch *fetch, struct span line)
{
    size_t from = fetch->head.size;

    buf_add_span(&fetch->head, line);
    buf_add_byte(&fetch->head, '\n');
    if (buf_failed(&fetch->head)) {
        fetch->too_large = true;
        return;
    }
    for (size_t at = from; at < fetch->head.size && fetch->head.at[at] != ':'; at++) {
        if (fetch->head.at[at] >= 'A' && fetch->head.at[at] <= 'Z')
            fetch->head.at[at] = (char)(fetch->head.at[at] - 'A' + 'a');
    }
}

static void read_status(struct fetch *fetch, struct span line)
{
    struct span rest = line, version = span_cut(&rest, ' ');
    int64_t status;

    (void)version;
    buf_clear(&fetch->head);
    fetch->status = span_int64(span_part(rest, 0, 3), &status) == 0 ? (int)status : 0;
}

static size_t on_header(char *at, size_t size, size_t count, void *context)
{
    struct upstream_call *call = context;
    struct fetch *fetch = call->context;
    struct span line = span_make(at, size * count);

    if (call->cancelled || call->head_told)
        return size * count;
    while (line.size > 0 && (line.at[line.size - 1] == '\n' || line.at[line.size - 1] == '\r'))
        line.size--;
    if (span_starts(line, "HTTP/"))
        read_status(fetch, line);
    else if (line.size > 0)
        keep_line(fetch, line);
    else if (fetch->status >= 200)
        tell_head(fetch);
    /* Less than it gave ends the transfer: the answer is broken. */
    return fetch->too_large ? 0 : size * count;
}

static curl_socket_t on_open_socket(void *context, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
    struct upstream_call *call = context;

    (void)purpose;
    if (address_kind_of(&address->addr) != ADDRESS_LOOPBACK) {
        call->forbidden = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void on_bytes(void *context, struct span bytes)
{
    struct fetch *fetch = context;

    fetch->events->on_bytes(fetch->context, bytes);
}

static void fetch_free(struct fetch *fetch)
{
    buf_done(&fetch->head);
    mem_free(fetch->target);
    mem_free(fetch);
}

static void on_end(void *context, enum upstream_end end)
{
    struct fetch *fetch = context;
    const struct fetch_events *events = fetch->events;
    void *whom = fetch->context;

    fetch_free(fetch);
    events->on_end(whom, end);
}

static const struct upstream_events call_events = {.on_bytes = on_bytes, .on_end = on_end};

/* ---- calls ---- */
static void release(struct upstream_call *call)
{
    struct fetch *fetch = call->context;

    curl_easy_cleanup(call->easy);
    curl_slist_free_all(fetch->lines);
    if (!call->ended)
        fetch_free(fetch);
}

static void add_line(struct fetch *fetch, const char *line)
{
    struct curl_slist *list = curl_slist_append(fetch->lines, line);

    must(list != NULL);
    fetch->lines = list;
}

/* A name without a value takes out what curl would add by itself. */
static void set_headers(struct fetch *fetch, const struct fetch_request *request)
{
    bool has_type = false, has_accept = false;

    for (size_t i = 0; i < request->header_count; i++) {
        const struct httpd_header *header = &request->headers[i];
        char *line;

        has_type = has_type || span_is(header->name, "content-type");
        has_accept = has_accept || span_is(header->name, "accept");
        if (header->value.size == 0 || !httpd_header_ok(header->name, header->value))
            continue;
        line = mem_printf("%.*s: %.*s", SPAN_ARG(header->name), SPAN_ARG(header->value));
        add_line(fetch, line);
        mem_free_secret(line, strlen(line));
    }
    add_line(fetch, "Expect:");
    if (!has_type)
        add_line(fetch, "Content-Type:");
    if (!has_accept)
        add_line(fetch, "Accept:");
    curl_easy_setopt(fetch->call->easy, CURLOPT_HTTPHEADER, fetch->lines);
}

/* A kept connection may be dead, after a restart of the other side say: curl sends a GET again by
 * itself; what changes something goes over one of its own, so that it is sent once. */
static void set_request(struct fetch *fetch, const struct fetch_request *request)
{
    CURL *easy = fetch->call->easy;
    char method[16];

    must(request->method.size < sizeof(method));
    memcpy(method, request->method.at, request->method.size);
    method[request->method.size] = 0;
    curl_easy_setopt(easy, CURLOPT_URL, request->origin);
    curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, fetch->target);
    if (request->body.at == NULL && span_is(request->method, "GET")) {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, NULL);
    } else {
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
        curl_set_body(fetch->call, &fetch->body, fetch->body.at == NULL ? 0 : 1, fetch->body.size);
    }
}

struct fetch *fetch_start(struct upstream *base, const struct fetch_request *request,
                          const struct fetch_events *events, void *context)
{
    struct curl_upstream *upstream = container_of(base, struct curl_upstream, base);
    struct upstream_call *call = curl_loop_take_call(upstream);
    struct fetch *fetch = mem_new(sizeof(*fetch));

    fetch->call = call;
    fetch->events = events;
    fetch->context = context;
    fetch->body = request->body;
    fetch->target = span_dup(request->target);
    fetch->head = buf_make(HEAD_BYTES_MAX);
    call->easy = curl_new_handle(upstream);
    call->release = release;
    call->events = &call_events;
    call->context = fetch;
    curl_set_call(call);
    curl_easy_setopt(call->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(call->easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(call->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)request->total_ms);
    set_headers(fetch, request);
    set_request(fetch, request);
    list_push_back(&upstream->starting, &call->link);
    return fetch;
}

void fetch_pause(struct fetch *fetch)
{
    fetch->call->upstream->base.ops->pause(fetch->call);
}

void fetch_resume(struct fetch *fetch)
{
    fetch->call->upstream->base.ops->resume(fetch->call);
}

void fetch_cancel(struct fetch *fetch)
{
    fetch->call->upstream->base.ops->cancel(fetch->call);
}
