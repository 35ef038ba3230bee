/*
 * console: the console's files, read into memory once and served from there.
 *
 * Immutable after console_load() and shared by all workers. A file X may have X.br and X.gz beside
 * it, made when the console was built: they are X in another coding and no files of their own.
 */
#ifndef TOLLGATE_GATEWAY_EDGE_CONSOLE_H
#define TOLLGATE_GATEWAY_EDGE_CONSOLE_H

#include "common/base/buf.h"
#include "common/httpd/httpd.h"
#include "gateway/edge/call.h"
#include "gateway/edge/negotiate.h"

enum { CONSOLE_FILES_MAX = 2000, CONSOLE_ETAG_SIZE = 36 };
#define CONSOLE_FILE_BYTES_MAX ((size_t)8 << 20)
#define CONSOLE_BYTES_MAX ((size_t)64 << 20)

struct console;

struct console_form {
    struct span body; /* at NULL: there is none */
    char etag[CONSOLE_ETAG_SIZE];
};

struct console_file {
    struct span path; /* below the folder: "assets/index-B1x9.js" */
    const char *content_type;
    bool immutable; /* its name holds a hash of its content */
    struct console_form forms[CODINGS];
};

/* What a request is told. */
struct console_answer {
    int status; /* 200, 302, 304, 308, 404 */
    const char *location;
    const struct console_file *file; /* of 200 and 304 */
    enum coding coding;
};

/* Reads the tree of `folder`, hidden files and symbolic links aside. NULL with a sentence in `why`:
 * it cannot be read, has no index.html, or is larger than the limits above. */
must_use struct console *console_load(const char *folder, struct buf *why);
void console_free(struct console *console); /* NULL is fine */

/* May this stand behind /console/: no dot segment, empty segment, backslash or NUL, escaped or
 * not, and no broken escape. */
must_use bool console_path_ok(struct span path);

/* What stands at a path of ENDPOINT_CONSOLE or ENDPOINT_ROOT. Files are found by their exact name;
 * what is none, and not below assets/, is a place of the client's routes: index.html. */
must_use struct console_answer console_decide(const struct console *console, struct span path,
                                              struct span accept_encoding,
                                              struct span if_none_match);

/* Sends it; the request is not valid afterwards. `call` names the request. */
void console_send(const struct console_answer *answer, const struct call *call);

#endif
