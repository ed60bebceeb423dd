// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

FL_NETWORK_PLUGIN(fairlead::http::HttpServer, "fairlead.network-http-server", "0.1.0",
                  R"({"zh-CN":"HTTP 服务网络组件","en":"HTTP server network component"})");
