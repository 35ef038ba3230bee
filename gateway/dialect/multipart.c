/*
 * multipart: see the header.
 */
#include "gateway/dialect/multipart.h"

/* Where the reading is. `delimiter` is "--" and the boundary. */
struct reading {
    struct span body;
    char delimiter[MULTIPART_BOUNDARY_MAX + 2];
    size_t delimiter_size;
    size_t at;
    enum multipart_outcome outcome;
};

static bool fail(struct reading *r, enum multipart_outcome outcome, size_t at)
{
    r->outcome = outcome;
    r->at = at;
    return false;
}

/* ---- the Content-Type ---- */

static struct span media_type(struct span content_type, struct span *rest_out)
{
    *rest_out = content_type;
    return span_trim(span_cut(rest_out, ';'));
}

bool multipart_is(struct span content_type)
{
    struct span rest;

    return span_is_nocase(media_type(content_type, &rest), "multipart/form-data");
}

/* RFC 2046's bchars, without the blank, which clients do not use and readers treat differently. */
static bool is_boundary(struct span text)
{
    static const char marks[] = "'()+_,-./:=?";

    if (text.size == 0 || text.size > MULTIPART_BOUNDARY_MAX)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!plain && memchr(marks, c, sizeof(marks) - 1) == NULL)
            return false;
    }
    return true;
}

/* The value of a parameter: a token, or a quoted string without escapes. */
static struct span parameter_value(struct span raw)
{
    raw = span_trim(raw);
    if (raw.size >= 2 && raw.at[0] == '"' && raw.at[raw.size - 1] == '"')
        return span_part(raw, 1, raw.size - 2);
    return raw;
}

static bool read_boundary(struct reading *r, struct span content_type)
{
    struct span rest, boundary = {0};

    if (content_type.size > MULTIPART_TYPE_MAX || !multipart_is(content_type))
        return fail(r, MULTIPART_NO_BOUNDARY, 0);
    (void)media_type(content_type, &rest);
    while (rest.at != NULL) {
        struct span value = span_cut(&rest, ';'), name = span_trim(span_cut(&value, '='));

        if (!span_is_nocase(name, "boundary"))
            continue;
        if (boundary.at != NULL || value.at == NULL)
            return fail(r, MULTIPART_NO_BOUNDARY, 0);
        boundary = parameter_value(value);
    }
    if (!is_boundary(boundary))
        return fail(r, MULTIPART_NO_BOUNDARY, 0);
    r->delimiter[0] = r->delimiter[1] = '-';
    memcpy(r->delimiter + 2, boundary.at, boundary.size);
    r->delimiter_size = boundary.size + 2;
    return true;
}

/* ---- a part's head ---- */

static bool is_token_name(struct span name)
{
    for (size_t i = 0; i < name.size; i++)
        if (name.at[i] <= ' ' || name.at[i] >= 127 || name.at[i] == '"')
            return false;
    return name.size > 0;
}

/* A quoted string at the head of *rest, whose inside is returned; at == NULL: there is none. A
 * filename may have escaped quotes in it, as some browsers write them. */
static struct span take_quoted(struct span *rest)
{
    if (rest->size < 2 || rest->at[0] != '"')
        return (struct span){0};
    for (size_t i = 1; i < rest->size; i++) {
        if (rest->at[i] == '\\' && i + 1 < rest->size) {
            i++;
        } else if (rest->at[i] == '"') {
            struct span inside = span_part(*rest, 1, i - 1);

            *rest = span_part(*rest, i + 1, SIZE_MAX);
            return inside;
        }
    }
    return (struct span){0};
}

/* A token (RFC 9110, 5.6.2), as .NET writes names that need no quotes. */
static struct span take_token(struct span *rest)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    size_t size = 0;
    struct span token;

    while (size < rest->size &&
           ((rest->at[size] >= '0' && rest->at[size] <= '9') ||
            ((rest->at[size] | 0x20) >= 'a' && (rest->at[size] | 0x20) <= 'z') ||
            memchr(marks, rest->at[size], sizeof(marks) - 1) != NULL))
        size++;
    token = size == 0 ? (struct span){0} : span_part(*rest, 0, size);
    *rest = span_part(*rest, size, SIZE_MAX);
    return token;
}

/* One parameter of a Content-Disposition: `; name="value"` or `; name=value`. A filename in RFC
 * 5987's form, which has no quotes, stands alone or behind the plain one. */
static bool read_disposition_parameter(struct span *rest, struct multipart_part *part)
{
    struct span name, value;
    ptrdiff_t equals = span_index(*rest, '=');

    if (equals < 0)
        return false;
    name = span_trim(span_part(*rest, 0, (size_t)equals));
    *rest = span_part(*rest, (size_t)equals + 1, SIZE_MAX);
    if (span_is_nocase(name, "filename*")) {
        value = span_trim(span_cut(rest, ';'));
        if (part->filename.at == NULL)
            part->filename = value;
        return value.at != NULL;
    }
    value = rest->size > 0 && rest->at[0] == '"' ? take_quoted(rest) : take_token(rest);
    if (value.at == NULL)
        return false;
    if (span_is_nocase(name, "name") && part->name.at == NULL)
        part->name = value;
    else if (span_is_nocase(name, "filename") && part->filename.at == NULL)
        part->filename = value;
    else
        return false;
    *rest = span_trim(*rest);
    if (rest->size == 0)
        *rest = (struct span){0};
    else if (rest->at[0] != ';')
        return false;
    else
        *rest = span_part(*rest, 1, SIZE_MAX);
    return true;
}

static bool read_disposition(struct span value, struct multipart_part *part)
{
    struct span rest = value, kind = span_trim(span_cut(&rest, ';'));

    if (!span_is_nocase(kind, "form-data") || part->name.at != NULL)
        return false;
    while (rest.at != NULL)
        if (!read_disposition_parameter(&rest, part))
            return false;
    return part->name.at != NULL && part->name.size > 0 && part->name.size <= MULTIPART_NAME_MAX &&
           span_index(part->name, '\\') < 0 && span_index(part->name, '%') < 0;
}

static bool read_head_line(struct span line, struct multipart_part *part)
{
    struct span value = line, name = span_cut(&value, ':');

    if (value.at == NULL || !is_token_name(name))
        return false;
    value = span_trim(value);
    if (span_is_nocase(name, "content-disposition"))
        return read_disposition(value, part);
    if (span_is_nocase(name, "content-type")) {
        if (part->type.at != NULL)
            return false;
        part->type = value;
    }
    if (span_is_nocase(name, "content-transfer-encoding"))
        return span_is_nocase(value, "binary") || span_is_nocase(value, "8bit") ||
               span_is_nocase(value, "7bit");
    return true;
}

/* Bytes of a line that ends in CRLF; SIZE_MAX when it does not, or holds what no line holds. */
static size_t line_size(struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '\r')
            return i + 1 < text.size && text.at[i + 1] == '\n' ? i : SIZE_MAX;
        if (text.at[i] == '\n' || text.at[i] == '\0')
            return SIZE_MAX;
    }
    return SIZE_MAX;
}

/* From r->at, which is behind the delimiter's line, to the content. */
static bool read_head(struct reading *r, struct multipart_part *part)
{
    struct span head = span_part(r->body, r->at, MULTIPART_HEAD_MAX);

    for (;;) {
        size_t size = line_size(head);

        if (size == SIZE_MAX)
            return fail(r,
                        head.at + head.size < r->body.at + r->body.size ? MULTIPART_HEAD_TOO_LARGE
                                                                        : MULTIPART_BAD_HEAD,
                        r->at);
        r->at += size + 2;
        if (size == 0)
            break;
        if (!read_head_line(span_part(head, 0, size), part))
            return fail(r, MULTIPART_BAD_HEAD, r->at - size - 2);
        head = span_part(head, size + 2, SIZE_MAX);
    }
    return part->name.at != NULL || fail(r, MULTIPART_BAD_HEAD, r->at);
}

/* ---- the body ---- */

/* What stands behind a delimiter: the end of its line, or of the body. */
static bool behind_delimiter(struct reading *r, size_t delimiter, bool *last_out)
{
    struct span rest;

    r->at = delimiter + r->delimiter_size;
    rest = span_part(r->body, r->at, SIZE_MAX);
    *last_out = span_starts(rest, "--");
    if (*last_out) {
        rest = span_part(rest, 2, SIZE_MAX);
        return rest.size == 0 || span_is(rest, "\r\n") || fail(r, MULTIPART_AMBIGUOUS, delimiter);
    }
    if (!span_starts(rest, "\r\n"))
        return fail(r, rest.size < 2 ? MULTIPART_CUT : MULTIPART_AMBIGUOUS, delimiter);
    r->at += 2;
    return true;
}

/* The next appearance of the delimiter from r->at on, which has to begin a line. */
static bool next_delimiter(struct reading *r, size_t content, size_t *delimiter_out)
{
    const char *found =
        memmem(r->body.at + content, r->body.size - content, r->delimiter, r->delimiter_size);
    size_t at;

    if (found == NULL)
        return fail(r, MULTIPART_CUT, r->body.size);
    at = (size_t)(found - r->body.at);
    if (at < content + 2 || found[-1] != '\n' || found[-2] != '\r')
        return fail(r, MULTIPART_AMBIGUOUS, at);
    *delimiter_out = at;
    return true;
}

static bool read_parts(struct reading *r, struct multipart *multipart)
{
    size_t delimiter = 0;
    bool last = false;

    if (r->body.size < r->delimiter_size ||
        memcmp(r->body.at, r->delimiter, r->delimiter_size) != 0)
        return fail(r, MULTIPART_NOT_BEGUN, 0);
    if (!behind_delimiter(r, 0, &last))
        return false;
    while (!last) {
        struct multipart_part part = {.from = delimiter};
        size_t content;

        if (multipart->count == MULTIPART_PARTS_MAX)
            return fail(r, MULTIPART_TOO_MANY, delimiter);
        if (!read_head(r, &part))
            return false;
        content = r->at;
        if (!next_delimiter(r, content, &delimiter))
            return false;
        part.content = span_part(r->body, content, delimiter - 2 - content);
        part.to = delimiter;
        multipart->parts[multipart->count++] = part;
        if (!behind_delimiter(r, delimiter, &last))
            return false;
    }
    return true;
}

enum multipart_outcome multipart_read(struct span content_type, struct span body,
                                      struct multipart *multipart_out, size_t *at_out)
{
    struct reading r = {.body = body};

    multipart_out->body = body;
    multipart_out->count = 0;
    if (read_boundary(&r, content_type))
        (void)read_parts(&r, multipart_out);
    if (at_out != NULL)
        *at_out = r.at;
    return r.outcome;
}

const char *multipart_outcome_text(enum multipart_outcome outcome)
{
    static const char *const texts[MULTIPART_OUTCOMES] = {
        [MULTIPART_OK] = "is read",
        [MULTIPART_NO_BOUNDARY] = "has no usable boundary in its Content-Type",
        [MULTIPART_NOT_BEGUN] = "does not begin with its boundary",
        [MULTIPART_CUT] = "has no end: its last boundary is missing",
        [MULTIPART_AMBIGUOUS] = "has its boundary where none can be",
        [MULTIPART_BAD_HEAD] = "has a part whose head cannot be read",
        [MULTIPART_HEAD_TOO_LARGE] = "has a part whose head is too large",
        [MULTIPART_TOO_MANY] = "has too many parts",
    };

    return texts[outcome];
}

const struct multipart_part *multipart_find(const struct multipart *multipart, const char *name,
                                            bool *twice_out)
{
    const struct multipart_part *found = NULL;
    bool twice = false;

    for (uint32_t i = 0; i < multipart->count; i++) {
        if (!span_is(multipart->parts[i].name, name))
            continue;
        twice = twice || found != NULL;
        found = &multipart->parts[i];
    }
    if (twice_out != NULL)
        *twice_out = twice;
    return twice ? NULL : found;
}

uint32_t multipart_pieces(const struct multipart *multipart, const struct multipart_edit *edits,
                          uint32_t edit_count, struct span *pieces_out, size_t *size_out)
{
    uint32_t count = 0;
    size_t at = 0;

    *size_out = 0;
    for (uint32_t i = 0; i <= edit_count; i++) {
        const struct multipart_edit *edit = i < edit_count ? &edits[i] : NULL;
        size_t content =
            edit == NULL || edit->cut ? 0 : (size_t)(edit->part->content.at - multipart->body.at);
        size_t to = edit == NULL ? multipart->body.size : edit->cut ? edit->part->from : content;

        pieces_out[count++] = span_part(multipart->body, at, to - at);
        if (edit == NULL)
            break;
        if (!edit->cut)
            pieces_out[count++] = edit->content;
        at = edit->cut ? edit->part->to : content + edit->part->content.size;
    }
    for (uint32_t i = 0; i < count; i++)
        *size_out += pieces_out[i].size;
    return count;
}
