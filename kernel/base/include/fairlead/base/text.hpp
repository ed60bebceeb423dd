// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::base {

/// Longest name and description of anything that a person names (X1), in characters.
inline constexpr std::size_t kNameCharsMax = 64;
inline constexpr std::size_t kDescriptionCharsMax = 200;

/// Number of Unicode characters, or nothing when `text` is not valid UTF-8.
std::optional<std::size_t> countCharacters(std::string_view text) noexcept;

/// `text` without white space at both ends.
std::string_view trim(std::string_view text) noexcept;

/// Checks rule X1; `field` names the field in the error ("name").
Status checkName(std::string_view text, const std::string& field);
Status checkDescription(std::string_view text, const std::string& field);

std::string toHex(std::span<const std::uint8_t> bytes);
std::optional<std::vector<std::uint8_t>> fromHex(std::string_view text);

/// Lower-case hex SHA-256.
std::string sha256Hex(std::string_view bytes);

/// CRC-32C (Castagnoli), hardware-assisted where the processor can.
std::uint32_t crc32c(std::uint32_t seed, const void* data, std::size_t bytes) noexcept;

} // namespace fairlead::base
