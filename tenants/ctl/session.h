/*
 * session: what login leaves behind for later commands, in a file of its owner alone.
 *
 * The token is for the address it was made at and goes nowhere else.
 */
#ifndef TOLLGATE_TENANTS_CTL_SESSION_H
#define TOLLGATE_TENANTS_CTL_SESSION_H

#include "common/base/attr.h"
#include "common/base/buf.h"

struct session {
    /* All owned; NULL when not there. */
    char *url, *token, *kind, *email, *tenant, *tenant_name, *ca_file, *expires_at;
};

/* $XDG_CONFIG_HOME/tollgate/session, else ~/.config/tollgate/session; owned, NULL without a home.
 */
must_use char *session_path(void);

/* 0; -ENOENT: nobody signed in; -EPERM: others may read it; -EINVAL: it is no session. */
must_use int session_read(const char *path, struct session *session_out);
/* 0 or -errno. The file is whole or as it was. */
must_use int session_write(const char *path, const struct session *session);
/* 0 or -errno; a file that is not there is fine. */
must_use int session_remove(const char *path);
void session_done(struct session *session);

#endif
