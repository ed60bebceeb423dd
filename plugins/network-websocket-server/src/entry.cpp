// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

FL_NETWORK_PLUGIN(
    fairlead::websocket::WebSocketServer, "fairlead.network-websocket-server", "0.1.0",
    R"({"zh-CN":"WebSocket 服务网络组件","en":"WebSocket server network component"})");
