/*
 * key_inside: what the files of key_store share: values of a key as parameters of statements. Not
 * for use outside of them.
 */
#ifndef TOLLGATE_TENANTS_STORE_KEY_INSIDE_H
#define TOLLGATE_TENANTS_STORE_KEY_INSIDE_H

#include "tenants/store/key_store.h"

static inline struct pg_param key_time(int64_t unix_ms)
{
    return unix_ms == INT64_MAX ? PG_NULL : PG_TIME(unix_ms);
}

static inline struct pg_param key_limit(int64_t value)
{
    return value > 0 ? PG_INT(value) : PG_NULL;
}

static inline struct pg_param key_budget(enum budget_window window, int128 pico)
{
    return window == WINDOW_NONE ? PG_NULL : PG_NUMERIC(pico);
}

static inline struct pg_param key_window(enum budget_window window)
{
    return window == WINDOW_NONE ? PG_NULL : PG_STRING(words_name(&budget_window_words, window));
}

static inline struct pg_param key_texts(const struct span *texts, size_t count)
{
    return texts == NULL ? PG_NULL : PG_TEXTS(texts, count);
}

/* Writes the words of a set of scopes; returns how many. */
static inline size_t key_scope_names(unsigned scopes, struct span names_out[KEY_SCOPES])
{
    size_t count = 0;
    for (unsigned scope = 0; scope < KEY_SCOPES; scope++) {
        if ((scopes >> scope & 1u) != 0)
            names_out[count++] = span_of(words_name(&key_scope_words, scope));
    }
    return count;
}

#endif
