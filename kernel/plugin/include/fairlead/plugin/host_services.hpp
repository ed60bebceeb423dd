// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::plugin {

/// What the server does for plugins beyond the loops. The application implements it; it outlives
/// the PluginManager. Thread: any, for every function; none may call the manager.
class HostServices {
public:
    virtual ~HostServices() = default;

    /// A line of a plugin. `level` is FL_LOG_…; must not block.
    virtual void log(std::string_view plugin_id, std::uint32_t level, std::string_view component,
                     std::string_view text) noexcept = 0;

    /// Metrics of a plugin; `name` is checked: [a-z0-9_]{1,64}.
    virtual void addCounter(std::string_view plugin_id, std::string_view name,
                            double delta) noexcept = 0;
    virtual void setGauge(std::string_view plugin_id, std::string_view name,
                          double value) noexcept = 0;

    /// Runs blocking work on a pool. False: the queue is full and nothing will run.
    virtual bool execute(std::function<void()> work) noexcept = 0;

    /// Durable key-value state of a plugin; keys up to 128 bytes, values up to 64 KiB (checked
    /// before). May block on the database.
    virtual bool putState(std::string_view plugin_id, std::string_view key,
                          std::string_view value) noexcept = 0;
    virtual std::optional<std::string> getState(std::string_view plugin_id,
                                                std::string_view key) noexcept = 0;
    virtual bool removeState(std::string_view plugin_id, std::string_view key) noexcept = 0;
};

/// Timers, descriptor watches and posted tasks of plugins. All callbacks of one implementation come
/// from one thread, one at a time. Outlives the PluginManager. Thread: any.
class LoopServices {
public:
    using Task = std::function<void()>;
    using Ready = std::function<void(std::uint32_t events)>; ///< FL_FD_… bits

    virtual ~LoopServices() = default;

    /// Runs `task` after `delay_ms`, then every `period_ms` (0: once). Id, never 0.
    virtual std::uint64_t startTimer(std::uint64_t delay_ms, std::uint64_t period_ms,
                                     Task task) = 0;
    /// After this returns the task does not start again; it may still be running elsewhere.
    virtual void cancelTimer(std::uint64_t id) = 0;

    /// Level-triggered; the descriptor stays the caller's. 0: the system refused (errno).
    virtual std::uint64_t watch(int fd, std::uint32_t events, Ready ready) = 0;
    virtual bool changeWatch(std::uint64_t id, std::uint32_t events) = 0;
    virtual void unwatch(std::uint64_t id) = 0;

    virtual void post(Task task) = 0;
};

/// LoopServices on a thread of its own (epoll). Good for plugins whose timers and descriptors do
/// not belong to a connection; also what tests use. The destructor joins the thread.
std::unique_ptr<LoopServices> makeThreadLoopServices();

} // namespace fairlead::plugin
