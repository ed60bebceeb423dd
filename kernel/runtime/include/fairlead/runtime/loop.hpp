// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace boost::asio {
class io_context;
}

namespace fairlead::runtime {

/// One I/O thread with its event loop. Everything that runs on it is non-blocking and short: a
/// task that takes longer than 50 ms is reported.
class Loop {
public:
    Loop(std::string name, std::size_t index);
    ~Loop(); ///< asserts that it was stopped
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    void start();
    /// Lets no further task start and waits for the thread. Thread: not the loop's own.
    void stop();

    std::size_t index() const noexcept { return index_; }
    const std::string& name() const noexcept { return name_; }

    /// Runs `task` on the loop's thread, in order of posting. Thread: any. Blocks: no.
    void post(std::function<void()> task);

    /// Calls `hook` on the loop at the end of every round in which something ran (I/O collected in
    /// that round is written there). Before start only.
    void onRoundEnd(std::function<void()> hook);

    /// Coarse clock of the loop, refreshed once per round. Thread: the loop's.
    std::int64_t utcMs() const noexcept;
    std::uint64_t monotonicMs() const noexcept;

    /// One-shot timer with 10 ms resolution; the id is never 0. Thread: the loop's.
    std::uint64_t runAfter(std::uint64_t milliseconds, std::function<void()> task);
    void cancel(std::uint64_t timer);

    /// True when called on the loop's thread.
    bool isCurrent() const noexcept;

    boost::asio::io_context& context() noexcept;

private:
    struct Impl;
    std::string name_;
    std::size_t index_;
    std::unique_ptr<Impl> impl_;
};

} // namespace fairlead::runtime
