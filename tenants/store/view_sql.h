/*
 * view_sql: pieces of SQL that the texts of several views have in common.
 */
#ifndef TOLLGATE_TENANTS_STORE_VIEW_SQL_H
#define TOLLGATE_TENANTS_STORE_VIEW_SQL_H

/* A list by one uuid, newest first: behind $2. The third parameter of every list has to stand
 * somewhere, else nothing tells its type. */
#define VIEW_AFTER(column) "($2::uuid IS NULL OR " column " < $2::uuid) AND $3::text IS NULL "

/* $n, or any when it is null. */
#define VIEW_IS(column, n) "(" n "::text IS NULL OR " column " = " n ") "

/* Whether $n stands somewhere in the column, whatever the case; nothing in it is a wildcard. */
#define VIEW_HAS(column, n) "strpos(lower(" column "), lower(" n ")) > 0 "

/* Millionths as percent, exact: 55000 is "5.5". */
#define VIEW_PERCENT(ppm) "trim_scale(" ppm "::numeric / 10000)::text"

/* When the running window of a budget began, in UTC, as budget_window_start() says. */
#define VIEW_WINDOW_START(window)                                                                  \
    "CASE " window " WHEN 'total' THEN timestamptz '-infinity' "                                   \
    "ELSE date_trunc(" window ", now(), 'UTC') END "

#endif
