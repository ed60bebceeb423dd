// SPDX-License-Identifier: Apache-2.0
#include "commit.hpp"
#include "record.hpp"

#include "fairlead/test/temp_dir.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <future>
#include <unistd.h>

using namespace fairlead;
using namespace fairlead::device;

class CommitTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(CommitTest);
    CPPUNIT_TEST(gathersWhatComesDuringACommit);
    CPPUNIT_TEST(answersNothingAsStoredAfterAFailedSync);
    CPPUNIT_TEST(completesInOrder);
    CPPUNIT_TEST(waitsForKeysOfOtherLanes);
    CPPUNIT_TEST(wakesLanesThatWereRefused);
    CPPUNIT_TEST(canAcknowledgeTooEarlyForTheTest);
    CPPUNIT_TEST(commitsWhatIsLeftAtTheEnd);
    CPPUNIT_TEST_SUITE_END();

    test::TempDir dir_;
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<Committer> committer_;
    std::mutex mutex_;
    std::condition_variable changed_;
    int syncs_ = 0;
    bool held_ = false; ///< syncs wait while this is set
    int sync_error_ = 0;
    std::atomic<int> wakes_{0};

    void open(CommitOptions options) {
        JournalOptions journal;
        journal.directory = dir_.path() / "journal";
        journal.segment_bytes = 256U << 10;
        journal.bytes_max = 64U << 20;
        journal.system.sync = [this](int) {
            std::unique_lock lock(mutex_);
            ++syncs_;
            changed_.notify_all();
            changed_.wait(lock, [this] { return !held_; });
            return sync_error_;
        };
        auto opened = Journal::open(std::move(journal), {}, [](const JournalBlock&) {});
        CPPUNIT_ASSERT(opened.hasValue());
        journal_ = std::move(*opened);
        committer_ = std::make_unique<Committer>(*journal_, options, [] {});
        committer_->start();
    }

    LaneQueuePtr attach() {
        return committer_->attach([this] {
            const std::lock_guard guard(mutex_);
            ++wakes_;
            changed_.notify_all();
        });
    }

    BatchPtr batchOf(std::uint64_t token) {
        auto batch = std::make_unique<Batch>();
        writeClient(RecordKind::StatePut, ClientRecord{"s", "k", 0, "v"}, batch->bytes);
        batch->records = 1;
        batch->tickets.push_back(Ticket{1, token});
        return batch;
    }
    void hand(LaneQueue& queue, BatchPtr batch) {
        committer_->count(batch->records, batch->bytes.size());
        committer_->handOver(queue, std::move(batch));
    }
    template <typename Condition>
    void await(const Condition& condition) {
        std::unique_lock lock(mutex_);
        CPPUNIT_ASSERT(changed_.wait_for(lock, std::chrono::seconds{20}, condition));
    }
    void hold(bool held) {
        const std::lock_guard guard(mutex_);
        held_ = held;
        changed_.notify_all();
    }
    std::vector<Completion> take(LaneQueue& queue, std::size_t count) {
        std::vector<Completion> out;
        await([&] {
            queue.completed(out);
            return out.size() >= count;
        });
        return out;
    }

public:
    void tearDown() override {
        hold(false);
        if (committer_ != nullptr) {
            committer_->stop();
        }
    }

    void gathersWhatComesDuringACommit() {
        CommitOptions options;
        options.spacing_us = 0;
        open(options);
        const LaneQueuePtr queue = attach();
        hold(true);
        hand(*queue, batchOf(0));
        await([this] { return syncs_ == 1; });
        for (std::uint64_t i = 1; i <= 100; ++i) {
            hand(*queue, batchOf(i));
        }
        hold(false);
        const auto done = take(*queue, 101);
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{2}, committer_->commits());
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{101}, committer_->messages());
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{100}, done.back().ticket.token);
    }

    void answersNothingAsStoredAfterAFailedSync() {
        open({});
        const LaneQueuePtr queue = attach();
        hand(*queue, batchOf(1));
        CPPUNIT_ASSERT(take(*queue, 1).front().stored);
        {
            const std::lock_guard guard(mutex_);
            sync_error_ = EIO;
        }
        auto batch = batchOf(2);
        const auto entry = std::make_shared<OnceEntry>();
        batch->held.push_back(entry);
        hand(*queue, std::move(batch));
        CPPUNIT_ASSERT(!take(*queue, 1).front().stored);
        CPPUNIT_ASSERT(!entry->durable);
        CPPUNIT_ASSERT(!committer_->error().empty());
        // The disk is fine again, but what it did with the data is not known: still nothing.
        int before = 0;
        {
            const std::lock_guard guard(mutex_);
            sync_error_ = 0;
            before = syncs_;
        }
        hand(*queue, batchOf(3));
        CPPUNIT_ASSERT(!take(*queue, 1).front().stored);
        CPPUNIT_ASSERT_EQUAL(before, syncs_);
    }

    void completesInOrder() {
        open({});
        const LaneQueuePtr queue = attach();
        std::vector<Completion> all;
        for (std::uint64_t i = 0; i < 2'000; ++i) {
            hand(*queue, batchOf(i));
        }
        await([&] {
            queue->completed(all);
            return all.size() == 2'000;
        });
        for (std::size_t i = 0; i < all.size(); ++i) {
            CPPUNIT_ASSERT_EQUAL(static_cast<std::uint64_t>(i), all[i].ticket.token);
        }
        CPPUNIT_ASSERT(committer_->commits() < 2'000);
    }

    void waitsForKeysOfOtherLanes() {
        open({});
        const LaneQueuePtr first = attach();
        const LaneQueuePtr second = attach();
        const auto entry = std::make_shared<OnceEntry>();
        // The lane that was sent the same again commits before the one that has the message.
        auto again = std::make_unique<Batch>();
        again->tickets.push_back(Ticket{1, 7});
        again->awaited.push_back(entry);
        hand(*second, std::move(again));
        hand(*second, batchOf(8));
        await([this] { return syncs_ >= 1; });
        std::vector<Completion> early;
        second->completed(early);
        CPPUNIT_ASSERT(early.empty());
        auto original = batchOf(1);
        original->held.push_back(entry);
        hand(*first, std::move(original));
        const auto done = take(*second, 2);
        CPPUNIT_ASSERT(done[0].ticket.token == 7 && done[0].stored);
        CPPUNIT_ASSERT(done[1].ticket.token == 8 && done[1].stored);
    }

    void wakesLanesThatWereRefused() {
        CommitOptions options;
        options.messages_max = 1;
        open(options);
        const LaneQueuePtr busy = attach();
        const LaneQueuePtr refused = attach();
        hold(true);
        hand(*busy, batchOf(1));
        CPPUNIT_ASSERT(committer_->full(*refused));
        hold(false);
        take(*busy, 1);
        await([this] { return wakes_ >= 2; }); // the busy lane's and the refused one's
        CPPUNIT_ASSERT(!committer_->full(*refused));
    }

    void canAcknowledgeTooEarlyForTheTest() {
        CommitOptions options;
        options.early_acknowledge = true;
        open(options);
        const LaneQueuePtr queue = attach();
        hold(true);
        hand(*queue, batchOf(1));
        CPPUNIT_ASSERT(take(*queue, 1).front().stored); // although the sync still waits
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{0}, committer_->messages());
    }

    void commitsWhatIsLeftAtTheEnd() {
        CommitOptions options;
        options.spacing_us = 60'000'000;
        open(options);
        const LaneQueuePtr queue = attach();
        hand(*queue, batchOf(1));
        take(*queue, 1);
        hand(*queue, batchOf(2)); // would wait for a minute
        committer_->stop();
        CPPUNIT_ASSERT(take(*queue, 1).front().stored);
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(CommitTest);
