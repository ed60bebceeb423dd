// SPDX-License-Identifier: Apache-2.0
#include "receive_batch.hpp"

#include <cerrno>

namespace fairlead::network {

ReceiveBatch::ReceiveBatch()
    : slots_(std::make_unique_for_overwrite<char[]>(kDatagrams * kStride)) {
    for (unsigned i = 0; i < kDatagrams; ++i) {
        pieces_[i] = {slots_.get() + i * kStride, kSlotBytes};
        headers_[i].msg_hdr.msg_name = &addresses_[i];
        headers_[i].msg_hdr.msg_iov = &pieces_[i];
        headers_[i].msg_hdr.msg_iovlen = 1;
    }
}

int ReceiveBatch::receive(int fd) noexcept {
    for (mmsghdr& header : headers_) {
        header.msg_hdr.msg_namelen = sizeof(PeerAddress);
    }
    for (;;) {
        const int got = recvmmsg(fd, headers_.data(), kDatagrams, MSG_DONTWAIT, nullptr);
        if (got >= 0 || errno != EINTR) {
            return got;
        }
    }
}

} // namespace fairlead::network
