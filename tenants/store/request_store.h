/*
 * request_store: the request log: which calls were made, what each cost, and how it went.
 *
 * Needs an open transaction of an operator or of the tenant. A request is one posted usage event
 * with what is kept beside it; what was refused at the door is not among them (it is counted in
 * tollgate.refusals). The log's part may be gone by retention, the event's never is.
 */
#ifndef TOLLGATE_TENANTS_STORE_REQUEST_STORE_H
#define TOLLGATE_TENANTS_STORE_REQUEST_STORE_H

#include "tenants/model/price.h"
#include "tenants/store/view.h"

/* Of tollgate.outcomes, those that count as failed: the provider failed or died, our gateway
 * crashed, an empty answer, nothing sent. A client that leaves is no failure. */
#define REQUEST_FAILED_OUTCOMES "2, 3, 6, 7, 9"

/* The names of tollgate.outcomes, as choices of a query. */
#define REQUEST_OUTCOME_CHOICES                                                                    \
    "finished|provider_failed|provider_died|client_left|client_left_early|crash|blank|cached|"     \
    "not_dispatched"

/* Lists, newest or dearest first. Behind the list's own parameters stand: $4 tenant, $5 from, $6 to
 * (times), $7 model, $8 key, $9 project, $10 outcome's name, $11 provider, $12 whether it failed
 * (boolean), $13 the least charge (pico), $14 the event's id, $15 the client's or the provider's id
 * of it. All but the first three may be null. */
extern const struct view request_newest_view;
/* The same rows, faster where $7 to $12 leave few of them; $13 to $15 are better asked above. */
extern const struct view request_filtered_view;
extern const struct view request_dearest_view;

/* One request and all that is one value of it. $1 tenant, $2 the event's id, $3 whether costs are
 * shown. Behind the view's columns stand those that request_detail_…() read. */
extern const struct view request_detail_view;

/* What the lines of the detail are made from. */
struct request_priced {
    struct meters meters;
    enum price_mode mode;
    struct uuid price_version; /* zero: none was stamped */
    int64_t base_pico;
};
/* False when the row has a mode that this program does not know. */
must_use bool request_detail_priced(const struct pg_rows *rows, size_t row,
                                    struct request_priced *priced_out);
/* JSON, an array as billing wrote it; empty where there is none. Borrowed from the rows. */
must_use struct span request_detail_attempts(const struct pg_rows *rows, size_t row);

/* The price version with its rates in the arena. STORE_NOT_FOUND when the actor may not see it. */
must_use enum store_outcome request_store_price(struct pg *pg, struct uuid id, struct arena *arena,
                                                struct price_version *price_out,
                                                struct store_error *error_out);

/* The models of deployments, borrowed from *rows_out, which is the caller's: deployment_id, model.
 */
must_use enum store_outcome request_store_models(struct pg *pg, const struct uuid *deployments,
                                                 size_t count, struct pg_rows **rows_out,
                                                 struct store_error *error_out);

#endif
