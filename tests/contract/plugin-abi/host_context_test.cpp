// SPDX-License-Identifier: Apache-2.0
// The host's side of the boundary, as a module calls it.
#include "host_context.hpp"

#include "fairlead/plugin/epoch.hpp"
#include "fixture.hpp"

#include <condition_variable>
#include <cppunit/extensions/HelperMacros.h>
#include <cstdint>
#include <limits>

namespace fairlead::plugin {
namespace {

struct Calls {
    std::mutex mutex;
    std::condition_variable changed;
    int count = 0;
    std::uint32_t roles = 0;
    const fl_host_thread_check* check = nullptr;

    static void call(void* arg) {
        auto& self = *static_cast<Calls*>(arg);
        const std::lock_guard lock(self.mutex);
        ++self.count;
        self.roles = self.check != nullptr ? self.check->roles(self.check->ctx) : 0;
        self.changed.notify_all();
    }
    bool waitFor(int n) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, std::chrono::seconds(10), [&] { return count >= n; });
    }
};

class HostContextTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(HostContextTest);
    CPPUNIT_TEST(memoryIsAccountedAndLimited);
    CPPUNIT_TEST(logFloodIsCut);
    CPPUNIT_TEST(timersAndTasksRunOnTheHostLoop);
    CPPUNIT_TEST(nothingStartsAfterClose);
    CPPUNIT_TEST(blockingWorkIsCounted);
    CPPUNIT_TEST(limitsAnswer);
    CPPUNIT_TEST(stateIsKept);
    CPPUNIT_TEST(rolesTellTheThread);
    CPPUNIT_TEST_SUITE_END();

    Calls calls_; // callbacks may come until the loop is gone
    RecordingHost host_;
    std::unique_ptr<LoopServices> loop_ = makeThreadLoopServices();
    std::unique_ptr<HostContext> context_ =
        std::make_unique<HostContext>("test.plugin", 5, host_, *loop_);

    template <class T>
    const T& ext(const char* id) const {
        const fl_host* t = context_->table();
        return *static_cast<const T*>(t->get_extension(t->ctx, id));
    }

public:
    void tearDown() override {
        context_->close();
        GracePeriod grace;
        while (!grace.passed()) {
            std::this_thread::yield();
        }
        host_.join();
        context_.reset();
        loop_.reset();
    }

private:
    void memoryIsAccountedAndLimited() {
        const fl_host* t = context_->table();
        void* p = t->alloc(t->ctx, 100, 64);
        CPPUNIT_ASSERT(p != nullptr);
        CPPUNIT_ASSERT_EQUAL(std::uintptr_t{0}, reinterpret_cast<std::uintptr_t>(p) % 64);
        CPPUNIT_ASSERT(context_->allocatedBytes() >= 100);
        CPPUNIT_ASSERT(t->alloc(t->ctx, 8, 3) == nullptr);
        CPPUNIT_ASSERT(t->alloc(t->ctx, 8, 128) == nullptr);
        CPPUNIT_ASSERT(t->alloc(t->ctx, std::size_t{1} << 40, 8) == nullptr);
        CPPUNIT_ASSERT(t->alloc(t->ctx, std::numeric_limits<std::size_t>::max(), 8) == nullptr);
        t->free(t->ctx, p);
        t->free(t->ctx, nullptr);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{0}, context_->allocatedBytes());
    }

    void logFloodIsCut() {
        const fl_host* t = context_->table();
        for (int i = 0; i < 10'000; ++i) {
            t->log(t->ctx, FL_LOG_WARNING, sdk::str("c"), sdk::str("line"));
        }
        CPPUNIT_ASSERT(host_.total() >= 200);
        CPPUNIT_ASSERT(host_.total() < 2'000);
    }

    void timersAndTasksRunOnTheHostLoop() {
        calls_.check = &ext<fl_host_thread_check>(FL_HOST_THREAD_CHECK);
        const auto& timer = ext<fl_host_timer>(FL_HOST_TIMER);
        CPPUNIT_ASSERT(timer.start(timer.ctx, 1, 0, &Calls::call, &calls_) != 0);
        CPPUNIT_ASSERT(calls_.waitFor(1));
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_THREAD_HOST_LOOP}, calls_.roles);
        const auto& executor = ext<fl_host_executor>(FL_HOST_EXECUTOR);
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, executor.post(executor.ctx, &Calls::call, &calls_));
        CPPUNIT_ASSERT(calls_.waitFor(2));
        timer.cancel(timer.ctx, 4711);
    }

    void nothingStartsAfterClose() {
        const auto& timer = ext<fl_host_timer>(FL_HOST_TIMER);
        const auto& executor = ext<fl_host_executor>(FL_HOST_EXECUTOR);
        CPPUNIT_ASSERT(timer.start(timer.ctx, 1, 1, &Calls::call, &calls_) != 0);
        CPPUNIT_ASSERT(calls_.waitFor(1));
        context_->close();
        GracePeriod grace;
        while (!grace.passed()) {
            std::this_thread::yield();
        }
        const int after = calls_.count;
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{0}, timer.start(timer.ctx, 1, 0, &Calls::call, &calls_));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_CLOSED},
                             executor.post(executor.ctx, &Calls::call, &calls_));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_CLOSED},
                             executor.run(executor.ctx, &Calls::call, &calls_));
        // A round of the loop later nothing has come.
        Calls round;
        loop_->startTimer(5, 0, [&round] { Calls::call(&round); });
        CPPUNIT_ASSERT(round.waitFor(1));
        CPPUNIT_ASSERT_EQUAL(after, calls_.count);
    }

    void blockingWorkIsCounted() {
        const auto& executor = ext<fl_host_executor>(FL_HOST_EXECUTOR);
        std::unique_lock hold(calls_.mutex); // the task blocks in Calls::call
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, executor.run(executor.ctx, &Calls::call, &calls_));
        CPPUNIT_ASSERT_EQUAL(std::size_t{1}, context_->running());
        hold.unlock();
        host_.join();
        CPPUNIT_ASSERT_EQUAL(std::size_t{0}, context_->running());
        CPPUNIT_ASSERT_EQUAL(1, calls_.count);
    }

    void limitsAnswer() {
        const auto& timer = ext<fl_host_timer>(FL_HOST_TIMER);
        for (int i = 0; i < FL_HOST_TIMERS_MAX; ++i) {
            CPPUNIT_ASSERT(timer.start(timer.ctx, 60'000, 0, &Calls::call, &calls_) != 0);
        }
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{0},
                             timer.start(timer.ctx, 60'000, 0, &Calls::call, &calls_));
        const auto& metrics = ext<fl_host_metrics>(FL_HOST_METRICS);
        const auto add = [&](std::string_view name, double v) {
            return metrics.add(metrics.ctx, sdk::str(name), v);
        };
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, add("frames_total", 2));
        CPPUNIT_ASSERT_EQUAL(2.0, host_.metric("frames_total"));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_INVALID}, add("Frames", 1));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_INVALID}, add("", 1));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_INVALID}, add("frames_total", -1));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_INVALID},
                             add("frames_total", std::numeric_limits<double>::quiet_NaN()));
        fl_status last = FL_OK;
        for (int i = 0; i <= FL_METRIC_NAMES_MAX && last == FL_OK; ++i) {
            last = add("m" + std::to_string(i), 1);
        }
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_LIMIT}, last);
    }

    void stateIsKept() {
        const auto& state = ext<fl_host_state>(FL_HOST_STATE);
        const auto take = [](void* arg, fl_bytes v) {
            *static_cast<std::string*>(arg) = sdk::text(v);
        };
        std::string out;
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_NOT_FOUND},
                             state.get(state.ctx, sdk::str("k"), take, &out));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK},
                             state.put(state.ctx, sdk::str("k"), sdk::bytes("value")));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, state.get(state.ctx, sdk::str("k"), take, &out));
        CPPUNIT_ASSERT_EQUAL(std::string("value"), out);
        const std::string large(FL_HOST_STATE_VALUE_BYTES_MAX + 1, 'x');
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_LIMIT},
                             state.put(state.ctx, sdk::str("k"), sdk::bytes(large)));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_OK}, state.remove(state.ctx, sdk::str("k")));
        CPPUNIT_ASSERT_EQUAL(fl_status{FL_E_NOT_FOUND},
                             state.get(state.ctx, sdk::str("k"), take, &out));
    }

    void rolesTellTheThread() {
        const auto& check = ext<fl_host_thread_check>(FL_HOST_THREAD_CHECK);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{0}, check.roles(check.ctx));
        {
            const Pin pin;
            CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_THREAD_IO}, check.roles(check.ctx));
        }
        const RoleScope role(FL_THREAD_CONTROL);
        CPPUNIT_ASSERT_EQUAL(std::uint32_t{FL_THREAD_CONTROL}, check.roles(check.ctx));
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(HostContextTest);

} // namespace
} // namespace fairlead::plugin
