// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/message.h"
#include "fairlead/sdk/base.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::official {

/// Takes big-endian fields off a byte range. After a field that is not there, `ok()` is false and
/// every further field is empty.
class ByteReader {
public:
    explicit ByteReader(std::string_view bytes) noexcept : rest_(bytes) {}

    bool ok() const noexcept { return ok_; }
    std::size_t left() const noexcept { return rest_.size(); }
    std::uint64_t number(unsigned bytes) noexcept; ///< 1, 2, 4 or 8 bytes, unsigned.
    std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(number(1)); }
    std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(number(2)); }
    std::int64_t i64() noexcept { return static_cast<std::int64_t>(number(8)); }
    std::string_view bytes(std::size_t n) noexcept;
    std::string_view string() noexcept { return bytes(u16()); }

private:
    std::string_view rest_;
    bool ok_ = true;
};

/// Typed values of the binary layouts. Strings and binaries of a decoded value point into the
/// input; arrays and objects become JSON text in this object's buffer: call `settle` after the last
/// value, which points them there. Valid until `clear`.
class ValueDecoder {
public:
    void clear() noexcept { json_.clear(); }
    /// One code + value.
    sdk::Status value(ByteReader& in, fl_value& out);
    /// A count and that many key + code + value.
    sdk::Status object(ByteReader& in, std::vector<fl_property>& out);
    /// A count and that many members, without a code, as one JSON value.
    sdk::Status bareObject(ByteReader& in, fl_value& out);
    /// Points a JSON value at its text.
    void settle(fl_value& value) const noexcept;

private:
    sdk::Status container(std::uint8_t code, ByteReader& in, fl_value& out);
    sdk::Status scalar(std::uint8_t code, ByteReader& in, fl_value& out);
    sdk::Status toJson(std::uint8_t code, ByteReader& in, unsigned depth);
    sdk::Status membersToJson(std::uint8_t code, ByteReader& in, unsigned depth);

    std::string json_;
};

/// Appends big-endian fields and typed values to a byte buffer.
class ByteWriter {
public:
    explicit ByteWriter(std::string& out) noexcept : out_(out) {}

    void number(std::uint64_t v, unsigned bytes);
    void u8(unsigned v) { number(v, 1); }
    void u16(unsigned v) { number(v, 2); }
    void i64(std::int64_t v) { number(static_cast<std::uint64_t>(v), 8); }
    sdk::Status string(std::string_view s); ///< FL_E_LIMIT above 65535 bytes.
    sdk::Status value(const fl_value& v);   ///< code + value; JSON becomes ARRAY or OBJECT.
    sdk::Status object(const fl_property* properties, std::size_t count);

private:
    std::string& out_;
};

/// Appends `s` as a quoted JSON string.
void appendJsonString(std::string& out, std::string_view s);
/// Appends Base64 (RFC 4648) of `s` as a quoted JSON string: how JSON carries raw bytes.
void appendBase64(std::string& out, std::string_view s);
/// Appends a number so that it reads back the same; null for NaN and infinities.
void appendJsonNumber(std::string& out, double v);

} // namespace fairlead::official
