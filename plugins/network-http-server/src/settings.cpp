// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include "http.hpp"

#include "fairlead/sdk/base.hpp"

#include <rapidjson/document.h>

namespace fairlead::http {

namespace {

using rapidjson::Value;

[[noreturn]] void refuse(const std::string& text) {
    throw sdk::Failure(FL_E_INVALID, text);
}

const Value* find(const Value& object, const char* name) {
    const auto it = object.FindMember(name);
    return it == object.MemberEnd() || it->value.IsNull() ? nullptr : &it->value;
}

std::uint64_t integer(const Value& object, const char* name, std::uint64_t fallback,
                      std::uint64_t low, std::uint64_t high) {
    const Value* value = find(object, name);
    if (value == nullptr) {
        return fallback;
    }
    if (!value->IsUint64() || value->GetUint64() < low || value->GetUint64() > high) {
        refuse(std::string(name) + " must be an integer from " + std::to_string(low) + " to " +
               std::to_string(high));
    }
    return value->GetUint64();
}

void addHeader(const Value& name, const Value& value, std::string& out) {
    if (!name.IsString() || !value.IsString() ||
        !appendHeader(out, {name.GetString(), name.GetStringLength()},
                      {value.GetString(), value.GetStringLength()})) {
        refuse("httpHeaders: each entry needs a valid header name, none that frames the message, "
               "and a text without control characters");
    }
}

// A list of {name, value}, or an object of texts as older configurations have it.
void readHeaders(const Value& doc, std::string& out) {
    const Value* list = find(doc, "httpHeaders");
    if (list == nullptr) {
        return;
    }
    if (list->IsObject() && list->MemberCount() <= kCommonHeadersMax) {
        for (const auto& member : list->GetObject()) {
            addHeader(member.name, member.value, out);
        }
        return;
    }
    if (!list->IsArray() || list->Size() > kCommonHeadersMax) {
        refuse("httpHeaders must be a list of at most 32 headers");
    }
    for (const Value& entry : list->GetArray()) {
        if (!entry.IsObject() || find(entry, "name") == nullptr ||
            find(entry, "value") == nullptr) {
            refuse("httpHeaders: each entry needs name and value");
        }
        addHeader(*find(entry, "name"), *find(entry, "value"), out);
    }
}

} // namespace

Settings parseSettings(std::string_view json) {
    rapidjson::Document doc;
    doc.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
    if (doc.HasParseError() || !doc.IsObject()) {
        refuse("the configuration is not a JSON object");
    }
    Settings s;
    s.head.target = integer(doc, "maxUriLength", s.head.target, 64, 65536);
    s.head.head = integer(doc, "maxHeaderSize", s.head.head, 512, 262144);
    s.max_body = integer(doc, "maxBodySize", s.max_body, 0, 1073741824);
    s.head_timeout_ms = integer(doc, "headTimeout", 10, 1, 600) * 1000;
    s.body_timeout_ms = integer(doc, "bodyTimeout", 30, 1, 3600) * 1000;
    s.idle_timeout_ms = integer(doc, "idleTimeout", 60, 1, 3600) * 1000;
    readHeaders(doc, s.headers);
    return s;
}

} // namespace fairlead::http
