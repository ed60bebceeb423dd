// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "peer_address.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fairlead::network {

/// Datagrams that leave a socket at the end of a round, in one buffer. Thread: the loop's.
class SendBatch {
public:
    enum class Sent {
        All,
        Later, ///< the socket is full; again when it is writable
        Some   ///< the first one was refused and is gone; errno says why. Call again.
    };

    void add(const PeerAddress& to, const void* data, std::size_t bytes);
    Sent send(int fd);

    bool isEmpty() const noexcept { return first_ == items_.size(); }
    std::size_t bytes() const noexcept { return buffer_.size() - sent_bytes_; }
    std::size_t count() const noexcept { return items_.size() - first_; }

private:
    static constexpr unsigned kAtOnce = 64;
    static constexpr std::size_t kBufferKeptBytes = std::size_t{256} << 10;

    struct Item {
        PeerAddress to;
        std::uint32_t bytes;
    };
    void advance(std::size_t count) noexcept;
    void reset();

    std::string buffer_;
    std::vector<Item> items_;
    std::size_t first_ = 0;
    std::size_t sent_bytes_ = 0; ///< of buffer_
};

} // namespace fairlead::network
