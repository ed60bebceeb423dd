// SPDX-License-Identifier: Apache-2.0
#include "protocol.hpp"

#include "credentials.hpp"
#include "text.hpp"

#include <rapidjson/document.h>

namespace fairlead::official {
namespace {

using sdk::Status;

constexpr std::int64_t kWindowSecondsMax = 86400;

std::int64_t parseWindow(std::string_view config) {
    rapidjson::Document document;
    document.Parse<rapidjson::kParseIterativeFlag>(config.data(), config.size());
    if (config.empty() || document.HasParseError() || !document.IsObject()) {
        throw sdk::Failure(FL_E_INVALID, "the configuration of the official protocol is not a JSON "
                                         "object");
    }
    std::int64_t seconds = 300;
    auto it = document.MemberBegin();
    for (rapidjson::SizeType i = 0; i < document.MemberCount(); ++i, ++it) {
        const std::string_view key(it->name.GetString(), it->name.GetStringLength());
        if (key != "timestampWindowSeconds") {
            throw sdk::Failure(FL_E_INVALID, quote("the official protocol has no setting", key));
        }
        if (!it->value.IsInt64() || it->value.GetInt64() < 0 ||
            it->value.GetInt64() > kWindowSecondsMax) {
            throw sdk::Failure(FL_E_INVALID,
                               "timestampWindowSeconds is not a whole number from 0 to 86400");
        }
        seconds = it->value.GetInt64();
    }
    return seconds * 1000;
}

} // namespace

Status foreignDevice(std::string_view named, std::string_view owner) {
    return {FL_E_FORBIDDEN,
            quote("the message is of device", named) + quote(", but the session of", owner)};
}

OfficialProtocol::OfficialProtocol(sdk::Host host, std::string_view config)
    : host_(host), window_ms_(parseWindow(config)) {}

std::int64_t OfficialProtocol::nowMs() const noexcept {
    return host_.raw() == nullptr ? 0 : host_.utcMs();
}

// The transport is not named here, but each shows itself: MQTT by its client id, HTTP and WebSocket
// by a path, TCP and UDP by having neither.
Status OfficialProtocol::identify(const sdk::TransportView& message, sdk::Identity& out) {
    const auto client = message.attribute("client_id");
    if (message.isConnect() && client && !client->empty()) {
        if (!isId(*client)) {
            return Status::notFound(quote("no device can have the client id", *client));
        }
        out.device_id = *client;
        return {};
    }
    return message.address().empty() ? identifyFrame(message, out) : identifyAddress(message, out);
}

Status OfficialProtocol::authenticate(const sdk::TransportView& message,
                                      const sdk::SessionView& session, sdk::ProtocolSink& sink) {
    const std::string_view transport = session.transport();
    if (transport == "MQTT") {
        const std::int64_t now_ms = message.receivedMs() > 0 ? message.receivedMs() : nowMs();
        return checkMqtt(message, session, window_ms_, now_ms);
    }
    if (transport == "HTTP") {
        return authenticateHttp(message, session, sink);
    }
    if (transport == "WebSocket") {
        return authenticateSocket(message, session, sink);
    }
    if (transport == "TCP") {
        return authenticateTcp(message, session, sink);
    }
    if (transport == "UDP") {
        ByteReader body({});
        FrameHead head;
        return checkUdp(message, session, sink, body, head);
    }
    return Status::unsupported(quote("the official protocol does not speak", transport));
}

Status OfficialProtocol::decode(const sdk::TransportView& message, const sdk::SessionView& session,
                                sdk::ProtocolSink& sink) {
    const std::string_view transport = session.transport();
    if (transport == "MQTT") {
        return decodeMqtt(message, session, sink);
    }
    if (transport == "HTTP") {
        return decodeHttp(message, session, sink);
    }
    if (transport == "WebSocket") {
        return decodeSocket(message, session, sink);
    }
    if (transport == "TCP") {
        return decodeTcp(message, session, sink);
    }
    if (transport == "UDP") {
        return decodeUdp(message, session, sink);
    }
    return Status::unsupported(quote("the official protocol does not speak", transport));
}

Status OfficialProtocol::encode(const sdk::DeviceView& message, const sdk::SessionView& session,
                                sdk::ProtocolSink& sink) {
    const std::string_view transport = session.transport();
    const bool connected = transport != "HTTP";
    if (message.kind() == FL_DEVICE_DISCONNECT && connected) {
        // Nothing is said to the device; children share their gateway's connection and have none.
        return message.deviceId() == session.deviceId()
                   ? Status(sink.close("disconnected by the platform"))
                   : Status::unsupported("a child device has no connection of its own");
    }
    if (transport == "MQTT") {
        return encodeMqtt(message, session, sink);
    }
    if (transport == "WebSocket") {
        return encodeSocket(message, session, sink);
    }
    if (transport == "TCP") {
        return encodeFrame(Binary::Tcp, message, session, sink);
    }
    if (transport == "UDP") {
        return encodeFrame(Binary::Udp, message, session, sink);
    }
    return Status::unsupported(quote("the official protocol sends nothing over", transport));
}

} // namespace fairlead::official
