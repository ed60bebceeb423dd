// SPDX-License-Identifier: Apache-2.0
#include "real_calls.hpp"

#include <dlfcn.h>

#include <cstdlib>

namespace fairlead::powercut {
namespace {

template <class F>
void find(F*& out, const char* name) {
    out = reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
    if (out == nullptr) {
        std::abort();
    }
}

RealCalls findAll() {
    RealCalls out{};
    find(out.open, "open");
    find(out.openat, "openat");
    find(out.close, "close");
    find(out.write, "write");
    find(out.pwrite, "pwrite");
    find(out.writev, "writev");
    find(out.pwritev, "pwritev");
    find(out.pwritev2, "pwritev2");
    find(out.ftruncate, "ftruncate");
    find(out.truncate, "truncate");
    find(out.fallocate, "fallocate");
    find(out.posix_fallocate, "posix_fallocate");
    find(out.fsync, "fsync");
    find(out.fdatasync, "fdatasync");
    find(out.sync_file_range, "sync_file_range");
    find(out.syncfs, "syncfs");
    find(out.sync, "sync");
    find(out.rename, "rename");
    find(out.renameat, "renameat");
    find(out.renameat2, "renameat2");
    find(out.unlink, "unlink");
    find(out.unlinkat, "unlinkat");
    find(out.mmap, "mmap");
    return out;
}

} // namespace

const RealCalls& real() {
    static const RealCalls kCalls = findAll();
    return kCalls;
}

} // namespace fairlead::powercut
