// SPDX-License-Identifier: Apache-2.0
#include "mqtt_packet.hpp"

namespace fairlead::bench {
namespace {

void putU16(std::string& out, std::size_t v) {
    out += static_cast<char>(v >> 8 & 0xFF);
    out += static_cast<char>(v & 0xFF);
}

void putText(std::string& out, std::string_view text) {
    putU16(out, text.size());
    out += text;
}

void putHead(std::string& out, PacketType type, unsigned flags, std::size_t length) {
    out += static_cast<char>(static_cast<unsigned>(type) << 4 | flags);
    do {
        const std::size_t digit = length & 0x7F;
        length >>= 7;
        out += static_cast<char>(length > 0 ? digit | 0x80 : digit);
    } while (length > 0);
}

unsigned byteAt(std::string_view s, std::size_t i) noexcept {
    return static_cast<unsigned char>(s[i]);
}

} // namespace

void putConnect(std::string& out, const ConnectPacket& packet) {
    std::string body;
    putText(body, "MQTT");
    body += packet.v5 ? '\5' : '\4';
    const bool login = !packet.username.empty();
    body += static_cast<char>((login ? 0xC0U : 0U) | (packet.clean ? 2U : 0U));
    putU16(body, packet.keep_alive);
    if (packet.v5 && packet.clean) {
        body += '\0';
    } else if (packet.v5) {
        body.append("\x05\x11\x00\x00\x0E\x10", 6); // the session lasts an hour
    }
    putText(body, packet.client_id);
    if (login) {
        putText(body, packet.username);
        putText(body, packet.password);
    }
    putHead(out, PacketType::Connect, 0, body.size());
    out += body;
}

void putPublish(std::string& out, const Publication& packet) {
    const auto qos = static_cast<unsigned>(packet.qos);
    const std::size_t length =
        2 + packet.topic.size() + (qos > 0 ? 2 : 0) + (packet.v5 ? 1 : 0) + packet.payload.size();
    putHead(out, PacketType::Publish, qos << 1 | (packet.duplicate ? 8U : 0U), length);
    putText(out, packet.topic);
    if (qos > 0) {
        putU16(out, packet.id);
    }
    if (packet.v5) {
        out += '\0';
    }
    out += packet.payload;
}

void putAck(std::string& out, PacketType type, std::uint16_t id) {
    putHead(out, type, type == PacketType::Pubrel ? 2 : 0, 2);
    putU16(out, id);
}

void putSubscribe(std::string& out, std::uint16_t id, std::string_view filter, bool v5) {
    putHead(out, PacketType::Subscribe, 2, 2 + 2 + filter.size() + 1 + (v5 ? 1 : 0));
    putU16(out, id);
    if (v5) {
        out += '\0';
    }
    putText(out, filter);
    out += '\0';
}

void putEmpty(std::string& out, PacketType type) {
    putHead(out, type, 0, 0);
}

std::uint16_t Packet::id() const noexcept {
    return body.size() < 2 ? std::uint16_t{0}
                           : static_cast<std::uint16_t>(byteAt(body, 0) << 8 | byteAt(body, 1));
}

std::uint8_t Packet::reason() const noexcept {
    const std::size_t at = type == PacketType::Connack ? 1 : 2;
    return body.size() > at ? static_cast<std::uint8_t>(byteAt(body, at)) : std::uint8_t{0};
}

bool Packet::publication(Publication& out, bool v5) const noexcept {
    if (body.size() < 2) {
        return false;
    }
    std::string_view rest = body;
    const std::size_t n = byteAt(rest, 0) << 8 | byteAt(rest, 1);
    out.qos = flags >> 1 & 3;
    const std::size_t head = 2 + n + (out.qos > 0 ? 2 : 0);
    if (rest.size() < head + (v5 ? 1 : 0)) {
        return false;
    }
    out.topic = rest.substr(2, n);
    out.id = out.qos > 0
                 ? static_cast<std::uint16_t>(byteAt(rest, 2 + n) << 8 | byteAt(rest, 3 + n))
                 : std::uint16_t{0};
    rest.remove_prefix(head);
    if (v5) {
        const std::size_t properties = byteAt(rest, 0); // below 128 in what is measured here
        if (properties >= 0x80 || rest.size() < 1 + properties) {
            return false;
        }
        rest.remove_prefix(1 + properties);
    }
    out.payload = rest;
    return true;
}

bool takePacket(std::string_view& input, Packet& out, bool& broken) noexcept {
    std::size_t length = 0;
    std::size_t at = 1;
    for (unsigned shift = 0;; shift += 7, ++at) {
        if (shift > 21) {
            broken = true;
            return false;
        }
        if (at >= input.size()) {
            return false;
        }
        length |= static_cast<std::size_t>(byteAt(input, at) & 0x7F) << shift;
        if ((byteAt(input, at) & 0x80) == 0) {
            break;
        }
    }
    ++at;
    if (input.size() < at + length) {
        return false;
    }
    out.type = static_cast<PacketType>(byteAt(input, 0) >> 4);
    out.flags = static_cast<std::uint8_t>(byteAt(input, 0) & 15);
    out.body = input.substr(at, length);
    input.remove_prefix(at + length);
    return true;
}

} // namespace fairlead::bench
