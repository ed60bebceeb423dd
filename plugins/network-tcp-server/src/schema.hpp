// SPDX-License-Identifier: Apache-2.0
// Settings of the type beside the framing as parts of a JSON Schema; settings.hpp holds the same
// defaults.
#pragma once

#include "framing_schema.hpp"

namespace fairlead::tcp {

// clang-format off
inline constexpr SchemaParts kSchemaParts{R"json(
    "keepAliveTimeout": {
      "type": "integer",
      "default": 600000,
      "minimum": 0,
      "maximum": 86400000,
      "x-order": 4,
      "x-unit": "millisecond",
      "title": "Keep-alive timeout",
      "x-help": "A silent connection is closed after this time; 0 never."
    },
    "authTimeout": {
      "type": "integer",
      "default": 10000,
      "minimum": 1000,
      "maximum": 600000,
      "x-order": 5,
      "x-unit": "millisecond",
      "title": "Log-in timeout",
      "x-help": "Time within which a new connection must have been recognised as a device."
    }
)json", R"json(
      "/keepAliveTimeout": "心跳超时",
      "/keepAliveTimeout#help": "连接静默超过该时间后断开，0 表示不限制",
      "/authTimeout": "认证超时",
      "/authTimeout#help": "新连接须在该时间内识别出设备，否则断开"
)json", R"json(
      "/keepAliveTimeout": "Keep-alive timeout",
      "/keepAliveTimeout#help": "A silent connection is closed after this time; 0 never.",
      "/authTimeout": "Log-in timeout",
      "/authTimeout#help": "Time within which a new connection must have been recognised as a device."
)json", {}};
// clang-format on

} // namespace fairlead::tcp
