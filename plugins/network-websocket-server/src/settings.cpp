// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include "fairlead/sdk/base.hpp"

#include <rapidjson/document.h>

namespace fairlead::websocket {

namespace {

namespace http = sdk::http;
using rapidjson::Value;

[[noreturn]] void refuse(const std::string& text) {
    throw sdk::Failure(FL_E_INVALID, text);
}

const Value* find(const Value& object, const char* name) {
    const auto it = object.FindMember(name);
    return it == object.MemberEnd() || it->value.IsNull() ? nullptr : &it->value;
}

struct Range {
    std::uint64_t fallback;
    std::uint64_t low;
    std::uint64_t high;
};

std::uint64_t integer(const Value& object, const char* name, const Range& range) {
    const Value* value = find(object, name);
    if (value == nullptr) {
        return range.fallback;
    }
    if (!value->IsUint64() || value->GetUint64() < range.low || value->GetUint64() > range.high) {
        refuse(std::string(name) + " must be an integer from " + std::to_string(range.low) +
               " to " + std::to_string(range.high));
    }
    return value->GetUint64();
}

bool boolean(const Value& object, const char* name, bool fallback) {
    const Value* value = find(object, name);
    if (value == nullptr) {
        return fallback;
    }
    if (!value->IsBool()) {
        refuse(std::string(name) + " must be true or false");
    }
    return value->GetBool();
}

struct TextRule {
    bool (*good)(std::string_view);
    const char* what;
};

std::vector<std::string> texts(const Value& object, const char* name, const TextRule& rule) {
    std::vector<std::string> out;
    const Value* list = find(object, name);
    if (list == nullptr) {
        return out;
    }
    if (!list->IsArray() || list->Size() > kListMax) {
        refuse(std::string(name) + " must be a list of at most " + std::to_string(kListMax));
    }
    for (const Value& entry : list->GetArray()) {
        if (!entry.IsString() || !rule.good({entry.GetString(), entry.GetStringLength()})) {
            refuse(std::string(name) + ": " + rule.what);
        }
        out.emplace_back(entry.GetString(), entry.GetStringLength());
    }
    return out;
}

bool isPathPattern(std::string_view text) {
    const std::size_t star = text.find('*');
    return text.size() <= 256 && text.substr(0, 1) == "/" && http::isFieldText(text) &&
           (star == std::string_view::npos || star + 1 == text.size());
}

bool isSubprotocol(std::string_view text) {
    return text.size() <= 64 && http::isTokenText(text);
}

bool isOrigin(std::string_view text) {
    return !text.empty() && text.size() <= 256 && http::isFieldText(text) &&
           text.find(' ') == std::string_view::npos;
}

DownlinkFrame downlinkFrame(const Value& object) {
    const Value* value = find(object, "downlinkFrame");
    if (value == nullptr) {
        return DownlinkFrame::Protocol;
    }
    const std::string_view text =
        value->IsString() ? std::string_view(value->GetString(), value->GetStringLength()) : "";
    if (text == "PROTOCOL") {
        return DownlinkFrame::Protocol;
    }
    if (text != "TEXT" && text != "BINARY") {
        refuse("downlinkFrame must be PROTOCOL, TEXT or BINARY");
    }
    return text == "TEXT" ? DownlinkFrame::Text : DownlinkFrame::Binary;
}

CompressionSettings compression(const Value& object) {
    CompressionSettings out;
    out.enabled = boolean(object, "compression", out.enabled);
    out.context_takeover = boolean(object, "compressionContextTakeover", out.context_takeover);
    out.window_bits = static_cast<int>(
        integer(object, "compressionWindowBits", {12, kWindowBitsMin, kWindowBitsMax}));
    out.bytes_min = integer(object, "compressionMinSize", {256, 1, 1048576});
    return out;
}

} // namespace

Settings parseSettings(std::string_view json) {
    rapidjson::Document doc;
    doc.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
    if (doc.HasParseError() || !doc.IsObject()) {
        refuse("the configuration is not a JSON object");
    }
    Settings s;
    s.message_max = integer(doc, "maxMessageSize", {s.message_max, 128, 67108864});
    s.head.target = integer(doc, "maxUriLength", {s.head.target, 64, 65536});
    s.head.head = integer(doc, "maxHeaderSize", {s.head.head, 512, 262144});
    s.paths = texts(doc, "paths",
                    {&isPathPattern, "each path begins with / and may have a * at its end only"});
    s.subprotocols =
        texts(doc, "subprotocols", {&isSubprotocol, "each is a name of letters, digits and marks"});
    s.origins =
        texts(doc, "allowedOrigins", {&isOrigin, "each is an origin such as https://example.com"});
    s.downlink = downlinkFrame(doc);
    s.handshake_timeout_ms = integer(doc, "handshakeTimeout", {10, 1, 600}) * 1000;
    s.ping_interval_ms = integer(doc, "pingInterval", {30, 0, 3600}) * 1000;
    s.pong_timeout_ms = integer(doc, "pongTimeout", {10, 1, 600}) * 1000;
    s.idle_timeout_ms = integer(doc, "idleTimeout", {0, 0, 86400}) * 1000;
    s.compression = compression(doc);
    return s;
}

} // namespace fairlead::websocket
