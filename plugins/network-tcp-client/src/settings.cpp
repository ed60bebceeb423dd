// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include "framing_settings.hpp"

namespace fairlead::tcp_client {

namespace {

using rapidjson::Value;

std::string ownBytes(const Value& object, const char* name) {
    const std::string_view text = tcp::string(object, name, {});
    if (text.empty()) {
        return {};
    }
    auto bytes = tcp::parseBytes(text, kOwnBytesMax);
    if (!bytes) {
        tcp::refuse(std::string(name) + " must be 1 to " + std::to_string(kOwnBytesMax) +
                    " bytes as text with \\r \\n \\t \\0 \\\\ \\xHH, or in hex as 0x0D0A");
    }
    return std::move(*bytes);
}

std::vector<std::string> devicesOf(const Value& object) {
    const Value* targets = tcp::find(object, "targets");
    if (targets == nullptr || !targets->IsArray() || targets->Empty() ||
        targets->Size() > kTargetsMax) {
        tcp::refuse("targets must be a list of 1 to " + std::to_string(kTargetsMax) + " targets");
    }
    std::vector<std::string> devices;
    for (const Value& target : targets->GetArray()) {
        if (!target.IsObject()) {
            tcp::refuse("each of targets must be an object");
        }
        devices.emplace_back(tcp::string(target, "deviceId", {}));
        if (devices.back().size() > kDeviceIdBytesMax) {
            tcp::refuse("deviceId must not be longer than 64 bytes");
        }
    }
    return devices;
}

} // namespace

Settings parseSettings(std::string_view json) {
    const rapidjson::Document doc = tcp::parseObject(json);
    Settings s;
    s.framing = tcp::readFraming(doc);
    s.devices = devicesOf(doc);
    s.first_bytes = ownBytes(doc, "firstBytes");
    s.keep_alive_bytes = ownBytes(doc, "keepAliveBytes");
    s.keep_alive_interval_ms =
        1000 * tcp::integer(doc, "keepAliveInterval", s.keep_alive_interval_ms / 1000, 1, 86'400);
    s.silence_ms = tcp::integer(doc, "keepAliveTimeout", s.silence_ms, 0, 86'400'000);
    return s;
}

} // namespace fairlead::tcp_client
