/*
 * identify: who makes a call: by session cookie, session token, management key or operator token.
 *
 * Runs on a thread of the pool, before the transaction of the call, with a transaction of its own
 * in which it acts as the control plane itself. Also what login and logout stand on.
 */
#ifndef TOLLGATE_TENANTS_API_IDENTIFY_H
#define TOLLGATE_TENANTS_API_IDENTIFY_H

#include "tenants/api/api.h"
#include "tenants/store/session_store.h"

/* Of the request; spans live as long as the call. `address` and `secure` are as the edge told. */
struct identify_headers {
    enum api_method method;
    struct span authorization, cookie, csrf_token, user_agent;
    struct span address;
    bool secure; /* the client's connection is TLS: cookies get Secure */
};

/* Fills api->caller; its address in any case. Needs api->route: where anybody may call
 * (ROLE_PUBLIC) the caller is nobody, whatever came along, and caller->session is the session that
 * a browser has, for a login to end. Else no credential at all is CALLER_NOBODY and API_OK. A
 * credential that does not hold (unknown, ended, idle too long, of a disabled person or a suspended
 * key) is API_FAILED with PROBLEM_NOT_SIGNED_IN; a cookie without the right x-csrf-token on
 * anything but GET is PROBLEM_CSRF. A session that is due to rotate gets its new cookie here
 * (api_header). A dead cookie is cleared. api->pg has no transaction open before and after. The
 * headers are kept in api->headers and live as long as the call. */
must_use enum api_outcome identify(struct api *api, const struct identify_headers *headers);

/* The caller is this person; its address stays. */
void identify_person(struct caller *caller, const struct person *person, struct uuid session);

#endif
