// SPDX-License-Identifier: Apache-2.0
#include "fairlead/web/mask.hpp"

#include "fairlead/base/json.hpp"
#include "fairlead/web/json_out.hpp"

#include <algorithm>
#include <array>

namespace fairlead::web {

namespace {

constexpr std::string_view kMask = "***";

std::string_view textOf(const base::JsonValue& value) {
    return {value.GetString(), value.GetStringLength()};
}

const Schema* fieldSchema(const Schema* object, std::string_view name) {
    if (object == nullptr) {
        return nullptr;
    }
    if (object->kind() == Schema::Kind::Map) {
        return object->element();
    }
    for (const Field& field : object->fields()) {
        if (field.name == name) {
            return &field.schema;
        }
    }
    return nullptr;
}

void write(JsonOut& out, const base::JsonValue& value, const Schema* schema,
           const std::set<std::string>& names) {
    if (value.IsObject()) {
        out.object();
        for (const auto& entry : value.GetObject()) {
            const std::string_view name = textOf(entry.name);
            const Schema* inner = fieldSchema(schema, name);
            out.name(name);
            const bool secret = isSecretName(name) || names.contains(std::string{name}) ||
                                (inner != nullptr && inner->isSecret());
            if (secret && !entry.value.IsNull()) {
                out.value(kMask);
            } else {
                write(out, entry.value, inner, names);
            }
        }
        out.end();
    } else if (value.IsArray()) {
        out.array();
        for (const auto& element : value.GetArray()) {
            write(out, element, schema == nullptr ? nullptr : schema->element(), names);
        }
        out.end();
    } else {
        out.raw(base::toText(value));
    }
}

void collectSecrets(const base::JsonValue& schema, std::set<std::string>& names) {
    const base::JsonValue* properties = base::member(schema, "properties");
    if (properties != nullptr && properties->IsObject()) {
        for (const auto& entry : properties->GetObject()) {
            if (base::booleanOr(entry.value, "x-secret", false) ||
                base::booleanOr(entry.value, "writeOnly", false)) {
                names.emplace(textOf(entry.name));
            }
            collectSecrets(entry.value, names);
        }
    }
    if (const base::JsonValue* items = base::member(schema, "items"); items != nullptr) {
        collectSecrets(*items, names);
    }
}

} // namespace

bool isSecretName(std::string_view name) {
    static constexpr std::array<std::string_view, 7> kParts{
        "password", "passwd", "secret", "token", "credential", "authorization", "cookie"};
    std::string lower{name};
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    });
    const auto inside = [&](std::string_view part) { return lower.find(part) != lower.npos; };
    return lower.ends_with("key") || std::any_of(kParts.begin(), kParts.end(), inside);
}

std::string cutText(std::string text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) {
        return text;
    }
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    text.resize(end);
    return text;
}

std::string maskBody(const base::JsonValue& body, const Schema* schema,
                     const std::set<std::string>& names, std::size_t bytes_max) {
    JsonOut out;
    write(out, body, schema, names);
    return cutText(std::move(out).text(), bytes_max);
}

std::string maskHeaders(const Headers& headers, std::size_t bytes_max) {
    static constexpr std::array<std::string_view, 12> kKept{
        "user-agent",      "content-type", "content-length",  "accept",
        "accept-language", "referer",      "x-forwarded-for", "if-match",
        "authorization",   "cookie",       "x-file-name",     "idempotency-key"};
    constexpr std::size_t kValueBytesMax = 256;
    JsonOut out;
    out.object();
    std::set<std::string_view> seen;
    for (const Headers::Field& field : headers.all()) {
        const auto kept = std::find_if(kKept.begin(), kKept.end(), [&](std::string_view name) {
            return equalNoCase(name, field.name);
        });
        if (kept != kKept.end() && seen.insert(*kept).second) {
            out.field(*kept, isSecretName(*kept) && *kept != "idempotency-key"
                                 ? std::string{kMask}
                                 : cutText(field.value, kValueBytesMax));
        }
    }
    out.end();
    std::string text = std::move(out).text();
    return text.size() <= bytes_max ? text : "{}";
}

std::set<std::string> secretNames(std::string_view json_schema) {
    std::set<std::string> names;
    if (const auto schema = base::parseJson(json_schema); schema) {
        collectSecrets(*schema, names);
    }
    return names;
}

} // namespace fairlead::web
