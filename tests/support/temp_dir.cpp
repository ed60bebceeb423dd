// SPDX-License-Identifier: Apache-2.0
#include "fairlead/test/temp_dir.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace fairlead::test {

TempDir::TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "fairlead-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
        throw std::runtime_error("cannot make a temporary directory: " + name);
    }
    path_ = name;
}

TempDir::~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

} // namespace fairlead::test
