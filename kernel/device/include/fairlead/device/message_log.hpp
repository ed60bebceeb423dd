// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/base/result.hpp"
#include "fairlead/base/time.hpp"
#include "fairlead/device/data_value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::device {

inline constexpr std::size_t kMessagePageMax = 200;
/// Bytes of a raw payload that the message log keeps; the rest is cut and flagged. (The journal
/// keeps all of it until the message is in the history.)
inline constexpr std::size_t kLoggedPayloadBytesMax = 4'096;
/// Entries that one filtered query looks at before it answers with a short page and a cursor.
inline constexpr std::size_t kMessagesScannedMax = 200'000;

enum class Direction : std::uint8_t { Up = 0, Down = 1 };
const char* toText(Direction direction) noexcept; ///< "up", "down"

/// Name of a device message kind in the API, "reportProperty"; "other" for unknown numbers.
const char* messageKindText(std::uint32_t kind) noexcept;
std::optional<std::uint32_t> parseMessageKind(std::string_view text) noexcept;

struct LoggedMessage {
    std::string id; ///< unique within the device
    base::UtcMs time = 0;
    Direction direction = Direction::Up;
    std::uint32_t kind = 0; ///< fl_device_message.kind; 0: the transport message meant nothing
    std::string message_id;
    std::string summary; ///< "temp=36.5, hum=40" and the like, shortened
    std::string payload; ///< raw bytes as the transport carried them
    bool truncated = false;
    std::string transport;
    std::string address; ///< topic or path
    std::string result;  ///< empty: fine; else what was wrong, or the code of a failed reply
};

/// The row of the API: {id, time, direction, kind, messageId, summary, payloadText, payloadHex,
/// truncated, transport, address, result}; the payload as text when it is UTF-8, else as hex.
std::string toJson(const LoggedMessage& message);

struct MessageQuery {
    std::string device_id;
    std::optional<std::uint32_t> kind;
    std::optional<Direction> direction;
    base::UtcMs from = 0;
    base::UtcMs to = 0; ///< 0: now
    std::string after;
    std::size_t limit = 50;
};

struct MessagePage {
    std::vector<LoggedMessage> items; ///< newest first
    std::string next;                 ///< empty at the end
};

struct DeviceEvent {
    base::UtcMs time = 0;
    std::string event;
    std::string name;  ///< from the model; the id when not declared
    std::string level; ///< "ordinary", "warn", "urgent"
    DataValue data;
};

struct EventQuery {
    std::string device_id;
    std::string event; ///< empty: all
    base::UtcMs from = 0;
    base::UtcMs to = 0;
    std::string after;
    std::size_t limit = 50;
};

struct EventPage {
    std::vector<DeviceEvent> items; ///< newest first
    std::string next;
};

/// What was said to and by a device. Thread: any. Blocks: on the database, and up to
/// kHistoryBarrierMs. Errors: Invalid (code "history.invalid"), NotFound ("device.unknown").
class MessageLog {
public:
    virtual ~MessageLog() = default;
    virtual base::Result<MessagePage> messages(const MessageQuery& query) = 0;
    virtual base::Result<EventPage> events(const EventQuery& query) = 0;
};

} // namespace fairlead::device
