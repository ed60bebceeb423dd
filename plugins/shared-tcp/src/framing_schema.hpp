// SPDX-License-Identifier: Apache-2.0
// The form of the framing rules as parts of a JSON Schema (draft-04 subset).
#pragma once

#include <string>
#include <string_view>

namespace fairlead::tcp {

// clang-format off
inline constexpr std::string_view kFramingProperties = R"json(
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
    }
)json";

inline constexpr std::string_view kFramingChinese = R"json(
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
      "/maxFrameLength#help": "单条消息（含头部）的最大长度，超出时断开连接"
)json";

inline constexpr std::string_view kFramingEnglish = R"json(
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
      "/maxFrameLength#help": "Largest message with its header; a connection that announces more is closed."
)json";
// clang-format on

/// Members of a component's schema beside the framing; each a list of JSON members, not empty.
struct SchemaParts {
    std::string_view properties;
    std::string_view chinese;
    std::string_view english;
    std::string_view more; ///< further members of the schema, with their comma; may be empty
};

/// The schema of a component with the framing rules.
std::string schemaWithFraming(const SchemaParts& own);

} // namespace fairlead::tcp
