// SPDX-License-Identifier: Apache-2.0
#include "fairlead/base/json.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <charconv>

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

// Of a number that no double can hold: is it too small, not too large? The place of its first digit
// other than 0 tells.
bool tooSmall(std::string_view text) {
    const auto e = text.find_first_of("eE");
    const auto mantissa = text.substr(0, e);
    const auto first = mantissa.find_first_of("123456789");
    if (first == std::string_view::npos) {
        return true;
    }
    const auto point = std::min(mantissa.find('.'), mantissa.size());
    std::int64_t exponent = 0;
    if (e != std::string_view::npos) {
        const char* from = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
        if (std::from_chars(from, text.data() + text.size(), exponent).ec != std::errc()) {
            return text[e + 1] == '-';
        }
    }
    return static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first) + exponent < 0;
}

// Builds the document, with numbers converted by the standard library: RapidJSON's own conversion
// loses digits or, in full precision, runs into undefined behaviour (0e66).
struct Builder {
    using Size = rapidjson::SizeType;

    bool Null() { return out.Null(); }
    bool Bool(bool v) { return out.Bool(v); }
    bool Int(int v) { return out.Int(v); }
    bool Uint(unsigned v) { return out.Uint(v); }
    bool Int64(std::int64_t v) { return out.Int64(v); }
    bool Uint64(std::uint64_t v) { return out.Uint64(v); }
    bool Double(double v) { return out.Double(v); }
    bool String(const char* p, Size n, bool copy) { return out.String(p, n, copy); }
    bool Key(const char* p, Size n, bool copy) { return out.Key(p, n, copy); }
    bool StartObject() { return out.StartObject(); }
    bool EndObject(Size n) { return out.EndObject(n); }
    bool StartArray() { return out.StartArray(); }
    bool EndArray(Size n) { return out.EndArray(n); }

    bool RawNumber(const char* p, Size n, bool) {
        const std::string_view text{p, n};
        const char* last = p + n;
        if (text.find_first_of(".eE") == std::string_view::npos) {
            std::int64_t integer = 0;
            if (std::from_chars(p, last, integer).ec == std::errc()) {
                return out.Int64(integer);
            }
            std::uint64_t natural = 0;
            if (std::from_chars(p, last, natural).ec == std::errc()) {
                return out.Uint64(natural);
            }
        }
        double real = 0;
        if (std::from_chars(p, last, real).ec != std::errc()) {
            too_large = !tooSmall(text);
            real = text.front() == '-' ? -0.0 : 0.0;
        }
        return !too_large && out.Double(real);
    }

    Json& out;
    bool too_large = false;
};

Error malformed(std::size_t offset, rapidjson::ParseErrorCode code) {
    return {Errc::Malformed, "json.malformed",
            "not valid JSON at byte " + std::to_string(offset) + ": " +
                rapidjson::GetParseError_En(code)};
}

} // namespace

Result<Json> parseJson(std::string_view text) {
    if (tooDeep(text)) {
        return Error{Errc::Limit, "json.too_deep",
                     "the JSON text nests deeper than " + std::to_string(kJsonDepthMax) +
                         " levels"};
    }
    constexpr unsigned kFlags = rapidjson::kParseNumbersAsStringsFlag |
                                rapidjson::kParseValidateEncodingFlag |
                                rapidjson::kParseIterativeFlag;
    Json document;
    rapidjson::MemoryStream memory(text.data(), text.size());
    rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> stream(memory);
    rapidjson::Reader reader;
    Builder builder{document};
    const auto generate = [&](Json&) { return !reader.Parse<kFlags>(stream, builder).IsError(); };
    document.Populate(generate);
    if (reader.HasParseError()) {
        return malformed(reader.GetErrorOffset(), builder.too_large
                                                      ? rapidjson::kParseErrorNumberTooBig
                                                      : reader.GetParseErrorCode());
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
