// SPDX-License-Identifier: Apache-2.0
// Design notes. One thread, one epoll. The thread takes what is due under the lock and calls it
// without; cancel removes the entry under the lock, so that it does not start again. A one-shot
// timer is removed before its call.
#include "fairlead/plugin/host_services.hpp"

#include "fairlead/base/assert.hpp"
#include "fairlead/base/time.hpp"
#include "fairlead/host/fd.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <mutex>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace fairlead::plugin {
namespace {

constexpr int kEventsPerRound = 64;
constexpr std::uint64_t kNsPerMs = 1'000'000;

std::uint32_t toEpoll(std::uint32_t events) {
    return ((events & FL_FD_READABLE) != 0 ? std::uint32_t{EPOLLIN | EPOLLRDHUP} : 0U) |
           ((events & FL_FD_WRITABLE) != 0 ? std::uint32_t{EPOLLOUT} : 0U);
}

std::uint32_t fromEpoll(std::uint32_t events) {
    return ((events & (EPOLLIN | EPOLLRDHUP)) != 0 ? std::uint32_t{FL_FD_READABLE} : 0U) |
           ((events & EPOLLOUT) != 0 ? std::uint32_t{FL_FD_WRITABLE} : 0U) |
           ((events & (EPOLLERR | EPOLLHUP)) != 0 ? std::uint32_t{FL_FD_ERROR} : 0U);
}

class ThreadLoop final : public LoopServices {
public:
    ThreadLoop()
        : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        FL_ASSERT(epoll_ >= 0 && wake_ >= 0);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = 0;
        FL_ASSERT(::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) == 0);
        thread_ = std::thread([this] { run(); });
    }

    ~ThreadLoop() override {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake();
        thread_.join();
        ::close(wake_);
        ::close(epoll_);
    }

    std::uint64_t startTimer(std::uint64_t delay_ms, std::uint64_t period_ms, Task task) override {
        const std::lock_guard lock(mutex_);
        const std::uint64_t id = ++next_id_;
        const std::uint64_t due = base::monotonicNs() + delay_ms * kNsPerMs;
        timers_.emplace(id, Timer{period_ms, std::make_shared<Task>(std::move(task))});
        due_.emplace(due, id);
        wake();
        return id;
    }

    void cancelTimer(std::uint64_t id) override {
        const std::lock_guard lock(mutex_);
        timers_.erase(id);
        std::erase_if(due_, [id](const auto& entry) { return entry.second == id; });
    }

    std::uint64_t watch(int fd, std::uint32_t events, Ready ready) override {
        const std::lock_guard lock(mutex_);
        const std::uint64_t id = ++next_id_;
        epoll_event event{};
        event.events = toEpoll(events);
        event.data.u64 = id;
        if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
            return 0;
        }
        watches_.emplace(id, Watch{fd, std::make_shared<Ready>(std::move(ready))});
        return id;
    }

    bool changeWatch(std::uint64_t id, std::uint32_t events) override {
        const std::lock_guard lock(mutex_);
        const auto found = watches_.find(id);
        epoll_event event{};
        event.events = toEpoll(events);
        event.data.u64 = id;
        return found != watches_.end() &&
               ::epoll_ctl(epoll_, EPOLL_CTL_MOD, found->second.fd, &event) == 0;
    }

    void unwatch(std::uint64_t id) override {
        const std::lock_guard lock(mutex_);
        if (const auto found = watches_.find(id); found != watches_.end()) {
            ::epoll_ctl(epoll_, EPOLL_CTL_DEL, found->second.fd, nullptr);
            watches_.erase(found);
        }
    }

    void post(Task task) override {
        const std::lock_guard lock(mutex_);
        posted_.push_back(std::move(task));
        wake();
    }

private:
    struct Timer {
        std::uint64_t period_ms;
        std::shared_ptr<Task> task;
    };
    struct Watch {
        int fd;
        std::shared_ptr<Ready> ready;
    };

    void wake() const {
        const std::uint64_t one = 1;
        static_cast<void>(!::write(wake_, &one, sizeof(one))); // full means awake already
    }

    // Milliseconds to the next timer, rounded up; -1 without one.
    int waitMs() {
        const std::lock_guard lock(mutex_);
        if (stopping_ || !posted_.empty()) {
            return 0;
        }
        if (due_.empty()) {
            return -1;
        }
        const std::uint64_t now = base::monotonicNs();
        const std::uint64_t next = due_.begin()->first;
        return next <= now ? 0
                           : static_cast<int>(std::min<std::uint64_t>(
                                 (next - now + kNsPerMs - 1) / kNsPerMs, 60'000));
    }

    void runPosted() {
        std::vector<Task> tasks;
        {
            const std::lock_guard lock(mutex_);
            tasks.swap(posted_);
        }
        for (Task& task : tasks) {
            task();
        }
    }

    std::shared_ptr<Task> takeDue() {
        const std::lock_guard lock(mutex_);
        const std::uint64_t now = base::monotonicNs();
        if (due_.empty() || due_.begin()->first > now) {
            return nullptr;
        }
        const std::uint64_t id = due_.begin()->second;
        due_.erase(due_.begin());
        const auto found = timers_.find(id);
        std::shared_ptr<Task> task = found->second.task;
        if (found->second.period_ms > 0) {
            due_.emplace(now + found->second.period_ms * kNsPerMs, id);
        } else {
            timers_.erase(found);
        }
        return task;
    }

    void runReady(const epoll_event& event) {
        // A copy: the kernel's struct is packed, so its members are not aligned for references.
        const std::uint64_t id = event.data.u64;
        std::shared_ptr<Ready> ready;
        {
            const std::lock_guard lock(mutex_);
            const auto found = watches_.find(id);
            if (found == watches_.end()) {
                return;
            }
            ready = found->second.ready;
        }
        (*ready)(fromEpoll(event.events));
    }

    void run() {
        std::array<epoll_event, kEventsPerRound> events{};
        for (;;) {
            const int n = ::epoll_wait(epoll_, events.data(), kEventsPerRound, waitMs());
            FL_ASSERT(n >= 0 || errno == EINTR);
            {
                const std::lock_guard lock(mutex_);
                if (stopping_) {
                    return;
                }
            }
            std::uint64_t count = 0;
            static_cast<void>(!::read(wake_, &count, sizeof(count)));
            for (int i = 0; i < n; ++i) {
                if (events[static_cast<std::size_t>(i)].data.u64 != 0) {
                    runReady(events[static_cast<std::size_t>(i)]);
                }
            }
            runPosted();
            while (const auto task = takeDue()) {
                (*task)();
            }
        }
    }

    const int epoll_;
    const int wake_;
    std::mutex mutex_;
    bool stopping_ = false;
    std::uint64_t next_id_ = 0;
    std::map<std::uint64_t, Timer> timers_;
    std::multimap<std::uint64_t, std::uint64_t> due_; // time → id
    std::map<std::uint64_t, Watch> watches_;
    std::vector<Task> posted_;
    std::thread thread_;
};

} // namespace

std::unique_ptr<LoopServices> makeThreadLoopServices() {
    return std::make_unique<ThreadLoop>();
}

} // namespace fairlead::plugin
