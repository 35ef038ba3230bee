/*
 * responses_items: the events of a stream for clients of the Responses API, item by item. Of a
 * whole answer, only what is said is kept. Used by responses_answer_write.c alone.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_RESPONSES_ITEMS_H
#define TOLLGATE_GATEWAY_DIALECT_RESPONSES_ITEMS_H

#include "gateway/dialect/responses_writer.h"

/* Events of a part, of a summary; each is ended by the next two. */
must_use struct json_writer responses_begin_of_part(struct answer_writer *writer,
                                                    const struct responses_item *item,
                                                    const char *type);
must_use struct json_writer responses_begin_of_summary(struct answer_writer *writer,
                                                       const struct responses_item *item,
                                                       const char *type);
void responses_tell_delta(struct answer_writer *writer, struct responses_writer *r,
                          struct json_writer *w, struct span text);
void responses_end_event(struct answer_writer *writer, struct responses_writer *r,
                         struct json_writer *w);
/* "part":{…} of a summary. */
void responses_put_summary_part(struct json_writer *w, const struct responses_text *text);
/* An event that is of the response itself. */
void responses_tell(struct answer_writer *writer, struct responses_writer *r, const char *type,
                    const struct responses_state *state);
/* The first events, once. */
void responses_begin(struct answer_writer *writer, struct responses_writer *r);
/* NULL, as of the next ones: there is no room for it. */
must_use struct responses_item *responses_open_item(struct answer_writer *writer,
                                                    struct responses_writer *r,
                                                    enum responses_kind kind);
void responses_tell_item(struct answer_writer *writer, struct responses_writer *r,
                         const struct responses_item *item, const char *type, bool empty);
/* The message or reasoning that is open, if it is of that kind; else another one is opened. */
must_use struct responses_item *responses_current_of(struct answer_writer *writer,
                                                     struct responses_writer *r,
                                                     enum responses_kind kind);
/* The part of a message that is open, likewise. */
must_use struct responses_part *responses_part_of(struct answer_writer *writer,
                                                  struct responses_writer *r,
                                                  struct responses_item *item, bool refusal);
void responses_add_arguments(struct answer_writer *writer, struct responses_writer *r,
                             struct responses_item *item, struct span text);
void responses_close_item(struct answer_writer *writer, struct responses_writer *r,
                          struct responses_item *item);
void responses_close_current(struct answer_writer *writer, struct responses_writer *r);
/* `cut`: the answer ended before its end, and so did what is open. */
void responses_close_all(struct answer_writer *writer, struct responses_writer *r, bool cut);

#endif
