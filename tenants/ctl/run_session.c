/*
 * run_session: signing in and out, and what the program prints of itself.
 */
#include "tenants/ctl/runs.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "common/base/id.h"
#include "common/base/json_writer.h"
#include "common/base/mem.h"
#include "tenants/ctl/ask.h"
#include "tenants/ctl/cell.h"
#include "tenants/ctl/client.h"
#include "tenants/ctl/complete.h"
#include "tenants/ctl/manual.h"
#include "tenants/ctl/show.h"

enum { SECRET_MAX = 1024, BODY_MAX = 8192, TEXT_MAX = 2048 };

static void wipe(struct buf *secret)
{
    if (secret->at != NULL)
        explicit_bzero(secret->at, secret->size);
    buf_done(secret);
}

/* A secret of the file that a flag names, of standard input when nobody is there to ask, or asked.
 */
static int read_secret(struct ctl *ctl, const char *flag, const char *question, struct buf *out)
{
    const char *path = parse_value(ctl->line, flag);
    int error = 0;
    if (path == NULL && ask_possible())
        error = ask_line(question, true, out);
    else
        error = ask_file(path == NULL ? "-" : path, out);
    if (error == 0 && out->size > 0)
        return CTL_OK;
    if (path != NULL && strcmp(path, "-") != 0 && error == -EPERM)
        return ctl_fail(ctl, CTL_USAGE, "%s can be read by others; chmod 600 it first", path);
    if (path != NULL && strcmp(path, "-") != 0)
        return ctl_fail(ctl, CTL_USAGE, "%s has nothing in its first line, or can't be read: %s",
                        path, strerror(-error));
    return ctl_fail(ctl, CTL_USAGE, "it is empty; type it, or name its file with --%s", flag);
}

/* ---- login ---- */

static int read_email(struct ctl *ctl, struct buf *out)
{
    if (ctl->line->argument_count > 0)
        buf_add_string(out, ctl->line->arguments[0]);
    else if (ask_possible())
        (void)!ask_line("Email: ", false, out);
    else if (ctl->session.email != NULL)
        buf_add_string(out, ctl->session.email);
    return out->size > 0 ? CTL_OK : ctl_fail(ctl, CTL_USAGE, "say who: " PROGRAM " login EMAIL");
}

static int post_login(struct ctl *ctl, const char *email, const char *password, const char *tenant)
{
    struct buf body = buf_make(BODY_MAX);
    struct json_writer writer = json_writer_make(&body);
    json_begin(&writer, '{');
    json_put_cstring(&writer, "email", email);
    json_put_cstring(&writer, "password", password);
    json_put_cstring(&writer, "tenant", tenant);
    json_put_bool(&writer, "bearer", true);
    json_end(&writer, '}');
    const struct call call = {.method = "POST", .path = "/session", .body = buf_span(&body)};
    int code = client_call(ctl, &call);
    wipe(&body);
    return code;
}

/* The refusal lists the tenants of who belongs to several: the id of the one that is meant, owned,
 * or NULL with all of them in ctl->error. */
static char *choose_tenant(struct ctl *ctl, const char *name)
{
    cleanup(buf_done) struct buf all = buf_make(BODY_MAX);
    const struct json_doc *doc = &ctl->doc;
    uint32_t tenants = json_find(doc, 0, "tenants");
    for (uint32_t i = json_first(doc, tenants); i != JSON_NONE; i = json_after(doc, tenants, i)) {
        uint32_t id = json_find(doc, i, "id");
        if (name != NULL && json_string_is(doc, json_find(doc, i, "name"), name)) {
            buf_clear(&all);
            cell_text(doc, id, &all);
            return buf_take(&all);
        }
        buf_add_string(&all, all.size == 0 ? "" : ", ");
        cell_text(doc, json_find(doc, i, "name"), &all);
        buf_add_string(&all, " (");
        cell_text(doc, id, &all);
        buf_add_byte(&all, ')');
    }
    if (all.size > 0)
        ctl_fail(ctl, CTL_USAGE, "%s; say which tenant with --tenant: %s",
                 name == NULL ? "you belong to several tenants" : "you belong to no such tenant",
                 all.at);
    return NULL;
}

static int log_in(struct ctl *ctl, const char *email, const char *password)
{
    /* Not of the environment: an operator who works for a tenant signs in without it. */
    const char *named = parse_value(ctl->line, "tenant");
    struct uuid id;
    bool is_id = named != NULL && id_parse(ID_TENANT, span_of(named), &id) == 0;
    int code = post_login(ctl, email, password, is_id ? named : NULL);
    if (code == CTL_OK || is_id)
        return code;
    cleanup(mem_free_at) char *chosen = choose_tenant(ctl, named);
    if (chosen != NULL)
        return post_login(ctl, email, password, chosen);
    return json_find(&ctl->doc, 0, "tenants") == JSON_NONE ? code : CTL_USAGE;
}

static char *owned_text(const struct ctl *ctl, const char *path)
{
    char text[TEXT_MAX];
    if (json_copy_string(&ctl->doc, cell_find(&ctl->doc, 0, path), text, sizeof(text)) != 0)
        return NULL;
    char *copy = mem_strdup(text);
    explicit_bzero(text, sizeof(text));
    return copy;
}

/* The certificates' file, so that it is found from other folders, too. */
static char *absolute(const char *path)
{
    char whole[PATH_MAX];
    return path != NULL && realpath(path, whole) != NULL ? mem_strdup(whole) : NULL;
}

static int keep_session(struct ctl *ctl)
{
    struct session session = {
        .url = mem_strdup(ctl->address.base),
        .token = owned_text(ctl, "token"),
        .kind = owned_text(ctl, "kind"),
        .email = owned_text(ctl, "email"),
        .tenant = owned_text(ctl, "tenant.id"),
        .tenant_name = owned_text(ctl, "tenant.name"),
        .expires_at = owned_text(ctl, "expires_at"),
        .ca_file = absolute(parse_value(ctl->line, "ca-file")),
    };
    int code = CTL_OK, error = 0;
    if (session.token == NULL)
        code = ctl_fail(ctl, CTL_UNREACHABLE, "%s answered without a token", ctl->address.base);
    else if (ctl->session_path == NULL)
        code = ctl_fail(ctl, CTL_USAGE,
                        "there is no home to keep the session in; set "
                        "XDG_CONFIG_HOME");
    else if ((error = session_write(ctl->session_path, &session)) != 0)
        code = ctl_fail(ctl, CTL_USAGE, "%s can't be written: %s", ctl->session_path,
                        strerror(-error));
    session_done(&session);
    return code;
}

/* The session without its token. */
static void show_session(struct ctl *ctl)
{
    const struct view *view = ctl->line->command->view;
    if (!ctl->json)
        fprintf(ctl->out, "Signed in at %s\n", ctl->address.base);
    show_record(ctl, view);
}

int run_login(struct ctl *ctl)
{
    struct buf email = buf_make(SECRET_MAX), password = buf_make(SECRET_MAX);
    int code = client_connect(ctl, true);
    if (code == CTL_OK)
        code = read_email(ctl, &email);
    if (code == CTL_OK)
        code = read_secret(ctl, "password-file", "Password: ", &password);
    if (ctl->token != NULL) { /* of the session before this one */
        size_t size = strlen(ctl->token);
        mem_free_secret(TAKE(ctl->token), size);
    }
    if (code == CTL_OK)
        code = log_in(ctl, email.at, password.at);
    if (code == CTL_OK)
        code = keep_session(ctl);
    if (code == CTL_OK)
        show_session(ctl);
    wipe(&password);
    buf_done(&email);
    return code;
}

int run_logout(struct ctl *ctl)
{
    const struct call call = {.method = "DELETE", .path = "/session"};
    int code = client_connect(ctl, false);
    if (code != CTL_OK)
        return code;
    if (ctl->token_from_file)
        return ctl_fail(ctl, CTL_USAGE, "a token of a file is no session; revoke its key instead");
    code = client_call(ctl, &call);
    /* What the server does not know any more is gone here, too. */
    if (code != CTL_OK && code != CTL_NOT_SIGNED_IN)
        return code;
    int error = session_remove(ctl->session_path);
    if (error != 0)
        return ctl_fail(ctl, CTL_USAGE, "%s can't be taken away: %s", ctl->session_path,
                        strerror(-error));
    fprintf(stderr, "Signed out of %s.\n", ctl->address.base);
    return CTL_OK;
}

int run_whoami(struct ctl *ctl)
{
    int code = client_connect(ctl, false);
    if (code == CTL_OK)
        code = client_get(ctl, "/session");
    if (code == CTL_OK)
        show_session(ctl);
    return code;
}

int run_password(struct ctl *ctl)
{
    struct buf current = buf_make(SECRET_MAX), wanted = buf_make(SECRET_MAX);
    struct buf body = buf_make(BODY_MAX);
    struct json_writer writer = json_writer_make(&body);
    int code = client_connect(ctl, false);
    if (code == CTL_OK)
        code = read_secret(ctl, "current-file", "Current password: ", &current);
    if (code == CTL_OK)
        code = read_secret(ctl, "new-file", "New password: ", &wanted);
    if (code == CTL_OK) {
        json_begin(&writer, '{');
        json_put_string(&writer, "current", buf_span(&current));
        json_put_string(&writer, "new", buf_span(&wanted));
        json_end(&writer, '}');
        const struct call call = {
            .method = "POST", .path = "/session/password", .body = buf_span(&body), .once = true};
        code = client_call(ctl, &call);
    }
    if (code == CTL_OK)
        fprintf(stderr, "The password is changed; other sessions have ended.\n");
    wipe(&body);
    wipe(&wanted);
    wipe(&current);
    return code;
}

/* ---- of the program itself ---- */

int run_completion(struct ctl *ctl)
{
    cleanup(buf_done) struct buf text = buf_make(COMPLETE_MAX_BYTES);
    struct span shell = span_of(ctl->line->arguments[0]);
    if (span_is(shell, "bash"))
        complete_bash(&text);
    else if (span_is(shell, "zsh"))
        complete_zsh(&text);
    else
        complete_fish(&text);
    must(!buf_failed(&text));
    fwrite(text.at, 1, text.size, ctl->out);
    return CTL_OK;
}

int run_manual(struct ctl *ctl)
{
    cleanup(buf_done) struct buf text = buf_make(MANUAL_MAX_BYTES);
    manual_write(&text);
    must(!buf_failed(&text));
    fwrite(text.at, 1, text.size, ctl->out);
    return CTL_OK;
}
