/*
 * client: see client.h.
 */
#include "tenants/ctl/client.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/id.h"
#include "common/base/mem.h"
#include "tenants/ctl/cell.h"
#include "tenants/ctl/clean.h"
#include "tenants/ctl/request.h"

#define API "/control/v1"

enum {
    TIMEOUT_S = 60,
    TOKEN_MAX = 8192,
    WHY_MAX = 4096,
    KEY_LENGTH = 22,
    FIRST_WAIT_MS = 200,
    SAME_NAME_MAX = 5,
    PAGES_MAX = 1000,
};

static const struct json_limits answer_limits = {HTTP_ANSWER_MAX, 64, 4000000};

/* ---- address and token ---- */

static int find_address(struct ctl *ctl, bool anybody)
{
    cleanup(buf_done) struct buf wrong = buf_make(WHY_MAX);
    const char *text = parse_value(ctl->line, "url");
    if (text == NULL)
        text = getenv(ENV_URL);
    if (text == NULL || text[0] == '\0')
        text = ctl->session.url;
    if (text == NULL && !anybody)
        return ctl_fail(ctl, CTL_NOT_SIGNED_IN,
                        "nobody is signed in; do: " PROGRAM " login EMAIL --url URL");
    if (text == NULL)
        return ctl_fail(ctl, CTL_USAGE, "where is Tollgate? say it with --url or " ENV_URL);
    if (http_address(text, &ctl->address, &wrong) != 0)
        return ctl_fail(ctl, CTL_USAGE, "%s", wrong.at);
    if (!ctl->address.secure && !ctl->address.loopback && !parse_has(ctl->line, "allow-http"))
        return ctl_fail(ctl, CTL_USAGE,
                        "%s would send secrets unencrypted to another machine; use https, or "
                        "--allow-http when the network between is trusted",
                        ctl->address.base);
    return CTL_OK;
}

static int token_of_file(struct ctl *ctl, const char *path)
{
    cleanup(buf_done) struct buf text = buf_make(TOKEN_MAX);
    int error = file_read_secret(path, &text);
    if (error == -EPERM)
        return ctl_fail(ctl, CTL_USAGE, "%s can be read by others; chmod 600 it first", path);
    if (error == -EINVAL)
        return ctl_fail(ctl, CTL_USAGE, "%s has no token in its first line", path);
    if (error != 0)
        return ctl_fail(ctl, CTL_USAGE, "%s can't be read: %s", path, strerror(-error));
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] <= ' ' || text.at[i] > '~')
            return ctl_fail(ctl, CTL_USAGE, "%s holds something that is no token", path);
    }
    ctl->token = buf_take(&text);
    ctl->token_from_file = true;
    return CTL_OK;
}

/* What the session holds is for its address alone. */
static bool is_session_address(const struct ctl *ctl)
{
    return ctl->session.url != NULL && strcmp(ctl->session.url, ctl->address.base) == 0;
}

static int find_token(struct ctl *ctl, bool anybody)
{
    const char *path = parse_value(ctl->line, "token-file");
    if (path == NULL)
        path = getenv(ENV_TOKEN_FILE);
    if (path != NULL && path[0] != '\0' && !anybody)
        return token_of_file(ctl, path);
    if (ctl->session.token != NULL && is_session_address(ctl)) {
        ctl->token = mem_strdup(ctl->session.token);
        return CTL_OK;
    }
    if (anybody)
        return CTL_OK;
    if (ctl->session.token != NULL)
        return ctl_fail(ctl, CTL_NOT_SIGNED_IN,
                        "the session is for %s, not for %s; sign in there: " PROGRAM
                        " login --url %s",
                        ctl->session.url, ctl->address.base, ctl->address.base);
    return ctl_fail(ctl, CTL_NOT_SIGNED_IN, "nobody is signed in; do: " PROGRAM " login --url %s",
                    ctl->address.base);
}

int client_connect(struct ctl *ctl, bool anybody)
{
    ctl->session_path = session_path();
    int error =
        ctl->session_path == NULL ? -ENOENT : session_read(ctl->session_path, &ctl->session);
    if (error == -EPERM)
        return ctl_fail(ctl, CTL_USAGE, "%s can be read by others; chmod 600 it first",
                        ctl->session_path);
    if (error == -EINVAL && !anybody)
        return ctl_fail(ctl, CTL_NOT_SIGNED_IN,
                        "%s holds no session; sign in again: " PROGRAM " login", ctl->session_path);
    int code = find_address(ctl, anybody);
    if (code == CTL_OK)
        code = find_token(ctl, anybody);
    if (code != CTL_OK)
        return code;
    const char *ca_file = parse_value(ctl->line, "ca-file");
    if (ca_file == NULL && is_session_address(ctl))
        ca_file = ctl->session.ca_file;
    ctl->http = http_new(ca_file, ctl->address.loopback);
    return CTL_OK;
}

/* ---- calls ---- */

int64_t client_wait_ms(const struct call *call, enum http_outcome outcome,
                       const struct http_answer *answer, int attempt)
{
    int64_t own_ms = (int64_t)FIRST_WAIT_MS << (attempt - 1);
    bool harmless = call->once || strcmp(call->method, "GET") == 0;
    if (attempt > CLIENT_RETRIES)
        return -1;
    switch (outcome) {
    case HTTP_NOT_SENT:
        return own_ms;
    case HTTP_BROKEN:
        return harmless ? own_ms : -1;
    case HTTP_NOT_TRUSTED:
        return -1;
    case HTTP_ANSWERED:
        break;
    }
    if (answer->status != 503)
        return -1;
    if (answer->retry_after_s > CLIENT_WAIT_MAX_S)
        return -1;
    return answer->retry_after_s >= 0 ? answer->retry_after_s * 1000 : own_ms;
}

static void wait_for(int64_t ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

static void add_member(const struct json_doc *doc, uint32_t object, const char *name,
                       struct buf *out)
{
    cell_text(doc, json_find(doc, object, name), out);
}

static void drop_full_stop(struct buf *out)
{
    if (out->size > 0 && out->at[out->size - 1] == '.')
        out->at[--out->size] = '\0';
}

/* "; field: message", when the sentence does not say so already. */
static void add_error(const struct json_doc *doc, uint32_t error, struct buf *out)
{
    cleanup(buf_done) struct buf field = buf_make(WHY_MAX), message = buf_make(WHY_MAX);
    buf_add_string(&field, "");
    buf_add_string(&message, "");
    add_member(doc, error, "field", &field);
    add_member(doc, error, "message", &message);
    drop_full_stop(&message);
    if (strstr(out->at, field.at) == NULL || strstr(out->at, message.at) == NULL)
        buf_printf(out, "; %s: %s", field.at, message.at);
}

bool client_problem(const struct json_doc *doc, struct buf *out)
{
    uint32_t detail = json_find(doc, 0, "detail"), errors = json_find(doc, 0, "errors");
    uint32_t id = json_find(doc, 0, "request_id");
    if (!json_is(doc, detail, JSON_STRING))
        return false;
    buf_add_string(out, "");
    cell_text(doc, detail, out);
    drop_full_stop(out);
    for (uint32_t i = json_first(doc, errors); i != JSON_NONE; i = json_after(doc, errors, i))
        add_error(doc, i, out);
    if (id != JSON_NONE) {
        buf_add_string(out, " (request ");
        cell_text(doc, id, out);
        buf_add_byte(out, ')');
    }
    return true;
}

static int not_signed_in(struct ctl *ctl, const char *said)
{
    if (ctl->token == NULL)
        return ctl_fail(ctl, CTL_NOT_SIGNED_IN, "%s", said);
    if (ctl->token_from_file)
        return ctl_fail(ctl, CTL_NOT_SIGNED_IN, "the token of the token file is not accepted: %s",
                        said);
    return ctl_fail(ctl, CTL_NOT_SIGNED_IN,
                    "the session has ended; sign in again: " PROGRAM " login%s%s --url %s; %s",
                    ctl->session.email == NULL ? "" : " ",
                    ctl->session.email == NULL ? "" : ctl->session.email, ctl->address.base, said);
}

/* An answer that is none of success. */
static int refused(struct ctl *ctl, bool is_json)
{
    cleanup(buf_done) struct buf said = buf_make(WHY_MAX);
    int status = ctl->answer.status;
    if (!is_json || !client_problem(&ctl->doc, &said)) {
        cleanup(buf_done) struct buf id = buf_make(HTTP_WORD_MAX * 6);
        clean_add(&id, span_of(ctl->answer.request_id), false);
        return ctl_fail(ctl, CTL_UNREACHABLE,
                        "%s answered with status %d and not as Tollgate's API does%s%s%s; another "
                        "address is set by --url or " ENV_URL,
                        ctl->address.base, status, id.size > 0 ? " (request " : "",
                        id.size > 0 ? id.at : "", id.size > 0 ? ")" : "");
    }
    if (status == 401)
        return not_signed_in(ctl, said.at);
    if (status == 412)
        return ctl_fail(ctl, CTL_REFUSED, "somebody changed it meanwhile, so look at it again: %s",
                        said.at);
    if (status == 503 && ctl->answer.retry_after_s > CLIENT_WAIT_MAX_S)
        return ctl_fail(ctl, CTL_REFUSED, "%s; it asks to come back in %lld s", said.at,
                        (long long)ctl->answer.retry_after_s);
    return ctl_fail(ctl, CTL_REFUSED, "%s", said.at);
}

static int not_reached(struct ctl *ctl, enum http_outcome outcome, const char *why)
{
    cleanup(buf_done) struct buf clean = buf_make(WHY_MAX);
    clean_add(&clean, span_of(why), false);
    if (outcome == HTTP_NOT_TRUSTED)
        return ctl_fail(ctl, CTL_UNREACHABLE,
                        "%s shows a certificate that is not trusted: %s; --ca-file names others",
                        ctl->address.base, clean.at);
    return ctl_fail(ctl, CTL_UNREACHABLE,
                    "can't reach %s: %s; another address is set by --url, " ENV_URL " or login",
                    ctl->address.base, clean.at);
}

/* So that who looks for a member finds none, whatever came. */
static void no_json(struct ctl *ctl)
{
    must(json_parse(&ctl->doc, span_of("null"), &answer_limits) == JSON_OK);
}

static int take_answer(struct ctl *ctl)
{
    const struct http_answer *answer = &ctl->answer;
    bool good = answer->status >= 200 && answer->status < 300;
    bool is_json = strstr(answer->content_type, "json") != NULL &&
                   json_parse(&ctl->doc, buf_span(&answer->body), &answer_limits) == JSON_OK;
    bool is_csv = ctl->csv && strncmp(answer->content_type, "text/csv", 8) == 0;
    if (!is_json)
        no_json(ctl);
    if (good && (is_json || is_csv || answer->status == 204))
        return CTL_OK;
    return refused(ctl, is_json);
}

int client_call(struct ctl *ctl, const struct call *call)
{
    char key[KEY_LENGTH + 1];
    cleanup(buf_done) struct buf why = buf_make(WHY_MAX);
    cleanup(mem_free_at) char *url = mem_printf("%s" API "%s", ctl->address.base, call->path);
    const struct http_request request = {
        .method = call->method,
        .url = url,
        .token = ctl->token,
        .if_match = call->if_match,
        .idempotency_key = call->once ? key : NULL,
        .body = call->body,
        .timeout_s = call->timeout_s == 0 ? TIMEOUT_S : call->timeout_s,
    };
    digest_random_base62(key, KEY_LENGTH);
    no_json(ctl);
    for (int attempt = 1;; attempt++) {
        http_answer_done(&ctl->answer);
        enum http_outcome outcome = http_send(ctl->http, &request, &ctl->answer, &why);
        int64_t wait_ms = client_wait_ms(call, outcome, &ctl->answer, attempt);
        if (wait_ms < 0)
            return outcome == HTTP_ANSWERED ? take_answer(ctl) : not_reached(ctl, outcome, why.at);
        wait_for(wait_ms);
    }
}

int client_get(struct ctl *ctl, const char *path)
{
    const struct call call = {.method = "GET", .path = path};
    return client_call(ctl, &call);
}

/* ---- who, and which tenant ---- */

static char *copy_member(const struct json_doc *doc, uint32_t object, const char *name)
{
    char text[1024];
    if (json_copy_string(doc, json_find(doc, object, name), text, sizeof(text)) != 0)
        return NULL;
    return mem_strdup(text);
}

int client_who(struct ctl *ctl)
{
    struct who *who = &ctl->who;
    if (who->known)
        return CTL_OK;
    if (!ctl->token_from_file && ctl->session.kind != NULL) {
        who->is_operator = strcmp(ctl->session.kind, "operator") == 0;
        who->tenant = mem_strdup(ctl->session.tenant);
        who->tenant_name = mem_strdup(ctl->session.tenant_name);
    } else {
        int code = client_get(ctl, "/session");
        if (code != CTL_OK)
            return code;
        uint32_t tenant = json_find(&ctl->doc, 0, "tenant");
        who->is_operator = json_string_is(&ctl->doc, json_find(&ctl->doc, 0, "kind"), "operator");
        who->tenant = copy_member(&ctl->doc, tenant, "id");
        who->tenant_name = copy_member(&ctl->doc, tenant, "name");
    }
    who->known = true;
    return CTL_OK;
}

const char *client_tenant_named(const struct ctl *ctl)
{
    const char *name = parse_value(ctl->line, "tenant");
    if (span_is(command_argument(ctl->line->command, 0), "TENANT") && ctl->line->argument_count > 0)
        return ctl->line->arguments[0];
    if (name == NULL)
        name = getenv(ENV_TENANT);
    return name != NULL && name[0] != '\0' ? name : NULL;
}

/* Takes those of a page that have exactly this name. */
static void take_named(const struct json_doc *doc, const char *name, struct buf *ids, int *count)
{
    uint32_t data = json_find(doc, 0, "data");
    for (uint32_t i = json_first(doc, data); i != JSON_NONE; i = json_after(doc, data, i)) {
        if (!json_string_is(doc, json_find(doc, i, "name"), name))
            continue;
        if (++*count > 1)
            buf_add_string(ids, ", ");
        if (*count <= SAME_NAME_MAX)
            add_member(doc, i, "id", ids);
    }
}

static int tenant_by_name(struct ctl *ctl, const char *name)
{
    cleanup(buf_done) struct buf path = buf_make(TOKEN_MAX);
    cleanup(buf_done) struct buf ids = buf_make(WHY_MAX);
    cleanup(buf_done) struct buf cursor = buf_make(TOKEN_MAX);
    int count = 0;
    for (int page = 0; page < PAGES_MAX; page++) {
        buf_clear(&path);
        buf_add_string(&path, "/tenants?limit=200&q=");
        request_escape(&path, span_of(name));
        if (cursor.size > 0) {
            buf_add_string(&path, "&cursor=");
            request_escape(&path, buf_span(&cursor));
        }
        int code = client_get(ctl, path.at);
        if (code != CTL_OK)
            return code;
        take_named(&ctl->doc, name, &ids, &count);
        buf_clear(&cursor);
        uint32_t next = json_find(&ctl->doc, 0, "next_cursor");
        if (json_is_null(&ctl->doc, next))
            break;
        cell_text(&ctl->doc, next, &cursor);
    }
    if (count == 0)
        return ctl_fail(ctl, CTL_REFUSED, "there is no tenant with the name %s", name);
    if (count > 1)
        return ctl_fail(ctl, CTL_USAGE, "%d tenants have the name %s; say one by its id: %s", count,
                        name, ids.at);
    ctl->tenant = buf_take(&ids);
    return CTL_OK;
}

int client_tenant(struct ctl *ctl)
{
    const char *name = client_tenant_named(ctl);
    struct uuid id;
    if (ctl->tenant != NULL)
        return CTL_OK;
    if (name != NULL && id_parse(ID_TENANT, span_of(name), &id) == 0) {
        ctl->tenant = mem_strdup(name);
        return CTL_OK;
    }
    int code = client_who(ctl);
    if (code != CTL_OK)
        return code;
    const struct who *who = &ctl->who;
    if (who->tenant != NULL &&
        (name == NULL || (who->tenant_name != NULL && strcmp(name, who->tenant_name) == 0))) {
        ctl->tenant = mem_strdup(who->tenant);
        return CTL_OK;
    }
    if (name == NULL)
        return ctl_fail(ctl, CTL_USAGE,
                        "say which tenant: --tenant ID or NAME, or set " ENV_TENANT
                        "; tenants list shows them");
    if (!who->is_operator)
        return ctl_fail(ctl, CTL_USAGE,
                        "you are signed in for the tenant %s; only operators may name another",
                        who->tenant_name == NULL ? who->tenant : who->tenant_name);
    return tenant_by_name(ctl, name);
}
