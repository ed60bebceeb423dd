// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::bench {

enum class PacketType : std::uint8_t {
    Connect = 1,
    Connack = 2,
    Publish = 3,
    Puback = 4,
    Pubrec = 5,
    Pubrel = 6,
    Pubcomp = 7,
    Subscribe = 8,
    Suback = 9,
    Pingreq = 12,
    Pingresp = 13,
    Disconnect = 14,
};

struct ConnectPacket {
    std::string client_id;
    std::string username; ///< empty: not sent
    std::string password;
    bool clean = true;
    std::uint16_t keep_alive = 60; ///< seconds
    bool v5 = false;
};

struct Publication {
    std::string_view topic;
    std::string_view payload;
    int qos = 0;
    bool duplicate = false;
    std::uint16_t id = 0; ///< QoS 1 and 2
    bool v5 = false;
};

/// Append packets to `out`.
void putConnect(std::string& out, const ConnectPacket& packet);
void putPublish(std::string& out, const Publication& packet);
/// PUBACK, PUBREC, PUBREL, PUBCOMP.
void putAck(std::string& out, PacketType type, std::uint16_t id);
void putSubscribe(std::string& out, std::uint16_t id, std::string_view filter, bool v5);
void putEmpty(std::string& out, PacketType type);

/// One received packet; views into the input.
struct Packet {
    PacketType type = PacketType::Connect;
    std::uint8_t flags = 0;
    std::string_view body;

    /// Packet id of acknowledgements; of a publication with QoS above 0 by `publication`.
    std::uint16_t id() const noexcept;
    /// Reason code: CONNACK's, or of a version 5 acknowledgement; 0 when absent.
    std::uint8_t reason() const noexcept;
    bool sessionPresent() const noexcept { return !body.empty() && (body[0] & 1) != 0; }
    bool publication(Publication& out, bool v5) const noexcept;
};

/// Takes the first whole packet off `input`. False when more is needed; `broken` when it never
/// will.
bool takePacket(std::string_view& input, Packet& out, bool& broken) noexcept;

} // namespace fairlead::bench
