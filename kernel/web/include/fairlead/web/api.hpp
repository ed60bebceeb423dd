// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/security/audit_log.hpp"
#include "fairlead/web/idempotency.hpp"
#include "fairlead/web/problem.hpp"
#include "fairlead/web/router.hpp"

#include <functional>
#include <string>

namespace fairlead::web {

inline constexpr std::string_view kApiBase = "/api/v1";
/// Bytes of a response that verify_responses looks at.
inline constexpr std::size_t kVerifyBytesMax = std::size_t{8} * 1024 * 1024;

struct ApiHooks {
    /// Who sent it. Unauthorized when the request has no valid credentials.
    std::function<base::Result<Caller>(const Request&)> authenticate;
    std::function<void(security::AccessRecord)> record;
};

struct ApiOptions {
    std::size_t body_bytes_max = kJsonBodyMax;
    /// Checks every JSON answer against the declared schema and answers 500 when it drifted. For
    /// tests: it parses each answer.
    bool verify_responses = false;
};

/// From request to answer: route, authentication, CSRF, permission, validation, idempotency,
/// handler, problem, CSV, access log. Thread: any; the routes must not change once requests come.
class Api {
public:
    Api(ApiHooks hooks, ApiOptions options);

    Router& router() noexcept { return router_; }
    const Router& router() const noexcept { return router_; }

    /// `request.path` begins with kApiBase. Never throws.
    Response handle(Request& request);

private:
    struct Call;
    base::Result<Response> dispatch(Request& request, Call& call);
    base::Status authorise(const Request& request, Call& call) const;
    base::Status readBody(Request& request, Call& call) const;
    base::Status readQuery(const Request& request, Call& call) const;
    base::Result<Response> run(Request& request, Call& call);
    base::Result<Response> runOnce(Request& request, Call& call);
    base::Result<Response> csv(Call& call) const;
    base::Status verify(const Call& call, const Response& response) const;
    void record(const Request& request, const Call& call, const Response& response,
                std::uint64_t begun_ns) const;

    ApiHooks hooks_;
    ApiOptions options_;
    Router router_;
    IdempotencyCache idempotency_;
};

/// "Bad request" that names every wrong field.
base::Error invalidFields(std::vector<FieldError> errors);

} // namespace fairlead::web
