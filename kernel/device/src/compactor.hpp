// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client_state.hpp"
#include "fairlead/base/result.hpp"
#include "fairlead/device/module.hpp"
#include "journal.hpp"
#include "latest.hpp"
#include "slice.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace fairlead::device {

/// Devices whose latest values the compaction keeps at hand; about 1 KB each.
inline constexpr std::size_t kLatestCachedMax = 50'000;

/// Where a node's compaction stands, in the database.
struct Checkpoint {
    std::int64_t node_number = 0;
    JournalPosition position;
    std::int64_t sequence = 0;
};

/// Reads it, or makes the row of a new node.
base::Result<Checkpoint> loadCheckpoint(storage::Database& database, const std::string& node_id);
/// Exactly-once keys and client states of this node, as of the checkpoint.
base::Status loadClients(storage::Database& database, const std::string& node_id,
                         ClientState& clients);

struct CompactorOptions {
    std::string node_id;
    std::int64_t interval_seconds = 30;
    std::size_t slice_messages = 200'000;
    std::uint64_t slice_bytes = 64U << 20;
    RetentionOptions retention;
};

/// Brings committed journal blocks into the history, in slices: each one transaction together with
/// the checkpoint, so that every record gets there exactly once. Then lets go of journal segments.
/// One thread; waitFor and the figures from any.
class Compactor {
public:
    using TagSink = std::function<base::Status(const std::vector<TagUpdate>&)>;

    Compactor(Journal& journal, ClientState& clients, storage::Database& database,
              CompactorOptions options, Checkpoint checkpoint);
    ~Compactor();

    /// Stores reported tags; called before the slice's transaction, may be called again with the
    /// same tags. Before start only.
    void onTags(TagSink sink) { tag_sink_ = std::move(sink); }
    /// Called after segments were released. Before start only.
    void onReleased(std::function<void()> listener) { released_ = std::move(listener); }

    void start();
    void stop();
    /// Everything up to the journal's end; for the start, before the thread runs. Blocks.
    base::Status catchUp();

    /// A hint that `total` records are committed: starts early when a slice is full. Blocks: no.
    void committed(std::uint64_t total);
    /// Waits until everything committed before the call is in the history. Errors: Timeout.
    base::Status waitFor(std::int64_t limit_ms);

    std::uint64_t compacted() const noexcept { return compacted_.load(std::memory_order_relaxed); }
    /// 0 when nothing waits.
    std::int64_t lagMs() const noexcept;
    void setRetention(const RetentionOptions& retention);
    /// Deletes what is older than the retention, in bounded steps. Blocks.
    base::Status applyRetention(base::UtcMs now);

private:
    struct Cached {
        std::int64_t device_key = 0;
        std::unique_ptr<LatestValues> values;
    };

    void run();
    /// False when there was nothing to do.
    base::Result<bool> compactSlice();
    base::Status store(const SliceRows& rows, const SqlRows& latest, JournalPosition end);
    base::Status writeRows(storage::Session& session, const SliceRows& rows, const SqlRows& latest,
                           JournalPosition end);
    SqlRows latestRows(const SliceRows& rows);
    base::Status loadLatest(const std::vector<std::int64_t>& devices);
    LatestValues& cachedLatest(std::int64_t device_key);
    void trimLatest();
    bool waitForWork(bool failed);
    void reached(JournalPosition position);

    Journal& journal_;
    ClientState& clients_;
    storage::Database& database_;
    const CompactorOptions options_;
    TagSink tag_sink_;
    std::function<void()> released_;

    Checkpoint checkpoint_; ///< thread of the compaction only; position_ is for others
    std::list<Cached> cached_;
    std::unordered_map<std::int64_t, std::list<Cached>::iterator> cached_index_;
    base::UtcMs next_retention_ = 0;

    std::atomic<std::uint64_t> committed_{0};
    std::atomic<std::uint64_t> compacted_{0};
    std::atomic<base::UtcMs> waiting_since_{0};

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    bool urgent_ = false;
    JournalPosition position_; ///< guarded by mutex_
    RetentionOptions retention_;
    std::thread thread_;
};

} // namespace fairlead::device
