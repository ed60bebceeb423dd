// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <string>
#include <string_view>

namespace fairlead::base {

/// Deepest nesting accepted from outside; deeper documents are refused, not recursed into.
inline constexpr int kJsonDepthMax = 64;

using Json = rapidjson::Document;
using JsonValue = rapidjson::Value;
using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

/// Parses UTF-8 JSON text (validated encoding, full-precision numbers, depth limited). The error
/// names the byte offset.
Result<Json> parseJson(std::string_view text);

std::string toText(const JsonValue& value);

/// Member `name` as text, or `other` when absent or of another type.
std::string_view textOr(const JsonValue& object, const char* name, std::string_view other);
std::int64_t integerOr(const JsonValue& object, const char* name, std::int64_t other);
bool booleanOr(const JsonValue& object, const char* name, bool other);

/// Member `name` when `object` is an object that has it, else nullptr.
const JsonValue* member(const JsonValue& object, const char* name);

} // namespace fairlead::base
