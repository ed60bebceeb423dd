// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <string>
#include <vector>

namespace fairlead::security {

/// Roles as they stand in one column: ids joined by commas.
std::string joinRoles(const std::vector<std::string>& roles);
std::vector<std::string> splitRoles(const std::string& text);

/// At least one, each known and named once; `code` is the error's.
base::Status checkRoles(const std::vector<std::string>& roles, const std::string& code);

} // namespace fairlead::security
