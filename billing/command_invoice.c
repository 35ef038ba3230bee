/*
 * command_invoice: close, show-invoice.
 */
#include "billing/commands.h"

int command_close(const struct config *config, const char *word)
{
    (void)config;
    (void)word;
    return command_failed("close is not built yet");
}

int command_show_invoice(const struct config *config, const char *word)
{
    (void)config;
    (void)word;
    return command_failed("show-invoice is not built yet");
}
