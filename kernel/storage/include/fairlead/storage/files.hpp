// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/base/time.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::storage {

/// A file of the store, named by its content.
struct StoredFile {
    std::string sha256; ///< lower-case hex; its name
    std::string md5;    ///< lower-case hex, empty when found by list
    std::uint64_t size = 0;
    base::UtcMs modified_at = 0;
};

/// An upload on its way into the store. One thread at a time. Destroyed before finish: discarded.
class FileWriter {
public:
    virtual ~FileWriter() = default;

    /// Errors: Limit (code "file.too_large") above the size limit, Io when the disk is full.
    virtual base::Status write(std::string_view bytes) = 0;

    /// Syncs and puts the file in its place; durable when it returns. Content that is there already
    /// is kept once.
    virtual base::Result<StoredFile> finish() = 0;

    virtual std::uint64_t size() const noexcept = 0;
};

/// Content-addressed files below one directory: `objects/ab/abcdef…`, uploads in `incoming/`.
/// Thread: any. Blocks: on the disk.
class FileStore {
public:
    static base::Result<std::unique_ptr<FileStore>> open(const std::filesystem::path& directory);

    /// At most `size_max` bytes.
    base::Result<std::unique_ptr<FileWriter>> create(std::uint64_t size_max);

    /// Stores a small file at once.
    base::Result<StoredFile> put(std::string_view bytes, std::uint64_t size_max);

    /// Path of the content for reading; NotFound when it is not there, Invalid for a name that is
    /// no SHA-256.
    base::Result<std::filesystem::path> path(std::string_view sha256) const;

    /// OK also when it is not there.
    base::Status remove(std::string_view sha256);

    /// Every file once, in no order; `each` returns false to end.
    base::Status list(const std::function<bool(const StoredFile&)>& each) const;

    /// Removes contents that `isUsed` denies and uploads that were given up, both only when older
    /// than `age_ms`, so that a file between its upload and its first use stays. Number removed.
    base::Result<std::size_t> clean(const std::function<bool(const std::string& sha256)>& isUsed,
                                    std::int64_t age_ms);

private:
    explicit FileStore(std::filesystem::path directory);

    std::filesystem::path directory_;
};

} // namespace fairlead::storage
