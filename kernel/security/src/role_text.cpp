// SPDX-License-Identifier: Apache-2.0
#include "role_text.hpp"

#include "fairlead/security/roles.hpp"

#include <algorithm>

namespace fairlead::security {

std::string joinRoles(const std::vector<std::string>& roles) {
    std::string out;
    for (const std::string& role : roles) {
        out += (out.empty() ? "" : ",") + role;
    }
    return out;
}

std::vector<std::string> splitRoles(const std::string& text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(',', at), text.size());
        out.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

base::Status checkRoles(const std::vector<std::string>& roles, const std::string& code) {
    if (roles.empty()) {
        return base::Error(base::Errc::Invalid, code, "At least one role must be given");
    }
    for (const std::string& role : roles) {
        if (findRole(role) == nullptr) {
            return base::Error(base::Errc::Invalid, code,
                               "There is no role \"" + role +
                                   "\"; there are administrator, operator and viewer");
        }
        if (std::count(roles.begin(), roles.end(), role) > 1) {
            return base::Error(base::Errc::Invalid, code, "The role " + role + " is given twice");
        }
    }
    return {};
}

} // namespace fairlead::security
