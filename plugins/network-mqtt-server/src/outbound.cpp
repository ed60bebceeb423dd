// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"
#include "downlink.hpp"
#include "topic.hpp"

#include <algorithm>

namespace fairlead::mqtt {

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

sdk::Status MqttConnection::send(const sdk::TransportView& message, std::uint64_t token) {
    if (phase_ != Phase::Connected) {
        return phase_ == Phase::Closed ? sdk::Status(FL_E_CLOSED) : sdk::Status(FL_E_BUSY);
    }
    now_ms_ = server_.host().utcMs();
    StoredMessage stored;
    if (const char* why = toStored(message, now_ms_, stored)) {
        return sdk::Status::invalid(why);
    }
    if (message.has(FL_TRANSPORT_RETAIN)) {
        retain(stored);
    }
    const Grant grant = session_.grantFor(stored.topic);
    if (!grant.covered && !settings().deliver_unsubscribed) {
        return sdk::Status::notFound("the device has not subscribed to " + stored.topic);
    }
    const int wanted = message.qos() < 0 ? settings().downlink_qos : std::min(message.qos(), 2);
    stored.qos = grant.covered ? static_cast<std::uint8_t>(std::min<int>(wanted, grant.qos)) : 0;
    stored.retain = message.has(FL_TRANSPORT_RETAIN) && grant.retain_as_published;
    if (stored.qos == 0) {
        const PublishHead head{stored.topic, 0, 0, false, stored.retain};
        return writePublish(stored, head, grant.ids)
                   ? sdk::Status(FL_OK)
                   : sdk::Status::invalid("longer than the client accepts");
    }
    if (inFlight() >= window() || inFlight() < session_.outgoing.size()) {
        return sdk::Status::limit("the window of unacknowledged downlinks is full");
    }
    Outgoing out;
    out.message = std::move(stored);
    out.token = token;
    out.has_token = true;
    session_.outgoing.push_back(std::move(out));
    if (!transmit(session_.outgoing.back())) {
        session_.outgoing.pop_back();
        return sdk::Status::invalid("longer than the client accepts");
    }
    dirty_ = session_.expiry > 0;
    saveIfDirty();
    return sdk::Status::pending();
}

// Writes a message of QoS 1 or 2. False when the client does not accept packets of that length.
bool MqttConnection::transmit(Outgoing& out) {
    if (out.packet_id == 0) {
        out.packet_id = nextPacketId();
    }
    const StoredMessage& m = out.message;
    const PublishHead head{m.topic, out.packet_id, m.qos, out.duplicate, m.retain};
    const Grant grant = session_.grantFor(m.topic);
    if (!writePublish(m, head, grant.ids)) {
        return false;
    }
    out.state = Outgoing::State::Sent;
    out.duplicate = true; // whenever it is written again
    return true;
}

bool MqttConnection::writePublish(const StoredMessage& message, const PublishHead& head,
                                  const std::string& subscription_ids) {
    std::string properties;
    if (v5()) {
        properties = message.properties + subscription_ids;
        putExpiry(properties, message.expires_ms, now_ms_);
    }
    const std::string packet =
        encodePublishHead(version_, head, properties, message.payload.size());
    if (packet.empty() ||
        (client_packet_max_ != 0 && packet.size() + message.payload.size() > client_packet_max_)) {
        return false;
    }
    // A refusal of the host means that it closes the connection; the outcome follows from that.
    (void)conn_.write(packet);
    if (!message.payload.empty()) {
        (void)conn_.write(message.payload);
    }
    return true;
}

// For messages nobody waits for (retained ones): they queue up behind the window.
void MqttConnection::enqueue(StoredMessage message) {
    std::size_t queued = message.bytes();
    for (const Outgoing& o : session_.outgoing) {
        queued += o.state == Outgoing::State::Queued ? o.message.bytes() : 0;
    }
    if (queued > kQueuedBytesMax) {
        conn_.report("downlink_queue_full", message.topic);
        return;
    }
    Outgoing out;
    out.message = std::move(message);
    session_.outgoing.push_back(std::move(out));
    dirty_ = session_.expiry > 0;
    pump();
}

void MqttConnection::pump() {
    std::size_t i = 0;
    while (i < session_.outgoing.size() && inFlight() < window()) {
        Outgoing& out = session_.outgoing[i];
        fl_status failed = FL_OK;
        if (out.state == Outgoing::State::Queued && isExpired(out.message, now_ms_)) {
            failed = FL_E_TIMEOUT;
        } else if (out.state == Outgoing::State::Queued && !transmit(out)) {
            conn_.report("downlink_too_large", out.message.topic);
            failed = FL_E_INVALID;
        }
        if (failed < 0) {
            finish(i, failed);
        } else {
            ++i;
        }
    }
}

// After a session was resumed: everything unacknowledged again, in its order, [MQTT-4.4.0-1].
void MqttConnection::resend() {
    for (Outgoing& out : session_.outgoing) {
        if (out.state == Outgoing::State::Released) {
            (void)conn_.write(
                encodeAck(PacketType::Pubrel, version_, out.packet_id, Reason::Success).view());
        } else {
            out.state = Outgoing::State::Queued;
        }
    }
    pump();
}

void MqttConnection::handleAck(PacketType type, Bytes body) {
    Ack ack;
    if (const Fault fault = decodeAck(type, version_, body, ack)) {
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

void MqttConnection::handlePubrec(const Ack& ack) {
    const std::size_t i = findOutgoing(ack.packet_id);
    const bool known = i != kNone && session_.outgoing[i].message.qos == 2 &&
                       session_.outgoing[i].state != Outgoing::State::Queued;
    if (known && isFailure(ack.reason)) {
        finish(i, statusOf(ack.reason));
        pump();
        return;
    }
    if (isFailure(ack.reason)) {
        return;
    }
    if (known) {
        Outgoing& out = session_.outgoing[i];
        out.state = Outgoing::State::Released;
        std::string().swap(out.message.payload); // the client has it
        std::string().swap(out.message.properties);
        dirty_ = session_.expiry > 0;
        saveIfDirty(); // no later than PUBREL
    } else {
        conn_.report("unexpected_ack", "PUBREC for no message on its way");
    }
    const Reason reason = known ? Reason::Success : Reason::PacketIdNotFound;
    (void)conn_.write(encodeAck(PacketType::Pubrel, version_, ack.packet_id, reason).view());
}

void MqttConnection::finish(std::size_t index, fl_status status) {
    const Outgoing& out = session_.outgoing[index];
    const std::uint64_t token = out.token;
    const bool has_token = out.has_token;
    session_.outgoing.erase(session_.outgoing.begin() + static_cast<std::ptrdiff_t>(index));
    dirty_ = dirty_ || session_.expiry > 0;
    if (has_token) {
        conn_.sent(token, status);
    }
}

std::size_t MqttConnection::window() const noexcept {
    return std::min(client_receive_max_, settings().downlink_window);
}

std::size_t MqttConnection::inFlight() const noexcept {
    return static_cast<std::size_t>(
        std::count_if(session_.outgoing.begin(), session_.outgoing.end(),
                      [](const Outgoing& o) { return o.state != Outgoing::State::Queued; }));
}

std::size_t MqttConnection::findOutgoing(std::uint16_t packet_id) const noexcept {
    for (std::size_t i = 0; i < session_.outgoing.size(); ++i) {
        if (session_.outgoing[i].packet_id == packet_id) {
            return i;
        }
    }
    return kNone;
}

// Free ones exist: the window is far below 65,535.
std::uint16_t MqttConnection::nextPacketId() {
    std::uint16_t id = session_.next_id;
    while (id == 0 || findOutgoing(id) != kNone) {
        ++id;
    }
    session_.next_id = static_cast<std::uint16_t>(id + 1);
    return id;
}

} // namespace fairlead::mqtt
