// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/network/dial.hpp"

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace fairlead::network {

/// How the targets of a component are, written by loops when a state changes and read by control
/// code. Thread: any; the lock is held for a copy, a few times a second at most.
class DialBoard {
public:
    DialBoard(std::vector<TargetStatus> targets, std::function<void()> changed)
        : targets_(std::move(targets)), changed_(std::move(changed)) {}

    void set(std::size_t target, TargetStatus status) {
        {
            const std::lock_guard lock(mutex_);
            targets_[target] = std::move(status);
        }
        if (changed_) {
            changed_();
        }
    }
    std::vector<TargetStatus> all() const {
        const std::lock_guard lock(mutex_);
        return targets_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<TargetStatus> targets_;
    const std::function<void()> changed_;
};

} // namespace fairlead::network
