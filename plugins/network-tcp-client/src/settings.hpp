// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "framing.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::tcp_client {

inline constexpr std::size_t kTargetsMax = 256;      // as many as the host dials
inline constexpr std::size_t kDeviceIdBytesMax = 64; // as device ids are
/// First bytes and keep-alive bytes: a log-in line or one request frame, not a program.
inline constexpr std::size_t kOwnBytesMax = 1024;

/// A component's own settings; names, units, ranges and defaults are those of schema.hpp.
struct Settings {
    tcp::Framing framing;
    /// By target: the device that it is; empty: the first message says.
    std::vector<std::string> devices;
    std::string first_bytes;      // sent when connected; may be empty
    std::string keep_alive_bytes; // sent at the interval; empty = none
    std::uint64_t keep_alive_interval_ms = 30'000;
    std::uint64_t silence_ms = 0; // silence that ends a connection; 0 = never
};

/// Reads the component's JSON; members of the host are ignored. Throws sdk::Failure with
/// FL_E_INVALID when a member is wrong.
Settings parseSettings(std::string_view json);

} // namespace fairlead::tcp_client
