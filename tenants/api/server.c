/*
 * server: see server.h. Everything here runs on the loop's thread.
 */
#include "tenants/api/server.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "tenants/api/pool.h"

enum {
    CONNECTIONS_MAX = 1024,
    HEAD_BYTES_MAX = 32768,
    BODIES_BYTES_MAX = 96 << 20, /* of all calls that wait or are at work */
    ARENA_CHUNK_BYTES = 16384,
    ARENA_BYTES_MAX = 8 << 20, /* and what the body takes */
    PUBLISH_MS = 1000,
    METRICS_BYTES_MAX = 65536,
    ADDRESS_BYTES_MAX = 45, /* INET6_ADDRSTRLEN without its NUL */
};

struct server {
    struct server_settings settings;
    struct httpd *httpd;
    struct pool *pool;
    struct mailbox *done;
    struct httpd_watch *done_watch, *stop_watch;
    struct httpd_timer publish;
    size_t held_bytes; /* of the bodies of calls that are not answered */
};

/* ---- answering ---- */

static void log_call(const struct call *call, int64_t ms)
{
    const struct api_route *route = call->came.match.route;
    char id[ID_TEXT_SIZE];

    id_format(ID_GENERATION, call->came.request_id, id);
    log_event(LOG_INFO, "api.call", LOG_SP("method", call->came.method),
              LOG_S("route", route == NULL ? "" : route->path), LOG_N("status", call->reply.status),
              LOG_S("problem", call->reply.problem == NULL ? "" : call->reply.problem),
              LOG_N("ms", ms), LOG_S("caller", call->caller), LOG_S("request_id", id),
              LOG_N("tries", call->tries));
}

/* Sends the reply where somebody still waits for it, and ends the call. */
static void finish(struct call *call)
{
    struct server *server = call->server;
    int64_t ms = call->arrived_us == 0 ? 0 : (clock_mono_us() - call->arrived_us) / 1000;

    server->held_bytes -= call->body_bytes;
    if (call->request != NULL)
        httpd_answer(call->request, call->reply.status, call->reply.headers,
                     call->reply.header_count, buf_span(&call->reply.body));
    count_call(server->settings.performing->counts, call->reply.status, ms);
    log_call(call, ms);
    reply_done(&call->reply);
    /* It held the request's body and headers, secrets among them. */
    arena_free(call->arena);
    mem_free(call);
}

/* Which methods the path is served with, as a header for machines and as a member for people. */
static void tell_methods(struct api *api, unsigned methods)
{
    cleanup(buf_done) struct buf words = buf_make(100);
    cleanup(buf_done) struct buf json = buf_make(100);
    struct json_writer w = json_writer_make(&json);

    json_begin(&w, '[');
    for (int i = 0; i < API_METHODS; i++) {
        const char *name = route_method_name((enum api_method)i);
        if ((methods & 1U << i) == 0)
            continue;
        json_write_string(&w, span_of(name));
        buf_printf(&words, "%s%s", words.size > 0 ? ", " : "", name);
    }
    json_end(&w, ']');
    api_header(api, "allow", "%s", words.at);
    api_problem_member(api, "allowed", buf_span(&json));
}

/* Answers without the pool. `status` is that of the server beneath us, else 0. */
static void refuse(struct call *call, int status, enum problem problem, const char *detail)
{
    struct api api = {.arena = call->arena};

    inside_begin(&api, &call->came);
    (void)api_fail(&api, problem, "%s", detail);
    api.inside->refusal.status = status;
    if (problem == PROBLEM_METHOD)
        tell_methods(&api, call->came.match.methods);
    reply_make(&api, API_FAILED, &call->reply);
    inside_done(&api);
    finish(call);
}

static void on_done(void *context)
{
    struct server *server = context;
    struct letter *letter;

    while ((letter = mailbox_take(server->done)) != NULL)
        finish(container_of(letter, struct call, letter));
}

static void on_gone(void *owner)
{
    struct call *call = owner;

    call->request = NULL;
}

/* ---- what comes ---- */

static struct span copy_header(const struct call *call, const char *name)
{
    struct span value = httpd_header(call->request, name);

    return value.at == NULL ? value : arena_span(call->arena, value);
}

static struct uuid request_id_of(const struct httpd_request *request)
{
    struct uuid id;

    return id_parse(ID_GENERATION, httpd_header(request, "x-request-id"), &id) == 0 ? id
                                                                                    : uuid_new();
}

static bool is_address(struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (strchr("0123456789abcdefABCDEF.:", text.at[i]) == NULL)
            return false;
    }
    return text.size > 0 && text.size <= ADDRESS_BYTES_MAX;
}

/* The edge tells who is behind it; without it, or when it is no address, the peer is who calls. */
static struct span address_of(const struct call *call)
{
    struct span told = span_trim(httpd_header(call->request, "x-forwarded-for"));

    return arena_span(call->arena, is_address(told) ? told : httpd_peer(call->request));
}

static enum api_method method_number(struct span method)
{
    for (int i = 0; i < API_METHODS; i++) {
        if (span_is(method, route_method_name((enum api_method)i)))
            return (enum api_method)i;
    }
    return API_METHODS;
}

static struct call *make_call(struct server *server, struct httpd_request *request, size_t body)
{
    struct call *call = mem_new(sizeof(*call));

    call->server = server;
    call->request = request;
    call->arena = arena_new(ARENA_CHUNK_BYTES, ARENA_BYTES_MAX + 4 * body);
    call->arrived_us = httpd_arrived_us(request);
    call->came.request_id = request_id_of(request);
    call->came.method = arena_span(call->arena, httpd_method(request));
    call->came.path = arena_span(call->arena, httpd_path(request));
    return call;
}

static void copy_rest(struct call *call)
{
    struct api_came *came = &call->came;

    came->query = arena_span(call->arena, httpd_query(call->request));
    came->body = arena_span(call->arena, httpd_body(call->request));
    came->content_type = copy_header(call, "content-type");
    came->if_match = copy_header(call, "if-match");
    came->if_none_match = copy_header(call, "if-none-match");
    came->idempotency_key = copy_header(call, "idempotency-key");
    came->identify = (struct identify_headers){
        .method = method_number(came->method),
        .authorization = copy_header(call, "authorization"),
        .cookie = copy_header(call, "cookie"),
        .csrf_token = copy_header(call, "x-csrf-token"),
        .user_agent = copy_header(call, "user-agent"),
        .address = address_of(call),
        .secure = span_is_nocase(httpd_header(call->request, "x-forwarded-proto"), "https"),
    };
    call->body_bytes = came->body.size;
    call->server->held_bytes += call->body_bytes;
}

/* Strips the prefix and finds the route: false when there is nothing. */
static bool find(struct call *call)
{
    struct span path = call->came.path;

    if (!span_starts(path, API_PREFIX "/"))
        return false;
    call->came.path = span_part(path, sizeof(API_PREFIX) - 1, SIZE_MAX);
    route_find(call->server->settings.performing->families, call->came.method, call->came.path,
               &call->came.match);
    return call->came.match.methods != 0;
}

static void on_request(void *context, struct httpd_request *request)
{
    struct server *server = context;
    size_t body = httpd_body(request).size;
    struct call *call = make_call(server, request, body);

    if (!find(call)) {
        refuse(call, 0, PROBLEM_NOT_FOUND, "there is nothing at this path");
        return;
    }
    if (call->came.match.route == NULL) {
        refuse(call, 0, PROBLEM_METHOD, "this path is not served with this method: see allowed");
        return;
    }
    bool large = (call->came.match.route->flags & API_LARGE_BODY) != 0;
    if (body > (large ? API_LARGE_BODY_BYTES_MAX : API_BODY_BYTES_MAX)) {
        refuse(call, 0, PROBLEM_TOO_LARGE,
               large ? "the body may have 16 MiB" : "the body may have 256 KiB");
        return;
    }
    if (server->held_bytes + body <= BODIES_BYTES_MAX) {
        copy_rest(call);
        httpd_attach(request, call, on_gone, NULL);
        if (pool_give(server->pool, call))
            return;
    }
    atomic_fetch_add(&server->settings.performing->counts->busy, 1);
    refuse(call, 0, PROBLEM_UNAVAILABLE, "too many calls wait: try again");
}

static void on_refusal(void *context, struct httpd_request *request, int status, const char *why)
{
    struct call *call = make_call(context, request, 0);

    refuse(call, status, reply_problem_of(status), why);
}

/* ---- life ---- */

static void on_publish(void *context)
{
    struct server *server = context;
    const struct counts *counts = server->settings.performing->counts;
    cleanup(buf_done) struct buf text = buf_make(METRICS_BYTES_MAX);

    count_write(counts, &text);
    scrape_publish(server->settings.scrape, buf_span(&text), atomic_load(&counts->database_up));
    httpd_timer_set(server->httpd, &server->publish, httpd_now_ms(server->httpd) + PUBLISH_MS);
}

static void on_stop(void *context)
{
    struct server *server = context;

    struct signalfd_siginfo signal;

    if (read(server->settings.stop_fd, &signal, sizeof(signal)) < 0)
        return;
    log_event(LOG_INFO, "api.draining", LOG_N("open", httpd_open_requests(server->httpd)));
    httpd_stop(server->httpd, server->settings.drain_ms);
}

struct server *server_new(const struct server_settings *settings)
{
    struct server *server = mem_new(sizeof(*server));
    const struct httpd_handler handler = {server, on_request, on_refusal};
    struct httpd_config config = httpd_config_initial;

    config.max_body_bytes = API_LARGE_BODY_BYTES_MAX;
    config.max_bodies_bytes = BODIES_BYTES_MAX;
    config.max_head_bytes = HEAD_BYTES_MAX;
    config.max_connections = CONNECTIONS_MAX;
    server->settings = *settings;
    server->done = mailbox_new();
    server->httpd = httpd_new(&config, &handler);
    server->done_watch = httpd_watch_fd(server->httpd, mailbox_fd(server->done), on_done, server);
    server->stop_watch = httpd_watch_fd(server->httpd, settings->stop_fd, on_stop, server);
    server->publish = (struct httpd_timer){.expired = on_publish, .context = server};
    settings->performing->counts->started_ms = clock_wall_ms();
    settings->performing->counts->threads = (int64_t)settings->threads;
    server->pool =
        pool_start(settings->performing, settings->threads, settings->waiting_max, server->done);
    httpd_listen(server->httpd, settings->listen_fd, NULL);
    return server;
}

void server_run(struct server *server)
{
    httpd_timer_set(server->httpd, &server->publish, httpd_now_ms(server->httpd));
    httpd_run(server->httpd);
}

void server_free(struct server *server)
{
    if (server == NULL)
        return;
    /* What a client that was cut off had asked for is done nevertheless. */
    pool_stop(server->pool);
    on_done(server);
    httpd_timer_cancel(server->httpd, &server->publish);
    httpd_unwatch(server->done_watch);
    httpd_unwatch(server->stop_watch);
    httpd_free(server->httpd);
    mailbox_free(server->done);
    mem_free(server);
}
