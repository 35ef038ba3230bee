/*
 * pg_url: see pg_url.h.
 */
#include "common/pg/pg_url.h"

#include <errno.h>
#include <string.h>

#include "common/base/file.h"

bool pg_url_read(const char *file, const char *database, struct buf *url_out, struct buf *why)
{
    if (file != NULL && file[0] != '\0') {
        int r = file_read_secret(file, url_out);
        if (r < 0)
            (void)buf_printf(why, "%s: %s", file,
                             r == -EPERM ? "others may read it: chmod 600" : strerror(-r));
        return r == 0;
    }
    if (database == NULL || database[0] == '\0') {
        (void)buf_add_string(why, "say which database: --database-url-file FILE or --database URL");
        return false;
    }
    return buf_add_string(url_out, database) == 0;
}
