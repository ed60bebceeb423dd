// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/sdk/base.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace fairlead::testkit {

/// A host that records log lines and has a clock the test moves. Thread: any.
class FakeHost {
public:
    struct Line {
        std::uint32_t level;
        std::string component;
        std::string text;
    };

    FakeHost();
    FakeHost(const FakeHost&) = delete;
    FakeHost& operator=(const FakeHost&) = delete;

    const fl_host* raw() const { return &table_; }
    sdk::Host host() const { return sdk::Host(&table_); }

    std::vector<Line> lines() const;
    void advanceMs(std::int64_t ms) { now_ns_ += static_cast<std::uint64_t>(ms) * 1'000'000; }
    std::uint64_t nowNs() const { return now_ns_; }
    /// UTC of the fake clock; starts at 2024-01-01T00:00:00Z.
    std::int64_t utcMs() const;
    /// Offers a host extension table under `id`; it must outlive the host.
    void offer(const std::string& id, const void* table);
    /// Allocations not yet freed.
    std::int64_t allocations() const { return allocations_; }

private:
    static FakeHost& of(void* ctx) { return *static_cast<FakeHost*>(ctx); }

    fl_host table_;
    std::atomic<std::uint64_t> now_ns_{1'000'000'000};
    std::atomic<std::int64_t> allocations_{0};
    mutable std::mutex mutex_;
    std::vector<Line> lines_;
    std::map<std::string, const void*, std::less<>> extensions_;
};

} // namespace fairlead::testkit
