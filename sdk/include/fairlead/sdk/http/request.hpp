// SPDX-License-Identifier: Apache-2.0
// Reading a request's head (RFC 9112), strictly: what two parsers could read in two ways is
// refused.
#pragma once

#include "fairlead/sdk/base.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

FL_SDK_BEGIN
namespace http {

/// Why a request is refused; the text is a literal. status 0: it is not.
struct Refusal {
    int status = 0;
    const char* text = nullptr;

    explicit operator bool() const noexcept { return status != 0; }
};

struct HeadLimits {
    std::size_t target = 8192;    // bytes of the request target
    std::size_t head = 16 * 1024; // bytes of the whole head
};

inline constexpr std::size_t kHeadersMax = 100; // as common servers have it

struct Header {
    std::string_view name;
    std::string_view value;
};

/// A head; borrows from the bytes it was read from.
struct RequestHead {
    std::string_view method;
    std::string_view target;
    int minor = 1; // HTTP/1.minor
    bool keep_alive = true;
    bool chunked = false;
    bool expect_continue = false;
    bool has_length = false;
    std::uint64_t content_length = 0;
    std::size_t count = 0;
    std::array<Header, kHeadersMax> headers;

    /// Value of the first header of that (lower-case) name; empty when there is none.
    std::string_view header(std::string_view name) const noexcept;
};

/// Looks for the end of the head. `scanned` is how many bytes an earlier call has looked at;
/// updated. `bytes` becomes the head's length with its empty line, 0 when it is not complete.
Refusal findHead(std::string_view in, const HeadLimits& limits, std::size_t& scanned,
                 std::size_t& bytes) noexcept;

/// Reads a complete head.
Refusal parseHead(std::string_view head, const HeadLimits& limits, RequestHead& out) noexcept;

bool equalsIgnoreCase(std::string_view a, std::string_view lower) noexcept;
bool isTokenText(std::string_view text) noexcept;
/// No control characters but tab.
bool isFieldText(std::string_view text) noexcept;
char lowerCase(char c) noexcept;

/// Without blanks and tabs at both ends.
inline std::string_view trimmed(std::string_view v) noexcept {
    while (!v.empty() && (v.front() == ' ' || v.front() == '\t')) {
        v.remove_prefix(1);
    }
    while (!v.empty() && (v.back() == ' ' || v.back() == '\t')) {
        v.remove_suffix(1);
    }
    return v;
}

/// Calls f for each element of a comma-separated list.
template <class F>
void forEachElement(std::string_view list, F&& f) {
    while (!list.empty()) {
        const std::size_t comma = list.find(',');
        f(trimmed(list.substr(0, comma)));
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    }
}

namespace request_detail {

inline constexpr std::size_t kMethodMax = 16;   // longest method we know has 7 letters
inline constexpr std::size_t kVersionBytes = 8; // "HTTP/1.1"

constexpr Refusal bad(const char* text) noexcept {
    return {400, text};
}

inline Refusal parseVersion(std::string_view version, RequestHead& out) noexcept {
    if (version.size() != kVersionBytes || version.substr(0, 5) != "HTTP/" || version[6] != '.' ||
        version[5] < '0' || version[5] > '9' || version[7] < '0' || version[7] > '9') {
        return bad("the request line is malformed");
    }
    if (version[5] != '1' || version[7] > '1') {
        return {505, "only HTTP/1.0 and HTTP/1.1 are spoken"};
    }
    out.minor = version[7] - '0';
    out.keep_alive = out.minor == 1;
    return {};
}

inline Refusal parseRequestLine(std::string_view line, const HeadLimits& limits,
                                RequestHead& out) noexcept {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) {
        return bad("the request line is malformed");
    }
    out.method = line.substr(0, first);
    out.target = line.substr(first + 1, last - first - 1);
    if (!isTokenText(out.method) || out.method.size() > kMethodMax) {
        return bad("the method is malformed");
    }
    if (out.target.size() > limits.target) {
        return {414, "the request target is too long"};
    }
    const bool clean = std::all_of(out.target.begin(), out.target.end(), [](char c) {
        return static_cast<unsigned char>(c) > 0x20 && c != 0x7F;
    });
    if (!clean) {
        return bad("the request target has blanks or control characters");
    }
    return parseVersion(line.substr(last + 1), out);
}

inline Refusal parseLength(std::string_view value, RequestHead& out) noexcept {
    if (out.has_length) {
        return bad("Content-Length appears twice");
    }
    if (value.empty() || value.size() > 18) { // 18 digits cannot overflow
        return bad("Content-Length is malformed");
    }
    for (const char c : value) {
        if (c < '0' || c > '9') {
            return bad("Content-Length is malformed");
        }
        out.content_length = out.content_length * 10 + static_cast<std::uint64_t>(c - '0');
    }
    out.has_length = true;
    return {};
}

inline Refusal takeKnown(const Header& h, RequestHead& out, unsigned& hosts) noexcept {
    if (equalsIgnoreCase(h.name, "content-length")) {
        return parseLength(h.value, out);
    }
    if (equalsIgnoreCase(h.name, "transfer-encoding")) {
        if (out.chunked) {
            return bad("Transfer-Encoding appears twice");
        }
        if (!equalsIgnoreCase(h.value, "chunked")) {
            return {501, "only the chunked transfer coding is understood"};
        }
        out.chunked = true;
    } else if (equalsIgnoreCase(h.name, "host")) {
        ++hosts;
    } else if (equalsIgnoreCase(h.name, "connection")) {
        forEachElement(h.value, [&](std::string_view option) {
            if (equalsIgnoreCase(option, "close")) {
                out.keep_alive = false;
            } else if (equalsIgnoreCase(option, "keep-alive") && out.minor == 0) {
                out.keep_alive = true;
            }
        });
    } else if (equalsIgnoreCase(h.name, "expect")) {
        if (!equalsIgnoreCase(h.value, "100-continue")) {
            return {417, "the expectation is not understood"};
        }
        out.expect_continue = out.minor == 1;
    }
    return {};
}

inline Refusal parseField(std::string_view line, Header& out) noexcept {
    if (line.front() == ' ' || line.front() == '\t') {
        return bad("folded header lines are not accepted");
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !isTokenText(line.substr(0, colon))) {
        return bad("a header line is malformed"); // a blank before the colon, too
    }
    out = {line.substr(0, colon), trimmed(line.substr(colon + 1))};
    return isFieldText(out.value) ? Refusal{} : bad("a header has control characters");
}

inline Refusal checkFraming(const RequestHead& head, unsigned hosts) noexcept {
    if (head.chunked && head.has_length) {
        return bad("Content-Length together with Transfer-Encoding");
    }
    if (head.chunked && head.minor == 0) {
        return bad("Transfer-Encoding in an HTTP/1.0 request");
    }
    if (hosts > 1 || (hosts == 0 && head.minor == 1)) {
        return bad("there must be exactly one Host header");
    }
    return {};
}

// Cuts the first line off; every line ends with CR LF, findHead has seen to it.
inline std::string_view cutLine(std::string_view& text) noexcept {
    const std::size_t end = text.find("\r\n");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), line.size() + 2));
    return line;
}

} // namespace request_detail

inline std::string_view RequestHead::header(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        if (equalsIgnoreCase(headers[i].name, name)) {
            return headers[i].value;
        }
    }
    return {};
}

inline Refusal findHead(std::string_view in, const HeadLimits& limits, std::size_t& scanned,
                        std::size_t& bytes) noexcept {
    bytes = 0;
    const std::size_t first_line_max =
        limits.target + request_detail::kMethodMax + request_detail::kVersionBytes + 4;
    for (;;) {
        const std::size_t lf = in.find('\n', scanned);
        if (scanned == 0 && std::min(lf, in.size()) > first_line_max) {
            return {414, "the request target is too long"};
        }
        if (lf == std::string_view::npos) {
            break;
        }
        if (lf == 0 || in[lf - 1] != '\r') {
            return request_detail::bad("a line ends with LF alone");
        }
        scanned = lf + 1;
        if (lf >= 3 && in[lf - 2] == '\n') {
            bytes = lf + 1;
            return bytes > limits.head + limits.target
                       ? Refusal{431, "the request head is too long"}
                       : Refusal{};
        }
    }
    if (in.size() > limits.head + limits.target) {
        return {431, "the request head is too long"};
    }
    return {};
}

inline Refusal parseHead(std::string_view head, const HeadLimits& limits,
                         RequestHead& out) noexcept {
    head.remove_suffix(2); // the empty line
    if (const Refusal refusal =
            request_detail::parseRequestLine(request_detail::cutLine(head), limits, out)) {
        return refusal;
    }
    if (head.size() > limits.head) {
        return {431, "the request headers are too long"};
    }
    unsigned hosts = 0;
    while (!head.empty()) {
        if (out.count == kHeadersMax) {
            return {431, "too many request headers"};
        }
        Header& h = out.headers[out.count++];
        if (const Refusal refusal = request_detail::parseField(request_detail::cutLine(head), h)) {
            return refusal;
        }
        if (const Refusal refusal = request_detail::takeKnown(h, out, hosts)) {
            return refusal;
        }
    }
    return request_detail::checkFraming(out, hosts);
}

inline char lowerCase(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

inline bool equalsIgnoreCase(std::string_view a, std::string_view lower) noexcept {
    return a.size() == lower.size() && std::equal(a.begin(), a.end(), lower.begin(),
                                                  [](char x, char y) { return lowerCase(x) == y; });
}

inline bool isTokenText(std::string_view text) noexcept {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               kMarks.find(c) != std::string_view::npos;
    });
}

inline bool isFieldText(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
    });
}

} // namespace http
FL_SDK_END
