// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/sdk/protocol.hpp"

#include <cstdint>
#include <string_view>

namespace fairlead::official {

/// MQTT log-in: username `secureId|milliseconds`, password the MD5 of `username|secureKey` in hex.
/// `window_ms`: how far the time may be off in either direction; 0 switches the check off.
/// FL_E_UNAUTHORIZED says which part is wrong, never what would be right.
sdk::Status checkMqtt(const sdk::TransportView& connect, const sdk::SessionView& session,
                      std::int64_t window_ms, std::int64_t now_ms);

/// The token behind `Authorization: Bearer`; empty when the header is missing or has another
/// scheme.
std::string_view bearerToken(std::string_view authorization) noexcept;

/// Is `token` the setting `key` of the device or product? An unset setting matches nothing.
bool tokenMatches(std::string_view token, const sdk::SessionView& session, std::string_view key);

} // namespace fairlead::official
