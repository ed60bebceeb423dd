// SPDX-License-Identifier: Apache-2.0
#include "chunk.hpp"

#include "chunk_packing.hpp"

#include <algorithm>

namespace fairlead::device {

namespace {

constexpr std::uint8_t kPropertyChunkFormat = 1;
constexpr std::uint8_t kMessageChunkFormat = 1;
constexpr std::uint8_t kDownBit = 1;
constexpr std::uint8_t kTruncatedBit = 2;
constexpr std::uint8_t kSameRouteBit = 4; ///< transport and address as in the entry before
constexpr unsigned kPointQualityShift = 4;

std::int64_t floorDivide(std::int64_t value, std::int64_t by) {
    return value / by - (value % by < 0 ? 1 : 0);
}

void addTime(ChunkFacts& facts, base::UtcMs time) {
    facts.t0 = facts.entries == 0 ? time : std::min(facts.t0, time);
    facts.t1 = facts.entries == 0 ? time : std::max(facts.t1, time);
    facts.entries += 1;
}

} // namespace

std::int64_t dayOf(base::UtcMs time) noexcept {
    return floorDivide(time, kHistoryDayMs);
}

std::int64_t hourOf(base::UtcMs time) noexcept {
    return floorDivide(time, kChunkSpanMs);
}

bool PropertyChunkWriter::closes(base::UtcMs time) const noexcept {
    return !empty() && (hourOf(time) != hourOf(facts_.t0) || points_.size() > kChunkBytesMax);
}

std::size_t PropertyChunkWriter::indexOf(std::string_view id) {
    for (std::size_t step = 0; step < id_count_; ++step) {
        std::size_t at = next_id_ + step;
        at -= at >= id_count_ ? id_count_ : 0;
        if (ids_[at] == id) {
            next_id_ = at + 1 == id_count_ ? 0 : at + 1;
            return at;
        }
    }
    if (id_count_ == ids_.size()) {
        ids_.emplace_back();
    }
    ids_[id_count_] = id;
    next_id_ = 0;
    return id_count_++;
}

void PropertyChunkWriter::add(const ChunkPoint& point) {
    if (empty()) {
        first_ = last_ = point.time;
    }
    addTime(facts_, point.time);
    const std::size_t index = indexOf(point.id);
    ByteWriter writer(points_);
    writer.room(3 * kNumberBytesMax + roomOf(point.value));
    writer.number(index);
    writer.byte(static_cast<std::uint8_t>(point.value.kind | static_cast<unsigned>(point.quality)
                                                                 << kPointQualityShift));
    writer.signedNumber(point.time - last_);
    writer.payload(point.value);
    writer.finish();
    last_ = point.time;
}

ChunkFacts PropertyChunkWriter::finish(std::string& blob) {
    blob.clear();
    std::size_t ids_bytes = 0;
    for (std::size_t i = 0; i < id_count_; ++i) {
        ids_bytes += ids_[i].size() + kNumberBytesMax;
    }
    ByteWriter writer(blob);
    writer.room(4 * kNumberBytesMax + ids_bytes + points_.size());
    writer.byte(kPropertyChunkFormat);
    writer.signedNumber(first_);
    writer.number(id_count_);
    for (std::size_t i = 0; i < id_count_; ++i) {
        writer.text(ids_[i]);
    }
    writer.raw(points_);
    writer.finish();
    points_.clear();
    id_count_ = 0;
    next_id_ = 0;
    return std::exchange(facts_, ChunkFacts{});
}

bool readPropertyChunk(std::string_view blob, std::string_view property,
                       const std::function<void(const ChunkPoint&, std::size_t)>& each) {
    std::string buffer;
    const auto chunk = unpackChunk(blob, buffer);
    if (!chunk) {
        return false;
    }
    ByteReader reader(*chunk);
    if (reader.byte() != kPropertyChunkFormat) {
        return false;
    }
    ChunkPoint point;
    point.time = reader.signedNumber();
    const std::uint64_t count = reader.number();
    std::vector<std::string_view> ids;
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        ids.push_back(reader.text());
    }
    for (std::size_t index = 0; reader.ok() && !reader.atEnd(); ++index) {
        const std::uint64_t id = reader.number();
        const std::uint8_t kind = reader.byte();
        point.time += reader.signedNumber();
        point.quality = static_cast<Quality>(kind >> kPointQualityShift & 3U);
        point.value = reader.payload(kind & 0x0fU);
        if (!reader.ok() || id >= ids.size()) {
            return false;
        }
        point.id = ids[id];
        if (property.empty() || point.id == property) {
            each(point, index);
        }
    }
    return reader.ok();
}

bool MessageChunkWriter::closes(base::UtcMs time) const noexcept {
    return !empty() && (hourOf(time) != hourOf(facts_.t0) || entries_.size() > kChunkBytesMax);
}

void MessageChunkWriter::add(const ChunkMessage& message) {
    const bool same = !empty() && message.transport == transport_ && message.address == address_;
    if (empty()) {
        first_ = last_ = message.time;
    }
    addTime(facts_, message.time);
    ByteWriter writer(entries_);
    writer.room(8 * kNumberBytesMax + message.transport.size() + message.address.size() +
                message.result.size() + message.payload.size() + message.section.size());
    writer.byte(static_cast<std::uint8_t>((message.direction == Direction::Down ? kDownBit : 0U) |
                                          (message.truncated ? kTruncatedBit : 0U) |
                                          (same ? kSameRouteBit : 0U)));
    writer.signedNumber(message.time - last_);
    if (!same) {
        writer.text(message.transport);
        writer.text(message.address);
        transport_ = message.transport;
        address_ = message.address;
    }
    writer.text(message.result);
    writer.text(message.payload);
    writer.text(message.section);
    writer.finish();
    last_ = message.time;
}

ChunkFacts MessageChunkWriter::finish(std::string& blob) {
    blob.clear();
    ByteWriter writer(blob);
    writer.room(2 * kNumberBytesMax + entries_.size());
    writer.byte(kMessageChunkFormat);
    writer.signedNumber(first_);
    writer.raw(entries_);
    writer.finish();
    entries_.clear();
    return std::exchange(facts_, ChunkFacts{});
}

bool readMessageChunk(std::string_view blob,
                      const std::function<void(const ChunkMessage&, std::size_t)>& each) {
    std::string buffer;
    const auto chunk = unpackChunk(blob, buffer);
    if (!chunk) {
        return false;
    }
    ByteReader reader(*chunk);
    if (reader.byte() != kMessageChunkFormat) {
        return false;
    }
    ChunkMessage message;
    message.time = reader.signedNumber();
    for (std::size_t index = 0; reader.ok() && !reader.atEnd(); ++index) {
        const std::uint8_t flags = reader.byte();
        message.time += reader.signedNumber();
        message.direction = (flags & kDownBit) != 0 ? Direction::Down : Direction::Up;
        message.truncated = (flags & kTruncatedBit) != 0;
        if ((flags & kSameRouteBit) == 0) {
            message.transport = reader.text();
            message.address = reader.text();
        }
        message.result = reader.text();
        message.payload = reader.text();
        message.section = reader.text();
        if (reader.ok()) {
            each(message, index);
        }
    }
    return reader.ok();
}

} // namespace fairlead::device
