/* SPDX-License-Identifier: Apache-2.0
 *
 * Descriptors of a library that insists on its own I/O, watched by a loop of the host. Sockets of
 * network components do not need this: the host owns them.
 */
#ifndef FAIRLEAD_HOST_FD_H
#define FAIRLEAD_HOST_FD_H

#include "fairlead/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FL_HOST_FD "fairlead.host.fd/1"

#define FL_HOST_WATCHES_MAX 1024 /* at once, per module */

/* Events, bits. */
enum {
    FL_FD_READABLE = 1,
    FL_FD_WRITABLE = 2,
    FL_FD_ERROR = 4 /* reported only: error or hang-up */
};

typedef struct fl_host_fd {
    uint32_t size;
    uint32_t reserved;
    void* ctx;
    /* Calls `fn(arg, events)` whenever one of `events` holds (level-triggered). The descriptor
     * stays the plugin's and is unwatched before it is closed. Returns an id, or 0 when the limit
     * is reached or the system refuses. `fn` runs [host-loop]. [any-thread] */
    uint64_t (*watch)(void* ctx, int32_t fd, uint32_t events,
                      void (*fn)(void* arg, uint32_t events), void* arg);
    /* Replaces the events; 0 pauses. FL_E_NOT_FOUND for an unknown id. [any-thread] */
    fl_status (*change)(void* ctx, uint64_t id, uint32_t events);
    /* As timer.cancel. [any-thread] */
    void (*unwatch)(void* ctx, uint64_t id);
} fl_host_fd;

#ifdef __cplusplus
}
#endif
#endif
