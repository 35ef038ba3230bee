/*
 * answer_event: see the header.
 */
#include "gateway/dialect/answer_event.h"

static const char *const names[FINISHES] = {
    [FINISH_STOP] = "stop",
    [FINISH_LENGTH] = "length",
    [FINISH_TOOL_CALLS] = "tool_calls",
    [FINISH_CONTENT_FILTER] = "content_filter",
    /* An OpenAI client knows no pause: for it the answer is over. */
    [FINISH_PAUSE] = "stop",
    [FINISH_ERROR] = "error",
};

const char *answer_finish_name(enum answer_finish finish)
{
    return names[finish];
}
