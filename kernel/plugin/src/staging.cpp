// SPDX-License-Identifier: Apache-2.0
#include "staging.hpp"

#include "fairlead/base/text.hpp"
#include "preflight.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace fairlead::plugin {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::Result;

constexpr mode_t kFolderMode = 0750;
constexpr mode_t kFileMode = 0550;

Error ioError(const std::string& what, const fs::path& path) {
    return Error::io("cannot " + what + " " + path.string() + ": " + std::strerror(errno));
}

base::Status prepareFolder(const fs::path& folder) {
    std::error_code ec;
    fs::create_directories(folder, ec);
    if (ec) {
        return Error::io("cannot make the folder " + folder.string() + ": " + ec.message());
    }
    if (::chmod(folder.c_str(), kFolderMode) != 0) {
        return ioError("set the access rights of", folder);
    }
    return {};
}

// Never writes over an existing file: a mapped one would change under its process.
base::Status writeNew(const fs::path& path, const std::string& bytes) {
    const int fd =
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kFileMode);
    if (fd < 0) {
        return ioError("create", path);
    }
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t n = ::write(fd, bytes.data() + done, bytes.size() - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            const Error error = ioError("write", path);
            ::close(fd);
            ::unlink(path.c_str());
            return error;
        }
        done += static_cast<std::size_t>(n);
    }
    ::close(fd);
    return {};
}

} // namespace

Result<FileImage> readImage(const fs::path& file) {
    std::error_code ec;
    if (!fs::is_regular_file(file, ec)) {
        return Error::notFound("there is no file " + file.string());
    }
    const auto size = fs::file_size(file, ec);
    if (ec || size > kFileBytesMax) {
        return Error::limit("the file " + file.string() +
                            " is larger than a plugin may be (256 MiB)");
    }
    std::ifstream in(file, std::ios::binary);
    FileImage image;
    image.bytes.resize(static_cast<std::size_t>(size));
    if (!in.read(image.bytes.data(), static_cast<std::streamsize>(size))) {
        return Error::io("cannot read the file " + file.string());
    }
    image.sha256 = base::sha256Hex(image.bytes);
    return image;
}

Staging::Staging(fs::path run, fs::path store) : run_(std::move(run)), store_(std::move(store)) {}

base::Status Staging::prepare() {
    FL_TRY(prepareFolder(run_));
    FL_TRY(prepareFolder(store_));
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator(run_, ec)) {
        if (entry.path().extension() == ".so") {
            fs::remove(entry.path(), ec);
        }
    }
    return {};
}

Result<fs::path> Staging::keep(const FileImage& image) {
    const fs::path path = store_ / (image.sha256 + ".so");
    std::error_code ec;
    if (fs::exists(path, ec)) {
        const auto there = readImage(path);
        if (there && there->sha256 == image.sha256) {
            return path;
        }
        fs::remove(path, ec); // a torn copy of an earlier process
    }
    FL_TRY(writeNew(path, image.bytes));
    return path;
}

Result<fs::path> Staging::stage(const FileImage& image, std::uint64_t generation) {
    const fs::path path =
        run_ / (image.sha256.substr(0, 16) + "-g" + std::to_string(generation) + ".so");
    FL_TRY(writeNew(path, image.bytes));
    FL_ASSIGN(const FileImage copy, readImage(path));
    if (copy.sha256 != image.sha256) {
        std::error_code ec;
        fs::remove(path, ec);
        return Error::io("the copy of the plugin in " + run_.string() +
                         " was changed while staged");
    }
    return fs::absolute(path);
}

void Staging::forget(const std::string& sha256) {
    std::error_code ec;
    fs::remove(store_ / (sha256 + ".so"), ec);
}

} // namespace fairlead::plugin
