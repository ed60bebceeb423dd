// SPDX-License-Identifier: Apache-2.0
#include "fairlead/sdk/protocol.hpp"
#include "fairlead/layout.h"

namespace my {
namespace {

namespace sdk = fairlead::sdk;

/// The device id is the last part of the topic, the payload is the value of "value".
class MyProtocol final : public sdk::Protocol {
public:
    MyProtocol(sdk::Host, std::string_view) {}

    static const sdk::ProtocolDescription& description() {
        static const sdk::ProtocolDescription text =
            sdk::ProtocolDescription("my-protocol", R"({"en":"My protocol","zh-CN":"我的协议"})",
                                     R"({"en":"One value per message","zh-CN":"每条消息一个值"})")
                .transport("MQTT", {{.direction = FL_ROUTE_UP,
                                     .address = "up/{deviceId}",
                                     .group = R"({"en":"Uplink","zh-CN":"上行"})",
                                     .description = R"({"en":"A value","zh-CN":"一个值"})",
                                     .methods = {},
                                     .example = "21.5"}});
        return text;
    }

    sdk::Status identify(const sdk::TransportView& message, sdk::Identity& out) override {
        if (message.isConnect()) {
            out.device_id = message.attribute("client_id").value_or("");
        } else {
            const std::string_view topic = message.address();
            out.device_id = topic.substr(topic.rfind('/') + 1);
        }
        return out.device_id.empty() ? sdk::Status::notFound("no device id") : sdk::Status();
    }

    sdk::Status authenticate(const sdk::TransportView&, const sdk::SessionView&,
                             sdk::ProtocolSink&) override {
        return sdk::Status::unauthorized("decide here who may connect");
    }

    sdk::Status decode(const sdk::TransportView& message, const sdk::SessionView& session,
                       sdk::ProtocolSink& sink) override {
        report_.clear(FL_DEVICE_REPORT_PROPERTY).device(session.deviceId());
        report_.property("value", sdk::string(message.text()));
        return sink.device(report_);
    }

    sdk::Status encode(const sdk::DeviceView&, const sdk::SessionView&,
                       sdk::ProtocolSink&) override {
        return sdk::Status::unsupported("this protocol has no downlink yet");
    }

private:
    sdk::DeviceMessage report_;
};

} // namespace
} // namespace my

FL_PROTOCOL_PLUGIN(my::MyProtocol, "com.example.my-protocol", "0.1.0",
                   R"({"en":"My protocol","zh-CN":"我的协议"})");
