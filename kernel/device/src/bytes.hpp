// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/device/data_value.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace fairlead::device {

/// Binary forms shared by the journal and the history: LEB128 numbers, zigzag for signed ones,
/// texts with their length in front, doubles as 8 little-endian bytes.

/// Writes into room that the caller made: `room` says how much is needed at most.
class ByteWriter {
public:
    explicit ByteWriter(std::string& out) : out_(out), start_(out.size()) {}

    /// Makes room for `bytes` more; call it before a group of puts.
    void room(std::size_t bytes) {
        const std::size_t used = static_cast<std::size_t>(at_ - begin());
        if (at_ == nullptr) {
            out_.resize(start_ + bytes);
            at_ = out_.data() + start_;
            return;
        }
        if (out_.size() < used + bytes) {
            out_.resize(used + bytes);
        }
        at_ = out_.data() + used;
    }
    /// Cuts the text to what was written.
    void finish() {
        if (at_ != nullptr) {
            out_.resize(static_cast<std::size_t>(at_ - begin()));
        }
    }

    void byte(std::uint8_t value) { *at_++ = static_cast<char>(value); }
    void number(std::uint64_t value) {
        while (value >= 0x80) {
            *at_++ = static_cast<char>(value | 0x80U);
            value >>= 7U;
        }
        *at_++ = static_cast<char>(value);
    }
    void signedNumber(std::int64_t value) {
        number(static_cast<std::uint64_t>(value) << 1U ^ static_cast<std::uint64_t>(value >> 63));
    }
    void real(double value) {
        std::memcpy(at_, &value, sizeof value);
        at_ += sizeof value;
    }
    void raw(std::string_view bytes) {
        if (!bytes.empty()) {
            std::memcpy(at_, bytes.data(), bytes.size());
            at_ += bytes.size();
        }
    }
    void text(std::string_view value) {
        number(value.size());
        raw(value);
    }
    /// The value behind its kind, which the caller wrote.
    void payload(const fl_value& value) {
        switch (value.kind) {
        case FL_VALUE_BOOLEAN:
            byte(value.i != 0 ? 1 : 0);
            break;
        case FL_VALUE_INTEGER:
            signedNumber(value.i);
            break;
        case FL_VALUE_DOUBLE:
            real(value.d);
            break;
        case FL_VALUE_STRING:
        case FL_VALUE_BINARY:
        case FL_VALUE_JSON:
            text(std::string_view{value.s.p, value.s.n});
            break;
        default:
            break;
        }
    }

private:
    char* begin() const { return out_.data(); }

    std::string& out_;
    std::size_t start_;
    char* at_ = nullptr;
};

/// Bytes of the longest number.
inline constexpr std::size_t kNumberBytesMax = 10;
inline std::size_t roomOf(const fl_value& value) {
    return kNumberBytesMax + (value.kind >= FL_VALUE_STRING ? value.s.n : 0);
}

/// Reads what ByteWriter wrote. After a read beyond the end, or of a number that is none, `ok` is
/// false and all further reads give empty values.
class ByteReader {
public:
    explicit ByteReader(std::string_view bytes)
        : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    bool ok() const noexcept { return ok_; }
    bool atEnd() const noexcept { return at_ == end_; }
    const char* position() const noexcept { return at_; }
    std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }

    std::uint8_t byte() {
        if (at_ == end_) {
            return fail();
        }
        return static_cast<std::uint8_t>(*at_++);
    }
    std::uint64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::uint8_t part = byte();
            value |= static_cast<std::uint64_t>(part & 0x7fU) << shift;
            if ((part & 0x80U) == 0) {
                return value;
            }
        }
        return fail();
    }
    std::int64_t signedNumber() {
        const std::uint64_t value = number();
        return static_cast<std::int64_t>(value >> 1U) ^ -static_cast<std::int64_t>(value & 1U);
    }
    double real() {
        double value = 0;
        if (left() < sizeof value) {
            fail();
            return 0;
        }
        std::memcpy(&value, at_, sizeof value);
        at_ += sizeof value;
        return value;
    }
    std::string_view raw(std::size_t bytes) {
        if (left() < bytes) {
            fail();
            return {};
        }
        const std::string_view out{at_, bytes};
        at_ += bytes;
        return out;
    }
    std::string_view text() { return raw(static_cast<std::size_t>(number())); }
    /// The value of a kind; its text points into the bytes.
    fl_value payload(std::uint32_t kind) {
        fl_value value{kind, 0, 0, 0, fl_str{nullptr, 0}};
        switch (kind) {
        case FL_VALUE_NULL:
            break;
        case FL_VALUE_BOOLEAN:
            value.i = byte();
            break;
        case FL_VALUE_INTEGER:
            value.i = signedNumber();
            break;
        case FL_VALUE_DOUBLE:
            value.d = real();
            break;
        case FL_VALUE_STRING:
        case FL_VALUE_BINARY:
        case FL_VALUE_JSON: {
            const std::string_view content = text();
            value.s = fl_str{content.data(), content.size()};
            break;
        }
        default:
            fail();
            break;
        }
        return value;
    }

private:
    std::uint8_t fail() {
        ok_ = false;
        at_ = end_;
        return 0;
    }

    const char* at_;
    const char* end_;
    bool ok_ = true;
};

inline std::string_view textOf(fl_str text) {
    return text.n == 0 ? std::string_view{} : std::string_view{text.p, text.n};
}
inline std::string_view textOf(fl_bytes bytes) {
    return bytes.n == 0 ? std::string_view{}
                        : std::string_view{reinterpret_cast<const char*>(bytes.p), bytes.n};
}
inline fl_str strOf(std::string_view text) {
    return fl_str{text.data(), text.size()};
}

} // namespace fairlead::device
