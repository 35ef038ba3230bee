/*
 * script: the upstream in memory, for unit tests of what uses one.
 *
 * A test says what becomes of the next calls and plays them, step by step or all at once; it sees
 * what was sent and what was done to the call. No sockets, no clock.
 */
#ifndef TOLLGATE_GATEWAY_UPSTREAM_SCRIPT_H
#define TOLLGATE_GATEWAY_UPSTREAM_SCRIPT_H

#include "common/base/buf.h"
#include "gateway/upstream/upstream.h"

enum { SCRIPT_CALLS_MAX = 16 };

/* One call as the test sees it. */
struct script_call {
    struct upstream_call *call; /* NULL once it is gone */
    const struct snapshot_deployment *deployment;
    const struct snapshot_credential *credential;
    enum upstream_method method;
    char *path;
    struct buf
        lines; /* of its headers, each with "\n": type, accept, the language's, those passed */
    struct buf body;
    uint32_t attempt;
    bool paused, cancelled, ended;
    uint32_t resumed;
};

struct script;
must_use struct script *script_new(void);
must_use struct upstream *script_upstream(struct script *script);

/* How many calls were started, and the nth of them. */
must_use uint32_t script_count(const struct script *script);
must_use const struct script_call *script_at(const struct script *script, uint32_t n);
/* The next start() fails. */
void script_refuse_next(struct script *script);

/* What the provider of the nth call does now. Nothing happens to a call that is gone. */
void script_head(struct script *script, uint32_t n, int status, const char *content_type);
/* 200, and the body ends where the connection does. */
void script_head_unframed(struct script *script, uint32_t n, const char *content_type);
void script_head_retry(struct script *script, uint32_t n, int status, int64_t retry_after_ms);
void script_bytes(struct script *script, uint32_t n, const char *text);
void script_end(struct script *script, uint32_t n, enum upstream_end end);
/* Head, bytes and a proper end. */
void script_answer(struct script *script, uint32_t n, int status, const char *content_type,
                   const char *text);

#endif
