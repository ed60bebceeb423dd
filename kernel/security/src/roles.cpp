// SPDX-License-Identifier: Apache-2.0
#include "fairlead/security/roles.hpp"

#include <algorithm>

namespace fairlead::security {

namespace {

// Users and settings are the administrator's. API tokens may be everybody's own: they never hold
// more than their user.
const std::vector<Role>& roles() {
    static const std::vector<Role> all{
        {"administrator", "管理员", "Administrator", {"*"}},
        {"operator",
         "操作员",
         "Operator",
         {"dashboard:read", "system:read", "settings:read", "products:*", "devices:*", "gateways:*",
          "protocols:read", "protocols:operate", "plugins:read", "network-components:*",
          "certificates:*", "channels:*", "media:*", "upgrade:*", "nodes:read", "logs:read",
          "files:*", "api-tokens:read", "api-tokens:write"}},
        {"viewer",
         "访客",
         "Viewer",
         {"dashboard:read", "system:read", "settings:read", "products:read", "devices:read",
          "gateways:read", "protocols:read", "plugins:read", "network-components:read",
          "certificates:read", "channels:read", "media:read", "upgrade:read", "nodes:read",
          "logs:read", "api-tokens:read", "api-tokens:write"}},
    };
    return all;
}

} // namespace

std::span<const Role> allRoles() {
    return roles();
}

const Role* findRole(std::string_view id) {
    const auto it = std::find_if(roles().begin(), roles().end(),
                                 [&](const Role& role) { return role.id == id; });
    return it == roles().end() ? nullptr : &*it;
}

bool covers(std::string_view pattern, std::string_view permission) {
    if (pattern == "*") {
        return true;
    }
    const std::size_t p = pattern.find(':');
    const std::size_t q = permission.find(':');
    if (p == std::string_view::npos || q == std::string_view::npos) {
        return pattern == permission;
    }
    const auto matches = [](std::string_view wanted, std::string_view given) {
        return wanted == "*" || wanted == given;
    };
    return matches(pattern.substr(0, p), permission.substr(0, q)) &&
           matches(pattern.substr(p + 1), permission.substr(q + 1));
}

bool allows(std::span<const std::string> patterns, std::string_view permission) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const std::string& pattern) { return covers(pattern, permission); });
}

std::vector<std::string> permissionsOf(std::span<const std::string> roles) {
    std::vector<std::string> out;
    for (const std::string& id : roles) {
        const Role* role = findRole(id);
        for (const std::string_view permission :
             role == nullptr ? std::vector<std::string_view>{} : role->permissions) {
            if (std::find(out.begin(), out.end(), permission) == out.end()) {
                out.emplace_back(permission);
            }
        }
    }
    return out;
}

} // namespace fairlead::security
