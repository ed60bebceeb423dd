// SPDX-License-Identifier: Apache-2.0
#include "client_packets.hpp"

namespace fairlead::mqtt {

namespace {

constexpr Fault kMalformed{Reason::Malformed, "the answer is malformed"};

void putProperty(std::string& out, Property id) {
    putU8(out, static_cast<std::uint8_t>(id));
}

std::string connectProperties(const ConnectRequest& request) {
    std::string out;
    if (request.session_expiry != 0) {
        putProperty(out, Property::SessionExpiry);
        putU32(out, request.session_expiry);
    }
    if (request.receive_maximum != 65535) {
        putProperty(out, Property::ReceiveMaximum);
        putU16(out, request.receive_maximum);
    }
    if (request.maximum_packet_size != 0) {
        putProperty(out, Property::MaximumPacketSize);
        putU32(out, request.maximum_packet_size);
    }
    if (request.topic_alias_maximum != 0) {
        putProperty(out, Property::TopicAliasMaximum);
        putU16(out, request.topic_alias_maximum);
    }
    return out;
}

std::string framed(unsigned first, std::string_view body) {
    std::string out;
    out.reserve(body.size() + kFixedHeaderBytesMax);
    putU8(out, static_cast<std::uint8_t>(first));
    putVarint(out, static_cast<std::uint32_t>(body.size()));
    out.append(body);
    return out;
}

} // namespace

std::string encodeConnect(const ConnectRequest& request) {
    std::string body;
    putString(body, "MQTT");
    putU8(body, static_cast<std::uint8_t>(request.version));
    const unsigned flags = (request.clean ? 0x02U : 0U) | (request.has_password ? 0x40U : 0U) |
                           (request.has_username ? 0x80U : 0U);
    putU8(body, static_cast<std::uint8_t>(flags));
    putU16(body, request.keep_alive);
    if (request.version == Version::V5) {
        const std::string properties = connectProperties(request);
        putVarint(body, static_cast<std::uint32_t>(properties.size()));
        body.append(properties);
    }
    putString(body, request.client_id);
    if (request.has_username) {
        putString(body, request.username);
    }
    if (request.has_password) {
        putString(body, request.password);
    }
    return framed(0x10, body);
}

std::string encodeFilters(PacketType type, Version version, std::uint16_t packet_id,
                          std::span<const Filter> filters) {
    std::string body;
    putU16(body, packet_id);
    if (version == Version::V5) {
        putVarint(body, 0);
    }
    for (const Filter& filter : filters) {
        putString(body, filter.text);
        if (type == PacketType::Subscribe) {
            putU8(body, filter.options);
        }
    }
    return framed((static_cast<unsigned>(type) << 4) | 2U, body);
}

Fault decodeConnack(Version version, Bytes body, Connack& out) noexcept {
    Reader in(body);
    const std::uint8_t flags = in.u8();
    const std::uint8_t code = in.u8();
    if (in.failed() || (flags & 0xFEU) != 0) {
        return kMalformed;
    }
    out.session_present = (flags & 1U) != 0;
    out.old = version == Version::V5 && in.atEnd() && code != 0;
    if (version == Version::V5 && !out.old) {
        out.reason = static_cast<Reason>(code);
        if (const Fault fault = decodeProperties(in, PropertySet::Connack, out.properties)) {
            return fault;
        }
    } else {
        out.code = static_cast<ReturnCode>(code);
    }
    const bool refused = out.old || code != 0;
    return !in.atEnd() || (refused && out.session_present) ? kMalformed : Fault{};
}

Fault decodeFilterAck(PacketType type, Version version, Bytes body, FilterAck& out) noexcept {
    Reader in(body);
    out.packet_id = in.u16();
    if (version == Version::V5) {
        Properties properties;
        if (const Fault fault = decodeProperties(in, PropertySet::Ack, properties)) {
            return fault;
        }
    }
    out.codes = in.rest();
    const bool wants_codes = version == Version::V5 || type == PacketType::Suback;
    return in.failed() || out.packet_id == 0 || wants_codes == out.codes.empty() ? kMalformed
                                                                                 : Fault{};
}

std::string_view textOf(ReturnCode code) noexcept {
    switch (code) {
    case ReturnCode::Accepted:
        return "accepted";
    case ReturnCode::UnacceptableVersion:
        return "it does not speak this version of MQTT";
    case ReturnCode::IdentifierRejected:
        return "it does not accept the client identifier";
    case ReturnCode::ServerUnavailable:
        return "it is unavailable";
    case ReturnCode::BadUserNameOrPassword:
        return "user name or password is wrong";
    case ReturnCode::NotAuthorized:
        return "not authorized: user name, password or client identifier is not accepted";
    }
    return "unknown return code";
}

std::string_view textOf(Reason reason) noexcept {
    switch (reason) {
    case Reason::Success:
        return "in order";
    case Reason::Malformed:
        return "malformed packet";
    case Reason::ProtocolError:
        return "protocol error";
    case Reason::UnsupportedVersion:
        return "it does not speak this version of MQTT";
    case Reason::ClientIdInvalid:
        return "it does not accept the client identifier";
    case Reason::BadUserNameOrPassword:
        return "user name or password is wrong";
    case Reason::NotAuthorized:
        return "not authorized: user name, password or client identifier is not accepted";
    case Reason::ServerUnavailable:
        return "it is unavailable";
    case Reason::ServerBusy:
        return "it is busy";
    case Reason::ServerShuttingDown:
        return "it is shutting down";
    case Reason::KeepAliveTimeout:
        return "keep-alive timeout";
    case Reason::SessionTakenOver:
        return "another client with the same client identifier has connected";
    case Reason::TopicFilterInvalid:
        return "it does not accept the topic filter";
    case Reason::ReceiveMaximumExceeded:
        return "receive maximum exceeded";
    case Reason::PacketTooLarge:
        return "packet too large";
    case Reason::QuotaExceeded:
        return "quota exceeded";
    case Reason::AdministrativeAction:
        return "administrative action";
    default:
        return "unspecified error";
    }
}

} // namespace fairlead::mqtt
