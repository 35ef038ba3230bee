/*
 * scenarios: see the header.
 */
#include "tests/support/route-simulator/scenario.h"

#include "common/base/attr.h"

/* One model at nine accounts: the two cheapest are slow, the fastest is dear. */
static const struct place ten[] = {
    {"alder", "alder", 0.50, 1.50, 600, 0.5, 50, 1.2, 0, 0.002},
    {"birch", "birch", 0.55, 1.65, 450, 0.4, 70, 1.0, 0, 0.002},
    {"cedar", "cedar", 0.60, 1.80, 350, 0.4, 90, 1.0, 0, 0.002},
    {"elm-east", "elm", 0.60, 2.00, 300, 0.4, 80, 0.6, 0, 0.002},
    {"elm-west", "elm", 0.60, 2.00, 320, 0.4, 80, 0.6, 0, 0.002},
    {"fir", "fir", 0.90, 2.70, 250, 0.3, 120, 0.6, 0, 0.002},
    {"hazel", "hazel", 0.40, 1.20, 1200, 0.8, 30, 0.8, 0, 0.005},
    {"larch", "larch", 1.20, 3.60, 180, 0.3, 250, 0.3, 0, 0.001},
    {"maple", "maple", 0.58, 1.70, 500, 0.5, 60, 1.0, 0, 0.002},
    {"rowan", "rowan", 0.75, 2.20, 400, 0.4, 75, 0.8, 0, 0.002},
};
static const struct place one[] = {
    {"cedar", "cedar", 0.60, 1.80, 350, 0.4, 90, 4.0, 0, 0.002},
};
#define TEN .places = ten, .place_count = array_size(ten)
/* alder, birch and hazel: the cheapest. */
#define CHEAPEST_THREE (1u << 0 | 1u << 1 | 1u << 6)

const struct scenario scenarios[] = {
    {.name = "calm", .what = "one call in 500 fails", TEN},
    {.name = "random", .what = "30 % of all calls fail, anywhere", TEN, .fail_share = 0.3},
    {.name = "third-dead",
     .what = "the three cheapest of ten refuse connections",
     TEN,
     .incidents = {{"alder", INCIDENT_DEAD, 0.2, 0.6},
                   {"birch", INCIDENT_DEAD, 0.2, 0.6},
                   {"hazel", INCIDENT_DEAD, 0.2, 0.6}},
     .incident_count = 3},
    {.name = "domain",
     .what = "both deployments of one account answer 503",
     TEN,
     .incidents = {{"elm", INCIDENT_ERRORS, 0.2, 0.6}},
     .incident_count = 1},
    {.name = "degraded",
     .what = "the two cheapest answer 503 to four calls of five",
     TEN,
     .incidents = {{"hazel", INCIDENT_DEGRADED, 0.2, 0.6}, {"alder", INCIDENT_DEGRADED, 0.2, 0.6}},
     .incident_count = 2},
    {.name = "black-hole",
     .what = "the second cheapest does not answer to connections",
     TEN,
     .incidents = {{"alder", INCIDENT_BLACK_HOLE, 0.2, 0.6}},
     .incident_count = 1},
    {.name = "hang",
     .what = "the cheapest takes requests and says nothing",
     TEN,
     .incidents = {{"hazel", INCIDENT_HANG, 0.2, 0.6}},
     .incident_count = 1},
    {.name = "slow",
     .what = "the fastest becomes ten times as slow",
     TEN,
     .incidents = {{"larch", INCIDENT_SLOW, 0.2, 0.6}},
     .incident_count = 1},
    {.name = "flapping",
     .what = "the cheapest is dead and well by turns of 5 s",
     TEN,
     .incidents = {{"hazel", INCIDENT_FLAPPING, 0.2, 0.6}},
     .incident_count = 1},
    {.name = "limits",
     .what = "the three cheapest take 5 % of the load each",
     TEN,
     .limit_share = 0.05,
     .limited = CHEAPEST_THREE},
    {.name = "retired",
     .what = "the cheapest no longer knows the model (404)",
     TEN,
     .incidents = {{"hazel", INCIDENT_RETIRED, 0.2, 1}},
     .incident_count = 1},
    {.name = "all-down",
     .what = "all answer 503 for a tenth of the run",
     TEN,
     .incidents = {{NULL, INCIDENT_ERRORS, 0.2, 0.3}},
     .incident_count = 1},
    {.name = "alone",
     .what = "one deployment, and 30 % of its calls fail",
     .places = one,
     .place_count = array_size(one),
     .fail_share = 0.3},
};
const uint32_t scenario_count = array_size(scenarios);
