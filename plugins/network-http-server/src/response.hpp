// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/sdk/message.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::http {

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

} // namespace fairlead::http
