// SPDX-License-Identifier: Apache-2.0
// TCP and UDP: the binary layout.
#include "protocol.hpp"

#include "credentials.hpp"
#include "json_message.hpp"
#include "limits.hpp"
#include "text.hpp"

namespace fairlead::official {
namespace {

using sdk::Status;

// Puts `token` in front of a datagram's message: u8 kind of authentication, string token.
std::string withToken(std::string_view token, std::string_view message) {
    std::string out;
    ByteWriter writer(out);
    writer.u8(0);
    if (!writer.string(token.substr(0, kBinaryCountMax)).ok()) {
        return {};
    }
    out += message;
    return out;
}

Status send(sdk::ProtocolSink& sink, std::string_view bytes, std::uint32_t when) {
    sdk::TransportBuilder message;
    message.payload(bytes);
    return sink.reply(message, when);
}

// The first message that is not a keepalive; false when all are, or one is broken.
bool firstHead(std::string_view payload, FrameHead& head, ByteReader& body) {
    for (unsigned i = 0; i < kFramesMax && !payload.empty(); ++i) {
        std::string_view message;
        if (!nextFrame(payload, message).ok()) {
            return false;
        }
        ByteReader in(message);
        if (!readHead(in, head).ok()) {
            return false;
        }
        if (head.type != FrameType::Keepalive) {
            body = in;
            return true;
        }
    }
    return false;
}

} // namespace

// A datagram never reads as a chain of frames as well: its first four bytes, taken as a length,
// would have to fit exactly and valid heads with ids to follow.
Status OfficialProtocol::identifyFrame(const sdk::TransportView& message, sdk::Identity& out) {
    FrameHead head;
    ByteReader body({});
    if (!firstHead(message.text(), head, body) || head.device.empty()) {
        ByteReader in(message.text());
        const bool token = in.u8() == 0;
        in.string();
        if (!token || !in.ok() || !readHead(in, head).ok() || head.device.empty()) {
            return Status::notFound("the frame names no device");
        }
    }
    out.device_id = head.device;
    return {};
}

Status OfficialProtocol::ack(Binary form, const FrameHead& head, AckCode code, std::int64_t now_ms,
                             sdk::ProtocolSink& sink) {
    std::string message;
    writeAck(head, code, now_ms, message);
    const bool commit = form == Binary::Udp && code == AckCode::Ok;
    return send(sink, form == Binary::Tcp ? withLength(message) : withToken({}, message),
                commit ? FL_REPLY_AFTER_COMMIT : FL_REPLY_NOW);
}

Status OfficialProtocol::authenticateTcp(const sdk::TransportView& message,
                                         const sdk::SessionView& session, sdk::ProtocolSink& sink) {
    FrameHead head;
    ByteReader body({});
    if (!firstHead(message.text(), head, body)) {
        return Status::malformed("the first frame is not a log-in");
    }
    if (head.type != FrameType::Online) {
        static_cast<void>(ack(Binary::Tcp, head, AckCode::NoAuth, message.receivedMs(), sink));
        return Status::unauthorized("the first message is not the online message");
    }
    const std::string_view token = body.string();
    const bool named = head.device.empty() || head.device == session.deviceId();
    if (!body.ok() || !named || !tokenMatches(token, session, "secureKey")) {
        static_cast<void>(ack(Binary::Tcp, head, AckCode::NoAuth, message.receivedMs(), sink));
        sink.close("wrong token");
        return Status::unauthorized("the token is wrong, or the device has no secureKey");
    }
    return {}; // decode sees the online message too and acknowledges it
}

Status OfficialProtocol::decodeOnline(Binary form, const FrameHead& head, ByteReader& in,
                                      std::int64_t received_ms, const sdk::SessionView& session,
                                      sdk::ProtocolSink& sink) {
    // A datagram has shown its token already; there the online message need not repeat it.
    if (form == Binary::Tcp && !tokenMatches(in.string(), session, "secureKey")) {
        static_cast<void>(ack(form, head, AckCode::NoAuth, received_ms, sink));
        sink.close("wrong token");
        return Status::unauthorized("the token of the online message is wrong");
    }
    sdk::DeviceMessage online(FL_DEVICE_ONLINE);
    online.device(session.deviceId()).timeMs(head.time_ms > 0 ? head.time_ms : received_ms);
    Status status = sink.device(online);
    return status.ok() && form == Binary::Tcp ? ack(form, head, AckCode::Ok, received_ms, sink)
                                              : status;
}

// One message without its length or token.
Status OfficialProtocol::decodeFrame(Binary form, std::string_view frame, std::int64_t received_ms,
                                     const sdk::SessionView& session, sdk::ProtocolSink& sink) {
    ByteReader in(frame);
    FrameHead head;
    Status status = readHead(in, head);
    if (!status.ok()) {
        return status;
    }
    if (head.type == FrameType::Keepalive) {
        sdk::DeviceMessage keepalive(FL_DEVICE_KEEPALIVE);
        keepalive.device(session.deviceId()).timeMs(received_ms);
        return sink.device(keepalive);
    }
    if (!head.device.empty() && head.device != session.deviceId()) {
        static_cast<void>(ack(form, head, AckCode::NoAuth, received_ms, sink));
        return foreignDevice(head.device, session.deviceId());
    }
    if (head.type == FrameType::Online) {
        return decodeOnline(form, head, in, received_ms, session, sink);
    }
    fl_device_message message{};
    const SeqMap known(session.state());
    status = frames_.read(head, in, known, message);
    if (status.code() == FL_E_UNSUPPORTED) {
        return ack(form, head, AckCode::Unsupported, received_ms, sink);
    }
    if (!status.ok()) {
        return status;
    }
    message.device_id = sdk::str(session.deviceId());
    message.time_ms = message.time_ms > 0 ? message.time_ms : received_ms;
    return sink.device(message);
}

Status OfficialProtocol::decodeTcp(const sdk::TransportView& message,
                                   const sdk::SessionView& session, sdk::ProtocolSink& sink) {
    std::string_view rest = message.text();
    for (unsigned frames = 0; !rest.empty(); ++frames) {
        if (frames == kFramesMax) {
            return Status::limit("more than 64 frames in one piece; set the length-field framing "
                                 "rule on the network component");
        }
        std::string_view frame;
        Status status = nextFrame(rest, frame);
        if (status.ok()) {
            status = decodeFrame(Binary::Tcp, frame, message.receivedMs(), session, sink);
        }
        if (!status.ok()) {
            return status;
        }
    }
    return {};
}

// Takes a datagram's token off, compares it and reads the head; leaves `body` behind the token.
Status OfficialProtocol::checkUdp(const sdk::TransportView& message,
                                  const sdk::SessionView& session, sdk::ProtocolSink& sink,
                                  ByteReader& body, FrameHead& head) {
    ByteReader in(message.text());
    const unsigned kind = in.u8();
    const std::string_view token = in.string();
    ByteReader peek = in;
    Status status = readHead(peek, head);
    if (!status.ok()) {
        return status;
    }
    const bool named = head.device.empty() || head.device == session.deviceId();
    if (kind != 0 || !named || !tokenMatches(token, session, "secureKey")) {
        if (head.type != FrameType::Keepalive) {
            static_cast<void>(ack(Binary::Udp, head, AckCode::NoAuth, message.receivedMs(), sink));
        }
        return Status::unauthorized(
            "the datagram's token is wrong, or the device has no secureKey");
    }
    body = in;
    return {};
}

Status OfficialProtocol::decodeUdp(const sdk::TransportView& message,
                                   const sdk::SessionView& session, sdk::ProtocolSink& sink) {
    ByteReader body({});
    FrameHead head;
    Status status = checkUdp(message, session, sink, body, head);
    if (!status.ok()) {
        return status;
    }
    const std::string_view frame = body.bytes(body.left());
    status = decodeFrame(Binary::Udp, frame, message.receivedMs(), session, sink);
    const bool uplink = head.type != FrameType::Keepalive && head.type != FrameType::Ack &&
                        head.type != FrameType::ReadProperty &&
                        head.type != FrameType::WriteProperty && head.type != FrameType::Function;
    return status.ok() && uplink ? ack(Binary::Udp, head, AckCode::Ok, message.receivedMs(), sink)
                                 : status;
}

Status OfficialProtocol::encodeFrame(Binary form, const sdk::DeviceView& message,
                                     const sdk::SessionView& session, sdk::ProtocolSink& sink) {
    FrameType type{};
    if (!frameType(message.kind(), type)) {
        return Status::unsupported("the binary layout has no such message");
    }
    if (message.deviceId() != session.deviceId()) {
        return Status::unsupported("the binary layout has no child devices");
    }
    if (message.messageId().size() > kMessageIdBytesMax) {
        return Status::limit("the message id is longer than 128 bytes");
    }
    SeqMap map(session.state());
    const int chosen = seqHeader(message.headers());
    const auto seq =
        chosen > 0 ? static_cast<std::uint16_t>(chosen) : map.assign(message.messageId());
    if (chosen > 0) {
        map.put(seq, message.messageId());
    }
    out_.clear();
    Status status = writeCommand(message, seq, nowMs(), out_);
    if (!status.ok()) {
        return status;
    }
    status = sink.setState(map.state());
    if (!status.ok()) {
        return status;
    }
    return send(
        sink, form == Binary::Tcp ? withLength(out_) : withToken(session.config("secureKey"), out_),
        FL_REPLY_NOW);
}

} // namespace fairlead::official
