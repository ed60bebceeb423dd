/* SPDX-License-Identifier: Apache-2.0
 *
 * The thread words of this API, and a host table to check them in debug builds.
 *
 *   [any-thread]        Any thread, also at the same time as any other call. Does not block.
 *   [control]           One thread at a time per module. May block up to the time that the call
 *                       names. Never on an I/O loop.
 *   [io]                On an I/O loop: non-blocking, 1 ms at most. Longer is measured and
 * reported. [instance-serial]   Never two calls at once for one instance; the thread may change.
 *   [connection-serial] Never two calls at once for one connection, always on the same loop.
 *   [host-loop]         Callbacks of timer, fd and executor post: one thread for all callbacks of
 *                       a module, one at a time; the rules of [io] apply.
 *
 * A pure [io] function of an instance is also [instance-serial] or [connection-serial], as tagged.
 */
#ifndef FAIRLEAD_HOST_THREAD_CHECK_H
#define FAIRLEAD_HOST_THREAD_CHECK_H

#include "fairlead/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FL_HOST_THREAD_CHECK "fairlead.host.thread_check/1"

/* What the calling thread is at the moment, bits. 0: a thread the host does not know. */
enum {
    FL_THREAD_CONTROL = 1,  /* inside a [control] call of this module */
    FL_THREAD_IO = 2,       /* inside an [io] call */
    FL_THREAD_HOST_LOOP = 4 /* inside a [host-loop] callback */
};

typedef struct fl_host_thread_check {
    uint32_t size;
    uint32_t reserved;
    void* ctx;
    /* Roles of the calling thread. [any-thread] */
    uint32_t (*roles)(void* ctx);
} fl_host_thread_check;

#ifdef __cplusplus
}
#endif
#endif
