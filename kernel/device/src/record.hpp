// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bytes.hpp"
#include "fairlead/base/time.hpp"
#include "fairlead/device/message_log.hpp"
#include "fairlead/message.h"
#include "journal_format.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::device {

/// One property in a stored message. Texts point into the record.
struct StoredProperty {
    std::string_view id;
    fl_value value{};
    Quality quality = Quality::Good;
    bool declared = true;
    base::UtcMs time = 0;
};

/// A device message as the journal and the message log keep it.
struct StoredMessage {
    static constexpr std::uint8_t kFailed = 1;
    static constexpr std::uint8_t kProblem = 2;

    std::uint32_t kind = 0;
    std::uint8_t flags = 0;
    std::int64_t device_key = 0;
    base::UtcMs time = 0; ///< the device's own
    std::string_view message_id;
    std::string_view name;
    std::string_view code;
    std::string_view text;
    std::string_view problem; ///< why (part of) it was not taken
    fl_value data{};
    std::vector<StoredProperty> properties;
};

/// Writes one message section. Properties are added one by one between begin and end.
class MessageWriter {
public:
    explicit MessageWriter(std::string& out) : writer_(out) {}

    /// `message` without properties and problem; times are kept relative to `received_at`.
    void begin(const StoredMessage& message, base::UtcMs received_at, std::size_t property_count);
    void property(const StoredProperty& property);
    void end(std::string_view problem);

private:
    ByteWriter writer_;
    base::UtcMs time_ = 0;
};

/// False when `section` is broken. `out.properties` keeps its buffer.
bool readMessage(std::string_view section, base::UtcMs received_at, StoredMessage& out);

/// Content of an Uplink record. Texts point into it.
struct UplinkRecord {
    std::int64_t device_key = 0;
    base::UtcMs received_at = 0;
    std::string_view transport;
    std::string_view protocol;
    std::uint32_t protocol_generation = 0;
    std::string_view address;
    std::string_view once_scope;
    std::string_view once_key;
    std::uint64_t once_generation = 0;
    std::string_view payload;
    std::vector<std::string_view> messages; ///< sections
};

/// Everything of the record before the messages; then addSection for each of `message_count`.
void beginUplink(const UplinkRecord& head, std::size_t message_count, std::string& out);
void addSection(std::string_view section, std::string& out);
bool readUplink(std::string_view content, UplinkRecord& out);

/// Release: gives up the key up to `generation`. StatePut, StateRemove: `value`.
struct ClientRecord {
    std::string_view scope;
    std::string_view key;
    std::uint64_t generation = 0;
    std::string_view value;
};
void writeClient(RecordKind kind, const ClientRecord& record, std::string& out);
bool readClient(std::string_view content, ClientRecord& out);

/// Downlink and Session records: for the message log only.
struct LogRecordContent {
    std::int64_t device_key = 0;
    base::UtcMs time = 0;
    std::string_view transport;
    std::string_view address;
    std::string_view result;
    std::string_view section;
};
void writeLog(RecordKind kind, const LogRecordContent& record, std::string& out);
bool readLog(std::string_view content, LogRecordContent& out);

} // namespace fairlead::device
