/*
 * fuzz-multipart: a form is read without harm; what is accepted has its parts in order and within
 * the body, and the body that edits make of it is read the same way. The JSON of its fields is
 * JSON, and what goes on to a provider has the provider's model.
 *
 * The first line is the Content-Type.
 */
#include "common/base/buf.h"
#include "common/base/mem.h"
#include "gateway/dialect/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_parts(const struct multipart *multipart)
{
    size_t at = 0;

    for (uint32_t i = 0; i < multipart->count; i++) {
        const struct multipart_part *part = &multipart->parts[i];

        must(part->from == at && part->to > part->from && part->to <= multipart->body.size);
        must(part->content.at >= multipart->body.at + part->from);
        must(part->content.at + part->content.size + 2 == multipart->body.at + part->to);
        must(part->name.size > 0 && part->name.size <= MULTIPART_NAME_MAX);
        at = part->to;
    }
}

/* Every first part gets other content, every second one goes. */
static void check_edits(struct span type, const struct multipart *multipart)
{
    struct multipart_edit edits[MULTIPART_PARTS_MAX];
    struct span pieces[2 * MULTIPART_PARTS_MAX + 1];
    struct buf text = buf_make(1 << 22);
    static struct multipart again;
    size_t size;
    uint32_t count;

    for (uint32_t i = 0; i < multipart->count; i++)
        edits[i] = (struct multipart_edit){
            .part = &multipart->parts[i], .content = span_of("new"), .cut = i % 2 == 1};
    count = multipart_pieces(multipart, edits, multipart->count, pieces, &size);
    for (uint32_t i = 0; i < count; i++)
        buf_add_span(&text, pieces[i]);
    must(!buf_failed(&text) && text.size == size);
    must(multipart_read(type, buf_span(&text), &again, NULL) == MULTIPART_OK);
    must(again.count == (multipart->count + 1) / 2);
    for (uint32_t i = 0; i < again.count; i++) {
        must(span_is(again.parts[i].content, "new"));
        must(span_equal(again.parts[i].name, multipart->parts[2 * i].name));
    }
    buf_done(&text);
}

static void check_patched(struct span type, const struct form *form, const struct ask *ask,
                          struct arena *arena)
{
    static struct multipart again;
    const struct span *pieces;
    struct buf text = buf_make(1 << 22);
    size_t size;
    uint32_t count = form_patch(form, ask, span_of("theirs"), arena, &pieces, &size);

    for (uint32_t i = 0; i < count; i++)
        buf_add_span(&text, pieces[i]);
    must(!buf_failed(&text) && text.size == size);
    must(multipart_read(type, buf_span(&text), &again, NULL) == MULTIPART_OK);
    must(span_is(multipart_find(&again, "model", NULL)->content, "theirs"));
    must(multipart_find(&again, "provider", NULL) == NULL);
    buf_done(&text);
}

static void check_form(struct span type, struct span body, enum ask_kind kind)
{
    struct arena *arena = arena_new(4096, 4 << 20);
    struct json_doc doc = json_doc_make();
    struct ask_refusal refusal = {0};
    static struct form form;
    struct ask ask;

    if (form_read(type, body, kind, arena, &form, &refusal) == ASK_OK) {
        must(json_parse(&doc, form.json, &json_limits_body) == JSON_OK);
        if (ask_read(&(struct ask_source){.kind = kind, .body = form.json}, &doc, arena, &ask,
                     &refusal) == ASK_OK)
            check_patched(type, &form, &ask, arena);
        else
            must(refusal.message != NULL);
    } else {
        must(refusal.message != NULL);
    }
    json_doc_done(&doc);
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span body = span_make((const char *)data, size), type = span_cut(&body, '\n');
    static struct multipart multipart;
    size_t at = 0;

    if (body.at == NULL)
        return 0;
    check_form(type, body, ASK_TRANSCRIPTIONS);
    check_form(type, body, ASK_IMAGE_EDITS);
    if (multipart_read(type, body, &multipart, &at) != MULTIPART_OK) {
        must(at <= body.size);
        return 0;
    }
    check_parts(&multipart);
    check_edits(type, &multipart);
    return 0;
}
