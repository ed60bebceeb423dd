// SPDX-License-Identifier: Apache-2.0
#include "fairlead/testkit/messages.hpp"

#include <cstdio>

namespace fairlead::testkit {
namespace {

std::string own(fl_str s) {
    return std::string(sdk::view(s));
}

std::string hex(std::string_view bytes) {
    static const char digits[] = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        const auto b = static_cast<unsigned char>(c);
        out += digits[b >> 4U];
        out += digits[b & 15U];
    }
    return out;
}

} // namespace

OwnedValue::OwnedValue(const fl_value& v) : kind(v.kind), i(v.i), d(v.d), s(own(v.s)) {}

std::string OwnedValue::print() const {
    switch (kind) {
    case FL_VALUE_BOOLEAN:
        return i != 0 ? "true" : "false";
    case FL_VALUE_INTEGER:
        return std::to_string(i);
    case FL_VALUE_DOUBLE: {
        char text[32];
        std::snprintf(text, sizeof(text), "%.12g", d);
        return text;
    }
    case FL_VALUE_STRING:
        return '"' + s + '"';
    case FL_VALUE_BINARY:
        return '<' + hex(s) + '>';
    case FL_VALUE_JSON:
        return s;
    default:
        return "null";
    }
}

OwnedDeviceMessage::OwnedDeviceMessage(const fl_device_message& m)
    : kind(m.kind), flags(m.flags), device_id(own(m.device_id)), parent_id(own(m.parent_id)),
      message_id(own(m.message_id)), time_ms(m.time_ms), name(own(m.name)), data(m.data),
      code(own(m.code)), text(own(m.text)), headers(own(m.headers)) {
    for (const fl_property& p : sdk::DeviceView(m).properties()) {
        properties.push_back({own(p.id), OwnedValue(p.value), p.time_ms, own(p.state)});
    }
}

std::string OwnedDeviceMessage::property(std::string_view id) const {
    for (const OwnedProperty& p : properties) {
        if (p.id == id) {
            return p.value.print();
        }
    }
    return {};
}

OwnedTransportMessage::OwnedTransportMessage(const fl_transport_message& m)
    : kind(m.kind), address(own(m.address)), method(own(m.method)),
      content_type(own(m.content_type)), peer(own(m.peer)), payload(sdk::text(m.payload)),
      qos(m.qos), flags(m.flags), code(m.code), received_ms(m.received_ms) {
    for (const fl_attribute& a : sdk::TransportView(m).attributes()) {
        attributes.emplace_back(own(a.name), own(a.value));
    }
}

std::string OwnedTransportMessage::attribute(std::string_view name) const {
    for (const auto& [key, value] : attributes) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

sdk::TransportBuilder OwnedTransportMessage::builder() const {
    sdk::TransportBuilder out(kind);
    out.address(address).method(method).contentType(content_type).peer(peer);
    out.payload(std::string_view(payload)).qos(qos).flags(flags).code(code);
    out.receivedMs(received_ms);
    for (const auto& [key, value] : attributes) {
        out.attribute(key, value);
    }
    return out;
}

} // namespace fairlead::testkit
