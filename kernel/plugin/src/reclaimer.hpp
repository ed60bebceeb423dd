// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/plugin/epoch.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace fairlead::plugin {

/// Ends what was unpublished, in the background: waits for a grace period, then until `ready`, then
/// runs `finish`, all on one thread. Never makes a request path wait.
class Reclaimer {
public:
    using Clock = std::chrono::steady_clock;

    struct Item {
        std::function<bool()> ready;  ///< polled, cheap
        std::function<void()> finish; ///< may retire further items
        std::function<void()> late;   ///< once, when the deadline has passed; may be empty
        std::optional<Clock::time_point> deadline;
    };

    Reclaimer();
    ~Reclaimer();
    Reclaimer(const Reclaimer&) = delete;
    Reclaimer& operator=(const Reclaimer&) = delete;

    /// Takes what nobody can reach any more. Thread: any. Blocks: no.
    void retire(Item item);
    /// True when nothing waits, within that time.
    bool waitIdle(std::chrono::milliseconds timeout);
    /// Ends the thread; what still waits stays as it is (leaked, it may be in use).
    void stop();

private:
    struct Pending {
        Item item;
        std::optional<GracePeriod> grace;
    };

    void run();
    bool step(Pending& pending);

    std::mutex mutex_;
    std::condition_variable changed_;
    std::list<Pending> waiting_; // added by anyone, taken by the thread
    std::size_t count_ = 0;      // waiting_ and what the thread holds
    bool stopping_ = false;
    std::thread thread_;
};

} // namespace fairlead::plugin
