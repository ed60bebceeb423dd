// SPDX-License-Identifier: Apache-2.0
#include "attributes.hpp"
#include "connection.hpp"

#include <algorithm>

namespace fairlead::mqtt_client {

using namespace mqtt;

namespace {

// Would the same message be refused again? Then it is acknowledged, so that the broker goes on;
// else the connection ends and the broker sends it again.
bool permanent(fl_status status) noexcept {
    return status == FL_E_MALFORMED || status == FL_E_UNSUPPORTED || status == FL_E_NOT_FOUND ||
           status == FL_E_FORBIDDEN || status == FL_E_INVALID;
}

Reason reasonOf(fl_status status) noexcept {
    switch (status) {
    case FL_E_MALFORMED:
        return Reason::PayloadFormatInvalid;
    case FL_E_NOT_FOUND:
    case FL_E_INVALID:
        return Reason::TopicNameInvalid;
    case FL_E_FORBIDDEN:
        return Reason::NotAuthorized;
    default:
        return status < 0 ? Reason::ImplementationSpecific : Reason::Success;
    }
}

} // namespace

MqttClientConnection::Step MqttClientConnection::handlePublish(const FixedHeader& header,
                                                               Bytes body) {
    Publish publish;
    if (const Fault fault = decodePublish(settings().version, header.flags, body, publish)) {
        fail(fault);
        return Step::Done;
    }
    if (publish.properties.has(Property::TopicAlias) && !resolveAlias(publish)) {
        return Step::Done;
    }
    if (publish.retain && !settings().take_retained) {
        conn_.report("retained_ignored", publish.topic);
        if (publish.qos > 0) {
            acknowledgeUnseen(publish.qos, publish.packet_id);
        }
        return Step::Done;
    }
    return acceptPublish(publish);
}

bool MqttClientConnection::resolveAlias(Publish& publish) {
    const std::uint16_t alias = publish.properties.topic_alias;
    if (alias > settings().topic_alias_max) {
        fail({Reason::TopicAliasInvalid, "the broker used a topic alias above the maximum"});
        return false;
    }
    if (aliases_.size() < alias) {
        aliases_.resize(alias);
    }
    std::string& known = aliases_[alias - 1U];
    if (!publish.topic.empty()) {
        known = publish.topic;
    } else if (known.empty()) {
        fail({Reason::ProtocolError, "the broker used a topic alias that it had not set"});
        return false;
    }
    publish.topic = known;
    return true;
}

MqttClientConnection::Step MqttClientConnection::acceptPublish(const Publish& publish) {
    if (publish.qos == 0) {
        return deliverPublish(publish, 0) == FL_E_BUSY ? Step::Wait : Step::Done;
    }
    if (inbound_ >= kInboundMax || (v5() && inbound_ >= settings().max_inflight)) {
        fail({Reason::ReceiveMaximumExceeded, "the broker has more in flight than it may"});
        return Step::Done;
    }
    return publish.qos == 1 ? deliverAcknowledged(publish, PacketType::Puback)
                            : acceptQos2(publish);
}

MqttClientConnection::Step MqttClientConnection::acceptQos2(const Publish& publish) {
    const auto known = findQ2(publish.packet_id);
    if (known == q2_.end()) {
        holdBlock(publish.packet_id);
        return deliverAcknowledged(publish, PacketType::Pubrec);
    }
    if (known->state == Q2State::Received) {
        acknowledgeUnseen(2, publish.packet_id); // sent again on the same connection
    } else if (known->state == Q2State::Releasing) {
        fail({Reason::PacketIdInUse, "the packet identifier is being released"});
    }
    return Step::Done;
}

MqttClientConnection::Step MqttClientConnection::deliverAcknowledged(const Publish& publish,
                                                                     PacketType ack) {
    const std::uint64_t number = acks_.push(ack, publish.packet_id);
    const fl_status status = deliverPublish(publish, number);
    if (status == FL_E_BUSY) {
        acks_.undo();
        return Step::Wait;
    }
    ++inbound_;
    if (ack == PacketType::Pubrec) {
        const auto place =
            std::lower_bound(q2_.begin(), q2_.end(), publish.packet_id,
                             [](const Q2& q, std::uint16_t id) { return q.packet_id < id; });
        q2_.insert(place, {publish.packet_id, Q2State::Storing});
    }
    if (status != FL_PENDING) {
        settle(*acks_.find(number), status);
        flushAcks();
    }
    return Step::Done;
}

fl_status MqttClientConnection::deliverPublish(const Publish& publish, std::uint64_t token) {
    Attributes attributes;
    attributes.addPublishProperties(publish.properties);
    fl_transport_message message = attributes.message(FL_TRANSPORT_DATA);
    message.address = sdk::str(publish.topic);
    message.content_type = sdk::str(publish.properties.content_type);
    message.peer = sdk::str(peer_);
    message.payload = sdk::bytes(publish.payload);
    message.qos = publish.qos;
    message.flags = (publish.retain ? kRetainFlag : 0U) | (publish.duplicate ? kDuplicateFlag : 0U);
    message.received_ms = now_ms_;
    const OnceKey key = publish.qos == 2 ? OnceKey(publish.packet_id) : OnceKey();
    const fl_status status = conn_.deliver(message, {token, publish.qos > 0, key.view()});
    if (publish.qos == 0 && status < 0 && status != FL_E_BUSY) {
        conn_.report("publish_refused", publish.topic);
    }
    return status;
}

// Acknowledges, in its turn, what is not handed over.
void MqttClientConnection::acknowledgeUnseen(std::uint8_t qos, std::uint16_t packet_id) {
    const PacketType ack = qos == 1 ? PacketType::Puback : PacketType::Pubrec;
    const std::uint64_t number = acks_.push(ack, packet_id);
    acks_.find(number)->settled = true;
    ++inbound_;
    if (ack == PacketType::Pubrec && findQ2(packet_id) == q2_.end()) {
        const auto place =
            std::lower_bound(q2_.begin(), q2_.end(), packet_id,
                             [](const Q2& q, std::uint16_t id) { return q.packet_id < id; });
        q2_.insert(place, {packet_id, Q2State::Storing});
    } else if (ack == PacketType::Pubrec) {
        --inbound_; // it is counted already
    }
    flushAcks();
}

// The block's mark must be durable no later than the key itself, so it is stored first.
void MqttClientConnection::holdBlock(std::uint16_t packet_id) {
    const unsigned block = packet_id / 256U;
    if (session_.holds(block)) {
        return;
    }
    if (held_known_) {
        session_.held_blocks.fill(0);
        for (const Q2& q : q2_) {
            session_.hold(q.packet_id / 256U);
        }
    }
    session_.hold(block);
    saveSession();
}

MqttClientConnection::Step MqttClientConnection::handlePubrel(Bytes body) {
    Ack ack;
    if (const Fault fault = decodeAck(PacketType::Pubrel, settings().version, body, ack)) {
        fail(fault);
        return Step::Done;
    }
    const auto known = findQ2(ack.packet_id);
    if (known != q2_.end() && known->state != Q2State::Received) {
        if (known->state == Q2State::Storing) {
            fail({Reason::ProtocolError, "the broker sent PUBREL before PUBREC"});
        }
        return Step::Done; // already releasing: one PUBCOMP answers both
    }
    const std::uint64_t number = acks_.push(PacketType::Pubcomp, ack.packet_id);
    const fl_status status = conn_.release(OnceKey(ack.packet_id).view(), number);
    if (status == FL_E_BUSY) {
        acks_.undo();
        return Step::Wait;
    }
    if (known != q2_.end()) {
        known->state = Q2State::Releasing;
    }
    if (status != FL_PENDING) {
        settle(*acks_.find(number), status);
        flushAcks();
    }
    return Step::Done;
}

void MqttClientConnection::onComplete(std::uint64_t token, const sdk::Completion& completion) {
    now_ms_ = client_.host().utcMs();
    AckQueue::Entry* entry = acks_.find(token);
    if (!loggedIn() || entry == nullptr) {
        return;
    }
    settle(*entry, completion.status);
    flushAcks();
    saveIfDirty();
}

void MqttClientConnection::settle(AckQueue::Entry& entry, fl_status status) {
    entry.settled = true;
    if (entry.type == PacketType::Pubcomp) {
        entry.fatal = status < 0; // PUBCOMP cannot say so; the broker sends PUBREL again
        return;
    }
    entry.reason = v5() ? reasonOf(status) : Reason::Success;
    entry.fatal = status < 0 && !permanent(status);
    if (status < 0) {
        conn_.report("publish_refused");
    }
}

void MqttClientConnection::flushAcks() {
    while (!acks_.empty() && acks_.front().settled && loggedIn()) {
        const AckQueue::Entry entry = acks_.front();
        acks_.pop();
        if (entry.fatal) {
            end("store_failed", "A message could not be stored; the broker has to send it again",
                FL_CLOSE_LIMIT);
            return;
        }
        (void)conn_.write(
            encodeAck(entry.type, settings().version, entry.packet_id, entry.reason).view());
        afterAck(entry);
    }
}

void MqttClientConnection::afterAck(const AckQueue::Entry& entry) {
    if (entry.type == PacketType::Puback) {
        --inbound_;
        return;
    }
    const auto q2 = findQ2(entry.packet_id);
    if (q2 == q2_.end()) {
        return; // a PUBCOMP for what an earlier connection received
    }
    if (entry.type == PacketType::Pubrec && !isFailure(entry.reason)) {
        q2->state = Q2State::Received;
        return;
    }
    q2_.erase(q2);
    --inbound_;
}

std::vector<MqttClientConnection::Q2>::iterator
MqttClientConnection::findQ2(std::uint16_t packet_id) noexcept {
    const auto it =
        std::lower_bound(q2_.begin(), q2_.end(), packet_id,
                         [](const Q2& q, std::uint16_t id) { return q.packet_id < id; });
    return it != q2_.end() && it->packet_id == packet_id ? it : q2_.end();
}

} // namespace fairlead::mqtt_client
