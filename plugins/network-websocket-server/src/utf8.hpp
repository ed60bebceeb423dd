// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace fairlead::websocket {

/// Checks UTF-8 (RFC 3629) that comes in pieces. Fails at the first byte that no valid text can
/// have at its place, so a peer is refused before the rest of its character, or frame, is there.
class Utf8Checker {
public:
    /// False from the first wrong byte on.
    bool feed(std::string_view piece) noexcept;
    /// Is everything that was fed a whole text?
    bool complete() const noexcept { return left_ == 0; }
    void reset() noexcept { *this = Utf8Checker{}; }

private:
    bool lead(unsigned char byte) noexcept;

    std::uint8_t left_ = 0;   // continuation bytes that are due
    std::uint8_t low_ = 0x80; // range of the next one
    std::uint8_t high_ = 0xBF;
};

/// Is `text` whole and valid?
inline bool isUtf8(std::string_view text) noexcept {
    Utf8Checker checker;
    return checker.feed(text) && checker.complete();
}

} // namespace fairlead::websocket
