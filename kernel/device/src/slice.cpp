// SPDX-License-Identifier: Apache-2.0
#include "slice.hpp"

#include "client_state.hpp"
#include "db.hpp"
#include "fairlead/base/text.hpp"
#include "fairlead/device/devices.hpp"

#include <algorithm>

namespace fairlead::device {

namespace {

/// Sequences of two nodes never meet: the low bits are the node's.
constexpr std::int64_t kNodeNumbers = 1024;
/// A larger message section is kept without its values in the message log.
constexpr std::size_t kLoggedSectionBytesMax = 2'048;

/// A row made in place: an initializer list would copy the blobs.
template <typename... Values>
void addRow(SqlRows& rows, Values&&... values) {
    std::vector<DbValue>& row = rows.emplace_back();
    row.reserve(sizeof...(values));
    (row.emplace_back(std::forward<Values>(values)), ...);
}

} // namespace

std::string clientHash(const std::string& node_id, std::string_view scope, std::string_view key) {
    return base::sha256Hex(node_id + '\0' + ClientState::joined(scope, key));
}

bool carriesValues(std::uint32_t kind, std::uint8_t flags) noexcept {
    return (kind == FL_DEVICE_REPORT_PROPERTY || kind == FL_DEVICE_READ_PROPERTY_REPLY ||
            kind == FL_DEVICE_WRITE_PROPERTY_REPLY) &&
           (flags & StoredMessage::kFailed) == 0;
}

bool carriesValues(const StoredMessage& message) noexcept {
    return carriesValues(message.kind, message.flags);
}

void Slice::add(const JournalBlock& block) {
    std::string_view records{block.records};
    std::uint32_t count = 0;
    while (const auto record = nextRecord(records)) {
        addRecord(*record);
        ++count;
    }
    rows_.records += block.count;
    rows_.unreadable += block.count - std::min(count, block.count);
}

void Slice::addRecord(const RecordView& record) {
    switch (record.kind) {
    case RecordKind::Uplink:
        addUplink(record.content);
        break;
    case RecordKind::Downlink:
    case RecordKind::Session:
        addLog(record.kind, record.content);
        break;
    case RecordKind::Release:
    case RecordKind::StatePut:
    case RecordKind::StateRemove:
        addClient(record.kind, record.content);
        break;
    }
}

void Slice::append(Entry entry) {
    const auto index = static_cast<std::uint32_t>(entries_.size());
    const auto [place, fresh] =
        group_of_.try_emplace(entry.device_key, static_cast<std::uint32_t>(groups_.size()));
    if (fresh) {
        groups_.push_back(Group{entry.device_key, index, index, entry.has_values});
    } else {
        Group& group = groups_[place->second];
        entries_[group.last].next = index;
        group.last = index;
        group.has_values = group.has_values || entry.has_values;
    }
    entries_.push_back(entry);
}

void Slice::addUplink(std::string_view content) {
    if (!readUplink(content, uplink_)) {
        rows_.unreadable += 1;
        return;
    }
    if (!uplink_.once_key.empty()) {
        ClientChange& change = once_[ClientState::joined(uplink_.once_scope, uplink_.once_key)];
        change = ClientChange{std::string{uplink_.once_scope},
                              std::string{uplink_.once_key},
                              uplink_.once_generation,
                              uplink_.received_at,
                              true,
                              {}};
    }
    Entry entry;
    entry.received_at = uplink_.received_at;
    entry.log.time = uplink_.received_at;
    entry.log.transport = uplink_.transport;
    entry.log.address = uplink_.address;
    entry.log.payload = uplink_.payload.substr(0, kLoggedPayloadBytesMax);
    entry.log.truncated = uplink_.payload.size() > kLoggedPayloadBytesMax;
    entry.device_key = uplink_.device_key;
    if (uplink_.messages.empty()) {
        append(entry);
        return;
    }
    std::int64_t last_key = 0;
    for (const std::string_view section : uplink_.messages) {
        ByteReader reader(section);
        const std::uint8_t kind = reader.byte();
        entry.has_values = carriesValues(kind, reader.byte());
        entry.device_key = reader.signedNumber();
        entry.log.section = section;
        // The payload stands once with each device that it speaks of.
        if (entry.device_key == last_key) {
            entry.log.payload = {};
            entry.log.truncated = false;
        }
        last_key = entry.device_key;
        append(entry);
    }
}

void Slice::addLog(RecordKind kind, std::string_view content) {
    LogRecordContent record;
    if (!readLog(content, record)) {
        rows_.unreadable += 1;
        return;
    }
    Entry entry;
    entry.device_key = record.device_key;
    entry.received_at = record.time;
    entry.log.time = record.time;
    entry.log.direction = kind == RecordKind::Downlink ? Direction::Down : Direction::Up;
    entry.log.transport = record.transport;
    entry.log.address = record.address;
    entry.log.result = record.result;
    entry.log.section = record.section;
    append(entry);
}

void Slice::addClient(RecordKind kind, std::string_view content) {
    ClientRecord record;
    if (!readClient(content, record)) {
        rows_.unreadable += 1;
        return;
    }
    const std::string name = ClientState::joined(record.scope, record.key);
    if (kind == RecordKind::Release) {
        const auto known = once_.find(name);
        if (known != once_.end() && known->second.generation > record.generation) {
            return; // taken anew since
        }
    }
    ClientChange& change = kind == RecordKind::Release ? once_[name] : states_[name];
    change =
        ClientChange{std::string{record.scope},    std::string{record.key},  record.generation, 0,
                     kind == RecordKind::StatePut, std::string{record.value}};
}

std::int64_t Slice::nextSequence() {
    sequence_ += 1;
    return sequence_ * kNodeNumbers + node_number_;
}

void Slice::noteDay(HistoryKind kind, std::int64_t day) {
    if (days_.emplace(kind, day).second) {
        addRow(rows_.days, DbValue{static_cast<std::int64_t>(kind)}, DbValue{day});
    }
}

void Slice::closeProperties(std::int64_t device_key) {
    if (property_chunk_.empty()) {
        return;
    }
    DbBlob blob;
    const ChunkFacts facts = property_chunk_.finish(blob.bytes);
    packer_.pack(blob.bytes);
    const std::int64_t day = dayOf(facts.t0);
    noteDay(kPropertyDays, day);
    addRow(rows_.property_chunks, DbValue{day}, DbValue{device_key}, DbValue{facts.t0},
           DbValue{nextSequence()}, DbValue{facts.t1}, DbValue{facts.entries},
           DbValue{std::move(blob)});
}

void Slice::closeMessages(std::int64_t device_key) {
    if (message_chunk_.empty()) {
        return;
    }
    DbBlob blob;
    const ChunkFacts facts = message_chunk_.finish(blob.bytes);
    packer_.pack(blob.bytes);
    const std::int64_t day = dayOf(facts.t0);
    noteDay(kMessageDays, day);
    addRow(rows_.message_chunks, DbValue{day}, DbValue{device_key}, DbValue{facts.t0},
           DbValue{nextSequence()}, DbValue{facts.t1}, DbValue{facts.entries},
           DbValue{std::move(blob)});
}

void Slice::takeValues(std::int64_t device_key, const Entry& entry, LatestValues* latest) {
    for (const StoredProperty& property : message_.properties) {
        if (property_chunk_.closes(property.time)) {
            closeProperties(device_key);
        }
        property_chunk_.add(
            ChunkPoint{property.id, property.value, property.quality, property.time});
        latest->apply(property.id, property.value, property.quality, property.declared,
                      property.time, entry.received_at);
    }
}

void Slice::takeMessage(std::int64_t device_key, const Entry& entry, LatestValues* latest) {
    if (entry.has_values) {
        takeValues(device_key, entry, latest);
    } else if (message_.kind == FL_DEVICE_EVENT) {
        const std::int64_t day = dayOf(message_.time);
        noteDay(kEventDays, day);
        addRow(rows_.events, DbValue{day}, DbValue{device_key}, DbValue{message_.time},
               DbValue{nextSequence()}, DbValue{std::string{message_.name}},
               DbValue{DataValue{message_.data}.toJson()});
    } else if (message_.kind == FL_DEVICE_UPDATE_TAG) {
        for (const StoredProperty& property : message_.properties) {
            const DataValue value{property.value};
            rows_.tags.push_back(
                TagUpdate{device_key, std::string{property.id},
                          value.kind == FL_VALUE_STRING ? value.s : value.toJson()});
        }
    }
}

void Slice::buildGroup(const Group& group, LatestValues* latest) {
    std::string reduced;
    for (std::uint32_t at = group.first; at != 0; at = entries_[at].next) {
        const Entry& entry = entries_[at];
        ChunkMessage log = entry.log;
        if (!log.section.empty()) {
            if (!readMessage(log.section, entry.received_at, message_)) {
                rows_.unreadable += 1;
                continue;
            }
            if (log.direction == Direction::Up) {
                takeMessage(group.device_key, entry, latest);
            }
            if (log.section.size() > kLoggedSectionBytesMax) {
                reduced.clear();
                MessageWriter writer(reduced);
                message_.data = fl_value{};
                writer.begin(message_, entry.received_at, 0);
                writer.end(message_.problem);
                log.section = reduced;
            }
        }
        if (message_chunk_.closes(log.time)) {
            closeMessages(group.device_key);
        }
        message_chunk_.add(log);
    }
    closeProperties(group.device_key);
    closeMessages(group.device_key);
    if (latest != nullptr) {
        rows_.devices.push_back(group.device_key);
    }
}

std::vector<std::int64_t> Slice::devicesWithValues() const {
    std::vector<std::int64_t> out;
    for (const Group& group : groups_) {
        if (group.has_values) {
            out.push_back(group.device_key);
        }
    }
    return out;
}

void Slice::buildClients() {
    for (const auto& entry : once_) {
        const ClientChange& change = entry.second;
        std::string hash = clientHash(node_id_, change.scope, change.key);
        if (change.held) {
            addRow(rows_.holds, DbValue{std::move(hash)}, DbValue{node_id_},
                   DbValue{DbBlob{change.scope}}, DbValue{DbBlob{change.key}},
                   DbValue{static_cast<std::int64_t>(change.generation)}, DbValue{change.held_at});
        } else {
            addRow(rows_.releases, DbValue{std::move(hash)});
        }
    }
    for (const auto& entry : states_) {
        const ClientChange& change = entry.second;
        std::string hash = clientHash(node_id_, change.scope, change.key);
        if (change.held) {
            addRow(rows_.states, DbValue{std::move(hash)}, DbValue{node_id_},
                   DbValue{DbBlob{change.scope}}, DbValue{DbBlob{change.key}},
                   DbValue{DbBlob{change.value}});
        } else {
            addRow(rows_.removed_states, DbValue{std::move(hash)});
        }
    }
}

SliceRows Slice::build(const std::function<LatestValues&(std::int64_t device_key)>& latest) {
    // In the order of the primary keys: the database then appends instead of searching.
    std::sort(groups_.begin(), groups_.end(),
              [](const Group& a, const Group& b) { return a.device_key < b.device_key; });
    for (const Group& group : groups_) {
        buildGroup(group, group.has_values ? &latest(group.device_key) : nullptr);
    }
    buildClients();
    rows_.sequence = sequence_;
    return std::move(rows_);
}

} // namespace fairlead::device
