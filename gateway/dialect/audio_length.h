/*
 * audio_length: how long a recording lasts, by its file's own header.
 *
 * For transcriptions, which are paid by the second and whose providers do not always tell how many
 * there were. Knows WAV, FLAC, Ogg (Opus, Vorbis), MP3, and MP4 (M4A); decodes nothing. A client
 * pays by what is read here, so a head that leaves out most of its own file is not believed: MP3's
 * frames are walked through, and of others as much counts as can be sounded in the time (MP4
 * excepted, which may have pictures of any size in it). Pure.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_AUDIO_LENGTH_H
#define TOLLGATE_GATEWAY_DIALECT_AUDIO_LENGTH_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

/* Milliseconds, rounded up; -1: another kind of file, or one that does not say. At most a year. */
must_use int64_t audio_length_ms(struct span file);

/* Whole seconds that are counted: the length rounded up and at least 1. A file that does not say
 * is taken for speech as browsers record it, at 32 kbit/s. */
must_use int64_t audio_length_counted_s(struct span file);

/* Seconds that it can last at most, whatever it says: speech is hardly ever coded below 6 kbit/s,
 * and a header that says more than that is believed. Uncompressed samples last as long as there are
 * any. */
must_use int64_t audio_length_bound_s(struct span file);

#endif
