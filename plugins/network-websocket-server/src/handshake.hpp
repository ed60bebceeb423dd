// SPDX-License-Identifier: Apache-2.0
// The opening handshake, RFC 6455 section 4.2.
#pragma once

#include "settings.hpp"

#include "fairlead/sdk/http/response.hpp"

#include <string>
#include <string_view>

namespace fairlead::websocket {

/// What a request for a WebSocket asks for. Borrows from the request and the settings.
struct Upgrade {
    std::string_view key;
    std::string_view subprotocol; ///< chosen; may be empty
    CompressionTerms compression;
    std::string extensions; ///< value of our Sec-WebSocket-Extensions; may be empty
};

/// Is this a request that can become a WebSocket, and how? Headers only: the path is another's.
sdk::http::Refusal readUpgrade(const sdk::http::RequestHead& head, const Settings& settings,
                               Upgrade& out);

bool pathAllowed(const Settings& settings, std::string_view path) noexcept;

/// Sec-WebSocket-Accept for a key, section 4.2.2.
std::string acceptKey(std::string_view key);

/// The 101 response.
std::string upgradeAnswer(const Upgrade& upgrade);

/// Header lines that go with a refusal of this status.
std::string_view refusalHeaders(int status) noexcept;

} // namespace fairlead::websocket
