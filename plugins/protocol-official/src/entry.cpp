// SPDX-License-Identifier: Apache-2.0
#include "protocol.hpp"

FL_PROTOCOL_PLUGIN(fairlead::official::OfficialProtocol, "fairlead.protocol-official", "1.0.0",
                   R"({"zh-CN":"官方协议","en":"Official protocol"})");
