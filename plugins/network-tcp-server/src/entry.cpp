// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

FL_NETWORK_PLUGIN(fairlead::tcp::TcpServer, "fairlead.network-tcp-server", "0.1.0",
                  R"({"zh-CN":"TCP 服务网络组件","en":"TCP server network component"})");
