/*
 * console_private: what console.c and console_load.c share.
 */
#ifndef TOLLGATE_GATEWAY_EDGE_CONSOLE_PRIVATE_H
#define TOLLGATE_GATEWAY_EDGE_CONSOLE_PRIVATE_H

#include "common/base/map.h"
#include "gateway/edge/console.h"

#define CONSOLE_INDEX "index.html"
#define CONSOLE_ASSETS "assets/"

struct console {
    struct map *by_path;        /* path below the folder → struct console_file */
    struct console_file *files; /* their paths and bodies are owned */
    size_t count, seen, bytes;  /* files; files read, codings included; their bytes */
    const struct console_file *index;
};

#endif
