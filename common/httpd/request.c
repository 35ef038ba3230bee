/*
 * request: what came, and the answer, as the handler sees them.
 */
#include <stdio.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/httpd/conn.h"

enum { HEAD_KEPT_BYTES = 4096 };

/* ---- what came ---- */

struct span httpd_method(const struct httpd_request *request)
{
    return request->head.method;
}

struct span httpd_path(const struct httpd_request *request)
{
    return request->head.path;
}

struct span httpd_query(const struct httpd_request *request)
{
    return request->head.query;
}

struct span httpd_body(const struct httpd_request *request)
{
    return span_make(request->body, request->body_size);
}

struct span httpd_peer(const struct httpd_request *request)
{
    return span_of(request->conn->peer);
}

bool httpd_is_tls(const struct httpd_request *request)
{
    return request->conn->tls;
}

int64_t httpd_arrived_us(const struct httpd_request *request)
{
    return request->arrived_us;
}

struct span httpd_header(const struct httpd_request *request, const char *name)
{
    size_t size = strlen(name);

    for (uint32_t i = 0; i < request->head.header_count; i++) {
        const struct httpd_header *header = &request->head.headers[i];

        if (header->name.size == size && memcmp(header->name.at, name, size) == 0)
            return header->value;
    }
    return span_make(NULL, 0);
}

struct span httpd_header_last(const struct httpd_request *request, const char *name)
{
    for (uint32_t i = request->head.header_count; i > 0; i--) {
        const struct httpd_header *header = &request->head.headers[i - 1];

        if (span_is(header->name, name))
            return header->value;
    }
    return span_make(NULL, 0);
}

const struct httpd_header *httpd_header_nth(const struct httpd_request *request, uint32_t n)
{
    return n < request->head.header_count ? &request->head.headers[n] : NULL;
}

bool httpd_header_ok(struct span name, struct span value)
{
    if (name.size == 0)
        return false;
    for (size_t i = 0; i < name.size; i++) {
        unsigned char c = (unsigned char)name.at[i];

        if (c <= 0x20 || c >= 0x7f || c == ':')
            return false;
    }
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char)value.at[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* ---- its life ---- */

struct httpd_request *request_take(struct conn *conn, const char *head, size_t size)
{
    struct httpd *httpd = conn->httpd;
    struct httpd_request *request;

    if (list_empty(&httpd->free_requests)) {
        request = mem_new(sizeof(*request));
        list_init(&request->link);
    } else {
        request = list_item(httpd->free_requests.next, struct httpd_request, link);
        list_remove(&request->link);
        httpd->free_request_count--;
    }
    request->conn = conn;
    request->arrived_us = clock_mono_us();
    if (request->head_capacity < size) {
        request->head_capacity = size < HEAD_KEPT_BYTES ? HEAD_KEPT_BYTES : size;
        request->head_bytes = mem_resize(request->head_bytes, request->head_capacity);
    }
    if (size > 0)
        memcpy(request->head_bytes, head, size);
    memset(&request->head, 0, offsetof(struct head, headers));
    request->head.header_count = 0;
    conn->request = request;
    return request;
}

void request_give_back(struct httpd_request *request)
{
    struct httpd *httpd = request->conn->httpd;

    request->conn->request = NULL;
    body_release(request);
    request->owner = NULL;
    request->on_gone = request->on_room = NULL;
    request->started = request->frame_chunks = request->no_body = request->was_full = false;
    if (httpd->free_request_count >= POOL_MAX || request->head_capacity > HEAD_KEPT_BYTES) {
        mem_free(request->head_bytes);
        mem_free(request->body);
        mem_free(request);
        return;
    }
    list_push_front(&httpd->free_requests, &request->link);
    httpd->free_request_count++;
}

void request_gone(struct httpd_request *request)
{
    void (*on_gone)(void *owner) = request->on_gone;
    void *owner = request->owner;

    request->conn->httpd->request_count--;
    request_give_back(request);
    if (on_gone != NULL)
        on_gone(owner);
}

void httpd_attach(struct httpd_request *request, void *owner, void (*on_gone)(void *owner),
                  void (*on_room)(void *owner))
{
    request->owner = owner;
    request->on_gone = on_gone;
    request->on_room = on_room;
}

/* ---- the answer ---- */

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *text;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {402, "Payment Required"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {529, "Overloaded"},
    };

    for (size_t i = 0; i < array_size(reasons); i++) {
        if (reasons[i].status == status)
            return reasons[i].text;
    }
    return "Other";
}

static struct span date_line(struct httpd *httpd)
{
    int64_t now_s = clock_wall_ms() / 1000;

    if (now_s != httpd->date_s) {
        time_t time = (time_t)now_s;
        struct tm tm;

        httpd->date_s = now_s;
        gmtime_r(&time, &tm);
        (void)strftime(httpd->date, sizeof(httpd->date), "date: %a, %d %b %Y %H:%M:%S GMT\r\n",
                       &tm);
    }
    return span_of(httpd->date);
}

static void add_headers(struct conn *conn, const struct httpd_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!httpd_header_ok(headers[i].name, headers[i].value)) {
            log_event(LOG_ALARM, "httpd.header_refused", LOG_N("index", i));
            continue;
        }
        out_add(conn, headers[i].name);
        out_add(conn, span_make(": ", 2));
        out_add(conn, headers[i].value);
        out_add(conn, span_make("\r\n", 2));
    }
}

static void add_framing(struct httpd_request *request, int status, size_t body_size)
{
    struct conn *conn = request->conn;
    char line[64];

    request->no_body = status == 204 || status == 304 || span_is(request->head.method, "HEAD");
    request->body_left = body_size;
    if (status == 204 || status == 304) {
        request->body_left = 0;
    } else if (body_size != SIZE_MAX) {
        int size = snprintf(line, sizeof(line), "content-length: %zu\r\n", body_size);

        out_add(conn, span_make(line, (size_t)size));
    } else if (request->head.minor == 1) {
        request->frame_chunks = true;
        out_add(conn, span_of("transfer-encoding: chunked\r\n"));
    } else {
        conn->keep_alive = false;
    }
    if (!conn->keep_alive)
        out_add(conn, span_of("connection: close\r\n"));
    else if (request->head.minor == 0)
        out_add(conn, span_of("connection: keep-alive\r\n"));
}

void httpd_start(struct httpd_request *request, int status, const struct httpd_header *headers,
                 size_t count, size_t body_size)
{
    struct conn *conn = request->conn;
    char line[80];
    int size;

    must(!request->started && conn->state == CONN_BUSY);
    request->started = true;
    if (conn->httpd->stopping)
        conn->keep_alive = false;
    size = snprintf(line, sizeof(line), "HTTP/1.1 %d %s\r\n", status, reason_of(status));
    out_add(conn, span_make(line, (size_t)size));
    out_add(conn, date_line(conn->httpd));
    add_headers(conn, headers, count);
    add_framing(request, status, body_size);
    out_add(conn, span_make("\r\n", 2));
}

static bool queue(struct httpd_request *request, struct span bytes)
{
    struct conn *conn = request->conn;

    must(request->started);
    if (request->no_body)
        return false;
    if (request->frame_chunks) {
        out_add_chunked(conn, bytes);
    } else {
        if (bytes.size > request->body_left)
            bytes.size = request->body_left;
        if (request->body_left != SIZE_MAX)
            request->body_left -= bytes.size;
        out_add(conn, bytes);
    }
    if (out_waiting(conn) > conn->httpd->config.max_pending_bytes)
        request->was_full = true;
    return request->was_full;
}

bool httpd_send(struct httpd_request *request, struct span bytes)
{
    return queue(request, bytes);
}

void httpd_end(struct httpd_request *request, bool complete)
{
    struct conn *conn = request->conn;
    bool sized = !request->frame_chunks && !request->no_body && request->body_left != SIZE_MAX;
    bool open_ended = !request->frame_chunks && !request->no_body && request->body_left == SIZE_MAX;

    must(request->started);
    if (sized && request->body_left > 0)
        complete = false;
    if (request->frame_chunks && !request->no_body && complete) {
        out_close_chunk(conn);
        out_add(conn, span_make("0\r\n\r\n", 5));
    }
    if (!complete) {
        conn->keep_alive = false;
        conn->abort_close = open_ended;
    }
    conn->state = CONN_FLUSH;
    conn->httpd->request_count--;
    request_give_back(request);
    conn_mark(conn);
}

void httpd_answer(struct httpd_request *request, int status, const struct httpd_header *headers,
                  size_t count, struct span body)
{
    httpd_start(request, status, headers, count, body.size);
    queue(request, body);
    httpd_end(request, true);
}
