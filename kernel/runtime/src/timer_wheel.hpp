// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace fairlead::runtime {

/// Hashed timer wheel: 4096 slots of 10 ms. Setting and cancelling take constant time; a timer
/// beyond one turn (41 s) is looked at once per turn. Thread: one.
class TimerWheel {
public:
    using Task = std::function<void()>;
    static constexpr std::uint64_t kTickMs = 10;
    static constexpr std::size_t kSlots = 4096;
    /// Nodes are indexed by 32 bits; a million connections with four timers each fit.
    static constexpr std::size_t kTimersMax = 4'194'304;

    TimerWheel();

    /// Time is counted from here; before the first add.
    void begin(std::uint64_t now_ms) { tick_ = now_ms / kTickMs; }

    /// Never early: fires at the first tick at or after `due_ms`. Never 0.
    std::uint64_t add(std::uint64_t due_ms, Task task);
    void cancel(std::uint64_t id);

    /// Takes the tasks that are due at `now_ms` one after the other; each may add and cancel.
    template <typename Run>
    std::size_t advance(std::uint64_t now_ms, Run&& run) {
        const std::uint64_t target = now_ms / kTickMs;
        std::size_t count = 0;
        // After a long pause one turn visits every slot.
        if (target > tick_ + kSlots) {
            tick_ = target - kSlots;
        }
        while (tick_ < target) {
            ++tick_;
            collectDue(tick_ % kSlots, target);
            // Tasks may add to due_ only through a nested advance, which does not happen.
            for (const std::uint64_t id : due_) {
                if (std::optional<Task> task = take(id)) {
                    run(*task);
                    ++count;
                }
            }
        }
        return count;
    }

    /// Milliseconds until a slot with timers comes up, or nothing without timers.
    std::optional<std::uint64_t> nextMs(std::uint64_t now_ms) const;

    std::size_t size() const noexcept { return size_; }

private:
    static constexpr std::uint32_t kNone = 0xFFFFFFFF;
    struct Node {
        Task task;
        std::uint64_t due = 0; ///< tick
        std::uint32_t generation = 1;
        std::uint32_t previous = kNone;
        std::uint32_t next = kNone;
        bool used = false;
    };

    std::uint32_t allocate();
    void unlink(std::uint32_t index);
    void collectDue(std::size_t slot, std::uint64_t target);
    std::optional<Task> take(std::uint64_t id);
    Node* find(std::uint64_t id);

    std::vector<Node> nodes_;
    std::uint32_t free_ = kNone;
    std::array<std::uint32_t, kSlots> heads_;
    std::array<std::uint64_t, kSlots / 64> occupied_{};
    std::vector<std::uint64_t> due_;
    std::uint64_t tick_ = 0;
    std::size_t size_ = 0;
};

} // namespace fairlead::runtime
