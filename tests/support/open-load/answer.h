/*
 * answer: one HTTP/1.1 response, read as it comes. Pure; knows no socket.
 */
#ifndef TOLLGATE_OPEN_LOAD_ANSWER_H
#define TOLLGATE_OPEN_LOAD_ANSWER_H

#include "common/base/buf.h"
#include "common/httpd/chunked.h"

enum answer_state {
    ANSWER_HEAD,
    ANSWER_SIZED,
    ANSWER_CHUNKED,
    ANSWER_WHOLE,
    ANSWER_BROKEN, /* no HTTP, or longer than is kept */
};

struct answer {
    enum answer_state state;
    struct buf head, body; /* owned */
    struct chunked chunked;
    uint64_t left; /* of ANSWER_SIZED */
    int status;    /* 0: none yet */
    int attempts;  /* x-tollgate-attempts; 0: not told */
    bool close;    /* the connection ends with it */
};

must_use struct answer answer_make(void);
void answer_done(struct answer *answer);
/* For the next response on the same connection. */
void answer_clear(struct answer *answer);

/* Takes bytes; returns the state behind them. What follows a whole answer breaks it: nothing was
 * asked yet. */
enum answer_state answer_feed(struct answer *answer, struct span bytes);

#endif
