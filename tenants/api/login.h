/*
 * login: whether an e-mail address and a password are somebody's, and the lockout around it.
 *
 * Works in transactions of its own, because a failure counts although the call is rolled back; none
 * is open while a password is hashed.
 */
#ifndef TOLLGATE_TENANTS_API_LOGIN_H
#define TOLLGATE_TENANTS_API_LOGIN_H

#include "tenants/api/api.h"
#include "tenants/store/login_store.h"

/* Finds the one person. API_OK leaves a transaction of the control plane open, in which the
 * failures are forgotten. API_FAILED: wrong, locked out, or several (the problem lists their
 * tenants); `tenant` chooses, zero is any. */
must_use enum api_outcome login_judge(struct api *api, struct span email, struct span password,
                                      struct uuid tenant, struct person *person_out);

/* Whether the member `current` of the body is the password of who is signed in. Within the call's
 * own transaction, which is lost when it is not: that counts as a failed login. */
must_use enum api_outcome login_confirm(struct api *api, struct span email, struct span hash,
                                        struct span password);

#endif
