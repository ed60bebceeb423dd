// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include "connection.hpp"
#include "schema.hpp"

namespace fairlead::websocket {

const sdk::NetworkDescription& WebSocketServer::description() {
    static const sdk::NetworkDescription text{
        "websocket-server",
        "WebSocket",
        "ws",
        "wss",
        R"({"zh-CN":"WebSocket 服务","en":"WebSocket server"})",
        R"({"zh-CN":"设备以 WebSocket 长连接收发消息","en":"Devices keep a WebSocket connection open for messages both ways"})",
        kSchema,
        FL_NETWORK_STREAM | FL_NETWORK_TLS | FL_NETWORK_SHARED | FL_NETWORK_CONNECT};
    return text;
}

WebSocketServer::WebSocketServer(sdk::Host host, sdk::NetworkIo, std::string_view config_json)
    : host_(host), settings_(parseSettings(config_json)) {}

std::unique_ptr<sdk::Connection> WebSocketServer::open(sdk::Conn conn, const sdk::PeerView& peer) {
    return std::make_unique<WebSocketConnection>(*this, conn, peer.address());
}

} // namespace fairlead::websocket
