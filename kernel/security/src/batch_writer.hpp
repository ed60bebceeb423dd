// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/runtime/thread.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace fairlead::security {

/// A bounded queue in front of a thread that writes what came in a fifth of a second in one
/// transaction. When writing fails the batch is tried again every second, while the queue fills and
/// then drops; at stop it is tried once more. Thread: any.
template <typename Record>
class BatchWriter {
public:
    using Write = std::function<base::Status(std::vector<Record>&)>;
    /// Told when writing begins to fail, and how many records were lost since the last report.
    using Report = std::function<void(const std::string& what, std::uint64_t lost)>;

    static constexpr std::chrono::milliseconds kGather{200};
    static constexpr std::chrono::milliseconds kRetry{1000};
    static constexpr std::size_t kBatchMax = 500;

    BatchWriter(std::string name, std::size_t queue_max, Write write, Report report)
        : name_(std::move(name)), queue_max_(queue_max), write_(std::move(write)),
          report_(std::move(report)) {}
    ~BatchWriter() { FL_ASSERT(!thread_.joinable()); }
    BatchWriter(const BatchWriter&) = delete;
    BatchWriter& operator=(const BatchWriter&) = delete;

    void start() {
        FL_ASSERT(!thread_.joinable());
        stopping_ = false;
        thread_ = std::thread([this] { run(); });
    }

    void stop() {
        if (!thread_.joinable()) {
            return;
        }
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_all();
        thread_.join();
    }

    void push(Record record) {
        bool first = false;
        {
            const std::lock_guard lock(mutex_);
            if (queue_.size() >= queue_max_) {
                dropped_.fetch_add(1, std::memory_order_relaxed);
                return;
            }
            first = queue_.empty();
            queue_.push_back(std::move(record));
            ++pushed_;
        }
        if (first) {
            wake_.notify_all();
        }
    }

    /// Waits until everything pushed so far is written or given up.
    void flush() {
        std::unique_lock lock(mutex_);
        const std::uint64_t target = pushed_;
        ++flushing_;
        wake_.notify_all();
        done_.wait(lock, [&] { return finished_ >= target || !thread_.joinable(); });
        --flushing_;
    }

    std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

private:
    void run() {
        runtime::setThreadName(name_);
        std::unique_lock lock(mutex_);
        while (!stopping_ || !queue_.empty()) {
            wake_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
            wake_.wait_for(lock, kGather, [&] { return stopping_ || flushing_ > 0; });
            takeBatch();
            lock.unlock();
            writeBatch();
            lock.lock();
        }
    }

    void takeBatch() {
        while (!queue_.empty() && batch_.size() < kBatchMax) {
            batch_.push_back(std::move(queue_.front()));
            queue_.pop_front();
        }
    }

    void writeBatch() {
        bool failed_before = false;
        while (!batch_.empty()) {
            const base::Status status = write_(batch_);
            if (!status && !std::exchange(failed_before, true)) {
                report_(status.error().message(), 0);
            }
            std::unique_lock lock(mutex_);
            if (!status && !stopping_) {
                wake_.wait_for(lock, kRetry, [&] { return stopping_; });
                continue;
            }
            if (!status) {
                dropped_.fetch_add(batch_.size(), std::memory_order_relaxed);
            }
            finished_ += batch_.size();
            batch_.clear();
            lock.unlock();
            done_.notify_all();
        }
        const std::uint64_t lost = dropped();
        if (lost != reported_) {
            report_("", lost - reported_);
            reported_ = lost;
        }
    }

    const std::string name_;
    const std::size_t queue_max_;
    const Write write_;
    const Report report_;
    std::thread thread_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable done_;
    std::deque<Record> queue_; // guarded by mutex_, as the next five
    std::uint64_t pushed_ = 0;
    std::uint64_t finished_ = 0;
    int flushing_ = 0;
    bool stopping_ = false;
    std::atomic<std::uint64_t> dropped_{0};
    std::vector<Record> batch_;  // writer only
    std::uint64_t reported_ = 0; // writer only
};

} // namespace fairlead::security
