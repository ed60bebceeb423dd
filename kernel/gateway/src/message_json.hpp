// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "owned_transport.hpp"

#include "fairlead/base/result.hpp"
#include "fairlead/device/owned_message.hpp"

#include <span>
#include <string>
#include <vector>

namespace fairlead::gateway {

/// Device and transport messages as JSON arrays, for the page that tries a protocol out.
std::string toJson(std::span<const fl_device_message> messages);
std::string toJson(const std::vector<OwnedTransport>& messages);

/// {"kind": "readProperty", "deviceId", "messageId", "properties": {…} or […], "function",
/// "inputs": {…}} to a message; the names of kinds are those of toJson.
base::Result<device::OwnedMessage> parseDeviceMessage(std::string_view text);

} // namespace fairlead::gateway
