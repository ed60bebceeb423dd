// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/runtime/metrics.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace fairlead::network {

/// A counter with one writing thread and any number of readers: no locked instruction.
class LoopCounter {
public:
    void add(std::uint64_t n = 1) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    void subtract(std::uint64_t n = 1) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
    }
    std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

/// Counts by kind for one component on one loop. Kinds come from plugins: above kKindsMax they
/// share the last slot, named "other".
class ReportTable {
public:
    static constexpr std::size_t kKindsMax = 32;
    static constexpr std::size_t kKindBytesMax = 47; ///< longer names are cut

    struct Entry {
        char name[kKindBytesMax + 1] = {};
        LoopCounter count;
        std::shared_ptr<runtime::Counter> metric; ///< set at the first report
    };

    /// The entry of `kind`, counted. Thread: the loop's.
    Entry& add(std::string_view kind) noexcept {
        Entry& entry = find(kind.substr(0, kKindBytesMax));
        entry.count.add();
        return entry;
    }

    /// Calls `each(name, count)`. Thread: any.
    template <typename Each>
    void visit(Each each) const {
        const std::size_t used = used_.load(std::memory_order_acquire);
        for (std::size_t i = 0; i < used; ++i) {
            each(std::string_view(entries_[i].name), entries_[i].count.value());
        }
    }

private:
    Entry& find(std::string_view kind) noexcept {
        const std::size_t used = used_.load(std::memory_order_relaxed);
        for (std::size_t i = 0; i < used; ++i) {
            if (kind == entries_[i].name) {
                return entries_[i];
            }
        }
        if (used == kKindsMax) {
            return entries_[kKindsMax - 1];
        }
        const std::string_view name = used == kKindsMax - 1 ? "other" : kind;
        std::memcpy(entries_[used].name, name.data(), name.size());
        used_.store(used + 1, std::memory_order_release);
        return entries_[used];
    }

    std::array<Entry, kKindsMax> entries_;
    std::atomic<std::size_t> used_{0};
};

/// What one loop counts of one component; on cache lines of its own.
struct alignas(64) LoopCounters {
    LoopCounter connections;
    LoopCounter accepted;
    LoopCounter bytes_in;
    LoopCounter bytes_out;
    LoopCounter messages_in;
    LoopCounter messages_out;
    LoopCounter refused;
    LoopCounter errors;
    ReportTable reports;
};

} // namespace fairlead::network
