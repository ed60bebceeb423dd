/* SPDX-License-Identifier: Apache-2.0
 *
 * Durable key-value state of a module: for what outlives a restart and belongs to no device,
 * session or connection. Survives swaps; every generation of the module sees the same keys.
 */
#ifndef FAIRLEAD_HOST_STATE_H
#define FAIRLEAD_HOST_STATE_H

#include "fairlead/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FL_HOST_STATE "fairlead.host.state/1"

#define FL_HOST_STATE_KEY_BYTES_MAX 128
#define FL_HOST_STATE_VALUE_BYTES_MAX 65536

typedef struct fl_host_state {
    uint32_t size;
    uint32_t reserved;
    void* ctx;
    /* Durable when it returns. FL_E_LIMIT, FL_E_IO. Blocks: [control] or an executor run only. */
    fl_status (*put)(void* ctx, fl_str key, fl_bytes value);
    /* Calls `take(arg, value)` at most once, before it returns. FL_E_NOT_FOUND. Blocks as put. */
    fl_status (*get)(void* ctx, fl_str key, void (*take)(void* arg, fl_bytes value), void* arg);
    /* FL_OK also when the key was not there. Blocks as put. */
    fl_status (*remove)(void* ctx, fl_str key);
} fl_host_state;

#ifdef __cplusplus
}
#endif
#endif
