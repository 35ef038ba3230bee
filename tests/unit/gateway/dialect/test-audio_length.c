#include "tests/support/testing.h"

#include "common/base/buf.h"
#include "gateway/dialect/audio_length.h"

static void add(struct buf *out, const char *bytes, size_t size)
{
    (void)!buf_add(out, bytes, size);
}
#define ADD(out, bytes) add((out), (bytes), sizeof(bytes) - 1)

static void add_zeros(struct buf *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_add_byte(out, 0);
}

/* 16 kHz, one channel of 16 bits: 32,000 bytes a second. */
static void add_wav(struct buf *out, const char format[2], size_t bytes)
{
    ADD(out, "RIFF\xff\xff\xff\xffWAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0");
    add(out, format, 2);
    ADD(out, "\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data\xff\xff\xff\xff");
    add_zeros(out, bytes);
}

static void check(const char *what, struct buf *file, int64_t ms, int64_t counted, int64_t bound)
{
    assert_int(what, audio_length_ms(buf_span(file)), ms);
    assert_int(what, audio_length_counted_s(buf_span(file)), counted);
    assert_int(what, audio_length_bound_s(buf_span(file)), bound);
    buf_clear(file);
}

static void headers_tell_the_length(void **state)
{
    struct buf file = buf_make(1 << 20);

    (void)state;
    add_wav(&file, "\x01\0", 48000);
    check("samples", &file, 1500, 2, 2);
    add_wav(&file, "\x11\0", 48000);
    check("compressed samples", &file, -1, 13, 65);
    ADD(&file, "fLaC\0\0\0\x22"
               "\x10\0\x10\0\0\0\0\0\0\0\x0a\xc4\x40\xf0\0\x05\x62\x20"
               "0123456789abcdef");
    check("FLAC: 352,800 samples at 44,100 Hz", &file, 8000, 8, 8);
    ADD(&file,
        "OggS\0\x02\0\0\0\0\0\0\0\0abcdefgh\0\0\0\0\x01\x13OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0");
    ADD(&file, "OggS\0\x04\x80\xbb\0\0\0\0\0\0abcdefgh\0\0\0\0\x01\x01x");
    check("Opus: one second", &file, 1000, 1, 1);
    ADD(&file, "\0\0\0\x10"
               "ftypM4A \0\0\0\0\0\0\0\x08"
               "free\0\0\0\x24moov\0\0\0\x1cmvhd\0\0\0\0"
               "aaaabbbb\0\0\x03\xe8\0\0\x30\x39");
    check("MP4: 12.345 s", &file, 12345, 13, 13);
    ADD(&file, "ID3\x04\0\0\0\0\0\x02xx\xff\xfb\x90\0");
    add_zeros(&file, 16000 - 4);
    check("MP3 at 128 kbit/s", &file, 1000, 1, 22);
    ADD(&file, "\xff\xfb\x90\0");
    add_zeros(&file, 32);
    ADD(&file, "Xing\0\0\0\x01\0\0\x03\xe8");
    check("MP3 of 1,000 frames", &file, 26123, 27, 27);
    buf_done(&file);
}

static void a_head_that_leaves_most_of_it_out_is_not_believed(void **state)
{
    struct buf file = buf_make(1 << 20);
    char *size;

    (void)state;
    add_wav(&file, "\x01\0", 320000);
    size = (char *)memmem(file.at, file.size, "data\xff", 5) + 4;
    memcpy(size, "\x02\0\0\0", 4);
    check("two bytes of ten seconds", &file, 10000, 10, 10);
    add_wav(&file, "\x01\0", 320000);
    size = (char *)memmem(file.at, file.size, "\x80\x3e\0\0", 4);
    memcpy(size, "\xff\xff\xff\xff", 4);
    check("samples faster than any", &file, -1, 81, 427);
    buf_done(&file);
}

static void frames_of_mp3_are_believed_before_their_head(void **state)
{
    static const char head[] = "\xff\xfb\x90\0"; /* 128 kbit/s at 44,100 Hz: 417 bytes */
    struct buf file = buf_make(1 << 20);

    (void)state;
    for (size_t i = 0; i < 100; i++) {
        add(&file, head, 4);
        add_zeros(&file, i == 0 ? 32 : 413);
        if (i == 0) {
            ADD(&file, "Xing\0\0\0\x01\0\0\0\x01");
            add_zeros(&file, 413 - 32 - 12);
        }
    }
    check("one frame, says the head of a hundred", &file, 2587, 3, 56);
    for (size_t i = 0; i < 101; i++) {
        ADD(&file, "junk\xff\xff");
        add(&file, i == 0 ? "\xff\xfb\xe0\0" : head, 4);
        add_zeros(&file, i == 0 ? 1040 : 413);
    }
    memmove(file.at, file.at + 6, file.size - 6);
    file.size -= 6;
    check("a fast one first, and junk between them", &file, 2639, 3, 58);
    buf_done(&file);
}

static void a_head_cannot_say_more_bytes_than_sound_in_its_time(void **state)
{
    struct buf file = buf_make(8 << 20);

    (void)state;
    ADD(&file, "fLaC\x80\0\0\x22"
               "\x10\0\x10\0\0\0\0\0\0\0\x0a\xc4\x42\xf0\0\0\0\x01"
               "0123456789abcdef");
    add_zeros(&file, 882000);
    check("FLAC of one sample, with five seconds of them", &file, 5000, 5, 1177);
    ADD(&file, "fLaC\0\0\0\x22"
               "\x10\0\x10\0\0\0\0\0\0\0\x0a\xc4\x42\xf0\0\x05\x62\x20"
               "0123456789abcdef"
               "\x86\x30\0\0");
    add_zeros(&file, 0x300000);
    check("a picture beside it", &file, 8000, 8, 4195);
    ADD(&file, "OggS\0\x02\0\0\0\0\0\0\0\0abcdefgh\0\0\0\0\x01\x13"
               "OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0");
    add_zeros(&file, (256 << 10) + 640000 - 29 - file.size);
    ADD(&file, "OggS\0\x04\x80\xbb\0\0\0\0\0\0abcdefgh\0\0\0\0\x01\x01x");
    check("Opus of one second", &file, 10000, 10, 1203);
    buf_done(&file);
}

static void what_does_not_say_is_estimated(void **state)
{
    struct buf file = buf_make(1 << 20);

    (void)state;
    check("nothing", &file, -1, 1, 1);
    ADD(&file, "\x1a\x45\xdf\xa3webm");
    add_zeros(&file, 8000);
    check("WebM", &file, -1, 3, 11);
    ADD(&file, "RIFF\0\0\0\0WAVE");
    check("a head alone", &file, -1, 1, 1);
    ADD(&file, "\0\0\0\x10"
               "ftypM4A \0\0\0\0\0\0\0\0moov");
    check("MP4 cut in a box", &file, -1, 1, 1);
    buf_done(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_tell_the_length),
        cmocka_unit_test(a_head_that_leaves_most_of_it_out_is_not_believed),
        cmocka_unit_test(frames_of_mp3_are_believed_before_their_head),
        cmocka_unit_test(a_head_cannot_say_more_bytes_than_sound_in_its_time),
        cmocka_unit_test(what_does_not_say_is_estimated),
    };

    return run_test_table(tests);
}
