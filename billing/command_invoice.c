/*
 * command_invoice: close, show-invoice.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "billing/behind.h"
#include "billing/commands.h"
#include "billing/database.h"
#include "billing/invoice/close.h"
#include "billing/invoice/render.h"
#include "common/base/clock.h"

enum { DOCUMENT_MAX = 256 << 20, WHY_MAX = 2048, PATIENCE_MS = 30000, HOUR_MS = 3600000 };

static int print_invoice(struct pg *pg, struct uuid invoice, enum render_format format)
{
    struct buf out = buf_make(DOCUMENT_MAX);
    int r = render_invoice(pg, invoice, format, &out);
    if (r == 0)
        fwrite(out.at, 1, out.size, stdout);
    buf_done(&out);
    if (r == -ENOENT)
        return command_failed("there is no such invoice");
    if (r == -EMSGSIZE)
        return command_failed("the invoice is too long to be shown");
    return r < 0 ? command_failed("%s", pg_error(pg)->message) : 0;
}

/* inv_…, a UUID, or the invoice's number. */
static int find_invoice(struct pg *pg, const char *word, struct uuid *invoice_out)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    if (word == NULL)
        return command_failed("show-invoice takes an invoice: inv_… or its number");
    if (id_parse(ID_INVOICE, span_of(word), invoice_out) == 0 ||
        uuid_parse(span_of(word), invoice_out) == 0)
        return 0;
    if (pg_exec(pg, &rows, "SELECT invoice_id FROM tollgate.invoices WHERE number = $1",
                PG_STRING(word)) != PG_OK)
        return command_failed("%s", pg_error(pg)->message);
    if (pg_rows_count(rows) == 0)
        return command_failed("\"%.100s\" is no invoice", word);
    *invoice_out = pg_get_uuid(rows, 0, 0);
    return 0;
}

enum config_format command_format(const struct config *config)
{
    if (config->json)
        return CONFIG_JSON;
    if (config->format == CONFIG_AUTO)
        return isatty(STDOUT_FILENO) ? CONFIG_TEXT : CONFIG_JSON;
    return (enum config_format)config->format;
}

static enum render_format render_format(const struct config *config)
{
    switch (command_format(config)) {
    case CONFIG_CSV:
        return RENDER_CSV;
    case CONFIG_TEXT:
        return RENDER_TEXT;
    case CONFIG_AUTO:
    case CONFIG_JSON:
        break;
    }
    return RENDER_JSON;
}

int command_show_invoice(const struct config *config, const char *word)
{
    struct pg *pg cleanup(pg_close_at) = database_open(config);
    struct uuid invoice;
    if (pg == NULL)
        return command_failed("the database is away");
    if (find_invoice(pg, word, &invoice) != 0)
        return 1;
    return print_invoice(pg, invoice, render_format(config));
}

static int read_order(const struct config *config, struct close_order *order)
{
    *order = (struct close_order){.now_ms = clock_wall_ms(),
                                  .grace_ms = config->grace_hours * HOUR_MS,
                                  .skip_grace = config->now};
    if (config->tenant == NULL || *config->tenant == '\0') {
        (void)command_failed("close needs --tenant ten_…");
        return -EINVAL;
    }
    if (command_id(ID_TENANT, config->tenant, &order->tenant) < 0)
        return -EINVAL;
    if (config->until == NULL || *config->until == '\0')
        return 0;
    if (clock_parse(config->until, strlen(config->until), &order->until_ms) < 0 ||
        order->until_ms <= 0) {
        (void)command_failed("--until takes a time of RFC 3339, as 2026-11-21T14:00:00Z");
        return -EINVAL;
    }
    return 0;
}

/* A draft is an answer too, but for one that was meant to be final. */
static int report(const struct config *config, struct pg *pg, enum close_outcome outcome,
                  struct uuid invoice, const struct buf *why)
{
    const char *text = why->at == NULL ? "" : why->at;
    int status = 0;
    switch (outcome) {
    case CLOSE_FINALIZED:
    case CLOSE_ALREADY:
        break;
    case CLOSE_DRAFT:
        fprintf(stderr, "tollgate-billing: the period is not over: this is a draft\n");
        break;
    case CLOSE_GRACE:
        fprintf(stderr, "tollgate-billing: the period is over, its grace is not: this is a draft;"
                        " --now does not wait for it\n");
        break;
    case CLOSE_BEHIND:
        status = command_failed("not finalized, this is a draft: %s", text);
        break;
    case CLOSE_REFUSED:
    case CLOSE_FAILED:
        return command_failed("%s", text);
    }
    return print_invoice(pg, invoice, render_format(config)) == 0 ? status : 1;
}

static bool given(const char *setting)
{
    return setting != NULL && *setting != '\0';
}

/* By the journals and brokers themselves where this command was told where they are. Appends what
 * is behind. */
static void await_sources(const struct config *config, struct pg *pg, const struct closing *closing,
                          struct buf *behind)
{
    bool reaches =
        config->source == CONFIG_KAFKA ? given(config->brokers) : given(config->journal_dir);
    int r = reaches
                ? behind_wait(config, pg, PATIENCE_MS, behind)
                : behind_wait_stored(pg, closing->tenant, closing->until_ms, PATIENCE_MS, behind);
    if (r < 0 && behind->size == 0)
        (void)buf_add_string(behind, "what is posted could not be found out");
}

int command_close(const struct config *config, const char *word)
{
    struct pg *pg cleanup(pg_close_at) = NULL;
    cleanup(buf_done) struct buf why = buf_make(WHY_MAX), behind = buf_make(WHY_MAX);
    struct close_order order;
    struct closing closing;
    struct uuid invoice;
    enum close_outcome outcome;
    if (word != NULL)
        return command_failed("close takes no argument but settings; see --help");
    if (read_order(config, &order) < 0)
        return 2;
    pg = database_open(config);
    if (pg == NULL)
        return command_failed("the database is away");
    outcome = close_begin(pg, &order, &closing, &why);
    invoice = closing.invoice;
    if (outcome == CLOSE_FINALIZED)
        await_sources(config, pg, &closing, &behind);
    if (outcome == CLOSE_FINALIZED || outcome == CLOSE_DRAFT || outcome == CLOSE_GRACE)
        outcome = close_end(pg, &closing, buf_span(&behind), &invoice, &why);
    return report(config, pg, outcome, invoice, &why);
}
