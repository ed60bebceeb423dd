// SPDX-License-Identifier: Apache-2.0
// Control packets: decoding in place and encoding. Decoded packets borrow from the bytes given.
#pragma once

#include "properties.hpp"

#include <array>
#include <optional>

namespace fairlead::mqtt {

/// Fixed header of a packet whose first bytes are there.
struct FixedHeader {
    PacketType type = PacketType::Connect;
    std::uint8_t flags = 0;
    std::uint8_t bytes = 0;      // of the header itself
    std::uint32_t remaining = 0; // after the header
    std::size_t total() const noexcept { return std::size_t{bytes} + remaining; }
};

enum class HeaderState : std::uint8_t { Complete, Incomplete, Broken };

/// Reads the fixed header. Broken: packet type 0, wrong flag bits, or a length of five digits.
HeaderState decodeHeader(Bytes in, FixedHeader& out) noexcept;

struct Connect {
    Version version = Version::V311;
    bool clean = true;
    bool has_username = false;
    bool has_password = false;
    bool has_will = false;
    bool will_retain = false;
    std::uint8_t will_qos = 0;
    std::uint8_t level = 0; // as sent; for the answer to a version we do not speak
    std::uint16_t keep_alive = 0;
    std::string_view client_id;
    std::string_view username;
    Bytes password;
    std::string_view will_topic;
    Bytes will_payload;
    Properties properties;
    Properties will_properties;
};

struct Publish {
    std::string_view topic;
    std::uint16_t packet_id = 0;
    std::uint8_t qos = 0;
    bool duplicate = false;
    bool retain = false;
    Properties properties;
    Bytes payload;
};

/// PUBACK, PUBREC, PUBREL, PUBCOMP.
struct Ack {
    std::uint16_t packet_id = 0;
    Reason reason = Reason::Success;
};

struct Filter {
    std::string_view text;
    std::uint8_t options = 0; // as on the wire: QoS, no local, retain as published, retain handling

    std::uint8_t qos() const noexcept { return options & 3U; }
    bool noLocal() const noexcept { return (options & 4U) != 0; }
    bool retainAsPublished() const noexcept { return (options & 8U) != 0; }
    std::uint8_t retainHandling() const noexcept { return (options >> 4) & 3U; }
};

/// SUBSCRIBE or UNSUBSCRIBE; walk over its filters with next().
class FilterList {
public:
    std::uint16_t packet_id = 0;
    Properties properties;

    /// The next filter, or nothing at the end. Cannot fail: decode has checked all of them.
    std::optional<Filter> next() noexcept;

private:
    friend Fault decodeFilters(PacketType type, Version version, Bytes body,
                               FilterList& out) noexcept;
    Bytes left_;
    bool options_ = true;
};

struct Disconnect {
    Reason reason = Reason::Success;
    Properties properties;
};

Fault decodeConnect(Bytes body, Connect& out) noexcept;
Fault decodePublish(Version version, std::uint8_t flags, Bytes body, Publish& out) noexcept;
Fault decodeAck(PacketType type, Version version, Bytes body, Ack& out) noexcept;
Fault decodeFilters(PacketType type, Version version, Bytes body, FilterList& out) noexcept;
Fault decodeDisconnect(Version version, Bytes body, Disconnect& out) noexcept;

/// What a CONNACK of MQTT 5 may say beyond its code; zero or empty means: leave it out.
struct ConnackInfo {
    std::optional<std::uint32_t> session_expiry;
    std::optional<std::uint16_t> server_keep_alive;
    std::uint16_t receive_maximum = 0;
    std::uint32_t maximum_packet_size = 0;
    std::uint16_t topic_alias_maximum = 0;
    bool retain_available = true;
    std::string_view assigned_client_id;
    std::string_view reason;
};

std::string encodeConnack3(bool session_present, ReturnCode code);
std::string encodeConnack5(bool session_present, Reason reason, const ConnackInfo& info);

/// PUBACK, PUBREC, PUBREL or PUBCOMP in its shortest form; `bytes` tells how many are used.
struct AckPacket {
    std::array<std::uint8_t, 5> data{};
    std::size_t size = 4;
    Bytes view() const noexcept { return {data.data(), size}; }
};
AckPacket encodeAck(PacketType type, Version version, std::uint16_t packet_id,
                    Reason reason) noexcept;

/// Header and variable header of a PUBLISH; `properties` is the encoded list without its length.
/// The payload of `payload_bytes` follows it on the wire. Empty when the packet would be longer
/// than the protocol allows.
struct PublishHead {
    std::string_view topic;
    std::uint16_t packet_id = 0;
    std::uint8_t qos = 0;
    bool duplicate = false;
    bool retain = false;
};
std::string encodePublishHead(Version version, const PublishHead& head, std::string_view properties,
                              std::size_t payload_bytes);

/// SUBACK or UNSUBACK with one code per filter (MQTT 3's UNSUBACK has none).
std::string encodeFilterAck(PacketType type, Version version, std::uint16_t packet_id,
                            std::string_view codes);
/// DISCONNECT of MQTT 5; the reason text is left out when empty.
std::string encodeDisconnect(Reason reason, std::string_view text);

} // namespace fairlead::mqtt
