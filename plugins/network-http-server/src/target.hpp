// SPDX-License-Identifier: Apache-2.0
// The request target: path and query, decoded.
#pragma once

#include "request.hpp"

#include <array>
#include <string>

namespace fairlead::http {

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

} // namespace fairlead::http
