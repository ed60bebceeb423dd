// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>

namespace fairlead::powercut {

/// The C library's own functions behind those that this library puts in front.
struct RealCalls {
    int (*open)(const char*, int, ...);
    int (*openat)(int, const char*, int, ...);
    int (*close)(int);
    ssize_t (*write)(int, const void*, size_t);
    ssize_t (*pwrite)(int, const void*, size_t, off_t);
    ssize_t (*writev)(int, const iovec*, int);
    ssize_t (*pwritev)(int, const iovec*, int, off_t);
    ssize_t (*pwritev2)(int, const iovec*, int, off_t, int);
    int (*ftruncate)(int, off_t);
    int (*truncate)(const char*, off_t);
    int (*fallocate)(int, int, off_t, off_t);
    int (*posix_fallocate)(int, off_t, off_t);
    int (*fsync)(int);
    int (*fdatasync)(int);
    int (*sync_file_range)(int, off_t, off_t, unsigned);
    int (*syncfs)(int);
    void (*sync)();
    int (*rename)(const char*, const char*);
    int (*renameat)(int, const char*, int, const char*);
    int (*renameat2)(int, const char*, int, const char*, unsigned);
    int (*unlink)(const char*);
    int (*unlinkat)(int, const char*, int);
    void* (*mmap)(void*, size_t, int, int, int, off_t);
};

/// Looked up at the first call.
const RealCalls& real();

} // namespace fairlead::powercut
