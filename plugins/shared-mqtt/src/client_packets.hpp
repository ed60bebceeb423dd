// SPDX-License-Identifier: Apache-2.0
// Control packets as the client's side of MQTT 3.1.1 and 5.0 writes and reads them.
#pragma once

#include "packets.hpp"

#include <span>
#include <string>
#include <string_view>

namespace fairlead::mqtt {

struct ConnectRequest {
    Version version = Version::V311;
    bool clean = true;
    bool has_username = false;
    bool has_password = false;
    std::uint16_t keep_alive = 0; // seconds
    std::string_view client_id;
    std::string_view username;
    std::string_view password;
    // MQTT 5
    std::uint32_t session_expiry = 0; // seconds
    std::uint16_t receive_maximum = 65535;
    std::uint32_t maximum_packet_size = 0; // 0 = no limit
    std::uint16_t topic_alias_maximum = 0;
};
/// CONNECT without a will. Texts are at most 65,535 bytes.
std::string encodeConnect(const ConnectRequest& request);

/// SUBSCRIBE, or UNSUBSCRIBE, which ignores the options.
std::string encodeFilters(PacketType type, Version version, std::uint16_t packet_id,
                          std::span<const Filter> filters);

struct Connack {
    bool session_present = false;
    Reason reason = Reason::Success;        // of MQTT 5
    ReturnCode code = ReturnCode::Accepted; // of MQTT 3
    bool old = false;                       // an answer of MQTT 3 although 5 was asked for
    Properties properties;
};
Fault decodeConnack(Version version, Bytes body, Connack& out) noexcept;

/// SUBACK or UNSUBACK; `codes` is empty for MQTT 3's UNSUBACK.
struct FilterAck {
    std::uint16_t packet_id = 0;
    Bytes codes;
};
Fault decodeFilterAck(PacketType type, Version version, Bytes body, FilterAck& out) noexcept;

/// What a reason code or return code means, in words.
std::string_view textOf(Reason reason) noexcept;
std::string_view textOf(ReturnCode code) noexcept;

} // namespace fairlead::mqtt
