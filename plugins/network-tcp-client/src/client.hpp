// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "framed_connection.hpp"
#include "settings.hpp"

#include <string_view>

namespace fairlead::tcp_client {

/// A TCP client component: the host dials its targets. Thread: any; immutable after construction.
class TcpClient final : public sdk::Network {
public:
    static const sdk::NetworkDescription& description();

    TcpClient(sdk::Host host, sdk::NetworkIo io, std::string_view config_json);

    std::unique_ptr<sdk::Connection> open(sdk::Conn conn, const sdk::PeerView& peer) override;

    const Settings& settings() const noexcept { return settings_; }
    const sdk::Host& host() const noexcept { return host_; }

private:
    sdk::Host host_;
    Settings settings_;
};

/// A connection to one target. When that is a certain device by configuration, the device is online
/// from here on; else its first frame says who it is. Thread: that of its loop.
class TcpClientConnection final : public tcp::FramedConnection {
public:
    TcpClientConnection(const TcpClient& client, sdk::Conn given, std::string_view peer);

    void onTimer(std::uint32_t id) override;
    void onComplete(std::uint64_t token, const sdk::Completion& completion) override;

private:
    void logIn();
    void refused(fl_status status);

    const TcpClient& client_;
    std::string_view device_; // of the settings; empty: unknown yet
    fl_attribute attribute_{};
};

} // namespace fairlead::tcp_client
