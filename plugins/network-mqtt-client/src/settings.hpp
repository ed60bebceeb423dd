// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "protocol.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::mqtt_client {

inline constexpr std::size_t kTopicsMax = 100; // filters of one component
inline constexpr std::size_t kTextBytesMax = 1024;

/// A component's own settings; names, units, ranges and defaults are those of schema.hpp.
struct Settings {
    std::string client_id;
    std::string username; // empty = none
    std::string password; // empty = none
    mqtt::Version version = mqtt::Version::V311;
    bool clean_session = false;
    bool take_retained = false;
    std::uint8_t qos = 1;                     // of the subscriptions
    std::uint8_t downlink_qos = 1;            // when the protocol does not say
    std::uint16_t keep_alive = 60;            // seconds; 0 = none
    std::uint16_t downlink_window = 32;       // unacknowledged downlinks
    std::uint16_t max_inflight = 1024;        // unacknowledged uplinks (MQTT 5)
    std::uint16_t topic_alias_max = 16;       // MQTT 5
    std::uint32_t session_expiry = 604800;    // seconds, MQTT 5
    std::uint32_t max_message_size = 1 << 20; // bytes of a whole packet
    std::string topic_prefix;                 // "", "$queue", "$share/<group>"
    std::vector<std::string> topics;          // empty: by the routes of the gateways' protocols
};

/// Reads the component's JSON; members of the host are ignored. Throws sdk::Failure with
/// FL_E_INVALID when a member is wrong.
Settings parseSettings(std::string_view json);

} // namespace fairlead::mqtt_client
