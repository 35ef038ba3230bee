/*
 * record: see record.h for the format.
 */
#include "gateway/journal/record.h"

#include <errno.h>

#include "common/base/digest.h"
#include "common/base/mem.h"

static const char segment_magic[8] = {'T', 'G', 'J', 'R', 'N', 'L', '0', '1'};

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> 8 * i);
    }
}

static void put64(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        at[i] = (uint8_t)(value >> 8 * i);
    }
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t get64(const uint8_t *at)
{
    return (uint64_t)get32(at) | (uint64_t)get32(at + 4) << 32;
}

static uint32_t checksum(struct uuid journal, const uint8_t *at, size_t size)
{
    return digest_crc32c(digest_crc32c(0, journal.at, sizeof(journal.at)), at, size);
}

size_t record_bytes(size_t payload_bytes)
{
    return (RECORD_HEAD_BYTES + payload_bytes + 7) & ~(size_t)7;
}

void record_encode(const struct record *record, struct uuid journal, void *at)
{
    uint8_t *p = at;
    size_t whole = record_bytes(record->payload.size);

    must(record->payload.size <= RECORD_PAYLOAD_MAX);
    put32(p + 4, (uint32_t)record->payload.size);
    memset(p + 8, 0, 8);
    p[8] = (uint8_t)record->type;
    put64(p + 16, record->sequence);
    memcpy(p + 24, record->event.at, 16);
    if (record->payload.size > 0) {
        memcpy(p + RECORD_HEAD_BYTES, record->payload.at, record->payload.size);
    }
    memset(p + RECORD_HEAD_BYTES + record->payload.size, 0,
           whole - RECORD_HEAD_BYTES - record->payload.size);
    put32(p, checksum(journal, p + 4, whole - 4));
}

static bool all_zero(const uint8_t *at, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (at[i] != 0) {
            return false;
        }
    }
    return true;
}

enum record_outcome record_decode(struct span bytes, struct uuid journal, uint64_t expected,
                                  struct record *record_out, size_t *bytes_out)
{
    const uint8_t *p = (const uint8_t *)bytes.at;
    size_t payload, whole;

    if (bytes.size < RECORD_HEAD_BYTES) {
        return bytes.size == 0 || all_zero(p, bytes.size) ? RECORD_END : RECORD_TORN;
    }
    payload = get32(p + 4);
    if (payload == 0) {
        return all_zero(p, RECORD_HEAD_BYTES) ? RECORD_END : RECORD_TORN;
    }
    if (payload > RECORD_PAYLOAD_MAX) {
        return RECORD_TORN;
    }
    whole = record_bytes(payload);
    if (whole > bytes.size || get32(p) != checksum(journal, p + 4, whole - 4)) {
        return RECORD_TORN;
    }
    if (p[8] < RECORD_INTENT || p[8] > RECORD_REFUSALS ||
        (expected != 0 && get64(p + 16) != expected)) {
        return RECORD_TORN;
    }
    record_out->type = (enum record_type)p[8];
    record_out->sequence = get64(p + 16);
    memcpy(record_out->event.at, p + 24, 16);
    record_out->payload = span_make(bytes.at + RECORD_HEAD_BYTES, payload);
    *bytes_out = whole;
    return RECORD_OK;
}

void segment_head_encode(const struct segment_head *head, void *at)
{
    uint8_t *p = at;

    memset(p, 0, SEGMENT_HEAD_BYTES);
    memcpy(p, segment_magic, sizeof(segment_magic));
    memcpy(p + 8, head->journal.at, 16);
    memcpy(p + 24, head->gateway.at, 16);
    put32(p + 40, head->number);
    put32(p + 60, digest_crc32c(0, p, 60));
}

int segment_head_decode(struct span bytes, struct segment_head *head_out)
{
    const uint8_t *p = (const uint8_t *)bytes.at;

    if (bytes.size < SEGMENT_HEAD_BYTES || memcmp(p, segment_magic, sizeof(segment_magic)) != 0 ||
        get32(p + 60) != digest_crc32c(0, p, 60)) {
        return -EBADMSG;
    }
    memcpy(head_out->journal.at, p + 8, 16);
    memcpy(head_out->gateway.at, p + 24, 16);
    head_out->number = get32(p + 40);
    return 0;
}
