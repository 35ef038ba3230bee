/*
 * commands: what tollgate-billing can be told to do. Each prints to standard output and returns the
 * program's exit status: 0 done, 1 not (standard error says why), 2 wrong words.
 */
#ifndef TOLLGATE_BILLING_COMMANDS_H
#define TOLLGATE_BILLING_COMMANDS_H

#include "billing/config.h"

struct pg;

/* `word` is the argument behind the command, NULL when there is none. */
must_use int command_run(const struct config *config, const char *word);
must_use int command_drain(const struct config *config, const char *word);
must_use int command_status(const struct config *config, const char *word);
must_use int command_create_topic(const struct config *config, const char *word);
must_use int command_accept_gap(const struct config *config, const char *word);
must_use int command_declare_lost(const struct config *config, const char *word);
must_use int command_replay(const struct config *config, const char *word);
must_use int command_reconcile(const struct config *config, const char *word);
must_use int command_close(const struct config *config, const char *word);
must_use int command_show_event(const struct config *config, const char *word);
must_use int command_show_ledger(const struct config *config, const char *word);
must_use int command_show_invoice(const struct config *config, const char *word);

/* For them: a sentence on standard error; returns 1. */
int command_failed(const char *format, ...) printf_like(1, 2);
/* Reads a typed id or a plain UUID; 0 or -EINVAL with a sentence on standard error. */

struct uuid;
must_use int command_id(int kind, const char *word, struct uuid *id_out);

/* How a command is to show things: never CONFIG_AUTO. */
must_use enum config_format command_format(const struct config *config);

#endif
