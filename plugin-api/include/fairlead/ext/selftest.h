/* SPDX-License-Identifier: Apache-2.0
 *
 * Module extension: a self test that the host runs once per load, after init and before the module
 * serves anything. A failure refuses the file, and the generation before it goes on.
 */
#ifndef FAIRLEAD_EXT_SELFTEST_H
#define FAIRLEAD_EXT_SELFTEST_H

#include "fairlead/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FL_EXT_SELFTEST "fairlead.selftest/1"

typedef struct fl_selftest {
    uint32_t size;
    uint32_t reserved;
    /* Decodes a known vector, checks a table: no network, no files. [control, 5 s] */
    fl_status (*run)(fl_err* err);
} fl_selftest;

#ifdef __cplusplus
}
#endif
#endif
