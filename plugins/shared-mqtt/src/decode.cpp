// SPDX-License-Identifier: Apache-2.0
#include "packets.hpp"
#include "topic.hpp"

namespace fairlead::mqtt {

namespace {

constexpr Fault kBroken{Reason::Malformed, "the packet is malformed"};
constexpr Fault kZeroId{Reason::ProtocolError, "packet identifier 0"};

Fault malformed(const char* text) noexcept {
    return {Reason::Malformed, text};
}

// Name and level. Levels we do not speak are reported with the level that was asked for.
Fault decodeVersion(Reader& in, Connect& out) noexcept {
    const std::string_view name = textOf(in.binary());
    out.level = in.u8();
    if (in.failed()) {
        return kBroken;
    }
    if (name == "MQTT" && (out.level == 4 || out.level == 5)) {
        out.version = static_cast<Version>(out.level);
        return {};
    }
    if (name == "MQIsdp" && out.level == 3) {
        out.version = Version::V31;
        return {};
    }
    if (name == "MQTT" || name == "MQIsdp") {
        return {Reason::UnsupportedVersion, "protocol version not supported"};
    }
    return malformed("protocol name is not MQTT");
}

Fault decodeConnectFlags(std::uint8_t flags, Connect& out) noexcept {
    out.clean = (flags & 0x02U) != 0;
    out.has_will = (flags & 0x04U) != 0;
    out.will_qos = (flags >> 3) & 3U;
    out.will_retain = (flags & 0x20U) != 0;
    out.has_password = (flags & 0x40U) != 0;
    out.has_username = (flags & 0x80U) != 0;
    if ((flags & 1U) != 0) {
        return malformed("reserved connect flag is set");
    }
    if (out.will_qos == 3 || (!out.has_will && (out.will_qos != 0 || out.will_retain))) {
        return malformed("will flags contradict each other");
    }
    if (out.version != Version::V5 && out.has_password && !out.has_username) {
        return malformed("password without user name");
    }
    return {};
}

Fault decodeWill(Reader& in, Connect& out) noexcept {
    if (out.version == Version::V5) {
        if (const Fault fault = decodeProperties(in, PropertySet::Will, out.will_properties)) {
            return fault;
        }
    }
    out.will_topic = in.string();
    out.will_payload = in.binary();
    if (in.failed()) {
        return kBroken;
    }
    if (!validTopicName(out.will_topic)) {
        return {Reason::TopicNameInvalid, "the will's topic is empty or has a wildcard"};
    }
    return {};
}

Fault decodeConnectPayload(Reader& in, Connect& out) noexcept {
    out.client_id = in.string();
    if (in.failed()) {
        return malformed("client identifier is malformed");
    }
    if (out.has_will) {
        if (const Fault fault = decodeWill(in, out)) {
            return fault;
        }
    }
    if (out.has_username) {
        out.username = in.string();
    }
    if (out.has_password) {
        out.password = in.binary();
    }
    if (in.failed() || !in.atEnd()) {
        return malformed("the CONNECT payload is malformed");
    }
    return {};
}

bool knownAckReason(PacketType type, Reason reason) noexcept {
    if (type == PacketType::Pubrel || type == PacketType::Pubcomp) {
        return reason == Reason::Success || reason == Reason::PacketIdNotFound;
    }
    switch (reason) {
    case Reason::Success:
    case Reason::NoMatchingSubscribers:
    case Reason::Unspecified:
    case Reason::ImplementationSpecific:
    case Reason::NotAuthorized:
    case Reason::TopicNameInvalid:
    case Reason::PacketIdInUse:
    case Reason::QuotaExceeded:
    case Reason::PayloadFormatInvalid:
        return true;
    default:
        return false;
    }
}

Fault checkOptions(Version version, std::uint8_t options) noexcept {
    const std::uint8_t reserved = version == Version::V5 ? 0xC0U : 0xFCU;
    if ((options & reserved) != 0 || (options & 3U) == 3) {
        return malformed("subscription options are malformed");
    }
    if (((options >> 4) & 3U) == 3) {
        return {Reason::ProtocolError, "retain handling 3"};
    }
    return {};
}

} // namespace

HeaderState decodeHeader(Bytes in, FixedHeader& out) noexcept {
    if (in.empty()) {
        return HeaderState::Incomplete;
    }
    const auto type = static_cast<std::uint8_t>(in[0] >> 4);
    out.type = static_cast<PacketType>(type);
    out.flags = in[0] & 0x0FU;
    const bool two = out.type == PacketType::Pubrel || out.type == PacketType::Subscribe ||
                     out.type == PacketType::Unsubscribe;
    if (type == 0 || (out.type != PacketType::Publish && out.flags != (two ? 2 : 0))) {
        return HeaderState::Broken;
    }
    out.remaining = 0;
    for (std::size_t i = 1; i < kFixedHeaderBytesMax; ++i) {
        if (i >= in.size()) {
            return HeaderState::Incomplete;
        }
        out.remaining |= static_cast<std::uint32_t>(in[i] & 0x7FU) << (7 * (i - 1));
        if ((in[i] & 0x80U) == 0) {
            out.bytes = static_cast<std::uint8_t>(i + 1);
            return in[i] == 0 && i > 1 ? HeaderState::Broken : HeaderState::Complete;
        }
    }
    return HeaderState::Broken;
}

Fault decodeConnect(Bytes body, Connect& out) noexcept {
    Reader in(body);
    if (const Fault fault = decodeVersion(in, out)) {
        return fault;
    }
    const std::uint8_t flags = in.u8();
    out.keep_alive = in.u16();
    if (in.failed()) {
        return kBroken;
    }
    if (const Fault fault = decodeConnectFlags(flags, out)) {
        return fault;
    }
    if (out.version == Version::V5) {
        if (const Fault fault = decodeProperties(in, PropertySet::Connect, out.properties)) {
            return fault;
        }
    }
    return decodeConnectPayload(in, out);
}

Fault decodePublish(Version version, std::uint8_t flags, Bytes body, Publish& out) noexcept {
    out.qos = (flags >> 1) & 3U;
    out.duplicate = (flags & 8U) != 0;
    out.retain = (flags & 1U) != 0;
    if (out.qos == 3 || (out.qos == 0 && out.duplicate)) {
        return malformed("PUBLISH flags contradict each other");
    }
    Reader in(body);
    out.topic = in.string();
    if (out.qos > 0) {
        out.packet_id = in.u16();
    }
    if (in.failed()) {
        return kBroken;
    }
    if (out.qos > 0 && out.packet_id == 0) {
        return kZeroId;
    }
    if (version == Version::V5) {
        if (const Fault fault = decodeProperties(in, PropertySet::Publish, out.properties)) {
            return fault;
        }
        if (out.properties.has(Property::SubscriptionId)) {
            return {Reason::ProtocolError, "subscription identifier from a client"};
        }
        if (out.properties.has(Property::ResponseTopic) &&
            !validTopicName(out.properties.response_topic)) {
            return {Reason::ProtocolError, "the response topic is empty or has a wildcard"};
        }
    }
    out.payload = in.rest();
    const bool aliased = out.topic.empty() && out.properties.has(Property::TopicAlias);
    if (!aliased && !validTopicName(out.topic)) {
        return out.topic.empty() ? Fault{Reason::ProtocolError, "PUBLISH without a topic"}
                                 : Fault{Reason::TopicNameInvalid, "wildcard in a topic name"};
    }
    return {};
}

Fault decodeAck(PacketType type, Version version, Bytes body, Ack& out) noexcept {
    Reader in(body);
    out.packet_id = in.u16();
    if (version == Version::V5 && !in.atEnd()) {
        out.reason = static_cast<Reason>(in.u8());
        if (!knownAckReason(type, out.reason)) {
            return {Reason::ProtocolError, "unknown reason code"};
        }
        if (!in.atEnd()) {
            Properties properties;
            if (const Fault fault = decodeProperties(in, PropertySet::Ack, properties)) {
                return fault;
            }
        }
    }
    if (in.failed() || !in.atEnd()) {
        return kBroken;
    }
    return out.packet_id == 0 ? kZeroId : Fault{};
}

Fault decodeFilters(PacketType type, Version version, Bytes body, FilterList& out) noexcept {
    Reader in(body);
    out.packet_id = in.u16();
    out.options_ = type == PacketType::Subscribe;
    if (in.failed()) {
        return kBroken;
    }
    if (version == Version::V5) {
        const PropertySet set = out.options_ ? PropertySet::Subscribe : PropertySet::Unsubscribe;
        if (const Fault fault = decodeProperties(in, set, out.properties)) {
            return fault;
        }
    }
    out.left_ = in.rest();
    if (out.left_.empty()) {
        return {Reason::ProtocolError, "no topic filter"};
    }
    while (!in.atEnd()) {
        (void)in.string();
        if (out.options_) {
            const std::uint8_t options = in.u8();
            if (const Fault fault = checkOptions(version, options); fault && !in.failed()) {
                return fault;
            }
        }
    }
    if (in.failed()) {
        return kBroken;
    }
    return out.packet_id == 0 ? kZeroId : Fault{};
}

std::optional<Filter> FilterList::next() noexcept {
    if (left_.empty()) {
        return std::nullopt;
    }
    Reader in(left_);
    Filter filter;
    filter.text = textOf(in.binary());
    if (options_) {
        filter.options = in.u8();
    }
    left_ = in.rest();
    return filter;
}

Fault decodeDisconnect(Version version, Bytes body, Disconnect& out) noexcept {
    Reader in(body);
    if (version == Version::V5 && !in.atEnd()) {
        out.reason = static_cast<Reason>(in.u8());
        if (!in.atEnd()) {
            if (const Fault fault = decodeProperties(in, PropertySet::Disconnect, out.properties)) {
                return fault;
            }
        }
    }
    return in.failed() || !in.atEnd() ? kBroken : Fault{};
}

} // namespace fairlead::mqtt
