// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/web/route.hpp"

#include <string>

namespace fairlead::security {
class TokenService;
}

namespace fairlead::web {

inline constexpr const char* kSessionCookie = "fairlead_session";

struct PresentedToken {
    std::string text; ///< empty: none
    bool by_cookie = false;
};

/// The bearer token, else the session cookie's.
PresentedToken tokenOf(const Request& request);

/// Who sent the request. Blocks: mostly not (the token service caches).
base::Result<Caller> authenticate(const Request& request, security::TokenService& tokens);

} // namespace fairlead::web
