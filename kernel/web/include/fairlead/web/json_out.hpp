// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace fairlead::web {

/// Writes JSON text. Bytes that are not UTF-8 become U+FFFD, so that the answer is always valid.
/// Nesting is the caller's duty; `text` asserts that everything was ended.
class JsonOut {
public:
    JsonOut& object();
    JsonOut& object(std::string_view key) { return name(key).object(); }
    JsonOut& array();
    JsonOut& array(std::string_view key) { return name(key).array(); }
    JsonOut& end();

    JsonOut& name(std::string_view key);
    JsonOut& value(std::string_view text);
    JsonOut& value(const char* text) { return value(std::string_view{text}); }
    JsonOut& value(bool truth);
    JsonOut& value(double number); ///< null when not finite
    JsonOut& null();
    /// Takes JSON text as it is; "null" when empty.
    JsonOut& raw(std::string_view json);
    JsonOut& integer(std::int64_t number);
    JsonOut& integer(std::uint64_t number);

    template <typename T>
    requires(std::is_integral_v<T> && !std::is_same_v<T, bool> &&
             !std::is_same_v<T, char>) JsonOut& value(T number) {
        if constexpr (std::is_signed_v<T>) {
            return integer(static_cast<std::int64_t>(number));
        } else {
            return integer(static_cast<std::uint64_t>(number));
        }
    }

    template <typename T>
    JsonOut& field(std::string_view key, const T& content) {
        return name(key).value(content);
    }
    JsonOut& rawField(std::string_view key, std::string_view json) { return name(key).raw(json); }
    /// null when the text is empty.
    JsonOut& textOrNull(std::string_view key, std::string_view text);
    /// RFC 3339; null when the time is 0.
    JsonOut& time(std::string_view key, base::UtcMs time);
    JsonOut& texts(std::string_view key, const std::vector<std::string>& texts);

    std::string text() &&;

private:
    void separate();
    void quote(std::string_view text);

    std::string out_;
    std::string closers_; ///< what `end` writes, innermost last
    bool first_ = true;
    bool named_ = false;
};

} // namespace fairlead::web
