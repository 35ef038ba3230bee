/*
 * id: UUIDv7 (RFC 9562) and their typed outside form, "ten_" + 26 Crockford base32 characters.
 *
 * Time and randomness are the caller's, so the functions are pure.
 */
#ifndef TOLLGATE_COMMON_BASE_ID_H
#define TOLLGATE_COMMON_BASE_ID_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

struct uuid {
    uint8_t at[16];
};

#define UUID_TEXT_SIZE 37 /* 36 and the NUL */
#define ID_TEXT_SIZE 32   /* the longest prefix, underscore, 26, NUL */

enum id_kind {
    ID_TENANT,        /* ten_ */
    ID_PROJECT,       /* prj_ */
    ID_KEY,           /* key_ */
    ID_MEMBER,        /* mem_ */
    ID_DEPLOYMENT,    /* dep_ */
    ID_PRICE_VERSION, /* prc_ */
    ID_PLAN_VERSION,  /* pln_ */
    ID_LEASE,         /* lse_ */
    ID_INVOICE,       /* inv_ */
    ID_GATEWAY,       /* gw_ */
    ID_JOURNAL,       /* jrn_ */
    ID_GENERATION,    /* gen_: a request and its usage event */
    ID_OPERATOR,      /* opr_ */
    ID_GRANT,         /* crd_: a credit grant */
    ID_TRANSACTION,   /* txn_: of the ledger */
    ID_CREDENTIAL,    /* pcr_: a provider's credential */
    ID_SESSION,       /* ses_ */
    ID_PRESET,        /* pst_: a routing preset */
    ID_KINDS
};

/* Version 7 from a wall clock in milliseconds and 10 random bytes. */
must_use struct uuid uuid_make(int64_t unix_ms, const uint8_t random[10]);

/* A new UUIDv7 by the wall clock and the system's random numbers; monotonic within a thread. Draws
 * ahead, so a process that forks makes ids on one side only. */
must_use struct uuid uuid_new(void);

must_use int64_t uuid_unix_ms(struct uuid id);
/* Days since 1970-01-01 UTC of the id's time; what usage_events is partitioned by. */
must_use int32_t uuid_day(struct uuid id);
must_use bool uuid_is_zero(struct uuid id);
must_use bool uuid_is_v7(struct uuid id);
must_use bool uuid_equal(struct uuid a, struct uuid b);
must_use int uuid_compare(struct uuid a, struct uuid b);

void uuid_format(struct uuid id, char text_out[UUID_TEXT_SIZE]);
must_use int uuid_parse(struct span text, struct uuid *id_out); /* 0 or -EINVAL */

/* "gen_01jd…". Returns the length. */
size_t id_format(enum id_kind kind, struct uuid id, char text_out[ID_TEXT_SIZE]);
/* Reads exactly that kind: 0 or -EINVAL. */
must_use int id_parse(enum id_kind kind, struct span text, struct uuid *id_out);

/* The key of a uuid in a map: a span over its 16 bytes; borrows the id. */
static inline struct span uuid_span(const struct uuid *id)
{
    return span_make((const char *)id->at, sizeof(id->at));
}

#endif
