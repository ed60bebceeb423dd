// SPDX-License-Identifier: Apache-2.0
#include "component.hpp"

#include "connection.hpp"
#include "schema.hpp"

#include <array>
#include <cstdio>

namespace fairlead::mqtt {

const sdk::NetworkDescription& MqttServer::description() {
    static const sdk::NetworkDescription text{
        "mqtt-server",
        "MQTT",
        "mqtt",
        "mqtts",
        R"({"zh-CN":"MQTT 服务","en":"MQTT server"})",
        R"({"zh-CN":"接受 MQTT 3.1、3.1.1 与 5.0 设备的连接","en":"Accepts devices that speak MQTT 3.1, 3.1.1 or 5.0"})",
        kSchema,
        FL_NETWORK_STREAM | FL_NETWORK_TLS | FL_NETWORK_SHARED | FL_NETWORK_CONNECT};
    return text;
}

MqttServer::MqttServer(sdk::Host host, sdk::NetworkIo, std::string_view config_json)
    : host_(host), settings_(parseSettings(config_json)) {}

std::unique_ptr<sdk::Connection> MqttServer::open(sdk::Conn conn, const sdk::PeerView& peer) {
    return std::make_unique<MqttConnection>(*this, conn, peer.address());
}

std::uint64_t MqttServer::claim(const std::string& client_id) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return owners_[client_id] = ++claims_;
}

bool MqttServer::owns(const std::string& client_id, std::uint64_t claim) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto it = owners_.find(client_id);
    return it != owners_.end() && it->second == claim;
}

void MqttServer::leave(const std::string& client_id, std::uint64_t claim) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto it = owners_.find(client_id);
    if (it != owners_.end() && it->second == claim) {
        owners_.erase(it);
    }
}

std::string MqttServer::assignClientId() {
    // Unique within the component; not a secret, authentication is the protocol's.
    std::array<char, 40> text{};
    const int n = std::snprintf(text.data(), text.size(), "auto-%llx-%llx",
                                static_cast<unsigned long long>(host_.nowNs()),
                                static_cast<unsigned long long>(++assigned_));
    return {text.data(), static_cast<std::size_t>(n)};
}

} // namespace fairlead::mqtt
