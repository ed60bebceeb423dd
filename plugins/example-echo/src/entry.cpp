// SPDX-License-Identifier: Apache-2.0
#include "echo_protocol.hpp"
#include "line_network.hpp"

FL_PLUGIN("fairlead.example.echo", "1.0.0", R"({"en":"Echo example","zh-CN":"回声示例"})",
          fairlead::sdk::ProtocolFactory<fairlead::example::EchoProtocol>,
          fairlead::sdk::NetworkFactory<fairlead::example::LineNetwork>);
