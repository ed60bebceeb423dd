// SPDX-License-Identifier: Apache-2.0
// Answers to requests, as bytes.
#pragma once

#include "fairlead/sdk/http/request.hpp"
#include "fairlead/sdk/message.hpp"

#include <array>
#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>

FL_SDK_BEGIN
namespace http {

/// What decides about a response besides its content.
struct ResponseFrame {
    int minor = 1;
    bool keep_alive = true;
    std::int64_t now_ms = 0;         // UTC
    std::string_view common_headers; // ready lines of the component
};

/// Status line and headers; the body of `length` bytes follows. `extra` are ready header lines.
std::string responseHead(const ResponseFrame& frame, int status, std::string_view content_type,
                         std::string_view extra, std::size_t length);

/// The HTTP status for a server status of 0 and above or below.
int httpStatus(fl_status status) noexcept;
/// RFC 7807 body.
std::string problemBody(int status, std::string_view detail);
std::string_view reasonPhrase(int status) noexcept;
/// A text for people about a status that the server gave.
std::string_view problemText(int status) noexcept;

/// Appends "Name: value\r\n" when both are valid. Headers that frame the message are not taken:
/// Content-Length, Transfer-Encoding, Connection, Date, Content-Type.
bool appendHeader(std::string& out, std::string_view name, std::string_view value);

/// True when a response of this status has no body by definition.
bool bodiless(int status) noexcept;

namespace response_detail {

// IMF-fixdate, RFC 9110 section 5.6.7.
inline void appendDate(std::string& out, std::int64_t now_ms) {
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t seconds = static_cast<std::time_t>(now_ms / 1000);
    std::tm t{};
    if (gmtime_r(&seconds, &t) == nullptr) {
        return;
    }
    std::array<char, 64> text{};
    const int n =
        std::snprintf(text.data(), text.size(), "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
                      kDays[t.tm_wday % 7], t.tm_mday, kMonths[t.tm_mon % 12], t.tm_year + 1900,
                      t.tm_hour, t.tm_min, t.tm_sec);
    out.append(text.data(), static_cast<std::size_t>(n));
}

inline bool reservedHeader(std::string_view name) noexcept {
    for (const std::string_view own :
         {"content-length", "transfer-encoding", "connection", "date", "content-type"}) {
        if (equalsIgnoreCase(name, own)) {
            return true;
        }
    }
    return false;
}

} // namespace response_detail

inline std::string responseHead(const ResponseFrame& frame, int status,
                                std::string_view content_type, std::string_view extra,
                                std::size_t length) {
    std::string out;
    out.reserve(256 + frame.common_headers.size() + extra.size());
    out.append("HTTP/1.1 ").append(std::to_string(status)).append(" ");
    out.append(reasonPhrase(status)).append("\r\n");
    response_detail::appendDate(out, frame.now_ms);
    out.append(frame.common_headers).append(extra);
    if (!content_type.empty()) {
        out.append("Content-Type: ").append(content_type).append("\r\n");
    }
    if (status >= 200 && status != 204) {
        out.append("Content-Length: ").append(std::to_string(length)).append("\r\n");
    }
    if (!frame.keep_alive) {
        out.append("Connection: close\r\n");
    } else if (frame.minor == 0) {
        out.append("Connection: keep-alive\r\n");
    }
    out.append("\r\n");
    return out;
}

inline int httpStatus(fl_status status) noexcept {
    switch (status) {
    case FL_E_INVALID:
    case FL_E_MALFORMED:
        return 400;
    case FL_E_UNAUTHORIZED:
        return 401;
    case FL_E_FORBIDDEN:
        return 403;
    case FL_E_NOT_FOUND:
        return 404;
    case FL_E_CONFLICT:
        return 409;
    case FL_E_LIMIT:
        return 413;
    case FL_E_UNSUPPORTED:
        return 501;
    case FL_E_BUSY:
        return 429;
    case FL_E_CLOSED:
    case FL_E_TIMEOUT:
    case FL_E_CANCELLED:
        return 503;
    default:
        return status < 0 ? 500 : 200;
    }
}

inline std::string_view reasonPhrase(int status) noexcept {
    switch (status) {
    case 101:
        return "Switching Protocols";
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 202:
        return "Accepted";
    case 204:
        return "No Content";
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
    case 408:
        return "Request Timeout";
    case 409:
        return "Conflict";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 417:
        return "Expectation Failed";
    case 426:
        return "Upgrade Required";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Status";
    }
}

inline std::string_view problemText(int status) noexcept {
    switch (status) {
    case 400:
        return "the request could not be understood";
    case 401:
        return "credentials are missing or wrong";
    case 403:
        return "the device may not do this";
    case 404:
        return "no such device or address";
    case 409:
        return "the request contradicts the present state";
    case 413:
        return "the message is larger than the server stores";
    case 429:
        return "the server is behind; try again later";
    case 501:
        return "the device's protocol does not offer this";
    case 503:
        return "the gateway is not in service; try again later";
    default:
        return "the server could not store the message; try again";
    }
}

inline std::string problemBody(int status, std::string_view detail) {
    // Both texts are ours and need no escapes.
    std::string out = R"({"type":"about:blank","title":")";
    out.append(reasonPhrase(status)).append(R"(","status":)").append(std::to_string(status));
    out.append(R"(,"detail":")").append(detail).append("\"}");
    return out;
}

inline bool appendHeader(std::string& out, std::string_view name, std::string_view value) {
    if (!isTokenText(name) || !isFieldText(value) || response_detail::reservedHeader(name)) {
        return false;
    }
    out.append(name).append(": ").append(value).append("\r\n");
    return true;
}

inline bool bodiless(int status) noexcept {
    return status < 200 || status == 204 || status == 304;
}

} // namespace http
FL_SDK_END
