// SPDX-License-Identifier: Apache-2.0
#include "open_api.hpp"

#include <cppunit/TestAssert.h>

#include <algorithm>
#include <cctype>

namespace fairlead::test {

namespace {

std::vector<std::string> split(const std::string& path) {
    std::vector<std::string> parts;
    std::size_t at = 1;
    const std::string clean = path.substr(0, path.find('?'));
    while (at <= clean.size()) {
        const std::size_t end = std::min(clean.find('/', at), clean.size());
        parts.push_back(clean.substr(at, end - at));
        at = end + 1;
    }
    return parts;
}

// Number of literal parts, -1 when the path does not fit.
int fit(const std::string& pattern, const std::string& path) {
    const auto a = split(pattern);
    const auto b = split(path);
    int literals = 0;
    for (std::size_t i = 0; i < a.size() && a.size() == b.size(); ++i) {
        if (a[i] == b[i]) {
            ++literals;
        } else if (a[i][0] != '{') {
            return -1;
        }
    }
    return a.size() == b.size() ? literals : -1;
}

bool isType(const base::JsonValue& value, const std::string& type) {
    return (type == "object" && value.IsObject()) || (type == "array" && value.IsArray()) ||
           (type == "string" && value.IsString()) || (type == "integer" && value.IsInt64()) ||
           (type == "number" && value.IsNumber()) || (type == "boolean" && value.IsBool()) ||
           (type == "null" && value.IsNull());
}

bool hasType(const base::JsonValue& schema, const base::JsonValue& value) {
    const base::JsonValue* type = base::member(schema, "type");
    if (type == nullptr) {
        return true;
    }
    if (type->IsString()) {
        return isType(value, type->GetString());
    }
    return std::any_of(type->Begin(), type->End(),
                       [&](const auto& one) { return isType(value, one.GetString()); });
}

} // namespace

OpenApi& OpenApi::of(std::uint16_t port) {
    static OpenApi document(port); // one server in a test process
    return document;
}

OpenApi::OpenApi(std::uint16_t port) {
    const Reply reply = Client(port).plain("GET", "/api/v1/openapi.json");
    CPPUNIT_ASSERT_EQUAL(200, reply.status);
    document_.CopyFrom(*reply.json, document_.GetAllocator());
}

const base::JsonValue* OpenApi::operation(const std::string& method,
                                          const std::string& path) const {
    std::string lower = method == "HEAD" ? "get" : method;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    int best = -1;
    const base::JsonValue* found = nullptr;
    for (const auto& entry : document_["paths"].GetObject()) {
        const int literals = fit(entry.name.GetString(), path);
        const base::JsonValue* operation = base::member(entry.value, lower.c_str());
        if (literals > best && operation != nullptr) {
            best = literals;
            found = operation;
        }
    }
    return found;
}

std::string OpenApi::check(const std::string& method, const std::string& path,
                           const Reply& reply) const {
    if (reply.status >= 400) {
        if (reply.headers.at("content-type") != "application/problem+json") {
            return "a refusal must be a problem document";
        }
        return validate(document_["components"]["schemas"]["Problem"], *reply.json, "");
    }
    const base::JsonValue* described = operation(method, path);
    if (described == nullptr) {
        return "the document has no such operation";
    }
    const base::JsonValue& responses = (*described)["responses"];
    const std::string status = std::to_string(reply.status);
    const base::JsonValue* response = base::member(responses, status.c_str());
    if (response == nullptr) {
        return "the document does not name the status " + status;
    }
    const base::JsonValue* content = base::member(*response, "content");
    if (content == nullptr) {
        return reply.text.empty() ? "" : "the answer must be empty";
    }
    const base::JsonValue* json = base::member(*content, "application/json");
    if (json == nullptr || reply.headers.at("content-type") != "application/json") {
        return {};
    }
    return reply.json == nullptr ? "the answer is no JSON"
                                 : validate((*json)["schema"], *reply.json, "");
}

std::string OpenApi::validate(const base::JsonValue& schema, const base::JsonValue& value,
                              const std::string& at) const {
    if (const base::JsonValue* reference = base::member(schema, "$ref")) {
        const std::string name = reference->GetString();
        const std::string last = name.substr(name.rfind('/') + 1);
        return validate(document_["components"]["schemas"][last.c_str()], value, at);
    }
    if (const base::JsonValue* any = base::member(schema, "anyOf")) {
        std::string wrong;
        for (const auto& one : any->GetArray()) {
            wrong = validate(one, value, at);
            if (wrong.empty()) {
                break;
            }
        }
        return wrong;
    }
    if (!hasType(schema, value)) {
        return at + " has the wrong type: " + base::toText(value).substr(0, 100);
    }
    if (const base::JsonValue* values = base::member(schema, "enum")) {
        if (std::find(values->Begin(), values->End(), value) == values->End()) {
            return at + " is none of the values";
        }
    }
    if (value.IsArray() && schema.HasMember("items")) {
        for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
            const std::string wrong =
                validate(schema["items"], value[i], at + "/" + std::to_string(i));
            if (!wrong.empty()) {
                return wrong;
            }
        }
    }
    return value.IsObject() ? validateObject(schema, value, at) : "";
}

std::string OpenApi::validateObject(const base::JsonValue& schema, const base::JsonValue& value,
                                    const std::string& at) const {
    const base::JsonValue* properties = base::member(schema, "properties");
    const base::JsonValue* others = base::member(schema, "additionalProperties");
    for (const auto& entry : value.GetObject()) {
        const std::string below = at + "/" + entry.name.GetString();
        const base::JsonValue* own =
            properties == nullptr ? nullptr : base::member(*properties, entry.name.GetString());
        const base::JsonValue* wanted = own != nullptr                            ? own
                                        : others != nullptr && others->IsObject() ? others
                                                                                  : nullptr;
        if (wanted == nullptr && others != nullptr && others->IsBool()) {
            return below + " is not in the document";
        }
        const std::string wrong =
            wanted == nullptr ? std::string{} : validate(*wanted, entry.value, below);
        if (!wrong.empty()) {
            return wrong;
        }
    }
    if (const base::JsonValue* required = base::member(schema, "required")) {
        for (const auto& name : required->GetArray()) {
            if (!value.HasMember(name.GetString())) {
                return at + "/" + name.GetString() + " is missing";
            }
        }
    }
    return {};
}

} // namespace fairlead::test
