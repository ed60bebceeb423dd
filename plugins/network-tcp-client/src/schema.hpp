// SPDX-License-Identifier: Apache-2.0
// Settings of the type beside the framing as parts of a JSON Schema; settings.hpp holds the same
// defaults.
#pragma once

#include "framing_schema.hpp"

namespace fairlead::tcp_client {

// clang-format off
inline constexpr tcp::SchemaParts kSchemaParts{R"json(
    "targets": {
      "type": "array",
      "maxItems": 256,
      "x-order": -1,
      "title": "Targets",
      "x-help": "Equipment that the server connects to, each with a connection of its own.",
      "items": {
        "type": "object",
        "required": [
          "host",
          "port"
        ],
        "properties": {
          "host": {
            "type": "string",
            "format": "hostname",
            "maxLength": 253,
            "x-order": 1,
            "title": "Address"
          },
          "port": {
            "type": "integer",
            "minimum": 1,
            "maximum": 65535,
            "x-order": 2,
            "title": "Port"
          },
          "deviceId": {
            "type": "string",
            "maxLength": 64,
            "x-order": 3,
            "title": "Device id",
            "x-help": "The device that this connection stands for; empty: its first message says."
          }
        }
      }
    },
    "firstBytes": {
      "type": "string",
      "maxLength": 4096,
      "x-order": 4,
      "title": "First bytes",
      "x-help": "Sent when connected: text with \\r \\n \\t \\0 \\\\ \\xHH, or hex such as 0x0D0A."
    },
    "keepAliveBytes": {
      "type": "string",
      "maxLength": 4096,
      "x-order": 5,
      "title": "Keep-alive bytes",
      "x-help": "Sent at the keep-alive interval, written like the first bytes; empty: none."
    },
    "keepAliveInterval": {
      "type": "integer",
      "default": 30,
      "minimum": 1,
      "maximum": 86400,
      "x-order": 6,
      "x-unit": "second",
      "title": "Keep-alive interval",
      "x-help": "How often the keep-alive bytes are sent."
    },
    "keepAliveTimeout": {
      "type": "integer",
      "default": 0,
      "minimum": 0,
      "maximum": 86400000,
      "x-order": 7,
      "x-unit": "millisecond",
      "title": "Silence limit",
      "x-help": "A connection that was silent for this long is made anew; 0 never."
    }
)json", R"json(
      "/targets": "连接目标",
      "/targets#help": "服务器主动连接的设备，每个目标一个连接",
      "/targets/items/host": "地址",
      "/targets/items/port": "端口",
      "/targets/items/deviceId": "设备ID",
      "/targets/items/deviceId#help": "该连接对应的设备，为空时由首条消息识别",
      "/firstBytes": "首包",
      "/firstBytes#help": "连接成功后发送：文本（可用 \\r \\n \\t \\0 \\\\ \\xHH 转义）或十六进制（如 0x0D0A）",
      "/keepAliveBytes": "心跳包",
      "/keepAliveBytes#help": "按心跳间隔发送，写法同首包，为空表示不发送",
      "/keepAliveInterval": "心跳间隔",
      "/keepAliveInterval#help": "发送心跳包的间隔",
      "/keepAliveTimeout": "静默超时",
      "/keepAliveTimeout#help": "连接静默超过该时间后重新建立，0 表示不限制"
)json", R"json(
      "/targets": "Targets",
      "/targets#help": "Equipment that the server connects to, each with a connection of its own.",
      "/targets/items/host": "Address",
      "/targets/items/port": "Port",
      "/targets/items/deviceId": "Device id",
      "/targets/items/deviceId#help": "The device that this connection stands for; empty: its first message says.",
      "/firstBytes": "First bytes",
      "/firstBytes#help": "Sent when connected: text with \\r \\n \\t \\0 \\\\ \\xHH, or hex such as 0x0D0A.",
      "/keepAliveBytes": "Keep-alive bytes",
      "/keepAliveBytes#help": "Sent at the keep-alive interval, written like the first bytes; empty: none.",
      "/keepAliveInterval": "Keep-alive interval",
      "/keepAliveInterval#help": "How often the keep-alive bytes are sent.",
      "/keepAliveTimeout": "Silence limit",
      "/keepAliveTimeout#help": "A connection that was silent for this long is made anew; 0 never."
)json", R"json("required":["targets"],)json"};
// clang-format on

} // namespace fairlead::tcp_client
