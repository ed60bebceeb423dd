// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

FL_NETWORK_PLUGIN(fairlead::udp::UdpServer, "fairlead.network-udp", "0.1.0",
                  R"({"zh-CN":"UDP 网络组件","en":"UDP network component"})");
