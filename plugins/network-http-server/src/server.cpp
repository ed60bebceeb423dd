// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include "connection.hpp"
#include "schema.hpp"

namespace fairlead::http {

const sdk::NetworkDescription& HttpServer::description() {
    static const sdk::NetworkDescription text{
        "http-server",
        "HTTP",
        "http",
        "https",
        R"({"zh-CN":"HTTP 服务","en":"HTTP server"})",
        R"({"zh-CN":"接受设备通过 HTTP/1.0、HTTP/1.1 请求上报的消息","en":"Accepts messages that devices send as HTTP/1.0 or HTTP/1.1 requests"})",
        kSchema,
        FL_NETWORK_STREAM | FL_NETWORK_TLS | FL_NETWORK_SHARED};
    return text;
}

HttpServer::HttpServer(sdk::Host host, sdk::NetworkIo, std::string_view config_json)
    : host_(host), settings_(parseSettings(config_json)) {}

std::unique_ptr<sdk::Connection> HttpServer::open(sdk::Conn conn, const sdk::PeerView& peer) {
    return std::make_unique<HttpConnection>(*this, conn, peer.address());
}

} // namespace fairlead::http
