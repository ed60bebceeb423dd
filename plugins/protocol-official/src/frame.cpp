// SPDX-License-Identifier: Apache-2.0
#include "frame.hpp"

#include "limits.hpp"
#include "text.hpp"

namespace fairlead::official {

using sdk::Status;

namespace {

// Devices send ids and codes as numbers too; `room` holds the digits then.
std::string_view textOf(const fl_value& value, std::string& room) {
    switch (value.kind) {
    case FL_VALUE_STRING:
    case FL_VALUE_JSON:
        return sdk::view(value.s);
    case FL_VALUE_INTEGER:
        room = std::to_string(value.i);
        return room;
    default:
        return {};
    }
}

} // namespace

Status nextFrame(std::string_view& rest, std::string_view& message) {
    ByteReader in(rest);
    const auto length = static_cast<std::size_t>(in.number(4));
    if (!in.ok() || length == 0 || length > in.left() || length > kBodyBytesMax) {
        return Status::malformed("the frame's length does not fit what was received");
    }
    message = rest.substr(4, length);
    rest.remove_prefix(4 + length);
    return {};
}

Status readHead(ByteReader& in, FrameHead& out) {
    const unsigned type = in.u8();
    if (!in.ok() || type > static_cast<unsigned>(FrameType::Event)) {
        return Status::malformed("unknown message type " + std::to_string(type));
    }
    out = {};
    out.type = static_cast<FrameType>(type);
    if (out.type == FrameType::Keepalive) {
        return {};
    }
    const std::int64_t time_ms = in.i64();
    out.time_ms = time_ms > 0 && time_ms <= kTimeMaxMs ? time_ms : 0;
    out.seq = in.u16();
    out.device = in.string();
    if (!in.ok()) {
        return Status::malformed("the frame ends before its body");
    }
    if (!out.device.empty() && !isId(out.device)) {
        return Status::malformed("the device id of the frame is not valid");
    }
    return {};
}

Status FrameDecoder::readObject(ByteReader& in, fl_device_message& out) {
    Status status = values_.object(in, properties_);
    if (!status.ok()) {
        return status;
    }
    for (fl_property& property : properties_) {
        values_.settle(property.value);
    }
    out.properties = properties_.data();
    out.property_count = static_cast<std::uint32_t>(properties_.size());
    return {};
}

// bool success; then what the type returns, or a code and a message of any type each.
Status FrameDecoder::readReply(const FrameHead& head, ByteReader& in, fl_device_message& out) {
    const bool success = in.u8() != 0;
    if (!in.ok()) {
        return Status::malformed("the reply has no outcome");
    }
    if (success && head.type != FrameType::FunctionReply) {
        return readObject(in, out);
    }
    fl_value first{};
    fl_value second{};
    Status status = values_.value(in, first);
    if (status.ok()) {
        status = values_.value(in, second);
    }
    if (!status.ok()) {
        return status;
    }
    values_.settle(first);
    values_.settle(second);
    if (success) {
        out.name = sdk::str(textOf(first, code_));
        out.data = second;
        return {};
    }
    out.flags |= FL_DEVICE_FAILED;
    out.code = sdk::str(textOf(first, code_));
    out.text = second.kind == FL_VALUE_STRING ? second.s : fl_str{nullptr, 0};
    return {};
}

Status FrameDecoder::readEvent(ByteReader& in, fl_device_message& out) {
    const std::string_view name = in.string();
    if (!in.ok() || name.empty() || name.size() > kNameBytesMax || !isUtf8(name)) {
        return Status::malformed("the event id is empty, longer than 256 bytes or not UTF-8");
    }
    out.name = sdk::str(name);
    fl_value data{};
    Status status = values_.bareObject(in, data);
    values_.settle(data);
    out.data = data;
    return status;
}

Status FrameDecoder::read(const FrameHead& head, ByteReader& in, const SeqMap& known,
                          fl_device_message& out) {
    values_.clear();
    properties_.clear();
    out.size = sizeof out;
    out.time_ms = head.time_ms;
    const bool numbered = head.seq != 0 && head.seq != SeqMap::kNone;
    message_id_ = numbered ? std::to_string(head.seq) : std::string();
    std::string_view id = message_id_;
    switch (head.type) {
    case FrameType::ReportProperty:
        out.kind = FL_DEVICE_REPORT_PROPERTY;
        break;
    case FrameType::Event:
        out.kind = FL_DEVICE_EVENT;
        break;
    case FrameType::ReadPropertyReply:
        out.kind = FL_DEVICE_READ_PROPERTY_REPLY;
        break;
    case FrameType::WritePropertyReply:
        out.kind = FL_DEVICE_WRITE_PROPERTY_REPLY;
        break;
    case FrameType::FunctionReply:
        out.kind = FL_DEVICE_INVOKE_FUNCTION_REPLY;
        break;
    default:
        return Status::unsupported("only the platform sends this message type");
    }
    const bool reply = out.kind != FL_DEVICE_REPORT_PROPERTY && out.kind != FL_DEVICE_EVENT;
    const std::string_view mapped = reply ? known.find(head.seq) : std::string_view();
    out.message_id = sdk::str(mapped.empty() ? id : mapped);
    if (reply) {
        return readReply(head, in, out);
    }
    return out.kind == FL_DEVICE_EVENT ? readEvent(in, out) : readObject(in, out);
}

bool frameType(std::uint32_t kind, FrameType& out) noexcept {
    switch (kind) {
    case FL_DEVICE_READ_PROPERTY:
        out = FrameType::ReadProperty;
        return true;
    case FL_DEVICE_WRITE_PROPERTY:
        out = FrameType::WriteProperty;
        return true;
    case FL_DEVICE_INVOKE_FUNCTION:
        out = FrameType::Function;
        return true;
    default:
        return false;
    }
}

namespace {

Status writeHead(ByteWriter& out, const FrameHead& head) {
    out.u8(static_cast<unsigned>(head.type));
    out.i64(head.time_ms);
    out.u16(head.seq);
    return out.string(head.device);
}

Status writeNames(ByteWriter& out, const sdk::DeviceView& message) {
    if (message.properties().size() > kPropertiesMax) {
        return Status::limit("more than 1024 properties");
    }
    out.u16(static_cast<unsigned>(message.properties().size()));
    Status status;
    for (const fl_property& property : message.properties()) {
        if (status.ok()) {
            status = out.value(sdk::string(sdk::view(property.id)));
        }
    }
    return status;
}

} // namespace

Status writeCommand(const sdk::DeviceView& message, std::uint16_t seq, std::int64_t now_ms,
                    std::string& out) {
    FrameHead head;
    if (!frameType(message.kind(), head.type)) {
        return Status::unsupported("the binary layout has no such message");
    }
    head.time_ms = message.timeMs() > 0 ? message.timeMs() : now_ms;
    head.seq = seq;
    head.device = message.deviceId();
    ByteWriter writer(out);
    Status status = writeHead(writer, head);
    if (status.ok() && head.type == FrameType::Function) {
        status = writer.string(message.name());
    }
    if (!status.ok()) {
        return status;
    }
    return head.type == FrameType::ReadProperty
               ? writeNames(writer, message)
               : writer.object(message.properties().data(), message.properties().size());
}

void writeAck(const FrameHead& head, AckCode code, std::int64_t now_ms, std::string& out) {
    FrameHead ack = head;
    ack.type = FrameType::Ack;
    ack.time_ms = now_ms > 0 ? now_ms : head.time_ms;
    ByteWriter writer(out);
    // The id came out of a frame, so it fits into one.
    if (writeHead(writer, ack).ok()) {
        writer.u8(static_cast<unsigned>(code));
    }
}

std::string withLength(std::string_view message) {
    std::string out;
    out.reserve(4 + message.size());
    ByteWriter(out).number(message.size(), 4);
    out += message;
    return out;
}

} // namespace fairlead::official
