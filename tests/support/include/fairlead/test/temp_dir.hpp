// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace fairlead::test {

/// A private directory, removed with its content when the object dies.
class TempDir {
public:
    TempDir();
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

} // namespace fairlead::test
