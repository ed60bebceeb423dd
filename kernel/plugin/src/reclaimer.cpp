// SPDX-License-Identifier: Apache-2.0
#include "reclaimer.hpp"

namespace fairlead::plugin {
namespace {
// Between two looks at what waits: short against a drain, long against a call.
constexpr std::chrono::milliseconds kPollFast{1};
constexpr std::chrono::milliseconds kPollSlow{20};
constexpr int kFastRounds = 200;
} // namespace

Reclaimer::Reclaimer() : thread_([this] { run(); }) {}

Reclaimer::~Reclaimer() {
    stop();
}

void Reclaimer::retire(Item item) {
    Pending pending{std::move(item), std::nullopt};
    pending.grace.emplace();
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(pending));
    ++count_;
    changed_.notify_all();
}

bool Reclaimer::waitIdle(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, timeout, [this] { return count_ == 0; });
}

void Reclaimer::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    if (thread_.joinable()) {
        thread_.join();
    }
}

// True when the item is done.
bool Reclaimer::step(Pending& pending) {
    if (pending.grace && pending.grace->passed()) {
        pending.grace.reset();
    }
    if (!pending.grace && pending.item.ready()) {
        pending.item.finish();
        return true;
    }
    if (pending.item.deadline && Clock::now() >= *pending.item.deadline) {
        pending.item.deadline.reset();
        if (pending.item.late) {
            pending.item.late();
        }
    }
    return false;
}

void Reclaimer::run() {
    std::list<Pending> mine;
    int quiet_rounds = 0;
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        if (!waiting_.empty()) {
            mine.splice(mine.end(), waiting_);
            quiet_rounds = 0;
        }
        if (mine.empty()) {
            changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
            continue;
        }
        lock.unlock();
        const std::size_t finished = mine.remove_if([this](Pending& p) { return step(p); });
        quiet_rounds = finished > 0 ? 0 : quiet_rounds + 1;
        lock.lock();
        count_ -= finished;
        if (count_ == 0) {
            changed_.notify_all();
        }
        if (finished == 0) {
            changed_.wait_for(lock, quiet_rounds < kFastRounds ? kPollFast : kPollSlow,
                              [this] { return stopping_ || !waiting_.empty(); });
        }
    }
    // Somebody may still use these: they stay for the rest of the process.
    static auto* const kept = new std::list<std::list<Pending>>;
    kept->push_back(std::move(mine));
}

} // namespace fairlead::plugin
