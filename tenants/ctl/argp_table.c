/*
 * argp_table: see argp_table.h.
 */
#include "tenants/ctl/argp_table.h"

#include "common/base/mem.h"

enum { KEY_BASE = 0x1000, GROUPS = 3, TEXT_MAX = 2048 };

static const char *const headers[GROUPS] = {NULL, "Rows, output, questions:", "All commands take:"};

struct argp_table argp_table_make(const struct command *command)
{
    size_t count = 0;
    while (command_flag(command, count) != NULL)
        count++;
    struct argp_table table = {.at = mem_array(count + GROUPS + 1, sizeof(*table.at))};
    int group = 0;
    for (size_t i = 0; i < count; i++) {
        const struct flag *flag = command_flag(command, i);
        struct buf text = buf_make(TEXT_MAX);
        if (command_flag_group(command, i) != group) {
            group = command_flag_group(command, i);
            table.at[table.count++] =
                (struct argp_option){.doc = headers[group], .group = group + 1};
        }
        command_flag_text(flag, &text);
        table.at[table.count++] = (struct argp_option){
            .name = flag->name,
            .key = KEY_BASE + (int)i,
            .arg = flag->value,
            .doc = buf_take(&text),
            .group = group + 1,
        };
    }
    return table;
}

void argp_table_done(struct argp_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        char *text = NULL;
        if (table->at[i].name == NULL)
            continue;
        memcpy(&text, &table->at[i].doc,
               sizeof(text)); /* argp's pointer is to const, ours to free */
        mem_free(text);
    }
    mem_free(table->at);
}

bool argp_table_is_key(int key)
{
    return key >= KEY_BASE && key < KEY_BASE + 0x1000;
}

size_t argp_table_index(int key)
{
    return (size_t)(key - KEY_BASE);
}
