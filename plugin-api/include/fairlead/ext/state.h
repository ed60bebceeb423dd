/* SPDX-License-Identifier: Apache-2.0
 *
 * Module extension: hand-over of module-level state from one generation to the next.
 *
 * In a swap the host calls, on the control thread: quiesce of the old module, save of the old, load
 * of the new (after its init, before its first create), then publishes the new one. When the new
 * module refuses, it is unloaded, and resume of the old one follows. Calls on instances of the old
 * generation go on between save and publish; what they change in module-level state is lost, so
 * state of sessions and connections does not belong here.
 */
#ifndef FAIRLEAD_EXT_STATE_H
#define FAIRLEAD_EXT_STATE_H

#include "fairlead/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FL_EXT_STATE "fairlead.state/1"

#define FL_STATE_BYTES_MAX (16u << 20) /* of one hand-over */

/* Takes the saved bytes in any number of pieces. */
typedef struct fl_state_sink {
    uint32_t size;
    uint32_t reserved;
    void* ctx;
    /* FL_E_LIMIT above FL_STATE_BYTES_MAX: the swap is then called off. */
    fl_status (*write)(void* ctx, fl_bytes piece);
} fl_state_sink;

typedef struct fl_state {
    uint32_t size;
    uint32_t schema;    /* of what save writes */
    uint32_t reads_min; /* schemas that load understands */
    uint32_t reads_max;
    /* After quiesce. [control, 5 s] */
    fl_status (*save)(const fl_state_sink* sink, fl_err* err);
    /* FL_E_VERSION or FL_E_MALFORMED refuse: the swap is then called off. [control, 10 s] */
    fl_status (*load)(uint32_t schema, fl_bytes state, fl_err* err);
} fl_state;

#ifdef __cplusplus
}
#endif
#endif
