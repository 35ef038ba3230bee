/*
 * scenario: providers and what befalls them, as data.
 *
 * Times are shares of the run, limits and capacities shares of the load, so that a run of 10^4
 * requests and one of 10^6 tell the same story. All figures are invented.
 */
#ifndef TOLLGATE_TESTS_SUPPORT_ROUTE_SIMULATOR_SCENARIO_H
#define TOLLGATE_TESTS_SUPPORT_ROUTE_SIMULATOR_SCENARIO_H

#include <stdint.h>

enum { PLACES_MAX = 16, INCIDENTS_MAX = 4 };

/* A deployment of the model. Times are log-normal about these medians. */
struct place {
    const char *name;             /* of its provider */
    const char *domain;           /* whose account it is behind */
    double input_usd, output_usd; /* per million tokens */
    double first_ms, first_sigma; /* time to the first token of an idle provider */
    double tokens_per_s;
    double capacity;    /* calls under way, as a share of the load's, that double its times; with
                           half as many again it refuses more (429) */
    double limit_share; /* of the load, that it takes per minute; 0: no limit */
    double fail_share;  /* of calls that it answers with 503 at random */
};

enum incident_kind {
    INCIDENT_DEAD,       /* refuses connections */
    INCIDENT_BLACK_HOLE, /* does not answer to them */
    INCIDENT_ERRORS,     /* 503 */
    INCIDENT_DEGRADED,   /* 503 to four calls of five */
    INCIDENT_HANG,       /* takes the request and says nothing */
    INCIDENT_SLOW,       /* ten times as slow */
    INCIDENT_FLAPPING,   /* dead for 5 s, well for 5 s, by turns */
    INCIDENT_RETIRED,    /* 404 */
};

struct incident {
    const char *domain; /* all deployments behind it; NULL: of all */
    enum incident_kind kind;
    double from, until; /* shares of the run */
};

struct scenario {
    const char *name, *what;
    const struct place *places;
    uint32_t place_count;
    double fail_share;  /* if > 0, of every place */
    double limit_share; /* if > 0, of those that `limited` has a bit of */
    uint32_t limited;
    struct incident incidents[INCIDENTS_MAX];
    uint32_t incident_count;
};

extern const struct scenario scenarios[];
extern const uint32_t scenario_count;

#endif
