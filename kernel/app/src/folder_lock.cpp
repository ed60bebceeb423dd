// SPDX-License-Identifier: Apache-2.0
#include "folder_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace fairlead::app {

FolderLock::~FolderLock() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

base::Status FolderLock::take(const std::filesystem::path& folder) {
    fd_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd_ < 0) {
        return base::Error::io("cannot open the folder " + folder.string() + ": " +
                               std::strerror(errno));
    }
    if (flock(fd_, LOCK_EX | LOCK_NB) == 0) {
        return {};
    }
    if (errno == EWOULDBLOCK) {
        return base::Error::conflict("the folder " + folder.string() +
                                     " is in use by another server; stop it, or choose another "
                                     "data.directory");
    }
    return base::Error::io("cannot lock the folder " + folder.string() + ": " +
                           std::strerror(errno));
}

} // namespace fairlead::app
