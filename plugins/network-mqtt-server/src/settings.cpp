// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include "fairlead/sdk/base.hpp"

#include <rapidjson/document.h>

#include <limits>

namespace fairlead::mqtt {

namespace {

template <class T>
void readInteger(const rapidjson::Value& object, const char* name, std::uint64_t low, T& out,
                 std::uint64_t high = std::numeric_limits<T>::max()) {
    const auto it = object.FindMember(name);
    if (it == object.MemberEnd() || it->value.IsNull()) {
        return;
    }
    if (!it->value.IsUint64() || it->value.GetUint64() < low || it->value.GetUint64() > high) {
        throw sdk::Failure(FL_E_INVALID, std::string(name) + " must be an integer from " +
                                             std::to_string(low) + " to " + std::to_string(high));
    }
    out = static_cast<T>(it->value.GetUint64());
}

} // namespace

Settings parseSettings(std::string_view json) {
    rapidjson::Document doc;
    doc.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
    if (doc.HasParseError() || !doc.IsObject()) {
        throw sdk::Failure(FL_E_INVALID, "the configuration is not a JSON object");
    }
    Settings s;
    readInteger(doc, "maxMessageSize", 1024, s.max_message_size, 1073741824);
    readInteger(doc, "maxInflight", 1, s.max_inflight);
    readInteger(doc, "downlinkWindow", 1, s.downlink_window, 1024);
    readInteger(doc, "downlinkQos", 0, s.downlink_qos, 2);
    readInteger(doc, "keepAliveMax", 0, s.keep_alive_max);
    readInteger(doc, "sessionExpiryMax", 0, s.session_expiry_max);
    readInteger(doc, "topicAliasMax", 0, s.topic_alias_max, 1000);
    readInteger(doc, "maxRetained", 0, s.max_retained, 256);
    readInteger(doc, "connectTimeout", 1, s.connect_timeout, 120);
    const rapidjson::Value& object = doc;
    const auto it = object.FindMember("deliverUnsubscribed");
    if (it != object.MemberEnd() && !it->value.IsNull()) {
        if (!it->value.IsBool()) {
            throw sdk::Failure(FL_E_INVALID, "deliverUnsubscribed must be true or false");
        }
        s.deliver_unsubscribed = it->value.GetBool();
    }
    return s;
}

} // namespace fairlead::mqtt
