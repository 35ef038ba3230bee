/*
 * request_lines: see the header.
 */
#include "gateway/upstream/request_lines.h"

#include "common/httpd/httpd.h"

/* What two names, a colon and a number add to a line, generously. */
#define LINE_EXTRA 64
/* A signature's line and its date, without the key's id and token. */
#define SIGNATURE_BYTES 1024
#define JSON_TYPE "application/json"

/* Enough for all lines, so that the buffer does not move while nodes point into it. */
static bool reserve(struct request_lines *lines, const struct upstream_request *request,
                    const struct origin *origin)
{
    size_t bytes = 4 * LINE_EXTRA + request->content_type.size + request->accept.size +
                   request->request_id.size;

    if (origin->signing != NULL)
        bytes += SIGNATURE_BYTES + 2 * strlen(origin->secret) + strlen(origin->signing->region);
    for (uint32_t i = 0; i < request->passed_count; i++)
        bytes += LINE_EXTRA + request->passed[i].name.size + request->passed[i].value.size;
    return buf_reserve(&lines->text, bytes) != NULL;
}

static void add_constant(struct request_lines *lines, const char *line)
{
    struct curl_slist *node;

    if (lines->count < REQUEST_LINES_MAX) {
        node = &lines->nodes[lines->count];
        /* curl reads the line only; its type says otherwise. */
        memcpy(&node->data, &line, sizeof(line));
    }
    lines->count++;
}

static void add_line(struct request_lines *lines, struct span name, struct span value)
{
    size_t from = lines->text.size;

    if (!httpd_header_ok(name, value))
        return;
    buf_add_span(&lines->text, name);
    buf_add_string(&lines->text, ": ");
    buf_add_span(&lines->text, value);
    buf_add_byte(&lines->text, '\0');
    add_constant(lines, lines->text.at + from);
}

/* The client's own line of that name is sent instead. */
static bool is_passed(const struct upstream_request *request, const char *line)
{
    struct span rest = span_of(line), name = span_cut(&rest, ':');

    for (uint32_t i = 0; i < request->passed_count; i++) {
        struct span other = request->passed[i].name;

        if (other.size == name.size && strncasecmp(other.at, name.at, name.size) == 0)
            return true;
    }
    return false;
}

/* The sandbox is told which request it serves, so that its truth can be compared with ours. */
static void add_sandbox(struct request_lines *lines, const struct upstream_request *request)
{
    char attempt[16];
    int size = snprintf(attempt, sizeof(attempt), "%u", request->attempt);

    add_line(lines, span_of("x-tollgate-request-id"), request->request_id);
    add_line(lines, span_of("x-tollgate-attempt"), span_make(attempt, (size_t)size));
}

/* ---- signatures ---- */
static struct span content_type_of(const struct upstream_request *request)
{
    if (request->content_type.size > 0)
        return request->content_type;
    return span_of(request->method == UPSTREAM_POST ? JSON_TYPE : NULL);
}

static struct span method_of(const struct upstream_request *request)
{
    static const char *const names[] = {
        [UPSTREAM_POST] = "POST", [UPSTREAM_GET] = "GET", [UPSTREAM_DELETE] = "DELETE"};

    return span_of(names[request->method]);
}

/* AWS's, over the method, the path, the body, its type and the host. */
static bool add_signature(struct request_lines *lines, const struct upstream_request *request,
                          const struct origin *origin, const struct origin_path *path,
                          int64_t wall_s)
{
    struct buf value cleanup(buf_done) = buf_make(REQUEST_LINES_BYTES_MAX);
    struct span type = content_type_of(request);
    const struct sigv4_header headers[] = {{span_of("host"), span_of(origin->signing->host)},
                                           {span_of("content-type"), type}};
    const struct sigv4_ask ask = {
        .method = method_of(request),
        .path = span_of(path->wire_path),
        .query = span_of(path->wire_query),
        .headers = headers,
        .header_count = type.size > 0 ? 2 : 1,
        .payload = digest_sha256_pieces(request->pieces, request->piece_count),
        .region = span_of(origin->signing->region),
        .service = span_of("bedrock"),
        .time_s = wall_s,
    };
    char date[SIGV4_DATE_BYTES];

    if (sigv4_authorization(&ask, &origin->signing->key, &value) < 0)
        return false;
    sigv4_date(wall_s, date);
    add_line(lines, span_of("Authorization"), buf_span(&value));
    add_line(lines, span_of("X-Amz-Date"), span_of(date));
    if (origin->signing->key.token.size > 0)
        add_line(lines, span_of("X-Amz-Security-Token"), origin->signing->key.token);
    return true;
}

/* ---- all of them ---- */
static void add_own(struct request_lines *lines, const struct upstream_request *request)
{
    for (uint32_t i = 0; i < request->passed_count; i++)
        add_line(lines, request->passed[i].name, request->passed[i].value);
    for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++) {
        if (!is_passed(request, request->headers[i]))
            add_constant(lines, request->headers[i]);
    }
    if (request->accept.size > 0)
        add_line(lines, span_of("Accept"), request->accept);
    if (request->content_type.size > 0)
        add_line(lines, span_of("Content-Type"), request->content_type);
}

struct curl_slist *request_lines_make(struct request_lines *lines,
                                      const struct upstream_request *request,
                                      const struct origin *origin, const struct origin_path *path,
                                      int64_t wall_s)
{
    struct curl_slist *rest = origin->headers;

    buf_clear(&lines->text);
    lines->count = 0;
    if (!reserve(lines, request, origin))
        return NULL;
    if (origin->sandbox)
        add_sandbox(lines, request);
    add_own(lines, request);
    if (origin->signing != NULL && !add_signature(lines, request, origin, path, wall_s))
        return NULL;
    /* The first of the origin's own is the content type of JSON. */
    if (request->content_type.size > 0 || request->method != UPSTREAM_POST)
        rest = rest->next;
    if (lines->count > REQUEST_LINES_MAX)
        return NULL;
    for (uint32_t i = 0; i < lines->count; i++)
        lines->nodes[i].next = i + 1 < lines->count ? &lines->nodes[i + 1] : rest;
    return lines->count > 0 ? lines->nodes : rest;
}
