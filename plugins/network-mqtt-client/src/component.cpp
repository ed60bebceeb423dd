// SPDX-License-Identifier: Apache-2.0
#include "component.hpp"

#include "connection.hpp"
#include "schema.hpp"

namespace fairlead::mqtt_client {

const sdk::NetworkDescription& MqttClient::description() {
    static const sdk::NetworkDescription text{
        "mqtt-client",
        "MQTT",
        "mqtt",
        "mqtts",
        R"({"zh-CN":"MQTT 客户端","en":"MQTT client"})",
        R"({"zh-CN":"连接其他 MQTT 服务（3.1.1 与 5.0），接入其上的设备","en":"Connects to another MQTT broker (3.1.1 or 5.0) and takes the devices behind it"})",
        kSchema,
        FL_NETWORK_STREAM | FL_NETWORK_CLIENT | FL_NETWORK_TLS | FL_NETWORK_SHARED |
            FL_NETWORK_CONNECT | FL_NETWORK_RELAY};
    return text;
}

MqttClient::MqttClient(sdk::Host host, sdk::NetworkIo, std::string_view config_json)
    : host_(host), settings_(parseSettings(config_json)) {}

std::unique_ptr<sdk::Connection> MqttClient::open(sdk::Conn conn, const sdk::PeerView& peer) {
    auto connection = std::make_unique<MqttClientConnection>(*this, conn, peer.address());
    connection->start();
    return connection;
}

} // namespace fairlead::mqtt_client
