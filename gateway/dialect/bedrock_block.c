/*
 * bedrock_block: the parts of a chat as Converse's content blocks.
 *
 * Pictures and documents go as bytes or stand in S3; what stands elsewhere cannot be said.
 */
#include "gateway/dialect/bedrock_ask.h"
#include "gateway/dialect/chat_text.h"

enum { ID_MAX = 64, TYPE_MAX = 128, NAME_MAX_BYTES = 100, NAME_READ_MAX = 2048 };

void bedrock_write_cache(struct bedrock_writing *w, enum chat_cache cache)
{
    bool hour = cache == CACHE_1H && w->model.cache_1h;

    if (cache == CACHE_UNSET)
        return;
    if (!w->model.cache || w->cache_skip > 0) {
        if (w->cache_skip > 0)
            w->cache_skip--;
        chat_lose(w->losses, MEMBER_CACHE);
        return;
    }
    if (cache == CACHE_1H && !hour)
        chat_lose(w->losses, MEMBER_CACHE);
    pieces_json(w->out, span_of(hour ? "{\"cachePoint\":{\"type\":\"default\",\"ttl\":\"1h\"}}"
                                     : "{\"cachePoint\":{\"type\":\"default\"}}"));
}

/* ---- texts ---- */

void bedrock_write_text(struct bedrock_writing *w, struct span text)
{
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "text", text);
    pieces_end(w->out, '}');
}

/* ---- media ---- */

static const struct {
    const char *type, *format;
} pictures[] = {{"image/png", "png"},
                {"image/jpeg", "jpeg"},
                {"image/jpg", "jpeg"},
                {"image/gif", "gif"},
                {"image/webp", "webp"}},
  documents[] = {
      {"application/pdf", "pdf"},
      {"text/csv", "csv"},
      {"application/msword", "doc"},
      {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"},
      {"application/vnd.ms-excel", "xls"},
      {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"},
      {"text/html", "html"},
      {"text/plain", "txt"},
      {"text/markdown", "md"},
};

/* A media type without its parameters; empty when it is none. */
static struct span bare_type(struct span inside, struct buf *decoded)
{
    struct span type;

    (void)json_unescape(inside, decoded);
    type = buf_failed(decoded) ? (struct span){0} : buf_span(decoded);
    return span_trim(span_cut(&type, ';'));
}

/* By the type, or by the first bytes of the base64; NULL: none that is taken. */
static const char *picture_format(const struct chat_part *part)
{
    static const struct {
        const char *start, *format;
    } starts[] = {{"iVBORw0KGgo", "png"},
                  {"/9j/", "jpeg"},
                  {"\\/9j\\/", "jpeg"},
                  {"R0lGOD", "gif"},
                  {"UklGR", "webp"}};
    struct buf decoded = buf_make(TYPE_MAX);
    struct span type = bare_type(part->type, &decoded);
    const char *format = NULL;

    for (size_t i = 0; i < array_size(pictures) && format == NULL; i++)
        if (span_is_nocase(type, pictures[i].type))
            format = pictures[i].format;
    for (size_t i = 0; part->type.size == 0 && i < array_size(starts) && format == NULL; i++)
        if (span_starts(part->data, starts[i].start))
            format = starts[i].format;
    if (format == NULL && part->type.size == 0)
        format = "png";
    buf_done(&decoded);
    return format;
}

static struct span extension_of(struct span name)
{
    struct span part = {0};

    if (span_index(name, '.') < 0)
        return part;
    while (name.size > 0)
        part = span_cut(&name, '.');
    return part;
}

static const char *document_format(const struct chat_part *part)
{
    struct buf decoded = buf_make(TYPE_MAX);
    struct span type = bare_type(part->type, &decoded), extension = extension_of(part->name);
    bool untold = part->type.size == 0 || span_is_nocase(type, "application/octet-stream");
    const char *format = NULL;

    for (size_t i = 0; i < array_size(documents) && format == NULL; i++)
        if (span_is_nocase(type, documents[i].type) ||
            (untold && span_is_nocase(extension, documents[i].format)))
            format = documents[i].format;
    if (format == NULL && untold)
        format = "pdf";
    buf_done(&decoded);
    return format;
}

static void write_source(struct bedrock_writing *w, const struct chat_part *part)
{
    pieces_name(w->out, "source");
    pieces_begin(w->out, '{');
    if (part->by == MEDIA_URL) {
        pieces_name(w->out, "s3Location");
        pieces_begin(w->out, '{');
        pieces_put_inside(w->out, "uri", part->data);
        pieces_end(w->out, '}');
    } else {
        pieces_put_inside(w->out, "bytes", part->data);
    }
    pieces_end(w->out, '}');
}

/* Whether it can be had there. */
static bool is_reachable(struct bedrock_writing *w, const struct chat_part *part,
                         const char *by_url)
{
    if (part->by == MEDIA_FILE_ID)
        chat_refuse(w->losses, "a file that another provider keeps");
    else if (part->by == MEDIA_URL && !span_starts(part->data, "s3://"))
        chat_refuse(w->losses, by_url);
    else
        return true;
    return false;
}

static void write_picture(struct bedrock_writing *w, const struct chat_part *part)
{
    const char *format = picture_format(part);

    if (!is_reachable(w, part, "images by URL"))
        return;
    if (format == NULL) {
        chat_refuse(w->losses, "images other than PNG, JPEG, GIF and WebP");
        return;
    }
    if (part->detail.size > 0 && !span_is(part->detail, "auto"))
        chat_lose(w->losses, MEMBER_IMAGE_DETAIL);
    pieces_begin(w->out, '{');
    pieces_name(w->out, "image");
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "format", span_of(format));
    write_source(w, part);
    pieces_end(w->out, '}');
    pieces_end(w->out, '}');
}

static bool may_stand_in_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr(" -()[]", c) != NULL);
}

/* Without its extension, in the few characters that are taken, never two blanks or two of what
 * stands for others in a row; with a number, because no two may be the same. */
static void write_document_name(struct bedrock_writing *w, struct span inside)
{
    struct buf decoded = buf_make(NAME_READ_MAX), name = buf_make(NAME_MAX_BYTES + 32);
    struct span rest;

    (void)json_unescape(inside, &decoded);
    rest = buf_failed(&decoded) ? (struct span){0} : buf_span(&decoded);
    if (span_index(rest, '.') >= 0)
        rest.size -= extension_of(rest).size + 1;
    for (size_t i = 0; i < rest.size && name.size < NAME_MAX_BYTES; i++) {
        char c = may_stand_in_name(rest.at[i]) ? rest.at[i] : '-';
        char before = name.size == 0 ? ' ' : name.at[name.size - 1];
        if ((c != ' ' && c != '-') || c != before)
            buf_add_byte(&name, c);
    }
    if (chat_text_is_blank(buf_span(&name)))
        buf_add_string(&name, "document");
    if (name.at[name.size - 1] != ' ')
        buf_add_byte(&name, ' ');
    buf_add_int64(&name, ++w->documents);
    /* Copied: shorter than what pieces borrow. */
    pieces_put_inside(w->out, "name", buf_span(&name));
    buf_done(&name);
    buf_done(&decoded);
}

static void write_document(struct bedrock_writing *w, const struct chat_part *part)
{
    const char *format = document_format(part);

    if (span_starts(part->type, "image/")) {
        write_picture(w, part);
        return;
    }
    if (!is_reachable(w, part, "files by URL"))
        return;
    if (format == NULL) {
        chat_refuse(w->losses, "files of this type");
        return;
    }
    pieces_begin(w->out, '{');
    pieces_name(w->out, "document");
    pieces_begin(w->out, '{');
    pieces_put_inside(w->out, "format", span_of(format));
    write_document_name(w, part->name);
    write_source(w, part);
    pieces_end(w->out, '}');
    pieces_end(w->out, '}');
}

/* ---- reasoning ---- */

static void write_reasoning(struct bedrock_writing *w, const struct chat_part *part)
{
    pieces_begin(w->out, '{');
    pieces_name(w->out, "reasoningContent");
    pieces_begin(w->out, '{');
    if (part->kind == PART_REDACTED) {
        pieces_put_inside(w->out, "redactedContent", part->data);
    } else {
        pieces_name(w->out, "reasoningText");
        pieces_begin(w->out, '{');
        pieces_put_inside(w->out, "text", part->text);
        pieces_put_inside(w->out, "signature", part->signature);
        pieces_end(w->out, '}');
    }
    pieces_end(w->out, '}');
    pieces_end(w->out, '}');
}

/* ---- tools ---- */

static bool may_stand_in_id(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

/* Ids of other providers have bytes that are refused here, or too many of them; the same id becomes
 * the same again, others stay apart. */
static void put_id(struct bedrock_writing *w, struct span id)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    struct buf plain = buf_make(ID_MAX);
    bool good = id.size > 0 && id.size <= ID_MAX;

    for (size_t i = 0; i < id.size; i++) {
        hash = (hash ^ (unsigned char)id.at[i]) * UINT64_C(1099511628211);
        good = good && may_stand_in_id(id.at[i]);
    }
    if (!good)
        buf_printf(&plain, "call_%016llx", (unsigned long long)hash);
    pieces_put_inside(w->out, "toolUseId", good ? id : buf_span(&plain));
    buf_done(&plain);
}

static void write_call(struct bedrock_writing *w, const struct chat_part *part)
{
    pieces_begin(w->out, '{');
    pieces_name(w->out, "toolUse");
    pieces_begin(w->out, '{');
    put_id(w, part->id);
    pieces_put_inside(w->out, "name", part->name);
    pieces_name(w->out, "input");
    pieces_json_value(w->out, &part->arguments);
    pieces_end(w->out, '}');
    pieces_end(w->out, '}');
}

static void write_held(struct bedrock_writing *w, const struct chat_part *part)
{
    if (part->kind == PART_TEXT || part->kind == PART_REFUSAL)
        bedrock_write_text(w, part->text);
    else if (part->kind == PART_IMAGE)
        write_picture(w, part);
    else if (part->kind == PART_FILE)
        write_document(w, part);
    else
        chat_refuse(w->losses, "a tool result with more than texts, images and documents");
}

static void write_result(struct bedrock_writing *w, const struct chat_part *part)
{
    if (!claude_turn_calls(w->chat, &w->before, part->id))
        chat_refuse(w->losses, "a tool result that answers no tool call of the turn before");
    pieces_begin(w->out, '{');
    pieces_name(w->out, "toolResult");
    pieces_begin(w->out, '{');
    put_id(w, part->id);
    pieces_name(w->out, "content");
    pieces_begin(w->out, '[');
    for (uint32_t i = 0; i < part->count; i++)
        if (claude_takes(&w->chat->parts[part->first + i]))
            write_held(w, &w->chat->parts[part->first + i]);
    pieces_end(w->out, ']');
    if (part->error)
        pieces_put_word(w->out, "status", "error");
    pieces_end(w->out, '}');
    pieces_end(w->out, '}');
}

void bedrock_write_block(struct bedrock_writing *w, const struct chat_part *part, bool last)
{
    switch (part->kind) {
    case PART_TEXT:
    case PART_REFUSAL:
        /* What the assistant is to go on from may not end in blanks. */
        bedrock_write_text(w, last ? chat_text_without_end(part->text) : part->text);
        break;
    case PART_REASONING:
    case PART_REDACTED:
        write_reasoning(w, part);
        break;
    case PART_IMAGE:
        write_picture(w, part);
        break;
    case PART_AUDIO:
        chat_refuse(w->losses, "audio input");
        break;
    case PART_FILE:
        write_document(w, part);
        break;
    case PART_TOOL_CALL:
        write_call(w, part);
        break;
    case PART_TOOL_RESULT:
        write_result(w, part);
        break;
    case PART_KINDS:
        break;
    }
    bedrock_write_cache(w, part->cache);
}
