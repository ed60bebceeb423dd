// SPDX-License-Identifier: Apache-2.0
#include "fairlead/web/json_out.hpp"

#include "fairlead/base/assert.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace fairlead::web {

namespace {

// Length of the valid UTF-8 sequence at the start of `text`, 0 when there is none.
std::size_t sequenceLength(std::string_view text) noexcept {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto tail = [&](std::size_t i) { return i < text.size() && (at(i) & 0xC0U) == 0x80U; };
    const unsigned lead = at(0);
    if (lead < 0x80U) {
        return 1;
    }
    if (lead >= 0xC2U && lead <= 0xDFU) {
        return tail(1) ? 2 : 0;
    }
    if (lead >= 0xE0U && lead <= 0xEFU) {
        const bool bad = (lead == 0xE0U && tail(1) && at(1) < 0xA0U) ||
                         (lead == 0xEDU && tail(1) && at(1) > 0x9FU);
        return tail(1) && tail(2) && !bad ? 3 : 0;
    }
    if (lead >= 0xF0U && lead <= 0xF4U) {
        const bool bad = (lead == 0xF0U && tail(1) && at(1) < 0x90U) ||
                         (lead == 0xF4U && tail(1) && at(1) > 0x8FU);
        return tail(1) && tail(2) && tail(3) && !bad ? 4 : 0;
    }
    return 0;
}

} // namespace

void JsonOut::separate() {
    if (!named_ && !first_) {
        out_ += ',';
    }
    named_ = false;
    first_ = false;
}

void JsonOut::quote(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out_ += '"';
    while (!text.empty()) {
        const auto byte = static_cast<unsigned char>(text.front());
        std::size_t length = 1;
        if (byte == '"' || byte == '\\') {
            out_ += '\\';
            out_ += static_cast<char>(byte);
        } else if (byte == '\n') {
            out_ += "\\n";
        } else if (byte < 0x20U || byte == 0x7FU) {
            out_ += "\\u00";
            out_ += kDigits[byte >> 4U];
            out_ += kDigits[byte & 15U];
        } else if (length = sequenceLength(text); length == 0) {
            out_ += "\xEF\xBF\xBD";
            length = 1;
        } else {
            out_ += text.substr(0, length);
        }
        text.remove_prefix(length);
    }
    out_ += '"';
}

JsonOut& JsonOut::object() {
    separate();
    out_ += '{';
    closers_ += '}';
    first_ = true;
    return *this;
}

JsonOut& JsonOut::array() {
    separate();
    out_ += '[';
    closers_ += ']';
    first_ = true;
    return *this;
}

JsonOut& JsonOut::end() {
    FL_ASSERT(!closers_.empty());
    out_ += closers_.back();
    closers_.pop_back();
    first_ = false;
    return *this;
}

JsonOut& JsonOut::name(std::string_view key) {
    separate();
    quote(key);
    out_ += ':';
    named_ = true;
    return *this;
}

JsonOut& JsonOut::value(std::string_view text) {
    separate();
    quote(text);
    return *this;
}

JsonOut& JsonOut::value(bool truth) {
    return raw(truth ? "true" : "false");
}

JsonOut& JsonOut::value(double number) {
    if (!std::isfinite(number)) {
        return null();
    }
    std::array<char, 32> buffer{};
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    FL_ASSERT(error == std::errc{});
    return raw({buffer.data(), static_cast<std::size_t>(end - buffer.data())});
}

JsonOut& JsonOut::null() {
    return raw("null");
}

JsonOut& JsonOut::raw(std::string_view json) {
    separate();
    out_ += json.empty() ? std::string_view{"null"} : json;
    return *this;
}

JsonOut& JsonOut::integer(std::int64_t number) {
    return raw(std::to_string(number));
}
JsonOut& JsonOut::integer(std::uint64_t number) {
    return raw(std::to_string(number));
}

JsonOut& JsonOut::textOrNull(std::string_view key, std::string_view text) {
    return text.empty() ? name(key).null() : field(key, text);
}

JsonOut& JsonOut::time(std::string_view key, base::UtcMs time) {
    return time == 0 ? name(key).null() : field(key, base::toRfc3339(time));
}

JsonOut& JsonOut::texts(std::string_view key, const std::vector<std::string>& texts) {
    array(key);
    for (const std::string& text : texts) {
        value(text);
    }
    return end();
}

std::string JsonOut::text() && {
    FL_ASSERT(closers_.empty());
    return std::move(out_);
}

} // namespace fairlead::web
