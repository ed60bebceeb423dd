// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/json.hpp"

#include <string_view>

/// How schema.cpp and schema_check.cpp read a schema.
namespace fairlead::network::schema {

inline std::string_view viewOf(const base::JsonValue& text) {
    return {text.GetString(), text.GetStringLength()};
}

/// "object" where only properties are given, as the pages do.
inline std::string_view typeOf(const base::JsonValue& schema) {
    const bool object = base::member(schema, "properties") != nullptr;
    return base::textOr(schema, "type", object ? "object" : "string");
}

inline const base::JsonValue* memberOf(const base::JsonValue& object, std::string_view name) {
    if (!object.IsObject()) {
        return nullptr;
    }
    const auto found = object.FindMember(
        base::JsonValue(name.data(), static_cast<rapidjson::SizeType>(name.size())));
    return found == object.MemberEnd() ? nullptr : &found->value;
}

inline base::JsonValue* memberOf(base::JsonValue& object, std::string_view name) {
    const base::JsonValue& constant = object;
    return const_cast<base::JsonValue*>(memberOf(constant, name));
}

/// Absent, null and the empty text are all the same to a form.
inline bool isEmpty(const base::JsonValue* value) {
    return value == nullptr || value->IsNull() ||
           (value->IsString() && value->GetStringLength() == 0);
}

/// True when every name of `condition` (a sibling, or a path from the root) has the value, or one
/// of the values, that it says; true without condition.
bool holds(const base::JsonValue* condition, const base::JsonValue& root,
           const base::JsonValue& siblings);

} // namespace fairlead::network::schema
