// SPDX-License-Identifier: Apache-2.0
#include "downlink.hpp"

#include "topic.hpp"

#include <algorithm>
#include <charconv>

namespace fairlead::mqtt {

namespace {

constexpr std::size_t kTextMax = 65535;

bool putText(std::string& out, Property id, std::string_view v) {
    if (v.size() > kTextMax) {
        return false;
    }
    putU8(out, static_cast<std::uint8_t>(id));
    putString(out, v);
    return true;
}

bool putUser(std::string& out, std::string_view name, std::string_view value) {
    if (value.size() > kTextMax || !validUtf8(name) || !validUtf8(value)) {
        return false;
    }
    return putText(out, Property::UserProperty, name) && (putString(out, value), true);
}

bool readExpiry(std::string_view text, std::int64_t now_ms, std::int64_t& expires_ms) {
    std::uint32_t seconds = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (end.ec != std::errc() || end.ptr != text.data() + text.size()) {
        return false;
    }
    expires_ms = now_ms + std::int64_t{seconds} * 1000;
    return true;
}

bool putAttribute(std::string_view name, std::string_view value, std::int64_t now_ms,
                  StoredMessage& out) {
    constexpr std::string_view kUser = "user.";
    if (name.substr(0, kUser.size()) == kUser) {
        return putUser(out.properties, name.substr(kUser.size()), value);
    }
    if (name == "response_topic") {
        return validTopicName(value) && validUtf8(value) &&
               putText(out.properties, Property::ResponseTopic, value);
    }
    if (name == "correlation_data") {
        return putText(out.properties, Property::CorrelationData, value);
    }
    if (name == "message_expiry") {
        return readExpiry(value, now_ms, out.expires_ms);
    }
    if (name == "payload_format" && value == "1") {
        putU8(out.properties, static_cast<std::uint8_t>(Property::PayloadFormat));
        putU8(out.properties, 1);
    }
    return true;
}

} // namespace

const char* toStored(const sdk::TransportView& message, std::int64_t now_ms, StoredMessage& out) {
    const std::string_view topic = message.address();
    if (!validTopicName(topic) || topic.size() > kTextMax || !validUtf8(topic)) {
        return "the topic is empty, too long, not UTF-8 or has a wildcard";
    }
    if (message.payload().size() > kRemainingLengthMax) {
        return "the payload is longer than MQTT allows";
    }
    out.topic = topic;
    out.payload = message.text();
    if (!message.contentType().empty() &&
        (!validUtf8(message.contentType()) ||
         !putText(out.properties, Property::ContentType, message.contentType()))) {
        return "the content type is not a valid text";
    }
    for (const fl_attribute& a : message.attributes()) {
        if (!putAttribute(sdk::view(a.name), sdk::view(a.value), now_ms, out)) {
            return "an attribute is too long or not valid";
        }
    }
    return nullptr;
}

void putExpiry(std::string& properties, std::int64_t expires_ms, std::int64_t now_ms) {
    if (expires_ms == 0) {
        return;
    }
    const std::int64_t left = std::max<std::int64_t>((expires_ms - now_ms + 999) / 1000, 1);
    putU8(properties, static_cast<std::uint8_t>(Property::MessageExpiry));
    putU32(properties, static_cast<std::uint32_t>(left));
}

} // namespace fairlead::mqtt
