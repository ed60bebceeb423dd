// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace fairlead::websocket::timer {

inline constexpr std::uint32_t kDeadline = 0;  // of the opening request, of the peer's Close
inline constexpr std::uint32_t kKeepAlive = 1; // pings, idle time

} // namespace fairlead::websocket::timer
