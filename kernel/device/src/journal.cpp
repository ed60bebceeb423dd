// SPDX-License-Identifier: Apache-2.0
// Design notes. Files: <16 hex digits>.journal are segments, spare-<n>.journal are released ones
// whose blocks are on disk already: writing over them needs no change of the file system's own
// tables, so a sync costs one flush. New files are filled with zeros for the same reason.
// Order at the change of a segment: header written and synced under the spare name, renamed, and
// the directory synced, before the first block goes there.
// Lock: mutex_ guards the lists only, never held across a write.
#include "journal.hpp"

#include "fairlead/base/id.hpp"
#include "fairlead/base/text.hpp"
#include "fairlead/runtime/log.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <random>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace fairlead::device {

namespace {

/// Released segments kept for reuse: one written, one prepared ahead.
constexpr std::size_t kSparesMax = 2;
constexpr std::string_view kSegmentSuffix = ".journal";

base::Error systemError(const std::string& what, const std::filesystem::path& path, int number) {
    return base::Error{base::Errc::Io, "journal.io",
                       what + " " + path.string() + ": " + std::strerror(number) +
                           ". Check the disk's space and health."};
}

int writeAll(int descriptor, std::span<iovec> parts, std::uint64_t offset) {
    while (!parts.empty()) {
        const auto count = static_cast<int>(std::min<std::size_t>(parts.size(), IOV_MAX));
        const ssize_t written =
            ::pwritev(descriptor, parts.data(), count, static_cast<off_t>(offset));
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            return errno;
        }
        offset += static_cast<std::uint64_t>(written);
        auto left = static_cast<std::size_t>(written);
        while (!parts.empty() && left >= parts.front().iov_len) {
            left -= parts.front().iov_len;
            parts = parts.subspan(1);
        }
        if (left > 0) {
            parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + left;
            parts.front().iov_len -= left;
        }
    }
    return 0;
}

iovec partOf(std::string_view bytes) {
    return iovec{const_cast<char*>(bytes.data()), bytes.size()};
}

/// Reads up to `bytes`; what is missing at the end of the file is left out.
base::Result<std::string> readAt(int descriptor, std::uint64_t offset, std::size_t bytes) {
    std::string out(bytes, '\0');
    std::size_t got = 0;
    while (got < bytes) {
        const ssize_t n =
            ::pread(descriptor, out.data() + got, bytes - got, static_cast<off_t>(offset + got));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return base::Error{base::Errc::Io, "journal.io",
                               std::string{"reading the journal: "} + std::strerror(errno)};
        }
        if (n == 0) {
            break;
        }
        got += static_cast<std::size_t>(n);
    }
    out.resize(got);
    return out;
}

std::uint64_t randomNonce() {
    std::random_device device;
    return static_cast<std::uint64_t>(device()) << 32U | device();
}

std::string segmentName(std::uint64_t number) {
    char name[32];
    std::snprintf(name, sizeof name, "%016llx", static_cast<unsigned long long>(number));
    return name + std::string{kSegmentSuffix};
}

} // namespace

JournalSystem realJournalSystem() {
    return JournalSystem{writeAll,
                         [](int descriptor) { return ::fdatasync(descriptor) == 0 ? 0 : errno; }};
}

struct Journal::Segment {
    SegmentHeader header;
    std::filesystem::path path;
    int descriptor = -1;
    /// Where the next block goes; for readers the end of what is durable.
    std::atomic<std::uint64_t> end{kSegmentHeaderBytes};
    /// Places without a readable block, found at recovery, and where the next one is.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> holes;

    ~Segment() {
        if (descriptor >= 0) {
            ::close(descriptor);
        }
    }
};

Journal::Journal(JournalOptions options) : options_(std::move(options)) {}
Journal::~Journal() = default;

base::Result<std::unique_ptr<Journal>>
Journal::open(JournalOptions options, JournalPosition from,
              const std::function<void(const JournalBlock&)>& visit) {
    std::unique_ptr<Journal> journal{new Journal(std::move(options))};
    FL_TRY(journal->loadSegments());
    journal->recover(from, visit);
    const std::uint64_t last =
        journal->segments_.empty() ? 0 : journal->segments_.back()->header.number;
    FL_ASSIGN(SegmentPtr fresh, journal->makeSegment(std::max(last, from.segment) + 1));
    journal->bytes_ += fresh->header.bytes;
    journal->segments_.push_back(std::move(fresh));
    return journal;
}

base::Status Journal::loadSegments() {
    std::error_code failure;
    std::filesystem::create_directories(options_.directory, failure);
    if (failure) {
        return systemError("cannot create the journal's directory", options_.directory,
                           failure.value());
    }
    std::vector<std::filesystem::path> paths;
    for (std::filesystem::directory_iterator it(options_.directory, failure), end;
         !failure && it != end; it.increment(failure)) {
        if (it->path().extension() == kSegmentSuffix) {
            paths.push_back(it->path());
        }
    }
    if (failure) {
        return systemError("cannot list", options_.directory, failure.value());
    }
    std::sort(paths.begin(), paths.end());
    for (const auto& path : paths) {
        loadFile(path);
    }
    return {};
}

void Journal::loadFile(const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    struct stat facts {};
    if (descriptor < 0 || ::fstat(descriptor, &facts) != 0) {
        runtime::logError("device", "cannot open journal segment " + path.string() + ": " +
                                        std::strerror(errno));
        return;
    }
    auto segment = std::make_shared<Segment>();
    segment->descriptor = descriptor;
    segment->path = path;
    const bool whole = static_cast<std::uint64_t>(facts.st_size) == options_.segment_bytes;
    if (path.filename().string().rfind("spare-", 0) == 0) {
        if (whole && spares_.size() < kSparesMax) {
            spares_.push_back(path);
        } else {
            ::unlink(path.c_str());
        }
        return;
    }
    const auto bytes = readAt(descriptor, 0, kSegmentHeaderBytes);
    const auto header = bytes ? decodeSegmentHeader(*bytes) : std::nullopt;
    if (!header || path.filename() != segmentName(header->number)) {
        // Named but not yet begun when the power went.
        runtime::logWarning("device", "removing journal file without content: " + path.string());
        ::unlink(path.c_str());
        return;
    }
    segment->header = *header;
    segment->header.bytes = static_cast<std::uint64_t>(facts.st_size);
    bytes_ += segment->header.bytes;
    segments_.push_back(std::move(segment));
}

void Journal::recover(JournalPosition from, const std::function<void(const JournalBlock&)>& visit) {
    const std::size_t count = dropUnbegun();
    for (std::size_t i = 0; i < count; ++i) {
        Segment& segment = *segments_[i];
        const bool partly = segment.header.number == from.segment;
        if (segment.header.number < from.segment ||
            (partly && from.offset >= segment.header.bytes)) {
            segment.end = segment.header.bytes; // all of it is in the database
            continue;
        }
        const std::uint64_t offset =
            std::max<std::uint64_t>(partly ? from.offset : 0, kSegmentHeaderBytes);
        recoverSegment(segment, offset, i + 1 == count, visit);
    }
    if (recovery_.damaged_blocks > 0) {
        runtime::logError("device", "the journal has " + std::to_string(recovery_.damaged_blocks) +
                                        " damaged blocks: the disk lost acknowledged messages");
    }
}

namespace {

/// Reads the block at `offset`; false when there is none or it is broken.
bool readBlock(int descriptor, const SegmentHeader& segment, std::uint64_t offset,
               JournalBlock& out, bool& payload_broken) {
    payload_broken = false;
    if (offset + kBlockHeaderBytes > segment.bytes) {
        return false;
    }
    const auto head = readAt(descriptor, offset, kBlockHeaderBytes);
    const auto header = head ? decodeBlockHeader(*head, segment.nonce) : std::nullopt;
    if (!header || offset + blockBytes(header->bytes) > segment.bytes) {
        return false;
    }
    auto records = readAt(descriptor, offset + kBlockHeaderBytes, header->bytes);
    if (!records) {
        return false;
    }
    payload_broken = records->size() != header->bytes ||
                     base::crc32c(0, records->data(), records->size()) != header->crc;
    out.sequence = header->sequence;
    out.count = header->records;
    out.records = std::move(*records);
    out.begin = JournalPosition{segment.number, offset};
    out.end = JournalPosition{segment.number, offset + blockBytes(header->bytes)};
    out.damaged = payload_broken;
    return true;
}

} // namespace

/// Removes segments at the end that were made ahead and never written to.
std::size_t Journal::dropUnbegun() {
    JournalBlock block;
    bool broken = false;
    while (!segments_.empty() && !readBlock(segments_.back()->descriptor, segments_.back()->header,
                                            kSegmentHeaderBytes, block, broken)) {
        bytes_ -= segments_.back()->header.bytes;
        ::unlink(segments_.back()->path.c_str());
        segments_.pop_back();
    }
    return segments_.size();
}

void Journal::recoverSegment(Segment& segment, std::uint64_t offset, bool last,
                             const std::function<void(const JournalBlock&)>& visit) {
    JournalBlock block;
    for (;;) {
        bool broken = false;
        const bool found = readBlock(segment.descriptor, segment.header, offset, block, broken);
        if (!found || broken) {
            // A whole block behind a broken one was written after the broken one was synced. So the
            // disk, not the power cut, broke it; what can be read of it is kept.
            const auto behind = findBlockBehind(segment, offset);
            if (!behind && !(found && !last)) {
                break;
            }
            recovery_.damaged_blocks += 1;
            if (!found) {
                segment.holes.emplace_back(offset, *behind);
                offset = *behind;
                continue;
            }
        }
        sequence_ = block.sequence;
        recovery_.blocks += 1;
        recovery_.records += block.count;
        visit(block);
        offset = block.end.offset;
    }
    cut(segment, offset);
}

/// Offset of the next intact block behind the broken one at `offset`.
std::optional<std::uint64_t> Journal::findBlockBehind(Segment& segment, std::uint64_t offset) {
    const std::uint64_t begin = offset + kBlockAlignment;
    if (begin + kBlockHeaderBytes > segment.header.bytes) {
        return std::nullopt;
    }
    const auto rest = readAt(segment.descriptor, begin, segment.header.bytes - begin);
    if (!rest) {
        return std::nullopt;
    }
    const std::string_view bytes{*rest};
    for (std::size_t at = 0; at + kBlockHeaderBytes <= bytes.size(); at += kBlockAlignment) {
        const auto header = decodeBlockHeader(bytes.substr(at), segment.header.nonce);
        if (!header || header->sequence <= sequence_ ||
            at + kBlockHeaderBytes + header->bytes > bytes.size()) {
            continue;
        }
        const char* records = bytes.data() + at + kBlockHeaderBytes;
        if (base::crc32c(0, records, header->bytes) == header->crc) {
            return begin + at;
        }
    }
    return std::nullopt;
}

/// Ends the segment at `offset`: nothing behind it will ever count.
void Journal::cut(Segment& segment, std::uint64_t offset) {
    segment.end = offset;
    const auto rest =
        readAt(segment.descriptor, offset, static_cast<std::size_t>(segment.header.bytes - offset));
    if (rest) {
        const std::size_t used = rest->find_last_not_of('\0');
        recovery_.torn_bytes += used == std::string::npos ? 0 : used + 1;
    }
    if (segment.header.bytes != offset &&
        ::ftruncate(segment.descriptor, static_cast<off_t>(offset)) == 0) {
        ::fsync(segment.descriptor);
        bytes_ -= segment.header.bytes - offset;
        segment.header.bytes = offset;
    }
}

base::Result<int> Journal::makeFile(const std::string& header) {
    std::filesystem::path path;
    bool reused = false;
    {
        const std::lock_guard guard(mutex_);
        if (!spares_.empty()) {
            path = spares_.back();
            spares_.pop_back();
            reused = true;
        }
    }
    const std::filesystem::path name = options_.directory / "spare-next.journal";
    if (reused && ::rename(path.c_str(), name.c_str()) != 0) {
        reused = false;
    }
    const int flags = O_RDWR | O_CLOEXEC | O_CREAT | (reused ? 0 : O_TRUNC);
    const int descriptor = ::open(name.c_str(), flags, 0640);
    if (descriptor < 0) {
        return systemError("cannot create", name, errno);
    }
    constexpr std::size_t kPiece = 1U << 20;
    const std::string zeros(reused ? 0 : kPiece, '\0');
    for (std::uint64_t at = 0; !reused && at < options_.segment_bytes; at += kPiece) {
        const auto left =
            static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, options_.segment_bytes - at));
        std::array<iovec, 1> part{partOf(std::string_view{zeros}.substr(0, left))};
        // Synced piece by piece: commits to the same disk then wait for one piece, not for the
        // file.
        int error = writeAll(descriptor, part, at);
        if (error == 0 && ::fdatasync(descriptor) != 0) {
            error = errno;
        }
        if (error != 0) {
            ::close(descriptor);
            ::unlink(name.c_str());
            return systemError("cannot reserve space in", name, error);
        }
    }
    std::array<iovec, 1> part{partOf(header)};
    if (writeAll(descriptor, part, 0) != 0 || ::fsync(descriptor) != 0) {
        const int error = errno;
        ::close(descriptor);
        ::unlink(name.c_str());
        return systemError("cannot write", name, error);
    }
    return descriptor;
}

base::Result<Journal::SegmentPtr> Journal::makeSegment(std::uint64_t number) {
    auto segment = std::make_shared<Segment>();
    segment->header = SegmentHeader{number, randomNonce(), options_.segment_bytes};
    segment->path = options_.directory / segmentName(number);
    FL_ASSIGN(segment->descriptor, makeFile(encode(segment->header)));
    const std::filesystem::path temporary = options_.directory / "spare-next.journal";
    if (::rename(temporary.c_str(), segment->path.c_str()) != 0) {
        return systemError("cannot rename to", segment->path, errno);
    }
    FL_TRY(syncDirectory());
    return segment;
}

base::Status Journal::syncDirectory() const {
    const int descriptor = ::open(options_.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return systemError("cannot open", options_.directory, errno);
    }
    const int error = ::fsync(descriptor) == 0 ? 0 : errno;
    ::close(descriptor);
    if (error != 0) {
        return systemError("cannot sync", options_.directory, error);
    }
    return {};
}

std::uint64_t Journal::blockBytesMax() const noexcept {
    return options_.segment_bytes - kSegmentHeaderBytes - kBlockHeaderBytes - kBlockAlignment;
}

base::Status Journal::ensureRoom(std::uint64_t bytes) {
    {
        const std::lock_guard guard(mutex_);
        const Segment& current = *segments_.back();
        if (current.end + blockBytes(bytes) <= current.header.bytes) {
            return {};
        }
    }
    const std::lock_guard making(making_);
    SegmentPtr ready;
    std::uint64_t number = 0;
    {
        const std::lock_guard guard(mutex_);
        number = segments_.back()->header.number + 1;
        ready = std::move(next_);
        next_ = nullptr;
    }
    if (ready == nullptr) {
        FL_ASSIGN(ready, makeSegment(number));
    }
    const std::lock_guard guard(mutex_);
    bytes_ += ready->header.bytes;
    segments_.push_back(std::move(ready));
    return {};
}

base::Status Journal::append(std::span<const std::string_view> parts, std::uint32_t records) {
    FL_ASSERT(!failed());
    SegmentPtr segment;
    {
        const std::lock_guard guard(mutex_);
        segment = segments_.back();
    }
    BlockHeader header;
    header.nonce = segment->header.nonce;
    header.sequence = sequence_ + 1;
    header.records = records;
    std::uint64_t bytes = 0;
    for (const std::string_view part : parts) {
        header.crc = base::crc32c(header.crc, part.data(), part.size());
        bytes += part.size();
    }
    const std::uint64_t offset = segment->end.load(std::memory_order_relaxed);
    FL_ASSERT(offset + blockBytes(bytes) <= segment->header.bytes);
    header.bytes = static_cast<std::uint32_t>(bytes);
    const std::string head = encode(header);
    static constexpr std::array<char, kBlockAlignment> kZeros{};
    const std::size_t padding = blockBytes(bytes) - kBlockHeaderBytes - bytes;

    std::vector<iovec> vectors;
    vectors.reserve(parts.size() + 2);
    vectors.push_back(partOf(head));
    for (const std::string_view part : parts) {
        vectors.push_back(partOf(part));
    }
    vectors.push_back(partOf({kZeros.data(), padding}));
    int error = options_.system.write(segment->descriptor, vectors, offset);
    if (error == 0) {
        error = options_.system.sync(segment->descriptor);
    }
    if (error != 0) {
        failed_.store(true, std::memory_order_release);
        return systemError("cannot write to the journal", segment->path, error);
    }
    sequence_ += 1;
    segment->end.store(offset + blockBytes(bytes), std::memory_order_release);
    return {};
}

JournalPosition Journal::committed() const {
    const std::lock_guard guard(mutex_);
    const Segment& last = *segments_.back();
    return JournalPosition{last.header.number, last.end.load(std::memory_order_acquire)};
}

JournalPosition Journal::oldest() const {
    const std::lock_guard guard(mutex_);
    return JournalPosition{segments_.front()->header.number, kSegmentHeaderBytes};
}

void Journal::release(JournalPosition position) {
    for (;;) {
        SegmentPtr done;
        {
            const std::lock_guard guard(mutex_);
            if (segments_.size() < 2 || segments_.front()->header.number >= position.segment) {
                return;
            }
            done = segments_.front();
            segments_.erase(segments_.begin());
        }
        bytes_ -= done->header.bytes;
        const bool whole = done->header.bytes == options_.segment_bytes;
        const std::filesystem::path spare =
            options_.directory /
            ("spare-" + std::to_string(done->header.number) + std::string{kSegmentSuffix});
        const std::lock_guard guard(mutex_);
        if (whole && spares_.size() < kSparesMax &&
            ::rename(done->path.c_str(), spare.c_str()) == 0) {
            spares_.push_back(spare);
        } else {
            ::unlink(done->path.c_str());
        }
    }
}

base::Status Journal::prepare() {
    const std::lock_guard making(making_);
    std::uint64_t number = 0;
    {
        const std::lock_guard guard(mutex_);
        if (next_ != nullptr) {
            return {};
        }
        number = segments_.back()->header.number + 1;
    }
    FL_ASSIGN(SegmentPtr made, makeSegment(number));
    const std::lock_guard guard(mutex_);
    next_ = std::move(made);
    return {};
}

Journal::SegmentPtr Journal::segmentFrom(std::uint64_t number) const {
    const std::lock_guard guard(mutex_);
    const auto found =
        std::find_if(segments_.begin(), segments_.end(),
                     [number](const SegmentPtr& s) { return s->header.number >= number; });
    return found == segments_.end() ? nullptr : *found;
}

base::Result<bool> JournalReader::next(JournalBlock& block) {
    for (;;) {
        const Journal::SegmentPtr segment = journal_.segmentFrom(position_.segment);
        if (segment == nullptr) {
            return false;
        }
        if (segment->header.number != position_.segment) {
            position_ = JournalPosition{segment->header.number, kSegmentHeaderBytes};
        }
        position_.offset = std::max<std::uint64_t>(position_.offset, kSegmentHeaderBytes);
        if (position_.offset >= segment->end.load(std::memory_order_acquire)) {
            if (segment->header.number == journal_.committed().segment) {
                return false;
            }
            // The writer is behind this segment, so its end does not move any more; but it may have
            // moved since it was looked at.
            if (position_.offset >= segment->end.load(std::memory_order_acquire)) {
                position_ = JournalPosition{segment->header.number + 1, kSegmentHeaderBytes};
                continue;
            }
        }
        for (const auto& hole : segment->holes) {
            position_.offset = position_.offset == hole.first ? hole.second : position_.offset;
        }
        bool broken = false;
        if (readBlock(segment->descriptor, segment->header, position_.offset, block, broken)) {
            position_ = block.end;
            return true;
        }
        return base::Error{base::Errc::Io, "journal.damaged",
                           "journal block at offset " + std::to_string(position_.offset) + " of " +
                               segment->path.string() + " cannot be read"};
    }
}

} // namespace fairlead::device
