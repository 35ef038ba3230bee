#include "tests/support/testing.h"

#include "common/base/buf.h"
#include "common/base/mem.h"
#include "gateway/dialect/multipart.h"

static const char type[] = "multipart/form-data; boundary=XX";

/* A copy of just this size, so that a sanitizer sees a read past it. */
struct body {
    char *at;
    struct multipart read;
    enum multipart_outcome outcome;
};

static struct body read_text(const char *content_type, struct span text)
{
    struct body body = {.at = mem_dup(text.at, text.size)};

    body.outcome =
        multipart_read(span_of(content_type), span_make(body.at, text.size), &body.read, NULL);
    return body;
}

static void done(struct body *body)
{
    mem_free(body->at);
}

#define FIELD(name, value)                                                                         \
    "--XX\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define END "--XX--\r\n"

static void fields_and_files_are_found(void **state)
{
    static const char text[] = FIELD(
        "model", "whisper-1") "--XX\r\ncontent-disposition: form-data; name=\"file\"; "
                              "filename=\"a \\\"b\\\".wav\"\r\nContent-Type: audio/wav\r\n\r\n"
                              "RIFF\r\n--X\r\n\0\r\n" FIELD("empty", "") END;
    struct body body = read_text(type, span_make(text, sizeof(text) - 1));
    const struct multipart_part *file;

    (void)state;
    assert_int_equal(body.outcome, MULTIPART_OK);
    assert_int_equal(body.read.count, 3);
    assert_span("a field", multipart_find(&body.read, "model", NULL)->content, "whisper-1");
    assert_null(multipart_find(&body.read, "model", NULL)->filename.at);
    assert_int("an empty field", multipart_find(&body.read, "empty", NULL)->content.size, 0);
    file = multipart_find(&body.read, "file", NULL);
    assert_span("a file's name", file->filename, "a \\\"b\\\".wav");
    assert_span("a file's type", file->type, "audio/wav");
    assert_int("a file's bytes, with what looks like a boundary", file->content.size, 12);
    assert_null(multipart_find(&body.read, "other", NULL));
    done(&body);
}

static void one_name_twice_is_told(void **state)
{
    struct body body = read_text(type, span_of(FIELD("model", "a") FIELD("model", "b") END));
    bool twice = false;

    (void)state;
    assert_int_equal(body.outcome, MULTIPART_OK);
    assert_null(multipart_find(&body.read, "model", &twice));
    assert_true(twice);
    done(&body);
}

static void only_one_reading_is_accepted(void **state)
{
    static const struct {
        const char *what, *type, *text;
        enum multipart_outcome outcome;
    } rows[] = {
        {"a quoted boundary", "multipart/form-data; boundary=\"XX\"", FIELD("a", "1") END,
         MULTIPART_OK},
        {"another case", "Multipart/Form-Data;BOUNDARY=XX", FIELD("a", "1") END, MULTIPART_OK},
        {"no line behind the end", type, FIELD("a", "1") "--XX--", MULTIPART_OK},
        {"no parts", type, "--XX--\r\n", MULTIPART_OK},
        {"a name in the extended form", type,
         "--XX\r\nContent-Disposition: form-data; name=\"f\"; "
         "filename*=utf-8''%e2%82%ac\r\n\r\n\r\n" END,
         MULTIPART_OK},
        {"both forms of a name", type,
         "--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"e\"; "
         "filename*=utf-8''%e2\r\n\r\n\r\n" END,
         MULTIPART_OK},
        {"another type", "application/json", "{}", MULTIPART_NO_BOUNDARY},
        {"no boundary", "multipart/form-data", FIELD("a", "1") END, MULTIPART_NO_BOUNDARY},
        {"an empty one", "multipart/form-data; boundary=", "----\r\n", MULTIPART_NO_BOUNDARY},
        {"two boundaries", "multipart/form-data; boundary=XX; boundary=YY", FIELD("a", "1") END,
         MULTIPART_NO_BOUNDARY},
        {"a boundary with a blank in it", "multipart/form-data; boundary=\"X X\"",
         FIELD("a", "1") END, MULTIPART_NO_BOUNDARY},
        {"a boundary of 71 bytes",
         "multipart/form-data; boundary="
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "", MULTIPART_NO_BOUNDARY},
        {"nothing", type, "", MULTIPART_NOT_BEGUN},
        {"something in front", type, "hello\r\n" FIELD("a", "1") END, MULTIPART_NOT_BEGUN},
        {"an empty line in front", type, "\r\n" FIELD("a", "1") END, MULTIPART_NOT_BEGUN},
        {"the wrong boundary", "multipart/form-data; boundary=XY", FIELD("a", "1") END,
         MULTIPART_NOT_BEGUN},
        {"cut in the first line", type, "--XX\r", MULTIPART_CUT},
        {"cut in a value", type, "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1",
         MULTIPART_CUT},
        {"cut before the end", type, FIELD("a", "1"), MULTIPART_CUT},
        {"something behind the end", type, FIELD("a", "1") END "x", MULTIPART_AMBIGUOUS},
        {"another part behind the end", type, FIELD("a", "1") END FIELD("b", "1") END,
         MULTIPART_AMBIGUOUS},
        {"a longer boundary in a value", type, FIELD("a", "1\r\n--XXY") END, MULTIPART_AMBIGUOUS},
        {"a boundary behind a bare line feed", type, FIELD("a", "1\n--XX") END,
         MULTIPART_AMBIGUOUS},
        {"a boundary within a line", type, FIELD("a", "1--XX") END, MULTIPART_AMBIGUOUS},
        {"blanks behind a boundary", type, "--XX  \r\n", MULTIPART_AMBIGUOUS},
        {"no name", type, "--XX\r\nContent-Type: a/b\r\n\r\n1\r\n" END, MULTIPART_BAD_HEAD},
        {"an empty name", type, FIELD("", "1") END, MULTIPART_BAD_HEAD},
        {"names without quotes, as .NET has them", type,
         "--XX\r\nContent-Type: a/b\r\nContent-Disposition: form-data; name=file; filename=a.wav; "
         "filename*=utf-8''a.wav\r\n\r\n1\r\n" END,
         MULTIPART_OK},
        {"a name of two words without quotes", type,
         "--XX\r\nContent-Disposition: form-data; name=a b\r\n\r\n1\r\n" END, MULTIPART_BAD_HEAD},
        {"half a quoted name", type,
         "--XX\r\nContent-Disposition: form-data; name=a\"b\"\r\n\r\n1\r\n" END,
         MULTIPART_BAD_HEAD},
        {"a name that is not there", type,
         "--XX\r\nContent-Disposition: form-data; name=\r\n\r\n1\r\n" END, MULTIPART_BAD_HEAD},
        {"two names", type,
         "--XX\r\nContent-Disposition: form-data; name=\"a\"; name=\"b\"\r\n\r\n1\r\n" END,
         MULTIPART_BAD_HEAD},
        {"two dispositions", type,
         "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; "
         "name=\"b\"\r\n\r\n1\r\n" END,
         MULTIPART_BAD_HEAD},
        {"two types", type,
         "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Type: a/b\r\nContent-Type: "
         "c/d\r\n\r\n1\r\n" END,
         MULTIPART_BAD_HEAD},
        {"an escaped name", type, FIELD("mod\\\"el", "1") END, MULTIPART_BAD_HEAD},
        {"a name with an escape of URLs", type, FIELD("mod%65l", "1") END, MULTIPART_BAD_HEAD},
        {"a folded line", type,
         "--XX\r\nContent-Disposition: form-data;\r\n name=\"a\"\r\n\r\n1\r\n" END,
         MULTIPART_BAD_HEAD},
        {"a line that ends in a line feed", type,
         "--XX\r\nContent-Disposition: form-data; name=\"a\"\n\n1\r\n" END, MULTIPART_BAD_HEAD},
        {"a blank before the colon", type,
         "--XX\r\nContent-Disposition : form-data; name=\"a\"\r\n\r\n1\r\n" END,
         MULTIPART_BAD_HEAD},
        {"another disposition", type,
         "--XX\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1\r\n" END,
         MULTIPART_BAD_HEAD},
        {"content in another encoding", type,
         "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: "
         "base64\r\n\r\nMQ==\r\n" END,
         MULTIPART_BAD_HEAD},
        {"content in no encoding", type,
         "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: "
         "binary\r\n\r\n1\r\n" END,
         MULTIPART_OK},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct body body = read_text(rows[i].type, span_of(rows[i].text));

        assert_span(rows[i].what, span_of(multipart_outcome_text(body.outcome)),
                    multipart_outcome_text(rows[i].outcome));
        done(&body);
    }
}

static void limits_hold(void **state)
{
    struct buf text = buf_make(1 << 20);
    struct body body;

    (void)state;
    buf_add_string(&text, "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\nX-Long: ");
    for (size_t i = 0; i < MULTIPART_HEAD_MAX; i++)
        buf_add_byte(&text, 'x');
    buf_add_string(&text, "\r\n\r\n1\r\n" END);
    body = read_text(type, buf_span(&text));
    assert_int("a huge head", body.outcome, MULTIPART_HEAD_TOO_LARGE);
    done(&body);
    buf_clear(&text);
    for (size_t i = 0; i < MULTIPART_PARTS_MAX; i++)
        buf_add_string(&text, FIELD("a", "1"));
    buf_add_string(&text, END);
    body = read_text(type, buf_span(&text));
    assert_int("as many parts as may be", body.outcome, MULTIPART_OK);
    done(&body);
    buf_clear(&text);
    for (size_t i = 0; i <= MULTIPART_PARTS_MAX; i++)
        buf_add_string(&text, FIELD("a", "1"));
    buf_add_string(&text, END);
    body = read_text(type, buf_span(&text));
    assert_int("one more", body.outcome, MULTIPART_TOO_MANY);
    done(&body);
    buf_done(&text);
}

static void every_cut_is_seen(void **state)
{
    static const char text[] = FIELD("a", "1") FIELD("b", "2\r\n\r\n3") "--XX--";

    (void)state;
    for (size_t size = 0; size < sizeof(text) - 1; size++) {
        struct body body = read_text(type, span_make(text, size));

        in_row("a cut body", body.outcome != MULTIPART_OK);
        done(&body);
    }
}

static void parts_are_changed_and_the_rest_stays(void **state)
{
    struct body body =
        read_text(type, span_of(FIELD("a", "1") FIELD("model", "old") FIELD("b", "2") END));
    const struct multipart_edit edits[] = {{.part = &body.read.parts[0], .cut = true},
                                           {.part = &body.read.parts[1], .content = span_of("new")},
                                           {.part = &body.read.parts[2], .cut = true}};
    struct span pieces[2 * array_size(edits) + 1];
    struct buf text = buf_make(4096);
    size_t size;
    uint32_t count = multipart_pieces(&body.read, edits, array_size(edits), pieces, &size);

    (void)state;
    for (uint32_t i = 0; i < count; i++)
        buf_add_span(&text, pieces[i]);
    assert_span("the changed body", buf_span(&text), FIELD("model", "new") END);
    assert_int("its size", size, text.size);
    buf_clear(&text);
    count = multipart_pieces(&body.read, edits, 0, pieces, &size);
    assert_int("no edit, one piece", count, 1);
    assert_true(span_equal(pieces[0], body.read.body));
    buf_done(&text);
    done(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_and_files_are_found),
        cmocka_unit_test(one_name_twice_is_told),
        cmocka_unit_test(only_one_reading_is_accepted),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(every_cut_is_seen),
        cmocka_unit_test(parts_are_changed_and_the_rest_stays),
    };

    return run_test_table(tests);
}
