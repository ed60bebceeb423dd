// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::plugin {

/// Largest plugin file: far above a static C++ runtime with a script engine, far below what would
/// hurt to copy and hash.
inline constexpr std::size_t kFileBytesMax = 256U * 1024 * 1024;

struct PreflightPolicy {
    /// Builtin plugins may need any library and import anything; what would be refused is a
    /// warning then. Broken or dangerous ELF structure is refused for all.
    bool strict = true;
    std::vector<std::string> allowed_libraries;
};

/// What the file says about itself. A lint, not a sandbox.
struct Preflight {
    std::vector<std::string> needed;
    std::vector<std::string> exports;
    std::set<std::string> unique; ///< STB_GNU_UNIQUE definitions: shared between generations
    std::vector<std::string> not_unloadable; ///< reasons; empty: may be unmapped
    std::vector<std::string> warnings;
};

/// Reads an ELF file's bytes; nothing of it is executed. Errors: Malformed (not a plugin for this
/// machine), Forbidden (refused by rule), each naming what is wrong.
base::Result<Preflight> preflight(std::string_view file, const PreflightPolicy& policy);

} // namespace fairlead::plugin
