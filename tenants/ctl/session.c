/*
 * session: see session.h.
 */
#include "tenants/ctl/session.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/json.h"
#include "common/base/json_writer.h"
#include "common/base/mem.h"

enum { SESSION_MAX_BYTES = 65536, FILE_MODE = 0600, FOLDER_MODE = 0700 };

static const struct json_limits limits = {SESSION_MAX_BYTES, 4, 64};

char *session_path(void)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (config != NULL && config[0] == '/')
        return mem_printf("%s/tollgate/session", config);
    if (home != NULL && home[0] == '/')
        return mem_printf("%s/.config/tollgate/session", home);
    return NULL;
}

static char *member(const struct json_doc *doc, const char *name)
{
    char text[8192];
    if (json_copy_string(doc, json_find(doc, 0, name), text, sizeof(text)) != 0)
        return NULL;
    char *copy = mem_strdup(text);
    explicit_bzero(text, sizeof(text));
    return copy;
}

int session_read(const char *path, struct session *session_out)
{
    cleanup(buf_done) struct buf text = buf_make(SESSION_MAX_BYTES);
    struct json_doc doc = json_doc_make();
    *session_out = (struct session){0};
    int error = file_read_private(path, &text);
    if (error == 0 && json_parse(&doc, buf_span(&text), &limits) != JSON_OK)
        error = -EINVAL;
    if (error == 0) {
        *session_out = (struct session){
            .url = member(&doc, "url"),
            .token = member(&doc, "token"),
            .kind = member(&doc, "kind"),
            .email = member(&doc, "email"),
            .tenant = member(&doc, "tenant"),
            .tenant_name = member(&doc, "tenant_name"),
            .ca_file = member(&doc, "ca_file"),
            .expires_at = member(&doc, "expires_at"),
        };
        if (session_out->url == NULL || session_out->token == NULL) {
            session_done(session_out);
            error = -EINVAL;
        }
    }
    json_doc_done(&doc);
    if (text.at != NULL)
        explicit_bzero(text.at, text.size);
    return error;
}

int session_write(const char *path, const struct session *session)
{
    cleanup(buf_done) struct buf text = buf_make(SESSION_MAX_BYTES);
    cleanup(mem_free_at) char *folder = mem_strdup(path);
    char *slash = strrchr(folder, '/');
    must(slash != NULL);
    *slash = '\0';
    int error = file_make_directory(folder, FOLDER_MODE);
    if (error != 0)
        return error;
    struct json_writer writer = json_writer_make(&text);
    json_begin(&writer, '{');
    json_put_cstring(&writer, "url", session->url);
    json_put_cstring(&writer, "token", session->token);
    json_put_cstring(&writer, "kind", session->kind);
    json_put_cstring(&writer, "email", session->email);
    json_put_cstring(&writer, "tenant", session->tenant);
    json_put_cstring(&writer, "tenant_name", session->tenant_name);
    json_put_cstring(&writer, "ca_file", session->ca_file);
    json_put_cstring(&writer, "expires_at", session->expires_at);
    json_end(&writer, '}');
    buf_add_byte(&text, '\n');
    error = buf_failed(&text) ? -EMSGSIZE : file_write_atomic(path, buf_span(&text), FILE_MODE);
    explicit_bzero(text.at, text.size);
    return error;
}

int session_remove(const char *path)
{
    return unlink(path) == 0 || errno == ENOENT ? 0 : -errno;
}

void session_done(struct session *session)
{
    if (session->token != NULL)
        explicit_bzero(session->token, strlen(session->token));
    char *const all[] = {session->url,     session->token,     session->kind,
                         session->email,   session->tenant,    session->tenant_name,
                         session->ca_file, session->expires_at};
    for (size_t i = 0; i < array_size(all); i++)
        mem_free(all[i]);
    *session = (struct session){0};
}
