/*
 * policy: see the header.
 */
#include "policy.h"

/* A number behind a word; false when it is there and bad, or missing though it is needed. */
static bool read_number(struct span *rest, bool needed, int64_t *value_out)
{
    struct span text = span_cut(rest, ' ');

    if (text.size == 0)
        return !needed;
    return span_int64(text, value_out) == 0 && *value_out >= 0;
}

static bool read_way(struct span *rest, bool needed, enum way *way_out)
{
    struct span text = span_cut(rest, ' ');

    if (text.size == 0)
        return !needed;
    *way_out = span_is(text, "up") ? WAY_UP : WAY_DOWN;
    return span_is(text, "up") || span_is(text, "down");
}

static bool set_admit(struct policy *policy, enum admit admit, struct span *rest)
{
    int64_t left = -1;

    if (!read_number(rest, false, &left))
        return false;
    policy->admit = admit;
    policy->admit_left = left;
    return true;
}

static bool set_limit(struct policy *policy, enum limit limit, struct span *rest)
{
    int64_t bytes = 0;
    enum way way = WAY_DOWN;

    if (!read_number(rest, true, &bytes) || !read_way(rest, false, &way))
        return false;
    policy->limit = limit;
    policy->limit_bytes = bytes;
    policy->limit_way = way;
    return true;
}

/* Words that change the policy. */
static bool change(struct policy *policy, struct span word, struct span *rest)
{
    int64_t number = 0;

    if (span_is(word, "refuse"))
        return set_admit(policy, ADMIT_REFUSE, rest);
    if (span_is(word, "blackhole"))
        return set_admit(policy, ADMIT_BLACKHOLE, rest);
    if (span_is(word, "reset-after"))
        return set_limit(policy, LIMIT_RESET, rest);
    if (span_is(word, "cut-after"))
        return set_limit(policy, LIMIT_CUT, rest);
    if (span_is(word, "delay") && read_number(rest, true, &number)) {
        policy->delay_ms = number;
        return true;
    }
    if (span_is(word, "rate") && read_number(rest, true, &number)) {
        policy->bytes_per_s = number;
        return true;
    }
    if (span_is(word, "stop") || span_is(word, "resume")) {
        policy->stopped = span_is(word, "stop");
        return true;
    }
    if (span_is(word, "pass")) {
        *policy = (struct policy){0};
        return true;
    }
    return false;
}

enum action policy_read(struct policy *policy, struct span line, enum way *way_out)
{
    static const struct {
        const char *word;
        enum action action;
    } actions[] = {
        {"reset", ACTION_RESET_ALL},   {"close", ACTION_CLOSE_ALL},
        {"unlisten", ACTION_UNLISTEN}, {"half-close", ACTION_HALF_CLOSE},
        {"listen", ACTION_LISTEN},     {"stats", ACTION_STATS},
    };
    struct span rest = span_trim(line), word = span_cut(&rest, ' ');
    struct policy next = *policy;

    for (size_t i = 0; i < array_size(actions); i++) {
        if (!span_is(word, actions[i].word))
            continue;
        if (actions[i].action == ACTION_HALF_CLOSE && !read_way(&rest, true, way_out))
            return ACTION_BAD;
        return rest.size == 0 ? actions[i].action : ACTION_BAD;
    }
    if (!change(&next, word, &rest) || rest.size > 0)
        return ACTION_BAD;
    *policy = next;
    return ACTION_NONE;
}

enum admit policy_admit(struct policy *policy)
{
    if (policy->admit == ADMIT_PASS || policy->admit_left == 0)
        return ADMIT_PASS;
    if (policy->admit_left > 0)
        policy->admit_left--;
    return policy->admit;
}
