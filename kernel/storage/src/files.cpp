// SPDX-License-Identifier: Apache-2.0
#include "fairlead/storage/files.hpp"

#include "fairlead/base/id.hpp"
#include "fairlead/base/text.hpp"

#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace fairlead::storage {

namespace fs = std::filesystem;
using base::Errc;
using base::Error;
using base::Status;

namespace {

bool isSha256(std::string_view text) {
    if (text.size() != 64) {
        return false;
    }
    for (const char c : text) {
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
    }
    return true;
}

Error ioError(const std::string& what, const fs::path& path) {
    const int code = errno;
    return {Errc::Io, code == ENOSPC ? "file.disk_full" : "file.io",
            "Cannot " + what + " " + path.string() + ": " + std::strerror(code)};
}

Status syncDirectory(const fs::path& directory) {
    const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return ioError("open", directory);
    }
    const bool ok = ::fsync(fd) == 0;
    Status status;
    if (!ok) {
        status = ioError("sync", directory);
    }
    ::close(fd);
    return status;
}

base::UtcMs modifiedAt(const struct stat& facts) {
    return static_cast<base::UtcMs>(facts.st_mtim.tv_sec) * 1000 +
           static_cast<base::UtcMs>(facts.st_mtim.tv_nsec) / 1'000'000;
}

class Digest {
public:
    explicit Digest(const EVP_MD* kind) : context_(EVP_MD_CTX_new()) {
        FL_ASSERT(context_ != nullptr && EVP_DigestInit_ex(context_, kind, nullptr) == 1);
    }
    ~Digest() { EVP_MD_CTX_free(context_); }
    Digest(const Digest&) = delete;
    Digest& operator=(const Digest&) = delete;

    void update(std::string_view bytes) {
        FL_ASSERT(EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1);
    }
    std::string finish() {
        std::array<std::uint8_t, EVP_MAX_MD_SIZE> out{};
        unsigned size = 0;
        FL_ASSERT(EVP_DigestFinal_ex(context_, out.data(), &size) == 1);
        return base::toHex(std::span(out).first(size));
    }

private:
    EVP_MD_CTX* context_;
};

class Writer : public FileWriter {
public:
    Writer(int fd, fs::path incoming, fs::path objects, std::uint64_t size_max)
        : fd_(fd), incoming_(std::move(incoming)), objects_(std::move(objects)),
          size_max_(size_max) {}

    ~Writer() override {
        closeFile();
        if (!finished_) {
            ::unlink(incoming_.c_str());
        }
    }

    Status write(std::string_view bytes) override;
    base::Result<StoredFile> finish() override;
    std::uint64_t size() const noexcept override { return size_; }

private:
    void closeFile() {
        if (fd_ >= 0) {
            ::close(std::exchange(fd_, -1));
        }
    }
    Status place(const std::string& name);

    int fd_;
    const fs::path incoming_;
    const fs::path objects_;
    const std::uint64_t size_max_;
    std::uint64_t size_ = 0;
    bool finished_ = false;
    Digest sha256_{EVP_sha256()};
    Digest md5_{EVP_md5()};
};

Status Writer::write(std::string_view bytes) {
    FL_ASSERT(fd_ >= 0);
    if (bytes.size() > size_max_ - size_) {
        return Error(Errc::Limit, "file.too_large",
                     "The file is larger than " + std::to_string(size_max_) + " bytes");
    }
    std::string_view left = bytes;
    while (!left.empty()) {
        const ssize_t n = ::write(fd_, left.data(), left.size());
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return ioError("write", incoming_);
        }
        left.remove_prefix(static_cast<std::size_t>(n));
    }
    sha256_.update(bytes);
    md5_.update(bytes);
    size_ += bytes.size();
    return {};
}

Status Writer::place(const std::string& name) {
    const fs::path directory = objects_ / name.substr(0, 2);
    const fs::path target = directory / name;
    std::error_code error;
    const bool made = fs::create_directory(directory, error);
    if (error) {
        return Error::io("Cannot make " + directory.string() + ": " + error.message());
    }
    // Renaming over the same content is harmless and refreshes its age, which clean() looks at.
    if (::rename(incoming_.c_str(), target.c_str()) != 0) {
        return ioError("rename to", target);
    }
    finished_ = true;
    FL_TRY(syncDirectory(directory));
    return made ? syncDirectory(objects_) : Status{};
}

base::Result<StoredFile> Writer::finish() {
    FL_ASSERT(fd_ >= 0);
    if (::fsync(fd_) != 0) {
        return ioError("sync", incoming_);
    }
    struct stat facts {};
    if (::fstat(fd_, &facts) != 0) {
        return ioError("look at", incoming_);
    }
    closeFile();
    StoredFile file{sha256_.finish(), md5_.finish(), size_, modifiedAt(facts)};
    FL_TRY(place(file.sha256));
    return file;
}

} // namespace

FileStore::FileStore(fs::path directory) : directory_(std::move(directory)) {}

base::Result<std::unique_ptr<FileStore>> FileStore::open(const fs::path& directory) {
    for (const char* part : {"objects", "incoming"}) {
        std::error_code error;
        fs::create_directories(directory / part, error);
        if (error) {
            return Error::io("Cannot make the folder " + (directory / part).string() + ": " +
                             error.message());
        }
    }
    return std::unique_ptr<FileStore>(new FileStore(directory));
}

base::Result<std::unique_ptr<FileWriter>> FileStore::create(std::uint64_t size_max) {
    const fs::path incoming = directory_ / "incoming" / base::randomHex(16);
    const int fd = ::open(incoming.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0) {
        return ioError("make", incoming);
    }
    return std::unique_ptr<FileWriter>(
        std::make_unique<Writer>(fd, incoming, directory_ / "objects", size_max));
}

base::Result<StoredFile> FileStore::put(std::string_view bytes, std::uint64_t size_max) {
    FL_ASSIGN(auto writer, create(size_max));
    FL_TRY(writer->write(bytes));
    return writer->finish();
}

base::Result<fs::path> FileStore::path(std::string_view sha256) const {
    if (!isSha256(sha256)) {
        return Error::invalid("A file is named by 64 lower-case hexadecimal digits");
    }
    const std::string name(sha256);
    fs::path found = directory_ / "objects" / name.substr(0, 2) / name;
    if (::access(found.c_str(), R_OK) != 0) {
        return Error::notFound("There is no file " + name);
    }
    return found;
}

Status FileStore::remove(std::string_view sha256) {
    const auto found = path(sha256);
    if (!found) {
        return found.error().kind() == Errc::NotFound ? Status{} : Status(found.error());
    }
    if (::unlink(found->c_str()) != 0 && errno != ENOENT) {
        return ioError("remove", *found);
    }
    return {};
}

Status FileStore::list(const std::function<bool(const StoredFile&)>& each) const {
    std::error_code error;
    fs::recursive_directory_iterator it(directory_ / "objects", error);
    for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
        const std::string name = it->path().filename().string();
        struct stat facts {};
        if (!isSha256(name) || ::stat(it->path().c_str(), &facts) != 0) {
            continue;
        }
        if (!each({name, {}, static_cast<std::uint64_t>(facts.st_size), modifiedAt(facts)})) {
            return {};
        }
    }
    if (error) {
        return Error::io("Cannot read " + directory_.string() + ": " + error.message());
    }
    return {};
}

base::Result<std::size_t>
FileStore::clean(const std::function<bool(const std::string& sha256)>& isUsed,
                 std::int64_t age_ms) {
    const base::UtcMs oldest = base::utcNow() - age_ms;
    std::vector<std::string> unused;
    FL_TRY(list([&](const StoredFile& file) {
        if (file.modified_at <= oldest && !isUsed(file.sha256)) {
            unused.push_back(file.sha256);
        }
        return true;
    }));
    std::size_t removed = 0;
    for (const std::string& name : unused) {
        FL_TRY(remove(name));
        ++removed;
    }
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory_ / "incoming", error)) {
        struct stat facts {};
        if (::stat(entry.path().c_str(), &facts) == 0 && modifiedAt(facts) <= oldest &&
            ::unlink(entry.path().c_str()) == 0) {
            ++removed;
        }
    }
    return removed;
}

} // namespace fairlead::storage
