// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/time.hpp"
#include "fairlead/device/data_value.hpp"

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::device {

/// Properties that a device may report beyond its model.
inline constexpr std::size_t kUndeclaredMax = 64;
/// Source times further ahead of ours than this do not hold later values back.
inline constexpr std::int64_t kClockAheadMs = 60'000;

/// The latest value of each property of one device. Bounded by its model and kUndeclaredMax.
/// Thread: any, while holding the lock that lock() gives.
class LatestValues {
public:
    struct Slot {
        std::string id;
        DataValue value;
        Quality quality = Quality::Good;
        bool declared = true;
        base::UtcMs time = 0;
        base::UtcMs received_at = 0;
    };

    std::unique_lock<std::mutex> lock() { return std::unique_lock{mutex_}; }

    /// Takes the value unless a newer one (by the device's time) is there. False when there is no
    /// room for a further undeclared property.
    bool apply(std::string_view id, const fl_value& value, Quality quality, bool declared,
               base::UtcMs time, base::UtcMs received_at);

    const Slot* find(std::string_view id) const;
    const std::vector<Slot>& slots() const noexcept { return slots_; }

    /// The stored form; load replaces everything and returns false when `bytes` is broken.
    std::string save() const;
    bool load(std::string_view bytes);

    /// Time of ours when a value was last applied; for the cache's eviction.
    base::UtcMs changedAt() const noexcept { return changed_at_; }

private:
    Slot* locate(std::string_view id);

    std::mutex mutex_;
    std::vector<Slot> slots_;
    std::size_t next_ = 0; ///< devices report in the same order: the slot that probably comes next
    std::size_t undeclared_ = 0;
    base::UtcMs changed_at_ = 0;
};

} // namespace fairlead::device
