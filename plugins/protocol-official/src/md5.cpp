// SPDX-License-Identifier: Apache-2.0
#include "md5.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace fairlead::official {
namespace {

// floor(2^32 * abs(sin(i + 1))), RFC 1321 §3.4.
constexpr std::uint32_t kSines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
constexpr unsigned kShifts[4][4] = {
    {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

std::uint32_t rotate(std::uint32_t x, unsigned n) noexcept {
    return (x << n) | (x >> (32 - n));
}

std::uint32_t littleEndian(const unsigned char* p) noexcept {
    return static_cast<std::uint32_t>(p[0]) | static_cast<std::uint32_t>(p[1]) << 8 |
           static_cast<std::uint32_t>(p[2]) << 16 | static_cast<std::uint32_t>(p[3]) << 24;
}

// The round function and the index of the word it takes, RFC 1321 §3.4.
std::uint32_t mix(unsigned i, std::uint32_t b, std::uint32_t c, std::uint32_t d,
                  unsigned& word) noexcept {
    switch (i / 16) {
    case 0:
        word = i;
        return (b & c) | (~b & d);
    case 1:
        word = (5 * i + 1) % 16;
        return (d & b) | (~d & c);
    case 2:
        word = (3 * i + 5) % 16;
        return b ^ c ^ d;
    default:
        word = (7 * i) % 16;
        return c ^ (b | ~d);
    }
}

} // namespace

Md5::Md5() noexcept : state_{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476} {}

void Md5::block(const unsigned char* p) noexcept {
    auto [a, b, c, d] = state_;
    for (unsigned i = 0; i < 64; ++i) {
        unsigned word = 0;
        const std::uint32_t f = mix(i, b, c, d, word);
        const std::uint32_t sum = a + f + kSines[i] + littleEndian(p + std::size_t{4} * word);
        a = d;
        d = c;
        c = b;
        b += rotate(sum, kShifts[i / 16][i % 4]);
    }
    state_[0] += a;
    state_[1] += b;
    state_[2] += c;
    state_[3] += d;
}

void Md5::update(std::string_view data) noexcept {
    while (!data.empty()) {
        const std::size_t used = bytes_ % buffer_.size();
        const std::size_t n = std::min(buffer_.size() - used, data.size());
        std::memcpy(buffer_.data() + used, data.data(), n);
        bytes_ += n;
        data.remove_prefix(n);
        if (used + n == buffer_.size()) {
            block(buffer_.data());
        }
    }
}

std::array<char, 32> Md5::hex() noexcept {
    const std::uint64_t bits = bytes_ * 8;
    update({"\x80", 1});
    while (bytes_ % buffer_.size() != 56) {
        update({"\0", 1});
    }
    char length[8];
    for (unsigned i = 0; i < 8; ++i) {
        length[i] = static_cast<char>(bits >> (8 * i) & 0xFF);
    }
    update({length, sizeof length});
    std::array<char, 32> out{};
    for (unsigned i = 0; i < 16; ++i) {
        const unsigned byte = state_[i / 4] >> (8 * (i % 4)) & 0xFF;
        out[std::size_t{2} * i] = "0123456789abcdef"[byte >> 4];
        out[std::size_t{2} * i + 1] = "0123456789abcdef"[byte & 15];
    }
    return out;
}

} // namespace fairlead::official
