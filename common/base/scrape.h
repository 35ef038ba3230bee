/*
 * scrape: a small listener of its own thread for /metrics and /healthz.
 *
 * Serves what was published last; asks nobody. One request at a time, closed after the answer:
 * for a scraper and an operator, not for the world.
 */
#ifndef TOLLGATE_COMMON_BASE_SCRAPE_H
#define TOLLGATE_COMMON_BASE_SCRAPE_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

struct scrape;

/* `listen` is HOST:PORT; port 0 takes a free one, which is logged. 0 or -errno. */
must_use int scrape_start(const char *listen, struct scrape **scrape_out);
void scrape_stop(struct scrape *scrape);

/* What /metrics answers from now on, and whether all is well. Copied. Any thread; NULL is fine. */
void scrape_publish(struct scrape *scrape, struct span metrics, bool healthy);

#endif
