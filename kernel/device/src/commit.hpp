// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client_state.hpp"
#include "fairlead/device/ingest.hpp"
#include "journal.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace fairlead::device {

/// Records of one lane on their way to the disk, and what to answer when they are there.
struct Batch {
    std::string bytes;
    std::vector<Ticket> tickets;
    std::uint32_t records = 0;
    std::vector<OncePtr> held;    ///< become durable with this batch
    std::vector<OncePtr> awaited; ///< held by messages of other batches: tickets wait for them too
    bool stored = false;

    void clear();
};
using BatchPtr = std::unique_ptr<Batch>;

/// Between one lane and the writer. The lane fills a batch without any lock and hands it over.
class LaneQueue {
public:
    explicit LaneQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

    BatchPtr emptyBatch();
    void completed(std::vector<Completion>& out);
    /// No wake is called after this returned.
    void detach();

private:
    friend class Committer;
    static constexpr std::size_t kPooledMax = 64;
    /// A batch that grew beyond this for one large message does not keep its memory.
    static constexpr std::size_t kPooledBytesMax = 512U * 1024;

    void wake();

    std::mutex mutex_;
    std::vector<BatchPtr> handed_;  ///< to the writer
    std::vector<BatchPtr> waiting_; ///< committed, but an awaited key is not durable yet
    std::vector<BatchPtr> done_;    ///< to the lane
    std::vector<BatchPtr> pool_;
    std::atomic<bool> starved_{false};
    std::mutex wake_mutex_;
    std::function<void()> wake_;
};
using LaneQueuePtr = std::shared_ptr<LaneQueue>;

struct CommitOptions {
    std::size_t messages_max = 4'096;     ///< uncommitted
    std::size_t bytes_max = 4U << 20;     ///< uncommitted
    std::int64_t spacing_us = 1'000;      ///< from start to start of commits
    std::size_t cut_short_messages = 256; ///< that many waiting end the spacing
    bool early_acknowledge = false;       ///< fault for tests: completes before the write
};

/// The one writer thread: takes the batches of all lanes, commits them in one block with one sync,
/// and gives the tickets back.
///
/// Policy (measured in the decision record): at once when the last commit started at least the
/// spacing ago, else after the rest of it or when enough messages wait. Lone messages are not
/// delayed, and under load one sync carries many.
class Committer {
public:
    Committer(Journal& journal, CommitOptions options, std::function<void()> committed);
    ~Committer();

    void start();
    /// Commits what was handed over; then the thread ends. Blocks.
    void stop();

    LaneQueuePtr attach(std::function<void()> wake);
    void detach(const LaneQueuePtr& queue);

    /// True when no further message is to be taken; remembers that `queue` wants to be woken when
    /// that changes.
    bool full(LaneQueue& queue) noexcept;
    bool full() const noexcept;
    /// True at twice the bound: for what is not refused by full, but must end somewhere.
    bool overloaded() const noexcept {
        return uncommitted_bytes_.load(std::memory_order_relaxed) >= 2 * options_.bytes_max ||
               uncommitted_messages_.load(std::memory_order_relaxed) >= 2 * options_.messages_max;
    }
    /// Counts a message that was put into a batch.
    void count(std::size_t messages, std::size_t bytes) noexcept;
    void handOver(LaneQueue& queue, BatchPtr batch);
    /// True while the writer has nothing to do or waits for the spacing.
    bool idle() const noexcept { return state_.load(std::memory_order_relaxed) != kCommitting; }
    /// The journal has room again: wakes the lanes that were refused.
    void wakeStarved();

    std::uint64_t commits() const noexcept { return commits_.load(std::memory_order_relaxed); }
    std::uint64_t messages() const noexcept { return committed_.load(std::memory_order_relaxed); }
    std::string error() const;

private:
    enum State : int { kCommitting, kIdle, kSpacing };
    struct Piece {
        LaneQueuePtr queue;
        BatchPtr batch;
    };

    void run();
    void waitForWork();
    std::vector<Piece> takeAll();
    void commit(std::vector<Piece>& pieces);
    bool write(std::span<Piece> pieces);
    bool waitForRoom(std::uint64_t bytes);
    void finish(std::vector<Piece>& pieces);
    void settle(LaneQueue& queue);
    std::vector<LaneQueuePtr> queues() const;

    Journal& journal_;
    const CommitOptions options_;
    const std::function<void()> on_commit_;

    std::atomic<std::size_t> uncommitted_messages_{0};
    std::atomic<std::size_t> uncommitted_bytes_{0};
    std::atomic<std::size_t> pending_{0}; ///< handed over, not yet taken
    std::atomic<int> state_{kIdle};
    std::atomic<std::size_t> enough_{0}; ///< pending messages that end the present spacing
    std::atomic<std::uint64_t> commits_{0};
    std::atomic<std::uint64_t> committed_{0};

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::uint64_t last_start_ns_ = 0;
    std::size_t last_taken_ = 0; ///< messages of the last commit; writer only
    std::vector<LaneQueuePtr> queues_;
    std::string error_;
    std::thread thread_;
};

} // namespace fairlead::device
