// SPDX-License-Identifier: Apache-2.0
#include "fairlead/base/id.hpp"

#include "fairlead/base/assert.hpp"
#include "fairlead/base/text.hpp"
#include "fairlead/base/time.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <array>
#include <cstdint>
#include <vector>

namespace fairlead::base {

namespace {

void appendBase36(std::string& out, std::uint64_t value, std::size_t width) {
    std::string digits(width, '0');
    for (std::size_t i = width; i-- > 0;) {
        const auto digit = static_cast<char>(value % 36);
        digits[i] = static_cast<char>(digit < 10 ? '0' + digit : 'a' + (digit - 10));
        value /= 36;
    }
    out += digits;
}

} // namespace

std::string newId() {
    std::uint32_t random = 0;
    FL_ASSERT(RAND_bytes(reinterpret_cast<unsigned char*>(&random), sizeof random) == 1);
    std::string out;
    out.reserve(16);
    // 36^9 milliseconds last until the year 5188; 36^7 holds 32 bits.
    appendBase36(out, static_cast<std::uint64_t>(utcNow()), 9);
    appendBase36(out, random, 7);
    return out;
}

std::string randomHex(std::size_t bytes) {
    std::vector<std::uint8_t> buffer(bytes);
    FL_ASSERT(RAND_bytes(buffer.data(), static_cast<int>(bytes)) == 1);
    return toHex(buffer);
}

bool isUserId(std::string_view text) noexcept {
    if (text.empty() || text.size() > 64) {
        return false;
    }
    for (const char c : text) {
        const bool ok = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                        (c >= 'a' && c <= 'z') || c == '_' || c == '-';
        if (!ok) {
            return false;
        }
    }
    return true;
}

bool equalSecret(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace fairlead::base
