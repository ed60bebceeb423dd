// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

FL_NETWORK_PLUGIN(fairlead::tcp_client::TcpClient, "fairlead.network-tcp-client", "0.1.0",
                  R"({"zh-CN":"TCP 客户端网络组件","en":"TCP client network component"})");
