// SPDX-License-Identifier: Apache-2.0
// Properties of MQTT 5 (section 2.2.2).
#pragma once

#include "wire.hpp"

namespace fairlead::mqtt {

enum class Property : std::uint8_t {
    PayloadFormat = 0x01,
    MessageExpiry = 0x02,
    ContentType = 0x03,
    ResponseTopic = 0x08,
    CorrelationData = 0x09,
    SubscriptionId = 0x0B,
    SessionExpiry = 0x11,
    AssignedClientId = 0x12,
    ServerKeepAlive = 0x13,
    AuthMethod = 0x15,
    AuthData = 0x16,
    RequestProblem = 0x17,
    WillDelay = 0x18,
    RequestResponse = 0x19,
    ResponseInfo = 0x1A,
    ServerReference = 0x1C,
    ReasonString = 0x1F,
    ReceiveMaximum = 0x21,
    TopicAliasMaximum = 0x22,
    TopicAlias = 0x23,
    MaximumQos = 0x24,
    RetainAvailable = 0x25,
    UserProperty = 0x26,
    MaximumPacketSize = 0x27,
    WildcardAvailable = 0x28,
    SubscriptionIdAvailable = 0x29,
    SharedAvailable = 0x2A
};

/// Where a property list stands; decides what may be in it.
enum class PropertySet : std::uint8_t {
    Connect,
    Will,
    Connack,
    Publish,
    Ack, // PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK
    Subscribe,
    Unsubscribe,
    Disconnect,
    Auth
};

/// User properties of one packet; more is refused. The specification sets no bound.
inline constexpr unsigned kUserPropertiesMax = 32;

/// A decoded list. Borrows from the packet. A number or text is meaningful when has() says so.
struct Properties {
    std::uint64_t present = 0;
    std::uint32_t message_expiry = 0;  // seconds
    std::uint32_t session_expiry = 0;  // seconds
    std::uint32_t will_delay = 0;      // seconds
    std::uint32_t subscription_id = 0; // the last one
    std::uint32_t maximum_packet_size = 0;
    std::uint16_t receive_maximum = 0;
    std::uint16_t topic_alias_maximum = 0;
    std::uint16_t topic_alias = 0;
    std::uint16_t server_keep_alive = 0;
    std::uint8_t flag_value = 0; // the byte properties that no rule of ours reads
    std::uint8_t maximum_qos = 2;
    std::uint8_t shared_available = 1;
    std::uint8_t payload_format = 0;
    std::uint8_t request_problem = 1;
    std::uint8_t user_count = 0;
    std::string_view content_type;
    std::string_view response_topic;
    std::string_view correlation_data;
    std::string_view assigned_client_id;
    std::string_view reason_string;
    Bytes raw; // the whole list, for user properties

    bool has(Property p) const noexcept { return (present >> static_cast<unsigned>(p) & 1U) != 0; }
};

/// Reads length and list. Checks types, places, repetitions and ranges.
Fault decodeProperties(Reader& in, PropertySet set, Properties& out) noexcept;

/// Calls f(name, value) for each user property of a list that decodeProperties accepted.
template <class F>
void forEachUserProperty(const Properties& properties, F&& f);

/// Skips the value of property `id`; used by forEachUserProperty.
void skipProperty(Reader& in, std::uint8_t id) noexcept;

template <class F>
void forEachUserProperty(const Properties& properties, F&& f) {
    if (properties.user_count == 0) {
        return;
    }
    Reader in(properties.raw);
    while (!in.atEnd()) {
        const std::uint8_t id = in.u8();
        if (id != static_cast<std::uint8_t>(Property::UserProperty)) {
            skipProperty(in, id);
            continue;
        }
        const std::string_view name = textOf(in.binary());
        f(name, textOf(in.binary()));
    }
}

} // namespace fairlead::mqtt
