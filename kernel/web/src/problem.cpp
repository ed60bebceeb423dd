// SPDX-License-Identifier: Apache-2.0
#include "fairlead/web/problem.hpp"

#include "fairlead/base/json.hpp"
#include "fairlead/web/json_out.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace fairlead::web {

namespace {

using base::Errc;

// Codes whose meaning HTTP has a status of its own for.
constexpr std::array<std::pair<std::string_view, int>, 6> kStatusOfCode{{
    {"stale", 412},
    {"auth.throttled", 429},
    {"request.too_large", 413},
    {"request.media_type", 415},
    {"json.too_deep", 400},
    {"file.too_large", 413},
}};

int statusOfKind(Errc kind) noexcept {
    switch (kind) {
    case Errc::Invalid:
    case Errc::Malformed:
        return 400;
    case Errc::Unauthorized:
        return 401;
    case Errc::Forbidden:
        return 403;
    case Errc::NotFound:
        return 404;
    case Errc::Conflict:
    case Errc::Closed:
        return 409;
    case Errc::Unsupported:
    case Errc::Version:
    case Errc::Limit:
        return 422;
    case Errc::Busy:
    case Errc::Memory:
    case Errc::Io:
    case Errc::Cancelled:
        return 503;
    case Errc::Timeout:
        return 504;
    case Errc::Failed:
    case Errc::Exception:
        return 500;
    }
    return 500;
}

// The members that this file writes itself; details must not write them a second time.
bool isOwnMember(std::string_view name, const Problem& problem) {
    static constexpr std::array<std::string_view, 6> kOwn{"type",   "title", "status",
                                                          "detail", "code",  "requestId"};
    for (const std::string_view own : kOwn) {
        if (own == name) {
            return true;
        }
    }
    return (name == "errors" && !problem.errors.empty()) ||
           (name == "usedBy" && !problem.used_by.empty());
}

void writeExtra(JsonOut& out, const Problem& problem) {
    if (problem.extra.empty()) {
        return;
    }
    const auto parsed = base::parseJson(problem.extra);
    if (!parsed || !parsed->IsObject()) {
        return;
    }
    for (const auto& entry : parsed->GetObject()) {
        const std::string_view name{entry.name.GetString(), entry.name.GetStringLength()};
        if (!isOwnMember(name, problem)) {
            out.rawField(name, base::toText(entry.value));
        }
    }
}

} // namespace

int httpStatus(const base::Error& error) noexcept {
    for (const auto& [code, status] : kStatusOfCode) {
        if (error.code() == code) {
            return status;
        }
    }
    return statusOfKind(error.kind());
}

const char* statusTitle(int status) noexcept {
    switch (status) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 204:
        return "No Content";
    case 301:
        return "Moved Permanently";
    case 302:
        return "Found";
    case 304:
        return "Not Modified";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 406:
        return "Not Acceptable";
    case 409:
        return "Conflict";
    case 412:
        return "Precondition Failed";
    case 413:
        return "Content Too Large";
    case 415:
        return "Unsupported Media Type";
    case 422:
        return "Unprocessable Content";
    case 429:
        return "Too Many Requests";
    case 500:
        return "Internal Server Error";
    case 503:
        return "Service Unavailable";
    case 504:
        return "Gateway Timeout";
    default:
        return "Error";
    }
}

Problem toProblem(const base::Error& error) {
    Problem problem;
    problem.status = httpStatus(error);
    problem.code = error.code().empty() ? std::string{base::toText(error.kind())} : error.code();
    problem.detail = error.message();
    problem.errors = error.fields();
    return problem;
}

Response toResponse(const Problem& problem, const std::string& request_id) {
    JsonOut out;
    out.object().field("type", "about:blank").field("title", statusTitle(problem.status));
    out.field("status", problem.status).field("code", problem.code);
    out.field("detail", problem.detail);
    if (!problem.errors.empty()) {
        out.array("errors");
        for (const FieldError& error : problem.errors) {
            out.object().field("field", error.field).field("code", error.code);
            out.field("message", error.message).end();
        }
        out.end();
    }
    if (!problem.used_by.empty()) {
        out.array("usedBy");
        for (const UsedBy& user : problem.used_by) {
            out.object().field("kind", user.kind).field("id", user.id);
            out.field("name", user.name).end();
        }
        out.end();
    }
    writeExtra(out, problem);
    out.field("requestId", request_id).end();
    Response response;
    response.status = problem.status;
    response.content_type = "application/problem+json";
    response.body = std::move(out).text();
    return response;
}

} // namespace fairlead::web
