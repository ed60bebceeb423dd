// SPDX-License-Identifier: Apache-2.0
#include "fairlead/plugin/epoch.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <cppunit/extensions/HelperMacros.h>
#include <mutex>
#include <thread>
#include <vector>

namespace fairlead::plugin {
namespace {

// A thread that holds a pin until told to let go.
class Holder {
public:
    explicit Holder(std::uint64_t generation) : thread_([this, generation] { hold(generation); }) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return pinned_; });
    }
    ~Holder() { letGo(); }

    void letGo() {
        {
            const std::lock_guard lock(mutex_);
            go_ = true;
            changed_.notify_all();
        }
        if (thread_.joinable()) {
            thread_.join();
        }
    }

private:
    void hold(std::uint64_t generation) {
        Pin pin;
        pin.enter(generation);
        std::unique_lock lock(mutex_);
        pinned_ = true;
        changed_.notify_all();
        changed_.wait(lock, [this] { return go_; });
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    bool pinned_ = false;
    bool go_ = false;
    std::thread thread_;
};

class EpochTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(EpochTest);
    CPPUNIT_TEST(passesAtOnceWithoutPins);
    CPPUNIT_TEST(waitsForThePinThatWasThere);
    CPPUNIT_TEST(doesNotWaitForLaterPins);
    CPPUNIT_TEST(nestedPinsCountAsOne);
    CPPUNIT_TEST(slotsAreReused);
    CPPUNIT_TEST(nothingIsFreedUnderAReader);
    CPPUNIT_TEST_SUITE_END();

    void passesAtOnceWithoutPins() { CPPUNIT_ASSERT(GracePeriod().passed()); }

    void waitsForThePinThatWasThere() {
        Holder holder(7);
        GracePeriod grace;
        CPPUNIT_ASSERT(!grace.passed());
        CPPUNIT_ASSERT(std::vector<std::uint64_t>{7} == grace.heldBy());
        holder.letGo();
        CPPUNIT_ASSERT(grace.passed());
        CPPUNIT_ASSERT(grace.heldBy().empty());
    }

    void doesNotWaitForLaterPins() {
        Holder first(1);
        GracePeriod grace;
        first.letGo();
        const Holder second(2);
        CPPUNIT_ASSERT(grace.passed());
    }

    void nestedPinsCountAsOne() {
        const auto outer = std::make_unique<Pin>();
        outer->enter(3);
        GracePeriod grace;
        {
            Pin inner;
            inner.enter(4);
            CPPUNIT_ASSERT(std::vector<std::uint64_t>{4} == grace.heldBy());
        }
        // The inner one gave back neither the mark nor the outer generation.
        CPPUNIT_ASSERT(!grace.passed());
        CPPUNIT_ASSERT(std::vector<std::uint64_t>{3} == grace.heldBy());
    }

    void slotsAreReused() {
        const epoch::Slot* first = nullptr;
        std::thread([&] { first = &epoch::slot(); }).join();
        const epoch::Slot* second = nullptr;
        std::thread([&] { second = &epoch::slot(); }).join();
        CPPUNIT_ASSERT(first == second);
        CPPUNIT_ASSERT(first != &epoch::slot());
    }

    // Readers follow a published pointer; the writer poisons what it replaced after the grace
    // period. A missed pin would read poison.
    void nothingIsFreedUnderAReader() {
        struct Node {
            std::atomic<std::uint64_t> value{1};
        };
        std::array<Node, 2> nodes;
        std::atomic<Node*> current{&nodes[0]};
        std::atomic<bool> stop{false};
        std::atomic<std::uint64_t> poisoned{0};
        std::vector<std::thread> readers;
        for (int i = 0; i < 3; ++i) {
            readers.emplace_back([&] {
                while (!stop) {
                    const Pin pin;
                    const Node* node = current.load(std::memory_order_seq_cst);
                    for (int n = 0; n < 20; ++n) {
                        if (node->value.load(std::memory_order_relaxed) == 0) {
                            ++poisoned;
                        }
                    }
                }
            });
        }
        for (std::size_t i = 1; i <= 300; ++i) {
            Node& next = nodes[i % 2];
            next.value = 1;
            Node* old = current.exchange(&next, std::memory_order_seq_cst);
            GracePeriod grace;
            while (!grace.passed()) {
                std::this_thread::yield();
            }
            old->value = 0;
        }
        stop = true;
        for (std::thread& t : readers) {
            t.join();
        }
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{0}, poisoned.load());
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(EpochTest);

} // namespace
} // namespace fairlead::plugin
