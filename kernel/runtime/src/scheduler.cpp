// SPDX-License-Identifier: Apache-2.0
#include "fairlead/runtime/executor.hpp"
#include "fairlead/runtime/log.hpp"
#include "fairlead/runtime/thread.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

// Design notes. One thread sleeps until the next task is due and submits it to the executor. A task
// is in `due` while it waits; while it is queued or runs it is only in `tasks`, so it cannot
// overlap itself. Tasks on the executor hold the Impl alive by shared ownership. cancel waits for a
// running task by the condition `idle`.

namespace fairlead::runtime {

namespace {

using Clock = std::chrono::steady_clock;

/// Wait before a task is tried again that the executor had no place for.
constexpr std::chrono::milliseconds kBusyRetry{50};

} // namespace

struct Scheduler::Impl : std::enable_shared_from_this<Scheduler::Impl> {
    struct Task {
        std::function<void()> run;
        std::chrono::milliseconds interval{0}; ///< 0: once
        Clock::time_point due;
        bool queued = false; ///< on the executor
        std::thread::id runner{};
    };

    explicit Impl(Executor& e) : executor(e) {}

    base::Result<std::uint64_t> add(std::chrono::milliseconds delay,
                                    std::chrono::milliseconds interval, std::function<void()> run);
    void run();
    void submit(std::uint64_t id);
    void runTask(std::uint64_t id);
    void finish(std::uint64_t id);

    Executor& executor;
    std::thread thread;
    std::mutex mutex;
    std::condition_variable changed;
    std::condition_variable idle;
    std::map<std::uint64_t, Task> tasks; // guarded by mutex, as the rest
    std::set<std::pair<Clock::time_point, std::uint64_t>> due;
    std::uint64_t next_id = 1;
    bool stopping = false;
};

base::Result<std::uint64_t> Scheduler::Impl::add(std::chrono::milliseconds delay,
                                                 std::chrono::milliseconds interval,
                                                 std::function<void()> run) {
    const std::lock_guard lock(mutex);
    if (tasks.size() >= kSchedulerTasksMax) {
        return base::Error::limit("The scheduler holds " + std::to_string(tasks.size()) +
                                  " tasks, the most it may");
    }
    const std::uint64_t id = next_id++;
    const auto when = Clock::now() + delay;
    tasks.emplace(id, Task{std::move(run), interval, when, false, {}});
    due.emplace(when, id);
    changed.notify_one();
    return id;
}

void Scheduler::Impl::run() {
    setThreadName("scheduler");
    std::unique_lock lock(mutex);
    while (!stopping) {
        if (due.empty()) {
            changed.wait(lock);
            continue;
        }
        const auto [when, id] = *due.begin();
        if (when > Clock::now()) {
            changed.wait_until(lock, when);
            continue;
        }
        due.erase(due.begin());
        submit(id);
    }
}

// With the lock held. The executor's own lock is short.
void Scheduler::Impl::submit(std::uint64_t id) {
    Task& task = tasks.at(id);
    task.queued = true;
    const base::Status status =
        executor.submit([self = shared_from_this(), id] { self->runTask(id); });
    if (!status) {
        task.queued = false;
        task.due = Clock::now() + kBusyRetry;
        due.emplace(task.due, id);
    }
}

void Scheduler::Impl::runTask(std::uint64_t id) {
    std::function<void()>* work = nullptr;
    {
        const std::lock_guard lock(mutex);
        const auto it = tasks.find(id);
        if (it == tasks.end()) {
            return;
        }
        if (stopping) {
            tasks.erase(it);
            idle.notify_all();
            return;
        }
        it->second.runner = std::this_thread::get_id();
        work = &it->second.run;
    }
    struct Finish {
        Impl& impl;
        std::uint64_t task;
        ~Finish() { impl.finish(task); }
    } const finish_at_end{*this, id};
    (*work)();
}

void Scheduler::Impl::finish(std::uint64_t id) {
    std::function<void()> ended;
    const std::lock_guard lock(mutex);
    const auto it = tasks.find(id);
    Task& task = it->second;
    task.runner = {};
    task.queued = false;
    if (task.interval.count() == 0 || stopping) {
        ended = std::move(task.run);
        tasks.erase(it);
    } else {
        // What was missed is not made up for.
        const auto now = Clock::now();
        task.due = std::max(task.due, now - task.interval) + task.interval;
        if (task.due <= now) {
            task.due = now + task.interval;
        }
        due.emplace(task.due, id);
        changed.notify_one();
    }
    idle.notify_all();
}

Scheduler::Scheduler(Executor& executor) : impl_(std::make_shared<Impl>(executor)) {}

Scheduler::~Scheduler() {
    FL_ASSERT(!impl_->thread.joinable());
}

void Scheduler::start() {
    FL_ASSERT(!impl_->thread.joinable());
    impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

void Scheduler::stop() {
    if (!impl_->thread.joinable()) {
        return;
    }
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->stopping = true;
        impl_->due.clear();
        std::erase_if(impl_->tasks, [](const auto& item) { return !item.second.queued; });
    }
    impl_->changed.notify_all();
    impl_->thread.join();
    std::unique_lock lock(impl_->mutex);
    impl_->idle.wait(lock, [&] { return impl_->tasks.empty(); });
}

base::Result<std::uint64_t> Scheduler::every(std::chrono::milliseconds interval,
                                             std::function<void()> task) {
    FL_ASSERT(interval.count() > 0);
    return impl_->add(interval, interval, std::move(task));
}

base::Result<std::uint64_t> Scheduler::after(std::chrono::milliseconds delay,
                                             std::function<void()> task) {
    return impl_->add(delay, std::chrono::milliseconds(0), std::move(task));
}

void Scheduler::cancel(std::uint64_t id) {
    std::unique_lock lock(impl_->mutex);
    const auto it = impl_->tasks.find(id);
    if (it == impl_->tasks.end()) {
        return;
    }
    Impl::Task& task = it->second;
    impl_->due.erase({task.due, id});
    if (!task.queued || task.runner == std::thread::id{}) {
        // Queued tasks find themselves gone when their turn comes.
        impl_->tasks.erase(it);
        impl_->idle.notify_all();
        return;
    }
    task.interval = std::chrono::milliseconds(0);
    if (task.runner != std::this_thread::get_id()) {
        impl_->idle.wait(lock, [&] { return !impl_->tasks.contains(id); });
    }
}

} // namespace fairlead::runtime
