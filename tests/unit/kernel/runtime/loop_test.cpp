// SPDX-License-Identifier: Apache-2.0
#include "fairlead/runtime/loop.hpp"

#include "fairlead/base/time.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

using fairlead::base::monotonicNs;
using fairlead::runtime::Loop;

namespace {

// Runs `task` on the loop and waits for it.
void onLoop(Loop& loop, const std::function<void()>& task) {
    std::promise<void> done;
    loop.post([&] {
        task();
        done.set_value();
    });
    done.get_future().wait();
}

} // namespace

class LoopTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(LoopTest);
    CPPUNIT_TEST(runsTasksInOrder);
    CPPUNIT_TEST(runsTasksOfManyThreads);
    CPPUNIT_TEST(runsWhatWasPostedBeforeStart);
    CPPUNIT_TEST(knowsItsThread);
    CPPUNIT_TEST(firesTimersInOrderAndNotEarly);
    CPPUNIT_TEST(cancelsTimers);
    CPPUNIT_TEST(endsRoundsWithHooks);
    CPPUNIT_TEST(keepsItsClockFresh);
    CPPUNIT_TEST(stopsWithWorkLeft);
    CPPUNIT_TEST_SUITE_END();

public:
    void runsTasksInOrder() {
        Loop loop("test", 3);
        loop.start();
        std::vector<int> seen;
        for (int i = 0; i < 1000; ++i) {
            loop.post([&seen, i] { seen.push_back(i); });
        }
        onLoop(loop, [] {});
        loop.stop();
        CPPUNIT_ASSERT_EQUAL(std::size_t{1000}, seen.size());
        for (int i = 0; i < 1000; ++i) {
            CPPUNIT_ASSERT_EQUAL(i, seen[static_cast<std::size_t>(i)]);
        }
        CPPUNIT_ASSERT_EQUAL(std::size_t{3}, loop.index());
        CPPUNIT_ASSERT_EQUAL(std::string("test"), loop.name());
    }

    void runsTasksOfManyThreads() {
        Loop loop("test", 0);
        loop.start();
        constexpr int kEach = 20'000;
        int count = 0;
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < kEach; ++i) {
                    loop.post([&count] { ++count; });
                }
            });
        }
        for (auto& thread : threads) {
            thread.join();
        }
        onLoop(loop, [] {});
        loop.stop();
        CPPUNIT_ASSERT_EQUAL(4 * kEach, count);
    }

    void runsWhatWasPostedBeforeStart() {
        Loop loop("test", 0);
        std::promise<void> done;
        loop.post([&] { done.set_value(); });
        loop.start();
        done.get_future().wait();
        loop.stop();
    }

    void knowsItsThread() {
        Loop loop("test", 0);
        CPPUNIT_ASSERT(!loop.isCurrent());
        loop.start();
        bool inside = false;
        onLoop(loop, [&] { inside = loop.isCurrent(); });
        CPPUNIT_ASSERT(inside);
        CPPUNIT_ASSERT(!loop.isCurrent());
        loop.stop();
    }

    void firesTimersInOrderAndNotEarly() {
        Loop loop("test", 0);
        loop.start();
        std::vector<int> order;
        std::promise<void> done;
        std::uint64_t begin = 0;
        std::uint64_t end = 0;
        loop.post([&] {
            begin = monotonicNs();
            loop.runAfter(60, [&] {
                order.push_back(3);
                end = monotonicNs();
                done.set_value();
            });
            loop.runAfter(30, [&] { order.push_back(2); });
            loop.runAfter(0, [&] { order.push_back(1); });
        });
        done.get_future().wait();
        loop.stop();
        CPPUNIT_ASSERT(order == (std::vector<int>{1, 2, 3}));
        // The coarse clock may be a round old when the timer is set; a round here is far below 5
        // ms.
        CPPUNIT_ASSERT(end - begin >= 55'000'000);
    }

    void cancelsTimers() {
        Loop loop("test", 0);
        loop.start();
        std::promise<void> done;
        bool wrong = false;
        loop.post([&] {
            const std::uint64_t id = loop.runAfter(10, [&] { wrong = true; });
            CPPUNIT_ASSERT(id != 0);
            loop.cancel(id);
            loop.cancel(id);
            loop.cancel(0);
            loop.runAfter(40, [&] { done.set_value(); });
        });
        done.get_future().wait();
        loop.stop();
        CPPUNIT_ASSERT(!wrong);
    }

    void endsRoundsWithHooks() {
        Loop loop("test", 0);
        std::atomic<int> pending{0};
        std::promise<void> written;
        loop.onRoundEnd([&] {
            if (pending.exchange(0) == 3) {
                written.set_value();
            }
        });
        // Posted before start, so that the three tasks run in one round.
        for (int i = 0; i < 3; ++i) {
            loop.post([&] { ++pending; });
        }
        loop.start();
        written.get_future().wait();
        loop.stop();
    }

    void keepsItsClockFresh() {
        Loop loop("test", 0);
        loop.start();
        // The loop idles until another thread wakes it; its clock must not be that old then.
        for (int i = 0; i < 3; ++i) {
            std::promise<void> later;
            onLoop(loop, [&] { loop.runAfter(30, [&] { later.set_value(); }); });
            later.get_future().wait();
            std::int64_t behind = 0;
            onLoop(loop, [&] {
                behind = static_cast<std::int64_t>(monotonicNs() / 1'000'000) -
                         static_cast<std::int64_t>(loop.monotonicMs());
            });
            CPPUNIT_ASSERT(behind >= 0 && behind < 25);
            onLoop(loop, [&] { behind = fairlead::base::utcNow() - loop.utcMs(); });
            CPPUNIT_ASSERT(behind < 25);
        }
        loop.stop();
    }

    void stopsWithWorkLeft() {
        Loop loop("test", 0);
        loop.start();
        auto alive = std::make_shared<int>(1);
        onLoop(loop, [&] { loop.runAfter(3'600'000, [alive] {}); });
        loop.stop();
        loop.post([alive] {});
        CPPUNIT_ASSERT(alive.use_count() > 1);
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(LoopTest);
