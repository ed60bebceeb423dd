// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"
#include "downlink.hpp"

#include <algorithm>

namespace fairlead::mqtt_client {

using namespace mqtt;

namespace {

constexpr std::size_t kNone = ~std::size_t{0};

fl_status statusOf(Reason reason) noexcept {
    switch (reason) {
    case Reason::NotAuthorized:
        return FL_E_FORBIDDEN;
    case Reason::QuotaExceeded:
        return FL_E_LIMIT;
    case Reason::TopicNameInvalid:
    case Reason::PayloadFormatInvalid:
        return FL_E_INVALID;
    default:
        return isFailure(reason) ? FL_E_FAILED : FL_OK;
    }
}

} // namespace

sdk::Status MqttClientConnection::send(const sdk::TransportView& message, std::uint64_t token) {
    if (!loggedIn()) {
        return phase_ == Phase::Closed ? sdk::Status(FL_E_CLOSED) : sdk::Status(FL_E_BUSY);
    }
    now_ms_ = client_.host().utcMs();
    StoredMessage stored;
    if (const char* why = toStored(message, now_ms_, stored)) {
        return sdk::Status::invalid(why);
    }
    const int wanted = message.qos() < 0 ? settings().downlink_qos : std::min(message.qos(), 2);
    stored.qos = std::min(static_cast<std::uint8_t>(wanted), maximum_qos_);
    stored.retain = message.has(FL_TRANSPORT_RETAIN);
    if (stored.qos == 0) {
        const PublishHead head{stored.topic, 0, 0, false, stored.retain};
        return writePublish(stored, head) ? sdk::Status(FL_OK)
                                          : sdk::Status::invalid("longer than the broker accepts");
    }
    Outgoing out;
    out.message = std::move(stored);
    out.token = token;
    out.has_token = true;
    const sdk::Status status = enqueue(std::move(out));
    saveIfDirty();
    return status;
}

sdk::Status MqttClientConnection::enqueue(Outgoing out) {
    const std::size_t bytes = out.message.bytes();
    if (queue_.empty() && session_.outgoing.size() < window()) {
        session_.outgoing.push_back(std::move(out));
        if (!transmit(session_.outgoing.back())) {
            session_.outgoing.pop_back();
            return sdk::Status::invalid("longer than the broker accepts");
        }
        dirty_ = true;
        return sdk::Status::pending();
    }
    if (queue_.size() >= kQueueMax || queue_bytes_ + bytes > kQueueBytesMax) {
        return sdk::Status::limit("too many downlinks wait for the broker");
    }
    queue_bytes_ += bytes;
    queue_.push_back(std::move(out));
    return sdk::Status::pending();
}

// Writes a message of QoS 1 or 2. False when the broker does not accept packets of that length.
bool MqttClientConnection::transmit(Outgoing& out) {
    if (out.packet_id == 0) {
        out.packet_id = nextPacketId();
    }
    const StoredMessage& m = out.message;
    if (!writePublish(m, {m.topic, out.packet_id, m.qos, out.duplicate, m.retain})) {
        return false;
    }
    out.state = Outgoing::State::Sent;
    out.duplicate = true; // whenever it is written again
    return true;
}

bool MqttClientConnection::writePublish(const StoredMessage& message, const PublishHead& head) {
    std::string properties;
    if (v5()) {
        properties = message.properties;
        putExpiry(properties, message.expires_ms, now_ms_);
    }
    const std::string packet =
        encodePublishHead(settings().version, head, properties, message.payload.size());
    if (packet.empty() ||
        (broker_packet_max_ != 0 && packet.size() + message.payload.size() > broker_packet_max_)) {
        return false;
    }
    // A refusal of the host means that it closes the connection; the outcome follows from that.
    (void)conn_.write(packet);
    if (!message.payload.empty()) {
        (void)conn_.write(message.payload);
    }
    return true;
}

void MqttClientConnection::pump() {
    while (!queue_.empty() && session_.outgoing.size() < window()) {
        Outgoing out = std::move(queue_.front());
        queue_.pop_front();
        queue_bytes_ -= out.message.bytes();
        const std::uint64_t token = out.token;
        if (isExpired(out.message, now_ms_)) {
            conn_.sent(token, FL_E_TIMEOUT);
            continue;
        }
        session_.outgoing.push_back(std::move(out));
        dirty_ = true;
        if (!transmit(session_.outgoing.back())) {
            session_.outgoing.pop_back();
            conn_.sent(token, FL_E_INVALID);
        }
    }
}

// After a session was resumed: everything unacknowledged again, in its order, [MQTT-4.4.0-1].
void MqttClientConnection::resend() {
    for (std::size_t i = 0; i < session_.outgoing.size();) {
        Outgoing& out = session_.outgoing[i];
        if (out.state == Outgoing::State::Released) {
            (void)conn_.write(
                encodeAck(PacketType::Pubrel, settings().version, out.packet_id, Reason::Success)
                    .view());
        } else if (!transmit(out)) {
            finish(i, FL_E_INVALID);
            continue;
        }
        ++i;
    }
}

void MqttClientConnection::handleAck(PacketType type, Bytes body) {
    Ack ack;
    if (const Fault fault = decodeAck(type, settings().version, body, ack)) {
        fail(fault);
        return;
    }
    if (type == PacketType::Pubrec) {
        handlePubrec(ack);
        return;
    }
    const std::size_t i = findOutgoing(ack.packet_id);
    const bool qos1 = type == PacketType::Puback;
    if (i == kNone || session_.outgoing[i].message.qos != (qos1 ? 1 : 2) ||
        session_.outgoing[i].state != (qos1 ? Outgoing::State::Sent : Outgoing::State::Released)) {
        conn_.report("unexpected_ack", "an acknowledgement for no message on its way");
        return;
    }
    finish(i, statusOf(ack.reason));
    pump();
}

void MqttClientConnection::handlePubrec(const Ack& ack) {
    const std::size_t i = findOutgoing(ack.packet_id);
    const bool known = i != kNone && session_.outgoing[i].message.qos == 2;
    if (isFailure(ack.reason)) {
        if (known) {
            finish(i, statusOf(ack.reason));
            pump();
        }
        return;
    }
    if (known) {
        Outgoing& out = session_.outgoing[i];
        out.state = Outgoing::State::Released;
        std::string().swap(out.message.payload); // the broker has it
        std::string().swap(out.message.properties);
        saveSession(); // no later than PUBREL
    } else {
        conn_.report("unexpected_ack", "PUBREC for no message on its way");
    }
    const Reason reason = known ? Reason::Success : Reason::PacketIdNotFound;
    (void)conn_.write(
        encodeAck(PacketType::Pubrel, settings().version, ack.packet_id, reason).view());
}

void MqttClientConnection::finish(std::size_t index, fl_status status) {
    const Outgoing& out = session_.outgoing[index];
    const std::uint64_t token = out.token;
    const bool has_token = out.has_token;
    session_.outgoing.erase(session_.outgoing.begin() + static_cast<std::ptrdiff_t>(index));
    dirty_ = true;
    if (has_token) {
        conn_.sent(token, status);
    }
}

std::size_t MqttClientConnection::window() const noexcept {
    return std::min(broker_receive_max_, settings().downlink_window);
}

std::size_t MqttClientConnection::findOutgoing(std::uint16_t packet_id) const noexcept {
    for (std::size_t i = 0; i < session_.outgoing.size(); ++i) {
        if (session_.outgoing[i].packet_id == packet_id) {
            return i;
        }
    }
    return kNone;
}

// Free ones exist: the window is far below 65,535. Subscriptions take theirs from here as well.
std::uint16_t MqttClientConnection::nextPacketId() {
    std::uint16_t id = session_.next_id;
    while (id == 0 || id == subscribe_id_ || findOutgoing(id) != kNone) {
        ++id;
    }
    session_.next_id = static_cast<std::uint16_t>(id + 1);
    return id;
}

} // namespace fairlead::mqtt_client
