/*
 * chat_effort: see the header.
 */
#include "gateway/dialect/chat_effort.h"

enum { MOST_PERCENT = 95 };

enum chat_effort chat_effort_of(const struct chat_wish *wish)
{
    if (wish->effort != EFFORT_UNSET || wish->reasoning_budget <= 0)
        return wish->effort;
    return wish->reasoning_budget <= 2048   ? EFFORT_LOW
           : wish->reasoning_budget <= 8192 ? EFFORT_MEDIUM
                                            : EFFORT_HIGH;
}

int64_t chat_effort_budget(const struct chat_wish *wish, int64_t cap)
{
    static const int percents[] = {
        [EFFORT_UNSET] = 0,   [EFFORT_NONE] = 0,  [EFFORT_MINIMAL] = 10,         [EFFORT_LOW] = 20,
        [EFFORT_MEDIUM] = 50, [EFFORT_HIGH] = 80, [EFFORT_XHIGH] = MOST_PERCENT,
    };
    int64_t most = cap * MOST_PERCENT / 100;
    int64_t budget = wish->reasoning_budget > 0 ? wish->reasoning_budget
                                                : cap * percents[chat_effort_of(wish)] / 100;

    if (budget > most)
        budget = most;
    if (budget > CHAT_BUDGET_MAX)
        budget = CHAT_BUDGET_MAX;
    return budget < CHAT_BUDGET_MIN ? CHAT_BUDGET_MIN : budget;
}
