// SPDX-License-Identifier: Apache-2.0
#include "packets.hpp"

namespace fairlead::mqtt {

namespace {

// Room left under 65,535 for a text of ours.
constexpr std::size_t kReasonTextMax = 200;

std::uint8_t firstByte(PacketType type, std::uint8_t flags) noexcept {
    return static_cast<std::uint8_t>((static_cast<unsigned>(type) << 4) | flags);
}

std::string packet(PacketType type, std::string_view body) {
    std::string out;
    out.reserve(body.size() + kFixedHeaderBytesMax);
    putU8(out, firstByte(type, 0));
    putVarint(out, static_cast<std::uint32_t>(body.size()));
    out.append(body);
    return out;
}

void putId(std::string& out, Property id) {
    putU8(out, static_cast<std::uint8_t>(id));
}

std::string connackProperties(const ConnackInfo& info) {
    std::string out;
    if (info.session_expiry) {
        putId(out, Property::SessionExpiry);
        putU32(out, *info.session_expiry);
    }
    if (info.receive_maximum != 0) {
        putId(out, Property::ReceiveMaximum);
        putU16(out, info.receive_maximum);
    }
    if (!info.retain_available) {
        putId(out, Property::RetainAvailable);
        putU8(out, 0);
    }
    if (info.maximum_packet_size != 0) {
        putId(out, Property::MaximumPacketSize);
        putU32(out, info.maximum_packet_size);
    }
    if (!info.assigned_client_id.empty()) {
        putId(out, Property::AssignedClientId);
        putString(out, info.assigned_client_id);
    }
    if (info.topic_alias_maximum != 0) {
        putId(out, Property::TopicAliasMaximum);
        putU16(out, info.topic_alias_maximum);
    }
    if (info.server_keep_alive) {
        putId(out, Property::ServerKeepAlive);
        putU16(out, *info.server_keep_alive);
    }
    if (!info.reason.empty()) {
        putId(out, Property::ReasonString);
        putString(out, info.reason.substr(0, kReasonTextMax));
    }
    return out;
}

} // namespace

std::string encodeConnack3(bool session_present, ReturnCode code) {
    std::string body;
    putU8(body, session_present ? 1 : 0);
    putU8(body, static_cast<std::uint8_t>(code));
    return packet(PacketType::Connack, body);
}

std::string encodeConnack5(bool session_present, Reason reason, const ConnackInfo& info) {
    const std::string properties = connackProperties(info);
    std::string body;
    putU8(body, session_present ? 1 : 0);
    putU8(body, static_cast<std::uint8_t>(reason));
    putVarint(body, static_cast<std::uint32_t>(properties.size()));
    body.append(properties);
    return packet(PacketType::Connack, body);
}

AckPacket encodeAck(PacketType type, Version version, std::uint16_t packet_id,
                    Reason reason) noexcept {
    AckPacket out;
    const bool with_reason = version == Version::V5 && reason != Reason::Success;
    out.size = with_reason ? 5 : 4;
    out.data = {firstByte(type, type == PacketType::Pubrel ? 2 : 0),
                static_cast<std::uint8_t>(out.size - 2), static_cast<std::uint8_t>(packet_id >> 8),
                static_cast<std::uint8_t>(packet_id & 0xFFU), static_cast<std::uint8_t>(reason)};
    return out;
}

std::string encodePublishHead(Version version, const PublishHead& head, std::string_view properties,
                              std::size_t payload_bytes) {
    const bool v5 = version == Version::V5;
    std::size_t remaining = 2 + head.topic.size() + payload_bytes + (head.qos > 0 ? 2 : 0);
    if (v5) {
        remaining += properties.size() + varintBytes(static_cast<std::uint32_t>(properties.size()));
    }
    std::string out;
    if (head.topic.size() > 0xFFFF || remaining > kRemainingLengthMax) {
        return out;
    }
    out.reserve(kFixedHeaderBytesMax + remaining - payload_bytes);
    const unsigned flags =
        (head.duplicate ? 8U : 0U) | (unsigned{head.qos} << 1) | (head.retain ? 1U : 0U);
    putU8(out, firstByte(PacketType::Publish, static_cast<std::uint8_t>(flags)));
    putVarint(out, static_cast<std::uint32_t>(remaining));
    putString(out, head.topic);
    if (head.qos > 0) {
        putU16(out, head.packet_id);
    }
    if (v5) {
        putVarint(out, static_cast<std::uint32_t>(properties.size()));
        out.append(properties);
    }
    return out;
}

std::string encodeFilterAck(PacketType type, Version version, std::uint16_t packet_id,
                            std::string_view codes) {
    std::string body;
    putU16(body, packet_id);
    if (version == Version::V5) {
        putVarint(body, 0);
    }
    if (version == Version::V5 || type == PacketType::Suback) {
        body.append(codes);
    }
    return packet(type, body);
}

std::string encodeDisconnect(Reason reason, std::string_view text) {
    std::string body;
    putU8(body, static_cast<std::uint8_t>(reason));
    if (!text.empty()) {
        const std::string_view cut = text.substr(0, kReasonTextMax);
        putVarint(body, static_cast<std::uint32_t>(cut.size() + 3));
        putId(body, Property::ReasonString);
        putString(body, cut);
    }
    return packet(PacketType::Disconnect, body);
}

} // namespace fairlead::mqtt
