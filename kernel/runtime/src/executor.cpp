// SPDX-License-Identifier: Apache-2.0
#include "fairlead/runtime/executor.hpp"

#include "fairlead/runtime/log.hpp"
#include "fairlead/runtime/metrics.hpp"
#include "fairlead/runtime/thread.hpp"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace fairlead::runtime {

using base::Errc;
using base::Error;

struct Executor::Impl {
    explicit Impl(ExecutorOptions o)
        : options(std::move(o)),
          thrown(Metrics::global().counter("fairlead_executor_tasks_thrown_total",
                                           "Tasks that ended with an exception",
                                           {{"executor", options.name}})) {}

    void run(std::size_t index);
    void runTask(const std::function<void()>& task);

    const ExecutorOptions options;
    std::shared_ptr<Counter> thrown;
    std::vector<std::thread> threads;
    mutable std::mutex mutex;
    std::condition_variable ready;
    std::deque<std::function<void()>> queue; // guarded by mutex
    bool open = false;                       // guarded by mutex
};

void Executor::Impl::runTask(const std::function<void()>& task) {
    try {
        task();
    } catch (const std::exception& e) {
        thrown->add();
        logError("executor", "A task of " + options.name + " failed: " + e.what());
    } catch (...) {
        thrown->add();
        logError("executor", "A task of " + options.name + " failed with an unknown exception");
    }
}

void Executor::Impl::run(std::size_t index) {
    setThreadName(options.name + "." + std::to_string(index));
    for (;;) {
        std::function<void()> task;
        {
            std::unique_lock lock(mutex);
            ready.wait(lock, [&] { return !queue.empty() || !open; });
            if (queue.empty()) {
                return;
            }
            task = std::move(queue.front());
            queue.pop_front();
        }
        runTask(task);
    }
}

Executor::Executor(ExecutorOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {
    FL_ASSERT(impl_->options.threads >= 1 && impl_->options.threads <= 64);
}

Executor::~Executor() {
    FL_ASSERT(impl_->threads.empty());
}

void Executor::start() {
    FL_ASSERT(impl_->threads.empty());
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->open = true;
    }
    for (std::size_t i = 0; i < impl_->options.threads; ++i) {
        impl_->threads.emplace_back([impl = impl_.get(), i] { impl->run(i); });
    }
}

void Executor::stop() {
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->open = false;
    }
    impl_->ready.notify_all();
    for (std::thread& thread : impl_->threads) {
        FL_ASSERT(thread.get_id() != std::this_thread::get_id());
        thread.join();
    }
    impl_->threads.clear();
}

base::Status Executor::submit(std::function<void()> task) {
    {
        const std::lock_guard lock(impl_->mutex);
        if (!impl_->open) {
            return Error(Errc::Closed, "The executor " + impl_->options.name + " does not run");
        }
        if (impl_->queue.size() >= impl_->options.queue_max) {
            return Error(Errc::Busy, "executor.busy",
                         std::to_string(impl_->queue.size()) + " tasks wait for the executor " +
                             impl_->options.name + "; try again later");
        }
        impl_->queue.push_back(std::move(task));
    }
    impl_->ready.notify_one();
    return {};
}

std::size_t Executor::queued() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->queue.size();
}

} // namespace fairlead::runtime
