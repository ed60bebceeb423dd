// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace fairlead::security {

/// Secrets at rest: AES-256-GCM with a key file that only the server's user can read.
/// Thread: any. Immutable after open.
class Secrets {
public:
    /// Reads the key, or makes it (mode 0600) when there is none. Errors: Io; Forbidden when others
    /// may read the file; Malformed when it is no key.
    static base::Result<std::unique_ptr<Secrets>> open(const std::filesystem::path& key_file);
    ~Secrets();

    /// Text that starts with its version ("v1:"). `context` says where it is kept
    /// ("certificate/<id>") and must be the same when it is opened, so that a ciphertext cannot be
    /// moved to another row.
    std::string seal(std::string_view plain, std::string_view context) const;

    /// Errors: Malformed when it was not sealed by this key for this context, Version when it is of
    /// a newer program.
    base::Result<std::string> unseal(std::string_view sealed, std::string_view context) const;

private:
    explicit Secrets(std::string key);
    std::string key_;
};

} // namespace fairlead::security
