// SPDX-License-Identifier: Apache-2.0
#include "../../../../kernel/runtime/src/timer_wheel.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <random>

using fairlead::runtime::TimerWheel;

namespace {

void runTask(const TimerWheel::Task& task) {
    task();
}

} // namespace

class TimerWheelTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(TimerWheelTest);
    CPPUNIT_TEST(firesAtTheFirstTickAtOrAfterDue);
    CPPUNIT_TEST(keepsTimersBeyondOneTurn);
    CPPUNIT_TEST(catchesUpAfterALongPause);
    CPPUNIT_TEST(taskMayCancelAndAdd);
    CPPUNIT_TEST(oldIdsNeverHitNewTimers);
    CPPUNIT_TEST(tellsTheNextSlot);
    CPPUNIT_TEST(holdsAQuarterMillion);
    CPPUNIT_TEST_SUITE_END();

public:
    void firesAtTheFirstTickAtOrAfterDue() {
        TimerWheel wheel;
        wheel.begin(1000);
        int fired = 0;
        wheel.add(1001, [&] { ++fired; });
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, wheel.advance(1009, runTask));
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, wheel.advance(1010, runTask));
        CPPUNIT_ASSERT_EQUAL(1, fired);
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, wheel.size());
    }

    void keepsTimersBeyondOneTurn() {
        TimerWheel wheel;
        wheel.begin(0);
        bool fired = false;
        const std::uint64_t due = 3 * TimerWheel::kSlots * TimerWheel::kTickMs + 50;
        wheel.add(due, [&] { fired = true; });
        for (std::uint64_t now = 0; now < due; now += 10) {
            wheel.advance(now, runTask);
            CPPUNIT_ASSERT(!fired);
        }
        wheel.advance(due, runTask);
        CPPUNIT_ASSERT(fired);
    }

    void catchesUpAfterALongPause() {
        TimerWheel wheel;
        wheel.begin(0);
        int fired = 0;
        for (std::uint64_t i = 0; i < 1000; ++i) {
            wheel.add(i * 977, [&] { ++fired; });
        }
        wheel.advance(10'000'000, runTask);
        CPPUNIT_ASSERT_EQUAL(1000, fired);
    }

    void taskMayCancelAndAdd() {
        TimerWheel wheel;
        wheel.begin(0);
        int fired = 0;
        std::uint64_t second = 0;
        wheel.add(10, [&] {
            wheel.cancel(second);
            wheel.add(10, [&] { fired += 10; });
            ++fired;
        });
        second = wheel.add(10, [&] { fired += 100; });
        wheel.advance(10, runTask);
        CPPUNIT_ASSERT_EQUAL(1, fired);
        wheel.advance(30, runTask);
        CPPUNIT_ASSERT_EQUAL(11, fired);
    }

    void oldIdsNeverHitNewTimers() {
        TimerWheel wheel;
        wheel.begin(0);
        const std::uint64_t first = wheel.add(100, [] {});
        wheel.cancel(first);
        bool fired = false;
        const std::uint64_t second = wheel.add(100, [&] { fired = true; });
        CPPUNIT_ASSERT(first != second && second != 0);
        wheel.cancel(first);
        wheel.advance(100, runTask);
        CPPUNIT_ASSERT(fired);
    }

    void tellsTheNextSlot() {
        TimerWheel wheel;
        wheel.begin(0);
        CPPUNIT_ASSERT(!wheel.nextMs(0).has_value());
        std::mt19937 random(7);
        for (int i = 0; i < 2000; ++i) {
            TimerWheel one;
            const std::uint64_t now = random() % 200'000;
            one.begin(now);
            const std::uint64_t delay = 1 + random() % 40'000;
            one.add(now + delay, [] {});
            const std::uint64_t next = one.nextMs(now).value();
            CPPUNIT_ASSERT(next >= delay && next <= delay + TimerWheel::kTickMs);
        }
    }

    void holdsAQuarterMillion() {
        TimerWheel wheel;
        wheel.begin(0);
        std::mt19937 random(1);
        std::uint64_t fired = 0;
        std::uint64_t now = 0;
        std::uint64_t late = 0;
        std::vector<std::uint64_t> ids;
        for (int i = 0; i < 250'000; ++i) {
            const std::uint64_t due = random() % 120'000;
            ids.push_back(wheel.add(due, [&, due] {
                ++fired;
                late += now >= due && now - due <= 20 ? 0U : 1U;
            }));
        }
        for (std::size_t i = 0; i < ids.size(); i += 5) {
            wheel.cancel(ids[i]);
        }
        CPPUNIT_ASSERT_EQUAL(std::size_t{200'000}, wheel.size());
        for (; now <= 120'010; now += 10) {
            wheel.advance(now, runTask);
        }
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{200'000}, fired);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{0}, late);
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(TimerWheelTest);
