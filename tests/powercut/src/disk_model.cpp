// SPDX-License-Identifier: Apache-2.0
#include "disk_model.hpp"

#include "real_calls.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace fairlead::powercut {
namespace {

// What disks write whole.
constexpr std::size_t kSectorBytes = 512;

void writeWhole(int descriptor, const char* bytes, std::size_t n, off_t offset) {
    while (n > 0) {
        const ssize_t done = real().pwrite(descriptor, bytes, n, offset);
        if (done <= 0) {
            return;
        }
        bytes += done;
        offset += done;
        n -= static_cast<std::size_t>(done);
    }
}

// The old file gets its name back as a copy: an inode without names cannot be linked again.
void copyBack(int from, const std::string& path) {
    const int to = real().open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (to < 0) {
        return;
    }
    char buffer[65536];
    off_t at = 0;
    for (ssize_t n = 0; (n = pread(from, buffer, sizeof buffer, at)) > 0; at += n) {
        writeWhole(to, buffer, static_cast<std::size_t>(n), at);
    }
    real().close(to);
}

} // namespace

int DiskModel::descriptorOf(FileId file, const std::string& path) {
    const auto found = descriptors_.find(file);
    if (found != descriptors_.end()) {
        return found->second;
    }
    const int descriptor = real().open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (descriptor >= 0) {
        descriptors_[file] = descriptor;
    }
    return descriptor;
}

void DiskModel::release(NameChange& change) {
    if (change.replaced >= 0) {
        real().close(change.replaced);
    }
}

void DiskModel::wrote(Change change) {
    writes_.emplace(next_++, std::move(change));
}

void DiskModel::named(NameChange change) {
    names_.emplace(next_++, std::move(change));
}

void DiskModel::synced(FileId file, Mark begun, bool names_too) {
    for (auto it = writes_.begin(); it != writes_.end() && it->first < begun;) {
        if (it->second.file == file) {
            it = writes_.erase(it);
        } else {
            ++it;
        }
    }
    for (auto it = names_.begin(); it != names_.end() && it->first < begun;) {
        if (it->second.directory == file || (names_too && it->second.file == file)) {
            release(it->second);
            it = names_.erase(it);
        } else {
            ++it;
        }
    }
}

void DiskModel::syncedAll(Mark begun) {
    writes_.erase(writes_.begin(), writes_.lower_bound(begun));
    for (auto it = names_.begin(); it != names_.end() && it->first < begun;) {
        release(it->second);
        it = names_.erase(it);
    }
}

void DiskModel::undo(const Change& change) const {
    const int descriptor = descriptors_.at(change.file);
    writeWhole(descriptor, change.old_bytes.data(), change.old_bytes.size(), change.offset);
    static_cast<void>(real().ftruncate(descriptor, change.old_size));
}

// Each sector on its own: a write that was under way may be there in part.
std::uint64_t DiskModel::redo(const Change& change, unsigned keep_percent,
                              std::uint64_t (*random)()) const {
    const int descriptor = descriptors_.at(change.file);
    if (random() % 100 >= keep_percent) {
        return 0;
    }
    const bool torn = random() % 4 == 0;
    if (!torn) {
        static_cast<void>(real().ftruncate(descriptor, change.new_size));
    }
    for (std::size_t at = 0; at < change.new_bytes.size(); at += kSectorBytes) {
        if (!torn || random() % 2 == 0) {
            const std::size_t n = std::min(kSectorBytes, change.new_bytes.size() - at);
            writeWhole(descriptor, change.new_bytes.data() + at, n,
                       change.offset + static_cast<off_t>(at));
        }
    }
    return 1;
}

void DiskModel::undo(const NameChange& change) {
    switch (change.kind) {
    case NameKind::Created:
        real().unlink(change.from.c_str());
        break;
    case NameKind::Renamed:
        real().rename(change.to.c_str(), change.from.c_str());
        if (change.replaced >= 0) {
            copyBack(change.replaced, change.to);
        }
        break;
    case NameKind::Removed:
        copyBack(change.replaced, change.from);
        break;
    }
}

DiskModel::Outcome DiskModel::cut(unsigned keep_percent, std::uint64_t (*random)()) {
    Outcome out;
    out.writes = writes_.size();
    out.names = names_.size();
    for (auto it = writes_.rbegin(); it != writes_.rend(); ++it) {
        out.bytes += it->second.new_bytes.size();
        undo(it->second);
    }
    for (const auto& [mark, change] : writes_) {
        out.kept += redo(change, keep_percent, random);
    }
    // Names last: a file that was removed comes back with the content that it then has.
    for (auto it = names_.rbegin(); it != names_.rend(); ++it) {
        undo(it->second);
    }
    return out;
}

} // namespace fairlead::powercut
