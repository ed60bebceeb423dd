// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace fairlead::official {

/// What an uplink topic or HTTP path says. All views point into the topic.
struct Topic {
    /// FL_DEVICE_…; FL_DEVICE_TIME_SYNC for time-sync; 0 when no uplink topic of the table matches.
    std::uint32_t kind = 0;
    bool collector = false; ///< The body has `data` records instead of `properties`.
    std::string_view product;
    std::string_view device;
    std::string_view child; ///< Child device; empty when the message is the device's own.
    std::string_view name;  ///< Event id.
};

/// Takes `/{product}/{device}/<suffix>` apart; the leading slash is optional except for time-sync.
/// Product and device are set as far as they are there, also when `kind` stays 0.
Topic parseTopic(std::string_view topic) noexcept;

/// Path of the WebSocket end point, `/{product}/{device}/socket`; false when it is another.
bool parseSocketPath(std::string_view path, Topic& out) noexcept;

/// Downlink suffix of a device message kind ("properties/read"); empty when it has none.
std::string_view downlinkSuffix(std::uint32_t kind) noexcept;

/// The `messageType` of a kind and back, without regard to case; empty or 0 when there is none.
std::string_view messageType(std::uint32_t kind) noexcept;
std::uint32_t kindOf(std::string_view message_type) noexcept;

/// True when a device may send this kind.
bool isUplink(std::uint32_t kind) noexcept;

} // namespace fairlead::official
