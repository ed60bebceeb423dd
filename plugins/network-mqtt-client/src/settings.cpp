// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include "fairlead/sdk/base.hpp"
#include "topic.hpp"

#include <rapidjson/document.h>

#include <limits>

namespace fairlead::mqtt_client {

namespace {

using rapidjson::Value;

[[noreturn]] void refuse(const std::string& text) {
    throw sdk::Failure(FL_E_INVALID, text);
}

const Value* find(const Value& object, const char* name) {
    const auto it = object.FindMember(name);
    return it == object.MemberEnd() || it->value.IsNull() ? nullptr : &it->value;
}

template <class T>
void readInteger(const Value& object, const char* name, std::uint64_t low, T& out,
                 std::uint64_t high = std::numeric_limits<T>::max()) {
    const Value* value = find(object, name);
    if (value == nullptr) {
        return;
    }
    if (!value->IsUint64() || value->GetUint64() < low || value->GetUint64() > high) {
        refuse(std::string(name) + " must be an integer from " + std::to_string(low) + " to " +
               std::to_string(high));
    }
    out = static_cast<T>(value->GetUint64());
}

void readFlag(const Value& object, const char* name, bool& out) {
    const Value* value = find(object, name);
    if (value != nullptr && !value->IsBool()) {
        refuse(std::string(name) + " must be true or false");
    }
    out = value != nullptr ? value->GetBool() : out;
}

std::string textOf(const Value& value, const char* name) {
    if (!value.IsString() || value.GetStringLength() > kTextBytesMax) {
        refuse(std::string(name) + " must be a text of at most " + std::to_string(kTextBytesMax) +
               " bytes");
    }
    return {value.GetString(), value.GetStringLength()};
}

void readText(const Value& object, const char* name, std::string& out) {
    if (const Value* value = find(object, name)) {
        out = textOf(*value, name);
    }
}

std::string prefixOf(std::string text) {
    while (!text.empty() && text.back() == '/') {
        text.pop_back();
    }
    constexpr std::string_view kShare = "$share/";
    const bool share = text.size() > kShare.size() && text.compare(0, kShare.size(), kShare) == 0 &&
                       text.find_first_of("/+#", kShare.size()) == std::string::npos;
    if (!text.empty() && text != "$queue" && !share) {
        refuse("topicPrefix must be $queue or $share/ and the name of a group");
    }
    return text;
}

void readTopics(const Value& object, std::vector<std::string>& out) {
    const Value* topics = find(object, "topics");
    if (topics == nullptr) {
        return;
    }
    if (!topics->IsArray() || topics->Size() > kTopicsMax) {
        refuse("topics must be a list of at most " + std::to_string(kTopicsMax) + " topic filters");
    }
    for (const Value& topic : topics->GetArray()) {
        out.push_back(textOf(topic, "topics"));
        if (!mqtt::parseFilter(out.back()).valid) {
            refuse("\"" + out.back() + "\" is not a topic filter");
        }
    }
}

mqtt::Version versionOf(const Value& object) {
    std::string text = "3.1.1";
    readText(object, "version", text);
    if (text != "3.1.1" && text != "5.0") {
        refuse("version must be 3.1.1 or 5.0");
    }
    return text == "5.0" ? mqtt::Version::V5 : mqtt::Version::V311;
}

} // namespace

Settings parseSettings(std::string_view json) {
    rapidjson::Document doc;
    doc.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
    if (doc.HasParseError() || !doc.IsObject()) {
        refuse("the configuration is not a JSON object");
    }
    Settings s;
    readText(doc, "clientId", s.client_id);
    readText(doc, "username", s.username);
    readText(doc, "password", s.password);
    s.version = versionOf(doc);
    readFlag(doc, "cleanSession", s.clean_session);
    readFlag(doc, "takeRetained", s.take_retained);
    readInteger(doc, "qos", 0, s.qos, 2);
    readInteger(doc, "downlinkQos", 0, s.downlink_qos, 2);
    readInteger(doc, "keepAlive", 0, s.keep_alive);
    readInteger(doc, "downlinkWindow", 1, s.downlink_window, 1024);
    readInteger(doc, "maxInflight", 1, s.max_inflight);
    readInteger(doc, "topicAliasMax", 0, s.topic_alias_max, 1000);
    readInteger(doc, "sessionExpiry", 1, s.session_expiry);
    readInteger(doc, "maxMessageSize", 1024, s.max_message_size, mqtt::kRemainingLengthMax);
    std::string prefix;
    readText(doc, "topicPrefix", prefix);
    s.topic_prefix = prefixOf(std::move(prefix));
    readTopics(doc, s.topics);
    if (s.client_id.empty()) {
        refuse("clientId must not be empty: the broker keeps the session under it");
    }
    if (!s.password.empty() && s.username.empty() && s.version != mqtt::Version::V5) {
        refuse("MQTT 3.1.1 has no password without a user name; give one, or use version 5.0");
    }
    return s;
}

} // namespace fairlead::mqtt_client
