/* SPDX-License-Identifier: Apache-2.0
 *
 * The basic types of the Fairlead plugin ABI, major version 1. Compiles as C11 and as C++17.
 *
 * Rules that hold for every header of this folder:
 *  - Only fixed-width integers, double, pointers and the structs below cross the boundary. No bool,
 *    long, bit field, union or enum-typed member; nothing of C++; no exception, in neither
 * direction.
 *  - A struct that starts with `size` grows at its end only. The giver sets `size` to the bytes it
 *    filled; the receiver uses FL_HAS before it touches a member younger than the first release.
 *    Structs marked FROZEN never change within this major version.
 *  - In-parameters are borrowed: valid until the call returns. Outputs go through a sink of the
 *    caller, which copies. Nobody frees the other side's memory.
 *  - Every function carries a thread tag, see host/thread_check.h for their meaning:
 *    [any-thread] [control] [io] [instance-serial] [connection-serial].
 */
#ifndef FAIRLEAD_ABI_H
#define FAIRLEAD_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FL_ABI_MAJOR 1
#define FL_ABI_MINOR 0

#if defined(__GNUC__)
#define FL_EXPORT __attribute__((visibility("default")))
#else
#define FL_EXPORT
#endif

/* UTF-8, not NUL-terminated. `p` may be NULL when `n` is 0. FROZEN. */
typedef struct fl_str {
    const char* p;
    size_t n;
} fl_str;

/* Raw bytes. `p` may be NULL when `n` is 0. FROZEN. */
typedef struct fl_bytes {
    const uint8_t* p;
    size_t n;
} fl_bytes;

/* Name and value, for headers, credentials and the like. FROZEN. */
typedef struct fl_attribute {
    fl_str name;
    fl_str value;
} fl_attribute;

/* 0 is success, above 0 a qualified success, below 0 an error. Numbers are never reused; a receiver
 * treats an unknown negative number as FL_E_FAILED and an unknown positive one as FL_OK. */
typedef int32_t fl_status;

enum {
    FL_OK = 0,
    FL_PENDING = 1,   /* accepted; a completion with the caller's token follows exactly once */
    FL_DUPLICATE = 2, /* was done before; nothing was done again */
    FL_MORE = 3,      /* more input is needed */

    FL_E_FAILED = -1,  /* anything without a better code */
    FL_E_INVALID = -2, /* the caller's argument breaks the contract */
    FL_E_MALFORMED =
        -3, /* the outside data (frame, payload) is broken: counts against the device */
    FL_E_UNSUPPORTED = -4,  /* understood, but not offered */
    FL_E_NOT_FOUND = -5,    /* no such device, key, topic */
    FL_E_UNAUTHORIZED = -6, /* credentials wrong or missing */
    FL_E_FORBIDDEN = -7,    /* known, but not allowed */
    FL_E_LIMIT = -8,        /* a named limit was passed */
    FL_E_BUSY = -9,         /* not now; may succeed later */
    FL_E_TIMEOUT = -10,     /* the deadline passed */
    FL_E_CLOSED = -11,      /* the connection, session or component is gone */
    FL_E_CONFLICT = -12,    /* contradicts the present state */
    FL_E_MEMORY = -13,      /* allocation failed */
    FL_E_IO = -14,          /* the operating system refused */
    FL_E_EXCEPTION = -15,   /* plugin code threw: counts against the plugin */
    FL_E_VERSION = -16,     /* ABI, schema or state version not understood */
    FL_E_CANCELLED = -17    /* given up on request */
};

/* Error text, on the caller's stack; `text` is `len` bytes of UTF-8, cut at 244. FROZEN. */
typedef struct fl_err {
    uint32_t size; /* sizeof(fl_err), set by the caller */
    int32_t code;
    uint32_t len;
    char text[244];
} fl_err;

/* Log levels, as in syslog's order of weight. */
enum { FL_LOG_DEBUG = 1, FL_LOG_INFORMATION = 2, FL_LOG_WARNING = 3, FL_LOG_ERROR = 4 };

/* True when table `t` (pointer) is new enough to have member `m` and `m` is set. */
#define FL_HAS(t, type, m)                                                                         \
    ((t) != NULL && (t)->size >= offsetof(type, m) + sizeof((t)->m) && (t)->m != NULL)

/* Kinds of a fl_value. */
enum {
    FL_VALUE_NULL = 0,
    FL_VALUE_BOOLEAN = 1, /* i: 0 or 1 */
    FL_VALUE_INTEGER = 2, /* i */
    FL_VALUE_DOUBLE = 3,  /* d */
    FL_VALUE_STRING = 4,  /* s, UTF-8 */
    FL_VALUE_BINARY = 5,  /* s, raw bytes */
    FL_VALUE_JSON = 6     /* s, JSON text of an array or object */
};

/* One typed value; only the member that `kind` names is meaningful. FROZEN. */
typedef struct fl_value {
    uint32_t kind;
    uint32_t reserved; /* 0 */
    int64_t i;
    double d;
    fl_str s;
} fl_value;

#ifdef __cplusplus
}
#endif
#endif
