/*
 * members: the table of the members of a usage event's data, read by encode and decode alike, so
 * that the two cannot drift apart. Used by billing/event only.
 */
#ifndef TOLLGATE_BILLING_EVENT_MEMBERS_H
#define TOLLGATE_BILLING_EVENT_MEMBERS_H

#include <stddef.h>

#include "billing/event/event.h"

enum member_kind {
    MEMBER_ID,         /* struct uuid as a typed id; zero is left out */
    MEMBER_TEXT,       /* struct span; empty is left out */
    MEMBER_FLAG,       /* bool; false is left out */
    MEMBER_NUMBER,     /* int64_t; 0 is left out */
    MEMBER_DURATION,   /* int64_t; -1 (unknown) is left out */
    MEMBER_STATUS,     /* int32_t; 0 is left out */
    MEMBER_OUTCOME,    /* enum event_outcome, always there */
    MEMBER_MODE,       /* enum price_mode; standard is left out */
    MEMBER_USAGE_FROM, /* enum usage_from; none is left out */
    MEMBER_METERS,     /* struct meters; none is left out */
    MEMBER_JSON,       /* struct span of JSON text; empty is left out */
    MEMBER_LEASES,
    MEMBER_ATTEMPTS,
    MEMBER_TAGS,
    MEMBER_PREFIXES,
};

struct member {
    const char *name;
    enum member_kind kind;
    size_t offset;    /* in its struct */
    enum id_kind id;  /* of MEMBER_ID */
    size_t max_bytes; /* of MEMBER_TEXT and MEMBER_JSON */
    bool optional;    /* left out when the whole would be too large: nothing is billed by it */
};

extern const struct member event_members[];
extern const size_t event_member_count;
extern const struct member attempt_members[];
extern const size_t attempt_member_count;

#endif
