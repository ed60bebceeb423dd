// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/message.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::device {

/// Longest text, binary or JSON value of a property, input or event, in bytes. A value above it is
/// invalid: it stays in the raw message only.
inline constexpr std::size_t kValueBytesMax = 64U * 1024;

/// How far a value can be trusted.
enum class Quality : std::uint8_t { Good = 0, Uncertain = 1, Bad = 2 };
const char* toText(Quality quality) noexcept;

/// A value that owns its text; the kinds are those of fl_value.
struct DataValue {
    std::uint32_t kind = FL_VALUE_NULL;
    std::int64_t i = 0;
    double d = 0;
    std::string s;

    DataValue() = default;
    explicit DataValue(const fl_value& value);
    static DataValue boolean(bool value);
    static DataValue integer(std::int64_t value);
    static DataValue number(double value);
    static DataValue text(std::string_view value);
    static DataValue json(std::string_view value);

    /// Assigns without giving up the buffer of the text.
    void assign(const fl_value& value);
    fl_value view() const noexcept;

    bool isNull() const noexcept { return kind == FL_VALUE_NULL; }
    /// Booleans count as 0 and 1; nothing for texts.
    std::optional<double> asNumber() const noexcept;
    /// JSON text; binary becomes base64 text, doubles that are not finite become null.
    std::string toJson() const;
    bool operator==(const DataValue& other) const noexcept;
};

} // namespace fairlead::device
