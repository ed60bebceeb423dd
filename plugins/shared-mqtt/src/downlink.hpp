// SPDX-License-Identifier: Apache-2.0
// From the server's transport messages to what is sent and kept.
#pragma once

#include "session_state.hpp"

#include "fairlead/sdk/message.hpp"

namespace fairlead::mqtt {

/// Fills topic, properties, payload and expiry. Returns why it cannot be published (a literal),
/// or nullptr. Attributes without a place in MQTT are left out.
const char* toStored(const sdk::TransportView& message, std::int64_t now_ms, StoredMessage& out);

inline bool isExpired(const StoredMessage& message, std::int64_t now_ms) noexcept {
    return message.expires_ms != 0 && message.expires_ms <= now_ms;
}

/// Appends what is left of the message's life as a property, if it has an end.
void putExpiry(std::string& properties, std::int64_t expires_ms, std::int64_t now_ms);

} // namespace fairlead::mqtt
