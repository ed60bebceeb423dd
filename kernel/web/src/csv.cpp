// SPDX-License-Identifier: Apache-2.0
#include "fairlead/web/csv.hpp"

#include "fairlead/base/json.hpp"

namespace fairlead::web {

namespace {

bool isColumn(const Field& field) {
    return field.name != "actions";
}

std::string cell(const base::JsonValue* value) {
    if (value == nullptr || value->IsNull()) {
        return {};
    }
    if (value->IsString()) {
        return csvField({value->GetString(), value->GetStringLength()});
    }
    if (value->IsNumber()) {
        return base::toText(*value);
    }
    return csvField(base::toText(*value));
}

} // namespace

std::string csvField(std::string_view text) {
    std::string safe;
    if (!text.empty() && std::string_view{"=+-@\t\r"}.find(text.front()) != text.npos) {
        safe = "'";
    }
    safe += text;
    if (safe.find_first_of(",\"\r\n") == std::string::npos) {
        return safe;
    }
    std::string quoted = "\"";
    for (const char c : safe) {
        quoted += c == '"' ? "\"\"" : std::string(1, c);
    }
    return quoted + '"';
}

std::string csvHeader(const Schema& item) {
    std::string line;
    for (const Field& field : item.fields()) {
        if (isColumn(field)) {
            line += (line.empty() ? "" : ",") + csvField(field.name);
        }
    }
    return line + "\r\n";
}

std::string csvLine(const Schema& item, const base::JsonValue& value) {
    std::string line;
    bool first = true;
    for (const Field& field : item.fields()) {
        if (isColumn(field)) {
            line += (first ? "" : ",") + cell(base::member(value, field.name.c_str()));
            first = false;
        }
    }
    return line + "\r\n";
}

} // namespace fairlead::web
