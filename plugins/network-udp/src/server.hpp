// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"

#include "fairlead/sdk/network.hpp"

#include <string>

namespace fairlead::udp {

/// A UDP component. Thread: any; immutable after construction.
class UdpServer final : public sdk::Network {
public:
    static const sdk::NetworkDescription& description();

    UdpServer(sdk::Host host, sdk::NetworkIo io, std::string_view config_json);

    std::unique_ptr<sdk::Connection> open(sdk::Conn conn, const sdk::PeerView& peer) override;

    const Settings& settings() const noexcept { return settings_; }
    const sdk::Host& host() const noexcept { return host_; }

private:
    sdk::Host host_;
    Settings settings_;
};

/// One address that sends datagrams; each is a message of its own, with the credentials in it. The
/// protocol's answer goes back to the address as one datagram.
/// Thread: that of its loop, calls never overlap.
class UdpPeer final : public sdk::Connection {
public:
    UdpPeer(const UdpServer& server, sdk::Conn conn, const sdk::PeerView& peer);

    sdk::Status onData(sdk::ByteView in, std::size_t& consumed) override;
    void onComplete(std::uint64_t token, const sdk::Completion& completion) override;
    sdk::Status send(const sdk::TransportView& message, std::uint64_t token) override;

private:
    void refused(fl_status status);

    const UdpServer& server_;
    sdk::Conn conn_;
    std::string peer_;
    std::string psk_identity_;
    std::string subject_;
};

} // namespace fairlead::udp
