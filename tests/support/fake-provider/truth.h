/*
 * truth: what the provider knows of every call it got, which the gateway and the ledger are
 * compared with.
 *
 * A ring of the last calls in memory and, when asked for, a file that gets every line.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_TRUTH_H
#define TOLLGATE_FAKE_PROVIDER_TRUTH_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/span.h"

enum truth_endpoint {
    TRUTH_CHAT,
    TRUTH_EMBEDDINGS,
    TRUTH_COUNT_TOKENS,
    TRUTH_COMPLETIONS,
    TRUTH_RESPONSES, /* reading and deleting one too */
    TRUTH_RERANK,
    TRUTH_MODERATIONS,
    TRUTH_IMAGES,
    TRUTH_SPEECH,
    TRUTH_TRANSCRIPTION,
    TRUTH_TOKEN,
    TRUTH_ENDPOINTS,
};

enum truth_end {
    TRUTH_WHOLE,  /* every byte of a good or of an error answer was taken by the kernel */
    TRUTH_BROKEN, /* the fault ended it */
    TRUTH_LEFT,   /* the peer closed first */
};

struct truth_entry {
    int64_t unix_ms;     /* when the request was there */
    uint32_t ms;         /* from then to the end */
    char request_id[40]; /* the gateway's, "" when it sent none */
    char model[64];      /* cut when longer */
    char site[24];       /* path before /v1, for telling base URLs apart */
    const char *dialect; /* constant */
    uint64_t id;         /* the provider's own: req_… and chatcmpl-… end in it */
    int64_t seq;         /* set by truth_add, from 1 */
    /* What it bills: of a whole answer everything, of an aborted stream the input and what was
     * written, of anything else nothing. input excludes what was read from and written to a cache;
     * reasoning is part of output. */
    int64_t input, cache_read, cache_write, cache_write_1h, output, reasoning;
    int64_t images, characters, milliseconds, searches; /* of endpoints that bill those */
    uint16_t status;                                    /* 0: no head was sent */
    uint8_t attempt;                                    /* as the gateway says, 0 = not told */
    uint8_t fault;                                      /* index in the table */
    uint8_t endpoint;                                   /* enum truth_endpoint */
    uint8_t end;                                        /* enum truth_end */
    bool stream;
    bool usage_told; /* a right usage went out: the gateway must bill by exactly this */
};

/* What came in: kept for the last TRUTH_REQUESTS_MAX calls only. */
struct truth_request {
    char *members;      /* owned; "path", "query" and "headers" as JSON, a comma before each */
    char *body;         /* owned */
    size_t body_bytes;  /* of the body kept */
    size_t whole_bytes; /* of the body sent */
};
#define TRUTH_REQUESTS_MAX 1024
#define TRUTH_BODY_BYTES_MAX ((size_t)64 << 10) /* longer bodies are cut */

/* Takes notes of headers and body. Only that a secret is there is noted, never which. */
struct http_request;
must_use struct truth_request *truth_request_new(const struct http_request *request);
void truth_request_free(struct truth_request *request);

struct truth;

/* Keeps at most `entries_max`; appends to the file at `path` unless it is NULL. The counting
 * method's name is borrowed. NULL when the file cannot be opened; errno says why. */
must_use struct truth *truth_new(size_t entries_max, const char *path, const char *counted_by);
void truth_free(struct truth *truth);

/* Takes the request, which may be NULL. */
void truth_add(struct truth *truth, const struct truth_entry *entry, struct truth_request *request);
/* Forgets all; numbers go on. */
void truth_clear(struct truth *truth);
must_use int64_t truth_last(const struct truth *truth);

struct truth_query {
    int64_t since, limit;   /* at most `limit` calls numbered above `since` */
    struct span request_id; /* of that one only, when it is not empty */
    bool bodies;            /* with the bodies that are still held */
};

/* Appends JSON lines. Returns the number to ask from next. */
int64_t truth_write(const struct truth *truth, const struct truth_query *query, struct buf *out);

#endif
