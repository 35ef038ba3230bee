/*
 * options_print: --help, --version and --print-config on standard output.
 */
#include <stdio.h>

#include "common/base/options_value.h"

#define TEXT_MAX_BYTES (1u << 20)

static void print(struct buf *text)
{
    if (text->size > 0)
        fwrite(text->at, 1, text->size, stdout);
    fflush(stdout);
    buf_done(text);
}

void options_print_version(const struct options *options)
{
    struct buf text = buf_make(TEXT_MAX_BYTES);

    (void)buf_printf(&text, "%s %s\n", options->program, TOLLGATE_VERSION);
    print(&text);
}

void options_print_help(const struct options *options)
{
    struct buf text = buf_make(TEXT_MAX_BYTES);

    (void)buf_printf(&text,
                     "Usage: %s [--SETTING VALUE]... %s\n\n%s\n\nSettings, also in the "
                     "environment as TOLLGATE_SETTING and in files as `setting = value`:\n",
                     options->program, options->usage == NULL ? "" : options->usage,
                     options->about);
    for (size_t i = 0; i < options->count; i++) {
        const struct option *option = &options->table[i];
        (void)buf_printf(&text, "  --%s\n      %s\n      Takes ", option->name, option->help);
        option_describe(option, &text);
        if (option->initial != NULL && option->initial[0] != '\0')
            (void)buf_printf(&text, "; default: %s", option->initial);
        (void)buf_add_string(&text, ".\n");
    }
    (void)buf_add_string(&text, "  --config FILE\n      Reads settings from a file; repeatable.\n"
                                "  --print-config, --version, --help\n");
    print(&text);
}

void options_print_config(const struct options *options, const void *config)
{
    struct buf text = buf_make(TEXT_MAX_BYTES);

    for (size_t i = 0; i < options->count; i++) {
        const struct option *option = &options->table[i];
        size_t count = option_count(option, config);
        (void)buf_printf(&text, "# %s\n", option->help);
        if (count == 0)
            (void)buf_printf(&text, "# %s =\n", option->name);
        for (size_t n = 0; n < count; n++) {
            (void)buf_printf(&text, "%s = ", option->name);
            option_format(option, config, n, &text);
            (void)buf_add_byte(&text, '\n');
        }
    }
    print(&text);
}
