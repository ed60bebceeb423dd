/* SPDX-License-Identifier: Apache-2.0
 *
 * Module extension: is the module well? Asked every few seconds and shown on the plugins page.
 */
#ifndef FAIRLEAD_EXT_HEALTH_H
#define FAIRLEAD_EXT_HEALTH_H

#include "fairlead/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FL_EXT_HEALTH "fairlead.health/1"

typedef struct fl_health {
    uint32_t size;
    uint32_t reserved;
    /* FL_OK, or a negative status with a text for the operator: what is wrong and what to do. Does
     * not block. [any-thread] */
    fl_status (*check)(fl_err* err);
} fl_health;

#ifdef __cplusplus
}
#endif
#endif
