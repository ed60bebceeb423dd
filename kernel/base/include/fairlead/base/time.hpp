// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::base {

/// UTC, milliseconds since 1970: the unit of every stored time.
using UtcMs = std::int64_t;

UtcMs utcNow() noexcept;

/// Monotonic time in nanoseconds, for durations and deadlines.
std::uint64_t monotonicNs() noexcept;

/// RFC 3339 with milliseconds, "2026-01-31T08:00:00.123Z".
std::string toRfc3339(UtcMs time);

/// RFC 3339 with any offset, fraction optional; nothing when the text is not a valid time.
std::optional<UtcMs> parseRfc3339(std::string_view text);

} // namespace fairlead::base
