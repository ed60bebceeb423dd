// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/cluster/cluster.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

namespace fairlead::cluster {

/// The event bus and the requests of one process. One thread delivers events and ends requests that
/// nobody answered in time. Thread: any.
class LocalBus {
public:
    explicit LocalBus(std::string node);
    ~LocalBus();

    void start();
    void stop();

    base::Status publish(std::string topic, std::string payload);
    base::Result<std::uint64_t> subscribe(const std::string& pattern, EventHandler handler);
    void unsubscribe(std::uint64_t id);

    base::Status serve(const std::string& subject, RequestHandler handler);
    void unserve(const std::string& subject);
    void request(const std::string& subject, std::string payload, std::int64_t timeout_ms,
                 Reply reply);

private:
    using Clock = std::chrono::steady_clock;
    struct Subscription {
        std::string pattern;
        EventHandler handler;
        std::deque<Event> queue;
        bool running = false;
        bool removed = false;
    };
    struct Pending {
        Clock::time_point deadline;
        Reply reply;
        std::string subject;
    };

    void run();
    bool deliverOne(std::unique_lock<std::mutex>& lock);
    void endLate(std::unique_lock<std::mutex>& lock);
    void complete(std::uint64_t id, base::Result<std::string> result);

    const std::string node_;
    std::thread thread_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable idle_;
    std::map<std::uint64_t, std::shared_ptr<Subscription>> subscriptions_; // guarded, as the rest
    std::deque<std::uint64_t> ready_;                                      ///< one entry per event
    std::map<std::string, std::shared_ptr<RequestHandler>> served_;
    std::map<std::uint64_t, Pending> pending_;
    std::uint64_t next_id_ = 1;
    bool stopping_ = false;
};

} // namespace fairlead::cluster
