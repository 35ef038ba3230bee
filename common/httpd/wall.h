/*
 * wall: the only place that includes h2o.
 *
 * Of h2o we use the event loop, its sockets and TLS. Reading HTTP is ours (head.h, chunked.h),
 * because h2o 2.2's own server understands ambiguous heads leniently, buffers bodies without a
 * bound of ours, does not see a client that leaves, has no write timeout, and times by the wall
 * clock.
 */
#ifndef TOLLGATE_COMMON_HTTPD_WALL_H
#define TOLLGATE_COMMON_HTTPD_WALL_H

#if !defined(H2O_USE_LIBUV) || H2O_USE_LIBUV != 0
#error "libh2o-evloop needs H2O_USE_LIBUV=0 everywhere"
#endif
#define H2O_USE_EPOLL 1
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <h2o/socket.h>
#include <h2o/timeout.h>
#pragma GCC diagnostic pop

#endif
