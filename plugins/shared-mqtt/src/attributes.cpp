// SPDX-License-Identifier: Apache-2.0
#include "attributes.hpp"

namespace fairlead::mqtt {

void Attributes::addUserProperties(const Properties& properties) {
    constexpr std::string_view kPrefix = "user.";
    std::size_t bytes = 0;
    forEachUserProperty(properties, [&](std::string_view name, std::string_view) {
        bytes += kPrefix.size() + name.size();
    });
    names_.reserve(bytes); // the names below must not move
    forEachUserProperty(properties, [&](std::string_view name, std::string_view value) {
        const std::size_t start = names_.size();
        names_.append(kPrefix).append(name);
        add(std::string_view(names_).substr(start), value);
    });
}

void Attributes::addPublishProperties(const Properties& properties) {
    if (properties.present == 0) {
        return;
    }
    if (properties.has(Property::ResponseTopic)) {
        add("response_topic", properties.response_topic);
    }
    if (properties.has(Property::CorrelationData)) {
        add("correlation_data", properties.correlation_data);
    }
    if (properties.has(Property::PayloadFormat)) {
        add("payload_format", properties.payload_format == 1 ? "1" : "0");
    }
    if (properties.has(Property::MessageExpiry)) {
        const auto end = std::to_chars(expiry_.data(), expiry_.data() + expiry_.size(),
                                       properties.message_expiry);
        add("message_expiry", {expiry_.data(), static_cast<std::size_t>(end.ptr - expiry_.data())});
    }
    addUserProperties(properties);
}

} // namespace fairlead::mqtt
