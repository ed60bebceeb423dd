// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::official {

/// ASCII comparison without regard to case.
bool equalsIgnoreCase(std::string_view a, std::string_view b) noexcept;

/// Takes the same time wherever the texts differ; only their length shows.
bool equalsConstantTime(std::string_view a, std::string_view b) noexcept;

/// True for well-formed UTF-8 (no overlong forms, no surrogates).
bool isUtf8(std::string_view s) noexcept;

/// True for 1 to kDeviceIdBytesMax bytes that may stand in one topic level.
bool isId(std::string_view s) noexcept;

/// Decimal digits only, at most INT64_MAX; false otherwise.
bool parseInteger(std::string_view s, std::int64_t& out) noexcept;

/// `text` followed by `detail` in quotes, made printable and cut at 64 bytes: for error texts.
std::string quote(std::string_view text, std::string_view detail);

} // namespace fairlead::official
