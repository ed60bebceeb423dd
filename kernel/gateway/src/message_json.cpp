// SPDX-License-Identifier: Apache-2.0
#include "message_json.hpp"

#include "text.hpp"

#include "fairlead/base/json.hpp"
#include "fairlead/base/text.hpp"
#include "fairlead/base/time.hpp"

#include <array>
#include <utility>

namespace fairlead::gateway {

namespace {

constexpr std::array<std::pair<std::uint32_t, const char*>, 32> kKinds = {{
    {FL_DEVICE_REPORT_PROPERTY, "reportProperty"},
    {FL_DEVICE_READ_PROPERTY, "readProperty"},
    {FL_DEVICE_READ_PROPERTY_REPLY, "readPropertyReply"},
    {FL_DEVICE_WRITE_PROPERTY, "writeProperty"},
    {FL_DEVICE_WRITE_PROPERTY_REPLY, "writePropertyReply"},
    {FL_DEVICE_INVOKE_FUNCTION, "invokeFunction"},
    {FL_DEVICE_INVOKE_FUNCTION_REPLY, "invokeFunctionReply"},
    {FL_DEVICE_EVENT, "event"},
    {FL_DEVICE_ONLINE, "online"},
    {FL_DEVICE_OFFLINE, "offline"},
    {FL_DEVICE_REGISTER, "register"},
    {FL_DEVICE_UNREGISTER, "unregister"},
    {FL_DEVICE_DISCONNECT, "disconnect"},
    {FL_DEVICE_DISCONNECT_REPLY, "disconnectReply"},
    {FL_DEVICE_UPDATE_TAG, "updateTag"},
    {FL_DEVICE_LOG, "log"},
    {FL_DEVICE_DIRECT, "direct"},
    {FL_DEVICE_STATE_CHECK, "stateCheck"},
    {FL_DEVICE_STATE_CHECK_REPLY, "stateCheckReply"},
    {FL_DEVICE_DERIVED_METADATA, "derivedMetadata"},
    {FL_DEVICE_READ_FIRMWARE, "readFirmware"},
    {FL_DEVICE_READ_FIRMWARE_REPLY, "readFirmwareReply"},
    {FL_DEVICE_REPORT_FIRMWARE, "reportFirmware"},
    {FL_DEVICE_REQUEST_FIRMWARE, "requestFirmware"},
    {FL_DEVICE_REQUEST_FIRMWARE_REPLY, "requestFirmwareReply"},
    {FL_DEVICE_UPGRADE_FIRMWARE, "upgradeFirmware"},
    {FL_DEVICE_UPGRADE_FIRMWARE_REPLY, "upgradeFirmwareReply"},
    {FL_DEVICE_UPGRADE_FIRMWARE_PROGRESS, "upgradeFirmwareProgress"},
    {FL_DEVICE_TIME_SYNC, "timeSync"},
    {FL_DEVICE_TIME_SYNC_REPLY, "timeSyncReply"},
    {FL_DEVICE_KEEPALIVE, "keepalive"},
    {FL_DEVICE_ACKNOWLEDGE, "acknowledge"},
}};

void writeText(base::JsonWriter& out, const char* name, std::string_view text) {
    if (!text.empty()) {
        out.Key(name);
        out.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
    }
}

void writeValue(base::JsonWriter& out, const fl_value& value) {
    switch (value.kind) {
    case FL_VALUE_BOOLEAN:
        out.Bool(value.i != 0);
        break;
    case FL_VALUE_INTEGER:
        out.Int64(value.i);
        break;
    case FL_VALUE_DOUBLE:
        // JSON has no NaN and no infinity.
        if (!out.Double(value.d)) {
            out.Null();
        }
        break;
    case FL_VALUE_STRING:
        out.String(value.s.p == nullptr ? "" : value.s.p,
                   static_cast<rapidjson::SizeType>(value.s.n));
        break;
    case FL_VALUE_BINARY: {
        const auto hex = base::toHex({reinterpret_cast<const std::uint8_t*>(value.s.p), value.s.n});
        out.String(hex.c_str(), static_cast<rapidjson::SizeType>(hex.size()));
        break;
    }
    case FL_VALUE_JSON:
        out.RawValue(value.s.p, value.s.n, rapidjson::kObjectType);
        break;
    default:
        out.Null();
        break;
    }
}

void writeMessage(base::JsonWriter& out, const fl_device_message& message) {
    const char* kind = "unknown";
    for (const auto& [number, name] : kKinds) {
        kind = number == message.kind ? name : kind;
    }
    out.StartObject();
    writeText(out, "kind", kind);
    writeText(out, "deviceId", view(message.device_id));
    writeText(out, "parentId", view(message.parent_id));
    writeText(out, "messageId", view(message.message_id));
    if (message.time_ms != 0) {
        out.Key("timestamp");
        out.Int64(message.time_ms);
    }
    writeText(out, "name", view(message.name));
    if (message.property_count > 0) {
        out.Key("properties");
        out.StartObject();
        for (std::uint32_t i = 0; i < message.property_count; ++i) {
            const fl_property& property = message.properties[i];
            out.Key(property.id.p, static_cast<rapidjson::SizeType>(property.id.n));
            writeValue(out, property.value);
        }
        out.EndObject();
    }
    if (message.data.kind != FL_VALUE_NULL) {
        out.Key("data");
        writeValue(out, message.data);
    }
    if ((message.flags & FL_DEVICE_FAILED) != 0) {
        out.Key("success");
        out.Bool(false);
    }
    writeText(out, "code", view(message.code));
    writeText(out, "message", view(message.text));
    out.EndObject();
}

fl_value toValue(const base::JsonValue& json, std::string& keep) {
    fl_value out{};
    if (json.IsBool()) {
        out.kind = FL_VALUE_BOOLEAN;
        out.i = json.GetBool() ? 1 : 0;
    } else if (json.IsInt64()) {
        out.kind = FL_VALUE_INTEGER;
        out.i = json.GetInt64();
    } else if (json.IsNumber()) {
        out.kind = FL_VALUE_DOUBLE;
        out.d = json.GetDouble();
    } else if (json.IsString()) {
        out.kind = FL_VALUE_STRING;
        out.s = {json.GetString(), json.GetStringLength()};
    } else if (json.IsObject() || json.IsArray()) {
        keep = base::toText(json);
        out.kind = FL_VALUE_JSON;
        out.s = borrow(keep);
    }
    return out;
}

void addProperties(device::OwnedMessage& out, const base::JsonValue& json) {
    std::string keep;
    if (json.IsArray()) {
        for (const auto& name : json.GetArray()) {
            if (name.IsString()) {
                out.addProperty({name.GetString(), name.GetStringLength()}, fl_value{});
            }
        }
    } else if (json.IsObject()) {
        for (const auto& entry : json.GetObject()) {
            out.addProperty({entry.name.GetString(), entry.name.GetStringLength()},
                            toValue(entry.value, keep));
        }
    }
}

} // namespace

std::string toJson(std::span<const fl_device_message> messages) {
    rapidjson::StringBuffer buffer;
    base::JsonWriter out(buffer);
    out.StartArray();
    for (const fl_device_message& message : messages) {
        writeMessage(out, message);
    }
    out.EndArray();
    return buffer.GetString();
}

std::string toJson(const std::vector<OwnedTransport>& messages) {
    rapidjson::StringBuffer buffer;
    base::JsonWriter out(buffer);
    out.StartArray();
    for (const OwnedTransport& owned : messages) {
        const fl_transport_message message = owned.view();
        const std::string_view payload{reinterpret_cast<const char*>(message.payload.p),
                                       message.payload.n};
        out.StartObject();
        writeText(out, "address", view(message.address));
        if (message.code != 0) {
            out.Key("code");
            out.Int(message.code);
        }
        writeText(out, "contentType", view(message.content_type));
        if (base::countCharacters(payload)) {
            writeText(out, "payloadText", payload);
        }
        writeText(out, "payloadHex", base::toHex({message.payload.p, message.payload.n}));
        out.EndObject();
    }
    out.EndArray();
    return buffer.GetString();
}

base::Result<device::OwnedMessage> parseDeviceMessage(std::string_view text) {
    FL_ASSIGN(const base::Json json, base::parseJson(text));
    device::OwnedMessage out;
    const std::string_view kind = base::textOr(json, "kind", "");
    for (const auto& [number, name] : kKinds) {
        if (kind == name) {
            out.kind = number;
        }
    }
    if (out.kind == 0) {
        return base::Error::invalid("kind must be one of readProperty, writeProperty, "
                                    "invokeFunction, disconnect and so on, not \"" +
                                    std::string{kind} + "\"");
    }
    out.device_id = base::textOr(json, "deviceId", "");
    out.message_id = base::textOr(json, "messageId", "");
    out.time_ms = base::integerOr(json, "timestamp", base::utcNow());
    out.name = base::textOr(json, "function", base::textOr(json, "name", ""));
    for (const char* name : {"properties", "inputs"}) {
        if (const base::JsonValue* found = base::member(json, name)) {
            addProperties(out, *found);
        }
    }
    if (const base::JsonValue* data = base::member(json, "data")) {
        std::string keep;
        out.setData(toValue(*data, keep));
    }
    return out;
}

} // namespace fairlead::gateway
