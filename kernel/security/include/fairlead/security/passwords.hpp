// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <string>
#include <string_view>

namespace fairlead::security {

/// Characters of a password. The upper bound keeps hashing cheap for strangers' input.
inline constexpr std::size_t kPasswordCharsMin = 8;
inline constexpr std::size_t kPasswordCharsMax = 128;

/// scrypt with N = 2^15, r = 8, p = 1: 32 MiB and about 70 ms of one core.
/// Text "scrypt$15$8$1$<salt>$<hash>", so that the cost can be raised later.
std::string hashPassword(std::string_view password);

/// Blocks: as long as hashing does; not on an I/O loop. False for a broken `stored`.
bool verifyPassword(std::string_view stored, std::string_view password);

/// True when `stored` was made with a lower cost than today's.
bool needsRehash(std::string_view stored);

/// Length rule and that it is not the user name.
base::Status checkPassword(std::string_view password, std::string_view username);

/// 16 characters without look-alikes: 93 bits.
std::string randomPassword();

} // namespace fairlead::security
