// SPDX-License-Identifier: Apache-2.0
#include "record.hpp"

namespace fairlead::device {

namespace {

constexpr std::size_t kMessageNumbers = 8; ///< varints of a message's head
constexpr std::uint8_t kUndeclaredBit = 0x80;
constexpr unsigned kQualityShift = 4;

/// Room for the frame and the kind; gives the record's start.
std::size_t beginRecord(RecordKind kind, std::string& out) {
    const std::size_t start = out.size();
    out.append(kRecordHeaderBytes, '\0');
    out.push_back(static_cast<char>(kind));
    return start;
}

} // namespace

void MessageWriter::begin(const StoredMessage& message, base::UtcMs received_at,
                          std::size_t property_count) {
    time_ = message.time;
    writer_.room(kMessageNumbers * kNumberBytesMax + message.message_id.size() +
                 message.name.size() + message.code.size() + message.text.size() +
                 roomOf(message.data) + 2 * kNumberBytesMax);
    writer_.byte(static_cast<std::uint8_t>(message.kind));
    writer_.byte(message.flags);
    writer_.signedNumber(message.device_key);
    writer_.signedNumber(message.time - received_at);
    writer_.text(message.message_id);
    writer_.text(message.name);
    writer_.text(message.code);
    writer_.text(message.text);
    writer_.byte(static_cast<std::uint8_t>(message.data.kind));
    writer_.payload(message.data);
    writer_.number(property_count);
}

void MessageWriter::property(const StoredProperty& property) {
    writer_.room(property.id.size() + roomOf(property.value) + 3 * kNumberBytesMax);
    writer_.text(property.id);
    writer_.byte(static_cast<std::uint8_t>(
        property.value.kind | static_cast<unsigned>(property.quality) << kQualityShift |
        (property.declared ? 0U : kUndeclaredBit)));
    writer_.signedNumber(property.time - time_);
    writer_.payload(property.value);
}

void MessageWriter::end(std::string_view problem) {
    writer_.room(problem.size() + kNumberBytesMax);
    writer_.text(problem);
    writer_.finish();
}

bool readMessage(std::string_view section, base::UtcMs received_at, StoredMessage& out) {
    ByteReader reader(section);
    out.kind = reader.byte();
    out.flags = reader.byte();
    out.device_key = reader.signedNumber();
    out.time = received_at + reader.signedNumber();
    out.message_id = reader.text();
    out.name = reader.text();
    out.code = reader.text();
    out.text = reader.text();
    out.data = reader.payload(reader.byte());
    out.properties.clear();
    const std::uint64_t count = reader.number();
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        StoredProperty& property = out.properties.emplace_back();
        property.id = reader.text();
        const std::uint8_t kind = reader.byte();
        property.declared = (kind & kUndeclaredBit) == 0;
        property.quality = static_cast<Quality>(kind >> kQualityShift & 3U);
        property.time = out.time + reader.signedNumber();
        property.value = reader.payload(kind & 0x0fU);
    }
    out.problem = reader.text();
    return reader.ok() && reader.atEnd();
}

void beginUplink(const UplinkRecord& head, std::size_t message_count, std::string& out) {
    beginRecord(RecordKind::Uplink, out);
    ByteWriter writer(out);
    constexpr std::size_t kNumbers = 12;
    writer.room(kNumbers * kNumberBytesMax + head.transport.size() + head.protocol.size() +
                head.address.size() + head.once_scope.size() + head.once_key.size() +
                head.payload.size());
    writer.signedNumber(head.device_key);
    writer.signedNumber(head.received_at);
    writer.text(head.transport);
    writer.text(head.protocol);
    writer.number(head.protocol_generation);
    writer.text(head.address);
    writer.byte(head.once_key.empty() ? 0 : 1);
    if (!head.once_key.empty()) {
        writer.text(head.once_scope);
        writer.text(head.once_key);
        writer.number(head.once_generation);
    }
    writer.text(head.payload);
    writer.number(message_count);
    writer.finish();
}

void addSection(std::string_view section, std::string& out) {
    ByteWriter writer(out);
    writer.room(section.size() + kNumberBytesMax);
    writer.text(section);
    writer.finish();
}

bool readUplink(std::string_view content, UplinkRecord& out) {
    ByteReader reader(content);
    out.device_key = reader.signedNumber();
    out.received_at = reader.signedNumber();
    out.transport = reader.text();
    out.protocol = reader.text();
    out.protocol_generation = static_cast<std::uint32_t>(reader.number());
    out.address = reader.text();
    out.once_scope = {};
    out.once_key = {};
    if (reader.byte() != 0) {
        out.once_scope = reader.text();
        out.once_key = reader.text();
        out.once_generation = reader.number();
    }
    out.payload = reader.text();
    out.messages.clear();
    const std::uint64_t count = reader.number();
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        out.messages.push_back(reader.text());
    }
    return reader.ok() && reader.atEnd();
}

void writeClient(RecordKind kind, const ClientRecord& record, std::string& out) {
    const std::size_t start = beginRecord(kind, out);
    ByteWriter writer(out);
    writer.room(record.scope.size() + record.key.size() + record.value.size() +
                4 * kNumberBytesMax);
    writer.text(record.scope);
    writer.text(record.key);
    writer.number(record.generation);
    writer.text(record.value);
    writer.finish();
    sealRecord(out, start);
}

bool readClient(std::string_view content, ClientRecord& out) {
    ByteReader reader(content);
    out.scope = reader.text();
    out.key = reader.text();
    out.generation = reader.number();
    out.value = reader.text();
    return reader.ok() && reader.atEnd();
}

void writeLog(RecordKind kind, const LogRecordContent& record, std::string& out) {
    const std::size_t start = beginRecord(kind, out);
    ByteWriter writer(out);
    writer.room(record.transport.size() + record.address.size() + record.result.size() +
                record.section.size() + 8 * kNumberBytesMax);
    writer.signedNumber(record.device_key);
    writer.signedNumber(record.time);
    writer.text(record.transport);
    writer.text(record.address);
    writer.text(record.result);
    writer.text(record.section);
    writer.finish();
    sealRecord(out, start);
}

bool readLog(std::string_view content, LogRecordContent& out) {
    ByteReader reader(content);
    out.device_key = reader.signedNumber();
    out.time = reader.signedNumber();
    out.transport = reader.text();
    out.address = reader.text();
    out.result = reader.text();
    out.section = reader.text();
    return reader.ok() && reader.atEnd();
}

} // namespace fairlead::device
