/*
 * source: see the header.
 */
#include "tenants/ctl/source.h"

#include <errno.h>
#include <string.h>

#include "common/base/file.h"
#include "tenants/ctl/ctl.h"
#include "tenants/ctl/exits.h"

int source_read(struct ctl *ctl, const char *path, struct buf *text_out)
{
    int error = file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, text_out);
    size_t kib = text_out->max >> 10;

    if (error == -EFBIG && kib >= 1024)
        return ctl_fail(ctl, CTL_USAGE, "%s is larger than %zu MiB", path, kib >> 10);
    if (error == -EFBIG)
        return ctl_fail(ctl, CTL_USAGE, "%s is larger than %zu KiB", path, kib);
    if (error != 0)
        return ctl_fail(ctl, CTL_USAGE, "%s can't be read: %s", path, strerror(-error));
    return CTL_OK;
}

int source_parse(struct ctl *ctl, const char *path, struct span text,
                 const struct json_limits *limits, struct json_doc *doc_out)
{
    enum json_error wrong = json_parse(doc_out, text, limits);

    if (wrong != JSON_OK)
        return ctl_fail(ctl, CTL_USAGE, "%s %s at byte %zu", path, json_error_text(wrong),
                        doc_out->error_at);
    return CTL_OK;
}
