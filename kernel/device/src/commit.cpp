// SPDX-License-Identifier: Apache-2.0
// Design notes. Per message a lane touches its own batch and two shared counters. A hand-over takes
// the lane's own lock and, only when the writer sleeps, the writer's. Lock order: mutex_ before a
// queue's mutex_; wake_mutex_ is innermost and held while waking, so that detach can wait for it.
#include "commit.hpp"

#include "fairlead/base/assert.hpp"
#include "fairlead/base/time.hpp"
#include "fairlead/runtime/log.hpp"

#include <algorithm>
#include <chrono>
#include <pthread.h>

namespace fairlead::device {

namespace {

/// A commit of so many messages says that devices outpace the spacing: the next one waits longer
/// and takes more, since a commit costs 0.1 to 0.2 ms of processor time, however little is in it.
/// At 10,000 messages a second a commit has ten.
constexpr std::size_t kStretchMessages = 64;
constexpr std::uint64_t kStretch = 3;

/// Parts of one block; more batches than that are committed in a further block.
constexpr std::size_t kBlockPartsMax = 512;
constexpr std::chrono::seconds kRoomRetry{1};

} // namespace

void Batch::clear() {
    bytes.clear();
    tickets.clear();
    records = 0;
    held.clear();
    awaited.clear();
    stored = false;
}

BatchPtr LaneQueue::emptyBatch() {
    {
        const std::lock_guard guard(mutex_);
        if (!pool_.empty()) {
            BatchPtr batch = std::move(pool_.back());
            pool_.pop_back();
            return batch;
        }
    }
    return std::make_unique<Batch>();
}

void LaneQueue::completed(std::vector<Completion>& out) {
    const std::lock_guard guard(mutex_);
    for (BatchPtr& batch : done_) {
        for (const Ticket& ticket : batch->tickets) {
            out.push_back(Completion{ticket, batch->stored});
        }
        batch->clear();
        if (pool_.size() < kPooledMax && batch->bytes.capacity() <= kPooledBytesMax) {
            pool_.push_back(std::move(batch));
        }
    }
    done_.clear();
}

void LaneQueue::detach() {
    const std::lock_guard guard(wake_mutex_);
    wake_ = nullptr;
}

void LaneQueue::wake() {
    const std::lock_guard guard(wake_mutex_);
    if (wake_) {
        wake_();
    }
}

Committer::Committer(Journal& journal, CommitOptions options, std::function<void()> committed)
    : journal_(journal), options_(options), on_commit_(std::move(committed)) {}

Committer::~Committer() {
    FL_ASSERT(!thread_.joinable());
}

void Committer::start() {
    thread_ = std::thread([this] {
        ::pthread_setname_np(::pthread_self(), "journal");
        run();
    });
}

void Committer::stop() {
    {
        const std::lock_guard guard(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

LaneQueuePtr Committer::attach(std::function<void()> wake) {
    auto queue = std::make_shared<LaneQueue>(std::move(wake));
    const std::lock_guard guard(mutex_);
    queues_.push_back(queue);
    return queue;
}

void Committer::detach(const LaneQueuePtr& queue) {
    queue->detach();
    const std::lock_guard guard(mutex_);
    const std::lock_guard inner(queue->mutex_);
    if (queue->handed_.empty()) {
        queues_.erase(std::remove(queues_.begin(), queues_.end(), queue), queues_.end());
    } // else the writer still takes its last batches; the queue stays listed until then
}

bool Committer::full() const noexcept {
    return uncommitted_messages_.load(std::memory_order_relaxed) >= options_.messages_max ||
           uncommitted_bytes_.load(std::memory_order_relaxed) >= options_.bytes_max ||
           journal_.isFull();
}

bool Committer::full(LaneQueue& queue) noexcept {
    if (!full()) {
        return false;
    }
    queue.starved_.store(true);
    // What was taken between the two looks must not leave the lane asleep.
    return full();
}

void Committer::count(std::size_t messages, std::size_t bytes) noexcept {
    uncommitted_messages_.fetch_add(messages, std::memory_order_relaxed);
    uncommitted_bytes_.fetch_add(bytes, std::memory_order_relaxed);
}

void Committer::handOver(LaneQueue& queue, BatchPtr batch) {
    // A batch with nothing but awaited keys still has to wake the writer.
    const std::size_t weight = std::max<std::size_t>(1, batch->records);
    {
        const std::lock_guard guard(queue.mutex_);
        queue.handed_.push_back(std::move(batch));
    }
    const std::size_t pending = pending_.fetch_add(weight) + weight;
    const int state = state_.load();
    if (state == kIdle ||
        (state == kSpacing && pending >= enough_.load(std::memory_order_relaxed))) {
        { const std::lock_guard guard(mutex_); }
        changed_.notify_one();
    }
}

void Committer::waitForWork() {
    using namespace std::chrono;
    std::unique_lock lock(mutex_);
    state_.store(kIdle);
    changed_.wait(lock, [this] { return pending_.load() > 0 || stopping_; });
    const std::uint64_t stretch = last_taken_ >= kStretchMessages ? kStretch : 1;
    const std::uint64_t due =
        last_start_ns_ + stretch * static_cast<std::uint64_t>(options_.spacing_us) * 1'000;
    enough_.store(options_.cut_short_messages * stretch, std::memory_order_relaxed);
    state_.store(kSpacing);
    while (!stopping_ && pending_.load() < options_.cut_short_messages * stretch) {
        const std::uint64_t now = base::monotonicNs();
        if (now >= due) {
            break;
        }
        changed_.wait_for(lock, nanoseconds{due - now});
    }
    state_.store(kCommitting);
}

void Committer::run() {
    for (;;) {
        waitForWork();
        last_start_ns_ = base::monotonicNs();
        std::vector<Piece> pieces = takeAll();
        if (!pieces.empty()) {
            commit(pieces);
            continue;
        }
        const std::lock_guard guard(mutex_);
        if (stopping_ && pending_.load() == 0) {
            return;
        }
    }
}

std::vector<LaneQueuePtr> Committer::queues() const {
    const std::lock_guard guard(mutex_);
    return queues_;
}

std::vector<Committer::Piece> Committer::takeAll() {
    std::vector<Piece> pieces;
    std::size_t taken = 0;
    for (const LaneQueuePtr& queue : queues()) {
        const std::lock_guard guard(queue->mutex_);
        for (BatchPtr& batch : queue->handed_) {
            taken += std::max<std::size_t>(1, batch->records);
            pieces.push_back(Piece{queue, std::move(batch)});
        }
        queue->handed_.clear();
    }
    pending_.fetch_sub(taken);
    last_taken_ = taken;
    return pieces;
}

void Committer::commit(std::vector<Piece>& pieces) {
    if (options_.early_acknowledge) {
        for (Piece& piece : pieces) {
            auto early = std::make_unique<Batch>();
            early->tickets.swap(piece.batch->tickets);
            early->stored = true;
            const std::lock_guard guard(piece.queue->mutex_);
            piece.queue->done_.push_back(std::move(early));
        }
        for (Piece& piece : pieces) {
            piece.queue->wake();
        }
    }
    std::size_t begin = 0;
    while (begin < pieces.size()) {
        std::size_t end = begin;
        std::uint64_t bytes = 0;
        while (
            end < pieces.size() && end - begin < kBlockPartsMax &&
            (end == begin || bytes + pieces[end].batch->bytes.size() <= journal_.blockBytesMax())) {
            bytes += pieces[end].batch->bytes.size();
            ++end;
        }
        const bool stored = write(std::span{pieces}.subspan(begin, end - begin));
        for (std::size_t i = begin; i < end; ++i) {
            pieces[i].batch->stored = stored;
        }
        begin = end;
    }
    finish(pieces);
}

bool Committer::waitForRoom(std::uint64_t bytes) {
    for (;;) {
        const base::Status room = journal_.ensureRoom(bytes);
        if (room) {
            return true;
        }
        runtime::logError("device", "the journal waits for disk space: " + room.error().message());
        std::unique_lock lock(mutex_);
        error_ = room.error().message();
        if (changed_.wait_for(lock, kRoomRetry, [this] { return stopping_; })) {
            return false;
        }
    }
}

bool Committer::write(std::span<Piece> pieces) {
    std::vector<std::string_view> parts;
    std::uint64_t bytes = 0;
    std::uint32_t records = 0;
    for (const Piece& piece : pieces) {
        if (!piece.batch->bytes.empty()) {
            parts.emplace_back(piece.batch->bytes);
        }
        bytes += piece.batch->bytes.size();
        records += piece.batch->records;
    }
    if (records == 0) {
        return !journal_.failed();
    }
    if (journal_.failed() || !waitForRoom(bytes)) {
        return false;
    }
    const base::Status written = journal_.append(parts, records);
    const std::lock_guard guard(mutex_);
    error_ = written ? "" : written.error().message();
    if (!written) {
        runtime::logError("device", error_ + " Nothing is acknowledged until the server is "
                                             "restarted.");
        return false;
    }
    commits_.fetch_add(1, std::memory_order_relaxed);
    committed_.fetch_add(records, std::memory_order_relaxed);
    return true;
}

/// Moves what may be answered from waiting_ to done_: in order, so that one batch holds up those
/// behind it. The queue's lock is held.
void Committer::settle(LaneQueue& queue) {
    std::size_t ready = 0;
    for (; ready < queue.waiting_.size(); ++ready) {
        Batch& batch = *queue.waiting_[ready];
        const bool durable =
            !batch.stored ||
            std::all_of(batch.awaited.begin(), batch.awaited.end(),
                        [](const OncePtr& entry) { return entry->durable.load(); });
        if (!durable && !journal_.failed()) {
            break;
        }
        batch.stored = batch.stored && durable;
        queue.done_.push_back(std::move(queue.waiting_[ready]));
    }
    queue.waiting_.erase(queue.waiting_.begin(),
                         queue.waiting_.begin() + static_cast<std::ptrdiff_t>(ready));
}

void Committer::finish(std::vector<Piece>& pieces) {
    std::size_t messages = 0;
    std::size_t bytes = 0;
    std::vector<LaneQueuePtr> touched;
    for (Piece& piece : pieces) {
        messages += piece.batch->records;
        bytes += piece.batch->bytes.size();
        for (const OncePtr& entry : piece.batch->held) {
            entry->durable.store(piece.batch->stored, std::memory_order_release);
        }
        const std::lock_guard guard(piece.queue->mutex_);
        piece.queue->waiting_.push_back(std::move(piece.batch));
    }
    uncommitted_messages_.fetch_sub(messages);
    uncommitted_bytes_.fetch_sub(bytes);
    for (const LaneQueuePtr& queue : queues()) {
        bool answer = false;
        {
            const std::lock_guard guard(queue->mutex_);
            if (!queue->waiting_.empty()) {
                settle(*queue);
                answer = !queue->done_.empty();
            }
        }
        if (queue->starved_.exchange(false) || answer) {
            queue->wake();
        }
    }
    on_commit_();
}

void Committer::wakeStarved() {
    for (const LaneQueuePtr& queue : queues()) {
        if (queue->starved_.exchange(false)) {
            queue->wake();
        }
    }
}

std::string Committer::error() const {
    const std::lock_guard guard(mutex_);
    return error_;
}

} // namespace fairlead::device
