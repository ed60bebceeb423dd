// SPDX-License-Identifier: Apache-2.0
#include "local_bus.hpp"

#include "fairlead/runtime/metrics.hpp"
#include "fairlead/runtime/thread.hpp"
#include "topic.hpp"

#include <algorithm>
#include <utility>

// Design notes. publish puts a copy of the event into the queue of each subscription that matches
// and its id into `ready_`, so that events are delivered in the order of publishing over all
// subscriptions. A request is in `pending_` until its reply or its deadline takes it out; whoever
// takes it out calls the reply, outside of the lock.

namespace fairlead::cluster {

using base::Errc;
using base::Error;

namespace {

/// Requests without an answer yet.
constexpr std::size_t kPendingMax = 100'000;

runtime::Counter& droppedEvents() {
    static const std::shared_ptr<runtime::Counter> counter = runtime::Metrics::global().counter(
        "fairlead_cluster_events_dropped_total", "Events dropped because a subscriber was slow");
    return *counter;
}

Error invalidTopic(const std::string& topic) {
    return Error::invalid("\"" + topic + "\" is no topic: words of 0-9 A-Z a-z _ - joined by dots");
}

base::Status checkPayload(const std::string& payload) {
    if (payload.size() > kPayloadBytesMax) {
        return Error::limit("A message between nodes has at most " +
                            std::to_string(kPayloadBytesMax) + " bytes, not " +
                            std::to_string(payload.size()));
    }
    return {};
}

} // namespace

LocalBus::LocalBus(std::string node) : node_(std::move(node)) {}

LocalBus::~LocalBus() {
    FL_ASSERT(!thread_.joinable());
}

void LocalBus::start() {
    FL_ASSERT(!thread_.joinable());
    thread_ = std::thread([this] { run(); });
}

void LocalBus::stop() {
    if (!thread_.joinable()) {
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
    std::map<std::uint64_t, Pending> left;
    {
        const std::lock_guard lock(mutex_);
        left.swap(pending_);
    }
    for (auto& [id, pending] : left) {
        pending.reply(Error(Errc::Closed, "The node is stopping"));
    }
}

void LocalBus::run() {
    runtime::setThreadName("cluster");
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        if (deliverOne(lock)) {
            continue;
        }
        endLate(lock);
        if (stopping_ || !ready_.empty()) {
            continue;
        }
        const auto first =
            std::min_element(pending_.begin(), pending_.end(), [](const auto& a, const auto& b) {
                return a.second.deadline < b.second.deadline;
            });
        if (first == pending_.end()) {
            wake_.wait(lock);
        } else {
            const auto deadline = first->second.deadline;
            wake_.wait_until(lock, deadline);
        }
    }
}

bool LocalBus::deliverOne(std::unique_lock<std::mutex>& lock) {
    if (ready_.empty()) {
        return false;
    }
    const auto it = subscriptions_.find(ready_.front());
    ready_.pop_front();
    if (it == subscriptions_.end() || it->second->queue.empty()) {
        return true; // Unsubscribed, or its oldest event was dropped.
    }
    const std::shared_ptr<Subscription> subscription = it->second;
    const Event event = std::move(subscription->queue.front());
    subscription->queue.pop_front();
    subscription->running = true;
    lock.unlock();
    subscription->handler(event);
    lock.lock();
    subscription->running = false;
    if (subscription->removed) {
        idle_.notify_all();
    }
    return true;
}

void LocalBus::endLate(std::unique_lock<std::mutex>& lock) {
    const auto now = Clock::now();
    std::vector<Pending> late;
    for (auto it = pending_.begin(); it != pending_.end();) {
        if (it->second.deadline <= now) {
            late.push_back(std::move(it->second));
            it = pending_.erase(it);
        } else {
            ++it;
        }
    }
    if (late.empty()) {
        return;
    }
    lock.unlock();
    for (Pending& pending : late) {
        pending.reply(Error(Errc::Timeout, "There was no answer to " + pending.subject));
    }
    lock.lock();
}

base::Status LocalBus::publish(std::string topic, std::string payload) {
    if (!isTopic(topic)) {
        return invalidTopic(topic);
    }
    FL_TRY(checkPayload(payload));
    const std::lock_guard lock(mutex_);
    for (auto& [id, subscription] : subscriptions_) {
        if (!matches(subscription->pattern, topic)) {
            continue;
        }
        if (subscription->queue.size() >= kSubscriberQueueMax) {
            // Its place in `ready_` serves the new one.
            subscription->queue.pop_front();
            droppedEvents().add();
        } else {
            ready_.push_back(id);
        }
        subscription->queue.push_back({topic, payload, node_});
    }
    wake_.notify_one();
    return {};
}

base::Result<std::uint64_t> LocalBus::subscribe(const std::string& pattern, EventHandler handler) {
    if (!isPattern(pattern)) {
        return invalidTopic(pattern);
    }
    const std::lock_guard lock(mutex_);
    if (subscriptions_.size() >= kSubscriptionsMax) {
        return Error::limit("There are " + std::to_string(subscriptions_.size()) +
                            " subscriptions, the most there may be");
    }
    const std::uint64_t id = next_id_++;
    auto subscription = std::make_shared<Subscription>();
    subscription->pattern = pattern;
    subscription->handler = std::move(handler);
    subscriptions_.emplace(id, std::move(subscription));
    return id;
}

void LocalBus::unsubscribe(std::uint64_t id) {
    std::unique_lock lock(mutex_);
    const auto it = subscriptions_.find(id);
    if (it == subscriptions_.end()) {
        return;
    }
    const std::shared_ptr<Subscription> subscription = it->second;
    subscriptions_.erase(it);
    subscription->removed = true;
    if (std::this_thread::get_id() != thread_.get_id()) {
        idle_.wait(lock, [&] { return !subscription->running; });
    }
}

base::Status LocalBus::serve(const std::string& subject, RequestHandler handler) {
    if (!isTopic(subject)) {
        return invalidTopic(subject);
    }
    const std::lock_guard lock(mutex_);
    const auto [it, made] =
        served_.emplace(subject, std::make_shared<RequestHandler>(std::move(handler)));
    return made ? base::Status{} : Error::conflict("The subject " + subject + " is served already");
}

void LocalBus::unserve(const std::string& subject) {
    const std::lock_guard lock(mutex_);
    served_.erase(subject);
}

void LocalBus::complete(std::uint64_t id, base::Result<std::string> result) {
    Reply reply;
    {
        const std::lock_guard lock(mutex_);
        const auto it = pending_.find(id);
        if (it == pending_.end()) {
            return; // Too late, or a second answer.
        }
        reply = std::move(it->second.reply);
        pending_.erase(it);
    }
    reply(std::move(result));
}

void LocalBus::request(const std::string& subject, std::string payload, std::int64_t timeout_ms,
                       Reply reply) {
    if (const base::Status status = checkPayload(payload); !status) {
        reply(status.error());
        return;
    }
    std::shared_ptr<RequestHandler> handler;
    std::uint64_t id = 0;
    std::optional<Error> refused;
    {
        const std::lock_guard lock(mutex_);
        const auto it = served_.find(subject);
        if (it == served_.end()) {
            refused = Error::notFound("Nobody serves " + subject);
        } else if (pending_.size() >= kPendingMax) {
            refused = Error(Errc::Busy, "Too many requests wait for an answer");
        } else {
            handler = it->second;
            id = next_id_++;
            pending_.emplace(
                id, Pending{Clock::now() + std::chrono::milliseconds(timeout_ms), reply, subject});
        }
    }
    if (refused) {
        reply(*refused);
        return;
    }
    wake_.notify_one();
    (*handler)(payload,
               [this, id](base::Result<std::string> result) { complete(id, std::move(result)); });
}

} // namespace fairlead::cluster
