// SPDX-License-Identifier: Apache-2.0
// Reading and writing the basic types of MQTT over borrowed bytes.
#pragma once

#include "protocol.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace fairlead::mqtt {

inline std::string_view textOf(Bytes bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes bytesOf(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// UTF-8 as section 1.5.4 wants it: no overlong form, no surrogate, no U+0000.
bool validUtf8(std::string_view text) noexcept;

/// Walks over a packet's bytes. A read past the end or of a broken text makes it fail for good;
/// what is read after that is empty. Results borrow from the bytes.
class Reader {
public:
    explicit Reader(Bytes in) noexcept : p_(in.data()), end_(in.data() + in.size()) {}

    bool failed() const noexcept { return failed_; }
    bool atEnd() const noexcept { return p_ == end_; }
    std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - p_); }
    Bytes rest() const noexcept { return {p_, left()}; }

    std::uint8_t u8() noexcept { return need(1) ? *p_++ : std::uint8_t{0}; }
    std::uint16_t u16() noexcept {
        if (!need(2)) {
            return 0;
        }
        const auto v = static_cast<std::uint16_t>((p_[0] << 8) | p_[1]);
        p_ += 2;
        return v;
    }
    std::uint32_t u32() noexcept {
        const std::uint32_t high = u16();
        return (high << 16) | u16();
    }
    /// Variable byte integer, in its shortest form only.
    std::uint32_t varint() noexcept;
    Bytes take(std::size_t n) noexcept {
        if (!need(n)) {
            return {};
        }
        const Bytes out(p_, n);
        p_ += n;
        return out;
    }
    Bytes binary() noexcept { return take(u16()); }
    std::string_view string() noexcept {
        const std::string_view text = textOf(binary());
        if (!validUtf8(text)) {
            fail();
            return {};
        }
        return text;
    }
    void fail() noexcept {
        failed_ = true;
        p_ = end_;
    }

private:
    bool need(std::size_t n) noexcept {
        if (left() >= n) {
            return true;
        }
        fail();
        return false;
    }

    const std::uint8_t* p_;
    const std::uint8_t* end_;
    bool failed_ = false;
};

// Appending to a packet under construction. Texts longer than 65,535 bytes must be refused before.
inline void putU8(std::string& out, std::uint8_t v) {
    out.push_back(static_cast<char>(v));
}
inline void putU16(std::string& out, std::uint16_t v) {
    putU8(out, static_cast<std::uint8_t>(v >> 8));
    putU8(out, static_cast<std::uint8_t>(v & 0xFFU));
}
inline void putU32(std::string& out, std::uint32_t v) {
    putU16(out, static_cast<std::uint16_t>(v >> 16));
    putU16(out, static_cast<std::uint16_t>(v & 0xFFFFU));
}
inline void putU64(std::string& out, std::uint64_t v) {
    putU32(out, static_cast<std::uint32_t>(v >> 32));
    putU32(out, static_cast<std::uint32_t>(v & 0xFFFFFFFFU));
}
void putVarint(std::string& out, std::uint32_t v);
inline void putString(std::string& out, std::string_view v) {
    putU16(out, static_cast<std::uint16_t>(v.size()));
    out.append(v);
}

/// Bytes that putVarint(v) takes.
constexpr std::size_t varintBytes(std::uint32_t v) noexcept {
    return v < 128 ? 1 : v < 16384 ? 2 : v < 2097152 ? 3 : 4;
}

} // namespace fairlead::mqtt
