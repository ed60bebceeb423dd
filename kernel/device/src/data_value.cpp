// SPDX-License-Identifier: Apache-2.0
#include "fairlead/device/data_value.hpp"

#include "fairlead/base/json.hpp"

#include <charconv>
#include <cmath>

namespace fairlead::device {

namespace {

void appendBase64(std::string_view bytes, std::string& out) {
    constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::size_t left = std::min<std::size_t>(3, bytes.size() - at);
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            group = group << 8U | (i < left ? static_cast<unsigned char>(bytes[at + i]) : 0U);
        }
        out += kDigits[group >> 18U & 63U];
        out += kDigits[group >> 12U & 63U];
        out += left > 1 ? kDigits[group >> 6U & 63U] : '=';
        out += left > 2 ? kDigits[group & 63U] : '=';
    }
}

std::string jsonQuoted(std::string_view text) {
    rapidjson::StringBuffer buffer;
    base::JsonWriter writer(buffer);
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
    return {buffer.GetString(), buffer.GetSize()};
}

std::string shortest(double value) {
    if (!std::isfinite(value)) {
        return "null";
    }
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value);
    return {text, end.ptr};
}

} // namespace

const char* toText(Quality quality) noexcept {
    switch (quality) {
    case Quality::Good:
        return "good";
    case Quality::Uncertain:
        return "uncertain";
    case Quality::Bad:
        break;
    }
    return "bad";
}

DataValue::DataValue(const fl_value& value) {
    assign(value);
}

DataValue DataValue::boolean(bool value) {
    DataValue out;
    out.kind = FL_VALUE_BOOLEAN;
    out.i = value ? 1 : 0;
    return out;
}

DataValue DataValue::integer(std::int64_t value) {
    DataValue out;
    out.kind = FL_VALUE_INTEGER;
    out.i = value;
    return out;
}

DataValue DataValue::number(double value) {
    DataValue out;
    out.kind = FL_VALUE_DOUBLE;
    out.d = value;
    return out;
}

DataValue DataValue::text(std::string_view value) {
    DataValue out;
    out.kind = FL_VALUE_STRING;
    out.s = value;
    return out;
}

DataValue DataValue::json(std::string_view value) {
    DataValue out;
    out.kind = FL_VALUE_JSON;
    out.s = value;
    return out;
}

void DataValue::assign(const fl_value& value) {
    kind = value.kind;
    i = value.i;
    d = value.d;
    if (kind >= FL_VALUE_STRING && value.s.n > 0) {
        s.assign(value.s.p, value.s.n);
    } else {
        s.clear();
    }
}

fl_value DataValue::view() const noexcept {
    return fl_value{kind, 0, i, d, fl_str{s.data(), s.size()}};
}

std::optional<double> DataValue::asNumber() const noexcept {
    switch (kind) {
    case FL_VALUE_BOOLEAN:
    case FL_VALUE_INTEGER:
        return static_cast<double>(i);
    case FL_VALUE_DOUBLE:
        return d;
    default:
        return std::nullopt;
    }
}

std::string DataValue::toJson() const {
    switch (kind) {
    case FL_VALUE_BOOLEAN:
        return i != 0 ? "true" : "false";
    case FL_VALUE_INTEGER:
        return std::to_string(i);
    case FL_VALUE_DOUBLE:
        return shortest(d);
    case FL_VALUE_STRING:
        return jsonQuoted(s);
    case FL_VALUE_BINARY: {
        std::string out = "\"";
        appendBase64(s, out);
        return out + "\"";
    }
    case FL_VALUE_JSON:
        return s.empty() ? "null" : s;
    default:
        return "null";
    }
}

bool DataValue::operator==(const DataValue& other) const noexcept {
    if (kind != other.kind) {
        return false;
    }
    switch (kind) {
    case FL_VALUE_NULL:
        return true;
    case FL_VALUE_BOOLEAN:
    case FL_VALUE_INTEGER:
        return i == other.i;
    case FL_VALUE_DOUBLE:
        return d == other.d;
    default:
        return s == other.s;
    }
}

} // namespace fairlead::device
