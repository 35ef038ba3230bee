/*
 * catalog_reader: members of JSON objects read with a path, so that an error says where it is.
 *
 * Shared by the readers and writers of the catalog's formats, private to them. Every function
 * returns false after the first error, which is kept; text is copied into the arena and checked to
 * be UTF-8 without control characters.
 */
#ifndef TOLLGATE_TENANTS_MODEL_CATALOG_READER_H
#define TOLLGATE_TENANTS_MODEL_CATALOG_READER_H

#include "common/base/json.h"
#include "tenants/model/catalog.h"

struct catalog_reader {
    struct json_doc doc;
    struct arena *arena; /* borrowed */
    struct catalog_error *error;
    char path[320];
    size_t path_size;
};

/* Parses the text, whose root must be an object. catalog_reader_done() follows in any case. */
must_use bool catalog_reader_open(struct catalog_reader *r, struct span text, struct arena *arena,
                                  struct catalog_error *error);
void catalog_reader_done(struct catalog_reader *r);

/* Steps into a member, or into an item of the list that a member is; path_size from before goes to
 * catalog_up(). catalog_enter() also checks that the item is an object. */
void catalog_down(struct catalog_reader *r, const char *member);
void catalog_down_item(struct catalog_reader *r, const char *list, uint32_t index);
must_use bool catalog_enter(struct catalog_reader *r, const char *list, uint32_t index,
                            uint32_t item);
void catalog_up(struct catalog_reader *r, size_t mark);

/* Notes what is wrong at the path, or at a member of it (NULL: the path itself); returns false. */
bool catalog_wrong(struct catalog_reader *r, const char *member, const char *format, ...)
    printf_like(3, 4);

/* The object has these members and no other; the list ends with NULL. */
must_use bool catalog_only(struct catalog_reader *r, uint32_t object, const char *const *known);

enum catalog_need { CATALOG_OPTIONAL, CATALOG_REQUIRED };

/* NULL and null leave *out as it was when optional. At most `max` bytes, at least one. */
must_use bool catalog_text(struct catalog_reader *r, uint32_t object, const char *member,
                           enum catalog_need need, size_t max, const char **out);
must_use bool catalog_name_of(struct catalog_reader *r, uint32_t object, const char *member,
                              const struct catalog_words *words, enum catalog_need need,
                              unsigned *out);
must_use bool catalog_date(struct catalog_reader *r, uint32_t object, const char *member,
                           const char **out);
/* 0 and up; optional. */
must_use bool catalog_count(struct catalog_reader *r, uint32_t object, const char *member,
                            int64_t *out);
must_use bool catalog_truth(struct catalog_reader *r, uint32_t object, const char *member,
                            bool *out);
must_use bool catalog_flag_of(struct catalog_reader *r, uint32_t object, const char *member,
                              enum catalog_flag *out);
/* A list of words as a set; an absent one is empty. */
must_use bool catalog_set(struct catalog_reader *r, uint32_t object, const char *member,
                          const struct catalog_words *words, unsigned *out);
/* A list of at most `max` items; JSON_NONE, whose json_count is 0, when absent and optional. */
must_use bool catalog_list(struct catalog_reader *r, uint32_t object, const char *member,
                           enum catalog_need need, uint32_t max, uint32_t *list_out);
/* The object below a member, JSON_NONE when absent and optional. */
must_use bool catalog_object(struct catalog_reader *r, uint32_t object, const char *member,
                             enum catalog_need need, uint32_t *object_out);

must_use bool catalog_read_capabilities_at(struct catalog_reader *r, uint32_t object,
                                           struct catalog_capabilities *out);

/* Variables first: base URLs are checked against them. */
must_use bool catalog_read_variables_at(struct catalog_reader *r, uint32_t object,
                                        struct catalog_provider *p);
must_use bool catalog_read_endpoints_at(struct catalog_reader *r, uint32_t object,
                                        struct catalog_provider *p);

#endif
