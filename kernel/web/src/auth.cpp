// SPDX-License-Identifier: Apache-2.0
#include "auth.hpp"

#include "fairlead/base/text.hpp"
#include "fairlead/security/tokens.hpp"

namespace fairlead::web {

PresentedToken tokenOf(const Request& request) {
    constexpr std::string_view kBearer = "Bearer ";
    const std::string_view header = request.headers.get("Authorization");
    if (header.size() > kBearer.size() && equalNoCase(header.substr(0, kBearer.size()), kBearer)) {
        return {std::string{base::trim(header.substr(kBearer.size()))}, false};
    }
    return {std::string{cookie(request.headers.get("Cookie"), kSessionCookie)}, true};
}

base::Result<Caller> authenticate(const Request& request, security::TokenService& tokens) {
    const PresentedToken token = tokenOf(request);
    if (token.text.empty()) {
        return base::Error{base::Errc::Unauthorized, "auth.required",
                           "sign in first (POST /auth/login), or send an API token"};
    }
    FL_ASSIGN(security::Principal principal, tokens.resolve(token.text));
    Caller caller;
    if (principal.kind == security::TokenKind::Session) {
        caller.csrf_token = security::csrfTokenOf(token.text);
    }
    caller.principal = std::move(principal);
    caller.by_cookie = token.by_cookie;
    return caller;
}

} // namespace fairlead::web
