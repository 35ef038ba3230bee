/*
 * console: what is served at which path, and how it is sent; see the header.
 */
#include "gateway/edge/console.h"

#include "common/base/mem.h"
#include "gateway/edge/console_private.h"
#include "gateway/edge/secure.h"

enum { SLICE_BYTES = 64 << 10, HEADERS_MAX = SECURE_HEADERS_MAX + 8 };

#define PREFIX "/console"

/* ---- what ---- */

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte at *at, its escape undone, and *at behind it; -1 for a broken escape. */
static int next_byte(struct span path, size_t *at)
{
    int high, low;

    if (path.at[*at] != '%')
        return (unsigned char)path.at[(*at)++];
    if (path.size - *at < 3)
        return -1;
    high = hex_of(path.at[*at + 1]);
    low = hex_of(path.at[*at + 2]);
    *at += 3;
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static bool is_dots(size_t size, size_t dots)
{
    return dots == size && (dots == 1 || dots == 2);
}

bool console_path_ok(struct span path)
{
    size_t size = 0, dots = 0; /* of the segment so far */

    for (size_t at = 0; at < path.size;) {
        bool escaped = path.at[at] == '%';
        int byte = next_byte(path, &at);

        if (byte < 0x20 || byte == 0x7f || byte == '\\')
            return false;
        /* %2F is part of a name for us, but no name of ours is that of a folder above. */
        if (byte == '/') {
            if (is_dots(size, dots) || (size == 0 && !escaped))
                return false;
            size = dots = 0;
            continue;
        }
        size++;
        dots += byte == '.';
    }
    return !is_dots(size, dots);
}

static const struct console_file *find(const struct console *console, struct span path)
{
    const struct console_file *file;

    if (!console_path_ok(path))
        return NULL;
    file = map_get(console->by_path, path);
    if (file != NULL)
        return file;
    /* A script that is gone must not become a page, or a browser would complain about its type. */
    return span_starts(path, CONSOLE_ASSETS) ? NULL : console->index;
}

static unsigned codings_of(const struct console_file *file)
{
    unsigned available = 0;

    for (int coding = 0; coding < CODINGS; coding++)
        available |= file->forms[coding].body.at == NULL ? 0 : 1U << coding;
    return available;
}

struct console_answer console_decide(const struct console *console, struct span path,
                                     struct span accept_encoding, struct span if_none_match)
{
    struct console_answer answer = {.coding = CODING_IDENTITY};

    if (span_is(path, "/") || span_is(path, PREFIX)) {
        answer.status = span_is(path, "/") ? 302 : 308;
        answer.location = PREFIX "/";
        return answer;
    }
    answer.file = find(console, span_part(path, strlen(PREFIX "/"), SIZE_MAX));
    if (answer.file == NULL) {
        answer.status = 404;
        return answer;
    }
    answer.coding = negotiate_coding(accept_encoding, codings_of(answer.file));
    answer.status =
        negotiate_has(if_none_match, span_of(answer.file->forms[answer.coding].etag)) ? 304 : 200;
    return answer;
}

/* ---- how ---- */

/* What is left of a large file while the client takes it. */
struct sending {
    struct httpd_request *request;
    struct span rest;
};

static void on_gone(void *owner)
{
    mem_free(owner);
}

static void on_room(void *owner)
{
    struct sending *sending = owner;
    bool full = false;

    while (sending->rest.size > 0 && !full) {
        struct span slice = span_part(sending->rest, 0, SLICE_BYTES);

        sending->rest = span_part(sending->rest, slice.size, SIZE_MAX);
        full = httpd_send(sending->request, slice);
    }
    if (sending->rest.size > 0)
        return;
    httpd_end(sending->request, true);
    mem_free(sending);
}

static void send_body(struct httpd_request *request, struct span body)
{
    struct sending *sending;

    if (body.size <= SLICE_BYTES) {
        (void)!httpd_send(request, body);
        httpd_end(request, true);
        return;
    }
    sending = mem_new(sizeof(*sending));
    sending->request = request;
    sending->rest = body;
    httpd_attach(request, sending, on_gone, on_room);
    on_room(sending);
}

static void add(struct httpd_header *headers, size_t *count, const char *name, const char *value)
{
    headers[(*count)++] = (struct httpd_header){span_of(name), span_of(value)};
}

static size_t add_file_headers(const struct console_answer *answer, struct httpd_header *headers,
                               size_t count)
{
    const struct console_file *file = answer->file;
    const char *coding = coding_name(answer->coding);

    add(headers, &count, "cache-control",
        file->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    add(headers, &count, "etag", file->forms[answer->coding].etag);
    add(headers, &count, "vary", "accept-encoding");
    if (answer->status != 200)
        return count;
    add(headers, &count, "content-type", file->content_type);
    if (coding != NULL)
        add(headers, &count, "content-encoding", coding);
    return count;
}

void console_send(const struct console_answer *answer, const struct call *call)
{
    static const char nothing[] = "Nothing is served at this path.\n";
    struct httpd_header headers[HEADERS_MAX];
    size_t count = secure_headers(SECURE_CONSOLE, httpd_is_tls(call->request), headers);
    struct span body = {NULL, 0};
    char id[ID_TEXT_SIZE];

    (void)id_format(ID_GENERATION, call->id, id);
    add(headers, &count, "x-request-id", id);
    if (answer->file != NULL) {
        count = add_file_headers(answer, headers, count);
        if (answer->status == 200)
            body = answer->file->forms[answer->coding].body;
    } else if (answer->location != NULL) {
        add(headers, &count, "location", answer->location);
    } else {
        add(headers, &count, "content-type", "text/plain; charset=utf-8");
        add(headers, &count, "cache-control", "no-store");
        body = span_make(nothing, sizeof(nothing) - 1);
    }
    httpd_start(call->request, answer->status, headers, count, body.size);
    send_body(call->request, body);
}
