/*
 * view: how an answer of the API is shown: which members, under which titles, in which form.
 *
 * Constant data beside the table of commands, read by show.c.
 */
#ifndef TOLLGATE_TENANTS_CTL_VIEW_H
#define TOLLGATE_TENANTS_CTL_VIEW_H

#include <stdbool.h>
#include <stddef.h>

enum cell_kind {
    CELL_TEXT,
    CELL_ID,     /* never cut */
    CELL_STATUS, /* coloured */
    CELL_MONEY,
    CELL_COUNT,
    CELL_TIME,
    CELL_DAY,    /* the day of a time */
    CELL_SHARE,  /* 0.25 is 25.0 % */
    CELL_NUMBER, /* as it stands, to the right */
    CELL_LIST,   /* of texts */
    CELL_RATES,  /* of prices */
    CELL_OFFERS, /* of a model */
    CELL_JSON,
};

struct column {
    const char *title, *path; /* the member; "tenant.name" goes down */
    enum cell_kind kind;
    bool wide; /* stands in lists with --wide only */
};

struct view {
    const struct column *columns;
    size_t count;
    const char *root;            /* the member that holds the object; NULL: the answer is it */
    const struct column *before; /* what stands beside the object */
    size_t before_count;
    const char *note; /* said on standard error once it is shown */
};

#define VIEW_COLUMNS(a) .columns = (a), .count = array_size(a)

#endif
