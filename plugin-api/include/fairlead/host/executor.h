/* SPDX-License-Identifier: Apache-2.0
 *
 * Work on threads of the host, so that a module needs none of its own.
 */
#ifndef FAIRLEAD_HOST_EXECUTOR_H
#define FAIRLEAD_HOST_EXECUTOR_H

#include "fairlead/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FL_HOST_EXECUTOR "fairlead.host.executor/1"

#define FL_HOST_TASKS_MAX 4096 /* waiting at once, per module, of both kinds together */

typedef struct fl_host_executor {
    uint32_t size;
    uint32_t reserved;
    void* ctx;
    /* Runs `fn(arg)` on the host's loop, in order of posting. FL_E_LIMIT; FL_E_CLOSED once
     * deinit has begun, and tasks that wait then are dropped. `fn` runs [host-loop]. [any-thread]
     */
    fl_status (*post)(void* ctx, void (*fn)(void* arg), void* arg);
    /* Runs blocking work on a pool; tasks may run at the same time. The host waits for them
     * before deinit, up to the drain time. quiesce is the sign for long ones to end. FL_E_LIMIT,
     * FL_E_BUSY, FL_E_CLOSED. [any-thread] */
    fl_status (*run)(void* ctx, void (*fn)(void* arg), void* arg);
} fl_host_executor;

#ifdef __cplusplus
}
#endif
#endif
