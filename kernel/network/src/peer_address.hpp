// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace fairlead::network {

/// Where a datagram came from: IPv4 or IPv6 address, port, and the scope of a link-local address.
union PeerAddress {
    sockaddr base;
    sockaddr_in v4;
    sockaddr_in6 v6;

    bool isV6() const noexcept { return base.sa_family == AF_INET6; }
    socklen_t length() const noexcept { return isV6() ? sizeof(v6) : sizeof(v4); }

    bool operator==(const PeerAddress& other) const noexcept {
        if (base.sa_family != other.base.sa_family) {
            return false;
        }
        if (!isV6()) {
            return v4.sin_port == other.v4.sin_port &&
                   v4.sin_addr.s_addr == other.v4.sin_addr.s_addr;
        }
        return v6.sin6_port == other.v6.sin6_port && v6.sin6_scope_id == other.v6.sin6_scope_id &&
               std::memcmp(&v6.sin6_addr, &other.v6.sin6_addr, sizeof(v6.sin6_addr)) == 0;
    }

    /// Seeded, for senders choose their addresses.
    std::uint64_t hash(std::uint64_t seed) const noexcept {
        if (!isV6()) {
            return mix(seed ^ v4.sin_addr.s_addr, 0x9E3779B97F4A7C15U ^ v4.sin_port);
        }
        std::uint64_t words[2];
        std::memcpy(words, &v6.sin6_addr, sizeof(words));
        return mix(seed ^ words[0],
                   words[1] ^ mix(seed, (std::uint64_t{v6.sin6_scope_id} << 16U) | v6.sin6_port));
    }

    /// What tells it from others, for a cookie.
    std::string_view bytes() const noexcept {
        return {reinterpret_cast<const char*>(this), length()};
    }

    /// As the kernel filled it in; what says nothing about the sender is cleared.
    void normalize() noexcept {
        if (isV6()) {
            v6.sin6_flowinfo = 0;
        } else {
            std::memset(v4.sin_zero, 0, sizeof(v4.sin_zero));
        }
    }

private:
    static std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
        __extension__ using Wide = unsigned __int128;
        const Wide product = Wide{a ^ 0xA0761D6478BD642FU} * (b ^ 0xE7037ED1A0B428DBU);
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
    }
};

} // namespace fairlead::network
