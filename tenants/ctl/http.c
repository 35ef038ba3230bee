/*
 * http: see http.h.
 */
#include "tenants/ctl/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "common/base/mem.h"

enum { CONNECT_TIMEOUT_MS = 10000, URL_MAX = 65536, HEADER_MAX = 16384 };

struct http {
    CURL *curl;
    char *ca_file;
    bool direct;
    char said[CURL_ERROR_SIZE];
};

struct http *http_new(const char *ca_file, bool direct)
{
    must(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    struct http *http = mem_new(sizeof(*http));
    http->curl = curl_easy_init();
    must(http->curl != NULL);
    http->ca_file = mem_strdup(ca_file);
    http->direct = direct;
    return http;
}

void http_free(struct http *http)
{
    if (http == NULL)
        return;
    curl_easy_cleanup(http->curl);
    curl_global_cleanup();
    mem_free(http->ca_file);
    mem_free(http);
}

/* ---- the answer ---- */

static size_t on_curl_body(char *at, size_t size, size_t count, void *argument)
{
    struct http_answer *answer = argument;
    return buf_add(&answer->body, at, size * count) == 0 ? size * count : 0;
}

static void copy_word(char out[HTTP_WORD_MAX], struct span value)
{
    value = span_part(value, 0, HTTP_WORD_MAX - 1);
    memcpy(out, value.at, value.size);
    out[value.size] = '\0';
}

static size_t on_curl_header(char *at, size_t size, size_t count, void *argument)
{
    struct http_answer *answer = argument;
    struct span line = span_make(at, size * count), value = line, name = span_cut(&value, ':');
    while (value.size > 0 && (value.at[value.size - 1] == '\n' || value.at[value.size - 1] == '\r'))
        value.size--;
    value = span_trim(value);
    if (value.at == NULL)
        return line.size;
    if (span_is_nocase(name, "content-type"))
        copy_word(answer->content_type, value);
    else if (span_is_nocase(name, "x-request-id"))
        copy_word(answer->request_id, value);
    else if (span_is_nocase(name, "retry-after") &&
             (span_int64(value, &answer->retry_after_s) != 0 || answer->retry_after_s < 0))
        answer->retry_after_s = -1;
    return line.size;
}

void http_answer_done(struct http_answer *answer)
{
    if (answer->body.at != NULL)
        explicit_bzero(answer->body.at, answer->body.size);
    buf_done(&answer->body);
}

/* ---- the request ---- */

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value,
                                     const char *quote)
{
    cleanup(buf_done) struct buf line = buf_make(HEADER_MAX);
    buf_printf(&line, "%s:%s%s%s", name, quote, value, quote);
    must(!buf_failed(&line));
    struct curl_slist *longer = curl_slist_append(list, line.at);
    must(longer != NULL);
    explicit_bzero(line.at, line.size);
    return longer;
}

static struct curl_slist *headers_of(const struct http_request *request)
{
    struct curl_slist *list = add_header(NULL, "accept", "application/json, text/csv", "");
    list = add_header(list, "expect", "", "");
    if (request->body.at != NULL)
        list = add_header(list, "content-type", "application/json", "");
    if (request->token != NULL) {
        cleanup(mem_free_at) char *bearer = mem_printf("Bearer %s", request->token);
        list = add_header(list, "authorization", bearer, "");
        explicit_bzero(bearer, strlen(bearer));
    }
    if (request->if_match != NULL)
        list = add_header(list, "if-match", request->if_match,
                          strcmp(request->if_match, "*") == 0 ? "" : "\"");
    if (request->idempotency_key != NULL)
        list = add_header(list, "idempotency-key", request->idempotency_key, "");
    return list;
}

static void set_options(struct http *http, const struct http_request *request,
                        struct http_answer *answer)
{
    CURL *curl = http->curl;
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "tollgatectl/" TOLLGATE_VERSION);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)request->timeout_s);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->said);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_curl_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_curl_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
    if (http->ca_file != NULL) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, http->ca_file);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
    if (http->direct)
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
    if (request->body.at != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.at);
    } else if (strcmp(request->method, "POST") == 0) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
    }
}

static enum http_outcome outcome_of(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return HTTP_ANSWERED;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
        return HTTP_NOT_SENT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return HTTP_NOT_TRUSTED;
    default:
        return HTTP_BROKEN;
    }
}

enum http_outcome http_send(struct http *http, const struct http_request *request,
                            struct http_answer *answer_out, struct buf *error)
{
    long status = 0;
    *answer_out = (struct http_answer){.retry_after_s = -1, .body = buf_make(HTTP_ANSWER_MAX)};
    struct curl_slist *headers = headers_of(request);
    set_options(http, request, answer_out);
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers);
    http->said[0] = '\0';
    CURLcode code = curl_easy_perform(http->curl);
    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    answer_out->status = (int)status;
    if (code == CURLE_OK)
        return HTTP_ANSWERED;
    buf_clear(error);
    if (buf_failed(&answer_out->body))
        buf_printf(error, "the answer is larger than %d MiB", HTTP_ANSWER_MAX >> 20);
    else
        buf_add_string(error, http->said[0] != '\0' ? http->said : curl_easy_strerror(code));
    return outcome_of(code);
}

/* ---- addresses ---- */

/* By number, or by a name that means this machine by its own right (RFC 6761). */
static bool is_loopback(const char *host)
{
    struct in_addr number;
    size_t size = strlen(host);
    if (inet_pton(AF_INET, host, &number) == 1)
        return ntohl(number.s_addr) >> 24 == 127;
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (size > 10 && strcasecmp(host + size - 10, ".localhost") == 0);
}

/* A part of the address, owned by curl; NULL when it has none. */
static char *part(CURLU *url, CURLUPart what)
{
    char *text = NULL;
    return curl_url_get(url, what, &text, 0) == CURLUE_OK ? text : NULL;
}

static const char *wrong_part(CURLU *url, const char *scheme)
{
    static const struct {
        CURLUPart part;
        const char *what;
    } unwanted[] = {
        {CURLUPART_USER, "has a user name in it"},
        {CURLUPART_PASSWORD, "has a password in it"},
        {CURLUPART_QUERY, "has a query"},
        {CURLUPART_FRAGMENT, "has a fragment"},
    };
    if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
        return "is neither http nor https";
    for (size_t i = 0; i < array_size(unwanted); i++) {
        char *text = part(url, unwanted[i].part);
        curl_free(text);
        if (text != NULL)
            return unwanted[i].what;
    }
    return NULL;
}

static int read_parts(CURLU *url, struct http_address *address_out, const char **wrong_out)
{
    char *scheme = part(url, CURLUPART_SCHEME), *host = part(url, CURLUPART_HOST);
    char *whole = NULL;
    int result = -EINVAL;
    *wrong_out = scheme == NULL || host == NULL ? "is no address" : wrong_part(url, scheme);
    if (*wrong_out == NULL && curl_url_get(url, CURLUPART_URL, &whole, 0) == CURLUE_OK) {
        size_t size = strlen(whole);
        while (size > 0 && whole[size - 1] == '/')
            size--;
        address_out->base = mem_dup(whole, size);
        address_out->loopback = is_loopback(host);
        address_out->secure = strcmp(scheme, "https") == 0;
        result = 0;
    }
    curl_free(whole);
    curl_free(host);
    curl_free(scheme);
    return result;
}

/* Whether the host at the start of the text is this machine. */
static bool starts_near(const char *text)
{
    size_t size = text[0] == '[' ? strcspn(text, "]") + 1 : strcspn(text, ":/");
    cleanup(mem_free_at) char *host = span_dup(span_part(span_of(text), 0, size));
    return is_loopback(host);
}

int http_address(const char *text, struct http_address *address_out, struct buf *error)
{
    const char *wrong = "is no address";
    cleanup(buf_done) struct buf whole = buf_make(URL_MAX);
    CURLU *url = curl_url();
    int result = -EINVAL;
    must(url != NULL);
    *address_out = (struct http_address){0};
    if (strstr(text, "://") == NULL) {
        buf_add_string(&whole, starts_near(text) ? "http://" : "https://");
    }
    buf_add_string(&whole, text);
    if (!buf_failed(&whole) && curl_url_set(url, CURLUPART_URL, whole.at, 0) == CURLUE_OK)
        result = read_parts(url, address_out, &wrong);
    if (result != 0)
        buf_printf(error, "%s %s; it is written as https://tollgate.example.com", text, wrong);
    curl_url_cleanup(url);
    return result;
}

void http_address_done(struct http_address *address)
{
    mem_free(address->base);
    *address = (struct http_address){0};
}
