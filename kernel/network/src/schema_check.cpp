// SPDX-License-Identifier: Apache-2.0
#include "fairlead/base/text.hpp"
#include "fairlead/network/schema.hpp"
#include "schema_walk.hpp"

#include <rapidjson/schema.h>

#include <arpa/inet.h>

#include <cmath>
#include <set>
#include <string>

// Design notes. RapidJSON's validator stops at the first error and knows nothing of conditions, so
// forms are checked by the walk below, which finds all errors and speaks the pages' codes.
// RapidJSON has the last word on a value that the walk finds good (patterns, oneOf).

namespace fairlead::network {

namespace {

using base::FieldError;
using base::JsonValue;
using namespace schema;

bool isLabel(std::string_view label) noexcept {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') {
        return false;
    }
    for (const char c : label) {
        const bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!ok) {
            return false;
        }
    }
    return true;
}

bool isFamily(std::string_view text, int family) noexcept {
    in6_addr room{};
    return inet_pton(family, std::string(text).c_str(), &room) == 1;
}

bool isUri(std::string_view text) noexcept {
    const std::size_t colon = text.find(':');
    return colon != std::string_view::npos && colon > 0 && colon + 1 < text.size() &&
           text.find_first_of(" \t\r\n") == std::string_view::npos;
}

bool fitsFormat(std::string_view format, std::string_view text) noexcept {
    if (format == "hostname") {
        return isHost(text);
    }
    if (format == "ipv4") {
        return isFamily(text, AF_INET);
    }
    if (format == "ipv6") {
        return isFamily(text, AF_INET6);
    }
    return format != "uri" || isUri(text);
}

class Checker {
public:
    Checker(const JsonValue& root, std::vector<FieldError>& errors)
        : root_(root), errors_(errors) {}

    void any(const JsonValue& schema, const JsonValue& value, const std::string& path) {
        const std::string_view type = typeOf(schema);
        if (type == "object") {
            object(schema, value, path);
        } else if (type == "array") {
            array(schema, value, path);
        } else if (checkEnum(schema, value, path)) {
            scalar(type, schema, value, path);
        }
    }

private:
    void add(const std::string& path, const char* code, std::string message) {
        errors_.push_back({path, code, std::move(message)});
    }

    std::set<std::string_view> requiredNames(const JsonValue& schema, const JsonValue& value) {
        std::set<std::string_view> names;
        collect(base::member(schema, "required"), names);
        const JsonValue* branches = base::member(schema, "oneOf");
        if (branches != nullptr && branches->IsArray()) {
            for (const JsonValue& branch : branches->GetArray()) {
                if (fitsBranch(branch, value)) {
                    collect(base::member(branch, "required"), names);
                }
            }
        }
        return names;
    }

    static void collect(const JsonValue* list, std::set<std::string_view>& names) {
        if (list != nullptr && list->IsArray()) {
            for (const JsonValue& name : list->GetArray()) {
                names.insert(name.IsString() ? viewOf(name) : std::string_view{});
            }
        }
    }

    bool fitsBranch(const JsonValue& branch, const JsonValue& value) {
        const JsonValue* properties = base::member(branch, "properties");
        if (properties == nullptr || !properties->IsObject()) {
            return false;
        }
        for (const auto& property : properties->GetObject()) {
            const JsonValue* actual = memberOf(value, viewOf(property.name));
            const JsonValue* allowed = base::member(property.value, "enum");
            if (actual == nullptr || allowed == nullptr || !contains(*allowed, *actual)) {
                return false;
            }
        }
        return true;
    }

    static bool contains(const JsonValue& list, const JsonValue& value) {
        for (const JsonValue& one : list.GetArray()) {
            if (one == value) {
                return true;
            }
        }
        return false;
    }

    void object(const JsonValue& schema, const JsonValue& value, const std::string& path) {
        if (!value.IsObject()) {
            add(path, "type", "must be an object");
            return;
        }
        const JsonValue* properties = base::member(schema, "properties");
        if (properties == nullptr) {
            return;
        }
        for (const auto& entry : value.GetObject()) {
            if (memberOf(*properties, viewOf(entry.name)) == nullptr) {
                add(path + "/" + std::string(viewOf(entry.name)), "unknown",
                    "there is no such setting");
            }
        }
        const auto required = requiredNames(schema, value);
        for (const auto& property : properties->GetObject()) {
            member(property, value, path, required);
        }
    }

    void member(const JsonValue::Member& property, const JsonValue& value, const std::string& path,
                const std::set<std::string_view>& required) {
        const std::string_view name = viewOf(property.name);
        const std::string at = path + "/" + std::string(name);
        const JsonValue* given = memberOf(value, name);
        if (!isEmpty(given)) {
            any(property.value, *given, at);
            return;
        }
        const JsonValue* when = base::member(property.value, "x-required-when");
        const bool needed =
            required.count(name) > 0 || (when != nullptr && holds(when, root_, value));
        if (needed && holds(base::member(property.value, "x-visible-when"), root_, value)) {
            add(at, "required", "is required");
        }
    }

    void array(const JsonValue& schema, const JsonValue& value, const std::string& path) {
        if (!value.IsArray()) {
            add(path, "type", "must be a list");
            return;
        }
        const std::int64_t most = base::integerOr(schema, "maxItems", 1000);
        if (value.Size() > static_cast<std::uint64_t>(most)) {
            add(path, "maxItems", "has more than " + std::to_string(most) + " entries");
            return;
        }
        const JsonValue* items = base::member(schema, "items");
        for (rapidjson::SizeType i = 0; items != nullptr && i < value.Size(); ++i) {
            any(*items, value[i], path + "/" + std::to_string(i));
        }
    }

    bool checkEnum(const JsonValue& schema, const JsonValue& value, const std::string& path) {
        const JsonValue* allowed = base::member(schema, "enum");
        if (allowed == nullptr || !allowed->IsArray() || contains(*allowed, value)) {
            return true;
        }
        add(path, "enum", "is none of the choices");
        return false;
    }

    void scalar(std::string_view type, const JsonValue& schema, const JsonValue& value,
                const std::string& path) {
        if (type == "integer" || type == "number") {
            number(type == "integer", schema, value, path);
        } else if (type == "boolean") {
            if (!value.IsBool()) {
                add(path, "type", "must be true or false");
            }
        } else if (!value.IsString()) {
            add(path, "type", "must be a text");
        } else {
            text(schema, viewOf(value), path);
        }
    }

    void number(bool integer, const JsonValue& schema, const JsonValue& value,
                const std::string& path) {
        if (!value.IsNumber() || (integer && std::floor(value.GetDouble()) != value.GetDouble())) {
            add(path, "integer", integer ? "must be a whole number" : "must be a number");
            return;
        }
        const JsonValue* least = base::member(schema, "minimum");
        const JsonValue* most = base::member(schema, "maximum");
        if ((least != nullptr && value.GetDouble() < least->GetDouble()) ||
            (most != nullptr && value.GetDouble() > most->GetDouble())) {
            add(path, "range",
                "must be" + (least == nullptr ? "" : " at least " + base::toText(*least)) +
                    (least != nullptr && most != nullptr ? " and" : "") +
                    (most == nullptr ? "" : " at most " + base::toText(*most)));
        }
    }

    void text(const JsonValue& schema, std::string_view value, const std::string& path) {
        const auto length = base::countCharacters(value);
        if (!length) {
            add(path, "type", "is not valid UTF-8");
            return;
        }
        const std::int64_t most = base::integerOr(schema, "maxLength", 65'536);
        const std::int64_t least = base::integerOr(schema, "minLength", 0);
        if (*length > static_cast<std::uint64_t>(most)) {
            add(path, "maxLength", "is longer than " + std::to_string(most) + " characters");
        } else if (*length < static_cast<std::uint64_t>(least)) {
            add(path, "minLength", "is shorter than " + std::to_string(least) + " characters");
        }
        const std::string_view format = base::textOr(schema, "format", "");
        if (!fitsFormat(format, value)) {
            errors_.push_back(
                {path, "format_" + std::string(format), "is not a valid " + std::string(format)});
        }
    }

    const JsonValue& root_;
    std::vector<FieldError>& errors_;
};

/// What RapidJSON says of a value that the walk found good.
void lastWord(const JsonValue& schema, const JsonValue& value, const std::string& prefix,
              std::vector<FieldError>& errors) {
    const rapidjson::SchemaDocument document(schema);
    rapidjson::SchemaValidator validator(document);
    if (value.Accept(validator)) {
        return;
    }
    rapidjson::StringBuffer path;
    validator.GetInvalidDocumentPointer().Stringify(path);
    errors.push_back({prefix + path.GetString(), validator.GetInvalidSchemaKeyword(),
                      "does not fit the form of this type"});
}

} // namespace

bool isAddress(std::string_view text) noexcept {
    return isFamily(text, AF_INET) || isFamily(text, AF_INET6);
}

bool isHost(std::string_view text) noexcept {
    if (isAddress(text)) {
        return true;
    }
    if (text.empty() || text.size() > 253 ||
        text.find_first_not_of("0123456789.") == std::string_view::npos) {
        return false; // a broken IPv4 address is not a name
    }
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find('.', begin), text.size());
        if (!isLabel(text.substr(begin, end - begin))) {
            return false;
        }
        begin = end + 1;
    }
    return true;
}

std::vector<FieldError> check(const JsonValue& schema, const JsonValue& value,
                              const std::string& prefix) {
    std::vector<FieldError> errors;
    Checker(value, errors).any(schema, value, prefix);
    if (errors.empty()) {
        lastWord(schema, value, prefix, errors);
    }
    return errors;
}

} // namespace fairlead::network
