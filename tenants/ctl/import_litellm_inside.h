/*
 * import_litellm_inside: what the files of import_litellm share.
 */
#ifndef TOLLGATE_TENANTS_CTL_IMPORT_LITELLM_INSIDE_H
#define TOLLGATE_TENANTS_CTL_IMPORT_LITELLM_INSIDE_H

#include "tenants/ctl/import_litellm.h"
#include "tenants/ctl/import_members.h"

enum { LITELLM_DEPLOYMENTS_MAX = 512 };

/* What a shuffle may go by. */
enum { LITELLM_WEIGHT, LITELLM_RPM, LITELLM_TPM, LITELLM_UNITS };

/* An entry of model_list. */
struct litellm_deployment {
    struct span group; /* model_name */
    struct span name;  /* model_info.id; may be empty */
    struct import_target leaf;
    double weights[LITELLM_UNITS]; /* -1: none was said */
    /* In the unit that its rung goes by: */
    double weight; /* 0: never */
    bool weighted; /* it was said to be so much */
    int64_t order; /* smaller ones first */
};

/* The deployments of one order, with those that are alike made one. */
struct litellm_rung {
    struct litellm_deployment at[IMPORT_TARGETS_MAX];
    int count;
    bool weighted; /* some were said to be so much */
};

enum litellm_strategy {
    LITELLM_SHUFFLE,
    LITELLM_LATENCY,
    LITELLM_COST,
    LITELLM_LEAST_BUSY,
    LITELLM_USAGE
};

struct litellm {
    const struct json_doc *doc;
    const struct import_names *names;
    struct arena *arena;
    struct import_report *report;
    uint32_t router, library; /* router_settings, litellm_settings; or JSON_NONE */
    struct litellm_deployment *deployments;
    uint32_t deployment_count;
    struct span groups[IMPORT_PRESETS_MAX]; /* in the order of the file */
    uint32_t group_count;
    enum litellm_strategy strategy;
    struct import_retry retry;
    struct litellm_rung *rung; /* scratch */
};

/* A setting of router_settings, else of litellm_settings, or JSON_NONE. */
must_use uint32_t litellm_setting(const struct litellm *import, const char *name);
/* Seconds as milliseconds; 0 when there are none. */
must_use int64_t litellm_ms(const struct litellm *import, uint32_t node, const char *path);

/* Reads model_list and names the groups. */
void litellm_read_list(struct litellm *import, uint32_t list);
/* Reads a model as LiteLLM names it into a leaf. False, and reported, when it goes nowhere. */
must_use bool litellm_place(struct litellm *import, struct span model, struct span provider,
                            struct span base, const char *path, struct import_target *leaf);

/* Adds the deployments of a group below `parent` (IMPORT_NONE: as the root); its index, or
 * IMPORT_NONE when there are none that can be used. */
must_use int litellm_add_group(struct litellm *import, struct import_preset *preset, int parent,
                               struct span group);
must_use bool litellm_has_group(const struct litellm *import, struct span group);

#endif
