/*
 * command_reconcile: compares what should be equal, and says so.
 */
#include <inttypes.h>
#include <stdio.h>

#include "billing/commands.h"
#include "billing/database.h"
#include "billing/ledger/reconcile.h"

enum { REPORT_MAX = 16 << 20 };

int command_reconcile(const struct config *config, const char *word)
{
    struct pg *pg cleanup(pg_close_at) = NULL;
    struct uuid tenant = {{0}};
    struct buf report;
    struct reconcile_result result;
    int status = 1;
    (void)word;
    if (config->tenant != NULL && *config->tenant != '\0' &&
        command_id(ID_TENANT, config->tenant, &tenant) < 0)
        return 2;
    pg = database_open(config);
    if (pg == NULL)
        return command_failed("the database is away");
    report = buf_make(REPORT_MAX);
    if (reconcile(pg, tenant, &result, &report) != PG_OK) {
        (void)command_failed("%s", pg_error(pg)->message);
    } else {
        printf("%s%" PRId64 " periods checked, %" PRId64 " problems\n",
               report.at == NULL ? "" : report.at, result.checked, result.problems);
        status = result.problems == 0 ? 0 : 1;
    }
    buf_done(&report);
    return status;
}
