/*
 * units: which of what is known of a request are the meters of its event.
 *
 * What is no chat may be paid by tokens, pictures, seconds, characters or requests, and one model
 * by one of them at one provider and by another elsewhere. The price says by which: those are the
 * meters, and nothing else. Pure.
 */
#ifndef TOLLGATE_GATEWAY_METER_UNITS_H
#define TOLLGATE_GATEWAY_METER_UNITS_H

#include "common/base/attr.h"
#include "tenants/model/price.h"

struct units {
    const struct meters *told;    /* by the provider's usage */
    const struct meters *seen;    /* in the answer: pictures, a duration */
    const struct meters *counted; /* by ourselves, from the request */
};

/* For each dimension of the price: what was told, else seen, else counted. `counted_out` is set
 * when something had to be counted. */
must_use struct meters units_of(const struct units *units, const struct price_version *price,
                                bool *counted_out);

#endif
