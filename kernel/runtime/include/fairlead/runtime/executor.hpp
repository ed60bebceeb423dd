// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace fairlead::runtime {

struct ExecutorOptions {
    std::string name = "worker"; ///< prefix of the threads' names
    std::size_t threads = 4;     ///< 1 to 64
    std::size_t queue_max = 1024;
};

/// A bounded pool of threads for work that blocks: database, files, password hashing.
///
/// Lifecycle: start, stop (refuses what comes, finishes what is queued, waits). Thread: any; stop
/// not from one of its own threads. A task that throws is logged and counted, and ends only itself.
class Executor {
public:
    explicit Executor(ExecutorOptions options);
    ~Executor(); ///< asserts that it was stopped
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;

    void start();
    void stop();

    /// Blocks: no. Errors: Busy when queue_max tasks wait, Closed before start and after stop.
    base::Status submit(std::function<void()> task);

    std::size_t queued() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Tasks waiting in one scheduler; a task is about 200 bytes.
inline constexpr std::size_t kSchedulerTasksMax = 10'000;

/// Delayed and periodic tasks outside of the I/O loops, to about 10 ms. They run on the given
/// executor; a periodic task never overlaps itself and is not made up for when it is late.
///
/// Lifecycle: start, stop (before the executor's). Thread: any.
class Scheduler {
public:
    explicit Scheduler(Executor& executor);
    ~Scheduler(); ///< asserts that it was stopped
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;

    void start();
    void stop();

    /// First run after one interval. Id is never 0. Error Limit above kSchedulerTasksMax.
    base::Result<std::uint64_t> every(std::chrono::milliseconds interval,
                                      std::function<void()> task);
    base::Result<std::uint64_t> after(std::chrono::milliseconds delay, std::function<void()> task);

    /// The task does not run any more when this returns, unless it is the caller itself.
    void cancel(std::uint64_t id);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace fairlead::runtime
