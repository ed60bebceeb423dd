// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"
#include "downlink.hpp"
#include "topic.hpp"

#include <algorithm>

namespace fairlead::mqtt {

namespace {

constexpr std::uint8_t kFailure3 = 0x80;

std::uint8_t codeOf(Version version, Reason reason) noexcept {
    return version == Version::V5 ? static_cast<std::uint8_t>(reason) : kFailure3;
}

} // namespace

// A client only ever gets what its own device's protocol sends it, so any filter may be granted.
void MqttConnection::handleSubscribe(Bytes body) {
    FilterList list;
    if (const Fault fault = decodeFilters(PacketType::Subscribe, version_, body, list)) {
        fail(fault);
        return;
    }
    FilterList again = list;
    const std::uint32_t id = list.properties.subscription_id;
    std::string codes;
    std::vector<Filter> fresh; // whose retained messages are due
    while (const auto filter = list.next()) {
        if (filter->noLocal() && parseFilter(filter->text).shared) {
            fail({Reason::ProtocolError, "no local on a shared subscription"});
            return;
        }
        bool is_new = false;
        const std::uint8_t code = subscribe(*filter, id, is_new);
        putU8(codes, code);
        const bool wanted =
            filter->retainHandling() == 0 || (filter->retainHandling() == 1 && is_new);
        if (code < 0x80 && wanted && !parseFilter(filter->text).shared) {
            fresh.push_back(*filter);
        }
    }
    (void)conn_.write(encodeFilterAck(PacketType::Suback, version_, again.packet_id, codes));
    for (const Filter& filter : fresh) {
        sendRetained(filter.text, filter.qos(), id);
    }
}

// Adds or replaces one subscription; the result is its code in SUBACK.
std::uint8_t MqttConnection::subscribe(const Filter& filter, std::uint32_t id, bool& fresh) {
    if (!parseFilter(filter.text).valid) {
        conn_.report("invalid_filter");
        return codeOf(version_, Reason::TopicFilterInvalid);
    }
    auto& all = session_.subscriptions;
    const auto it = std::find_if(all.begin(), all.end(),
                                 [&](const Subscription& s) { return s.filter == filter.text; });
    fresh = it == all.end();
    if (!fresh) {
        it->id = id;
        it->options = filter.options;
    } else if (all.size() >= kSubscriptionsMax ||
               session_.filterBytes() + filter.text.size() > kFilterBytesMax) {
        conn_.report("subscription_limit");
        return codeOf(version_, Reason::QuotaExceeded);
    } else {
        all.push_back({std::string(filter.text), id, filter.options});
    }
    dirty_ = session_.expiry > 0;
    return filter.qos();
}

void MqttConnection::handleUnsubscribe(Bytes body) {
    FilterList list;
    if (const Fault fault = decodeFilters(PacketType::Unsubscribe, version_, body, list)) {
        fail(fault);
        return;
    }
    std::string codes;
    auto& all = session_.subscriptions;
    while (const auto filter = list.next()) {
        const auto it = std::find_if(all.begin(), all.end(), [&](const Subscription& s) {
            return s.filter == filter->text;
        });
        if (it != all.end()) {
            all.erase(it);
            dirty_ = session_.expiry > 0;
            putU8(codes, 0);
            continue;
        }
        const bool valid = parseFilter(filter->text).valid;
        putU8(codes, static_cast<std::uint8_t>(valid ? Reason::NoSubscriptionExisted
                                                     : Reason::TopicFilterInvalid));
    }
    (void)conn_.write(encodeFilterAck(PacketType::Unsuback, version_, list.packet_id, codes));
}

void MqttConnection::sendRetained(std::string_view filter, std::uint8_t qos, std::uint32_t id) {
    if (settings().max_retained == 0) {
        return;
    }
    std::string ids;
    if (id != 0) {
        putU8(ids, static_cast<std::uint8_t>(Property::SubscriptionId));
        putVarint(ids, id);
    }
    for (StoredMessage& m : loadRetained()) {
        if (!matches(filter, m.topic) || isExpired(m, now_ms_)) {
            continue;
        }
        m.qos = std::min(m.qos, qos);
        m.retain = true;
        if (m.qos > 0) {
            enqueue(std::move(m));
        } else if (!writePublish(m, {m.topic, 0, 0, false, true}, ids)) {
            conn_.report("downlink_too_large", m.topic);
        }
    }
}

std::vector<StoredMessage> MqttConnection::loadRetained() const {
    std::vector<StoredMessage> messages;
    sdk::ByteView blob;
    if (conn_.io().stateGet(retainedKey(), blob) != FL_OK) {
        return messages;
    }
    if (!decodeRetained(blob, messages)) {
        conn_.report("retained_unreadable", "the stored messages were dropped");
        messages.clear();
    }
    return messages;
}

// Keeps the message for this device under its topic; an empty payload removes, section 3.3.1.3.
void MqttConnection::retain(StoredMessage message) {
    if (settings().max_retained == 0) {
        return;
    }
    std::vector<StoredMessage> all = loadRetained();
    all.erase(std::remove_if(all.begin(), all.end(),
                             [&](const StoredMessage& m) {
                                 return m.topic == message.topic || isExpired(m, now_ms_);
                             }),
              all.end());
    if (!message.payload.empty()) {
        message.retain = true;
        all.push_back(std::move(message));
    }
    std::size_t bytes = 0;
    for (const StoredMessage& m : all) {
        bytes += m.bytes();
    }
    if (all.size() > settings().max_retained || bytes > kRetainedBytesMax) {
        conn_.report("retained_limit", "too many or too long retained messages of one device");
        return;
    }
    if (all.empty()) {
        (void)conn_.io().stateRemove(retainedKey());
    } else if (conn_.io().statePut(retainedKey(), sdk::octets(encodeRetained(all))) < 0) {
        conn_.report("retained_not_stored", "the host refused the retained messages");
    }
}

} // namespace fairlead::mqtt
