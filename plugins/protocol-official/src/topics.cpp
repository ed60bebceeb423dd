// SPDX-License-Identifier: Apache-2.0
// MQTT, HTTP and WebSocket: JSON bodies at topics and paths.
#include "protocol.hpp"

#include "credentials.hpp"
#include "json_message.hpp"
#include "text.hpp"

namespace fairlead::official {
namespace {

using sdk::Status;

constexpr std::string_view kJson = "application/json";

Status answer(sdk::ProtocolSink& sink, int code, std::string_view body,
              std::uint32_t when = FL_REPLY_NOW) {
    sdk::TransportBuilder reply(FL_TRANSPORT_REPLY);
    reply.code(code).contentType(kJson).payload(body);
    return sink.reply(reply, when);
}

// Answers with the protocol's error body and passes the reason on to the host.
Status refuse(sdk::ProtocolSink& sink, int code, std::string_view name, Status reason) {
    static_cast<void>(answer(sink, code, errorBody(name, reason.text())));
    return reason;
}

} // namespace

Status OfficialProtocol::identifyAddress(const sdk::TransportView& message, sdk::Identity& out) {
    const Topic topic = parseTopic(message.address());
    if (!isId(topic.device) || topic.product.size() > 64) {
        return Status::notFound(quote("no device in the path", message.address()));
    }
    out.device_id = topic.device;
    out.product_id = topic.product;
    return {};
}

Status OfficialProtocol::authenticateHttp(const sdk::TransportView& message,
                                          const sdk::SessionView& session,
                                          sdk::ProtocolSink& sink) {
    const auto header = message.attribute("header.authorization");
    if (!header) {
        return refuse(sink, 401, "unauthorized",
                      Status::unauthorized("Authorization header is required"));
    }
    const std::string_view token = bearerToken(*header);
    if (token.empty()) {
        return refuse(sink, 401, "unauthorized",
                      Status::unauthorized("Authorization header is not a bearer token"));
    }
    const Topic topic = parseTopic(message.address());
    if (!isId(topic.device)) {
        return refuse(sink, 400, "bad_request", Status::malformed("path names no device"));
    }
    if (topic.device != session.deviceId() || !tokenMatches(token, session, "bearer_token")) {
        return refuse(sink, 401, "unauthorized",
                      Status::unauthorized("device is not registered or token is wrong"));
    }
    return {};
}

Status OfficialProtocol::authenticateSocket(const sdk::TransportView& message,
                                            const sdk::SessionView& session,
                                            sdk::ProtocolSink& sink) {
    Topic topic;
    if (!parseSocketPath(message.address(), topic)) {
        return refuse(sink, 400, "bad_request",
                      Status::malformed("path is not /{productId}/{deviceId}/socket"));
    }
    const auto token = message.attribute("query.token");
    if (!token || token->empty()) {
        return refuse(sink, 401, "unauthorized", Status::unauthorized("query has no token"));
    }
    if (topic.device != session.deviceId() || !tokenMatches(*token, session, "bearer_token")) {
        return refuse(sink, 401, "unauthorized",
                      Status::unauthorized("device is not registered or token is wrong"));
    }
    return {};
}

// Emits what stands in body_ as a message of the session's device, or of its child.
Status OfficialProtocol::emitBody(std::uint32_t kind, const Topic& target, std::int64_t received_ms,
                                  const sdk::SessionView& session, sdk::ProtocolSink& sink) {
    fl_device_message message{};
    Status status = fromBody(kind, body_, received_ms, message);
    if (!status.ok()) {
        return status;
    }
    if (kind == FL_DEVICE_EVENT && !target.name.empty()) {
        message.name = sdk::str(target.name);
    }
    if (kind == FL_DEVICE_EVENT && (message.name.n == 0 || message.name.n > 256)) {
        return Status::malformed("the event has no id");
    }
    const bool child = !target.child.empty();
    message.device_id = sdk::str(child ? target.child : session.deviceId());
    message.parent_id = child ? sdk::str(session.deviceId()) : fl_str{nullptr, 0};
    return sink.device(message);
}

// Everything that stands at a topic, once it is known to be the session's.
Status OfficialProtocol::decodeTopic(const Topic& topic, const sdk::TransportView& message,
                                     const sdk::SessionView& session, sdk::ProtocolSink& sink) {
    if (topic.kind == FL_DEVICE_DIRECT) {
        fl_device_message direct{};
        direct.size = sizeof direct;
        direct.kind = FL_DEVICE_DIRECT;
        direct.time_ms = message.receivedMs();
        direct.data = sdk::binary(message.payload());
        const bool child = !topic.child.empty();
        direct.device_id = sdk::str(child ? topic.child : session.deviceId());
        direct.parent_id = child ? sdk::str(session.deviceId()) : fl_str{nullptr, 0};
        return sink.device(direct);
    }
    Status status = reader_.read(message.text(), topic.collector, body_);
    return status.ok() && topic.kind != FL_DEVICE_TIME_SYNC
               ? emitBody(topic.kind, topic, message.receivedMs(), session, sink)
               : status;
}

Status OfficialProtocol::decodeMqtt(const sdk::TransportView& message,
                                    const sdk::SessionView& session, sdk::ProtocolSink& sink) {
    if (message.isConnect()) {
        return {};
    }
    const Topic topic = parseTopic(message.address());
    if (topic.kind == 0) {
        return {}; // as the reference: a topic outside the table is nobody's business
    }
    if (topic.device != session.deviceId()) {
        return foreignDevice(topic.device, session.deviceId());
    }
    Status status = decodeTopic(topic, message, session, sink);
    if (!status.ok() || topic.kind != FL_DEVICE_TIME_SYNC) {
        return status;
    }
    out_.assign(message.address());
    out_ += "/reply";
    const std::string body = timeSyncBody(body_.message_id, nowMs());
    sdk::TransportBuilder reply;
    reply.address(out_).qos(0).payload(std::string_view(body));
    return sink.reply(reply);
}

Status OfficialProtocol::decodeHttp(const sdk::TransportView& message,
                                    const sdk::SessionView& session, sdk::ProtocolSink& sink) {
    const Topic topic = parseTopic(message.address());
    if (topic.kind == 0) {
        return refuse(sink, 400, "bad_request", Status::malformed("path matches no topic"));
    }
    if (message.method() != "POST") {
        return refuse(sink, 405, "method_not_allowed", Status::malformed("only POST is allowed"));
    }
    if (topic.device != session.deviceId()) {
        return refuse(sink, 401, "unauthorized", foreignDevice(topic.device, session.deviceId()));
    }
    Status status = decodeTopic(topic, message, session, sink);
    if (status.code() == FL_E_MALFORMED) {
        return refuse(sink, 500, "request_body_format_error", std::move(status));
    }
    if (!status.ok()) {
        return refuse(sink, 500, "server_error", std::move(status));
    }
    if (topic.kind == FL_DEVICE_TIME_SYNC) {
        return answer(sink, 200, timeSyncBody(body_.message_id, nowMs()));
    }
    return answer(sink, 200, "{\"success\":true}", FL_REPLY_AFTER_COMMIT);
}

// A CHILD or CHILD_REPLY message: reads the wrapped message and names the child in `target`.
Status OfficialProtocol::unwrapChild(Topic& target, std::uint32_t& kind) {
    const std::string_view wrapped = body_.child_message;
    out_.assign(body_.child_device_id);
    Status status = reader_.read(wrapped, false, body_);
    if (!status.ok()) {
        return status;
    }
    if (out_.empty()) {
        out_.assign(body_.device_id);
    }
    if (wrapped.empty() || !isId(out_)) {
        return Status::malformed("the message of a child has no childDeviceId or no "
                                 "childDeviceMessage");
    }
    target.child = out_;
    kind = kindOf(body_.message_type);
    return {};
}

Status OfficialProtocol::decodeSocket(const sdk::TransportView& message,
                                      const sdk::SessionView& session, sdk::ProtocolSink& sink) {
    if (message.isConnect()) {
        return {};
    }
    Status status = reader_.read(message.text(), false, body_);
    if (!status.ok()) {
        return status;
    }
    if (!body_.device_id.empty() && body_.device_id != session.deviceId()) {
        return foreignDevice(body_.device_id, session.deviceId());
    }
    Topic target;
    std::uint32_t kind = kindOf(body_.message_type);
    if (equalsIgnoreCase(body_.message_type, "CHILD") ||
        equalsIgnoreCase(body_.message_type, "CHILD_REPLY")) {
        status = unwrapChild(target, kind);
    } else if (body_.message_type.empty() && !body_.event.empty()) {
        kind = FL_DEVICE_EVENT;
    } else if (body_.message_type.empty() && !body_.function_id.empty()) {
        kind = FL_DEVICE_INVOKE_FUNCTION_REPLY;
    } else if (body_.message_type.empty() && body_.has_properties) {
        kind = body_.has_tags ? FL_DEVICE_UPDATE_TAG : FL_DEVICE_READ_PROPERTY_REPLY;
    }
    if (!status.ok()) {
        return status;
    }
    if (!isUplink(kind)) {
        return Status::unsupported(quote("a device cannot send messageType", body_.message_type));
    }
    return emitBody(kind, target, message.receivedMs(), session, sink);
}

Status OfficialProtocol::encodeMqtt(const sdk::DeviceView& message, const sdk::SessionView& session,
                                    sdk::ProtocolSink& sink) {
    const std::string_view suffix = downlinkSuffix(message.kind());
    if (suffix.empty()) {
        return Status::unsupported("the official protocol has no topic for this message");
    }
    std::string topic = "/";
    topic += session.productId().empty() ? "null" : session.productId();
    topic += '/';
    topic += session.deviceId();
    if (message.deviceId() != session.deviceId()) {
        topic += "/child/";
        topic += message.deviceId();
    }
    topic += '/';
    topic += suffix;
    out_.clear();
    Status status = toBody(message, nowMs(), out_);
    if (!status.ok()) {
        return status;
    }
    sdk::TransportBuilder publish;
    publish.address(topic).qos(0).payload(std::string_view(out_));
    return sink.transport(publish);
}

Status OfficialProtocol::encodeSocket(const sdk::DeviceView& message,
                                      const sdk::SessionView& session, sdk::ProtocolSink& sink) {
    if (message.kind() == FL_DEVICE_TIME_SYNC_REPLY) {
        return Status::unsupported("time-sync has no WebSocket frame");
    }
    out_.clear();
    Status status = message.deviceId() == session.deviceId()
                        ? toBody(message, nowMs(), out_)
                        : toChildBody(message, session.deviceId(), nowMs(), out_);
    if (!status.ok()) {
        return status;
    }
    sdk::TransportBuilder frame;
    frame.flags(FL_TRANSPORT_TEXT).payload(std::string_view(out_));
    return sink.transport(frame);
}

} // namespace fairlead::official
