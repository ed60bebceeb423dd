// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <filesystem>

namespace fairlead::app {

/// Holds a folder for this process: two servers on one journal would destroy it. Nothing is
/// written; the system lets go when the process ends, in whatever way. Does not keep other programs
/// out.
class FolderLock {
public:
    FolderLock() = default;
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;
    ~FolderLock();

    /// Conflict when another process holds it; never waits.
    base::Status take(const std::filesystem::path& folder);

private:
    int fd_ = -1;
};

} // namespace fairlead::app
