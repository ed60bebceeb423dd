// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::device {

/// Date patterns of thing models: runs of y, M, d, H, m, s, S; other letters only in '…'.
bool isDatePattern(std::string_view pattern) noexcept;

/// Minutes east of UTC of "+08:00", "GMT+8", "UTC", or one of a few names of zones without daylight
/// saving; 0 for an empty text.
std::optional<int> parseZone(std::string_view zone) noexcept;

std::optional<base::UtcMs> parseDate(std::string_view pattern, int offset_minutes,
                                     std::string_view text) noexcept;
std::string formatDate(std::string_view pattern, int offset_minutes, base::UtcMs time);

} // namespace fairlead::device
