/*
 * list: an intrusive, circular, doubly linked list. The owner of the items owns the order of
 * freeing.
 *
 * A link that is on no list points to itself, so list_remove() may be called on it again.
 */
#ifndef TOLLGATE_COMMON_BASE_LIST_H
#define TOLLGATE_COMMON_BASE_LIST_H

#include <stdbool.h>

#include "common/base/attr.h"

struct list {
    struct list *next, *prev;
};

static inline void list_init(struct list *list)
{
    list->next = list->prev = list;
}

static inline bool list_empty(const struct list *list)
{
    return list->next == list;
}

static inline void list_insert_before(struct list *at, struct list *item)
{
    item->prev = at->prev;
    item->next = at;
    at->prev->next = item;
    at->prev = item;
}

static inline void list_push_back(struct list *list, struct list *item)
{
    list_insert_before(list, item);
}

static inline void list_push_front(struct list *list, struct list *item)
{
    list_insert_before(list->next, item);
}

static inline void list_remove(struct list *item)
{
    item->prev->next = item->next;
    item->next->prev = item->prev;
    list_init(item);
}

#define list_each(head, it) for (struct list *it = (head)->next; it != (head); it = it->next)
#define list_each_safe(head, it, after)                                                            \
    for (struct list *it = (head)->next, *after = it->next; it != (head);                          \
         it = after, after = it->next)
#define list_item(link, type, member) container_of(link, type, member)

#endif
