/*
 * form: see the header.
 */
#include "gateway/dialect/form.h"

#include "common/base/json_writer.h"

struct reading {
    struct form *form;
    struct arena *arena;
    struct ask_refusal *refusal;
    struct buf text;
    struct json_writer w;
};

static bool refuse(struct reading *r, const char *param, const char *message)
{
    *r->refusal = (struct ask_refusal){.message = message, .param = param};
    return false;
}

static bool is_one_of(struct span name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (span_is(name, *names))
            return true;
    return false;
}

static bool is_json(struct span text)
{
    struct json_doc doc = json_doc_make();
    bool good = json_parse(&doc, text, &json_limits_body) == JSON_OK;

    json_doc_done(&doc);
    return good;
}

static void write_value(struct reading *r, const struct multipart_part *part)
{
    static const char *const numbers[] = {"n", "partial_images", "output_compression", NULL};
    static const char *const flags[] = {"stream", NULL};
    static const char *const objects[] = {"provider", "models", "tags", "cache", "metadata", NULL};
    struct span content = part->content;
    int64_t number;

    if (is_one_of(part->name, numbers) && span_int64(content, &number) == 0)
        json_write_int64(&r->w, number);
    else if (is_one_of(part->name, flags) && (span_is(content, "true") || span_is(content, "1")))
        json_write_bool(&r->w, true);
    else if (is_one_of(part->name, flags) && (span_is(content, "false") || span_is(content, "0")))
        json_write_bool(&r->w, false);
    else if (is_one_of(part->name, objects) && is_json(content))
        json_write_raw(&r->w, content);
    else
        json_write_string(&r->w, content);
}

/* Our own objects have to be one field: a policy that stands in `provider[only][]` would else be
 * passed over. */
static bool check_list(struct reading *r, const struct multipart_part *part)
{
    static const char *const ours[] = {"model", "models", "provider", "tags", "cache", NULL};
    struct span base = part->name;
    const char *name;

    base.size = (size_t)span_index(base, '[');
    name = arena_strdup(r->arena, arena_span(r->arena, base).at);
    return !is_one_of(base, ours) ||
           refuse(r, name,
                  arena_printf(r->arena, "'%s' must be one field of the form%s.", name,
                               span_is(base, "model") ? "" : ", with JSON in it"));
}

static bool write_part(struct reading *r, const struct multipart_part *part)
{
    bool twice;
    const char *name;

    if (span_index(part->name, '[') >= 0)
        return check_list(r, part);
    name = arena_span(r->arena, part->name).at;
    if (part->filename.at != NULL)
        return !span_is(part->name, "model") ||
               refuse(r, name, "'model' must be a field, no file.");
    (void)!multipart_find(&r->form->multipart, name, &twice);
    if (twice)
        return refuse(r, name, arena_printf(r->arena, "The form has '%s' twice.", name));
    json_name_span(&r->w, part->name);
    write_value(r, part);
    return !buf_failed(&r->text) ||
           refuse(r, name, "The fields of the form are too large, its files aside.");
}

static bool has_file(const struct multipart *multipart, const char *name, const char *names)
{
    for (uint32_t i = 0; i < multipart->count; i++)
        if (multipart->parts[i].filename.at != NULL &&
            (span_is(multipart->parts[i].name, name) || span_is(multipart->parts[i].name, names)))
            return true;
    return false;
}

static bool check_files(struct reading *r, enum ask_kind kind)
{
    const struct multipart *multipart = &r->form->multipart;

    if (kind == ASK_IMAGE_EDITS)
        return has_file(multipart, "image", "image[]") ||
               refuse(r, "image", "Missing required parameter: 'image', which is a file.");
    return (multipart_find(multipart, "file", NULL) != NULL && has_file(multipart, "file", "")) ||
           refuse(r, "file", "Missing required parameter: 'file', which is one file.");
}

static bool write_parts(struct reading *r)
{
    const struct multipart *multipart = &r->form->multipart;

    json_begin(&r->w, '{');
    for (uint32_t i = 0; i < multipart->count; i++)
        if (!write_part(r, &multipart->parts[i]))
            return false;
    json_end(&r->w, '}');
    return !buf_failed(&r->text) ||
           refuse(r, NULL, "The fields of the form are too large, its files aside.");
}

enum ask_outcome form_read(struct span content_type, struct span body, enum ask_kind kind,
                           struct arena *arena, struct form *form_out,
                           struct ask_refusal *refusal_out)
{
    struct reading r = {.form = form_out,
                        .arena = arena,
                        .refusal = refusal_out,
                        .text = buf_make(FORM_FIELDS_MAX_BYTES)};
    size_t at;
    enum multipart_outcome outcome = multipart_read(content_type, body, &form_out->multipart, &at);
    bool good;

    if (outcome != MULTIPART_OK) {
        *refusal_out =
            (struct ask_refusal){.message = arena_printf(arena, "The form %s at byte %zu.",
                                                         multipart_outcome_text(outcome), at)};
        return ASK_MALFORMED;
    }
    r.w = json_writer_make(&r.text);
    good = write_parts(&r) && check_files(&r, kind);
    if (good) {
        form_out->json = arena_span(arena, buf_span(&r.text));
        form_out->content_type = arena_span(arena, content_type);
    }
    buf_done(&r.text);
    return good ? ASK_OK : ASK_INVALID;
}

static bool is_consumed(const struct ask *ask, struct span name)
{
    for (uint32_t i = 0; i < ask->consumed_count; i++) {
        struct span quoted = json_raw(ask->doc, ask->consumed[i]);

        if (span_equal(span_part(quoted, 1, quoted.size - 2), name))
            return true;
    }
    return false;
}

uint32_t form_patch(const struct form *form, const struct ask *ask, struct span upstream_model,
                    struct arena *arena, const struct span **pieces_out, size_t *bytes_out)
{
    const struct multipart *multipart = &form->multipart;
    struct multipart_edit *edits = arena_array(arena, multipart->count + 1, sizeof(*edits));
    struct span *pieces = arena_array(arena, 2 * (size_t)multipart->count + 1, sizeof(*pieces));
    uint32_t count = 0;

    for (uint32_t i = 0; i < multipart->count; i++) {
        const struct multipart_part *part = &multipart->parts[i];

        if (part->filename.at != NULL)
            continue;
        if (span_is(part->name, "model"))
            edits[count++] = (struct multipart_edit){.part = part, .content = upstream_model};
        else if (is_consumed(ask, part->name))
            edits[count++] = (struct multipart_edit){.part = part, .cut = true};
    }
    *pieces_out = pieces;
    return multipart_pieces(multipart, edits, count, pieces, bytes_out);
}
