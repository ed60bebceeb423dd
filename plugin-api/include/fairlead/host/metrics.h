/* SPDX-License-Identifier: Apache-2.0
 *
 * Metrics of a module, shown with its id as a label.
 */
#ifndef FAIRLEAD_HOST_METRICS_H
#define FAIRLEAD_HOST_METRICS_H

#include "fairlead/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FL_HOST_METRICS "fairlead.host.metrics/1"

#define FL_METRIC_NAME_BYTES_MAX 64 /* of [a-z0-9_] */
#define FL_METRIC_NAMES_MAX 128     /* different ones, per module */

typedef struct fl_host_metrics {
    uint32_t size;
    uint32_t reserved;
    void* ctx;
    /* Adds to a counter; `delta` is not negative. FL_E_INVALID for a bad name or number,
     * FL_E_LIMIT for one name too many. [any-thread] */
    fl_status (*add)(void* ctx, fl_str name, double delta);
    /* Sets a gauge. [any-thread] */
    fl_status (*set)(void* ctx, fl_str name, double value);
} fl_host_metrics;

#ifdef __cplusplus
}
#endif
#endif
