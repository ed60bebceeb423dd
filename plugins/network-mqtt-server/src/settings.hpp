// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace fairlead::mqtt {

/// A component's own settings; names, units, ranges and defaults are those of schema.hpp.
struct Settings {
    std::uint32_t max_message_size = 8192;     // bytes of a whole packet
    std::uint16_t max_inflight = 1024;         // unacknowledged uplinks of a client (MQTT 5)
    std::uint16_t downlink_window = 32;        // unacknowledged downlinks to a client
    std::uint8_t downlink_qos = 1;             // when the protocol does not say
    bool deliver_unsubscribed = true;          // send at QoS 0 what no subscription covers
    std::uint16_t keep_alive_max = 3600;       // seconds, MQTT 5; 0 = as the client wants
    std::uint32_t session_expiry_max = 604800; // seconds
    std::uint16_t topic_alias_max = 16;
    std::uint16_t max_retained = 32;    // retained messages per client; 0 = not offered
    std::uint16_t connect_timeout = 10; // seconds until CONNECT must be there
};

/// Reads the component's JSON; members of the host are ignored. Throws sdk::Failure with
/// FL_E_INVALID when a member has a wrong type or range.
Settings parseSettings(std::string_view json);

} // namespace fairlead::mqtt
