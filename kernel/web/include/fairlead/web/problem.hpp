// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/web/http.hpp"
#include "fairlead/web/schema.hpp"

#include <string>
#include <vector>

namespace fairlead::web {

struct UsedBy {
    std::string kind;
    std::string id;
    std::string name;
};

/// A refusal as application/problem+json (RFC 9457).
struct Problem {
    int status = 500;
    std::string code;
    std::string detail;
    std::vector<FieldError> errors{};
    std::vector<UsedBy> used_by{};
    std::string extra{}; ///< JSON object whose members are added; "" for none
};

/// The HTTP status of an error: of its kind, but for the few codes with a status of their own.
int httpStatus(const base::Error& error) noexcept;

const char* statusTitle(int status) noexcept;

Problem toProblem(const base::Error& error);

/// `request_id` also goes into the document, so that a person can quote it.
Response toResponse(const Problem& problem, const std::string& request_id);

} // namespace fairlead::web
