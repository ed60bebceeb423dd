// SPDX-License-Identifier: Apache-2.0
// Settings of the type as a JSON Schema (draft-04 subset); settings.hpp holds the same defaults.
#pragma once

#include <string_view>

namespace fairlead::websocket {

// clang-format off
inline constexpr std::string_view kSchema = R"json({
  "type": "object",
  "properties": {
    "maxMessageSize": {
      "type": "integer",
      "default": 1048576,
      "minimum": 128,
      "maximum": 67108864,
      "x-unit": "byte",
      "x-order": 1,
      "title": "Max message size",
      "x-help": "Largest message, after expansion; a longer one closes the connection with 1009."
    },
    "paths": {
      "type": "array",
      "maxItems": 32,
      "items": {
        "type": "string",
        "minLength": 1,
        "maxLength": 256,
        "pattern": "^/[^*]*\\*?$",
        "title": "Path"
      },
      "x-order": 2,
      "title": "Allowed paths",
      "x-help": "Only these paths are served, others are answered with 404; a * at the end stands for any rest. Empty: every path."
    },
    "subprotocols": {
      "type": "array",
      "maxItems": 32,
      "items": {
        "type": "string",
        "minLength": 1,
        "maxLength": 64,
        "pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
        "title": "Name"
      },
      "x-order": 3,
      "title": "Subprotocols",
      "x-help": "Subprotocols the server speaks; the first of the client's list that is among them is chosen."
    },
    "allowedOrigins": {
      "type": "array",
      "maxItems": 32,
      "items": {
        "type": "string",
        "minLength": 1,
        "maxLength": 256,
        "title": "Origin"
      },
      "x-order": 4,
      "title": "Allowed origins",
      "x-help": "Origins of web pages that may connect, such as https://example.com; others are answered with 403. Devices send no Origin and are not restricted. Empty: every origin."
    },
    "downlinkFrame": {
      "type": "string",
      "enum": [
        "PROTOCOL",
        "TEXT",
        "BINARY"
      ],
      "default": "PROTOCOL",
      "x-enum-titles": {
        "zh-CN": [
          "由协议决定",
          "文本",
          "二进制"
        ],
        "en": [
          "As the protocol says",
          "Text",
          "Binary"
        ]
      },
      "x-order": 5,
      "title": "Downlink frames",
      "x-help": "Whether messages to devices go out as text or as binary frames."
    },
    "pingInterval": {
      "type": "integer",
      "default": 30,
      "minimum": 0,
      "maximum": 3600,
      "x-unit": "second",
      "x-order": 6,
      "title": "Ping interval",
      "x-help": "After this time without data from the device the server sends a ping; 0: never."
    },
    "pongTimeout": {
      "type": "integer",
      "default": 10,
      "minimum": 1,
      "maximum": 600,
      "x-unit": "second",
      "x-order": 7,
      "title": "Pong timeout",
      "x-help": "Time for an answer to a ping; then the connection is closed."
    },
    "idleTimeout": {
      "type": "integer",
      "default": 0,
      "minimum": 0,
      "maximum": 86400,
      "x-unit": "second",
      "x-order": 8,
      "title": "Idle timeout",
      "x-help": "A connection without a message either way (pings do not count) is closed after this time; 0: never."
    },
    "handshakeTimeout": {
      "type": "integer",
      "default": 10,
      "minimum": 1,
      "maximum": 600,
      "x-unit": "second",
      "x-order": 9,
      "title": "Handshake timeout",
      "x-help": "Time for the opening request to arrive; then 408."
    },
    "maxUriLength": {
      "type": "integer",
      "default": 8192,
      "minimum": 64,
      "maximum": 65536,
      "x-unit": "byte",
      "x-order": 10,
      "title": "Max URI length",
      "x-help": "Longest request target; a longer one is answered with 414."
    },
    "maxHeaderSize": {
      "type": "integer",
      "default": 16384,
      "minimum": 512,
      "maximum": 262144,
      "x-unit": "byte",
      "x-order": 11,
      "title": "Max header size",
      "x-help": "Bytes of all headers of the opening request; more is answered with 431."
    },
    "compression": {
      "type": "boolean",
      "default": false,
      "x-order": 12,
      "title": "Compression",
      "x-help": "Negotiates permessage-deflate; costs memory for each connection."
    },
    "compressionWindowBits": {
      "type": "integer",
      "default": 12,
      "minimum": 9,
      "maximum": 15,
      "x-visible-when": {
        "/compression": true
      },
      "x-order": 13,
      "title": "Window bits",
      "x-help": "A larger window compresses better and costs more memory."
    },
    "compressionContextTakeover": {
      "type": "boolean",
      "default": false,
      "x-visible-when": {
        "/compression": true
      },
      "x-order": 14,
      "title": "Context takeover",
      "x-help": "Keeps the window between messages: better compression, but idle connections hold memory too."
    },
    "compressionMinSize": {
      "type": "integer",
      "default": 256,
      "minimum": 1,
      "maximum": 1048576,
      "x-visible-when": {
        "/compression": true
      },
      "x-unit": "byte",
      "x-order": 15,
      "title": "Min size to compress",
      "x-help": "Shorter messages to devices are sent as they are."
    }
  },
  "i18n": {
    "zh-CN": {
      "/maxMessageSize": "最大消息长度",
      "/maxMessageSize#help": "一条消息的最大长度（解压后），超出时以 1009 关闭连接",
      "/paths": "允许的路径",
      "/paths#help": "只接受这些路径的连接，其他路径返回 404；末尾的 * 匹配其后的任意内容；为空时接受所有路径",
      "/paths/items": "路径",
      "/subprotocols": "子协议",
      "/subprotocols#help": "服务端支持的子协议，按客户端给出的顺序选择第一个支持的",
      "/subprotocols/items": "名称",
      "/allowedOrigins": "允许的来源",
      "/allowedOrigins#help": "浏览器页面的来源（Origin），例如 https://example.com，其他来源返回 403；没有 Origin 的设备不受限制；为空时接受所有来源",
      "/allowedOrigins/items": "来源",
      "/downlinkFrame": "下行帧类型",
      "/downlinkFrame#help": "下行消息使用文本帧还是二进制帧",
      "/pingInterval": "心跳间隔",
      "/pingInterval#help": "设备在该时间内没有发送任何数据时，服务端发送 Ping；0 表示不发送",
      "/pongTimeout": "心跳应答时限",
      "/pongTimeout#help": "发送 Ping 后在该时间内没有收到任何数据则断开连接",
      "/idleTimeout": "空闲超时",
      "/idleTimeout#help": "在该时间内没有上行或下行消息（心跳不计）则断开连接；0 表示不限制",
      "/handshakeTimeout": "握手时限",
      "/handshakeTimeout#help": "连接后握手请求到达的时限，超时返回 408",
      "/maxUriLength": "最大 URI 长度",
      "/maxUriLength#help": "握手请求 URI 的最大长度，超出时返回 414",
      "/maxHeaderSize": "最大请求头长度",
      "/maxHeaderSize#help": "握手请求全部请求头的最大长度，超出时返回 431",
      "/compression": "压缩",
      "/compression#help": "协商 permessage-deflate 压缩；每个连接占用更多内存",
      "/compressionWindowBits": "压缩窗口位数",
      "/compressionWindowBits#help": "窗口越大压缩率越高，占用内存越多",
      "/compressionContextTakeover": "跨消息压缩",
      "/compressionContextTakeover#help": "在消息之间保留压缩窗口；压缩率更高，但空闲连接也占用内存",
      "/compressionMinSize": "最小压缩长度",
      "/compressionMinSize#help": "短于该长度的下行消息不压缩"
    },
    "en": {
      "/maxMessageSize": "Max message size",
      "/maxMessageSize#help": "Largest message, after expansion; a longer one closes the connection with 1009.",
      "/paths": "Allowed paths",
      "/paths#help": "Only these paths are served, others are answered with 404; a * at the end stands for any rest. Empty: every path.",
      "/paths/items": "Path",
      "/subprotocols": "Subprotocols",
      "/subprotocols#help": "Subprotocols the server speaks; the first of the client's list that is among them is chosen.",
      "/subprotocols/items": "Name",
      "/allowedOrigins": "Allowed origins",
      "/allowedOrigins#help": "Origins of web pages that may connect, such as https://example.com; others are answered with 403. Devices send no Origin and are not restricted. Empty: every origin.",
      "/allowedOrigins/items": "Origin",
      "/downlinkFrame": "Downlink frames",
      "/downlinkFrame#help": "Whether messages to devices go out as text or as binary frames.",
      "/pingInterval": "Ping interval",
      "/pingInterval#help": "After this time without data from the device the server sends a ping; 0: never.",
      "/pongTimeout": "Pong timeout",
      "/pongTimeout#help": "Time for an answer to a ping; then the connection is closed.",
      "/idleTimeout": "Idle timeout",
      "/idleTimeout#help": "A connection without a message either way (pings do not count) is closed after this time; 0: never.",
      "/handshakeTimeout": "Handshake timeout",
      "/handshakeTimeout#help": "Time for the opening request to arrive; then 408.",
      "/maxUriLength": "Max URI length",
      "/maxUriLength#help": "Longest request target; a longer one is answered with 414.",
      "/maxHeaderSize": "Max header size",
      "/maxHeaderSize#help": "Bytes of all headers of the opening request; more is answered with 431.",
      "/compression": "Compression",
      "/compression#help": "Negotiates permessage-deflate; costs memory for each connection.",
      "/compressionWindowBits": "Window bits",
      "/compressionWindowBits#help": "A larger window compresses better and costs more memory.",
      "/compressionContextTakeover": "Context takeover",
      "/compressionContextTakeover#help": "Keeps the window between messages: better compression, but idle connections hold memory too.",
      "/compressionMinSize": "Min size to compress",
      "/compressionMinSize#help": "Shorter messages to devices are sent as they are."
    }
  }
})json";
// clang-format on

} // namespace fairlead::websocket
