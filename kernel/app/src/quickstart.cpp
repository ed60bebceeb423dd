// SPDX-License-Identifier: Apache-2.0
#include "quickstart.hpp"

#include "fairlead/device/devices.hpp"
#include "fairlead/device/products.hpp"
#include "fairlead/gateway/gateways.hpp"
#include "fairlead/network/components.hpp"
#include "fairlead/runtime/log.hpp"

#include <string>

namespace fairlead::app {

namespace {

constexpr const char* kProtocol = "jetlinks-v3";
// Ports tried one after another when the usual one is taken.
constexpr int kPortAttempts = 10;

constexpr const char* kThingModel = R"json({
  "properties": [
    {"id": "temperature", "name": "温度 Temperature", "valueType": {"type": "double", "unit": "°C", "scale": 1, "min": -50, "max": 150}, "expands": {"source": "device", "type": ["read", "report"]}},
    {"id": "humidity", "name": "湿度 Humidity", "valueType": {"type": "double", "unit": "%", "scale": 1, "min": 0, "max": 100}, "expands": {"source": "device", "type": ["read", "report"]}},
    {"id": "led", "name": "指示灯 Indicator", "valueType": {"type": "boolean", "trueText": "开 On", "falseText": "关 Off", "trueValue": "true", "falseValue": "false"}, "expands": {"source": "device", "type": ["read", "write", "report"]}}
  ],
  "functions": [
    {"id": "reboot", "name": "重启 Reboot", "async": false, "inputs": [{"id": "delay", "name": "延时 Delay", "valueType": {"type": "int", "unit": "s", "min": 0, "max": 3600}}], "output": {"type": "string"}}
  ],
  "events": [
    {"id": "alarm", "name": "告警 Alarm", "valueType": {"type": "object", "properties": [{"id": "level", "name": "级别 Level", "valueType": {"type": "int"}}]}, "expands": {"level": "urgent"}}
  ],
  "tags": []
})json";

struct Access {
    const char* type;
    const char* scheme;
    const char* name;
    std::uint16_t port;
    const char* settings; ///< of the type, JSON members
};

constexpr Access kMqtt{"mqtt-server", "mqtt", "MQTT", 1883, ""};
constexpr Access kHttp{"http-server", "http", "HTTP", 8800, ""};
constexpr Access kTcp{
    "tcp-server", "tcp", "TCP", 8801,
    R"(,"parserType":"LENGTH_FIELD","parserConfiguration":{"offset":0,"length":4,"little":false})"};

base::Result<network::NetworkComponent> makeComponent(network::Components& components,
                                                      const Access& access, std::uint16_t port) {
    network::NewComponent input;
    input.name = std::string{"示例 Demo "} + access.name;
    input.type = access.type;
    const std::string number = std::to_string(port);
    input.configuration = R"({"host":"0.0.0.0","port":)" + number +
                          R"(,"publicHost":"127.0.0.1","publicPort":)" + number +
                          R"(,"secure":false)" + access.settings + "}";
    return components.create(input);
}

// The component, enabled, on the first port of the row that is free.
base::Result<std::uint16_t> openComponent(network::Components& components, const Access& access,
                                          std::string& id) {
    FL_ASSIGN(const auto component, makeComponent(components, access, access.port));
    id = component.id;
    base::Error last{base::Errc::Failed, "no port was tried"};
    for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
        const auto port = static_cast<std::uint16_t>(access.port + attempt * 10);
        if (attempt > 0) {
            network::ComponentChange change;
            const std::string number = std::to_string(port);
            change.configuration = R"({"port":)" + number + R"(,"publicPort":)" + number + "}";
            FL_TRY(components.change(id, change, 0));
        }
        auto enabled = components.enable(id);
        if (enabled) {
            return port;
        }
        last = enabled.error();
        if (last.kind() != base::Errc::Conflict) {
            break;
        }
    }
    return last;
}

base::Result<std::uint16_t> setUpAccess(QuickstartParts parts, const Access& access) {
    std::string component_id;
    FL_ASSIGN(const std::uint16_t port, openComponent(parts.components, access, component_id));
    gateway::NewGateway input;
    input.name = std::string{"示例 Demo "} + access.name;
    input.provider = std::string{access.type} + "-gateway";
    input.network_component_id = component_id;
    input.protocol_id = kProtocol;
    FL_ASSIGN(const auto gateway, parts.gateways.create(input));
    FL_TRY(parts.gateways.enable(gateway.id));
    return port;
}

base::Status makeDevice(QuickstartParts parts) {
    device::NewProduct product;
    product.id = "demo";
    product.name = "示例产品 Demo product";
    product.description = "由快速开始创建，可以删除。Made by the quickstart; may be deleted.";
    product.protocol_id = kProtocol;
    product.thing_model = kThingModel;
    product.configuration =
        R"({"secureId":"demo","secureKey":"demo-key","bearer_token":"demo-token"})";
    FL_TRY(parts.products.create(product));
    FL_TRY(parts.products.publish(product.id));
    device::NewDevice device;
    device.id = "demo-1";
    device.name = "示例设备 Demo device";
    device.product_id = product.id;
    FL_TRY(parts.devices.create(device));
    FL_TRY(parts.devices.activate(device.id));
    return {};
}

} // namespace

base::Result<Application::QuickstartPorts> setUpQuickstart(QuickstartParts parts) {
    device::ProductQuery any;
    any.page_size = 1;
    FL_ASSIGN(const auto products, parts.products.list(any));
    Application::QuickstartPorts out;
    if (products.total > 0) {
        return out;
    }
    FL_TRY(makeDevice(parts));
    struct Step {
        const Access& access;
        std::uint16_t& port;
    };
    for (const Step& step : {Step{kMqtt, out.mqtt}, Step{kHttp, out.http}, Step{kTcp, out.tcp}}) {
        auto port = setUpAccess(parts, step.access);
        if (port) {
            step.port = *port;
        } else {
            // One access that cannot be had does not spoil the rest.
            runtime::logWarning("quickstart", std::string{"no "} + step.access.name +
                                                  " gateway was set up: " + port.error().message());
        }
    }
    return out;
}

} // namespace fairlead::app
