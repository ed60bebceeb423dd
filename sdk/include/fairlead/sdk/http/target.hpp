// SPDX-License-Identifier: Apache-2.0
// The request target: path and query, decoded.
#pragma once

#include "fairlead/sdk/http/request.hpp"

#include <array>
#include <string>
#include <string_view>

FL_SDK_BEGIN
namespace http {

inline constexpr std::size_t kQueryMax = 64; // parameters of one request

struct Parameter {
    std::string_view name;
    std::string_view value;
};

/// A decoded target. Its views point into `text`, so it must not be moved.
struct Target {
    std::string text;
    std::string_view path;
    std::array<Parameter, kQueryMax> query;
    std::size_t count = 0;
    bool asterisk = false; // "*", as OPTIONS may have it
};

/// Decodes an origin-form, absolute-form or asterisk-form target. Refused are broken escapes, NUL,
/// what is not UTF-8, and "." or ".." as a segment of the path.
Refusal decodeTarget(std::string_view raw, Target& out);

bool validUtf8(std::string_view text) noexcept;

namespace target_detail {

inline constexpr Refusal kBroken{400, "the request target is malformed"};

inline int hexDigit(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Appends the decoded text; `out` has the room, so views into it stay valid.
inline bool decode(std::string_view raw, bool plus_is_blank, std::string& out,
                   std::string_view& view) {
    const std::size_t start = out.size();
    for (std::size_t i = 0; i < raw.size(); ++i) {
        char c = raw[i];
        if (c == '%') {
            if (i + 2 >= raw.size() || hexDigit(raw[i + 1]) < 0 || hexDigit(raw[i + 2]) < 0) {
                return false;
            }
            c = static_cast<char>(hexDigit(raw[i + 1]) * 16 + hexDigit(raw[i + 2]));
            i += 2;
        } else if (c == '+' && plus_is_blank) {
            c = ' ';
        }
        if (c == '\0') {
            return false;
        }
        out.push_back(c);
    }
    view = std::string_view(out).substr(start);
    return validUtf8(view);
}

inline bool hasDotSegment(std::string_view path) noexcept {
    while (!path.empty()) {
        path.remove_prefix(1); // the slash
        const std::size_t slash = path.find('/');
        const std::string_view segment = path.substr(0, slash);
        if (segment == "." || segment == "..") {
            return true;
        }
        path = slash == std::string_view::npos ? std::string_view() : path.substr(slash);
    }
    return false;
}

inline Refusal decodeQuery(std::string_view raw, Target& out) {
    while (!raw.empty()) {
        const std::size_t end = raw.find('&');
        const std::string_view pair = raw.substr(0, end);
        raw = end == std::string_view::npos ? std::string_view() : raw.substr(end + 1);
        if (pair.empty()) {
            continue;
        }
        if (out.count == kQueryMax) {
            return {414, "too many query parameters"};
        }
        const std::size_t equals = pair.find('=');
        Parameter& p = out.query[out.count++];
        const std::string_view value =
            equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
        if (!decode(pair.substr(0, equals), true, out.text, p.name) ||
            !decode(value, true, out.text, p.value)) {
            return kBroken;
        }
    }
    return {};
}

// "http://host/path" → "/path".
inline bool stripAuthority(std::string_view& raw) noexcept {
    const std::size_t scheme = raw.find("://");
    if (scheme == std::string_view::npos || (!equalsIgnoreCase(raw.substr(0, scheme), "http") &&
                                             !equalsIgnoreCase(raw.substr(0, scheme), "https"))) {
        return false;
    }
    const std::string_view rest = raw.substr(scheme + 3);
    const std::size_t end = rest.find_first_of("/?");
    if (end == 0 || rest.empty()) {
        return false;
    }
    raw = end == std::string_view::npos ? std::string_view() : rest.substr(end);
    return true;
}

} // namespace target_detail

inline Refusal decodeTarget(std::string_view raw, Target& out) {
    if (raw == "*") {
        out.asterisk = true;
        return {};
    }
    if (raw.empty() || (raw.front() != '/' && !target_detail::stripAuthority(raw))) {
        return target_detail::kBroken;
    }
    const std::size_t mark = raw.find('?');
    const std::string_view path = raw.substr(0, mark);
    out.text.reserve(raw.size() + 1);
    if (!target_detail::decode(path.empty() ? "/" : path, false, out.text, out.path)) {
        return target_detail::kBroken;
    }
    if (target_detail::hasDotSegment(out.path)) {
        return {400, "the path has a . or .. segment"};
    }
    return mark == std::string_view::npos ? Refusal{}
                                          : target_detail::decodeQuery(raw.substr(mark + 1), out);
}

inline bool validUtf8(std::string_view text) noexcept {
    const auto at = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const auto tail = [&](std::size_t i) { return (at(i) & 0xC0U) == 0x80U; };
    for (std::size_t i = 0; i < text.size();) {
        const unsigned c = at(i);
        const unsigned d = at(i + 1);
        if (c < 0x80) {
            i += 1;
        } else if (c >= 0xC2 && c <= 0xDF && tail(i + 1)) {
            i += 2;
        } else if ((c == 0xE0   ? d >= 0xA0
                    : c == 0xED ? d < 0xA0
                                : c > 0xE0 && c <= 0xEF) &&
                   tail(i + 1) && tail(i + 2)) {
            i += 3;
        } else if ((c == 0xF0   ? d >= 0x90
                    : c == 0xF4 ? d < 0x90
                                : c > 0xF0 && c < 0xF4) &&
                   tail(i + 1) && tail(i + 2) && tail(i + 3)) {
            i += 4;
        } else {
            return false;
        }
    }
    return true;
}

} // namespace http
FL_SDK_END
