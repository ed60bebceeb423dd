// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "protocol.hpp"

#include <cstddef>
#include <vector>

namespace fairlead::mqtt {

/// Acknowledgements owed to a client, in the order of its packets: each leaves when it is settled
/// and all before it have left. A ring that grows to what was ever in flight at once and takes no
/// memory before the first use.
class AckQueue {
public:
    struct Entry {
        std::uint16_t packet_id = 0;
        PacketType type = PacketType::Puback;
        Reason reason = Reason::Success;
        bool settled = false;
        bool fatal = false; // cannot be answered: the connection ends here
    };

    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }

    /// The number that stands for the entry; never 0.
    std::uint64_t push(PacketType type, std::uint16_t packet_id) {
        if (size_ == ring_.size()) {
            grow();
        }
        at(size_) = Entry{packet_id, type, Reason::Success, false, false};
        return first_ + size_++;
    }
    /// Takes back the youngest entry.
    void undo() noexcept { --size_; }

    /// The entry of that number, or nullptr when it is not (or no longer) owed.
    Entry* find(std::uint64_t number) noexcept {
        return number >= first_ && number - first_ < size_
                   ? &at(static_cast<std::size_t>(number - first_))
                   : nullptr;
    }
    Entry& front() noexcept { return at(0); }
    void pop() noexcept {
        ++first_;
        --size_;
    }

private:
    Entry& at(std::size_t i) noexcept {
        return ring_[static_cast<std::size_t>(first_ + i) & (ring_.size() - 1)];
    }
    void grow() {
        std::vector<Entry> bigger(ring_.empty() ? 8 : ring_.size() * 2);
        for (std::size_t i = 0; i < size_; ++i) {
            bigger[static_cast<std::size_t>(first_ + i) & (bigger.size() - 1)] = at(i);
        }
        ring_.swap(bigger);
    }

    std::vector<Entry> ring_; // its size is 0 or a power of two
    std::uint64_t first_ = 1;
    std::size_t size_ = 0;
};

} // namespace fairlead::mqtt
