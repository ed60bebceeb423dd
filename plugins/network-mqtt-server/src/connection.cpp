// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"

#include <algorithm>

namespace fairlead::mqtt {

namespace {

constexpr std::uint32_t kTimer = 0; // log-in limit first, keep-alive afterwards
constexpr std::uint64_t kNsPerMs = 1000000;

Reason reasonOfClose(std::uint32_t reason) noexcept {
    switch (reason) {
    case FL_CLOSE_TAKEN_OVER:
        return Reason::SessionTakenOver;
    case FL_CLOSE_KICKED:
        return Reason::AdministrativeAction;
    case FL_CLOSE_SHUTDOWN:
        return Reason::ServerShuttingDown;
    case FL_CLOSE_TIMEOUT:
        return Reason::KeepAliveTimeout;
    case FL_CLOSE_LIMIT:
        return Reason::QuotaExceeded;
    case FL_CLOSE_UNAUTHORIZED:
        return Reason::NotAuthorized;
    case FL_CLOSE_PROTOCOL:
        return Reason::ProtocolError;
    case FL_CLOSE_LOCAL:
        return Reason::Success;
    default:
        return Reason::Unspecified;
    }
}

} // namespace

MqttConnection::MqttConnection(MqttServer& server, sdk::Conn conn, std::string_view peer)
    : server_(server), conn_(conn), peer_(peer) {
    conn_.setTimer(kTimer, std::uint64_t{settings().connect_timeout} * 1000);
}

sdk::Status MqttConnection::onData(sdk::ByteView in, std::size_t& consumed) {
    now_ms_ = server_.host().utcMs();
    if (collect_until_ == 0) {
        consumed = process(in);
    }
    if (collect_until_ != 0) {
        const std::size_t before = consumed;
        consumed += collect(in.subspan(before));
    }
    saveIfDirty();
    return FL_OK;
}

std::size_t MqttConnection::process(Bytes in) {
    std::size_t used = 0;
    while (phase_ == Phase::AwaitConnect || phase_ == Phase::Connected) {
        const Bytes left = in.subspan(used);
        FixedHeader header;
        const HeaderState state = decodeHeader(left, header);
        if (state == HeaderState::Incomplete) {
            break;
        }
        if (state == HeaderState::Broken) {
            fail({Reason::Malformed, "the fixed header is malformed"});
            break;
        }
        if (!admissible(header)) {
            break;
        }
        if (left.size() < header.total()) {
            if (header.total() > kCollectBytes) {
                collect_until_ = header.total();
            }
            break;
        }
        if (handle(header, left.subspan(header.bytes, header.remaining)) == Step::Wait) {
            break;
        }
        used += header.total();
    }
    if (used > 0) {
        last_packet_ns_ = server_.host().nowNs();
    }
    return phase_ == Phase::Closed ? in.size() : used;
}

// Gathers a long packet, so that the host's buffer may stay small; then goes on with the rest.
std::size_t MqttConnection::collect(Bytes in) {
    const std::size_t n = std::min(collect_until_ - collected_.size(), in.size());
    collected_.append(textOf(in.first(n)));
    if (collected_.size() < collect_until_) {
        return n;
    }
    const std::size_t until = collect_until_;
    collect_until_ = 0;
    if (process(bytesOf(collected_)) == 0) {
        collect_until_ = until; // no room in the store: the packet waits here
        return n;
    }
    std::string().swap(collected_);
    return n + process(in.subspan(n));
}

bool MqttConnection::admissible(const FixedHeader& header) {
    if (phase_ == Phase::AwaitConnect) {
        if (header.type != PacketType::Connect) {
            fail({Reason::ProtocolError, "the first packet is not CONNECT"});
        } else if (header.remaining > kConnectBytesMax) {
            fail({Reason::PacketTooLarge, "CONNECT is too long"}, "packet_too_large");
        }
    } else if (header.total() > settings().max_message_size) {
        fail({Reason::PacketTooLarge, "longer than the component's maximum message size"},
             "packet_too_large");
    }
    return phase_ != Phase::Closed;
}

MqttConnection::Step MqttConnection::handle(const FixedHeader& header, Bytes body) {
    if (phase_ == Phase::AwaitConnect) {
        return handleConnect(body);
    }
    if (header.type == PacketType::Publish) {
        return handlePublish(header, body);
    }
    return handleOther(header, body);
}

MqttConnection::Step MqttConnection::handleOther(const FixedHeader& header, Bytes body) {
    static constexpr std::uint8_t kPingresp[] = {0xD0, 0x00};
    switch (header.type) {
    case PacketType::Puback:
    case PacketType::Pubrec:
    case PacketType::Pubcomp:
        handleAck(header.type, body);
        break;
    case PacketType::Pubrel:
        return handlePubrel(body);
    case PacketType::Subscribe:
        handleSubscribe(body);
        break;
    case PacketType::Unsubscribe:
        handleUnsubscribe(body);
        break;
    case PacketType::Pingreq:
        if (body.empty()) {
            (void)conn_.write(kPingresp);
        } else {
            fail({Reason::Malformed, "PINGREQ with a body"});
        }
        break;
    case PacketType::Disconnect:
        handleDisconnect(body);
        break;
    case PacketType::Connect:
        fail({Reason::ProtocolError, "a second CONNECT"});
        break;
    case PacketType::Auth:
        fail({Reason::ProtocolError, "AUTH without an authentication method"});
        break;
    default:
        fail({Reason::ProtocolError, "a packet that only servers send"});
        break;
    }
    return Step::Done;
}

void MqttConnection::handleDisconnect(Bytes body) {
    Disconnect packet;
    if (const Fault fault = decodeDisconnect(version_, body, packet)) {
        fail(fault);
        return;
    }
    if (packet.properties.has(Property::SessionExpiry)) {
        const std::uint32_t wanted = packet.properties.session_expiry;
        if (expiry_asked_ == 0 && wanted != 0) {
            fail({Reason::ProtocolError, "session expiry was 0 and cannot be raised"});
            return;
        }
        session_.expiry = std::min(wanted, settings().session_expiry_max);
    }
    if (packet.reason == Reason::Success) {
        will_.reset(); // [MQTT-3.14.4-3]
    }
    phase_ = Phase::Closed;
    conn_.close(FL_CLOSE_PEER, {});
}

void MqttConnection::fail(Fault fault, const char* what, std::uint32_t close_reason) {
    if (phase_ == Phase::Closed) {
        return;
    }
    conn_.report(what, fault.text);
    farewell(fault.reason, fault.text);
    phase_ = Phase::Closed;
    conn_.close(close_reason, fault.text);
}

void MqttConnection::farewell(Reason reason, std::string_view text) {
    if (v5() && phase_ == Phase::Connected) {
        std::string packet = encodeDisconnect(reason, text);
        if (client_packet_max_ != 0 && packet.size() > client_packet_max_) {
            packet = encodeDisconnect(reason, {});
        }
        (void)conn_.write(packet);
    }
}

void MqttConnection::startKeepAlive() {
    last_packet_ns_ = server_.host().nowNs();
    conn_.setTimer(kTimer, std::uint64_t{keep_alive_} * 1500);
}

void MqttConnection::onTimer(std::uint32_t) {
    if (phase_ == Phase::AwaitConnect || phase_ == Phase::Authenticating) {
        fail({Reason::KeepAliveTimeout, "no log-in within the time limit"}, "connect_timeout",
             FL_CLOSE_TIMEOUT);
        return;
    }
    if (phase_ != Phase::Connected || keep_alive_ == 0) {
        return;
    }
    const std::uint64_t limit = std::uint64_t{keep_alive_} * 1500; // [MQTT-3.1.2-22]
    const std::uint64_t silent = (server_.host().nowNs() - last_packet_ns_) / kNsPerMs;
    if (silent < limit) {
        conn_.setTimer(kTimer, limit - silent);
        return;
    }
    fail({Reason::KeepAliveTimeout, "silent for one and a half keep-alive times"},
         "keep_alive_timeout", FL_CLOSE_TIMEOUT);
}

void MqttConnection::onShutdown(std::uint32_t reason) {
    if (phase_ == Phase::Authenticating) {
        rejectConnect(Reason::ServerUnavailable, ReturnCode::ServerUnavailable,
                      "the connection is closed by the server", reason);
        return;
    }
    farewell(reasonOfClose(reason), {});
    phase_ = Phase::Closed;
}

void MqttConnection::onClose(std::uint32_t reason) {
    now_ms_ = server_.host().utcMs();
    phase_ = Phase::Closed;
    for (const Outgoing& out : session_.outgoing) {
        if (out.has_token) {
            conn_.sent(out.token, FL_E_CLOSED);
        }
    }
    if (!logged_in_) {
        return;
    }
    publishWill(reason);
    session_.closed_ms = now_ms_;
    if (stored_ || session_.expiry > 0) {
        saveState();
    }
    server_.leave(client_id_, claim_);
}

} // namespace fairlead::mqtt
