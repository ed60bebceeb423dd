// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "framed_connection.hpp"
#include "settings.hpp"

#include "fairlead/sdk/network.hpp"

#include <string_view>

namespace fairlead::tcp {

/// A TCP server component. Thread: any; immutable after construction.
class TcpServer final : public sdk::Network {
public:
    static const sdk::NetworkDescription& description();

    TcpServer(sdk::Host host, sdk::NetworkIo io, std::string_view config_json);

    std::unique_ptr<sdk::Connection> open(sdk::Conn conn, const sdk::PeerView& peer) override;

    const Settings& settings() const noexcept { return settings_; }
    const sdk::Host& host() const noexcept { return host_; }

private:
    sdk::Host host_;
    Settings settings_;
};

/// One device: the host authenticates with its first frame. Thread: that of its loop, calls never
/// overlap.
class TcpConnection final : public FramedConnection {
public:
    TcpConnection(const TcpServer& server, sdk::Conn given, std::string_view peer);

    void onTimer(std::uint32_t id) override;

private:
    void accepted() override;

    const TcpServer& server_;
    bool authenticated_ = false; // the host took a frame
};

} // namespace fairlead::tcp
