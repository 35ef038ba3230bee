/*
 * waterfall: a stretch of time as a bar of text on a line of fixed width.
 */
#ifndef TOLLGATE_TENANTS_CTL_WATERFALL_H
#define TOLLGATE_TENANTS_CTL_WATERFALL_H

#include <stdint.h>

enum { WATERFALL_WIDTH = 32, WATERFALL_SIZE = WATERFALL_WIDTH + 1 };

/* ".....######....": from start_ms on for ms, of total_ms. Every bar has at least one '#'. */
void waterfall_bar(int64_t start_ms, int64_t ms, int64_t total_ms, char out[WATERFALL_SIZE]);

#endif
