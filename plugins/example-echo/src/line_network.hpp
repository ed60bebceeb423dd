// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fairlead/sdk/network.hpp"

namespace fairlead::example {

/// TCP lines: every line is one message.
class LineNetwork final : public sdk::Network {
public:
    LineNetwork(sdk::Host host, sdk::NetworkIo io, std::string_view config);
    static const sdk::NetworkDescription& description();

    std::unique_ptr<sdk::Connection> open(sdk::Conn conn, const sdk::PeerView& peer) override;
};

} // namespace fairlead::example
