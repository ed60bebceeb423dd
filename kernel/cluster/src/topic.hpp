// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace fairlead::cluster {

/// Bytes of a topic, subject or pattern.
inline constexpr std::size_t kTopicBytesMax = 256;

/// Words of [0-9A-Za-z_-] joined by dots.
bool isTopic(std::string_view text) noexcept;
/// A topic in which a word may be "*" and the last one ">".
bool isPattern(std::string_view text) noexcept;
bool matches(std::string_view pattern, std::string_view topic) noexcept;

} // namespace fairlead::cluster
