// SPDX-License-Identifier: Apache-2.0
#include "json_message.hpp"

#include "binary.hpp"
#include "limits.hpp"
#include "text.hpp"
#include "topic.hpp"

#include <rapidjson/document.h>

namespace fairlead::official {
namespace {

using sdk::Status;

void fillReply(const Body& body, fl_device_message& out) {
    if (!body.success) {
        out.flags |= FL_DEVICE_FAILED;
        out.code = sdk::str(body.code);
        out.text = sdk::str(body.message);
    }
}

void fillProperties(const Body& body, fl_device_message& out) {
    out.properties = body.properties.data();
    out.property_count = static_cast<std::uint32_t>(body.properties.size());
}

Status fillState(const Body& body, fl_device_message& out) {
    fillReply(body, out);
    std::int64_t state = 0;
    if (body.state.kind == FL_VALUE_INTEGER) {
        state = body.state.i;
    } else if (body.state.kind == FL_VALUE_STRING) {
        const std::string_view text = sdk::view(body.state.s);
        state = equalsIgnoreCase(text, "online") ? 1 : equalsIgnoreCase(text, "offline") ? -1 : 0;
    }
    if (body.success && state != 1 && state != -1) {
        return Status::malformed("state is neither 1 (online) nor -1 (offline)");
    }
    out.data = sdk::integer(state);
    return {};
}

Status fillMetadata(const Body& body, fl_device_message& out) {
    const std::uint32_t kind = body.metadata.kind;
    if (kind != FL_VALUE_STRING && kind != FL_VALUE_JSON) {
        return Status::malformed("metadata is missing");
    }
    out.data = sdk::json(sdk::view(body.metadata.s));
    if (body.all) {
        out.flags |= FL_DEVICE_ALL;
    }
    return {};
}

Status fillLog(const Body& body, fl_device_message& out) {
    if (body.log.kind != FL_VALUE_STRING && body.log.kind != FL_VALUE_JSON) {
        return Status::malformed("log is missing");
    }
    out.text = body.log.s;
    return {};
}

Status fillByKind(std::uint32_t kind, const Body& body, fl_device_message& out) {
    switch (kind) {
    case FL_DEVICE_REPORT_PROPERTY:
    case FL_DEVICE_UPDATE_TAG:
        fillProperties(body, out);
        return body.has_properties || body.has_records
                   ? Status()
                   : Status::malformed("the object of properties or tags is missing");
    case FL_DEVICE_READ_PROPERTY_REPLY:
    case FL_DEVICE_WRITE_PROPERTY_REPLY:
        fillReply(body, out);
        fillProperties(body, out);
        return {};
    case FL_DEVICE_INVOKE_FUNCTION_REPLY:
        fillReply(body, out);
        out.name = sdk::str(body.function_id);
        out.data = body.output;
        return {};
    case FL_DEVICE_EVENT:
        out.name = sdk::str(body.event);
        out.data = body.data;
        return {};
    case FL_DEVICE_LOG:
        return fillLog(body, out);
    case FL_DEVICE_STATE_CHECK_REPLY:
        return fillState(body, out);
    case FL_DEVICE_DERIVED_METADATA:
        return fillMetadata(body, out);
    case FL_DEVICE_REGISTER:
    case FL_DEVICE_REPORT_FIRMWARE:
    case FL_DEVICE_REQUEST_FIRMWARE:
        out.data = sdk::json(body.text);
        return {};
    case FL_DEVICE_READ_FIRMWARE_REPLY:
    case FL_DEVICE_UPGRADE_FIRMWARE_REPLY:
    case FL_DEVICE_UPGRADE_FIRMWARE_PROGRESS:
        fillReply(body, out);
        out.data = sdk::json(body.text);
        return {};
    default: // online, offline, unregister, acknowledge, disconnect reply: nothing but the common
        fillReply(body, out);
        return {};
    }
}

void appendMember(std::string& out, std::string_view key, std::string_view text) {
    out += ',';
    appendJsonString(out, key);
    out += ':';
    appendJsonString(out, text);
}

void appendValue(std::string& out, const fl_value& v) {
    switch (v.kind) {
    case FL_VALUE_BOOLEAN:
        out += v.i != 0 ? "true" : "false";
        break;
    case FL_VALUE_INTEGER:
        out += std::to_string(v.i);
        break;
    case FL_VALUE_DOUBLE:
        appendJsonNumber(out, v.d);
        break;
    case FL_VALUE_STRING:
        appendJsonString(out, sdk::view(v.s));
        break;
    case FL_VALUE_BINARY:
        appendBase64(out, sdk::view(v.s));
        break;
    case FL_VALUE_JSON:
        out += sdk::view(v.s);
        break;
    default:
        out += "null";
        break;
    }
}

void appendProperties(std::string& out, const sdk::DeviceView& message) {
    const bool names_only = message.kind() == FL_DEVICE_READ_PROPERTY;
    out += names_only ? ",\"properties\":[" : ",\"properties\":{";
    bool first = true;
    for (const fl_property& property : message.properties()) {
        if (!first) {
            out += ',';
        }
        first = false;
        appendJsonString(out, sdk::view(property.id));
        if (!names_only) {
            out += ':';
            appendValue(out, property.value);
        }
    }
    out += names_only ? ']' : '}';
}

void appendInputs(std::string& out, const sdk::DeviceView& message) {
    appendMember(out, "functionId", message.name());
    out += ",\"inputs\":[";
    bool first = true;
    for (const fl_property& input : message.properties()) {
        out += first ? "{\"name\":" : ",{\"name\":";
        first = false;
        appendJsonString(out, sdk::view(input.id));
        out += ",\"value\":";
        appendValue(out, input.value);
        out += '}';
    }
    out += ']';
}

bool isCommon(std::string_view key) noexcept {
    return key == "messageType" || key == "messageId" || key == "deviceId" || key == "timestamp" ||
           key == "headers";
}

void appendParsed(std::string& out, const rapidjson::Value& v);

void appendContainer(std::string& out, const rapidjson::Value& v) {
    bool first = true;
    out += v.IsArray() ? '[' : '{';
    if (v.IsArray()) {
        for (auto it = v.Begin(); it != v.End(); ++it) {
            out += first ? "" : ",";
            first = false;
            appendParsed(out, *it);
        }
    } else {
        auto it = v.MemberBegin();
        for (rapidjson::SizeType i = 0; i < v.MemberCount(); ++i, ++it) {
            out += first ? "" : ",";
            first = false;
            appendJsonString(out, {it->name.GetString(), it->name.GetStringLength()});
            out += ':';
            appendParsed(out, it->value);
        }
    }
    out += v.IsArray() ? ']' : '}';
}

void appendParsed(std::string& out, const rapidjson::Value& v) {
    if (v.IsObject() || v.IsArray()) {
        appendContainer(out, v);
    } else if (v.IsString()) {
        appendJsonString(out, {v.GetString(), v.GetStringLength()});
    } else if (v.IsBool()) {
        out += v.GetBool() ? "true" : "false";
    } else if (v.IsInt64()) {
        out += std::to_string(v.GetInt64());
    } else if (v.IsUint64()) {
        out += std::to_string(v.GetUint64());
    } else if (v.IsNumber()) {
        appendJsonNumber(out, v.GetDouble());
    } else {
        out += "null";
    }
}

// The members of `data`'s object become members of the body (url, version, sign …).
Status appendObject(std::string& out, const fl_value& data) {
    if (data.kind == FL_VALUE_NULL) {
        return {};
    }
    rapidjson::Document document;
    if (data.kind == FL_VALUE_JSON && data.s.n <= kValueBytesMax) {
        document.Parse<rapidjson::kParseIterativeFlag>(data.s.p, data.s.n);
    }
    if (document.HasParseError() || !document.IsObject()) {
        return Status::invalid("the data of the message is not a JSON object");
    }
    auto it = document.MemberBegin();
    for (rapidjson::SizeType i = 0; i < document.MemberCount(); ++i, ++it) {
        const std::string_view key(it->name.GetString(), it->name.GetStringLength());
        if (!isCommon(key)) {
            out += ',';
            appendJsonString(out, key);
            out += ':';
            appendParsed(out, it->value);
        }
    }
    return {};
}

void appendReply(std::string& out, const sdk::DeviceView& message) {
    out += message.has(FL_DEVICE_FAILED) ? ",\"success\":false" : ",\"success\":true";
    if (!message.code().empty()) {
        appendMember(out, "code", message.code());
    }
    if (!message.text().empty()) {
        appendMember(out, "message", message.text());
    }
}

// Opens the object with the common members.
void appendHead(std::string& out, std::string_view type, const sdk::DeviceView& message,
                std::string_view device, std::int64_t now_ms) {
    out += "{\"messageType\":";
    appendJsonString(out, type);
    if (!message.messageId().empty()) {
        appendMember(out, "messageId", message.messageId());
    }
    appendMember(out, "deviceId", device);
    out += ",\"timestamp\":";
    out += std::to_string(message.timeMs() > 0 ? message.timeMs() : now_ms);
}

} // namespace

Status fromBody(std::uint32_t kind, const Body& body, std::int64_t received_ms,
                fl_device_message& out) {
    out.size = sizeof out;
    out.kind = kind;
    out.message_id = sdk::str(body.message_id);
    out.time_ms = body.time_ms > 0 ? body.time_ms : received_ms;
    out.headers = sdk::str(body.headers);
    return fillByKind(kind, body, out);
}

Status toBody(const sdk::DeviceView& message, std::int64_t now_ms, std::string& out) {
    if (message.kind() == FL_DEVICE_TIME_SYNC_REPLY) {
        out += timeSyncBody(message.messageId(), message.timeMs() > 0 ? message.timeMs() : now_ms);
        return {};
    }
    if (message.properties().size() > kPropertiesMax) {
        return Status::limit("more than 1024 properties");
    }
    appendHead(out, messageType(message.kind()), message, message.deviceId(), now_ms);
    if (!message.headers().empty() && message.headers().front() == '{') {
        out += ",\"headers\":";
        out += message.headers();
    }
    Status status;
    switch (message.kind()) {
    case FL_DEVICE_READ_PROPERTY:
    case FL_DEVICE_WRITE_PROPERTY:
        appendProperties(out, message);
        break;
    case FL_DEVICE_INVOKE_FUNCTION:
        appendInputs(out, message);
        break;
    case FL_DEVICE_REQUEST_FIRMWARE_REPLY:
        appendReply(out, message);
        status = appendObject(out, message.data());
        break;
    case FL_DEVICE_UPGRADE_FIRMWARE:
        status = appendObject(out, message.data());
        break;
    case FL_DEVICE_READ_FIRMWARE:
    case FL_DEVICE_STATE_CHECK:
        break;
    default:
        return Status::unsupported("the official protocol has no downlink for this message");
    }
    out += '}';
    return status;
}

Status toChildBody(const sdk::DeviceView& message, std::string_view gateway, std::int64_t now_ms,
                   std::string& out) {
    appendHead(out, "CHILD", message, gateway, now_ms);
    appendMember(out, "childDeviceId", message.deviceId());
    out += ",\"childDeviceMessage\":";
    Status status = toBody(message, now_ms, out);
    out += '}';
    return status;
}

std::string timeSyncBody(std::string_view message_id, std::int64_t now_ms) {
    std::string out = "{";
    if (!message_id.empty()) {
        out += "\"messageId\":";
        appendJsonString(out, message_id);
        out += ',';
    }
    out += "\"timestamp\":" + std::to_string(now_ms) + "}";
    return out;
}

std::string errorBody(std::string_view code, std::string_view message) {
    std::string out = "{\"success\":false";
    appendMember(out, "code", code);
    if (!message.empty()) {
        appendMember(out, "message", message);
    }
    out += '}';
    return out;
}

int seqHeader(std::string_view headers) {
    if (headers.find("\"_seq\"") == std::string_view::npos || headers.size() > kValueBytesMax) {
        return -1;
    }
    rapidjson::Document document;
    document.Parse<rapidjson::kParseIterativeFlag>(headers.data(), headers.size());
    if (document.HasParseError() || !document.IsObject()) {
        return -1;
    }
    if (!document.HasMember("_seq") || !document["_seq"].IsInt()) {
        return -1;
    }
    const int seq = document["_seq"].GetInt();
    return seq > 0 && seq <= 0xFFFF ? seq : -1;
}

} // namespace fairlead::official
