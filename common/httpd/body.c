/*
 * body: gathers the body of a request, within the limits of one body and of all of them.
 */
#include "common/base/mem.h"
#include "common/httpd/conn.h"

static _Atomic size_t *budget(struct httpd *httpd)
{
    return httpd->config.bodies_bytes != NULL ? httpd->config.bodies_bytes : &httpd->own_bodies;
}

/* Charges what the capacity has beyond the free part. False when all bodies together would be too
 * large. */
static bool charge(struct httpd_request *request, size_t capacity)
{
    struct httpd *httpd = request->conn->httpd;
    size_t wanted = capacity <= BODY_FREE_BYTES ? 0 : capacity;

    if (wanted > request->charged) {
        size_t more = wanted - request->charged;

        if (atomic_fetch_add_explicit(budget(httpd), more, memory_order_relaxed) + more >
            httpd->config.max_bodies_bytes) {
            atomic_fetch_sub_explicit(budget(httpd), more, memory_order_relaxed);
            return false;
        }
        request->charged = wanted;
    }
    return true;
}

void body_release(struct httpd_request *request)
{
    if (request->charged > 0) {
        atomic_fetch_sub_explicit(budget(request->conn->httpd), request->charged,
                                  memory_order_relaxed);
        request->charged = 0;
        mem_free(request->body);
        request->body = NULL;
        request->body_capacity = 0;
    }
    request->body_size = 0;
}

static int grow(struct httpd_request *request, size_t more)
{
    const struct httpd_config *config = &request->conn->httpd->config;
    size_t needed = request->body_size + more, capacity = request->body_capacity;

    if (needed > config->max_body_bytes)
        return -413;
    if (needed <= capacity)
        return 0;
    if (capacity < BODY_FREE_BYTES)
        capacity = BODY_FREE_BYTES;
    while (capacity < needed)
        capacity *= 2;
    if (request->head.content_length > BODY_FREE_BYTES &&
        capacity > (size_t)request->head.content_length)
        capacity = (size_t)request->head.content_length;
    if (!charge(request, capacity))
        return -503;
    request->body = mem_resize(request->body, capacity);
    request->body_capacity = capacity;
    return 0;
}

static int append(struct httpd_request *request, struct span bytes)
{
    int refused = grow(request, bytes.size);

    if (refused != 0)
        return refused;
    memcpy(request->body + request->body_size, bytes.at, bytes.size);
    request->body_size += bytes.size;
    return 0;
}

int body_begin(struct httpd_request *request)
{
    request->chunked = (struct chunked){0};
    if (request->head.content_length > (int64_t)request->conn->httpd->config.max_body_bytes)
        return -413;
    return request->head.chunked || request->head.content_length > 0 ? 0 : 1;
}

static int read_chunks(struct httpd_request *request, struct span *input)
{
    struct span run;

    while ((run = chunked_next(&request->chunked, input, SIZE_MAX)).size > 0) {
        int refused = append(request, run);

        if (refused != 0)
            return refused;
    }
    if (request->chunked.state == CHUNKED_BROKEN)
        return -400;
    return request->chunked.state == CHUNKED_DONE ? 1 : 0;
}

int body_read(struct httpd_request *request)
{
    h2o_buffer_t **buffer = &request->conn->socket->input;
    struct span input = {(*buffer)->bytes, (*buffer)->size};
    int outcome;

    if (input.size == 0)
        return 0;
    if (request->head.chunked) {
        outcome = read_chunks(request, &input);
    } else {
        size_t left = (size_t)request->head.content_length - request->body_size;
        size_t part = input.size < left ? input.size : left;

        outcome = append(request, span_make(input.at, part));
        input = span_make(input.at + part, input.size - part);
        if (outcome == 0 && part == left)
            outcome = 1;
    }
    h2o_buffer_consume(buffer, (*buffer)->size - input.size);
    return outcome;
}
