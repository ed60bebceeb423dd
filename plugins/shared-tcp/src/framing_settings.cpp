// SPDX-License-Identifier: Apache-2.0
#include "framing_settings.hpp"

#include "fairlead/sdk/base.hpp"

#include <utility>

namespace fairlead::tcp {

using rapidjson::Value;

void refuse(const std::string& text) {
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

std::string_view string(const Value& object, const char* name, std::string_view fallback) {
    const Value* value = find(object, name);
    if (value == nullptr) {
        return fallback;
    }
    if (!value->IsString()) {
        refuse(std::string(name) + " must be a text");
    }
    return {value->GetString(), value->GetStringLength()};
}

rapidjson::Document parseObject(std::string_view json) {
    rapidjson::Document doc;
    doc.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
    if (doc.HasParseError() || !doc.IsObject()) {
        refuse("the configuration is not a JSON object");
    }
    return doc;
}

const Value& parserConfiguration(const Value& configuration) {
    static const Value none(rapidjson::kObjectType);
    const Value* given = find(configuration, "parserConfiguration");
    if (given != nullptr && !given->IsObject()) {
        refuse("parserConfiguration must be an object");
    }
    return given != nullptr ? *given : none;
}

namespace {

Rule ruleOf(std::string_view name) {
    if (name == "DIRECT") {
        return Rule::Direct;
    }
    if (name == "FIXED_LENGTH") {
        return Rule::FixedLength;
    }
    if (name == "DELIMITED") {
        return Rule::Delimited;
    }
    if (name == "LENGTH_FIELD") {
        return Rule::LengthField;
    }
    refuse("parserType must be DIRECT, FIXED_LENGTH, DELIMITED or LENGTH_FIELD");
}

void readFixed(const Value& rule, Framing& out) {
    out.size = integer(rule, "size", 0, 1, 65535);
    if (out.size == 0) {
        refuse("FIXED_LENGTH needs parserConfiguration.size, the length of a frame in bytes");
    }
    if (out.size > out.max_frame) {
        refuse("parserConfiguration.size is larger than maxFrameLength");
    }
}

void readDelimited(const Value& rule, Framing& out) {
    auto delimiter = parseDelimiter(string(rule, "delimited", {}));
    if (!delimiter) {
        refuse("DELIMITED needs parserConfiguration.delimited: 1 to 64 bytes as text with \\r \\n "
               "\\t \\0 \\\\ \\xHH, or in hex as 0x0D0A");
    }
    out.delimiter = std::move(*delimiter);
}

void readLengthField(const Value& rule, Framing& out) {
    out.offset = static_cast<std::uint16_t>(integer(rule, "offset", 0, 0, 65535));
    out.length = static_cast<std::uint8_t>(integer(rule, "length", 4, 1, 8));
    if (out.length > 4 && out.length != 8) {
        refuse("parserConfiguration.length must be 1, 2, 3, 4 or 8");
    }
    const Value* little = find(rule, "little");
    if (little != nullptr && !little->IsBool()) {
        refuse("parserConfiguration.little must be true or false");
    }
    out.little = little != nullptr && little->GetBool();
    if (std::size_t{out.offset} + out.length > out.max_frame) {
        refuse("offset and length are larger than maxFrameLength");
    }
}

void readRule(const Value& doc, const Value& rule, Framing& out) {
    out.max_frame = integer(doc, "maxFrameLength", out.max_frame, 64, kFrameBytesLimit);
    out.rule = ruleOf(string(doc, "parserType", "DIRECT"));
    switch (out.rule) {
    case Rule::FixedLength:
        readFixed(rule, out);
        break;
    case Rule::Delimited:
        readDelimited(rule, out);
        break;
    case Rule::LengthField:
        readLengthField(rule, out);
        break;
    default:
        break;
    }
}

} // namespace

Framing readFraming(const Value& configuration) {
    Framing framing;
    readRule(configuration, parserConfiguration(configuration), framing);
    return framing;
}

} // namespace fairlead::tcp
