// SPDX-License-Identifier: Apache-2.0
#include "properties.hpp"

#include <array>

namespace fairlead::mqtt {

namespace {

enum class Type : std::uint8_t { None, Byte, Short, Long, Varint, Text, Binary, Pair };

constexpr std::size_t kIds = 0x2B;

constexpr std::array<Type, kIds> makeTypes() {
    std::array<Type, kIds> t{};
    for (const int id : {0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A}) {
        t[static_cast<std::size_t>(id)] = Type::Byte;
    }
    for (const int id : {0x13, 0x21, 0x22, 0x23}) {
        t[static_cast<std::size_t>(id)] = Type::Short;
    }
    for (const int id : {0x02, 0x11, 0x18, 0x27}) {
        t[static_cast<std::size_t>(id)] = Type::Long;
    }
    for (const int id : {0x03, 0x08, 0x12, 0x15, 0x1A, 0x1C, 0x1F}) {
        t[static_cast<std::size_t>(id)] = Type::Text;
    }
    t[0x09] = Type::Binary;
    t[0x16] = Type::Binary;
    t[0x0B] = Type::Varint;
    t[0x26] = Type::Pair;
    return t;
}
constexpr std::array<Type, kIds> kTypes = makeTypes();

constexpr std::uint64_t bits(std::initializer_list<int> ids) {
    std::uint64_t mask = 0;
    for (const int id : ids) {
        mask |= std::uint64_t{1} << static_cast<unsigned>(id);
    }
    return mask;
}

// Indexed by PropertySet; table 2-4 of the specification.
constexpr std::array<std::uint64_t, 9> kAllowed = {
    bits({0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27}),
    bits({0x01, 0x02, 0x03, 0x08, 0x09, 0x18, 0x26}),
    bits({0x11, 0x12, 0x13, 0x15, 0x16, 0x1A, 0x1C, 0x1F, 0x21, 0x22, 0x24, 0x25, 0x26, 0x27, 0x28,
          0x29, 0x2A}),
    bits({0x01, 0x02, 0x03, 0x08, 0x09, 0x0B, 0x23, 0x26}),
    bits({0x1F, 0x26}),
    bits({0x0B, 0x26}),
    bits({0x26}),
    bits({0x11, 0x1C, 0x1F, 0x26}),
    bits({0x15, 0x16, 0x1F, 0x26})};

constexpr Fault kTwice{Reason::ProtocolError, "a property appears twice"};
constexpr Fault kRange{Reason::ProtocolError, "a property has a value out of range"};
constexpr Fault kBroken{Reason::Malformed, "the property list is malformed"};

bool repeatable(std::uint8_t id, PropertySet set) noexcept {
    return id == static_cast<std::uint8_t>(Property::UserProperty) ||
           (id == static_cast<std::uint8_t>(Property::SubscriptionId) &&
            set == PropertySet::Publish);
}

Fault readByte(Reader& in, std::uint8_t id, Properties& out) noexcept {
    const std::uint8_t v = in.u8();
    if (v > 1) {
        return kRange; // every byte property is 0 or 1
    }
    switch (static_cast<Property>(id)) {
    case Property::PayloadFormat:
        out.payload_format = v;
        break;
    case Property::RequestProblem:
        out.request_problem = v;
        break;
    case Property::MaximumQos:
        out.maximum_qos = v;
        break;
    case Property::SharedAvailable:
        out.shared_available = v;
        break;
    default:
        out.flag_value = v;
        break;
    }
    return {};
}

Fault readShort(Reader& in, std::uint8_t id, Properties& out) noexcept {
    const std::uint16_t v = in.u16();
    switch (static_cast<Property>(id)) {
    case Property::ReceiveMaximum:
        out.receive_maximum = v;
        return v == 0 && !in.failed() ? kRange : Fault{};
    case Property::TopicAlias:
        out.topic_alias = v;
        return v == 0 && !in.failed() ? Fault{Reason::TopicAliasInvalid, "topic alias 0"} : Fault{};
    case Property::TopicAliasMaximum:
        out.topic_alias_maximum = v;
        break;
    default:
        out.server_keep_alive = v;
        break;
    }
    return {};
}

Fault readLong(Reader& in, std::uint8_t id, Properties& out) noexcept {
    const std::uint32_t v = in.u32();
    switch (static_cast<Property>(id)) {
    case Property::MessageExpiry:
        out.message_expiry = v;
        break;
    case Property::SessionExpiry:
        out.session_expiry = v;
        break;
    case Property::WillDelay:
        out.will_delay = v;
        break;
    default:
        out.maximum_packet_size = v;
        return v == 0 && !in.failed() ? kRange : Fault{};
    }
    return {};
}

void readText(Reader& in, std::uint8_t id, Properties& out) noexcept {
    const std::string_view v = in.string();
    switch (static_cast<Property>(id)) {
    case Property::ContentType:
        out.content_type = v;
        break;
    case Property::ResponseTopic:
        out.response_topic = v;
        break;
    case Property::AssignedClientId:
        out.assigned_client_id = v;
        break;
    case Property::ReasonString:
        out.reason_string = v;
        break;
    default:
        break; // authentication method, response information, server reference: not used by a
               // server
    }
}

Fault readValue(Reader& in, std::uint8_t id, Properties& out) noexcept {
    switch (kTypes[id]) {
    case Type::Byte:
        return readByte(in, id, out);
    case Type::Short:
        return readShort(in, id, out);
    case Type::Long:
        return readLong(in, id, out);
    case Type::Varint:
        out.subscription_id = in.varint();
        return out.subscription_id == 0 && !in.failed() ? kRange : Fault{};
    case Type::Text:
        readText(in, id, out);
        return {};
    case Type::Binary: {
        const std::string_view v = textOf(in.binary());
        if (static_cast<Property>(id) == Property::CorrelationData) {
            out.correlation_data = v;
        }
        return {};
    }
    default:
        (void)in.string();
        (void)in.string();
        if (++out.user_count > kUserPropertiesMax) {
            return {Reason::QuotaExceeded, "too many user properties"};
        }
        return {};
    }
}

} // namespace

Fault decodeProperties(Reader& in, PropertySet set, Properties& out) noexcept {
    const std::uint32_t length = in.varint();
    out.raw = in.take(length);
    if (in.failed()) {
        return kBroken;
    }
    Reader list(out.raw);
    const std::uint64_t allowed = kAllowed[static_cast<std::size_t>(set)];
    while (!list.atEnd()) {
        // The identifier is a variable byte integer, but every one known fits one byte.
        const std::uint8_t id = list.u8();
        if (id >= kIds || kTypes[id] == Type::None) {
            return {Reason::Malformed, "unknown property"};
        }
        const std::uint64_t bit = std::uint64_t{1} << id;
        if ((allowed & bit) == 0) {
            return {Reason::ProtocolError, "a property does not belong in this packet"};
        }
        if ((out.present & bit) != 0 && !repeatable(id, set)) {
            return kTwice;
        }
        out.present |= bit;
        if (const Fault fault = readValue(list, id, out)) {
            return fault;
        }
        if (list.failed()) {
            return kBroken;
        }
    }
    return {};
}

void skipProperty(Reader& in, std::uint8_t id) noexcept {
    switch (id < kIds ? kTypes[id] : Type::None) {
    case Type::Byte:
        (void)in.u8();
        break;
    case Type::Short:
        (void)in.u16();
        break;
    case Type::Long:
        (void)in.u32();
        break;
    case Type::Varint:
        (void)in.varint();
        break;
    case Type::Text:
    case Type::Binary:
        (void)in.binary();
        break;
    case Type::Pair:
        (void)in.binary();
        (void)in.binary();
        break;
    default:
        in.fail();
        break;
    }
}

} // namespace fairlead::mqtt
