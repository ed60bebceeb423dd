// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http.hpp"

#include <string>
#include <string_view>

namespace fairlead::http {

/// A component's own settings; names, units, ranges and defaults are those of schema.hpp.
struct Settings {
    HeadLimits head;
    std::size_t max_body = 1024 * 1024;     // bytes
    std::uint64_t head_timeout_ms = 10'000; // from the first byte of a request to its headers' end
    std::uint64_t body_timeout_ms = 30'000; // from there to the end of the body
    std::uint64_t idle_timeout_ms = 60'000; // between requests
    std::string headers;                    // common response headers as ready lines
};

inline constexpr std::size_t kCommonHeadersMax = 32;

/// Reads the component's JSON; members of the host are ignored. Throws sdk::Failure with
/// FL_E_INVALID when a member has a wrong type or range.
Settings parseSettings(std::string_view json);

} // namespace fairlead::http
