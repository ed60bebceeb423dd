// SPDX-License-Identifier: Apache-2.0
// Values between what devices send, what is stored, and what people read.
#include "bytes.hpp"
#include "date_format.hpp"
#include "fairlead/base/json.hpp"
#include "fairlead/base/text.hpp"
#include "fairlead/device/thing_model.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace fairlead::device {

namespace {

using base::Error;
using base::JsonValue;
using base::Status;

Error wrongValue(std::string_view path, const std::string& expected) {
    const std::string at{path};
    return Error{base::Errc::Invalid, "value.invalid", at + " must be " + expected}.with(
        {base::FieldError{at, "invalid", at + " must be " + expected}});
}

std::optional<double> parseReal(std::string_view text) {
    text = base::trim(text);
    double value = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end.ec != std::errc{} || end.ptr != text.data() + text.size() || text.empty()) {
        return std::nullopt;
    }
    return value;
}

std::optional<std::int64_t> parseWhole(std::string_view text) {
    text = base::trim(text);
    std::int64_t value = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end.ec != std::errc{} || end.ptr != text.data() + text.size() || text.empty()) {
        return std::nullopt;
    }
    return value;
}

std::string shortNumber(double value) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value);
    return {text, end.ptr};
}

/// Half away from zero at `scale` digits, as people round.
double roundTo(double value, int scale) {
    if (scale < 0) {
        return value;
    }
    constexpr double kPowers[] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const double scaled = value * kPowers[scale];
    // Above 2^53 there are no digits left to round.
    if (!(std::fabs(scaled) < 9007199254740992.0)) {
        return value;
    }
    return std::round(scaled) / kPowers[scale];
}

std::pair<std::int64_t, std::int64_t> rangeOf(DataType type) {
    switch (type) {
    case DataType::Int:
        return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()};
    case DataType::Short:
        return {std::numeric_limits<std::int16_t>::min(), std::numeric_limits<std::int16_t>::max()};
    case DataType::Byte:
        return {std::numeric_limits<std::int8_t>::min(), std::numeric_limits<std::int8_t>::max()};
    default:
        return {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
    }
}

std::string limitsText(const ValueType& type) {
    std::string out;
    if (type.minimum) {
        out += " of at least " + shortNumber(*type.minimum);
    }
    if (type.maximum) {
        out += (out.empty() ? " of at most " : " and at most ") + shortNumber(*type.maximum);
    }
    return out;
}

bool withinLimits(const ValueType& type, double value) {
    return !(type.minimum && value < *type.minimum) && !(type.maximum && value > *type.maximum);
}

/// 2^63, the first double that no longer fits.
constexpr double kWholeEnd = 9223372036854775808.0;

std::optional<std::int64_t> wholeOf(const fl_value& value) {
    switch (value.kind) {
    case FL_VALUE_INTEGER:
        return value.i;
    case FL_VALUE_DOUBLE: {
        const double rounded = std::round(value.d);
        if (!(rounded >= -kWholeEnd && rounded < kWholeEnd)) {
            return std::nullopt;
        }
        return static_cast<std::int64_t>(rounded);
    }
    case FL_VALUE_STRING: {
        if (const auto whole = parseWhole(textOf(value.s))) {
            return whole;
        }
        const auto real = parseReal(textOf(value.s));
        return real ? wholeOf(fl_value{FL_VALUE_DOUBLE, 0, 0, *real, {nullptr, 0}}) : std::nullopt;
    }
    default:
        return std::nullopt;
    }
}

Status toWhole(const ValueType& type, const fl_value& value, std::string_view path,
               DataValue& out) {
    const auto whole = wholeOf(value);
    const auto [least, most] = rangeOf(type.type);
    if (!whole || *whole < least || *whole > most ||
        !withinLimits(type, static_cast<double>(*whole))) {
        return wrongValue(path, std::string{"a whole number ("} + toText(type.type) + ")" +
                                    limitsText(type));
    }
    out.kind = FL_VALUE_INTEGER;
    out.i = *whole;
    out.s.clear();
    return {};
}

Status toReal(const ValueType& type, const fl_value& value, std::string_view path, DataValue& out) {
    std::optional<double> real;
    if (value.kind == FL_VALUE_DOUBLE) {
        real = value.d;
    } else if (value.kind == FL_VALUE_INTEGER) {
        real = static_cast<double>(value.i);
    } else if (value.kind == FL_VALUE_STRING) {
        real = parseReal(textOf(value.s));
    }
    const bool fits = real && std::isfinite(*real) &&
                      (type.type != DataType::Float ||
                       std::fabs(*real) <= static_cast<double>(std::numeric_limits<float>::max()));
    if (!fits || !withinLimits(type, *real)) {
        return wrongValue(path, "a number" + limitsText(type));
    }
    out.kind = FL_VALUE_DOUBLE;
    out.d = roundTo(*real, type.scale);
    out.s.clear();
    return {};
}

/// Text of a scalar, without quotes; false for JSON and binary.
bool scalarOf(const fl_value& value, std::string& out) {
    switch (value.kind) {
    case FL_VALUE_STRING:
        out = textOf(value.s);
        return true;
    case FL_VALUE_INTEGER:
        out = std::to_string(value.i);
        return true;
    case FL_VALUE_DOUBLE:
        out = shortNumber(value.d);
        return true;
    case FL_VALUE_BOOLEAN:
        out = value.i != 0 ? "true" : "false";
        return true;
    default:
        return false;
    }
}

Status toBoolean(const ValueType& type, const fl_value& value, std::string_view path,
                 DataValue& out) {
    std::string text;
    std::int64_t truth = -1;
    if (value.kind == FL_VALUE_BOOLEAN) {
        truth = value.i != 0 ? 1 : 0;
    } else if (scalarOf(value, text)) {
        if (text == type.true_value) {
            truth = 1;
        } else if (text == type.false_value) {
            truth = 0;
        } else if (text == "true" || text == "1") {
            truth = 1;
        } else if (text == "false" || text == "0") {
            truth = 0;
        }
    }
    if (truth < 0) {
        return wrongValue(path, "\"" + type.true_value + "\" or \"" + type.false_value + "\"");
    }
    out.kind = FL_VALUE_BOOLEAN;
    out.i = truth;
    out.s.clear();
    return {};
}

Status toString(const ValueType& type, const fl_value& value, std::string_view path,
                DataValue& out) {
    if (value.kind == FL_VALUE_BINARY && type.type == DataType::File) {
        if (value.s.n > kValueBytesMax) {
            return wrongValue(path, "at most 64 KiB");
        }
        out.assign(value);
        return {};
    }
    if (value.kind == FL_VALUE_STRING || value.kind == FL_VALUE_JSON) {
        const auto characters = base::countCharacters(textOf(value.s));
        if (!characters) {
            return wrongValue(path, "UTF-8 text");
        }
        if (*characters > type.length_max || value.s.n > kValueBytesMax) {
            return wrongValue(path, "at most " + std::to_string(type.length_max) + " characters");
        }
        out.assign(value);
        out.kind = FL_VALUE_STRING;
        return {};
    }
    if (!scalarOf(value, out.s)) {
        return wrongValue(path, "a text");
    }
    out.kind = FL_VALUE_STRING;
    return {};
}

bool hasElement(const ValueType& type, std::string_view value) {
    for (const EnumElement& element : type.elements) {
        if (element.value == value) {
            return true;
        }
    }
    return false;
}

std::string elementsText(const ValueType& type) {
    constexpr std::size_t kNamed = 8;
    std::string out = type.multiple ? "a list of: " : "one of: ";
    for (std::size_t i = 0; i < type.elements.size() && i < kNamed; ++i) {
        out += (i > 0 ? ", " : "") + type.elements[i].value;
    }
    return out + (type.elements.size() > kNamed ? ", …" : "");
}

Status toEnumList(const ValueType& type, const fl_value& value, std::string_view path,
                  DataValue& out) {
    std::vector<std::string> chosen;
    if (value.kind == FL_VALUE_JSON) {
        const auto json = base::parseJson(textOf(value.s));
        if (!json || !json->IsArray() || json->Size() > kEnumElementsMax) {
            return wrongValue(path, elementsText(type));
        }
        for (const JsonValue& entry : json->GetArray()) {
            chosen.push_back(entry.IsString() ? entry.GetString() : base::toText(entry));
        }
    } else {
        std::string text;
        if (!scalarOf(value, text)) {
            return wrongValue(path, elementsText(type));
        }
        for (std::size_t at = 0; at <= text.size() && !text.empty();) {
            const std::size_t end = std::min(text.find(',', at), text.size());
            chosen.push_back(text.substr(at, end - at));
            at = end + 1;
        }
    }
    rapidjson::StringBuffer buffer;
    base::JsonWriter writer(buffer);
    writer.StartArray();
    for (const std::string& entry : chosen) {
        if (!hasElement(type, entry)) {
            return wrongValue(path, elementsText(type));
        }
        writer.String(entry);
    }
    writer.EndArray();
    out.kind = FL_VALUE_JSON;
    out.s.assign(buffer.GetString(), buffer.GetSize());
    return {};
}

Status toEnum(const ValueType& type, const fl_value& value, std::string_view path, DataValue& out) {
    if (type.multiple) {
        return toEnumList(type, value, path, out);
    }
    std::string text;
    if (!scalarOf(value, text) || !hasElement(type, text)) {
        return wrongValue(path, elementsText(type));
    }
    out.kind = FL_VALUE_STRING;
    out.s = text;
    return {};
}

Status toDate(const ValueType& type, const fl_value& value, std::string_view path, DataValue& out) {
    std::optional<std::int64_t> time;
    if (value.kind == FL_VALUE_STRING) {
        const std::string_view text = textOf(value.s);
        if (type.date_format != "timestamp") {
            time = parseDate(type.date_format, type.offset_minutes, text);
        }
        if (!time) {
            time = parseWhole(text);
        }
        if (!time) {
            time = base::parseRfc3339(text);
        }
    } else if (value.kind == FL_VALUE_INTEGER || value.kind == FL_VALUE_DOUBLE) {
        time = wholeOf(value);
    }
    // The years 0001 to 9999: what every calendar at hand can show.
    if (!time || *time < -62'135'596'800'000 || *time > 253'402'300'799'999) {
        return wrongValue(path, "a time (" + type.date_format + ")");
    }
    out.kind = FL_VALUE_INTEGER;
    out.i = *time;
    out.s.clear();
    return {};
}

/// A JSON value as fl_value; texts of arrays and objects go to `scratch`.
fl_value viewOfJson(const JsonValue& json, std::string& scratch) {
    fl_value value{FL_VALUE_NULL, 0, 0, 0, {nullptr, 0}};
    if (json.IsBool()) {
        value.kind = FL_VALUE_BOOLEAN;
        value.i = json.GetBool() ? 1 : 0;
    } else if (json.IsInt64()) {
        value.kind = FL_VALUE_INTEGER;
        value.i = json.GetInt64();
    } else if (json.IsNumber()) {
        value.kind = FL_VALUE_DOUBLE;
        value.d = json.GetDouble();
    } else if (json.IsString()) {
        value.kind = FL_VALUE_STRING;
        value.s = fl_str{json.GetString(), json.GetStringLength()};
    } else if (!json.IsNull()) {
        value.kind = FL_VALUE_JSON;
        scratch = base::toText(json);
        value.s = strOf(scratch);
    }
    return value;
}

/// Writes the checked form of `json` as `type` wants it.
Status writeChecked(const ValueType& type, const JsonValue& json, const std::string& path,
                    std::string& out) {
    if (json.IsNull()) {
        out += "null";
        return {};
    }
    std::string scratch;
    DataValue converted;
    FL_TRY(type.convert(viewOfJson(json, scratch), path, converted));
    out += converted.toJson();
    return {};
}

void appendKey(std::string_view key, std::string& out) {
    out += out.back() == '{' ? "" : ",";
    out += DataValue::text(key).toJson() + ":";
}

Status toArray(const ValueType& type, const fl_value& value, std::string_view path,
               DataValue& out) {
    const auto json = value.kind == FL_VALUE_JSON || value.kind == FL_VALUE_STRING
                          ? base::parseJson(textOf(value.s))
                          : base::Result<base::Json>{Error::invalid("")};
    if (!json || !json->IsArray() || value.s.n > kValueBytesMax) {
        return wrongValue(path, "a list");
    }
    std::string text = "[";
    for (rapidjson::SizeType i = 0; i < json->Size(); ++i) {
        text += i > 0 ? "," : "";
        FL_TRY(writeChecked(*type.element, (*json)[i], std::string{path} + "." + std::to_string(i),
                            text));
    }
    out.kind = FL_VALUE_JSON;
    out.s = text + "]";
    return {};
}

Status toObject(const ValueType& type, const fl_value& value, std::string_view path,
                DataValue& out) {
    const auto json = value.kind == FL_VALUE_JSON || value.kind == FL_VALUE_STRING
                          ? base::parseJson(textOf(value.s))
                          : base::Result<base::Json>{Error::invalid("")};
    if (!json || !json->IsObject() || value.s.n > kValueBytesMax) {
        return wrongValue(path, "an object");
    }
    std::string text = "{";
    for (const FieldModel& field : type.fields) {
        const JsonValue* member = base::member(*json, field.id.c_str());
        const std::string at = std::string{path} + "." + field.id;
        if (member == nullptr || member->IsNull()) {
            if (field.required) {
                return wrongValue(at, "given");
            }
            continue;
        }
        appendKey(field.id, text);
        FL_TRY(writeChecked(*field.type, *member, at, text));
    }
    // Members that the model does not know are kept: losing them helps nobody.
    for (auto member = json->MemberBegin(); member != json->MemberEnd(); ++member) {
        const std::string_view id{member->name.GetString(), member->name.GetStringLength()};
        const bool known = std::any_of(type.fields.begin(), type.fields.end(),
                                       [id](const FieldModel& f) { return f.id == id; });
        if (!known) {
            appendKey(id, text);
            text += base::toText(member->value);
        }
    }
    out.kind = FL_VALUE_JSON;
    out.s = text + "}";
    return {};
}

std::optional<double> jsonReal(const JsonValue* json) {
    if (json == nullptr) {
        return std::nullopt;
    }
    if (json->IsNumber()) {
        return json->GetDouble();
    }
    return json->IsString() ? parseReal(json->GetString()) : std::nullopt;
}

Status toGeoPoint(const ValueType& type, const fl_value& value, std::string_view path,
                  DataValue& out) {
    std::optional<double> longitude;
    std::optional<double> latitude;
    const std::string_view text = textOf(value.s);
    const std::size_t comma = text.find(',');
    const auto json = value.kind == FL_VALUE_JSON ? base::parseJson(text)
                                                  : base::Result<base::Json>{Error::invalid("")};
    if (json && json->IsObject()) {
        longitude = jsonReal(base::member(*json, type.longitude.c_str()));
        latitude = jsonReal(base::member(*json, type.latitude.c_str()));
    } else if (json && json->IsArray() && json->Size() == 2) {
        longitude = jsonReal(&(*json)[0]);
        latitude = jsonReal(&(*json)[1]);
    } else if (value.kind == FL_VALUE_STRING && comma != std::string_view::npos) {
        longitude = parseReal(text.substr(0, comma));
        latitude = parseReal(text.substr(comma + 1));
    }
    const bool valid =
        longitude && latitude && std::fabs(*longitude) <= 180 && std::fabs(*latitude) <= 90;
    if (!valid) {
        return wrongValue(path, "a position such as \"120.1,30.2\" (longitude, latitude)");
    }
    out.kind = FL_VALUE_JSON;
    out.s = "{\"lon\":" + shortNumber(*longitude) + ",\"lat\":" + shortNumber(*latitude) + "}";
    return {};
}

Status toGeoShape(const fl_value& value, std::string_view path, DataValue& out) {
    const auto json = value.kind == FL_VALUE_JSON || value.kind == FL_VALUE_STRING
                          ? base::parseJson(textOf(value.s))
                          : base::Result<base::Json>{Error::invalid("")};
    const JsonValue* coordinates = json ? base::member(*json, "coordinates") : nullptr;
    if (coordinates == nullptr || !coordinates->IsArray() ||
        base::textOr(*json, "type", "").empty() || value.s.n > kValueBytesMax) {
        return wrongValue(path, "a shape with type and coordinates");
    }
    out.assign(value);
    out.kind = FL_VALUE_JSON;
    return {};
}

} // namespace

Status ValueType::convert(const fl_value& value, std::string_view path, DataValue& out) const {
    switch (type) {
    case DataType::Int:
    case DataType::Long:
    case DataType::Short:
    case DataType::Byte:
        return toWhole(*this, value, path, out);
    case DataType::Float:
    case DataType::Double:
        return toReal(*this, value, path, out);
    case DataType::Boolean:
        return toBoolean(*this, value, path, out);
    case DataType::String:
    case DataType::Password:
    case DataType::User:
    case DataType::File:
        return toString(*this, value, path, out);
    case DataType::Enum:
        return toEnum(*this, value, path, out);
    case DataType::Date:
        return toDate(*this, value, path, out);
    case DataType::Array:
        return toArray(*this, value, path, out);
    case DataType::Object:
        return toObject(*this, value, path, out);
    case DataType::GeoPoint:
        return toGeoPoint(*this, value, path, out);
    case DataType::GeoShape:
        return toGeoShape(value, path, out);
    }
    return wrongValue(path, "of a known type");
}

DataValue ValueType::forDevice(const DataValue& value) const {
    if (type == DataType::Boolean && value.kind == FL_VALUE_BOOLEAN) {
        const std::string& own = value.i != 0 ? true_value : false_value;
        if (true_value == "true" && false_value == "false") {
            return value;
        }
        const auto whole = parseWhole(own);
        return whole ? DataValue::integer(*whole) : DataValue::text(own);
    }
    if (type == DataType::Date && value.kind == FL_VALUE_INTEGER && date_format != "timestamp") {
        return DataValue::text(formatDate(date_format, offset_minutes, value.i));
    }
    return value;
}

std::string ValueType::toText(const fl_value& value) const {
    if (value.kind == FL_VALUE_NULL) {
        return {};
    }
    if (type == DataType::Boolean && value.kind == FL_VALUE_BOOLEAN) {
        return value.i != 0 ? true_text : false_text;
    }
    if (type == DataType::Date && value.kind == FL_VALUE_INTEGER) {
        return date_format == "timestamp" ? base::toRfc3339(value.i)
                                          : formatDate(date_format, offset_minutes, value.i);
    }
    if (type == DataType::Password) {
        return "***";
    }
    std::string text;
    if (!scalarOf(value, text)) {
        text =
            value.kind == FL_VALUE_JSON ? std::string{textOf(value.s)} : DataValue{value}.toJson();
    }
    if (type == DataType::Enum) {
        for (const EnumElement& candidate : elements) {
            if (candidate.value == text) {
                return candidate.text;
            }
        }
    }
    return unit.empty() ? text : text + " " + unit;
}

} // namespace fairlead::device
