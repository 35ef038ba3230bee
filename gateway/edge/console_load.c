/*
 * console_load: the console's tree, from the disk into memory; see console.h.
 */
#include <errno.h>
#include <fts.h>

#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/mem.h"
#include "gateway/edge/console_private.h"

enum { HASH_SIZE = 8, ETAG_BYTES = 16 };

static const struct {
    const char *suffix, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/vnd.microsoft.icon"},
    {".jpg", "image/jpeg"},
    {".webp", "image/webp"},
    {".woff2", "font/woff2"},
    {".woff", "font/woff"},
    {".ttf", "font/ttf"},
    {".txt", "text/plain; charset=utf-8"},
    {".wasm", "application/wasm"},
};

static const struct {
    const char *suffix;
    enum coding coding;
} codings[] = {{".br", CODING_BROTLI}, {".gz", CODING_GZIP}};

static const char *type_of(struct span path)
{
    for (size_t i = 0; i < array_size(types); i++) {
        if (span_ends(path, types[i].suffix))
            return types[i].type;
    }
    return "application/octet-stream";
}

static bool is_hash(struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];

        if ((c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '_' &&
            c != '-')
            return false;
    }
    return text.size == HASH_SIZE;
}

/* assets/NAME-HASH.EXTENSION, as the console's bundler names what it makes. */
static bool is_hashed(struct span path)
{
    struct span rest = path, stem;
    size_t from;

    if (!span_starts(path, CONSOLE_ASSETS))
        return false;
    stem = span_cut(&rest, '.');
    if (rest.at == NULL || stem.size < HASH_SIZE + 1)
        return false;
    from = stem.size - HASH_SIZE;
    return stem.at[from - 1] == '-' && is_hash(span_part(stem, from, SIZE_MAX));
}

static struct console_file *file_at(struct console *console, struct span path)
{
    struct console_file *file = map_get(console->by_path, path);

    if (file == NULL) {
        file = &console->files[console->count++];
        file->path = span_make(span_dup(path), path.size);
        file->content_type = type_of(path);
        file->immutable = is_hashed(path);
        map_put(console->by_path, file->path, file);
    }
    return file;
}

/* X.br belongs to X, where X is there too (console_load looks at that in the end). */
static struct span strip_coding(struct span path, enum coding *coding_out)
{
    *coding_out = CODING_IDENTITY;
    for (size_t i = 0; i < array_size(codings); i++) {
        if (span_ends(path, codings[i].suffix)) {
            *coding_out = codings[i].coding;
            return span_part(path, 0, path.size - strlen(codings[i].suffix));
        }
    }
    return path;
}

static bool bad(struct buf *why, const char *path, const char *what)
{
    buf_printf(why, "%s %s", path, what);
    return false;
}

static bool take_file(struct console *console, const char *name, struct span path, struct buf *why)
{
    struct buf bytes = buf_make(CONSOLE_FILE_BYTES_MAX);
    struct console_form *form;
    struct sha256 digest;
    enum coding coding;
    int r;

    if (console->seen++ == CONSOLE_FILES_MAX)
        return bad(why, name, "is one file too many");
    r = file_read(name, &bytes);
    if (r != 0) {
        buf_done(&bytes);
        return bad(why, name, r == -EFBIG ? "is too large" : strerror(-r));
    }
    console->bytes += bytes.size;
    path = strip_coding(path, &coding);
    form = &file_at(console, path)->forms[coding];
    digest = digest_sha256(buf_span(&bytes));
    form->etag[0] = '"';
    digest_hex(digest.at, ETAG_BYTES, form->etag + 1);
    memcpy(form->etag + 1 + 2 * ETAG_BYTES, "\"", 2);
    form->body.size = bytes.size;
    form->body.at = bytes.size == 0 ? mem_new(1) : buf_take(&bytes);
    buf_done(&bytes);
    return console->bytes <= CONSOLE_BYTES_MAX || bad(why, name, "makes the whole too large");
}

static bool read_tree(struct console *console, FTS *tree, size_t root_size, struct buf *why)
{
    FTSENT *entry;

    while ((entry = fts_read(tree)) != NULL) {
        if (entry->fts_level > 0 && entry->fts_name[0] == '.') {
            (void)fts_set(tree, entry, FTS_SKIP);
            continue;
        }
        if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS)
            return bad(why, entry->fts_path, strerror(entry->fts_errno));
        if (entry->fts_info != FTS_F)
            continue;
        if (entry->fts_level == 0)
            return bad(why, entry->fts_path, "is no folder");
        if (!take_file(console, entry->fts_accpath,
                       span_part(span_of(entry->fts_path), root_size + 1, SIZE_MAX), why))
            return false;
    }
    return true;
}

/* A coding without the file itself cannot be served to everybody. */
static bool is_complete(const struct console *console, struct buf *why)
{
    for (size_t i = 0; i < console->count; i++) {
        if (console->files[i].forms[CODING_IDENTITY].body.at == NULL) {
            buf_printf(why, "%.*s is there in a coding only", SPAN_ARG(console->files[i].path));
            return false;
        }
    }
    if (console->index != NULL)
        return true;
    buf_add_string(why, "there is no " CONSOLE_INDEX);
    return false;
}

struct console *console_load(const char *folder, struct buf *why)
{
    struct console *console = mem_new(sizeof(*console));
    size_t size = strlen(folder);
    char *root, *roots[2] = {NULL, NULL};
    FTS *tree;
    bool ok;

    while (size > 1 && folder[size - 1] == '/')
        size--;
    root = mem_printf("%.*s", (int)size, folder);
    roots[0] = root;
    console->by_path = map_new(CONSOLE_FILES_MAX);
    console->files = mem_array(CONSOLE_FILES_MAX, sizeof(struct console_file));
    tree = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
    ok = tree != NULL ? read_tree(console, tree, size, why) : bad(why, root, strerror(errno));
    if (tree != NULL)
        (void)fts_close(tree);
    mem_free(root);
    console->index = map_get(console->by_path, span_of(CONSOLE_INDEX));
    if (ok && is_complete(console, why))
        return console;
    console_free(console);
    return NULL;
}

void console_free(struct console *console)
{
    if (console == NULL)
        return;
    for (size_t i = 0; i < console->count; i++) {
        struct console_file *file = &console->files[i];

        for (int coding = 0; coding < CODINGS; coding++)
            mem_free((void *)(uintptr_t)file->forms[coding].body.at);
        mem_free((void *)(uintptr_t)file->path.at);
    }
    map_free(console->by_path);
    mem_free(console->files);
    mem_free(console);
}
