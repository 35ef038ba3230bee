/*
 * tollgate-gateway: the data plane. Reads its settings and runs; see README.md in this folder.
 */
#include <stdio.h>

#include "common/base/log.h"
#include "common/base/mem.h"
#include "gateway/control.h"

extern char **environ;

enum { ERROR_MAX = 1024 };

int main(int argc, char **argv)
{
    struct gateway *gateway = mem_new(sizeof(*gateway));
    struct buf error = buf_make(ERROR_MAX);
    int status = 0;

    (void)argc;
    log_set_program("tollgate-gateway");
    control_prepare();
    switch (config_read(argv, environ, &gateway->config, &error)) {
    case OPTIONS_GO:
        log_set_level((enum log_level)gateway->config.log_level);
        status = control_run(gateway);
        break;
    case OPTIONS_PRINTED:
        break;
    case OPTIONS_BAD:
        (void)fprintf(stderr, "tollgate-gateway: %s\n", error.at);
        status = 2;
        break;
    }
    config_done(&gateway->config);
    buf_done(&error);
    mem_free(gateway);
    return status;
}
