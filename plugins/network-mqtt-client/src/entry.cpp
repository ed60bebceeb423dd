// SPDX-License-Identifier: Apache-2.0
#include "component.hpp"

FL_NETWORK_PLUGIN(fairlead::mqtt_client::MqttClient, "fairlead.network-mqtt-client", "0.1.0",
                  R"({"zh-CN":"MQTT 客户端网络组件","en":"MQTT client network component"})");
