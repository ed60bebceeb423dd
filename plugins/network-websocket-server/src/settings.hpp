// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compression.hpp"

#include "fairlead/sdk/http/request.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::websocket {

inline constexpr std::size_t kListMax = 32; // entries of each list below

/// How downlinks are framed.
enum class DownlinkFrame : std::uint8_t { Protocol, Text, Binary };

/// A component's own settings; names, units, ranges and defaults are those of schema.hpp.
struct Settings {
    sdk::http::HeadLimits head;
    std::size_t message_max = 1024 * 1024; // bytes, after expansion
    std::vector<std::string> paths;        // "/exact" or "/tail/*"; none = every path
    std::vector<std::string> subprotocols; // none = none is chosen
    std::vector<std::string> origins;      // none = every origin
    DownlinkFrame downlink = DownlinkFrame::Protocol;
    std::uint64_t handshake_timeout_ms = 10'000; // until the request is there
    std::uint64_t ping_interval_ms = 30'000;     // of silence; 0 = no pings
    std::uint64_t pong_timeout_ms = 10'000;
    std::uint64_t idle_timeout_ms = 0; // without a message either way; 0 = for ever
    CompressionSettings compression;
};

/// Reads the component's JSON; members of the host are ignored. Throws sdk::Failure with
/// FL_E_INVALID when a member has a wrong type or range.
Settings parseSettings(std::string_view json);

} // namespace fairlead::websocket
