// SPDX-License-Identifier: Apache-2.0
#include "component.hpp"

FL_NETWORK_PLUGIN(fairlead::mqtt::MqttServer, "fairlead.network-mqtt-server", "0.1.0",
                  R"({"zh-CN":"MQTT 服务网络组件","en":"MQTT server network component"})");
