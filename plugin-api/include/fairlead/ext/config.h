/* SPDX-License-Identifier: Apache-2.0
 *
 * Instance extension: checks a configuration beyond its JSON Schema, and takes a changed one
 * without being made anew. Without it the host makes a new instance for each change.
 */
#ifndef FAIRLEAD_EXT_CONFIG_H
#define FAIRLEAD_EXT_CONFIG_H

#include "fairlead/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FL_EXT_CONFIG "fairlead.config/1"

typedef struct fl_config {
    uint32_t size;
    uint32_t reserved;
    /* Would `config` (JSON text) be accepted? The text of a refusal names the setting. Has no
     * effect. [control, 1 s] */
    fl_status (*validate)(void* self, fl_str config, fl_err* err);
    /* Takes the configuration from the next call on. FL_E_UNSUPPORTED: make a new instance.
     * [control, 1 s; instance-serial] */
    fl_status (*apply)(void* self, fl_str config, fl_err* err);
} fl_config;

#ifdef __cplusplus
}
#endif
#endif
