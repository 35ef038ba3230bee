/*
 * filter: by which rule a deployment cannot serve a request.
 *
 * What is asked for and is not known to hold does not hold: a data policy, a region, a quantization
 * that the catalog does not tell excludes. What a deployment can do (tools, images) excludes only
 * where the catalog says that it cannot, unless the client requires its parameters to be honoured.
 * Pure.
 */
#ifndef TOLLGATE_GATEWAY_ROUTE_FILTER_H
#define TOLLGATE_GATEWAY_ROUTE_FILTER_H

#include <stdint.h>

#include "common/base/attr.h"
#include "gateway/snapshot/snapshot.h"

enum route_rule {
    RULE_NONE, /* none: it may serve */
    RULE_NOT_CALLABLE,
    RULE_NOT_SERVED, /* its provider has no such endpoint */
    RULE_NO_PRICE,
    RULE_PINNED, /* another deployment keeps what is gone on from */
    RULE_ONLY,
    RULE_IGNORE,
    RULE_MAX_PROMPT, /* the caps in the order of enum route_cap */
    RULE_MAX_COMPLETION,
    RULE_MAX_REQUEST,
    RULE_MAX_IMAGE,
    RULE_ZDR,
    RULE_DATA_COLLECTION,
    RULE_QUANTIZATION,
    RULE_REGION,
    RULE_CONTEXT,
    RULE_IMAGES,
    RULE_FILES,
    RULE_AUDIO,
    RULE_TOOLS,
    RULE_STRUCTURED_OUTPUT,
    RULE_DRAINED,   /* an operator lets what is under way end, and sends it nothing more */
    RULE_OUT,       /* out of service */
    RULE_FALLBACKS, /* a candidate that allow_fallbacks leaves out */
    RULES
};
/* "provider.only": the member to blame, or a word of ours; stable. */
must_use const char *rule_name(enum route_rule rule);
enum { RULE_NAME_MAX = 48 };
/* What a person reads: "is not among 'provider.only'". */
must_use const char *rule_text(enum route_rule rule);
/* Whether another request could have it: the client's wish excluded it. */
must_use bool rule_is_wish(enum route_rule rule);

enum route_cap { CAP_PROMPT, CAP_COMPLETION, CAP_REQUEST, CAP_IMAGE, CAPS };

/* What a request asks of a deployment, beside the names of providers. Zero asks nothing. */
struct route_filter {
    int64_t caps[CAPS]; /* pico per token, request, image; those of `capped` */
    uint8_t capped;     /* 1 << enum route_cap */
    uint8_t input;      /* 1 << enum modality: what it is made of */
    uint8_t needs;      /* 1 << enum ability */
    bool zdr;           /* nothing is kept */
    bool no_collection; /* nothing is trained on */
    bool require;       /* what is not known to be able, is not */
    const struct span *quantizations, *regions;
    uint32_t quantization_count, region_count;
    int64_t input_tokens; /* as counted, an estimate; 0: not known */
};

/* Who asks. */
enum filter_source { FILTER_REQUEST, FILTER_PRESET, FILTER_TENANT, FILTER_SOURCES };

struct filtered {
    enum route_rule rule;
    bool unknown; /* because the catalog does not tell */
    enum filter_source source;
};
must_use struct filtered filter_of(const struct route_filter *filter,
                                   const struct snapshot_deployment *deployment,
                                   const struct snapshot_terms *terms);

/* The rule's name; "tenant.zdr" and "preset.zdr" where it is not the request that asks. */
void filtered_name(const struct filtered *by, char name_out[RULE_NAME_MAX]);
/* What a person reads: "is not known to comply", or the rule's text. */
must_use const char *filtered_text(const struct filtered *by);

/* What one unit of the meter costs at the standard mode and for short prompts, by the plan; -1
 * where the version has no rate for it. */
must_use double filter_price(const struct snapshot_terms *terms, enum meter meter);

#endif
