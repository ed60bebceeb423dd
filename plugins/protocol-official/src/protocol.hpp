// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "body.hpp"
#include "frame.hpp"
#include "topic.hpp"

#include "fairlead/sdk/protocol.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::official {

/// The JetLinks official protocol, `jetlinks.v3`, on MQTT, HTTP, WebSocket, TCP and UDP.
///
/// One instance per I/O loop; calls never overlap, so parsers and buffers are kept between calls.
/// It holds no state of devices: sequence numbers are in the session's state.
class OfficialProtocol final : public sdk::Protocol {
public:
    /// `config`: `{"timestampWindowSeconds":300}`, how far the time in an MQTT log-in may be off, 0
    /// to 86400; 0 switches the check off. Throws sdk::Failure for anything else.
    OfficialProtocol(sdk::Host host, std::string_view config);

    static const sdk::ProtocolDescription& description();

    sdk::Status identify(const sdk::TransportView& message, sdk::Identity& out) override;
    sdk::Status authenticate(const sdk::TransportView& message, const sdk::SessionView& session,
                             sdk::ProtocolSink& sink) override;
    sdk::Status decode(const sdk::TransportView& message, const sdk::SessionView& session,
                       sdk::ProtocolSink& sink) override;
    sdk::Status encode(const sdk::DeviceView& message, const sdk::SessionView& session,
                       sdk::ProtocolSink& sink) override;

private:
    // Wire form of a binary message: length in front (TCP) or token in front (UDP).
    enum class Binary : std::uint8_t { Tcp, Udp };

    // topics.cpp: MQTT, HTTP, WebSocket
    sdk::Status identifyAddress(const sdk::TransportView& message, sdk::Identity& out);
    sdk::Status authenticateHttp(const sdk::TransportView& message, const sdk::SessionView& session,
                                 sdk::ProtocolSink& sink);
    sdk::Status authenticateSocket(const sdk::TransportView& message,
                                   const sdk::SessionView& session, sdk::ProtocolSink& sink);
    sdk::Status decodeMqtt(const sdk::TransportView& message, const sdk::SessionView& session,
                           sdk::ProtocolSink& sink);
    sdk::Status decodeHttp(const sdk::TransportView& message, const sdk::SessionView& session,
                           sdk::ProtocolSink& sink);
    sdk::Status decodeSocket(const sdk::TransportView& message, const sdk::SessionView& session,
                             sdk::ProtocolSink& sink);
    sdk::Status decodeTopic(const Topic& topic, const sdk::TransportView& message,
                            const sdk::SessionView& session, sdk::ProtocolSink& sink);
    sdk::Status emitBody(std::uint32_t kind, const Topic& target, std::int64_t received_ms,
                         const sdk::SessionView& session, sdk::ProtocolSink& sink);
    sdk::Status unwrapChild(Topic& target, std::uint32_t& kind);
    sdk::Status encodeMqtt(const sdk::DeviceView& message, const sdk::SessionView& session,
                           sdk::ProtocolSink& sink);
    sdk::Status encodeSocket(const sdk::DeviceView& message, const sdk::SessionView& session,
                             sdk::ProtocolSink& sink);

    // frames.cpp: TCP, UDP
    sdk::Status identifyFrame(const sdk::TransportView& message, sdk::Identity& out);
    sdk::Status authenticateTcp(const sdk::TransportView& message, const sdk::SessionView& session,
                                sdk::ProtocolSink& sink);
    sdk::Status decodeTcp(const sdk::TransportView& message, const sdk::SessionView& session,
                          sdk::ProtocolSink& sink);
    sdk::Status checkUdp(const sdk::TransportView& message, const sdk::SessionView& session,
                         sdk::ProtocolSink& sink, ByteReader& body, FrameHead& head);
    sdk::Status decodeUdp(const sdk::TransportView& message, const sdk::SessionView& session,
                          sdk::ProtocolSink& sink);
    sdk::Status decodeFrame(Binary form, std::string_view frame, std::int64_t received_ms,
                            const sdk::SessionView& session, sdk::ProtocolSink& sink);
    sdk::Status decodeOnline(Binary form, const FrameHead& head, ByteReader& in,
                             std::int64_t received_ms, const sdk::SessionView& session,
                             sdk::ProtocolSink& sink);
    sdk::Status ack(Binary form, const FrameHead& head, AckCode code, std::int64_t now_ms,
                    sdk::ProtocolSink& sink);
    sdk::Status encodeFrame(Binary form, const sdk::DeviceView& message,
                            const sdk::SessionView& session, sdk::ProtocolSink& sink);

    std::int64_t nowMs() const noexcept;

    sdk::Host host_;
    std::int64_t window_ms_ = 300'000;
    BodyReader reader_;
    Body body_;
    FrameDecoder frames_;
    std::string out_;
};

/// The message came from a session that another device owns.
sdk::Status foreignDevice(std::string_view named, std::string_view owner);

} // namespace fairlead::official
