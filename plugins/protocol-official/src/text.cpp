// SPDX-License-Identifier: Apache-2.0
#include "text.hpp"

#include "limits.hpp"

#include <algorithm>
#include <cstring>

namespace fairlead::official {

namespace {

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Length of the well-formed sequence at `p` of `n` bytes, 0 when it is broken (RFC 3629 §4).
std::size_t sequenceLength(const unsigned char* p, std::size_t n) noexcept {
    const auto tail = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
        return i < n && p[i] >= low && p[i] <= high;
    };
    const unsigned c = p[0];
    if (c < 0x80) {
        return 1;
    }
    if (c >= 0xC2 && c <= 0xDF) {
        return tail(1) ? 2 : 0;
    }
    if (c >= 0xE0 && c <= 0xEF) {
        const unsigned low = c == 0xE0 ? 0xA0 : 0x80;
        const unsigned high = c == 0xED ? 0x9F : 0xBF;
        return tail(1, low, high) && tail(2) ? 3 : 0;
    }
    if (c >= 0xF0 && c <= 0xF4) {
        const unsigned low = c == 0xF0 ? 0x90 : 0x80;
        const unsigned high = c == 0xF4 ? 0x8F : 0xBF;
        return tail(1, low, high) && tail(2) && tail(3) ? 4 : 0;
    }
    return 0;
}

} // namespace

bool equalsIgnoreCase(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [](char x, char y) { return lower(x) == lower(y); });
}

bool equalsConstantTime(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) {
        return false;
    }
    volatile unsigned char difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference = static_cast<unsigned char>(
            difference | static_cast<unsigned char>(static_cast<unsigned char>(a[i]) ^
                                                    static_cast<unsigned char>(b[i])));
    }
    return difference == 0;
}

bool isUtf8(std::string_view s) noexcept {
    const auto* p = reinterpret_cast<const unsigned char*>(s.data());
    std::size_t i = 0;
    while (i < s.size()) {
        std::uint64_t eight = 0;
        while (i + sizeof eight <= s.size()) {
            std::memcpy(&eight, p + i, sizeof eight);
            if ((eight & 0x8080808080808080U) != 0) {
                break;
            }
            i += sizeof eight;
        }
        if (i == s.size()) {
            break;
        }
        const std::size_t length = sequenceLength(p + i, s.size() - i);
        if (length == 0) {
            return false;
        }
        i += length;
    }
    return true;
}

bool isId(std::string_view s) noexcept {
    if (s.empty() || s.size() > kDeviceIdBytesMax) {
        return false;
    }
    return std::all_of(s.begin(), s.end(), [](char c) {
        return static_cast<unsigned char>(c) > 0x20 && c != '/' && c != '+' && c != '#' &&
               c != 0x7F;
    });
}

bool parseInteger(std::string_view s, std::int64_t& out) noexcept {
    if (s.empty() || s.size() > 18) { // 18 digits always fit
        return false;
    }
    std::int64_t value = 0;
    for (const char c : s) {
        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (c - '0');
    }
    out = value;
    return true;
}

std::string quote(std::string_view text, std::string_view detail) {
    constexpr std::size_t kDetailMax = 64;
    std::string out(text);
    out += " \"";
    for (const char c : detail.substr(0, kDetailMax)) {
        const auto u = static_cast<unsigned char>(c);
        out += u < 0x20 || u >= 0x7F ? '?' : c;
    }
    out += '"';
    return out;
}

} // namespace fairlead::official
