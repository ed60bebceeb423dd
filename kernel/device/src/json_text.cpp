// SPDX-License-Identifier: Apache-2.0
#include "json_text.hpp"

#include "fairlead/device/data_value.hpp"

namespace fairlead::device {

void JsonObject::name(std::string_view name) {
    out_ += out_.size() > 1 ? ",\"" : "\"";
    out_ += name;
    out_ += "\":";
}

JsonObject& JsonObject::text(std::string_view member, std::string_view value) {
    name(member);
    out_ += DataValue::text(value).toJson();
    return *this;
}

JsonObject& JsonObject::json(std::string_view member, std::string_view value) {
    name(member);
    out_ += value.empty() ? "null" : value;
    return *this;
}

JsonObject& JsonObject::time(std::string_view member, base::UtcMs value) {
    name(member);
    out_ += value == 0 ? "null" : "\"" + base::toRfc3339(value) + "\"";
    return *this;
}

} // namespace fairlead::device
