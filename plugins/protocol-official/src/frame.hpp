// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "binary.hpp"
#include "seq_map.hpp"

#include "fairlead/sdk/message.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::official {

enum class FrameType : std::uint8_t {
    Keepalive = 0,
    Online = 1,
    Ack = 2,
    ReportProperty = 3,
    ReadProperty = 4,
    ReadPropertyReply = 5,
    WriteProperty = 6,
    WritePropertyReply = 7,
    Function = 8,
    FunctionReply = 9,
    Event = 10,
};

enum class AckCode : std::uint8_t { Ok = 0, NoAuth = 1, Unsupported = 2 };

/// What stands before the body of every message but a keepalive.
struct FrameHead {
    FrameType type = FrameType::Keepalive;
    std::int64_t time_ms = 0; ///< 0 when not positive or beyond the year 9999.
    std::uint16_t seq = 0;
    std::string_view device; ///< Empty: the device of this connection.
};

/// Takes the next length-prefixed message off a TCP payload. FL_E_MALFORMED for a length of 0 or
/// one beyond the payload.
sdk::Status nextFrame(std::string_view& rest, std::string_view& message);

/// Reads the head; `in` stands at the body then. FL_E_MALFORMED for unknown types and short frames.
sdk::Status readHead(ByteReader& in, FrameHead& out);

/// Decodes bodies of uplink messages; reuses its memory. What it fills borrows from the frame and
/// from this object, until the next call.
class FrameDecoder {
public:
    /// Fills all of `out` but the ids of device and parent. `known` maps a reply's number to its
    /// message id. FL_E_UNSUPPORTED for message types that only the platform sends.
    sdk::Status read(const FrameHead& head, ByteReader& in, const SeqMap& known,
                     fl_device_message& out);

private:
    sdk::Status readReply(const FrameHead& head, ByteReader& in, fl_device_message& out);
    sdk::Status readObject(ByteReader& in, fl_device_message& out);
    sdk::Status readEvent(ByteReader& in, fl_device_message& out);

    ValueDecoder values_;
    std::vector<fl_property> properties_;
    std::string message_id_;
    std::string code_;
};

/// Type of a downlink kind; false when the binary layout has none.
bool frameType(std::uint32_t kind, FrameType& out) noexcept;

/// Appends one message without length: head and body of a command.
sdk::Status writeCommand(const sdk::DeviceView& message, std::uint16_t seq, std::int64_t now_ms,
                         std::string& out);

/// Appends an acknowledgement of `head`, without length.
void writeAck(const FrameHead& head, AckCode code, std::int64_t now_ms, std::string& out);

/// Puts the 32-bit length in front of a message.
std::string withLength(std::string_view message);

} // namespace fairlead::official
