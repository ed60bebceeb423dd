// SPDX-License-Identifier: Apache-2.0
// Settings of the type as a JSON Schema (draft-04 subset); settings.hpp holds the same defaults.
#pragma once

#include <string_view>

namespace fairlead::tcp {

// clang-format off
inline constexpr std::string_view kSchema = R"json({
  "type": "object",
  "properties": {
    "parserType": {
      "type": "string",
      "default": "DIRECT",
      "enum": [
        "DIRECT",
        "DELIMITED",
        "FIXED_LENGTH",
        "LENGTH_FIELD"
      ],
      "x-order": 1,
      "x-enum-titles": {
        "en": [
          "None",
          "Delimiter",
          "Fixed length",
          "Length field"
        ],
        "zh-CN": [
          "不处理",
          "分隔符",
          "固定长度",
          "长度字段"
        ]
      },
      "title": "Framing rule",
      "x-help": "How the stream is cut into messages."
    },
    "parserConfiguration": {
      "type": "object",
      "x-order": 2,
      "x-visible-when": {
        "parserType": [
          "DELIMITED",
          "FIXED_LENGTH",
          "LENGTH_FIELD"
        ]
      },
      "properties": {
        "delimited": {
          "type": "string",
          "maxLength": 64,
          "x-order": 1,
          "x-visible-when": {
            "/parserType": "DELIMITED"
          },
          "x-required-when": {
            "/parserType": "DELIMITED"
          },
          "title": "Delimiter",
          "x-help": "Text with \\r \\n \\t \\0 \\\\ \\xHH, or hex such as 0x0D0A. It is not part of the message."
        },
        "size": {
          "type": "integer",
          "minimum": 1,
          "maximum": 65535,
          "x-order": 2,
          "x-unit": "byte",
          "x-visible-when": {
            "/parserType": "FIXED_LENGTH"
          },
          "x-required-when": {
            "/parserType": "FIXED_LENGTH"
          },
          "title": "Length",
          "x-help": "Bytes of every message."
        },
        "length": {
          "type": "integer",
          "default": 4,
          "enum": [
            1,
            2,
            3,
            4,
            8
          ],
          "x-order": 3,
          "x-unit": "byte",
          "x-visible-when": {
            "/parserType": "LENGTH_FIELD"
          },
          "title": "Length of the field",
          "x-help": "Bytes of the length field."
        },
        "offset": {
          "type": "integer",
          "default": 0,
          "minimum": 0,
          "maximum": 65535,
          "x-order": 4,
          "x-unit": "byte",
          "x-visible-when": {
            "/parserType": "LENGTH_FIELD"
          },
          "title": "Offset",
          "x-help": "Bytes in front of the length field."
        },
        "little": {
          "type": "boolean",
          "default": false,
          "x-order": 5,
          "x-visible-when": {
            "/parserType": "LENGTH_FIELD"
          },
          "title": "Little endian",
          "x-help": "Byte order of the length field; big endian when off."
        }
      },
      "title": "Rule settings",
      "x-help": "Settings of the framing rule."
    },
    "maxFrameLength": {
      "type": "integer",
      "default": 65536,
      "minimum": 64,
      "maximum": 16777216,
      "x-order": 3,
      "x-unit": "byte",
      "title": "Max message size",
      "x-help": "Largest message with its header; a connection that announces more is closed."
    },
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
  },
  "i18n": {
    "zh-CN": {
      "/parserType": "粘拆包规则",
      "/parserType#help": "如何将数据流拆分为消息",
      "/parserConfiguration/delimited": "分隔符",
      "/parserConfiguration/delimited#help": "文本（可用 \\r \\n \\t \\0 \\\\ \\xHH 转义）或十六进制（如 0x0D0A），消息中不包含分隔符",
      "/parserConfiguration/size": "长度",
      "/parserConfiguration/size#help": "每条消息的字节数",
      "/parserConfiguration/length": "长度字段字节数",
      "/parserConfiguration/length#help": "长度字段占用的字节数",
      "/parserConfiguration/offset": "偏移量",
      "/parserConfiguration/offset#help": "长度字段之前的字节数",
      "/parserConfiguration/little": "小端",
      "/parserConfiguration/little#help": "长度字段的字节序，关闭时为大端",
      "/parserConfiguration": "规则配置",
      "/parserConfiguration#help": "粘拆包规则的参数",
      "/maxFrameLength": "最大消息长度",
      "/maxFrameLength#help": "单条消息（含头部）的最大长度，超出时断开连接",
      "/keepAliveTimeout": "心跳超时",
      "/keepAliveTimeout#help": "连接静默超过该时间后断开，0 表示不限制",
      "/authTimeout": "认证超时",
      "/authTimeout#help": "新连接须在该时间内识别出设备，否则断开"
    },
    "en": {
      "/parserType": "Framing rule",
      "/parserType#help": "How the stream is cut into messages.",
      "/parserConfiguration/delimited": "Delimiter",
      "/parserConfiguration/delimited#help": "Text with \\r \\n \\t \\0 \\\\ \\xHH, or hex such as 0x0D0A. It is not part of the message.",
      "/parserConfiguration/size": "Length",
      "/parserConfiguration/size#help": "Bytes of every message.",
      "/parserConfiguration/length": "Length of the field",
      "/parserConfiguration/length#help": "Bytes of the length field.",
      "/parserConfiguration/offset": "Offset",
      "/parserConfiguration/offset#help": "Bytes in front of the length field.",
      "/parserConfiguration/little": "Little endian",
      "/parserConfiguration/little#help": "Byte order of the length field; big endian when off.",
      "/parserConfiguration": "Rule settings",
      "/parserConfiguration#help": "Settings of the framing rule.",
      "/maxFrameLength": "Max message size",
      "/maxFrameLength#help": "Largest message with its header; a connection that announces more is closed.",
      "/keepAliveTimeout": "Keep-alive timeout",
      "/keepAliveTimeout#help": "A silent connection is closed after this time; 0 never.",
      "/authTimeout": "Log-in timeout",
      "/authTimeout#help": "Time within which a new connection must have been recognised as a device."
    }
  }
})json";
// clang-format on

} // namespace fairlead::tcp
