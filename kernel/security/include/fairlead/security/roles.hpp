// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::security {

/// A fixed role. Permissions are "<resource>:read|write|operate"; "*" in either place means any.
struct Role {
    std::string_view id;
    std::string_view name_zh;
    std::string_view name_en;
    std::vector<std::string_view> permissions;
};

/// administrator ("*"), operator, viewer.
std::span<const Role> allRoles();
const Role* findRole(std::string_view id);

/// True when one permission pattern covers `permission` ("devices:*" covers "devices:read").
bool covers(std::string_view pattern, std::string_view permission);

/// True when one of `patterns` covers `permission`.
bool allows(std::span<const std::string> patterns, std::string_view permission);

/// Permission patterns of roles, without doubles; unknown roles give none.
std::vector<std::string> permissionsOf(std::span<const std::string> roles);

} // namespace fairlead::security
