/*
 * audio_length: see the header. One function per kind of file; each is handed the whole of it.
 */
#include "gateway/dialect/audio_length.h"

/* A year: what a header says beyond that is no length. */
#define LENGTH_MAX_MS INT64_C(31536000000)
#define COUNTED_BYTES_PER_S 4000
#define BOUND_BYTES_PER_S 750
/* Chunks of WAV and boxes of MP4 that are looked at; the largest page of Ogg. */
#define BOXES_MAX 4096
#define OGG_PAGE_MAX 65307
/* Bytes a second of samples: 192 kHz, eight channels of 32 bits. And what may stand behind them. */
#define WAV_RATE_MAX (192000 * 8 * 4)
#define WAV_BEHIND_MAX 65536

static uint32_t byte_at(struct span file, size_t at)
{
    return at < file.size ? (uint8_t)file.at[at] : 0;
}

static uint32_t little16(struct span file, size_t at)
{
    return byte_at(file, at) | byte_at(file, at + 1) << 8;
}

static uint32_t little32(struct span file, size_t at)
{
    return little16(file, at) | little16(file, at + 2) << 16;
}

static uint32_t big32(struct span file, size_t at)
{
    return byte_at(file, at) << 24 | byte_at(file, at + 1) << 16 | byte_at(file, at + 2) << 8 |
           byte_at(file, at + 3);
}

static uint64_t big64(struct span file, size_t at)
{
    return (uint64_t)big32(file, at) << 32 | big32(file, at + 4);
}

static bool is_at(struct span file, size_t at, const char *mark)
{
    return span_starts(span_part(file, at, SIZE_MAX), mark);
}

static int64_t length_of(uint64_t samples, uint64_t per_second)
{
    unsigned __int128 ms;

    if (per_second == 0)
        return -1;
    ms = ((unsigned __int128)samples * 1000 + per_second - 1) / per_second;
    return ms > (unsigned __int128)LENGTH_MAX_MS ? -1 : (int64_t)ms;
}

/* Samples as whole or floating point numbers, of a fixed size each; so is the extensible form. */
static bool is_uncompressed(uint32_t format)
{
    return format == 1 || format == 3 || format == 0xfffe;
}

/* RIFF: chunks of a name, a size and that many bytes, padded to even ones. A size that is larger
 * than the file (0xffffffff in streamed files), or leaves out most of it, means the rest of it. */
static int64_t wav_ms(struct span file)
{
    uint64_t rate = 0;
    uint32_t chunks = 0;

    if (!is_at(file, 0, "RIFF") || !is_at(file, 8, "WAVE"))
        return -1;
    for (size_t at = 12; at + 8 <= file.size && chunks < BOXES_MAX; chunks++) {
        uint64_t size = little32(file, at + 4), there = file.size - at - 8;

        if (rate == 0 && is_at(file, at, "fmt ") && size >= 16 &&
            is_uncompressed(little16(file, at + 8)))
            rate = (uint64_t)little32(file, at + 12) * little16(file, at + 20);
        if (is_at(file, at, "data") && there > size + size / 4 + WAV_BEHIND_MAX)
            size = there;
        if (is_at(file, at, "data"))
            return rate > WAV_RATE_MAX ? -1 : length_of(size < there ? size : there, rate);
        if (size >= there)
            break;
        at += 8 + (size_t)size + (size & 1);
    }
    return -1;
}

/* Bytes a second that Ogg's codecs make at most, and what may stand beside the sound. */
#define OGG_RATE_MAX 64000
#define OGG_BESIDE_MAX 262144

/* A head that leaves most of its file out is believed only as far as so much can be sounded in the
 * time. */
static int64_t at_least(int64_t ms, uint64_t bytes, uint64_t bytes_per_s)
{
    int64_t least = length_of(bytes, bytes_per_s);

    return ms >= 0 && ms < least ? least : ms;
}

/* Behind the blocks that tell of the sound: the first, comments, pictures. */
static size_t flac_sound(struct span file)
{
    size_t at = 4;
    bool last = false;

    for (uint32_t blocks = 0; !last && at + 4 <= file.size && blocks < BOXES_MAX; blocks++) {
        last = (byte_at(file, at) & 0x80) != 0;
        at += 4 + (size_t)(big32(file, at) & 0xffffff);
    }
    return at < file.size ? at : file.size;
}

/* RFC 9639: the first block has the rate in 20 bits and the number of samples in 36. */
static int64_t flac_ms(struct span file)
{
    uint64_t samples, bytes_per_s;
    uint32_t rate, channels, bits;

    if (!is_at(file, 0, "fLaC") || file.size < 42 || (byte_at(file, 4) & 0x7f) != 0)
        return -1;
    samples = (uint64_t)(byte_at(file, 21) & 0x0f) << 32 | big32(file, 22);
    rate = big32(file, 18) >> 12;
    /* Uncompressed; channels, and bits of a sample, are told less one. */
    channels = (byte_at(file, 20) >> 1 & 7) + 1;
    bits = ((byte_at(file, 20) & 1) << 4 | byte_at(file, 21) >> 4) + 1;
    bytes_per_s = (uint64_t)rate * channels * ((bits + 7) / 8);
    return samples == 0
               ? -1
               : at_least(length_of(samples, rate), file.size - flac_sound(file), bytes_per_s);
}

/* The last page's position is the number of samples; Opus always counts them at 48 kHz. */
static int64_t ogg_ms(struct span file)
{
    uint64_t rate = 0, position;
    size_t first;

    if (!is_at(file, 0, "OggS") || file.size < 64)
        return -1;
    first = 27 + byte_at(file, 26);
    if (is_at(file, first, "OpusHead"))
        rate = 48000;
    else if (is_at(file, first, "\x01vorbis"))
        rate = little32(file, first + 12);
    for (size_t at = file.size - 14; rate > 0 && at > 0 && at + OGG_PAGE_MAX > file.size; at--) {
        if (!is_at(file, at, "OggS"))
            continue;
        position = (uint64_t)little32(file, at + 10) << 32 | little32(file, at + 6);
        return position >> 63 != 0
                   ? -1
                   : at_least(length_of(position, rate),
                              file.size > OGG_BESIDE_MAX ? file.size - OGG_BESIDE_MAX : 0,
                              OGG_RATE_MAX);
    }
    return -1;
}

/* A box of MP4 (ISO/IEC 14496-12) of that kind within [from, to); false when there is none. */
static bool find_box(struct span file, size_t from, size_t to, const char *kind, size_t *from_out,
                     size_t *to_out)
{
    for (uint32_t boxes = 0; from + 8 <= to && boxes < BOXES_MAX; boxes++) {
        uint64_t size = big32(file, from), head = 8;

        if (size == 1 && from + 16 <= to) {
            size = big64(file, from + 8);
            head = 16;
        } else if (size == 0) {
            size = to - from;
        }
        if (size < head || size > to - from)
            return false;
        if (is_at(file, from + 4, kind)) {
            *from_out = from + (size_t)head;
            *to_out = from + (size_t)size;
            return true;
        }
        from += (size_t)size;
    }
    return false;
}

static int64_t mp4_ms(struct span file)
{
    size_t from, to;
    uint64_t units, length;

    if (!is_at(file, 4, "ftyp") || !find_box(file, 0, file.size, "moov", &from, &to) ||
        !find_box(file, from, to, "mvhd", &from, &to))
        return -1;
    if (byte_at(file, from) == 1) {
        units = big32(file, from + 20);
        length = to - from < 32 ? 0 : big64(file, from + 24);
    } else {
        units = big32(file, from + 12);
        length = to - from < 20 ? 0 : big32(file, from + 16);
    }
    return length == 0 ? -1 : length_of(length, units);
}

/* A header of an MPEG audio frame, layer III (ISO/IEC 11172-3, 2.4.1.3). */
struct mp3_frame {
    uint32_t rate, bits, samples; /* Hz, bit/s, samples in a frame */
    size_t size;                  /* of the whole frame, bytes */
    size_t xing;                  /* where a Xing header stands in it */
};

static bool read_mp3_frame(struct span file, size_t at, struct mp3_frame *frame_out)
{
    static const uint16_t first[16] = {0,   32,  40,  48,  56,  64,  80,  96,
                                       112, 128, 160, 192, 224, 256, 320, 0};
    static const uint16_t second[16] = {0,  8,  16, 24,  32,  40,  48,  56,
                                        64, 80, 96, 112, 128, 144, 160, 0};
    static const uint16_t rates[4] = {44100, 48000, 32000, 0};
    uint32_t head = big32(file, at), version = head >> 19 & 3, layer = head >> 17 & 3;
    bool mono = (head >> 6 & 3) == 3, full = version == 3;

    if (head >> 21 != 0x7ff || version == 1 || layer != 1)
        return false;
    frame_out->bits = (full ? first : second)[head >> 12 & 15] * 1000u;
    frame_out->rate = (uint32_t)rates[head >> 10 & 3] >> (full ? 0 : version == 2 ? 1 : 2);
    frame_out->samples = full ? 1152 : 576;
    frame_out->xing = at + 4 + (full ? (mono ? 17 : 32) : (mono ? 9 : 17));
    if (frame_out->bits == 0 || frame_out->rate == 0)
        return false;
    frame_out->size = frame_out->samples / 8 * frame_out->bits / frame_out->rate + (head >> 9 & 1);
    return true;
}

/* Bytes of the ID3v2 tag in front; its size has seven bits a byte. */
static size_t id3_size(struct span file)
{
    if (!is_at(file, 0, "ID3") || file.size < 10)
        return 0;
    return 10 + ((size_t)(byte_at(file, 6) & 0x7f) << 21 | (size_t)(byte_at(file, 7) & 0x7f) << 14 |
                 (size_t)(byte_at(file, 8) & 0x7f) << 7 | (byte_at(file, 9) & 0x7f));
}

static bool has_xing(struct span file, const struct mp3_frame *first)
{
    return is_at(file, first->xing, "Xing") || is_at(file, first->xing, "Info");
}

/* What the frames last that are there, and how many bytes the whole ones are. Between them is
 * passed over what is none, as decoders do. */
static int64_t mp3_frames_ms(struct span file, size_t at, size_t *bytes_out)
{
    struct mp3_frame frame;
    uint64_t ns = 0;

    *bytes_out = 0;
    while (at + 4 <= file.size) {
        if (read_mp3_frame(file, at, &frame)) {
            ns += UINT64_C(1000000000) * frame.samples / frame.rate;
            at += frame.size;
            *bytes_out += at <= file.size ? frame.size : 0;
        } else {
            const char *next = memchr(file.at + at + 1, 0xff, file.size - at - 1);
            at = next == NULL ? file.size : (size_t)(next - file.at);
        }
    }
    return length_of(ns, UINT64_C(1000000000));
}

/* By the number of frames where an encoder wrote it down, else by the first frame's bit rate. */
static int64_t mp3_said_ms(struct span file, size_t at, const struct mp3_frame *first)
{
    if (has_xing(file, first) && (big32(file, first->xing + 4) & 1) != 0 &&
        first->xing + 12 <= file.size)
        return length_of((uint64_t)big32(file, first->xing + 8) * first->samples, first->rate);
    return length_of((uint64_t)(file.size - at) * 8, first->bits);
}

/* The frames themselves where they are most of the file; a head that says less than they last is
 * not believed. */
static int64_t mp3_ms(struct span file)
{
    size_t at = id3_size(file), bytes;
    struct mp3_frame first;
    int64_t said, there;

    if (at >= file.size || !read_mp3_frame(file, at, &first))
        return -1;
    said = mp3_said_ms(file, at, &first);
    /* The frame with the Xing header has no sound in it. */
    there = mp3_frames_ms(file, has_xing(file, &first) ? at + first.size : at, &bytes);
    return said < there || bytes > (file.size - at) / 10 * 9 ? there : said;
}

int64_t audio_length_ms(struct span file)
{
    static int64_t (*const kinds[])(struct span) = {wav_ms, flac_ms, ogg_ms, mp4_ms, mp3_ms};
    int64_t ms = -1;

    for (size_t i = 0; i < array_size(kinds) && ms < 0; i++)
        ms = kinds[i](file);
    return ms;
}

int64_t audio_length_counted_s(struct span file)
{
    int64_t ms = audio_length_ms(file);

    if (ms < 0)
        return (int64_t)(file.size / COUNTED_BYTES_PER_S) + 1;
    return ms <= 1000 ? 1 : (ms + 999) / 1000;
}

int64_t audio_length_bound_s(struct span file)
{
    int64_t said = audio_length_counted_s(file),
            most = (int64_t)(file.size / BOUND_BYTES_PER_S) + 1;

    return wav_ms(file) >= 0 || said > most ? said : most;
}
