// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace fairlead::network {

/// FL_CLOSE_… of plugin-api/include/fairlead/factory/network.h, for modules above.
namespace close_reason {
inline constexpr std::uint32_t kPeer = 1;
inline constexpr std::uint32_t kError = 2;
inline constexpr std::uint32_t kProtocol = 3;
inline constexpr std::uint32_t kLocal = 4;
inline constexpr std::uint32_t kTimeout = 5;
inline constexpr std::uint32_t kTakenOver = 6;
inline constexpr std::uint32_t kKicked = 7;
inline constexpr std::uint32_t kShutdown = 8;
inline constexpr std::uint32_t kLimit = 9;
inline constexpr std::uint32_t kUnauthorized = 10;
} // namespace close_reason

} // namespace fairlead::network
