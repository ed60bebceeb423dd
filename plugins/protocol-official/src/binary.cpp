// SPDX-License-Identifier: Apache-2.0
#include "binary.hpp"

#include "limits.hpp"
#include "text.hpp"

#include <rapidjson/document.h>
#include <rapidjson/internal/dtoa.h>

#include <cmath>
#include <cstring>

namespace fairlead::official {
namespace {

using sdk::Status;

enum Code : std::uint8_t {
    kNull = 0,
    kBoolean = 1,
    kInt8 = 2,
    kInt16 = 3,
    kInt32 = 4,
    kInt64 = 5,
    kUint8 = 6,
    kUint16 = 7,
    kUint32 = 8,
    kFloat = 9,
    kDouble = 10,
    kString = 11,
    kBinary = 12,
    kArray = 13,
    kObject = 14,
};

Status truncated() {
    return Status::malformed("the frame ends inside a value");
}

fl_value realOrNull(double v) noexcept {
    // Sensors say "no value" with NaN; neither JSON nor the history can hold one.
    return std::isfinite(v) ? sdk::real(v) : sdk::nullValue();
}

double floatOf(std::uint32_t bits) noexcept {
    float v = 0;
    std::memcpy(&v, &bits, sizeof v);
    return static_cast<double>(v);
}

double doubleOf(std::uint64_t bits) noexcept {
    double v = 0;
    std::memcpy(&v, &bits, sizeof v);
    return v;
}

} // namespace

std::uint64_t ByteReader::number(unsigned bytes) noexcept {
    if (rest_.size() < bytes) {
        ok_ = false;
        rest_ = {};
        return 0;
    }
    std::uint64_t v = 0;
    for (unsigned i = 0; i < bytes; ++i) {
        v = v << 8 | static_cast<unsigned char>(rest_[i]);
    }
    rest_.remove_prefix(bytes);
    return v;
}

std::string_view ByteReader::bytes(std::size_t n) noexcept {
    if (rest_.size() < n) {
        ok_ = false;
        rest_ = {};
        return {};
    }
    const std::string_view out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
}

Status ValueDecoder::scalar(std::uint8_t code, ByteReader& in, fl_value& out) {
    switch (code) {
    case kNull:
        out = sdk::nullValue();
        break;
    case kBoolean:
        out = sdk::boolean(in.u8() != 0);
        break;
    case kInt8:
        out = sdk::integer(static_cast<std::int8_t>(in.number(1)));
        break;
    case kInt16:
        out = sdk::integer(static_cast<std::int16_t>(in.number(2)));
        break;
    case kInt32:
        out = sdk::integer(static_cast<std::int32_t>(in.number(4)));
        break;
    case kInt64:
        out = sdk::integer(in.i64());
        break;
    case kUint8:
        out = sdk::integer(static_cast<std::int64_t>(in.number(1)));
        break;
    case kUint16:
        out = sdk::integer(static_cast<std::int64_t>(in.number(2)));
        break;
    case kUint32:
        out = sdk::integer(static_cast<std::int64_t>(in.number(4)));
        break;
    case kFloat:
        out = realOrNull(floatOf(static_cast<std::uint32_t>(in.number(4))));
        break;
    case kDouble:
        out = realOrNull(doubleOf(in.number(8)));
        break;
    case kString:
        out = sdk::string(in.string());
        break;
    case kBinary:
        out = sdk::binary(sdk::octets(in.string()));
        break;
    default:
        return Status::malformed("unknown data type " + std::to_string(code));
    }
    if (!in.ok()) {
        return truncated();
    }
    if (code == kString && !isUtf8(sdk::view(out.s))) {
        return Status::malformed("a string is not UTF-8");
    }
    return {};
}

Status ValueDecoder::value(ByteReader& in, fl_value& out) {
    const std::uint8_t code = in.u8();
    if (!in.ok()) {
        return truncated();
    }
    if (code != kArray && code != kObject) {
        return scalar(code, in, out);
    }
    return container(code, in, out);
}

Status ValueDecoder::container(std::uint8_t code, ByteReader& in, fl_value& out) {
    const std::size_t start = json_.size();
    Status status = toJson(code, in, 0);
    // The buffer may still move: the offset waits in `i` for settle().
    out = sdk::json({});
    out.i = static_cast<std::int64_t>(start);
    out.s.n = json_.size() - start;
    return status;
}

Status ValueDecoder::bareObject(ByteReader& in, fl_value& out) {
    return container(kObject, in, out);
}

void ValueDecoder::settle(fl_value& value) const noexcept {
    if (value.kind == FL_VALUE_JSON) {
        value.s.p = json_.data() + value.i;
        value.i = 0;
    }
}

Status ValueDecoder::object(ByteReader& in, std::vector<fl_property>& out) {
    const std::uint16_t count = in.u16();
    if (!in.ok()) {
        return truncated();
    }
    if (count > kPropertiesMax) {
        return Status::limit("more than 1024 properties");
    }
    for (unsigned i = 0; i < count; ++i) {
        fl_property property{};
        const std::string_view key = in.string();
        if (!in.ok()) {
            return truncated();
        }
        if (key.empty() || key.size() > kNameBytesMax || !isUtf8(key)) {
            return Status::malformed("a property id is empty, longer than 256 bytes or not UTF-8");
        }
        property.id = sdk::str(key);
        Status status = value(in, property.value);
        if (!status.ok()) {
            return status;
        }
        out.push_back(property);
    }
    return {};
}

Status ValueDecoder::membersToJson(std::uint8_t code, ByteReader& in, unsigned depth) {
    const std::uint16_t count = in.u16();
    for (unsigned i = 0; i < count; ++i) {
        if (i > 0) {
            json_ += ',';
        }
        if (code == kObject) {
            const std::string_view key = in.string();
            if (!isUtf8(key)) {
                return Status::malformed("a key is not UTF-8");
            }
            appendJsonString(json_, key);
            json_ += ':';
        }
        const std::uint8_t element = in.u8();
        if (!in.ok()) {
            return truncated();
        }
        Status status = toJson(element, in, depth);
        if (!status.ok()) {
            return status;
        }
    }
    return in.ok() ? Status() : truncated();
}

Status ValueDecoder::toJson(std::uint8_t code, ByteReader& in, unsigned depth) {
    if (json_.size() > kBodyBytesMax) {
        return Status::limit("arrays and objects of the frame take more than 1 MiB as JSON");
    }
    if (code == kArray || code == kObject) {
        if (depth >= kDepthMax) {
            return Status::malformed("arrays and objects are nested deeper than 32");
        }
        json_ += code == kArray ? '[' : '{';
        Status status = membersToJson(code, in, depth + 1);
        json_ += code == kArray ? ']' : '}';
        return status;
    }
    fl_value v{};
    Status status = scalar(code, in, v);
    if (!status.ok()) {
        return status;
    }
    switch (v.kind) {
    case FL_VALUE_BOOLEAN:
        json_ += v.i != 0 ? "true" : "false";
        break;
    case FL_VALUE_INTEGER:
        json_ += std::to_string(v.i);
        break;
    case FL_VALUE_DOUBLE:
        appendJsonNumber(json_, v.d);
        break;
    case FL_VALUE_STRING:
        appendJsonString(json_, sdk::view(v.s));
        break;
    case FL_VALUE_BINARY:
        appendBase64(json_, sdk::view(v.s));
        break;
    default:
        json_ += "null";
        break;
    }
    return {};
}

void ByteWriter::number(std::uint64_t v, unsigned bytes) {
    for (unsigned i = bytes; i-- > 0;) {
        out_ += static_cast<char>(v >> (8 * i) & 0xFF);
    }
}

Status ByteWriter::string(std::string_view s) {
    if (s.size() > kBinaryCountMax) {
        return Status::limit(
            "a text is longer than 65535 bytes, the most a binary frame can carry");
    }
    u16(static_cast<unsigned>(s.size()));
    out_ += s;
    return {};
}

namespace {

void writeInteger(ByteWriter& out, std::int64_t v) {
    // The widths the reference platform sends: 32 bits when they are enough, else 64.
    if (v >= INT32_MIN && v <= INT32_MAX) {
        out.u8(kInt32);
        out.number(static_cast<std::uint64_t>(v), 4);
    } else {
        out.u8(kInt64);
        out.i64(v);
    }
}

void writeDouble(ByteWriter& out, double v) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &v, sizeof bits);
    out.u8(kDouble);
    out.number(bits, 8);
}

Status writeJson(ByteWriter& out, const rapidjson::Value& v, unsigned depth);

Status writeContainer(ByteWriter& out, const rapidjson::Value& v, unsigned depth) {
    const std::size_t count = v.IsArray() ? v.Size() : v.MemberCount();
    if (depth >= kDepthMax || count > kBinaryCountMax) {
        return Status::limit("a value has more than 32 levels or 65535 elements");
    }
    out.u8(v.IsArray() ? kArray : kObject);
    out.u16(static_cast<unsigned>(count));
    Status status;
    if (v.IsArray()) {
        for (auto it = v.Begin(); status.ok() && it != v.End(); ++it) {
            status = writeJson(out, *it, depth + 1);
        }
        return status;
    }
    auto it = v.MemberBegin();
    for (std::size_t i = 0; status.ok() && i < count; ++i, ++it) {
        status = out.string({it->name.GetString(), it->name.GetStringLength()});
        if (status.ok()) {
            status = writeJson(out, it->value, depth + 1);
        }
    }
    return status;
}

Status writeJson(ByteWriter& out, const rapidjson::Value& v, unsigned depth) {
    if (v.IsObject() || v.IsArray()) {
        return writeContainer(out, v, depth);
    }
    if (v.IsString()) {
        out.u8(kString);
        return out.string({v.GetString(), v.GetStringLength()});
    }
    if (v.IsBool()) {
        out.u8(kBoolean);
        out.u8(v.GetBool() ? 1 : 0);
    } else if (v.IsInt64()) {
        writeInteger(out, v.GetInt64());
    } else if (v.IsNumber()) {
        writeDouble(out, v.GetDouble());
    } else {
        out.u8(kNull);
    }
    return {};
}

} // namespace

Status ByteWriter::value(const fl_value& v) {
    switch (v.kind) {
    case FL_VALUE_BOOLEAN:
        u8(kBoolean);
        u8(v.i != 0 ? 1 : 0);
        return {};
    case FL_VALUE_INTEGER:
        writeInteger(*this, v.i);
        return {};
    case FL_VALUE_DOUBLE:
        writeDouble(*this, v.d);
        return {};
    case FL_VALUE_STRING:
        u8(kString);
        return string(sdk::view(v.s));
    case FL_VALUE_BINARY:
        u8(kBinary);
        return string(sdk::view(v.s));
    case FL_VALUE_JSON:
        break;
    default:
        u8(kNull);
        return {};
    }
    rapidjson::Document document;
    document.Parse<rapidjson::kParseIterativeFlag>(v.s.p, v.s.n);
    if (document.HasParseError()) {
        return Status::invalid("a value of the command is not JSON");
    }
    return writeJson(*this, document, 0);
}

Status ByteWriter::object(const fl_property* properties, std::size_t count) {
    if (count > kPropertiesMax) {
        return Status::limit("more than 1024 properties");
    }
    u16(static_cast<unsigned>(count));
    Status status;
    for (std::size_t i = 0; status.ok() && i < count; ++i) {
        status = string(sdk::view(properties[i].id));
        if (status.ok()) {
            status = value(properties[i].value);
        }
    }
    return status;
}

void appendJsonString(std::string& out, std::string_view s) {
    out += '"';
    for (const char c : s) {
        const auto u = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (u < 0x20) {
            out += "\\u00";
            out += "0123456789abcdef"[u >> 4];
            out += "0123456789abcdef"[u & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

void appendBase64(std::string& out, std::string_view s) {
    constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    out += '"';
    for (std::size_t i = 0; i < s.size(); i += 3) {
        const auto at = [&](std::size_t k) {
            return i + k < s.size() ? static_cast<unsigned char>(s[i + k]) : 0U;
        };
        const unsigned bits = at(0) << 16 | at(1) << 8 | at(2);
        out += kDigits[bits >> 18];
        out += kDigits[bits >> 12 & 63];
        out += i + 1 < s.size() ? kDigits[bits >> 6 & 63] : '=';
        out += i + 2 < s.size() ? kDigits[bits & 63] : '=';
    }
    out += '"';
}

void appendJsonNumber(std::string& out, double v) {
    if (!std::isfinite(v)) {
        out += "null";
        return;
    }
    char room[32];
    const char* end = rapidjson::internal::dtoa(v, room);
    out.append(room, static_cast<std::size_t>(end - room));
}

} // namespace fairlead::official
