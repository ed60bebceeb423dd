// SPDX-License-Identifier: Apache-2.0
#include "utf8.hpp"

#include <cstring>

namespace fairlead::websocket {

namespace {

constexpr std::uint64_t kHighBits = 0x8080808080808080U;

// Bytes at the front, in steps of eight, that are ASCII.
std::size_t asciiPrefix(std::string_view text) noexcept {
    std::size_t at = 0;
    while (at + sizeof(std::uint64_t) <= text.size()) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, sizeof(word));
        if ((word & kHighBits) != 0) {
            break;
        }
        at += sizeof(word);
    }
    return at;
}

} // namespace

// RFC 3629 section 4: overlong forms, surrogates and what lies above U+10FFFF show in the second
// byte.
bool Utf8Checker::lead(unsigned char byte) noexcept {
    low_ = 0x80;
    high_ = 0xBF;
    if (byte < 0x80) {
        return true;
    }
    if (byte < 0xC2 || byte > 0xF4) {
        return false;
    }
    if (byte < 0xE0) {
        left_ = 1;
    } else if (byte < 0xF0) {
        left_ = 2;
        low_ = byte == 0xE0 ? 0xA0 : 0x80;
        high_ = byte == 0xED ? 0x9F : 0xBF;
    } else {
        left_ = 3;
        low_ = byte == 0xF0 ? 0x90 : 0x80;
        high_ = byte == 0xF4 ? 0x8F : 0xBF;
    }
    return true;
}

bool Utf8Checker::feed(std::string_view piece) noexcept {
    std::size_t at = 0;
    while (at < piece.size()) {
        if (left_ == 0) {
            at += asciiPrefix(piece.substr(at));
            if (at == piece.size()) {
                break;
            }
        }
        const auto byte = static_cast<unsigned char>(piece[at++]);
        if (left_ == 0) {
            if (!lead(byte)) {
                return false;
            }
            continue;
        }
        if (byte < low_ || byte > high_) {
            return false;
        }
        low_ = 0x80;
        high_ = 0xBF;
        --left_;
    }
    return true;
}

} // namespace fairlead::websocket
