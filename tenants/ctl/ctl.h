/*
 * ctl: one run of tollgatectl: what was typed, who asks where, the last answer, what to print.
 *
 * Functions that may fail return an enum ctl_exit; on anything but CTL_OK `error` holds one
 * sentence, which the program prints before it ends with that code. One thread.
 */
#ifndef TOLLGATE_TENANTS_CTL_CTL_H
#define TOLLGATE_TENANTS_CTL_CTL_H

#include <stdio.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/json.h"
#include "tenants/ctl/exits.h"
#include "tenants/ctl/http.h"
#include "tenants/ctl/parse.h"
#include "tenants/ctl/session.h"

/* Who asks, as far as it is known. */
struct who {
    bool known, is_operator;
    char *tenant, *tenant_name; /* owned; NULL for operators */
};

struct ctl {
    const struct invocation *line;
    int64_t now_ms;
    FILE *out;
    bool json, csv, wide, local, colour;
    struct buf error;
    char *session_path; /* owned */
    struct session session;
    struct http_address address;
    struct http *http;
    char *token; /* owned; NULL: nobody is signed in */
    bool token_from_file;
    struct who who;
    char *tenant; /* owned; the {tenant} of paths */
    struct http_answer answer;
    struct json_doc doc; /* of the answer, when it is JSON */
};

/* The program. */
must_use int ctl_main(char **argv);

/* Sets the sentence, returns the code. */
int ctl_fail(struct ctl *ctl, enum ctl_exit code, const char *format, ...) printf_like(3, 4);

/* Runs a command by its shape. */
must_use int run_shape(struct ctl *ctl);
/* Connects and appends the path of the command with its query. */
must_use int run_path(struct ctl *ctl, struct buf *path);
/* GET for the etag, then PATCH with `body`; shows what it is then. */
must_use int run_change(struct ctl *ctl, const char *path, struct span body,
                        const struct view *view);
/* Asks the command's question about its first argument; CTL_OK when it may go on. */
must_use int run_ask(struct ctl *ctl);

#endif
