// SPDX-License-Identifier: Apache-2.0
#include "fairlead/runtime/executor.hpp"

#include "fairlead/runtime/lifecycle.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

using namespace fairlead::runtime;
using fairlead::base::Errc;
using fairlead::base::Error;
using fairlead::base::Status;
using namespace std::chrono_literals;

class ExecutorTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(ExecutorTest);
    CPPUNIT_TEST(runsTasks);
    CPPUNIT_TEST(refusesAboveItsLimit);
    CPPUNIT_TEST(refusesWhenStopped);
    CPPUNIT_TEST(survivesExceptions);
    CPPUNIT_TEST(schedulesOnceAndPeriodically);
    CPPUNIT_TEST(cancelWaitsForTheRunningTask);
    CPPUNIT_TEST(taskCancelsItself);
    CPPUNIT_TEST(startsAndStopsInOrder);
    CPPUNIT_TEST(undoesAFailedStart);
    CPPUNIT_TEST(leavesLateComponentsBehind);
    CPPUNIT_TEST_SUITE_END();

public:
    void runsTasks() {
        Executor executor({"t", 3, 100'000});
        executor.start();
        std::atomic<int> count{0};
        for (int i = 0; i < 10'000; ++i) {
            CPPUNIT_ASSERT(executor.submit([&] { ++count; }));
        }
        executor.stop();
        CPPUNIT_ASSERT_EQUAL(10'000, count.load());
    }

    void refusesAboveItsLimit() {
        Executor executor({"t", 1, 2});
        executor.start();
        std::promise<void> begun;
        std::promise<void> release;
        CPPUNIT_ASSERT(executor.submit([&] {
            begun.set_value();
            release.get_future().wait();
        }));
        begun.get_future().wait();
        CPPUNIT_ASSERT(executor.submit([] {}));
        CPPUNIT_ASSERT(executor.submit([] {}));
        const Status status = executor.submit([] {});
        CPPUNIT_ASSERT(!status && status.error().kind() == Errc::Busy);
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, executor.queued());
        release.set_value();
        executor.stop();
    }

    void refusesWhenStopped() {
        Executor executor({"t", 1, 2});
        CPPUNIT_ASSERT(executor.submit([] {}).error().kind() == Errc::Closed);
        executor.start();
        executor.stop();
        executor.stop();
        CPPUNIT_ASSERT(executor.submit([] {}).error().kind() == Errc::Closed);
    }

    void survivesExceptions() {
        Executor executor({"t", 1, 10});
        executor.start();
        std::promise<void> done;
        CPPUNIT_ASSERT(executor.submit([] { throw std::runtime_error("broken"); }));
        CPPUNIT_ASSERT(executor.submit([&] { done.set_value(); }));
        done.get_future().wait();
        executor.stop();
    }

    void schedulesOnceAndPeriodically() {
        Executor executor({"t", 2, 10});
        Scheduler scheduler(executor);
        executor.start();
        scheduler.start();
        std::promise<void> third;
        std::promise<void> once;
        std::atomic<int> runs{0};
        const auto begin = std::chrono::steady_clock::now();
        CPPUNIT_ASSERT(scheduler.every(10ms, [&] {
            if (++runs == 3) {
                third.set_value();
            }
        }));
        CPPUNIT_ASSERT(scheduler.after(15ms, [&] { once.set_value(); }));
        third.get_future().wait();
        once.get_future().wait();
        CPPUNIT_ASSERT(std::chrono::steady_clock::now() - begin >= 30ms);
        scheduler.stop();
        executor.stop();
    }

    void cancelWaitsForTheRunningTask() {
        Executor executor({"t", 2, 10});
        Scheduler scheduler(executor);
        executor.start();
        scheduler.start();
        std::promise<void> begun;
        std::atomic<bool> ended{false};
        std::atomic<int> runs{0};
        const auto id = scheduler.every(1ms, [&] {
            if (++runs == 1) {
                begun.set_value();
                std::this_thread::sleep_for(30ms);
                ended = true;
            }
        });
        begun.get_future().wait();
        scheduler.cancel(*id);
        CPPUNIT_ASSERT(ended);
        CPPUNIT_ASSERT_EQUAL(1, runs.load());
        scheduler.cancel(*id);
        const auto never = scheduler.after(1h, [] {});
        scheduler.cancel(*never);
        CPPUNIT_ASSERT(scheduler.after(1h, [] {}));
        scheduler.stop();
        executor.stop();
    }

    void taskCancelsItself() {
        Executor executor({"t", 2, 10});
        Scheduler scheduler(executor);
        executor.start();
        scheduler.start();
        std::promise<std::uint64_t> id;
        std::shared_future<std::uint64_t> known = id.get_future().share();
        std::atomic<int> runs{0};
        std::promise<void> done;
        id.set_value(*scheduler.every(1ms, [&, known] {
            ++runs;
            scheduler.cancel(known.get());
            done.set_value();
        }));
        done.get_future().wait();
        scheduler.stop();
        executor.stop();
        CPPUNIT_ASSERT_EQUAL(1, runs.load());
    }

    void startsAndStopsInOrder() {
        std::string trace;
        Lifecycle lifecycle;
        for (const char* name : {"a", "b", "c"}) {
            lifecycle.add({name,
                           [&trace, name]() -> Status {
                               trace += name;
                               return {};
                           },
                           [&trace, name] { trace += std::string("-") + name; }});
        }
        CPPUNIT_ASSERT(lifecycle.start());
        CPPUNIT_ASSERT(lifecycle.running() == (std::vector<std::string>{"a", "b", "c"}));
        CPPUNIT_ASSERT(lifecycle.stop());
        CPPUNIT_ASSERT(lifecycle.stop());
        CPPUNIT_ASSERT_EQUAL(std::string("abc-c-b-a"), trace);
    }

    void undoesAFailedStart() {
        std::string trace;
        Lifecycle lifecycle;
        lifecycle.add({"a", nullptr, [&] { trace += "-a"; }});
        lifecycle.add(
            {"b", []() -> Status { return Error::io("port 1 is taken"); }, [&] { trace += "-b"; }});
        lifecycle.add({"c",
                       [&]() -> Status {
                           trace += "c";
                           return {};
                       },
                       nullptr});
        const Status status = lifecycle.start();
        CPPUNIT_ASSERT(!status);
        CPPUNIT_ASSERT_EQUAL(std::string("Cannot start b: port 1 is taken"),
                             status.error().message());
        CPPUNIT_ASSERT_EQUAL(std::string("-a"), trace);
    }

    void leavesLateComponentsBehind() {
        // Shared with the thread that is left behind.
        struct Shared {
            std::promise<void> release;
            std::promise<void> ended;
        };
        const auto shared = std::make_shared<Shared>();
        bool stopped = false;
        Lifecycle lifecycle;
        lifecycle.add({"quick", nullptr, [&] { stopped = true; }});
        lifecycle.add({"stuck", nullptr,
                       [shared] {
                           shared->release.get_future().wait();
                           shared->ended.set_value();
                       },
                       5ms});
        CPPUNIT_ASSERT(lifecycle.start());
        const Status status = lifecycle.stop();
        CPPUNIT_ASSERT(!status && status.error().kind() == Errc::Timeout);
        CPPUNIT_ASSERT(status.error().message().find("stuck (5 ms)") != std::string::npos);
        CPPUNIT_ASSERT(stopped);
        shared->release.set_value();
        shared->ended.get_future().wait();
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(ExecutorTest);
