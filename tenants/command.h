/*
 * command: what the commands of tollgate-control share: settings, connection, output.
 *
 * A command is one or two words, a table of settings and a function. It works through tenants/store
 * as the API will, says what it made as shell lines or as JSON, and a failure in one sentence.
 */
#ifndef TOLLGATE_TENANTS_COMMAND_H
#define TOLLGATE_TENANTS_COMMAND_H

#include "common/base/json_writer.h"
#include "common/base/options.h"
#include "common/pg/pg_url.h"
#include "tenants/store/store.h"

struct command_config {
    char *database, *database_url_file;
    bool json;
    char *name, *plan, *tenant, *project, *expires, *usd, *idem, *reason, *prices_from;
    char *operator_email, *member_email;
    struct option_list models;
    int mode, kind, window,
        format; /* enum billing_mode, key_kind, budget_window; catalog's format */
    bool if_missing, dry_run, summary, now, retire_many;
    char *listen, *ops_listen, *master_key_file;
    int64_t threads, waiting_calls, statement_timeout_ms, drain_seconds;
    int64_t session_hours, session_idle_minutes;
};

struct command_output {
    bool json;
    struct buf text;
    struct json_writer writer;
};

struct command_context {
    const struct command_config *config;
    const char *const *arguments; /* those that are not settings */
    size_t argument_count;
    struct pg *pg;
    struct store_actor actor; /* an operator */
    struct command_output output;
    struct store_error error;
};

struct command {
    const char *words; /* "tenant create" */
    const char *usage, *about;
    const struct option *table;
    size_t count;
    size_t arguments; /* how many it takes */
    enum store_outcome (*run)(struct command_context *context);
    /* Instead of `run`, for what works without one transaction at the database: false when it
     * failed, and `why` has a sentence. */
    bool (*run_alone)(const struct command_config *config, struct buf *why);
};

extern const struct command command_bootstrap, command_tenant_create, command_key_create,
    command_key_revoke, command_credit_add, command_catalog_import, command_catalog_show,
    command_serve, command_routes;

#define COMMAND_AT(member) offsetof(struct command_config, member)
#define COMMAND_SETTINGS                                                                           \
    PG_URL_SETTINGS(COMMAND_AT),                                                                   \
    {                                                                                              \
        "json", OPTION_BOOL, COMMAND_AT(json), 0, 1, "off",                                        \
            "One JSON object instead of shell lines.", NULL                                        \
    }

/* One member: NAME='value' as a shell line, or "member": "value". */
void command_put(struct command_output *output, const char *name, const char *member,
                 const char *value);
void command_put_int(struct command_output *output, const char *name, const char *member,
                     int64_t value);
void command_put_id(struct command_output *output, const char *name, const char *member,
                    enum id_kind kind, struct uuid id);

/* Text of settings. STORE_REFUSED with a sentence that says what is allowed. */
must_use enum store_outcome command_need(struct command_context *context, const char *setting,
                                         const char *value);
must_use enum store_outcome command_usd(struct command_context *context, const char *setting,
                                        const char *value, int64_t *pico_out);
/* RFC 3339; empty is INT64_MAX. */
must_use enum store_outcome command_time(struct command_context *context, const char *setting,
                                         const char *value, int64_t *unix_ms_out);

/* Commits when `outcome` is STORE_OK, else rolls back and passes it on. */
must_use enum store_outcome command_end(struct command_context *context,
                                        enum store_outcome outcome);

/* The program: finds the command in argv and runs it. The exit code. */
must_use int command_main(char **argv, char **environment);

#endif
