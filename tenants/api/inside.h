/*
 * inside: what the files of the core share about one call. Handlers see api.h alone.
 */
#ifndef TOLLGATE_TENANTS_API_INSIDE_H
#define TOLLGATE_TENANTS_API_INSIDE_H

#include "common/httpd/httpd.h"
#include "tenants/api/api.h"
#include "tenants/api/identify.h"

#define API_PREFIX "/control/v1"

enum {
    API_HEADERS_MAX = 8,
    API_MEMBERS_MAX = 4,
    API_ANSWER_BYTES_MAX = 32 << 20,
    API_BODY_BYTES_MAX = 256 << 10,
    API_LARGE_BODY_BYTES_MAX = 16 << 20,
    API_CSV_ROWS_MAX = 10000,
    API_PAGE_ROWS = 50,
};

/* What came; parts of the call's arena. */
struct api_came {
    struct span method, path; /* raw, behind the prefix */
    struct span query, body;
    struct span content_type, if_match, if_none_match, idempotency_key; /* at == NULL: not given */
    struct identify_headers identify;
    struct uuid request_id;
    struct route_match match;
};

struct api_header {
    const char *name;
    struct span value;
};

/* What a handler made of it so far; begins anew when the call runs again. */
struct api_answer {
    struct buf json, text;
    struct json_writer writer;
    const char *content_type, *file_name; /* of the text; in the arena */
    int64_t revision;
    bool has_json, has_text, has_revision;
};

struct api_member {
    const char *name;
    struct span json;
};

struct api_refusal {
    enum problem problem;
    const char *detail; /* in the arena; NULL: nothing was refused */
    struct field_complaints complaints;
    bool of_query; /* among the complaints is one of the query */
    struct api_member members[API_MEMBERS_MAX];
    size_t member_count;
    int status; /* of the server beneath us; 0: as the problem says */
};

struct api_inside {
    const struct api_came *came;
    struct route_value path[ROUTE_PARAMETERS_MAX];
    size_t path_count;
    struct fields query_fields; /* the route's, and a list's behind them */
    struct field_value *query, *body;
    struct api_answer answer;
    struct api_refusal refusal;
    struct api_header headers[API_HEADERS_MAX];
    size_t header_count, kept_headers; /* those from before the handler stay when it runs again */
    bool again;                        /* the database asks for the whole call to be run again */
    bool lost;                         /* the connection is gone */
    bool replayed;                     /* the answer was given before */
};

/* For a call that came: allocates `inside` in the arena. */
void inside_begin(struct api *api, const struct api_came *came);
/* Forgets what was answered or refused so far, so that the call may run (again). */
void inside_clear(struct api *api);
/* Frees what does not live in the arena. */
void inside_done(struct api *api);

/* page.c: reads limit, cursor and format of a list. */
must_use bool page_is_csv(const struct api *api);

/* What ETag and If-None-Match say is the same: a list of "7", W/"7", 7, or *. Weak ones count only
 * where `weak` says so. */
must_use bool inside_etag_listed(struct span header, int64_t revision, bool weak);

#endif
