// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace fairlead::base {

/// A new id: 16 characters of [0-9a-z], time-ordered, unique without coordination (48 bits of UTC
/// milliseconds, then 32 random bits; base 36).
std::string newId();

/// `bytes` random bytes of the system's generator as lower-case hex.
std::string randomHex(std::size_t bytes);

/// True for the ids that users choose: [0-9A-Za-z_-]{1,64}.
bool isUserId(std::string_view text) noexcept;

/// Equality in a time that depends on the lengths only.
bool equalSecret(std::string_view a, std::string_view b) noexcept;

} // namespace fairlead::base
