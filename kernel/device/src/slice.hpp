// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "chunk.hpp"
#include "chunk_packing.hpp"
#include "fairlead/storage/database.hpp"
#include "journal.hpp"
#include "latest.hpp"
#include "record.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace fairlead::device {

using SqlRows = std::vector<std::vector<storage::Value>>;

/// A tag that a device reported.
struct TagUpdate {
    std::int64_t device_key = 0;
    std::string key;
    std::string value;
};

/// Everything that one compaction transaction writes, as parameter rows.
struct SliceRows {
    SqlRows property_chunks; ///< day, device_key, t0, sequence, t1, entries, data
    SqlRows message_chunks;
    SqlRows events;         ///< day, device_key, event_at, sequence, event, data
    SqlRows days;           ///< kind, day
    SqlRows holds;          ///< hash, node_id, scope, once_key, generation, held_at
    SqlRows releases;       ///< hash
    SqlRows states;         ///< hash, node_id, scope, state_key, data
    SqlRows removed_states; ///< hash
    std::vector<TagUpdate> tags;
    std::vector<std::int64_t> devices; ///< whose latest values were applied to
    std::uint64_t records = 0;
    std::uint64_t unreadable = 0; ///< records that could not be read: skipped and counted
    std::int64_t sequence = 0;    ///< after the last row
};

enum HistoryKind : std::int64_t { kPropertyDays = 0, kMessageDays = 1, kEventDays = 2 };

/// Key of exactly-once keys and client states in the database.
std::string clientHash(const std::string& node_id, std::string_view scope, std::string_view key);

/// Brings the records of some journal blocks into the order of devices.
/// Thread: one. The blocks must outlive build and latest.
class Slice {
public:
    Slice(std::string node_id, std::int64_t node_number, std::int64_t first_sequence)
        : node_id_(std::move(node_id)), node_number_(node_number), sequence_(first_sequence) {}

    void add(const JournalBlock& block);
    /// Devices that reported values, for which build will ask.
    std::vector<std::int64_t> devicesWithValues() const;
    /// All rows; call it once, after the last add. What the slice says is applied to the values
    /// that `latest` gives for a device.
    SliceRows build(const std::function<LatestValues&(std::int64_t device_key)>& latest);

private:
    struct Entry {
        std::int64_t device_key = 0;
        base::UtcMs received_at = 0;
        ChunkMessage log;
        std::uint32_t next = 0; ///< of the same device; 0: none
        bool has_values = false;
    };
    struct Group {
        std::int64_t device_key = 0;
        std::uint32_t first = 0;
        std::uint32_t last = 0;
        bool has_values = false;
    };

    void addRecord(const RecordView& record);
    void addUplink(std::string_view content);
    void addLog(RecordKind kind, std::string_view content);
    void addClient(RecordKind kind, std::string_view content);
    void append(Entry entry);
    void buildGroup(const Group& group, LatestValues* latest);
    void takeMessage(std::int64_t device_key, const Entry& entry, LatestValues* latest);
    void takeValues(std::int64_t device_key, const Entry& entry, LatestValues* latest);
    void closeProperties(std::int64_t device_key);
    void closeMessages(std::int64_t device_key);
    void buildClients();
    std::int64_t nextSequence();
    void noteDay(HistoryKind kind, std::int64_t day);

    struct ClientChange {
        std::string scope;
        std::string key;
        std::uint64_t generation = 0;
        base::UtcMs held_at = 0;
        bool held = false;
        std::string value;
    };

    const std::string node_id_;
    const std::int64_t node_number_;
    std::int64_t sequence_;
    std::vector<Entry> entries_{1}; ///< entry 0 is none
    std::vector<Group> groups_;
    std::unordered_map<std::int64_t, std::uint32_t> group_of_;
    std::map<std::string, ClientChange> once_;
    std::map<std::string, ClientChange> states_;
    std::set<std::pair<std::int64_t, std::int64_t>> days_;
    UplinkRecord uplink_;
    StoredMessage message_;
    PropertyChunkWriter property_chunk_;
    MessageChunkWriter message_chunk_;
    ChunkPacker packer_;
    SliceRows rows_;
};

/// True for the kinds whose properties are values of the device: reports and replies.
bool carriesValues(const StoredMessage& message) noexcept;
bool carriesValues(std::uint32_t kind, std::uint8_t flags) noexcept;

} // namespace fairlead::device
