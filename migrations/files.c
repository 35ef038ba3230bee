/*
 * files: see files.h.
 */
#include "migrations/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/mem.h"

#define NUMBER_DIGITS 4

/* "0001_name.sql" with a name of lower-case letters, digits and underscores. */
static bool well_named(struct span name, uint32_t *number_out)
{
    uint32_t number = 0;
    if (name.size < NUMBER_DIGITS + sizeof("_x.sql") - 1 || name.at[NUMBER_DIGITS] != '_')
        return false;
    for (size_t i = 0; i < NUMBER_DIGITS; i++) {
        if (name.at[i] < '0' || name.at[i] > '9')
            return false;
        number = number * 10 + (uint32_t)(name.at[i] - '0');
    }
    for (size_t i = NUMBER_DIGITS; i < name.size - 4; i++) {
        char c = name.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
            return false;
    }
    *number_out = number;
    return number > 0;
}

static int read_one(const char *directory, struct migration *migration, struct buf *error)
{
    char *path = mem_printf("%s/%s", directory, migration->name);
    struct buf text = buf_make(MIGRATION_MAX_BYTES);
    int r = file_read(path, &text);
    if (r == 0 && memchr(buf_span(&text).at, '\0', text.size) != NULL)
        r = -EINVAL;
    if (r < 0) {
        (void)buf_printf(error, "%s: %s", path, r == -EINVAL ? "has a NUL byte" : strerror(-r));
    } else {
        struct sha256 hash = digest_sha256(buf_span(&text));
        digest_hex(hash.at, sizeof(hash.at), migration->sha256);
        migration->sql = mem_dup(text.size == 0 ? "" : text.at, text.size);
    }
    buf_done(&text);
    mem_free(path);
    return r;
}

/* Takes one name of the directory, if it is a migration's. */
static int add_one(const char *directory, const char *name, struct migrations *migrations,
                   struct buf *error)
{
    uint32_t number;
    if (!span_ends(span_of(name), ".sql") || name[0] == '.')
        return 0;
    if (!well_named(span_of(name), &number)) {
        (void)buf_printf(error, "%s/%s: a migration is named NNNN_name.sql, in lower case",
                         directory, name);
        return -EINVAL;
    }
    if (migrations->count == MIGRATIONS_MAX) {
        (void)buf_printf(error, "%s: more than %u migrations", directory, MIGRATIONS_MAX);
        return -E2BIG;
    }
    struct migration *migration = &migrations->items[migrations->count];
    *migration = (struct migration){.number = number, .name = mem_strdup(name)};
    migrations->count++;
    return read_one(directory, migration, error);
}

static int by_number(const void *a, const void *b)
{
    const struct migration *one = a, *other = b;
    return one->number < other->number ? -1 : one->number > other->number;
}

static int check_numbers(const char *directory, const struct migrations *migrations,
                         struct buf *error)
{
    if (migrations->count == 0) {
        (void)buf_printf(error, "%s: no migrations there", directory);
        return -ENOENT;
    }
    for (uint32_t i = 1; i < migrations->count; i++) {
        const struct migration *one = &migrations->items[i - 1], *next = one + 1;
        if (one->number == next->number) {
            (void)buf_printf(error, "%s: %s and %s have the same number", directory, one->name,
                             next->name);
            return -EINVAL;
        }
    }
    return 0;
}

int migrations_load(const char *directory, struct migrations *migrations_out, struct buf *error)
{
    DIR *listing = opendir(directory);
    if (listing == NULL) {
        int r = -errno;
        (void)buf_printf(error, "%s: %s", directory, strerror(-r));
        return r;
    }
    struct migrations migrations = {mem_array(MIGRATIONS_MAX, sizeof(struct migration)), 0};
    int r = 0;
    for (struct dirent *entry = readdir(listing); entry != NULL && r == 0; entry = readdir(listing))
        r = add_one(directory, entry->d_name, &migrations, error);
    closedir(listing);
    if (r == 0) {
        qsort(migrations.items, migrations.count, sizeof(struct migration), by_number);
        r = check_numbers(directory, &migrations, error);
    }
    if (r < 0)
        migrations_done(&migrations);
    else
        *migrations_out = migrations;
    return r;
}

void migrations_done(struct migrations *migrations)
{
    for (uint32_t i = 0; i < migrations->count; i++) {
        mem_free(migrations->items[i].name);
        mem_free(migrations->items[i].sql);
    }
    mem_free(migrations->items);
    *migrations = (struct migrations){0};
}
