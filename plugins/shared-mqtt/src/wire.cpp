// SPDX-License-Identifier: Apache-2.0
#include "wire.hpp"

#include <cstring>

namespace fairlead::mqtt {

namespace {

// Length of the sequence at `p`, or 0 when it is not a scalar value. `left` is at least 1.
std::size_t sequence(const unsigned char* p, std::size_t left) noexcept {
    const auto tail = [&](std::size_t i) { return (p[i] & 0xC0U) == 0x80U; };
    const unsigned char c = p[0];
    if (c < 0x80) {
        return c == 0 ? 0 : 1;
    }
    if (c >= 0xC2 && c <= 0xDF) {
        return left >= 2 && tail(1) ? 2 : 0;
    }
    if (c >= 0xE0 && c <= 0xEF) {
        if (left < 3 || !tail(1) || !tail(2)) {
            return 0;
        }
        const bool overlong = c == 0xE0 && p[1] < 0xA0;
        const bool surrogate = c == 0xED && p[1] >= 0xA0;
        return overlong || surrogate ? 0 : 3;
    }
    if (c >= 0xF0 && c <= 0xF4) {
        if (left < 4 || !tail(1) || !tail(2) || !tail(3)) {
            return 0;
        }
        const bool overlong = c == 0xF0 && p[1] < 0x90;
        const bool above = c == 0xF4 && p[1] >= 0x90;
        return overlong || above ? 0 : 4;
    }
    return 0;
}

// True when the eight bytes are ASCII without NUL.
bool plainWord(const unsigned char* p) noexcept {
    std::uint64_t w = 0;
    std::memcpy(&w, p, sizeof(w));
    const std::uint64_t high = 0x8080808080808080ULL;
    const std::uint64_t zero = (w - 0x0101010101010101ULL) & ~w & high;
    return (w & high) == 0 && zero == 0;
}

} // namespace

bool validUtf8(std::string_view text) noexcept {
    const auto* p = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t left = text.size();
    while (left > 0) {
        if (left >= 8 && plainWord(p)) {
            p += 8;
            left -= 8;
            continue;
        }
        const std::size_t n = sequence(p, left);
        if (n == 0) {
            return false;
        }
        p += n;
        left -= n;
    }
    return true;
}

std::uint32_t Reader::varint() noexcept {
    std::uint32_t value = 0;
    for (unsigned shift = 0; shift <= 21; shift += 7) {
        const std::uint8_t b = u8();
        value |= static_cast<std::uint32_t>(b & 0x7FU) << shift;
        if ((b & 0x80U) == 0) {
            if (b == 0 && shift > 0) {
                fail(); // not the shortest form, [MQTT-1.5.5-1]
            }
            return failed_ ? 0 : value;
        }
    }
    fail();
    return 0;
}

void putVarint(std::string& out, std::uint32_t v) {
    do {
        const auto digit = static_cast<std::uint8_t>(v & 0x7FU);
        v >>= 7;
        putU8(out, v > 0 ? static_cast<std::uint8_t>(digit | 0x80U) : digit);
    } while (v > 0);
}

} // namespace fairlead::mqtt
