/*
 * command_serve: the control plane's API as a daemon, and its table of routes as text.
 */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/seal.h"
#include "common/base/tcp.h"
#include "tenants/api/identity.h"
#include "tenants/api/server.h"
#include "tenants/command.h"

enum { URL_BYTES_MAX = 4096, TABLE_BYTES_MAX = 4 << 20, CONNECT_SECONDS = 5, LOCK_SHARE = 2 };

/* The edge stands before it: nobody else is to reach it. */
static bool is_loopback(const struct tcp_address *address)
{
    if (address->at.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&address->at;
        return ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address->at;
    return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

static int listen_on(const char *text, struct buf *why)
{
    struct tcp_address address;

    if (tcp_parse(text, &address) < 0 || !is_loopback(&address)) {
        buf_printf(why, "--listen takes a loopback address such as 127.0.0.1:8090, not %s", text);
        return -EINVAL;
    }
    int fd = tcp_listen(&address, false);
    if (fd < 0)
        buf_printf(why, "--listen %s: %s", text, strerror(-fd));
    else
        log_event(LOG_INFO, "api.listening", LOG_N("port", tcp_port(&address)));
    return fd;
}

static bool open_ops(const char *listen, struct scrape **scrape_out, struct buf *why)
{
    *scrape_out = NULL;
    int r = listen == NULL || listen[0] == '\0' ? 0 : scrape_start(listen, scrape_out);
    if (r < 0)
        buf_printf(why, "--ops-listen %s: %s", listen, strerror(-r));
    return r == 0;
}

static bool open_seal(const char *path, struct seal **seal_out, struct buf *why)
{
    cleanup(buf_done) struct buf reason = buf_make(400);

    if (path == NULL || path[0] == '\0') {
        buf_add_string(why, "--master-key-file is needed: a file of 64 random hex digits, readable "
                            "by its owner only");
        return false;
    }
    int r = seal_load(path, seal_out, &reason);
    if (r < 0)
        buf_printf(why, "--master-key-file %s: %s", path, reason.at);
    return r == 0;
}

static void run_server(const struct command_config *config, const struct performing *performing,
                       struct scrape *scrape, int listen_fd, int stop_fd)
{
    const struct server_settings settings = {
        .performing = performing,
        .scrape = scrape,
        .threads = (size_t)config->threads,
        .waiting_max = (size_t)config->waiting_calls,
        .drain_ms = (uint32_t)config->drain_seconds * 1000,
        .listen_fd = listen_fd,
        .stop_fd = stop_fd,
    };
    struct server *server = server_new(&settings);

    server_run(server);
    server_free(server);
    log_event(LOG_INFO, "api.stopped");
}

static bool serve(const struct command_config *config, struct buf *why)
{
    cleanup(buf_done) struct buf url = buf_make(URL_BYTES_MAX);
    struct counts counts = {0};
    struct scrape *scrape = NULL;
    struct seal *seal = NULL;
    int stop_fd = thread_stop_fd(), listen_fd = -1;

    must(stop_fd >= 0);
    (void)signal(SIGPIPE, SIG_IGN);
    log_set_program("tollgate-control");
    bool ready = open_seal(config->master_key_file, &seal, why) &&
                 pg_url_read(config->database_url_file, config->database, &url, why) &&
                 open_ops(config->ops_listen, &scrape, why);
    if (ready)
        listen_fd = listen_on(config->listen, why);
    if (listen_fd >= 0) {
        const struct identity_settings sessions = {config->session_hours,
                                                   config->session_idle_minutes};
        struct performing performing = {
            .families = api_families,
            .seal = seal,
            .identity = identity_new(&sessions),
            .database = {.url = url.at,
                         .application_name = "tollgate-control",
                         .connect_timeout_s = CONNECT_SECONDS,
                         .statement_timeout_ms = config->statement_timeout_ms,
                         .lock_timeout_ms = config->statement_timeout_ms / LOCK_SHARE},
            .counts = &counts,
        };
        run_server(config, &performing, scrape, listen_fd, stop_fd);
        identity_free(performing.identity);
    }
    scrape_stop(scrape);
    seal_free(seal);
    close(stop_fd);
    if (url.at != NULL)
        explicit_bzero(url.at, url.size);
    return listen_fd >= 0;
}

static const struct option serve_table[] = {
    PG_URL_SETTINGS(COMMAND_AT),
    {"listen", OPTION_TEXT, COMMAND_AT(listen), 1, 256, "127.0.0.1:8090",
     "HOST:PORT of the API, on the loopback: the gateway passes /control/v1 on to it.", NULL},
    {"ops-listen", OPTION_TEXT, COMMAND_AT(ops_listen), 0, 256, "127.0.0.1:0",
     "HOST:PORT of /metrics and /healthz; empty for none.", NULL},
    {"master-key-file", OPTION_PATH, COMMAND_AT(master_key_file), 0, 4000, NULL,
     "Keys that secrets are sealed with: 64 hex digits a line, the first seals, all open.", NULL},
    {"threads", OPTION_INT, COMMAND_AT(threads), 1, 64, "4",
     "Threads that answer calls, each with a connection to the database.", NULL},
    {"waiting-calls", OPTION_INT, COMMAND_AT(waiting_calls), 1, 10000, "256",
     "Calls that may wait for a thread; more are refused.", NULL},
    {"statement-timeout-ms", OPTION_INT, COMMAND_AT(statement_timeout_ms), 100, 600000, "15000",
     "Longest that a statement may take, in ms; half of it to wait for a lock.", NULL},
    {"drain-seconds", OPTION_INT, COMMAND_AT(drain_seconds), 0, 600, "20",
     "How long calls may still take after SIGTERM, in seconds.", NULL},
    {"session-hours", OPTION_INT, COMMAND_AT(session_hours), 1, 720, "12",
     "A login ends after so many hours.", NULL},
    {"session-idle-minutes", OPTION_INT, COMMAND_AT(session_idle_minutes), 1, 43200, "120",
     "Or after so many minutes without a call.", NULL},
};

const struct command command_serve = {
    .words = "serve",
    .usage = "[--config FILE]",
    .about = "Serves the control plane's API until it is told to stop (SIGTERM).",
    .table = serve_table,
    .count = array_size(serve_table),
    .run_alone = serve,
};

static bool print_routes(const struct command_config *config, struct buf *why)
{
    cleanup(buf_done) struct buf text = buf_make(TABLE_BYTES_MAX);
    struct json_writer w = json_writer_make(&text);

    (void)config;
    (void)why;
    route_write_all(api_families, &w);
    puts(text.at);
    return true;
}

const struct command command_routes = {
    .words = "routes",
    .usage = "",
    .about = "Prints every route of the API as JSON: who may call it, and what it takes.",
    .table = serve_table,
    .count = 0,
    .run_alone = print_routes,
};
