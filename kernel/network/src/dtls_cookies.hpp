// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "peer_address.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace fairlead::network {

/// Cookies of HelloVerifyRequest (RFC 6347 4.2.1): an HMAC of the sender's address under a secret
/// that changes every minute; the one before it is good for another minute. Nothing is kept for an
/// address. Thread: the loop's.
class DtlsCookies {
public:
    static constexpr std::size_t kBytes = 16;
    static constexpr std::uint64_t kSecretMs = 60'000;
    using Cookie = std::array<unsigned char, kBytes>;

    explicit DtlsCookies(std::uint64_t now_ms);

    Cookie make(const PeerAddress& address, std::uint64_t now_ms);
    bool isGood(const PeerAddress& address, std::string_view cookie, std::uint64_t now_ms);

private:
    using Secret = std::array<unsigned char, 32>;

    void rotate(std::uint64_t now_ms);
    static Cookie under(const Secret& secret, const PeerAddress& address);

    Secret present_{};
    Secret former_{};
    std::uint64_t since_ms_;
};

} // namespace fairlead::network
