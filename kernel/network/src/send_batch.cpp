// SPDX-License-Identifier: Apache-2.0
#include "send_batch.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

namespace fairlead::network {

void SendBatch::add(const PeerAddress& to, const void* data, std::size_t bytes) {
    buffer_.append(static_cast<const char*>(data), bytes);
    items_.push_back({to, static_cast<std::uint32_t>(bytes)});
}

SendBatch::Sent SendBatch::send(int fd) {
    std::array<mmsghdr, kAtOnce> headers;
    std::array<iovec, kAtOnce> pieces;
    while (!isEmpty()) {
        const std::size_t some = std::min<std::size_t>(count(), kAtOnce);
        char* at = buffer_.data() + sent_bytes_;
        for (std::size_t i = 0; i < some; ++i) {
            Item& item = items_[first_ + i];
            pieces[i] = {at, item.bytes};
            at += item.bytes;
            headers[i] = {};
            headers[i].msg_hdr.msg_name = &item.to;
            headers[i].msg_hdr.msg_namelen = item.to.length();
            headers[i].msg_hdr.msg_iov = &pieces[i];
            headers[i].msg_hdr.msg_iovlen = 1;
        }
        const int sent = sendmmsg(fd, headers.data(), static_cast<unsigned>(some), MSG_DONTWAIT);
        if (sent > 0) {
            advance(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN) {
            return Sent::Later;
        } else if (errno != EINTR) {
            const int code = errno;
            advance(1);
            errno = code;
            return Sent::Some;
        }
    }
    reset();
    return Sent::All;
}

void SendBatch::advance(std::size_t count) noexcept {
    for (; count > 0; --count) {
        sent_bytes_ += items_[first_++].bytes;
    }
}

void SendBatch::reset() {
    first_ = 0;
    sent_bytes_ = 0;
    items_.clear();
    if (buffer_.capacity() > kBufferKeptBytes) {
        std::string().swap(buffer_);
        std::vector<Item>().swap(items_);
    } else {
        buffer_.clear();
    }
}

} // namespace fairlead::network
