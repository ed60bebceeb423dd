// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/host/executor.h"
#include "fairlead/host/fd.h"
#include "fairlead/host/metrics.h"
#include "fairlead/host/state.h"
#include "fairlead/host/thread_check.h"
#include "fairlead/host/timer.h"
#include "fairlead/plugin.h"
#include "fairlead/plugin/host_services.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace fairlead::plugin {

/// Marks the calling thread for thread_check while it is in scope.
class RoleScope {
public:
    explicit RoleScope(std::uint32_t role) noexcept;
    ~RoleScope();
    RoleScope(const RoleScope&) = delete;
    RoleScope& operator=(const RoleScope&) = delete;

private:
    std::uint32_t previous_;
};

/// The fl_host of one generation with all its extension tables. Must outlive the mapped module; a
/// module that stays mapped keeps its context for ever.
class HostContext {
public:
    HostContext(std::string plugin_id, std::uint64_t generation, HostServices& services,
                LoopServices& loop);
    /// Asserts that it was closed.
    ~HostContext();
    HostContext(const HostContext&) = delete;
    HostContext& operator=(const HostContext&) = delete;

    const fl_host* table() const noexcept { return &table_; }

    /// No callback starts any more; timers and watches end. What runs now still runs: a grace
    /// period and running() == 0 say when the module's code is left.
    void close();
    /// Tasks of the blocking pool that were taken and have not ended.
    std::size_t running() const noexcept { return gate_->runs.load(std::memory_order_seq_cst); }
    std::int64_t allocatedBytes() const noexcept { return allocated_; }

private:
    // Outlives the context inside late callbacks, which then do nothing.
    struct Gate {
        std::atomic<bool> open{true};
        std::uint64_t generation = 0;
        std::atomic<std::size_t> tasks{0};
        std::atomic<std::size_t> runs{0};
    };
    struct Extension {
        const char* id;
        const void* table;
    };

    static HostContext& of(void* ctx) { return *static_cast<HostContext*>(ctx); }
    void fillHost();
    void fillTimer();
    void fillFd();
    void fillExecutor();
    void fillMetrics();
    void fillState();

    void* allocate(std::size_t n, std::size_t align);
    void release(void* p);
    void log(std::uint32_t level, std::string_view component, std::string_view text);
    std::uint64_t startTimer(std::uint64_t delay_ms, std::uint64_t period_ms, void (*fn)(void*),
                             void* arg);
    void cancelTimer(std::uint64_t id);
    std::uint64_t watch(int fd, std::uint32_t events, void (*fn)(void*, std::uint32_t), void* arg);
    fl_status changeWatch(std::uint64_t id, std::uint32_t events);
    void unwatch(std::uint64_t id);
    fl_status post(void (*fn)(void*), void* arg);
    fl_status run(void (*fn)(void*), void* arg);
    fl_status metric(std::string_view name, double value, bool gauge);

    const std::string plugin_id_;
    HostServices& services_;
    LoopServices& loop_;
    std::shared_ptr<Gate> gate_;

    fl_host table_{};
    fl_host_timer timer_{};
    fl_host_fd fd_{};
    fl_host_executor executor_{};
    fl_host_metrics metrics_{};
    fl_host_state state_{};
    fl_host_thread_check thread_check_{};

    std::atomic<std::int64_t> allocated_{0};

    std::mutex log_mutex_;
    std::uint64_t log_second_ = 0;
    std::uint32_t log_lines_ = 0;
    std::uint32_t log_dropped_ = 0;

    std::mutex mutex_; // for what follows; never held while calling the module
    bool closed_ = false;
    std::uint64_t next_id_ = 0;
    std::unordered_map<std::uint64_t, std::uint64_t> timers_;  // ours → the loop's
    std::unordered_map<std::uint64_t, std::uint64_t> watches_; // ours → the loop's
    std::unordered_set<std::string> metric_names_;
};

} // namespace fairlead::plugin
