// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "peer_address.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

namespace fairlead::network {

/// Room for the datagrams of one recvmmsg. Thread: the loop's.
class ReceiveBatch {
public:
    static constexpr unsigned kDatagrams = 64;

    ReceiveBatch();
    ReceiveBatch(const ReceiveBatch&) = delete;
    ReceiveBatch& operator=(const ReceiveBatch&) = delete;

    /// Number of datagrams, or -1 with errno.
    int receive(int fd) noexcept;

    std::string_view datagram(unsigned i) const noexcept {
        return {slots_.get() + i * kStride, headers_[i].msg_len};
    }
    bool isCut(unsigned i) const noexcept {
        return (headers_[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
    }
    const PeerAddress& from(unsigned i) noexcept {
        addresses_[i].normalize();
        return addresses_[i];
    }

private:
    static constexpr std::size_t kSlotBytes = std::size_t{64} << 10;
    // Not a power of two: small datagrams would else meet in the same lines of the cache. 64 bytes
    // more, so that a vectorised parser may read past the end.
    static constexpr std::size_t kStride = kSlotBytes + 5 * 64;

    std::unique_ptr<char[]> slots_; ///< the system gives only the pages that were written
    std::array<mmsghdr, kDatagrams> headers_{};
    std::array<iovec, kDatagrams> pieces_{};
    std::array<PeerAddress, kDatagrams> addresses_{};
};

} // namespace fairlead::network
