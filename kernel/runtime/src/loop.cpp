// SPDX-License-Identifier: Apache-2.0
#include "fairlead/runtime/loop.hpp"

#include "fairlead/base/assert.hpp"
#include "fairlead/base/time.hpp"
#include "fairlead/runtime/log.hpp"
#include "fairlead/runtime/thread.hpp"
#include "timer_wheel.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

// Design notes. One round is: wait for the first ready handler (at most until the next timer), run
// what else is ready (at most kRoundHandlersMax, so that the output collected in the round is not
// held back by a flood), run due timers, then the round-end hooks. The coarse clock is refreshed on
// first use after a wait, because the first handler runs inside of the waiting call.
// Tasks from other threads go through one vector under a short lock; only the first of a batch
// wakes the loop.

namespace fairlead::runtime {

namespace {

constexpr std::size_t kRoundHandlersMax = 1024;
constexpr std::uint64_t kSlowTaskNs = 50'000'000;
/// Longest sleep without a timer; only bounds how stale a forgotten clock can get.
constexpr std::chrono::milliseconds kIdleWaitMax{10'000};

std::uint64_t threadCpuNs() noexcept {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(t.tv_nsec);
}

} // namespace

struct Loop::Impl {
    explicit Impl(const std::string& loop_name)
        : name(loop_name), log(Log::global(), "loop." + loop_name, {}) {}

    void run();
    void round(std::size_t ran);
    std::size_t waitForWork();
    void drain();
    void runTask(const std::function<void()>& task);
    void reportSlow(std::uint64_t ns);

    void refresh() noexcept {
        utc_ms = base::utcNow();
        monotonic_ms = base::monotonicNs() / 1'000'000U;
        fresh = true;
    }
    void refreshOnce() noexcept {
        if (!fresh) {
            refresh();
        }
    }

    const std::string name;
    RateLimitedLog log;
    boost::asio::io_context context{1};
    std::thread thread;
    std::atomic<std::thread::id> thread_id{};
    std::atomic<bool> stopping{false};
    bool started = false;
    std::vector<std::function<void()>> hooks;
    TimerWheel wheel;
    bool fresh = false;
    std::int64_t utc_ms = 0;
    std::uint64_t monotonic_ms = 0;

    std::mutex mutex;
    std::vector<std::function<void()>> posted; // guarded by mutex
    bool drain_scheduled = false;              // guarded by mutex
    std::vector<std::function<void()>> draining;
};

void Loop::Impl::reportSlow(std::uint64_t ns) {
    log.log(LogLevel::Warning, "slow",
            "A task held the I/O loop " + name + " for " + std::to_string(ns / 1'000'000U) +
                " ms; its connections waited");
}

void Loop::Impl::runTask(const std::function<void()>& task) {
    const std::uint64_t begin = base::monotonicNs();
    task();
    const std::uint64_t took = base::monotonicNs() - begin;
    if (took > kSlowTaskNs) {
        reportSlow(took);
    }
}

void Loop::Impl::drain() {
    {
        const std::lock_guard lock(mutex);
        draining.swap(posted);
        drain_scheduled = false;
    }
    for (auto& task : draining) {
        if (stopping.load(std::memory_order_relaxed)) {
            break;
        }
        runTask(task);
        task = nullptr;
    }
    draining.clear();
}

std::size_t Loop::Impl::waitForWork() {
    auto wait = kIdleWaitMax;
    if (const auto next = wheel.nextMs(monotonic_ms)) {
        wait = std::min(wait, std::chrono::milliseconds(*next));
    }
    fresh = false;
    // The handler runs inside the wait, so wall time says nothing about it; processor time does.
    const std::uint64_t cpu = threadCpuNs();
    const std::size_t ran = context.run_one_for(wait);
    const std::uint64_t used = threadCpuNs() - cpu;
    if (used > kSlowTaskNs) {
        reportSlow(used);
    }
    refreshOnce();
    return ran;
}

void Loop::Impl::round(std::size_t ran) {
    std::uint64_t last = base::monotonicNs();
    while (ran < kRoundHandlersMax && context.poll_one() > 0) {
        ++ran;
        const std::uint64_t now = base::monotonicNs();
        if (now - last > kSlowTaskNs) {
            reportSlow(now - last);
        }
        last = now;
    }
    ran += wheel.advance(last / 1'000'000U, [this](const std::function<void()>& task) {
        if (!stopping.load(std::memory_order_relaxed)) {
            runTask(task);
        }
    });
    if (ran > 0) {
        for (const auto& hook : hooks) {
            hook();
        }
    }
}

void Loop::Impl::run() {
    setThreadName(name);
    thread_id.store(std::this_thread::get_id());
    refresh();
    const auto guard = boost::asio::make_work_guard(context);
    while (!stopping.load(std::memory_order_acquire)) {
        const std::size_t ran = waitForWork();
        if (!stopping.load(std::memory_order_acquire)) {
            round(ran);
        }
    }
}

Loop::Loop(std::string name, std::size_t index)
    : name_(std::move(name)), index_(index), impl_(std::make_unique<Impl>(name_)) {
    impl_->refresh();
    impl_->wheel.begin(impl_->monotonic_ms);
}

Loop::~Loop() {
    FL_ASSERT(!impl_->thread.joinable());
}

void Loop::start() {
    FL_ASSERT(!impl_->started);
    impl_->started = true;
    impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
    // isCurrent must be right for whoever gets the loop after start.
    impl_->thread_id.store(impl_->thread.get_id());
}

void Loop::stop() {
    FL_ASSERT(!isCurrent());
    if (!impl_->thread.joinable()) {
        return;
    }
    impl_->stopping.store(true, std::memory_order_release);
    impl_->context.stop();
    impl_->thread.join();
    impl_->thread_id.store(std::thread::id{});
}

void Loop::post(std::function<void()> task) {
    bool wake = false;
    {
        const std::lock_guard lock(impl_->mutex);
        impl_->posted.push_back(std::move(task));
        wake = !std::exchange(impl_->drain_scheduled, true);
    }
    if (wake) {
        boost::asio::post(impl_->context, [impl = impl_.get()] { impl->drain(); });
    }
}

void Loop::onRoundEnd(std::function<void()> hook) {
    FL_ASSERT(!impl_->started);
    impl_->hooks.push_back(std::move(hook));
}

std::int64_t Loop::utcMs() const noexcept {
    impl_->refreshOnce();
    return impl_->utc_ms;
}

std::uint64_t Loop::monotonicMs() const noexcept {
    impl_->refreshOnce();
    return impl_->monotonic_ms;
}

std::uint64_t Loop::runAfter(std::uint64_t milliseconds, std::function<void()> task) {
    FL_ASSERT(isCurrent() || !impl_->started);
    return impl_->wheel.add(monotonicMs() + milliseconds, std::move(task));
}

void Loop::cancel(std::uint64_t timer) {
    FL_ASSERT(isCurrent() || !impl_->thread.joinable());
    if (timer != 0) {
        impl_->wheel.cancel(timer);
    }
}

bool Loop::isCurrent() const noexcept {
    return impl_->thread_id.load(std::memory_order_relaxed) == std::this_thread::get_id();
}

boost::asio::io_context& Loop::context() noexcept {
    return impl_->context;
}

} // namespace fairlead::runtime
