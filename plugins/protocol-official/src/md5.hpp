// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace fairlead::official {

/// MD5 (RFC 1321) as 32 lower-case hex digits. The official protocol demands it for MQTT passwords;
/// it protects nothing else here.
class Md5 {
public:
    Md5() noexcept;
    void update(std::string_view data) noexcept;
    /// Ends the digest; the object is spent afterwards.
    std::array<char, 32> hex() noexcept;

private:
    void block(const unsigned char* p) noexcept;

    std::array<std::uint32_t, 4> state_;
    std::array<unsigned char, 64> buffer_{};
    std::uint64_t bytes_ = 0;
};

} // namespace fairlead::official
