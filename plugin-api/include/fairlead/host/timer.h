/* SPDX-License-Identifier: Apache-2.0
 *
 * Timers of a module that belong to no connection (connections have set_timer of the network
 * host). What still runs when deinit begins is dropped.
 */
#ifndef FAIRLEAD_HOST_TIMER_H
#define FAIRLEAD_HOST_TIMER_H

#include "fairlead/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FL_HOST_TIMER "fairlead.host.timer/1"

#define FL_HOST_TIMERS_MAX 1024 /* running at once, per module */

typedef struct fl_host_timer {
    uint32_t size;
    uint32_t reserved;
    void* ctx;
    /* Calls `fn(arg)` after `delay_ms`, then every `period_ms` (0: once). Returns an id, or 0 when
     * the limit is reached or deinit has begun. `fn` runs [host-loop]. [any-thread] */
    uint64_t (*start)(void* ctx, uint64_t delay_ms, uint64_t period_ms, void (*fn)(void* arg),
                      void* arg);
    /* When this returns, `fn` does not start again; it may still be running unless the caller is
     * itself [host-loop]. Unknown and ended ids are ignored. [any-thread] */
    void (*cancel)(void* ctx, uint64_t id);
} fl_host_timer;

#ifdef __cplusplus
}
#endif
#endif
