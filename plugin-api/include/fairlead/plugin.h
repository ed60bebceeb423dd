/* SPDX-License-Identifier: Apache-2.0
 *
 * The one exported function of a plugin, the module it returns and the host it is given.
 *
 * Life of a module: fl_plugin_entry_v1 → init → get_factory, create… → (quiesce) → destroy all
 * instances → deinit → unmapped. After deinit every pointer of the host is invalid.
 */
#ifndef FAIRLEAD_PLUGIN_H
#define FAIRLEAD_PLUGIN_H

#include "fairlead/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the server gives to a module. Valid from init until deinit returns. */
typedef struct fl_host {
    uint32_t size;
    uint32_t abi_minor;
    void* ctx;

    /* Host extension by id ("fairlead.host.timer/1"), or NULL. Valid as long as the host.
     * [any-thread] */
    const void* (*get_extension)(void* ctx, const char* id);

    /* Memory accounted to this plugin; NULL when its limit is reached. Freed with `free` only.
     * `align` is a power of two up to 64. [any-thread] */
    void* (*alloc)(void* ctx, size_t n, size_t align);
    void (*free)(void* ctx, void* p);

    /* Never blocks; lines above the plugin's rate limit are counted and dropped with one notice.
     * `component` may be empty. Secrets must not be logged. [any-thread] */
    void (*log)(void* ctx, uint32_t level, fl_str component, fl_str text);

    /* Monotonic time, nanoseconds; and UTC, milliseconds since 1970. [any-thread] */
    uint64_t (*now_ns)(void* ctx);
    int64_t (*utc_ms)(void* ctx);
} fl_host;

/* fl_module.flags */
enum {
    FL_MODULE_THREADS = 1,  /* the module starts threads of its own and joins them in deinit */
    FL_MODULE_RESIDENT = 2, /* never unmap this module */
    FL_MODULE_DRAFTS = 4    /* uses fairlead.draft.* extensions */
};

typedef struct fl_module {
    uint32_t size;
    uint16_t abi_major;
    uint16_t abi_minor;
    uint32_t flags;
    uint32_t pointer_bytes; /* sizeof(void *) of the build */
    fl_str id;              /* reverse DNS or "fairlead.<name>", 3 to 128 bytes of [a-z0-9.-] */
    fl_str version;         /* semantic version */
    fl_str name;            /* JSON object of texts by locale: {"zh-CN":"…","en":"…"} */
    fl_str sdk;             /* e.g. "fairlead-sdk 1.0"; a fork names itself here */
    fl_str compiler;

    /* Once per load, before any other call; no instances exist. May block up to 10 s. [control] */
    fl_status (*init)(const fl_host* host, fl_err* err);
    /* Stop timers, accepts and background work; instances stay usable for reading. [control] */
    void (*quiesce)(void);
    /* Undo of quiesce, for a swap that was called off. May be NULL. [control] */
    void (*resume)(void);
    /* Join threads, drop every host pointer. All instances are destroyed before. [control] */
    void (*deinit)(void);
    /* Factory table by id ("fairlead.factory.protocol/1"), or NULL. [any-thread] */
    const void* (*get_factory)(const char* id);
    /* Module extension by id ("fairlead.selftest/1", "fairlead.state/1"), or NULL. [any-thread] */
    const void* (*get_extension)(const char* id);
} fl_module;

/* The only exported symbol; the ABI major is in its name. Returns a static table. [control] */
FL_EXPORT const fl_module* fl_plugin_entry_v1(void);

#ifdef __cplusplus
}
#endif
#endif
