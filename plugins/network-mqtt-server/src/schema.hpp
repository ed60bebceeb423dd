// SPDX-License-Identifier: Apache-2.0
// Settings of the type as a JSON Schema (draft-04 subset); settings.hpp holds the same defaults.
#pragma once

#include <string_view>

namespace fairlead::mqtt {

// clang-format off
inline constexpr std::string_view kSchema = R"json({
  "type": "object",
  "properties": {
    "maxMessageSize": {
      "type": "integer",
      "title": "Max message size",
      "default": 8192,
      "x-order": 1,
      "x-help": "Largest packet accepted from a device. Large values may cost performance.",
      "x-unit": "byte",
      "minimum": 1024,
      "maximum": 1073741824
    },
    "downlinkQos": {
      "type": "integer",
      "title": "Downlink QoS",
      "default": 1,
      "x-order": 2,
      "x-help": "QoS of commands when the protocol does not choose one; never above what the device subscribed with.",
      "enum": [
        0,
        1,
        2
      ]
    },
    "deliverUnsubscribed": {
      "type": "boolean",
      "title": "Deliver without subscription",
      "default": true,
      "x-order": 3,
      "x-help": "Send a command at QoS 0 even when the device subscribed to no topic that covers it, as many existing devices expect."
    },
    "maxInflight": {
      "type": "integer",
      "title": "Receive maximum",
      "default": 1024,
      "x-order": 4,
      "x-help": "Unacknowledged QoS 1 and 2 messages an MQTT 5 device may have on the way to the server.",
      "minimum": 1,
      "maximum": 65535
    },
    "downlinkWindow": {
      "type": "integer",
      "title": "Downlink window",
      "default": 32,
      "x-order": 5,
      "x-help": "Unacknowledged QoS 1 and 2 messages on the way to one device.",
      "minimum": 1,
      "maximum": 1024
    },
    "keepAliveMax": {
      "type": "integer",
      "title": "Longest keep-alive",
      "default": 3600,
      "x-order": 6,
      "x-help": "MQTT 5 devices that ask for more (or for none) are told this value; 0 leaves it to the device.",
      "x-unit": "second",
      "minimum": 0,
      "maximum": 65535
    },
    "sessionExpiryMax": {
      "type": "integer",
      "title": "Longest session",
      "default": 604800,
      "x-order": 7,
      "x-help": "How long a session is kept after the connection ended; 0 ends sessions with their connection.",
      "x-unit": "second",
      "minimum": 0,
      "maximum": 4294967295
    },
    "topicAliasMax": {
      "type": "integer",
      "title": "Topic aliases",
      "default": 16,
      "x-order": 8,
      "x-help": "Topic aliases an MQTT 5 device may use; 0 offers none.",
      "minimum": 0,
      "maximum": 1000
    },
    "maxRetained": {
      "type": "integer",
      "title": "Retained messages per device",
      "default": 32,
      "x-order": 9,
      "x-help": "Retained messages kept for each device; 0 does not offer retained messages.",
      "minimum": 0,
      "maximum": 256
    },
    "connectTimeout": {
      "type": "integer",
      "title": "Log-in timeout",
      "default": 10,
      "x-order": 10,
      "x-help": "Time within which a new connection must have logged in.",
      "x-unit": "second",
      "minimum": 1,
      "maximum": 120
    }
  },
  "i18n": {
    "zh-CN": {
      "/maxMessageSize": "最大消息长度",
      "/maxMessageSize#help": "单个报文允许的最大长度，设置过大可能会影响性能",
      "/downlinkQos": "下行 QoS",
      "/downlinkQos#help": "协议未指定时下发消息使用的 QoS，不高于设备订阅的 QoS",
      "/deliverUnsubscribed": "未订阅也下发",
      "/deliverUnsubscribed#help": "设备未订阅对应主题时，仍以 QoS 0 下发消息（兼容现有设备）",
      "/maxInflight": "接收窗口",
      "/maxInflight#help": "MQTT 5 设备允许同时上行的未确认 QoS 1/2 消息数",
      "/downlinkWindow": "下行窗口",
      "/downlinkWindow#help": "同一设备允许同时下行的未确认 QoS 1/2 消息数",
      "/keepAliveMax": "最长保活时间",
      "/keepAliveMax#help": "MQTT 5 设备请求的保活时间超过该值（或为 0）时由服务端指定为该值，0 表示不限制",
      "/sessionExpiryMax": "会话最长保留时间",
      "/sessionExpiryMax#help": "连接断开后会话保留的最长时间，0 表示随连接结束",
      "/topicAliasMax": "主题别名数",
      "/topicAliasMax#help": "MQTT 5 设备可使用的主题别名数量，0 表示不支持",
      "/maxRetained": "每设备保留消息数",
      "/maxRetained#help": "每个设备的保留消息数量上限，0 表示不支持保留消息",
      "/connectTimeout": "登录超时",
      "/connectTimeout#help": "新连接完成登录（CONNECT）的时限"
    },
    "en": {
      "/maxMessageSize": "Max message size",
      "/maxMessageSize#help": "Largest packet accepted from a device. Large values may cost performance.",
      "/downlinkQos": "Downlink QoS",
      "/downlinkQos#help": "QoS of commands when the protocol does not choose one; never above what the device subscribed with.",
      "/deliverUnsubscribed": "Deliver without subscription",
      "/deliverUnsubscribed#help": "Send a command at QoS 0 even when the device subscribed to no topic that covers it, as many existing devices expect.",
      "/maxInflight": "Receive maximum",
      "/maxInflight#help": "Unacknowledged QoS 1 and 2 messages an MQTT 5 device may have on the way to the server.",
      "/downlinkWindow": "Downlink window",
      "/downlinkWindow#help": "Unacknowledged QoS 1 and 2 messages on the way to one device.",
      "/keepAliveMax": "Longest keep-alive",
      "/keepAliveMax#help": "MQTT 5 devices that ask for more (or for none) are told this value; 0 leaves it to the device.",
      "/sessionExpiryMax": "Longest session",
      "/sessionExpiryMax#help": "How long a session is kept after the connection ended; 0 ends sessions with their connection.",
      "/topicAliasMax": "Topic aliases",
      "/topicAliasMax#help": "Topic aliases an MQTT 5 device may use; 0 offers none.",
      "/maxRetained": "Retained messages per device",
      "/maxRetained#help": "Retained messages kept for each device; 0 does not offer retained messages.",
      "/connectTimeout": "Log-in timeout",
      "/connectTimeout#help": "Time within which a new connection must have logged in."
    }
  }
})json";
// clang-format on

} // namespace fairlead::mqtt
