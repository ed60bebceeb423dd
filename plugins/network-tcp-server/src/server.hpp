// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"

#include "fairlead/sdk/network.hpp"

#include <string>

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

/// An incomplete frame longer than this is collected here instead of staying with the host.
inline constexpr std::size_t kCollectBytes = 16 * 1024;

/// One device: cuts its stream into frames and hands each over durably. The host authenticates with
/// the first one. Thread: that of its loop, calls never overlap.
class TcpConnection final : public sdk::Connection {
public:
    TcpConnection(const TcpServer& server, sdk::Conn conn, std::string_view peer);

    sdk::Status onData(sdk::ByteView in, std::size_t& consumed) override;
    void onTimer(std::uint32_t id) override;
    void onComplete(std::uint64_t token, const sdk::Completion& completion) override;
    sdk::Status send(const sdk::TransportView& message, std::uint64_t token) override;

private:
    std::size_t process(Bytes in);
    bool deliver(Bytes payload);
    void settle(fl_status status);
    void fail(std::string_view what, std::string_view text, std::uint32_t reason);

    const TcpServer& server_;
    sdk::Conn conn_;
    std::string peer_;
    std::string collected_;
    std::size_t scanned_ = 0;
    std::uint64_t last_data_ns_ = 0;
    std::int64_t now_ms_ = 0;
    bool waiting_ = false;       // the store has no room; the next frame is tried again
    bool authenticated_ = false; // the host took a frame
    bool closed_ = false;
};

} // namespace fairlead::tcp
