/*
 * preset_words: the modes, causes and kinds that routing presets are made of (docs/presets.md).
 */
#ifndef TOLLGATE_TENANTS_MODEL_PRESET_WORDS_H
#define TOLLGATE_TENANTS_MODEL_PRESET_WORDS_H

enum preset_mode {
    PRESET_SINGLE,      /* a leaf */
    PRESET_FALLBACK,    /* one after the other */
    PRESET_LOADBALANCE, /* one by weight, the others behind it */
    PRESET_CONDITIONAL  /* the first whose condition holds, else the default */
};

/* Why a request is tried elsewhere. */
enum preset_fall {
    FALL_ERROR,   /* nobody answered, or with a status that another provider need not have */
    FALL_CONTEXT, /* the prompt is too long for the model */
    FALL_POLICY,  /* refused for its content */
    FALLS
};
#define FALL_ANY ((1U << FALLS) - 1)

/* Kinds of errors that may have a number of retries of their own. */
enum preset_error {
    PRESET_ERROR_CONNECT,
    PRESET_ERROR_TIMEOUT,
    PRESET_ERROR_RATE_LIMIT,
    PRESET_ERROR_SERVER,
    PRESET_ERRORS
};

/* By what a loadbalance keeps a request where the ones before it went. */
enum preset_sticky {
    STICKY_CONVERSATION, /* what the router itself goes by: session, or how the chat begins */
    STICKY_NONE,         /* a new draw for each request */
    STICKY_USER,
    STICKY_KEY,
    STICKY_METADATA /* the member `sticky_member` of metadata */
};

#endif
