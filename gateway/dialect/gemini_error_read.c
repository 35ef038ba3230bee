/*
 * gemini_error_read: Google's google.rpc.Status, as it stands in "error".
 *
 * Follows https://google.aip.dev/193.
 */
#include "gateway/dialect/gemini_language.h"

enum { RETRY_MAX_S = 24 * 3600, MESSAGE_DECODED_MAX = 64 << 10 };

/* "34.4s", a google.protobuf.Duration, as milliseconds, rounded up; 0 when it is none. */
static int64_t duration_ms(struct span text)
{
    int64_t ms = 0, unit = 1000;
    size_t at = 0;
    bool more = false;

    for (; at < text.size && text.at[at] >= '0' && text.at[at] <= '9'; at++) {
        ms = ms * 10 + (text.at[at] - '0') * 1000;
        if (ms > (int64_t)RETRY_MAX_S * 1000)
            return (int64_t)RETRY_MAX_S * 1000;
    }
    if (at < text.size && text.at[at] == '.')
        for (at++; at < text.size && text.at[at] >= '0' && text.at[at] <= '9'; at++) {
            unit /= 10;
            ms += (text.at[at] - '0') * unit;
            more |= unit == 0 && text.at[at] != '0';
        }
    if (at == 0 || at + 1 != text.size || text.at[at] != 's')
        return 0;
    return ms + (more ? 1 : 0);
}

static void note_detail(const struct json_doc *doc, uint32_t detail, struct answer *answer)
{
    uint32_t field = gemini_first(doc, json_find(doc, detail, "fieldViolations"));
    int64_t retry_ms = duration_ms(json_inside(doc, json_find(doc, detail, "retryDelay")));

    if (retry_ms > 0)
        answer->error_retry_ms = retry_ms;
    if (field != JSON_NONE)
        answer_copy(answer->error_param, sizeof(answer->error_param),
                    json_inside(doc, json_find(doc, field, "field")));
}

/* Quota errors are long: cut, at the begin of a character, not dropped. */
static void copy_message(struct answer *answer, struct span inside)
{
    struct buf decoded = buf_make(MESSAGE_DECODED_MAX);
    size_t size;

    (void)json_unescape(inside, &decoded);
    size = decoded.size < sizeof(answer->error_message) ? decoded.size
                                                        : sizeof(answer->error_message) - 1;
    while (size > 0 && size < decoded.size && ((unsigned char)decoded.at[size] & 0xC0) == 0x80)
        size--;
    if (size > 0)
        memcpy(answer->error_message, decoded.at, size);
    answer->error_message[size] = '\0';
    buf_done(&decoded);
}

bool gemini_note_error(const struct json_doc *doc, uint32_t error, struct answer *answer)
{
    struct span message = json_inside(doc, json_find(doc, error, "message"));
    struct span status = json_inside(doc, json_find(doc, error, "status"));
    uint32_t details = json_find(doc, error, "details");
    int64_t code = 0;

    if (!json_is(doc, error, JSON_OBJECT))
        return false;
    if (json_int64(doc, json_find(doc, error, "code"), &code) == 0)
        answer->error_status = code >= 400 && code <= 599 ? (int32_t)code : 0;
    answer_copy(answer->error_code, sizeof(answer->error_code), status);
    copy_message(answer, message);
    for (uint32_t one = gemini_first(doc, details); one != JSON_NONE;
         one = gemini_after(doc, details, one))
        note_detail(doc, one, answer);
    return true;
}
