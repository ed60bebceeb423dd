// SPDX-License-Identifier: Apache-2.0
#include "fairlead/base/text.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace fairlead::base {

namespace {

// Length of the UTF-8 sequence at `p`, or 0 when it is broken (overlong, surrogate, cut).
std::size_t sequenceLength(const unsigned char* p, std::size_t left) noexcept {
    if (p[0] < 0x80) {
        return 1;
    }
    const auto tail = [&](std::size_t i) { return i < left && (p[i] & 0xC0) == 0x80; };
    if (p[0] >= 0xC2 && p[0] <= 0xDF) {
        return tail(1) ? 2 : 0;
    }
    if ((p[0] & 0xF0) == 0xE0) {
        const bool ok =
            tail(1) && tail(2) && !(p[0] == 0xE0 && p[1] < 0xA0) && !(p[0] == 0xED && p[1] > 0x9F);
        return ok ? 3 : 0;
    }
    if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        const bool ok = tail(1) && tail(2) && tail(3) && !(p[0] == 0xF0 && p[1] < 0x90) &&
                        !(p[0] == 0xF4 && p[1] > 0x8F);
        return ok ? 4 : 0;
    }
    return 0;
}

Status checkText(std::string_view text, const std::string& field, std::size_t least,
                 std::size_t most) {
    const auto count = countCharacters(text);
    if (!count) {
        return Error::invalid(field + " is not valid UTF-8 text");
    }
    if (*count < least || (least > 0 && trim(text).empty())) {
        return Error{Errc::Invalid, "text.required", field + " must not be empty"};
    }
    if (*count > most) {
        return Error{Errc::Invalid, "text.too_long",
                     field + " has " + std::to_string(*count) + " characters, at most " +
                         std::to_string(most) + " are allowed"};
    }
    return {};
}

int hexDigit(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

// Castagnoli polynomial, reflected.
constexpr std::array<std::uint32_t, 256> makeCrcTable() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78U : 0U);
        }
        table[i] = crc;
    }
    return table;
}

constexpr auto kCrcTable = makeCrcTable();

std::uint32_t crcPortable(std::uint32_t crc, const unsigned char* p, std::size_t n) noexcept {
    for (std::size_t i = 0; i < n; ++i) {
        crc = kCrcTable[(crc ^ p[i]) & 0xFF] ^ (crc >> 8);
    }
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t
crcHardware(std::uint32_t crc, const unsigned char* p, std::size_t n) noexcept {
    std::uint64_t wide = crc;
    while (n >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, p, 8);
        wide = _mm_crc32_u64(wide, word);
        p += 8;
        n -= 8;
    }
    auto narrow = static_cast<std::uint32_t>(wide);
    while (n-- > 0) {
        narrow = _mm_crc32_u8(narrow, *p++);
    }
    return narrow;
}
#endif

} // namespace

std::optional<std::size_t> countCharacters(std::string_view text) noexcept {
    const auto* p = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t left = text.size();
    std::size_t count = 0;
    while (left > 0) {
        const std::size_t n = sequenceLength(p, left);
        if (n == 0) {
            return std::nullopt;
        }
        p += n;
        left -= n;
        ++count;
    }
    return count;
}

std::string_view trim(std::string_view text) noexcept {
    constexpr std::string_view kBlank = " \t\r\n\f\v";
    const std::size_t first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

Status checkName(std::string_view text, const std::string& field) {
    return checkText(text, field, 1, kNameCharsMax);
}

Status checkDescription(std::string_view text, const std::string& field) {
    return checkText(text, field, 0, kDescriptionCharsMax);
}

std::string toHex(std::span<const std::uint8_t> bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string out(bytes.size() * 2, '0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        out[2 * i] = kDigits[bytes[i] >> 4];
        out[2 * i + 1] = kDigits[bytes[i] & 15];
    }
    return out;
}

std::optional<std::vector<std::uint8_t>> fromHex(std::string_view text) {
    if (text.size() % 2 != 0) {
        return std::nullopt;
    }
    std::vector<std::uint8_t> out(text.size() / 2);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const int high = hexDigit(text[2 * i]);
        const int low = hexDigit(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        out[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return out;
}

std::string sha256Hex(std::string_view bytes) {
    std::array<std::uint8_t, 32> digest{};
    unsigned int size = 0;
    FL_ASSERT(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) ==
              1);
    return toHex(digest);
}

std::uint32_t crc32c(std::uint32_t seed, const void* data, std::size_t bytes) noexcept {
    const auto* p = static_cast<const unsigned char*>(data);
    const std::uint32_t start = ~seed;
#if defined(__x86_64__)
    static const bool hardware = __builtin_cpu_supports("sse4.2") != 0;
    if (hardware) {
        return ~crcHardware(start, p, bytes);
    }
#endif
    return ~crcPortable(start, p, bytes);
}

} // namespace fairlead::base
