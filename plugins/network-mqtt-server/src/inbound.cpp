// SPDX-License-Identifier: Apache-2.0
#include "attributes.hpp"
#include "connection.hpp"

#include <algorithm>

namespace fairlead::mqtt {

namespace {

// Would sending the same again fail again? Then MQTT 3 is told "received", as [MQTT-3.3.5-2]
// provides; else it is not answered, and the client sends again when it has reconnected.
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
    case FL_E_UNSUPPORTED:
        return Reason::ImplementationSpecific;
    case FL_E_FORBIDDEN:
    case FL_E_UNAUTHORIZED:
        return Reason::NotAuthorized;
    case FL_E_LIMIT:
    case FL_E_BUSY:
        return Reason::QuotaExceeded;
    default:
        return status < 0 ? Reason::Unspecified : Reason::Success;
    }
}

} // namespace

MqttConnection::Step MqttConnection::handlePublish(const FixedHeader& header, Bytes body) {
    Publish publish;
    if (const Fault fault = decodePublish(version_, header.flags, body, publish)) {
        fail(fault);
        return Step::Done;
    }
    if (v5() && publish.retain && settings().max_retained == 0) {
        fail({Reason::RetainNotSupported, "retained messages are not offered"}, "retain_refused");
        return Step::Done;
    }
    if (publish.properties.has(Property::TopicAlias) && !resolveAlias(publish)) {
        return Step::Done;
    }
    return acceptPublish(publish);
}

bool MqttConnection::resolveAlias(Publish& publish) {
    const std::uint16_t alias = publish.properties.topic_alias;
    if (alias > settings().topic_alias_max) {
        fail({Reason::TopicAliasInvalid, "topic alias above the maximum"});
        return false;
    }
    if (aliases_.size() < alias) {
        aliases_.resize(alias);
    }
    std::string& known = aliases_[alias - 1U];
    if (!publish.topic.empty()) {
        known = publish.topic;
    } else if (known.empty()) {
        fail({Reason::ProtocolError, "topic alias was not set before"});
        return false;
    }
    publish.topic = known;
    return true;
}

bool MqttConnection::admitInbound(const Publish& publish) {
    if (v5() && inbound_ >= settings().max_inflight) {
        fail({Reason::ReceiveMaximumExceeded, "more in flight than the receive maximum"},
             "receive_maximum_exceeded");
        return false;
    }
    if (inbound_ >= kInboundMax || acks_.size() >= kInboundMax) {
        fail({Reason::QuotaExceeded, "too many unacknowledged messages"}, "inflight_limit");
        return false;
    }
    return publish.packet_id != 0;
}

MqttConnection::Step MqttConnection::acceptPublish(const Publish& publish) {
    if (publish.qos == 1) {
        return admitInbound(publish) ? deliverAcknowledged(publish, PacketType::Puback)
                                     : Step::Done;
    }
    if (publish.qos == 2) {
        return acceptQos2(publish);
    }
    const fl_status status = deliverPublish(publish, 0);
    if (status == FL_E_BUSY) {
        return Step::Wait;
    }
    if (status == FL_E_UNAUTHORIZED) {
        fail({Reason::NotAuthorized, "the device may not publish"}, "publish_refused",
             FL_CLOSE_UNAUTHORIZED);
    }
    return Step::Done;
}

MqttConnection::Step MqttConnection::acceptQos2(const Publish& publish) {
    const auto known = findQ2(publish.packet_id);
    if (known == q2_.end()) {
        if (!admitInbound(publish)) {
            return Step::Done;
        }
        holdBlock(publish.packet_id);
        return deliverAcknowledged(publish, PacketType::Pubrec);
    }
    // Sent again on the same connection: no second delivery.
    if (known->state == Q2State::Received && acks_.size() < kInboundMax) {
        acks_.find(acks_.push(PacketType::Pubrec, publish.packet_id))->settled = true;
        flushAcks();
    } else if (known->state == Q2State::Releasing) {
        fail({Reason::PacketIdInUse, "the packet identifier is being released"});
    }
    return Step::Done;
}

MqttConnection::Step MqttConnection::deliverAcknowledged(const Publish& publish, PacketType ack) {
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

fl_status MqttConnection::deliverPublish(const Publish& publish, std::uint64_t token) {
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
    const sdk::Delivery delivery{token, publish.qos > 0, key.view()};
    const fl_status status = conn_.deliver(message, delivery);
    if (publish.retain && status >= 0 && status != FL_DUPLICATE) {
        StoredMessage kept{std::string(publish.topic),
                           {},
                           std::string(textOf(publish.payload)),
                           0,
                           publish.qos,
                           true};
        retain(std::move(kept));
    }
    return status;
}

// The block's mark must be durable no later than the key itself, so it is stored first.
void MqttConnection::holdBlock(std::uint16_t packet_id) {
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
    saveState();
}

MqttConnection::Step MqttConnection::handlePubrel(Bytes body) {
    Ack ack;
    if (const Fault fault = decodeAck(PacketType::Pubrel, version_, body, ack)) {
        fail(fault);
        return Step::Done;
    }
    const auto known = findQ2(ack.packet_id);
    if (known != q2_.end() && known->state != Q2State::Received) {
        if (known->state == Q2State::Storing) {
            fail({Reason::ProtocolError, "PUBREL before PUBREC"});
        }
        return Step::Done; // already releasing: one PUBCOMP answers both
    }
    if (acks_.size() >= kInboundMax) {
        fail({Reason::QuotaExceeded, "too many unacknowledged messages"}, "inflight_limit");
        return Step::Done;
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
        AckQueue::Entry& entry = *acks_.find(number);
        settleRelease(entry, status);
        if (known == q2_.end() && status == FL_OK) {
            entry.reason = Reason::PacketIdNotFound; // nothing was held under it
        }
        flushAcks();
    }
    return Step::Done;
}

void MqttConnection::onComplete(std::uint64_t token, const sdk::Completion& completion) {
    now_ms_ = server_.host().utcMs();
    if (token == kConnectToken) {
        completeConnect(completion.status);
        saveIfDirty();
        return;
    }
    AckQueue::Entry* entry = acks_.find(token);
    if (phase_ != Phase::Connected || entry == nullptr) {
        return;
    }
    if (entry->type == PacketType::Pubcomp) {
        settleRelease(*entry, completion.status);
    } else {
        settle(*entry, completion.status);
    }
    flushAcks();
    saveIfDirty();
}

void MqttConnection::settle(AckQueue::Entry& entry, fl_status status) {
    entry.settled = true;
    entry.reason = reasonOf(status);
    if (status >= 0) {
        return;
    }
    conn_.report("publish_refused");
    if (!v5() && permanent(status)) {
        entry.reason = Reason::Success;
    } else {
        entry.fatal = !v5() || status == FL_E_UNAUTHORIZED;
    }
}

void MqttConnection::settleRelease(AckQueue::Entry& entry, fl_status status) {
    entry.settled = true;
    entry.reason = reasonOf(status);
    entry.fatal = status < 0; // PUBCOMP cannot say so; the client sends PUBREL again
}

void MqttConnection::flushAcks() {
    while (!acks_.empty() && acks_.front().settled && phase_ == Phase::Connected) {
        const AckQueue::Entry entry = acks_.front();
        acks_.pop();
        if (entry.fatal) {
            fail({entry.reason, "the message could not be stored"}, "store_failed",
                 entry.reason == Reason::NotAuthorized ? FL_CLOSE_UNAUTHORIZED : FL_CLOSE_LIMIT);
            return;
        }
        (void)conn_.write(encodeAck(entry.type, version_, entry.packet_id, entry.reason).view());
        afterAck(entry);
    }
}

void MqttConnection::afterAck(const AckQueue::Entry& entry) {
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

std::vector<MqttConnection::Q2>::iterator MqttConnection::findQ2(std::uint16_t packet_id) noexcept {
    const auto it =
        std::lower_bound(q2_.begin(), q2_.end(), packet_id,
                         [](const Q2& q, std::uint16_t id) { return q.packet_id < id; });
    return it != q2_.end() && it->packet_id == packet_id ? it : q2_.end();
}

} // namespace fairlead::mqtt
