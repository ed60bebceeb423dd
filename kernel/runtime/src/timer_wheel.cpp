// SPDX-License-Identifier: Apache-2.0
#include "timer_wheel.hpp"

#include "fairlead/base/assert.hpp"

#include <algorithm>
#include <bit>

namespace fairlead::runtime {

TimerWheel::TimerWheel() {
    heads_.fill(kNone);
}

std::uint32_t TimerWheel::allocate() {
    if (free_ == kNone) {
        FL_ASSERT(nodes_.size() < kTimersMax);
        nodes_.emplace_back();
        return static_cast<std::uint32_t>(nodes_.size() - 1);
    }
    const std::uint32_t index = free_;
    free_ = nodes_[index].next;
    return index;
}

std::uint64_t TimerWheel::add(std::uint64_t due_ms, Task task) {
    const std::uint64_t due = std::max((due_ms + kTickMs - 1) / kTickMs, tick_ + 1);
    const std::uint32_t index = allocate();
    const std::size_t slot = due % kSlots;
    Node& node = nodes_[index];
    node.task = std::move(task);
    node.due = due;
    node.used = true;
    node.previous = kNone;
    node.next = heads_[slot];
    if (node.next != kNone) {
        nodes_[node.next].previous = index;
    }
    heads_[slot] = index;
    occupied_[slot / 64] |= std::uint64_t{1} << (slot % 64);
    ++size_;
    return (std::uint64_t{node.generation} << 32) | index;
}

TimerWheel::Node* TimerWheel::find(std::uint64_t id) {
    const auto index = static_cast<std::uint32_t>(id);
    if (index >= nodes_.size()) {
        return nullptr;
    }
    Node& node = nodes_[index];
    return node.used && node.generation == static_cast<std::uint32_t>(id >> 32) ? &node : nullptr;
}

void TimerWheel::unlink(std::uint32_t index) {
    Node& node = nodes_[index];
    const std::size_t slot = node.due % kSlots;
    if (node.previous != kNone) {
        nodes_[node.previous].next = node.next;
    } else {
        heads_[slot] = node.next;
    }
    if (node.next != kNone) {
        nodes_[node.next].previous = node.previous;
    }
    if (heads_[slot] == kNone) {
        occupied_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
    }
    node.used = false;
    // Generation 0 with index 0 would be id 0, which means "no timer".
    node.generation = node.generation == 0xFFFFFFFF ? 1 : node.generation + 1;
    node.next = free_;
    free_ = index;
    --size_;
}

std::optional<TimerWheel::Task> TimerWheel::take(std::uint64_t id) {
    Node* node = find(id);
    if (node == nullptr) {
        return std::nullopt;
    }
    std::optional<Task> task(std::move(node->task));
    node->task = nullptr;
    unlink(static_cast<std::uint32_t>(id));
    return task;
}

void TimerWheel::cancel(std::uint64_t id) {
    // The task dies here, after the node was given back: its destructor may use the wheel.
    const std::optional<Task> dropped = take(id);
}

void TimerWheel::collectDue(std::size_t slot, std::uint64_t target) {
    due_.clear();
    for (std::uint32_t i = heads_[slot]; i != kNone; i = nodes_[i].next) {
        if (nodes_[i].due <= target) {
            due_.push_back((std::uint64_t{nodes_[i].generation} << 32) | i);
        }
    }
    // New timers are put in front; equal deadlines run in the order in which they were set.
    std::reverse(due_.begin(), due_.end());
}

std::optional<std::uint64_t> TimerWheel::nextMs(std::uint64_t now_ms) const {
    if (size_ == 0) {
        return std::nullopt;
    }
    const std::size_t first = (tick_ + 1) % kSlots;
    std::size_t distance = kSlots;
    std::uint64_t word = occupied_[first / 64] >> (first % 64);
    if (word != 0) {
        distance = static_cast<std::size_t>(std::countr_zero(word));
    } else {
        // The first word comes up again at the end, for the bits below `first`.
        for (std::size_t i = 1; i <= kSlots / 64; ++i) {
            const std::size_t index = (first / 64 + i) % (kSlots / 64);
            if (occupied_[index] != 0) {
                distance = i * 64 - first % 64 +
                           static_cast<std::size_t>(std::countr_zero(occupied_[index]));
                break;
            }
        }
    }
    const std::uint64_t due_ms = (tick_ + 1 + distance) * kTickMs;
    return due_ms > now_ms ? due_ms - now_ms : 0;
}

} // namespace fairlead::runtime
