// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "journal_format.hpp"

#include <atomic>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct iovec;

namespace fairlead::device {

/// A place between two blocks.
struct JournalPosition {
    std::uint64_t segment = 0;
    std::uint64_t offset = 0;
    auto operator<=>(const JournalPosition&) const = default;
};

/// The system calls that can fail, replaceable by tests. Both answer 0 or an errno.
struct JournalSystem {
    std::function<int(int descriptor, std::span<iovec> parts, std::uint64_t offset)> write;
    std::function<int(int descriptor)> sync;
};
JournalSystem realJournalSystem();

struct JournalOptions {
    std::filesystem::path directory;
    std::uint64_t segment_bytes = 64U << 20;
    std::uint64_t bytes_max = 4ULL << 30;
    JournalSystem system = realJournalSystem();
};

/// One committed block as readers see it.
struct JournalBlock {
    std::uint64_t sequence = 0;
    std::string records; ///< see nextRecord
    std::uint32_t count = 0;
    JournalPosition begin;
    JournalPosition end;
    bool damaged = false; ///< some records at its end could not be read
};

struct JournalRecovery {
    std::uint64_t blocks = 0;
    std::uint64_t records = 0;
    std::uint64_t torn_bytes = 0;     ///< cut off behind the last block: was never acknowledged
    std::uint64_t damaged_blocks = 0; ///< in the middle: the disk lost what was acknowledged
};

/// The append-only log of everything that was acknowledged: segment files of a fixed size.
///
/// Threads: append by one thread (the writer); release and prepare by one other (the compaction);
/// committed, bytes and readers by any. A journal whose write or sync failed stays failed: what the
/// kernel did with the data is then unknown, and syncing again would only pretend.
class Journal {
public:
    /// Finds the segments, checks every block from `from` on and hands it to `visit`, cuts off the
    /// torn tail, and starts a new segment. Segment numbers never repeat: the new one is larger
    /// than `from.segment`.
    static base::Result<std::unique_ptr<Journal>>
    open(JournalOptions options, JournalPosition from,
         const std::function<void(const JournalBlock&)>& visit);
    ~Journal();
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    const JournalRecovery& recovery() const noexcept { return recovery_; }

    /// Largest sum of parts that one append takes.
    std::uint64_t blockBytesMax() const noexcept;

    /// Makes sure that the next append of `bytes` has a file to go to; creates one when prepare was
    /// not in time. Errors: Io (repeatable: nothing was written).
    base::Status ensureRoom(std::uint64_t bytes);

    /// Writes one block and syncs it: durable when this returns OK. Errors: Io, for good.
    base::Status append(std::span<const std::string_view> parts, std::uint32_t records);

    /// End of the durable blocks.
    JournalPosition committed() const;
    /// Bytes of segments that are not released.
    std::uint64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }
    bool isFull() const noexcept { return bytes() > options_.bytes_max; }
    /// A quarter of the bound, and more than one segment: time to bring something into the history.
    bool isGettingFull() const noexcept {
        return bytes() > options_.bytes_max / 4 && bytes() > 2 * options_.segment_bytes;
    }
    bool failed() const noexcept { return failed_.load(std::memory_order_acquire); }
    /// The oldest block still there.
    JournalPosition oldest() const;

    /// Everything before `position` is in the database: its segments are kept for reuse or deleted.
    void release(JournalPosition position);
    /// Makes the next segment ahead of need.
    base::Status prepare();

private:
    friend class JournalReader;
    struct Segment;
    using SegmentPtr = std::shared_ptr<Segment>;

    explicit Journal(JournalOptions options);
    base::Status loadSegments();
    void loadFile(const std::filesystem::path& path);
    void recover(JournalPosition from, const std::function<void(const JournalBlock&)>& visit);
    std::size_t dropUnbegun();
    void recoverSegment(Segment& segment, std::uint64_t offset, bool last,
                        const std::function<void(const JournalBlock&)>& visit);
    std::optional<std::uint64_t> findBlockBehind(Segment& segment, std::uint64_t offset);
    void cut(Segment& segment, std::uint64_t offset);
    base::Result<SegmentPtr> makeSegment(std::uint64_t number);
    base::Result<int> makeFile(const std::string& header);
    base::Status syncDirectory() const;
    SegmentPtr segmentFrom(std::uint64_t number) const;

    const JournalOptions options_;
    JournalRecovery recovery_;
    std::uint64_t sequence_ = 0; ///< of the last block
    std::atomic<bool> failed_{false};
    std::atomic<std::uint64_t> bytes_{0};

    std::mutex making_; ///< held while a file is made; taken before mutex_
    mutable std::mutex mutex_;
    std::vector<SegmentPtr> segments_; ///< ascending; the last is written to
    SegmentPtr next_;
    std::vector<std::filesystem::path> spares_;
};

/// Reads committed blocks in order, while the writer goes on. Thread: one.
class JournalReader {
public:
    JournalReader(const Journal& journal, JournalPosition from)
        : journal_(journal), position_(from) {}

    JournalPosition position() const noexcept { return position_; }
    /// False when there is nothing more yet. Errors: Io.
    base::Result<bool> next(JournalBlock& block);

private:
    const Journal& journal_;
    JournalPosition position_;
};

} // namespace fairlead::device
