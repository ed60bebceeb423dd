// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"

#include <algorithm>

namespace fairlead::mqtt_client {

using namespace mqtt;

namespace {

constexpr std::uint32_t kTimer = 0; // log-in limit first, keep-alive afterwards
constexpr std::uint32_t kPongTimer = 1;

} // namespace

MqttClientConnection::MqttClientConnection(const MqttClient& client, sdk::Conn conn,
                                           std::string_view peer)
    : client_(client), conn_(conn), peer_(peer) {}

void MqttClientConnection::start() {
    now_ms_ = client_.host().utcMs();
    conn_.setTimer(kTimer, kLogInMs);
    loadSession();
    connect();
}

sdk::Status MqttClientConnection::onData(sdk::ByteView in, std::size_t& consumed) {
    now_ms_ = client_.host().utcMs();
    consumed = process(in);
    saveIfDirty();
    return FL_OK;
}

std::size_t MqttClientConnection::process(Bytes in) {
    std::size_t used = 0;
    while (phase_ != Phase::Closed) {
        const std::size_t skipped = std::min(skip_, in.size() - used);
        skip_ -= skipped;
        used += skipped;
        const Bytes left = in.subspan(used);
        FixedHeader header;
        const HeaderState state = decodeHeader(left, header);
        if (state == HeaderState::Incomplete) {
            break;
        }
        if (state == HeaderState::Broken) {
            fail({Reason::Malformed, "the broker sent a malformed packet"});
            break;
        }
        if (header.total() > settings().max_message_size && phase_ != Phase::Connecting) {
            if (!skipLong(left, header)) {
                break;
            }
            continue;
        }
        if (left.size() < header.total() ||
            handle(header, left.subspan(header.bytes, header.remaining)) == Step::Wait) {
            break;
        }
        used += header.total();
        last_packet_ns_ = client_.host().nowNs();
    }
    return phase_ == Phase::Closed ? in.size() : used;
}

// MQTT 3 brokers are not told our limit. A message above it would come again with every connection
// and stop all others, so it is acknowledged, and counted. False: not enough of it is there.
bool MqttClientConnection::skipLong(Bytes left, const FixedHeader& header) {
    if (header.type != PacketType::Publish || v5()) {
        fail({Reason::PacketTooLarge, "the broker sent a packet above the largest message size"});
        return false;
    }
    const std::uint8_t qos = (header.flags >> 1) & 3U;
    Reader in(left.subspan(header.bytes));
    const Bytes topic = in.binary();
    const std::uint16_t id = qos > 0 ? in.u16() : std::uint16_t{0};
    if (in.failed()) {
        return false;
    }
    conn_.report("message_too_long", textOf(topic));
    if (qos > 0) {
        acknowledgeUnseen(qos, id);
    }
    skip_ = header.total();
    return true;
}

MqttClientConnection::Step MqttClientConnection::handle(const FixedHeader& header, Bytes body) {
    if (phase_ == Phase::Connecting) {
        if (header.type == PacketType::Connack) {
            handleConnack(body);
        } else {
            fail({Reason::ProtocolError, "the broker's first packet is not CONNACK"});
        }
        return Step::Done;
    }
    return header.type == PacketType::Publish ? handlePublish(header, body)
                                              : handleOther(header, body);
}

MqttClientConnection::Step MqttClientConnection::handleOther(const FixedHeader& header,
                                                             Bytes body) {
    switch (header.type) {
    case PacketType::Puback:
    case PacketType::Pubrec:
    case PacketType::Pubcomp:
        handleAck(header.type, body);
        break;
    case PacketType::Pubrel:
        return handlePubrel(body);
    case PacketType::Suback:
        handleSuback(body);
        break;
    case PacketType::Unsuback:
    case PacketType::Pingresp:
        break; // that it came is all that matters
    case PacketType::Disconnect:
        handleDisconnect(body);
        break;
    default:
        fail({Reason::ProtocolError, "the broker sent a packet that only clients send"});
        break;
    }
    return Step::Done;
}

void MqttClientConnection::handleDisconnect(Bytes body) {
    Disconnect packet;
    if (!v5()) {
        fail({Reason::ProtocolError, "the broker sent a packet that only clients send"});
        return;
    }
    if (const Fault fault = decodeDisconnect(Version::V5, body, packet)) {
        fail(fault);
        return;
    }
    std::string text = "The broker ended the session: " + std::string(textOf(packet.reason));
    if (packet.properties.has(Property::ReasonString)) {
        text.append(" (").append(packet.properties.reason_string.substr(0, 160)).append(")");
    }
    end("broker_disconnect", text, FL_CLOSE_PEER);
}

void MqttClientConnection::fail(const Fault& fault) {
    if (v5() && loggedIn()) {
        (void)conn_.write(encodeDisconnect(fault.reason, fault.text));
    }
    end("malformed_packet", fault.text, FL_CLOSE_PROTOCOL);
}

void MqttClientConnection::end(std::string_view what, const std::string& text,
                               std::uint32_t reason) {
    if (phase_ == Phase::Closed) {
        return;
    }
    phase_ = Phase::Closed;
    conn_.report(what, text);
    conn_.close(reason, text);
}

void MqttClientConnection::keepAlive() {
    // A quarter earlier than the broker expects it: the network may be slow, timers coarse.
    conn_.setTimer(kTimer, std::uint64_t{keep_alive_} * 750);
}

void MqttClientConnection::onTimer(std::uint32_t id) {
    static constexpr std::uint8_t kPingreq[] = {0xC0, 0x00};
    if (!loggedIn()) {
        end("login_timeout", "The broker did not answer the log-in within 10 s", FL_CLOSE_TIMEOUT);
        return;
    }
    if (phase_ == Phase::Subscribing && id == kTimer) {
        end("login_timeout", "The broker did not answer the subscription within 10 s",
            FL_CLOSE_TIMEOUT);
        return;
    }
    if (id == kPongTimer) {
        if (last_packet_ns_ <= ping_ns_) {
            end("keep_alive_timeout", "The broker does not answer any more", FL_CLOSE_TIMEOUT);
        }
        return;
    }
    ping_ns_ = client_.host().nowNs();
    (void)conn_.write(kPingreq);
    conn_.setTimer(kPongTimer, kPongMs);
    keepAlive();
}

void MqttClientConnection::onShutdown(std::uint32_t) {
    if (loggedIn()) {
        static constexpr std::uint8_t kDisconnect[] = {0xE0, 0x00};
        (void)conn_.write(kDisconnect);
    }
    phase_ = Phase::Closed;
}

void MqttClientConnection::onClose(std::uint32_t) {
    now_ms_ = client_.host().utcMs();
    phase_ = Phase::Closed;
    for (Outgoing& out : session_.outgoing) {
        if (out.has_token) {
            conn_.sent(out.token, FL_E_CLOSED);
        }
    }
    for (const Outgoing& out : queue_) {
        conn_.sent(out.token, FL_E_CLOSED);
    }
    saveIfDirty();
}

} // namespace fairlead::mqtt_client
