// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bytes.hpp"
#include "fairlead/base/time.hpp"
#include "record.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::device {

/// A chunk holds entries of one device within one hour, so that a query that reads the chunks of an
/// hour has everything of that hour.
inline constexpr std::int64_t kChunkSpanMs = 3'600'000;
inline constexpr std::int64_t kHistoryDayMs = 86'400'000;
/// A fuller chunk is closed: bounds a row for the database.
inline constexpr std::size_t kChunkBytesMax = 256U * 1024;

/// Days and hours since 1970, also before it.
std::int64_t dayOf(base::UtcMs time) noexcept;
std::int64_t hourOf(base::UtcMs time) noexcept;

/// What a chunk's row has besides its blob.
struct ChunkFacts {
    base::UtcMs t0 = 0; ///< least and largest time in it
    base::UtcMs t1 = 0;
    std::int64_t entries = 0;
};

struct ChunkPoint {
    std::string_view id;
    fl_value value{};
    Quality quality = Quality::Good;
    base::UtcMs time = 0;
};

/// Collects property values of one device in order of arrival. Reusable: finish empties it.
class PropertyChunkWriter {
public:
    bool empty() const noexcept { return facts_.entries == 0; }
    /// True when `time` belongs to another hour, or the chunk is full.
    bool closes(base::UtcMs time) const noexcept;
    void add(const ChunkPoint& point);
    ChunkFacts finish(std::string& blob);

private:
    std::size_t indexOf(std::string_view id);

    ChunkFacts facts_;
    base::UtcMs first_ = 0;
    base::UtcMs last_ = 0;
    std::vector<std::string> ids_; ///< the first id_count_ count; the rest keep their memory
    std::size_t id_count_ = 0;
    std::size_t next_id_ = 0;
    std::string points_;
};

/// Calls `each` with the points of `property` (all when empty), in order, with their index in the
/// chunk; texts are valid during the call. Packed or not. False when the blob is broken.
bool readPropertyChunk(std::string_view blob, std::string_view property,
                       const std::function<void(const ChunkPoint&, std::size_t)>& each);

/// One line of the message log, as a chunk keeps it.
struct ChunkMessage {
    base::UtcMs time = 0;
    Direction direction = Direction::Up;
    bool truncated = false;
    std::string_view transport;
    std::string_view address;
    std::string_view result;
    std::string_view payload;
    std::string_view section; ///< of a StoredMessage; empty when nothing was decoded
};

class MessageChunkWriter {
public:
    bool empty() const noexcept { return facts_.entries == 0; }
    bool closes(base::UtcMs time) const noexcept;
    void add(const ChunkMessage& message);
    ChunkFacts finish(std::string& blob);

private:
    ChunkFacts facts_;
    base::UtcMs first_ = 0;
    base::UtcMs last_ = 0;
    std::string transport_;
    std::string address_;
    std::string entries_;
};

/// The same for messages.
bool readMessageChunk(std::string_view blob,
                      const std::function<void(const ChunkMessage&, std::size_t)>& each);

} // namespace fairlead::device
