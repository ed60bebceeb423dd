// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace fairlead::plugin {

/// A plugin's bytes, read once: what is hashed, checked and copied is the same.
struct FileImage {
    std::string bytes;
    std::string sha256;
};

/// Reads a regular file of at most kFileBytesMax.
base::Result<FileImage> readImage(const std::filesystem::path& file);

/// Where copies live: `store` by hash (immutable), `run` one per load under a name never used
/// before, because the loader matches libraries by path.
class Staging {
public:
    Staging(std::filesystem::path run, std::filesystem::path store);

    /// Makes the folders (0750) and removes copies that an earlier process left in `run`. Refuses
    /// a folder that others may write.
    base::Status prepare();
    /// Keeps the bytes under their hash; the path of the copy.
    base::Result<std::filesystem::path> keep(const FileImage& image);
    /// Copies the bytes to `<sha16>-g<generation>.so` and reads the hash of the copy again.
    base::Result<std::filesystem::path> stage(const FileImage& image, std::uint64_t generation);
    /// Removes the kept copy of a hash.
    void forget(const std::string& sha256);

private:
    std::filesystem::path run_;
    std::filesystem::path store_;
};

} // namespace fairlead::plugin
