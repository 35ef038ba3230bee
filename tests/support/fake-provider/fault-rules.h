/*
 * fault-rules: which of the next calls get which fault, as POST /control says. They count down.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_FAULT_RULES_H
#define TOLLGATE_FAKE_PROVIDER_FAULT_RULES_H

#include "common/base/json.h"
#include "faults.h"

#define FAULT_RULES_MAX 1024

/* The next `left` calls that match get the spec. */
struct fault_rule {
    char model[128], site[64], key[160]; /* empty matches all */
    char text[200];                      /* the spec */
    int64_t left, hits;                  /* left -1: for ever */
};

struct fault_rules {
    struct fault_rule *at; /* owned */
    size_t count;
};

must_use struct fault_rules fault_rules_make(void);
void fault_rules_done(struct fault_rules *rules);

/* Adds a rule from {"model", "site", "key", "fault", "count"}. NULL, or what is wrong with it. */
must_use const char *fault_rules_add(struct fault_rules *rules, const struct json_doc *doc);
void fault_rules_clear(struct fault_rules *rules);
/* The first rule that matches and is not used up is counted and applied. */
void fault_rules_apply(struct fault_rules *rules, struct fault_spec *spec, struct span model,
                       struct span site, struct span key);
/* The rules as a JSON array. */
void fault_rules_write(const struct fault_rules *rules, struct buf *out);

#endif
