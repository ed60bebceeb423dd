// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include "schema.hpp"

namespace fairlead::tcp {

namespace {

constexpr std::uint32_t kAuthTimer = 0;
constexpr std::uint32_t kIdleTimer = 1;
constexpr std::uint64_t kNsPerMs = 1'000'000;

} // namespace

const sdk::NetworkDescription& TcpServer::description() {
    static const std::string schema = schemaWithFraming(kSchemaParts);
    static const sdk::NetworkDescription text{
        "tcp-server",
        "TCP",
        "tcp",
        "tcps",
        R"({"zh-CN":"TCP 服务","en":"TCP server"})",
        R"({"zh-CN":"接受 TCP 设备的连接，并按粘拆包规则拆分消息","en":"Accepts TCP devices and cuts their streams into messages by a framing rule"})",
        schema,
        FL_NETWORK_STREAM | FL_NETWORK_TLS | FL_NETWORK_SHARED};
    return text;
}

TcpServer::TcpServer(sdk::Host host, sdk::NetworkIo, std::string_view config_json)
    : host_(host), settings_(parseSettings(config_json)) {}

std::unique_ptr<sdk::Connection> TcpServer::open(sdk::Conn conn, const sdk::PeerView& peer) {
    return std::make_unique<TcpConnection>(*this, conn, peer.address());
}

TcpConnection::TcpConnection(const TcpServer& server, sdk::Conn given, std::string_view peer)
    : FramedConnection(server.settings().framing, server.host(), given, peer), server_(server) {
    conn().setTimer(kAuthTimer, server_.settings().auth_timeout_ms);
    conn().setTimer(kIdleTimer, server_.settings().keep_alive_ms);
}

void TcpConnection::accepted() {
    if (!authenticated_) {
        authenticated_ = true;
        conn().setTimer(kAuthTimer, 0);
    }
}

void TcpConnection::onTimer(std::uint32_t id) {
    if (id == kAuthTimer && !authenticated_) {
        fail("auth_timeout", "no device was recognised within the time limit",
             FL_CLOSE_UNAUTHORIZED);
        return;
    }
    const std::uint64_t limit = server_.settings().keep_alive_ms;
    if (id != kIdleTimer || limit == 0 || isClosed()) {
        return;
    }
    const std::uint64_t silent = (host().nowNs() - lastDataNs()) / kNsPerMs;
    if (silent < limit) {
        conn().setTimer(kIdleTimer, limit - silent);
        return;
    }
    fail("keep_alive_timeout", "silent for longer than the keep-alive time", FL_CLOSE_TIMEOUT);
}

} // namespace fairlead::tcp
