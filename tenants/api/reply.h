/*
 * reply: what a call comes to, as HTTP: the one place where outcomes and problems are statuses.
 */
#ifndef TOLLGATE_TENANTS_API_REPLY_H
#define TOLLGATE_TENANTS_API_REPLY_H

#include "tenants/api/inside.h"

enum { REPLY_HEADERS_MAX = API_HEADERS_MAX + 10 };

/* Names and values live in the call's arena; owns the body. */
struct reply {
    int status;
    struct httpd_header headers[REPLY_HEADERS_MAX];
    size_t header_count;
    struct buf body;
    const char *problem; /* its word, for the log; NULL when it went well */
};

/* Takes the body out of the call. */
void reply_make(struct api *api, enum api_outcome outcome, struct reply *reply_out);
/* Wipes: the body may have held a secret. */
void reply_done(struct reply *reply);

/* The problem that a status of the server beneath us is. */
must_use enum problem reply_problem_of(int status);
must_use const char *reply_problem_word(enum problem problem);

#endif
