// SPDX-License-Identifier: Apache-2.0
// Settings of the type as a JSON Schema (draft-04 subset); settings.hpp holds the same defaults.
#pragma once

#include <string_view>

namespace fairlead::mqtt_client {

// clang-format off
inline constexpr std::string_view kSchema = R"json({
  "type": "object",
  "required": [
    "clientId"
  ],
  "properties": {
    "clientId": {
      "type": "string",
      "maxLength": 64,
      "x-order": 1,
      "title": "Client id",
      "x-help": "The broker keeps the session under it; no other client may have it."
    },
    "username": {
      "type": "string",
      "maxLength": 64,
      "x-order": 2,
      "title": "User name",
      "x-help": "Empty: none."
    },
    "password": {
      "type": "string",
      "maxLength": 64,
      "x-widget": "password",
      "x-secret": true,
      "x-order": 3,
      "title": "Password",
      "x-help": "Empty: none."
    },
    "version": {
      "type": "string",
      "enum": [
        "3.1.1",
        "5.0"
      ],
      "default": "3.1.1",
      "x-order": 4,
      "title": "Version",
      "x-help": "Version of MQTT that is spoken to the broker."
    },
    "topicPrefix": {
      "type": "string",
      "maxLength": 64,
      "x-order": 5,
      "title": "Subscription prefix",
      "x-help": "$queue or $share/ and a group's name: several clients share the messages (EMQX and others)."
    },
    "topics": {
      "type": "array",
      "maxItems": 100,
      "items": {
        "type": "string",
        "maxLength": 256
      },
      "x-order": 6,
      "title": "Topics",
      "x-help": "Topic filters; empty: those on which the protocols of the gateways receive."
    },
    "qos": {
      "type": "integer",
      "enum": [
        0,
        1,
        2
      ],
      "default": 1,
      "x-order": 7,
      "title": "Subscription QoS",
      "x-help": "Acknowledged after a message is stored: with QoS 1 and 2 none is lost."
    },
    "downlinkQos": {
      "type": "integer",
      "enum": [
        0,
        1,
        2
      ],
      "default": 1,
      "x-order": 8,
      "title": "Downlink QoS",
      "x-help": "QoS of commands when the protocol does not choose one."
    },
    "cleanSession": {
      "type": "boolean",
      "default": false,
      "x-order": 9,
      "title": "Clean session",
      "x-help": "When on, the broker keeps nothing for the server while it is not connected."
    },
    "sessionExpiry": {
      "type": "integer",
      "minimum": 1,
      "maximum": 4294967295,
      "default": 604800,
      "x-unit": "second",
      "x-visible-when": {
        "version": "5.0",
        "cleanSession": false
      },
      "x-order": 10,
      "title": "Session expiry",
      "x-help": "How long the broker keeps the session without a connection."
    },
    "takeRetained": {
      "type": "boolean",
      "default": false,
      "x-order": 11,
      "title": "Take retained messages",
      "x-help": "What the broker has retained is old news and comes again with every connection; ignored unless this is on."
    },
    "keepAlive": {
      "type": "integer",
      "minimum": 0,
      "maximum": 65535,
      "default": 60,
      "x-unit": "second",
      "x-order": 12,
      "title": "Keep-alive",
      "x-help": "0: none."
    },
    "maxMessageSize": {
      "type": "integer",
      "minimum": 1024,
      "maximum": 268435455,
      "default": 1048576,
      "x-unit": "byte",
      "x-order": 13,
      "title": "Max message size",
      "x-help": "Longer messages are acknowledged, counted and dropped."
    },
    "downlinkWindow": {
      "type": "integer",
      "minimum": 1,
      "maximum": 1024,
      "default": 32,
      "x-order": 14,
      "title": "Downlink window",
      "x-help": "Unacknowledged QoS 1 and 2 messages on the way to the broker; others queue up."
    },
    "maxInflight": {
      "type": "integer",
      "minimum": 1,
      "maximum": 65535,
      "default": 1024,
      "x-visible-when": {
        "version": "5.0"
      },
      "x-order": 15,
      "title": "Receive maximum",
      "x-help": "Unacknowledged QoS 1 and 2 messages on the way to the server."
    },
    "topicAliasMax": {
      "type": "integer",
      "minimum": 0,
      "maximum": 1000,
      "default": 16,
      "x-visible-when": {
        "version": "5.0"
      },
      "x-order": 16,
      "title": "Topic aliases",
      "x-help": "Topic aliases that the broker may use; 0: none."
    }
  },
  "i18n": {
    "zh-CN": {
      "/clientId": "客户端ID",
      "/clientId#help": "服务端以此保存会话，必须唯一",
      "/username": "用户名",
      "/username#help": "为空表示不使用",
      "/password": "密码",
      "/password#help": "为空表示不使用",
      "/version": "协议版本",
      "/version#help": "与服务端通信使用的MQTT版本",
      "/topicPrefix": "订阅前缀",
      "/topicPrefix#help": "$queue 或 $share/组名，用于在多个客户端之间分担消息（如EMQX）",
      "/topics": "订阅主题",
      "/topics#help": "为空时订阅网关所用协议的上行主题",
      "/qos": "订阅 QoS",
      "/qos#help": "消息存储后才确认，QoS 1/2 不会丢失",
      "/downlinkQos": "下行 QoS",
      "/downlinkQos#help": "协议未指定时下发消息使用的 QoS",
      "/cleanSession": "清除会话",
      "/cleanSession#help": "开启后断线期间的消息不会保留",
      "/sessionExpiry": "会话保留时间",
      "/sessionExpiry#help": "断线后服务端保留会话的时间",
      "/takeRetained": "接收保留消息",
      "/takeRetained#help": "订阅时服务端发送的保留消息是旧数据，默认忽略",
      "/keepAlive": "心跳时间",
      "/keepAlive#help": "0 表示不发送心跳",
      "/maxMessageSize": "最大消息长度",
      "/maxMessageSize#help": "超出的消息被确认、计数并丢弃",
      "/downlinkWindow": "下行窗口",
      "/downlinkWindow#help": "允许同时下行的未确认 QoS 1/2 消息数，其余排队",
      "/maxInflight": "接收窗口",
      "/maxInflight#help": "允许同时上行的未确认 QoS 1/2 消息数",
      "/topicAliasMax": "主题别名数",
      "/topicAliasMax#help": "服务端可使用的主题别名数量，0 表示不支持"
    },
    "en": {
      "/clientId": "Client id",
      "/clientId#help": "The broker keeps the session under it; no other client may have it.",
      "/username": "User name",
      "/username#help": "Empty: none.",
      "/password": "Password",
      "/password#help": "Empty: none.",
      "/version": "Version",
      "/version#help": "Version of MQTT that is spoken to the broker.",
      "/topicPrefix": "Subscription prefix",
      "/topicPrefix#help": "$queue or $share/ and a group's name: several clients share the messages (EMQX and others).",
      "/topics": "Topics",
      "/topics#help": "Topic filters; empty: those on which the protocols of the gateways receive.",
      "/qos": "Subscription QoS",
      "/qos#help": "Acknowledged after a message is stored: with QoS 1 and 2 none is lost.",
      "/downlinkQos": "Downlink QoS",
      "/downlinkQos#help": "QoS of commands when the protocol does not choose one.",
      "/cleanSession": "Clean session",
      "/cleanSession#help": "When on, the broker keeps nothing for the server while it is not connected.",
      "/sessionExpiry": "Session expiry",
      "/sessionExpiry#help": "How long the broker keeps the session without a connection.",
      "/takeRetained": "Take retained messages",
      "/takeRetained#help": "What the broker has retained is old news and comes again with every connection; ignored unless this is on.",
      "/keepAlive": "Keep-alive",
      "/keepAlive#help": "0: none.",
      "/maxMessageSize": "Max message size",
      "/maxMessageSize#help": "Longer messages are acknowledged, counted and dropped.",
      "/downlinkWindow": "Downlink window",
      "/downlinkWindow#help": "Unacknowledged QoS 1 and 2 messages on the way to the broker; others queue up.",
      "/maxInflight": "Receive maximum",
      "/maxInflight#help": "Unacknowledged QoS 1 and 2 messages on the way to the server.",
      "/topicAliasMax": "Topic aliases",
      "/topicAliasMax#help": "Topic aliases that the broker may use; 0: none."
    }
  }
})json";
// clang-format on

} // namespace fairlead::mqtt_client
