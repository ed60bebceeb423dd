// SPDX-License-Identifier: Apache-2.0
#include "dtls_cookies.hpp"

#include "fairlead/base/assert.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>

namespace fairlead::network {

DtlsCookies::DtlsCookies(std::uint64_t now_ms) : since_ms_(now_ms) {
    FL_ASSERT(RAND_bytes(present_.data(), static_cast<int>(present_.size())) == 1);
    FL_ASSERT(RAND_bytes(former_.data(), static_cast<int>(former_.size())) == 1);
}

void DtlsCookies::rotate(std::uint64_t now_ms) {
    if (now_ms < since_ms_ + kSecretMs) {
        return;
    }
    former_ = present_;
    if (now_ms >= since_ms_ + 2 * kSecretMs) {
        // Nobody asked for a while: the last secret is older than any cookie may be.
        FL_ASSERT(RAND_bytes(former_.data(), static_cast<int>(former_.size())) == 1);
    }
    FL_ASSERT(RAND_bytes(present_.data(), static_cast<int>(present_.size())) == 1);
    since_ms_ = now_ms;
}

DtlsCookies::Cookie DtlsCookies::under(const Secret& secret, const PeerAddress& address) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int bytes = 0;
    const std::string_view what = address.bytes();
    FL_ASSERT(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
                   reinterpret_cast<const unsigned char*>(what.data()), what.size(), digest.data(),
                   &bytes) != nullptr &&
              bytes >= kBytes);
    Cookie cookie;
    std::copy_n(digest.begin(), kBytes, cookie.begin());
    return cookie;
}

DtlsCookies::Cookie DtlsCookies::make(const PeerAddress& address, std::uint64_t now_ms) {
    rotate(now_ms);
    return under(present_, address);
}

bool DtlsCookies::isGood(const PeerAddress& address, std::string_view cookie,
                         std::uint64_t now_ms) {
    rotate(now_ms);
    if (cookie.size() != kBytes) {
        return false;
    }
    const Cookie present = under(present_, address);
    if (CRYPTO_memcmp(present.data(), cookie.data(), kBytes) == 0) {
        return true;
    }
    const Cookie former = under(former_, address);
    return CRYPTO_memcmp(former.data(), cookie.data(), kBytes) == 0;
}

} // namespace fairlead::network
