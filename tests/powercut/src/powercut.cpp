// SPDX-License-Identifier: Apache-2.0
// libpowercut.so, for LD_PRELOAD: lets a process lose its power. It remembers every change of files
// below a folder that was not synced yet; at a given moment it takes those changes back, as a disk
// without power would, and kills the process.
//
//   POWERCUT_ROOT     folder; nothing happens without it
//   POWERCUT_TRIGGER  file; the cut comes when it appears
//   POWERCUT_DELAY_US and at most this many microseconds later, at random (2000)
//   POWERCUT_KEEP     per cent of unsynced writes that survive nevertheless, in any order (0)
//   POWERCUT_NAMES    "file": a file's sync also keeps its name, as on ext4; else only its folder's
//   POWERCUT_SEED     for the random numbers (time)
//   POWERCUT_REPORT   file that gets one JSON line when the cut is done, after the process has
//   ended
//
// Not seen: writes of C stdio (they do not leave the C library through write), io_uring, sendfile,
// copy_file_range, making and removing folders. A writable shared mapping below the folder, other
// than SQLite's -shm, is counted in the report as "uncovered"; a test has to refuse it.
#include "disk_model.hpp"
#include "real_calls.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <mutex>
#include <string>

namespace fairlead::powercut {
namespace {

constexpr off_t kSavedMax = off_t{256} << 20; // of one truncation; more would be a test gone wrong

struct Shim {
    std::mutex mutex;
    DiskModel model;
    std::map<DiskModel::FileId, bool> files; ///< below the root?
    std::string root;
    std::string trigger;
    std::string report;
    unsigned keep_percent = 0;
    unsigned delay_us = 2000;
    std::uint64_t uncovered = 0;
    bool names_with_file = false;
    bool armed = false;
};

// Never destroyed: other libraries write until the end of the process.
Shim& shim() {
    static Shim* one = new Shim;
    return *one;
}

std::uint64_t g_random = 1;

std::uint64_t nextRandom() {
    g_random ^= g_random << 13; // xorshift64
    g_random ^= g_random >> 7;
    g_random ^= g_random << 17;
    return g_random;
}

std::string pathOf(int descriptor) {
    char path[PATH_MAX];
    const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
    const ssize_t n = readlink(link.c_str(), path, sizeof path);
    return n > 0 ? std::string(path, static_cast<std::size_t>(n)) : std::string();
}

bool below(const std::string& path) {
    const std::string& root = shim().root;
    return path.size() > root.size() && path.compare(0, root.size(), root) == 0 &&
           path[root.size()] == '/';
}

std::string absolute(int directory, const char* path) {
    if (path[0] == '/') {
        return path;
    }
    if (directory != AT_FDCWD) {
        return pathOf(directory) + "/" + path;
    }
    char cwd[PATH_MAX];
    return std::string(getcwd(cwd, sizeof cwd) == nullptr ? "" : cwd) + "/" + path;
}

std::string parentOf(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

DiskModel::FileId idOf(const struct stat& s) {
    return {s.st_dev, s.st_ino};
}

DiskModel::FileId idOf(const std::string& path) {
    struct stat s {};
    return stat(path.c_str(), &s) == 0 ? idOf(s) : DiskModel::FileId{};
}

// Is it a regular file below the root? Fills `s`. The lock is held.
bool watched(int descriptor, struct stat& s) {
    Shim& self = shim();
    if (!self.armed || fstat(descriptor, &s) != 0 || !S_ISREG(s.st_mode)) {
        return false;
    }
    const auto known = self.files.find(idOf(s));
    if (known != self.files.end()) {
        return known->second;
    }
    const std::string path = pathOf(descriptor);
    // SQLite's -shm is rebuilt from the log after a crash; what it holds is never durable.
    const bool counts =
        below(path) && (path.size() < 4 || path.compare(path.size() - 4, 4, "-shm") != 0);
    self.files[idOf(s)] = counts;
    return counts;
}

std::string linkOf(int descriptor) {
    return "/proc/self/fd/" + std::to_string(descriptor);
}

std::string readRange(int descriptor, off_t offset, off_t n) {
    std::string out(static_cast<std::size_t>(std::max<off_t>(0, std::min(n, kSavedMax))), '\0');
    std::size_t done = 0;
    while (done < out.size()) {
        const ssize_t got = pread(descriptor, out.data() + done, out.size() - done,
                                  offset + static_cast<off_t>(done));
        if (got <= 0) {
            break;
        }
        done += static_cast<std::size_t>(got);
    }
    out.resize(done);
    return out;
}

bool syncsItself(int descriptor) {
    const int flags = fcntl(descriptor, F_GETFL);
    return flags >= 0 && (flags & (O_SYNC | O_DSYNC)) != 0;
}

// Runs a call that changes `descriptor`'s file in [offset, offset + n) or its size, and records it.
template <class Call>
auto changing(int descriptor, off_t offset, off_t n, Call&& call) {
    Shim& self = shim();
    if (!self.armed) {
        return call();
    }
    std::unique_lock lock(self.mutex);
    struct stat before {};
    if (!watched(descriptor, before) || syncsItself(descriptor)) {
        lock.unlock();
        return call();
    }
    if (offset < 0) { // where the descriptor stands, or at the end
        const int flags = fcntl(descriptor, F_GETFL);
        offset = (flags & O_APPEND) != 0 ? before.st_size : lseek(descriptor, 0, SEEK_CUR);
    }
    DiskModel::Change change;
    change.file = idOf(before);
    const int kept = self.model.descriptorOf(change.file, linkOf(descriptor));
    if (kept < 0) {
        ++self.uncovered;
        return call();
    }
    change.offset = offset;
    change.old_size = before.st_size;
    change.old_bytes = readRange(kept, offset, std::min(n, before.st_size - offset));
    const auto result = call();
    const int error = errno;
    struct stat after {};
    fstat(descriptor, &after);
    change.new_size = after.st_size;
    change.new_bytes = readRange(kept, offset, std::min(n, after.st_size - offset));
    self.model.wrote(std::move(change));
    errno = error;
    return result;
}

off_t lengthOf(const iovec* parts, int count) {
    off_t sum = 0;
    for (int i = 0; i < count; ++i) {
        sum += static_cast<off_t>(parts[i].iov_len);
    }
    return sum;
}

// Runs a sync. The lock is not held meanwhile: what is written during it is not covered by it.
template <class Call>
int syncing(int descriptor, Call&& call) {
    Shim& self = shim();
    DiskModel::Mark begun = 0;
    struct stat s {};
    {
        const std::lock_guard lock(self.mutex);
        begun = self.model.mark();
    }
    const int result = call();
    const int error = errno;
    if (result == 0 && self.armed && fstat(descriptor, &s) == 0) {
        const std::lock_guard lock(self.mutex);
        self.model.synced(idOf(s), begun, self.names_with_file);
    }
    errno = error;
    return result;
}

template <class Call>
int opening(int directory, const char* path, int flags, Call&& call) {
    Shim& self = shim();
    if (!self.armed || (flags & (O_CREAT | O_TRUNC)) == 0) {
        return call();
    }
    const std::string name = absolute(directory, path);
    if (!below(name)) {
        return call();
    }
    const std::lock_guard lock(self.mutex);
    struct stat before {};
    const bool existed = stat(name.c_str(), &before) == 0;
    DiskModel::Change cut;
    const bool truncates = existed && (flags & O_TRUNC) != 0 && before.st_size > 0;
    if (truncates) {
        cut.file = idOf(before);
        cut.old_size = before.st_size;
        cut.old_bytes = readRange(self.model.descriptorOf(cut.file, name), 0, before.st_size);
    }
    const int result = call();
    const int error = errno;
    struct stat after {};
    if (result >= 0 && !existed && fstat(result, &after) == 0 && S_ISREG(after.st_mode)) {
        self.files.erase(idOf(after)); // the inode may have been another file's
        self.model.named(
            {DiskModel::NameKind::Created, idOf(parentOf(name)), idOf(after), name, {}, -1});
    }
    if (truncates && result >= 0) {
        self.model.wrote(std::move(cut));
    }
    errno = error;
    return result;
}

template <class Call>
int renaming(const std::string& from, const std::string& to, Call&& call) {
    Shim& self = shim();
    if (!self.armed || (!below(from) && !below(to))) {
        return call();
    }
    const std::lock_guard lock(self.mutex);
    const int replaced = real().open(to.c_str(), O_RDWR | O_CLOEXEC);
    const int result = call();
    const int error = errno;
    if (result == 0) {
        self.model.named(
            {DiskModel::NameKind::Renamed, idOf(parentOf(to)), idOf(to), from, to, replaced});
    } else if (replaced >= 0) {
        real().close(replaced);
    }
    errno = error;
    return result;
}

template <class Call>
int removing(const std::string& path, Call&& call) {
    Shim& self = shim();
    const bool shm = path.size() > 4 && path.compare(path.size() - 4, 4, "-shm") == 0;
    if (!self.armed || !below(path) || shm) {
        return call();
    }
    const std::lock_guard lock(self.mutex);
    const DiskModel::FileId file = idOf(path);
    const int kept = real().open(path.c_str(), O_RDWR | O_CLOEXEC);
    const int result = call();
    const int error = errno;
    if (result == 0 && kept >= 0) {
        self.model.named(
            {DiskModel::NameKind::Removed, idOf(parentOf(path)), file, path, {}, kept});
    } else if (kept >= 0) {
        real().close(kept);
    }
    errno = error;
    return result;
}

void writeReport(const DiskModel::Outcome& outcome) {
    const Shim& self = shim();
    if (self.report.empty()) {
        return;
    }
    char line[256];
    const int n = std::snprintf(
        line, sizeof line,
        "{\"unsyncedWrites\":%llu,\"unsyncedBytes\":%llu,\"kept\":%llu,\"names\":%llu,"
        "\"uncovered\":%llu}\n",
        static_cast<unsigned long long>(outcome.writes),
        static_cast<unsigned long long>(outcome.bytes),
        static_cast<unsigned long long>(outcome.kept),
        static_cast<unsigned long long>(outcome.names),
        static_cast<unsigned long long>(self.uncovered));
    const int fd =
        real().open(self.report.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0 && n > 0) {
        static_cast<void>(real().write(fd, line, static_cast<std::size_t>(n)));
        real().close(fd);
    }
}

// Runs in a child with a copy of the memory and the descriptors. The process dies first: undoing
// under its feet would end it by SIGBUS where a file is mapped, in the middle of the cut.
[[noreturn]] void cutInChild(pid_t parent) {
    const Shim& self = shim();
    kill(parent, SIGKILL);
    while (getppid() == parent) {
        usleep(100);
    }
    writeReport(shim().model.cut(self.keep_percent, &nextRandom));
    _exit(0);
}

// Waits for the trigger, then cuts. The lock is held for good: no thread changes a file any more,
// and none learns that a sync has returned.
void* cutter(void*) {
    Shim& self = shim();
    struct stat s {};
    while (stat(self.trigger.c_str(), &s) != 0) {
        usleep(1000);
    }
    usleep(static_cast<useconds_t>(nextRandom() % (self.delay_us + 1)));
    self.mutex.lock();
    const pid_t parent = getpid();
    if (fork() == 0) {
        cutInChild(parent);
    }
    for (;;) {
        pause();
    }
}

unsigned numberFrom(const char* name, unsigned otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

std::string textFrom(const char* name) {
    const char* text = std::getenv(name);
    return text == nullptr ? "" : text;
}

__attribute__((constructor)) void arm() {
    real();
    Shim& self = shim();
    char resolved[PATH_MAX];
    if (realpath(textFrom("POWERCUT_ROOT").c_str(), resolved) == nullptr) {
        return;
    }
    self.root = resolved;
    self.trigger = textFrom("POWERCUT_TRIGGER");
    self.report = textFrom("POWERCUT_REPORT");
    self.keep_percent = numberFrom("POWERCUT_KEEP", 0);
    self.names_with_file = textFrom("POWERCUT_NAMES") == "file";
    self.delay_us = numberFrom("POWERCUT_DELAY_US", 2000);
    g_random = numberFrom("POWERCUT_SEED", static_cast<unsigned>(std::time(nullptr))) * 2654435761U;
    g_random += g_random == 0 ? 1 : 0;
    unsetenv("LD_PRELOAD"); // programs that this one starts keep their power
    self.armed = true;
    pthread_t thread{};
    if (!self.trigger.empty() && pthread_create(&thread, nullptr, &cutter, nullptr) == 0) {
        pthread_detach(thread);
    }
}

} // namespace
} // namespace fairlead::powercut

// The functions put in front. The 64-bit names are the same ones on Linux x86-64 and aarch64.
#define FL_MODE(flags)                                                                             \
    mode_t mode = 0;                                                                               \
    if ((flags & (O_CREAT | O_TMPFILE)) != 0) {                                                    \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        mode = va_arg(arguments, mode_t);                                                          \
        va_end(arguments);                                                                         \
    }
#define FL_FRONT extern "C" __attribute__((visibility("default")))

using namespace fairlead::powercut;

FL_FRONT int open(const char* path, int flags, ...) {
    FL_MODE(flags)
    return opening(AT_FDCWD, path, flags, [&] { return real().open(path, flags, mode); });
}

FL_FRONT int open64(const char* path, int flags, ...) {
    FL_MODE(flags)
    return opening(AT_FDCWD, path, flags, [&] { return real().open(path, flags, mode); });
}

FL_FRONT int openat(int directory, const char* path, int flags, ...) {
    FL_MODE(flags)
    return opening(directory, path, flags,
                   [&] { return real().openat(directory, path, flags, mode); });
}

FL_FRONT int openat64(int directory, const char* path, int flags, ...) {
    FL_MODE(flags)
    return opening(directory, path, flags,
                   [&] { return real().openat(directory, path, flags, mode); });
}

FL_FRONT int creat(const char* path, mode_t mode) {
    return opening(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC,
                   [&] { return real().open(path, O_CREAT | O_WRONLY | O_TRUNC, mode); });
}

FL_FRONT ssize_t write(int fd, const void* p, size_t n) {
    return changing(fd, -1, static_cast<off_t>(n), [&] { return real().write(fd, p, n); });
}

FL_FRONT ssize_t pwrite(int fd, const void* p, size_t n, off_t at) {
    return changing(fd, at, static_cast<off_t>(n), [&] { return real().pwrite(fd, p, n, at); });
}

FL_FRONT ssize_t pwrite64(int fd, const void* p, size_t n, off_t at) {
    return changing(fd, at, static_cast<off_t>(n), [&] { return real().pwrite(fd, p, n, at); });
}

FL_FRONT ssize_t writev(int fd, const iovec* parts, int count) {
    return changing(fd, -1, lengthOf(parts, count),
                    [&] { return real().writev(fd, parts, count); });
}

FL_FRONT ssize_t pwritev(int fd, const iovec* parts, int count, off_t at) {
    return changing(fd, at, lengthOf(parts, count),
                    [&] { return real().pwritev(fd, parts, count, at); });
}

FL_FRONT ssize_t pwritev64(int fd, const iovec* parts, int count, off_t at) {
    return changing(fd, at, lengthOf(parts, count),
                    [&] { return real().pwritev(fd, parts, count, at); });
}

FL_FRONT ssize_t pwritev2(int fd, const iovec* parts, int count, off_t at, int flags) {
    if ((flags & (RWF_DSYNC | RWF_SYNC)) != 0) {
        return real().pwritev2(fd, parts, count, at, flags);
    }
    return changing(fd, at, lengthOf(parts, count),
                    [&] { return real().pwritev2(fd, parts, count, at, flags); });
}

FL_FRONT int ftruncate(int fd, off_t size) {
    return changing(fd, size, kSavedMax, [&] { return real().ftruncate(fd, size); });
}

FL_FRONT int ftruncate64(int fd, off_t size) {
    return changing(fd, size, kSavedMax, [&] { return real().ftruncate(fd, size); });
}

FL_FRONT int truncate(const char* path, off_t size) {
    const int fd = real().open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    const int result = ftruncate(fd, size);
    const int error = errno;
    real().close(fd);
    errno = error;
    return result;
}

FL_FRONT int fallocate(int fd, int mode, off_t at, off_t n) {
    return changing(fd, at, n, [&] { return real().fallocate(fd, mode, at, n); });
}

FL_FRONT int fallocate64(int fd, int mode, off_t at, off_t n) {
    return changing(fd, at, n, [&] { return real().fallocate(fd, mode, at, n); });
}

FL_FRONT int posix_fallocate(int fd, off_t at, off_t n) {
    return changing(fd, at, n, [&] { return real().posix_fallocate(fd, at, n); });
}

FL_FRONT int posix_fallocate64(int fd, off_t at, off_t n) {
    return changing(fd, at, n, [&] { return real().posix_fallocate(fd, at, n); });
}

FL_FRONT int fsync(int fd) {
    return syncing(fd, [&] { return real().fsync(fd); });
}

FL_FRONT int fdatasync(int fd) {
    return syncing(fd, [&] { return real().fdatasync(fd); });
}

// Does not cover the file's size and the disk's own cache: counts as no sync at all.
FL_FRONT int sync_file_range(int fd, off_t at, off_t n, unsigned flags) {
    return real().sync_file_range(fd, at, n, flags);
}

FL_FRONT int syncfs(int fd) {
    const DiskModel::Mark begun = shim().model.mark();
    const int result = real().syncfs(fd);
    if (result == 0) {
        const std::lock_guard lock(shim().mutex);
        shim().model.syncedAll(begun);
    }
    return result;
}

FL_FRONT void sync() {
    const DiskModel::Mark begun = shim().model.mark();
    real().sync();
    const std::lock_guard lock(shim().mutex);
    shim().model.syncedAll(begun);
}

FL_FRONT int rename(const char* from, const char* to) {
    return renaming(absolute(AT_FDCWD, from), absolute(AT_FDCWD, to),
                    [&] { return real().rename(from, to); });
}

FL_FRONT int renameat(int from_at, const char* from, int to_at, const char* to) {
    return renaming(absolute(from_at, from), absolute(to_at, to),
                    [&] { return real().renameat(from_at, from, to_at, to); });
}

FL_FRONT int renameat2(int from_at, const char* from, int to_at, const char* to, unsigned flags) {
    return renaming(absolute(from_at, from), absolute(to_at, to),
                    [&] { return real().renameat2(from_at, from, to_at, to, flags); });
}

FL_FRONT int unlink(const char* path) {
    return removing(absolute(AT_FDCWD, path), [&] { return real().unlink(path); });
}

FL_FRONT int unlinkat(int directory, const char* path, int flags) {
    if ((flags & AT_REMOVEDIR) != 0) {
        return real().unlinkat(directory, path, flags);
    }
    return removing(absolute(directory, path),
                    [&] { return real().unlinkat(directory, path, flags); });
}

FL_FRONT void* mmap(void* address, size_t n, int protection, int flags, int fd, off_t at) {
    struct stat s {};
    if (fd >= 0 && (flags & MAP_SHARED) != 0 && (protection & PROT_WRITE) != 0 && shim().armed) {
        const std::lock_guard lock(shim().mutex);
        shim().uncovered += watched(fd, s) ? 1U : 0U;
    }
    return real().mmap(address, n, protection, flags, fd, at);
}

FL_FRONT void* mmap64(void* address, size_t n, int protection, int flags, int fd, off_t at) {
    return mmap(address, n, protection, flags, fd, at);
}

FL_FRONT ssize_t pwritev64v2(int fd, const iovec* parts, int count, off_t at, int flags) {
    return pwritev2(fd, parts, count, at, flags);
}

FL_FRONT int remove(const char* path) {
    struct stat s {};
    if (lstat(path, &s) == 0 && S_ISDIR(s.st_mode)) {
        return rmdir(path);
    }
    return unlink(path);
}
