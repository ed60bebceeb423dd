// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace fairlead::plugin {

/// The asymmetric epoch: readers pay two plain stores, the one who frees pays with membarrier.
///
/// A Pin says "this thread may be inside a plugin". What was unpublished before a GracePeriod began
/// is unused once it has passed. Where membarrier is refused (seccomp) and under ThreadSanitizer
/// the pin is a full barrier instead; chosen once at start.
namespace epoch {

/// One thread's mark, alone on its cache lines.
struct alignas(128) Slot {
    std::atomic<std::uint64_t> sequence{0};   ///< odd while pinned
    std::atomic<std::uint64_t> generation{0}; ///< which plugin generation runs; 0 none
    std::uint32_t depth = 0;                  ///< the owner's own count of nested pins
    std::atomic<bool> used{false};
};

extern const bool asymmetric;

/// The calling thread's slot; made at first use, given back when the thread ends.
Slot& claimSlot();
extern constinit thread_local Slot* own_slot;

inline Slot& slot() {
    return own_slot != nullptr ? *own_slot : claimSlot();
}

} // namespace epoch

/// RAII pin; nests. Costs about a nanosecond. Thread: any; made and destroyed on the same one.
class Pin {
public:
    Pin() : slot_(epoch::slot()), previous_(slot_.generation.load(std::memory_order_relaxed)) {
        if (slot_.depth++ == 0) {
            const std::uint64_t odd = slot_.sequence.load(std::memory_order_relaxed) + 1;
            if (epoch::asymmetric) {
                slot_.sequence.store(odd, std::memory_order_relaxed);
                std::atomic_signal_fence(std::memory_order_seq_cst);
            } else {
                slot_.sequence.exchange(odd, std::memory_order_seq_cst);
            }
        }
    }
    ~Pin() {
        slot_.generation.store(previous_, std::memory_order_relaxed);
        if (--slot_.depth == 0) {
            const std::uint64_t even = slot_.sequence.load(std::memory_order_relaxed) + 1;
            slot_.sequence.store(even, std::memory_order_release);
        }
    }
    Pin(const Pin&) = delete;
    Pin& operator=(const Pin&) = delete;

    /// Notes whose code runs next; read by crash and hang reports.
    void enter(std::uint64_t generation) noexcept {
        slot_.generation.store(generation, std::memory_order_relaxed);
    }

private:
    epoch::Slot& slot_;
    std::uint64_t previous_;
};

/// Begins when made, passes when every thread that was pinned then has let go once.
class GracePeriod {
public:
    GracePeriod();
    /// Never blocks. Once true, always true.
    bool passed();
    /// Generations that still run on pinned threads, for reports.
    std::vector<std::uint64_t> heldBy() const;

private:
    struct Waiting {
        const epoch::Slot* slot;
        std::uint64_t sequence;
    };
    std::vector<Waiting> waiting_;
};

} // namespace fairlead::plugin
