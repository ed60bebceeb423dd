// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "body.hpp"

#include "fairlead/sdk/message.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::official {

/// Fills `out` from a body that is a message of `kind`, all but the ids of device and parent.
/// `out` borrows from the body. FL_E_MALFORMED when a member that the kind needs is missing.
sdk::Status fromBody(std::uint32_t kind, const Body& body, std::int64_t received_ms,
                     fl_device_message& out);

/// The JSON body of a downlink message, as on the wire. FL_E_UNSUPPORTED for kinds that have none,
/// FL_E_INVALID when a value of the message is not what its kind says.
sdk::Status toBody(const sdk::DeviceView& message, std::int64_t now_ms, std::string& out);

/// The same for a child device, wrapped in a CHILD message of its gateway (WebSocket).
sdk::Status toChildBody(const sdk::DeviceView& message, std::string_view gateway,
                        std::int64_t now_ms, std::string& out);

/// `{"messageId":…,"timestamp":…}`
std::string timeSyncBody(std::string_view message_id, std::int64_t now_ms);

/// `{"success":false,"code":…,"message":…}`
std::string errorBody(std::string_view code, std::string_view message);

/// The `_seq` header of a message's headers (JSON object text), or -1.
int seqHeader(std::string_view headers);

} // namespace fairlead::official
