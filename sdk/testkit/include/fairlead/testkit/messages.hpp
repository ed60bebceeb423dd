// SPDX-License-Identifier: Apache-2.0
// Owned copies of what crosses the boundary, so that a test can keep and compare it.
#pragma once

#include "fairlead/sdk/message.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::testkit {

/// A value with its text owned.
struct OwnedValue {
    std::uint32_t kind = FL_VALUE_NULL;
    std::int64_t i = 0;
    double d = 0;
    std::string s;

    OwnedValue() = default;
    explicit OwnedValue(const fl_value& v);
    /// For messages and comparisons: null, true, 42, 1.5, "text", <hex>, or the JSON text.
    std::string print() const;
};

struct OwnedProperty {
    std::string id;
    OwnedValue value;
    std::int64_t time_ms = 0;
    std::string state;
};

struct OwnedDeviceMessage {
    std::uint32_t kind = 0;
    std::uint32_t flags = 0;
    std::string device_id;
    std::string parent_id;
    std::string message_id;
    std::int64_t time_ms = 0;
    std::string name;
    OwnedValue data;
    std::string code;
    std::string text;
    std::string headers;
    std::vector<OwnedProperty> properties;

    OwnedDeviceMessage() = default;
    explicit OwnedDeviceMessage(const fl_device_message& m);
    /// The value of a property as print() shows it; "" when there is none of that id.
    std::string property(std::string_view id) const;
};

struct OwnedTransportMessage {
    std::uint32_t kind = FL_TRANSPORT_DATA;
    std::string address;
    std::string method;
    std::string content_type;
    std::string peer;
    std::string payload;
    std::vector<std::pair<std::string, std::string>> attributes;
    int qos = -1;
    std::uint32_t flags = 0;
    int code = 0;
    std::int64_t received_ms = 0;

    OwnedTransportMessage() = default;
    explicit OwnedTransportMessage(const fl_transport_message& m);
    /// First attribute of that name; "" when there is none.
    std::string attribute(std::string_view name) const;
    /// A builder over this object's texts; valid while this object is unchanged.
    sdk::TransportBuilder builder() const;
};

} // namespace fairlead::testkit
