// SPDX-License-Identifier: Apache-2.0
#include "fairlead/host/fd.h"
#include "fairlead/plugin/host_services.hpp"

#include <array>
#include <condition_variable>
#include <cppunit/extensions/HelperMacros.h>
#include <mutex>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace fairlead::plugin {
namespace {

// Counts events and waits for a number of them.
class Signal {
public:
    void raise() {
        const std::lock_guard lock(mutex_);
        ++count_;
        changed_.notify_all();
    }
    bool waitFor(int count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return count_ >= count; });
    }
    int count() {
        const std::lock_guard lock(mutex_);
        return count_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int count_ = 0;
};

class ThreadLoopTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(ThreadLoopTest);
    CPPUNIT_TEST(runsPostedTasksInOrder);
    CPPUNIT_TEST(firesOnceAndPeriodically);
    CPPUNIT_TEST(cancelledTimersStaySilent);
    CPPUNIT_TEST(watchesDescriptors);
    CPPUNIT_TEST(refusesABadDescriptor);
    CPPUNIT_TEST_SUITE_END();

    void runsPostedTasksInOrder() {
        const auto loop = makeThreadLoopServices();
        std::vector<int> order;
        Signal done;
        for (int i = 0; i < 100; ++i) {
            loop->post([&order, &done, i] {
                order.push_back(i);
                done.raise();
            });
        }
        CPPUNIT_ASSERT(done.waitFor(100));
        for (int i = 0; i < 100; ++i) {
            CPPUNIT_ASSERT_EQUAL(i, order[static_cast<std::size_t>(i)]);
        }
    }

    void firesOnceAndPeriodically() {
        Signal once;
        Signal often;
        const auto loop = makeThreadLoopServices();
        CPPUNIT_ASSERT(loop->startTimer(1, 0, [&] { once.raise(); }) != 0);
        CPPUNIT_ASSERT(loop->startTimer(1, 1, [&] { often.raise(); }) != 0);
        CPPUNIT_ASSERT(often.waitFor(5));
        CPPUNIT_ASSERT(once.waitFor(1));
        CPPUNIT_ASSERT_EQUAL(1, once.count());
    }

    void cancelledTimersStaySilent() {
        Signal cancelled;
        Signal later;
        const auto loop = makeThreadLoopServices();
        // On the loop itself, so that the timer cannot be taken before it is cancelled.
        loop->post([&] {
            const std::uint64_t id = loop->startTimer(0, 1, [&] { cancelled.raise(); });
            loop->cancelTimer(id);
            loop->cancelTimer(id); // unknown by now
        });
        loop->startTimer(20, 0, [&] { later.raise(); });
        CPPUNIT_ASSERT(later.waitFor(1));
        CPPUNIT_ASSERT_EQUAL(0, cancelled.count());
    }

    void watchesDescriptors() {
        std::array<int, 2> pair{};
        CPPUNIT_ASSERT_EQUAL(0, ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()));
        Signal readable;
        Signal writable;
        {
            const auto loop = makeThreadLoopServices();
            std::uint64_t id = 0;
            id = loop->watch(pair[0], FL_FD_READABLE, [&](std::uint32_t events) {
                char byte = 0;
                if ((events & FL_FD_READABLE) != 0 && ::read(pair[0], &byte, 1) == 1) {
                    readable.raise();
                }
                if ((events & FL_FD_WRITABLE) != 0) {
                    writable.raise();
                    loop->changeWatch(id, FL_FD_READABLE);
                }
            });
            CPPUNIT_ASSERT(id != 0);
            CPPUNIT_ASSERT_EQUAL(ssize_t{2}, ::write(pair[1], "ab", 2));
            CPPUNIT_ASSERT(readable.waitFor(2)); // level-triggered: one byte per call
            CPPUNIT_ASSERT(loop->changeWatch(id, FL_FD_WRITABLE));
            CPPUNIT_ASSERT(writable.waitFor(1));
            loop->unwatch(id);
            CPPUNIT_ASSERT(!loop->changeWatch(id, FL_FD_READABLE));
        }
        ::close(pair[0]);
        ::close(pair[1]);
    }

    void refusesABadDescriptor() {
        const auto loop = makeThreadLoopServices();
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{0},
                             loop->watch(-1, FL_FD_READABLE, [](std::uint32_t) {}));
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(ThreadLoopTest);

} // namespace
} // namespace fairlead::plugin
