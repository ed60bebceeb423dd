// SPDX-License-Identifier: Apache-2.0
#include "fairlead/base/json.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

namespace fairlead::base {

namespace {

// Refuses documents that nest deeper than the limit before a recursive consumer sees them.
bool tooDeep(std::string_view text) {
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') {
                ++i;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > kJsonDepthMax) {
                return true;
            }
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return false;
}

} // namespace

Result<Json> parseJson(std::string_view text) {
    if (tooDeep(text)) {
        return Error{Errc::Limit, "json.too_deep",
                     "the JSON text nests deeper than " + std::to_string(kJsonDepthMax) +
                         " levels"};
    }
    constexpr unsigned kFlags = rapidjson::kParseFullPrecisionFlag |
                                rapidjson::kParseValidateEncodingFlag |
                                rapidjson::kParseIterativeFlag;
    Json document;
    document.Parse<kFlags>(text.data(), text.size());
    if (document.HasParseError()) {
        return Error{Errc::Malformed, "json.malformed",
                     std::string{"not valid JSON at byte "} +
                         std::to_string(document.GetErrorOffset()) + ": " +
                         rapidjson::GetParseError_En(document.GetParseError())};
    }
    return document;
}

std::string toText(const JsonValue& value) {
    rapidjson::StringBuffer buffer;
    JsonWriter writer(buffer);
    value.Accept(writer);
    return {buffer.GetString(), buffer.GetSize()};
}

const JsonValue* member(const JsonValue& object, const char* name) {
    if (!object.IsObject()) {
        return nullptr;
    }
    const auto found = object.FindMember(name);
    return found == object.MemberEnd() ? nullptr : &found->value;
}

std::string_view textOr(const JsonValue& object, const char* name, std::string_view other) {
    const JsonValue* found = member(object, name);
    return found != nullptr && found->IsString()
               ? std::string_view{found->GetString(), found->GetStringLength()}
               : other;
}

std::int64_t integerOr(const JsonValue& object, const char* name, std::int64_t other) {
    const JsonValue* found = member(object, name);
    return found != nullptr && found->IsInt64() ? found->GetInt64() : other;
}

bool booleanOr(const JsonValue& object, const char* name, bool other) {
    const JsonValue* found = member(object, name);
    return found != nullptr && found->IsBool() ? found->GetBool() : other;
}

} // namespace fairlead::base
