/*
 * out: the bytes of a connection on their way out. Gathered over a turn of the loop, then written
 * at once; two buffers, one growing while the other is being written.
 */
#include <stdio.h>
#include <sys/socket.h>

#include "common/base/mem.h"
#include "common/httpd/conn.h"

enum { CHUNK_LINE = 8, CHUNK_MAX = 0xffffff }; /* "%06x\r\n" */

static void release(struct httpd *httpd, struct outbuf *out)
{
    if (out->capacity == OUT_KEPT_BYTES && httpd->out_count < POOL_MAX)
        httpd->out_pool[httpd->out_count++] = out->at;
    else
        mem_free(out->at);
    *out = (struct outbuf){.chunk = SIZE_MAX};
}

static char *reserve(struct conn *conn, size_t size)
{
    struct outbuf *out = &conn->pending;
    size_t capacity = out->capacity == 0 ? OUT_KEPT_BYTES : out->capacity;

    if (out->size + size > out->capacity) {
        while (capacity < out->size + size)
            capacity *= 2;
        if (out->capacity == 0 && capacity == OUT_KEPT_BYTES && conn->httpd->out_count > 0)
            out->at = conn->httpd->out_pool[--conn->httpd->out_count];
        else
            out->at = mem_resize(out->at, capacity);
        out->capacity = capacity;
    }
    return out->at + out->size;
}

void out_add(struct conn *conn, struct span bytes)
{
    if (bytes.size == 0)
        return;
    memcpy(reserve(conn, bytes.size), bytes.at, bytes.size);
    conn->pending.size += bytes.size;
    conn_mark(conn);
}

void out_close_chunk(struct conn *conn)
{
    struct outbuf *out = &conn->pending;
    char line[CHUNK_LINE + 1];
    size_t size;

    if (out->chunk == SIZE_MAX)
        return;
    size = out->size - out->chunk - CHUNK_LINE;
    (void)snprintf(line, sizeof(line), "%06x\r\n", (unsigned)size & CHUNK_MAX);
    memcpy(out->at + out->chunk, line, CHUNK_LINE);
    out->chunk = SIZE_MAX;
    out_add(conn, span_of("\r\n"));
}

void out_add_chunked(struct conn *conn, struct span bytes)
{
    while (bytes.size > 0) {
        struct outbuf *out = &conn->pending;
        size_t room;

        if (out->chunk == SIZE_MAX) {
            (void)reserve(conn, CHUNK_LINE);
            out->chunk = out->size;
            out->size += CHUNK_LINE;
        }
        room = CHUNK_MAX - (out->size - out->chunk - CHUNK_LINE);
        if (room > bytes.size)
            room = bytes.size;
        out_add(conn, span_make(bytes.at, room));
        bytes = span_make(bytes.at + room, bytes.size - room);
        if (bytes.size > 0)
            out_close_chunk(conn);
    }
}

size_t out_waiting(const struct conn *conn)
{
    return conn->pending.size + (conn->flight.size - conn->flight_sent);
}

static void on_written(h2o_socket_t *socket, const char *error)
{
    struct conn *conn = socket->data;

    loop_touch(conn->httpd);
    conn->writing = false;
    if (conn->state == CONN_CLOSED)
        return;
    if (error != NULL) {
        conn_close(conn);
        return;
    }
    if (conn->flight_sent == conn->flight.size) {
        release(conn->httpd, &conn->flight);
        conn->flight_sent = 0;
    }
    conn_turn_end(conn);
}

void out_flush(struct conn *conn)
{
    h2o_iovec_t slice;

    if (conn->writing || conn->state == CONN_HANDSHAKE || conn->state == CONN_CLOSED)
        return;
    if (conn->flight.size == 0) {
        if (conn->pending.size == 0)
            return;
        out_close_chunk(conn);
        conn->flight = conn->pending;
        conn->pending = (struct outbuf){.chunk = SIZE_MAX};
        conn->flight_sent = 0;
    }
    slice.base = conn->flight.at + conn->flight_sent;
    slice.len = conn->flight.size - conn->flight_sent;
    if (slice.len > OUT_SLICE_BYTES)
        slice.len = OUT_SLICE_BYTES;
    conn->flight_sent += slice.len;
    conn->writing = true;
    conn->write_deadline_ms = httpd_now_ms(conn->httpd) + conn->httpd->config.write_timeout_ms;
    h2o_socket_write(conn->socket, &slice, 1, on_written);
}

void out_drop(struct conn *conn)
{
    release(conn->httpd, &conn->pending);
    release(conn->httpd, &conn->flight);
    conn->flight_sent = 0;
}
