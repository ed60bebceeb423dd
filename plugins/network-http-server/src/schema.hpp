// SPDX-License-Identifier: Apache-2.0
// Settings of the type as a JSON Schema (draft-04 subset); settings.hpp holds the same defaults.
#pragma once

#include <string_view>

namespace fairlead::http {

// clang-format off
inline constexpr std::string_view kSchema = R"json({
  "type": "object",
  "properties": {
    "maxBodySize": {
      "type": "integer",
      "default": 1048576,
      "minimum": 0,
      "maximum": 1073741824,
      "x-order": 1,
      "x-unit": "byte",
      "title": "Max message size",
      "x-help": "Largest request body; a longer one is answered with 413."
    },
    "maxUriLength": {
      "type": "integer",
      "default": 8192,
      "minimum": 64,
      "maximum": 65536,
      "x-order": 2,
      "x-unit": "byte",
      "title": "Max URI length",
      "x-help": "Longest request target; a longer one is answered with 414."
    },
    "maxHeaderSize": {
      "type": "integer",
      "default": 16384,
      "minimum": 512,
      "maximum": 262144,
      "x-order": 3,
      "x-unit": "byte",
      "title": "Max header size",
      "x-help": "Bytes of all request headers; more is answered with 431."
    },
    "idleTimeout": {
      "type": "integer",
      "default": 60,
      "minimum": 1,
      "maximum": 3600,
      "x-order": 4,
      "x-unit": "second",
      "title": "Idle timeout",
      "x-help": "A connection without a request is closed after this time."
    },
    "headTimeout": {
      "type": "integer",
      "default": 10,
      "minimum": 1,
      "maximum": 600,
      "x-order": 5,
      "x-unit": "second",
      "title": "Header timeout",
      "x-help": "Time for a request's headers to arrive; then 408."
    },
    "bodyTimeout": {
      "type": "integer",
      "default": 30,
      "minimum": 1,
      "maximum": 3600,
      "x-order": 6,
      "x-unit": "second",
      "title": "Body timeout",
      "x-help": "Time for a request's body to arrive; then 408."
    },
    "httpHeaders": {
      "type": "array",
      "maxItems": 32,
      "items": {
        "type": "object",
        "required": [
          "name",
          "value"
        ],
        "properties": {
          "name": {
            "type": "string",
            "minLength": 1,
            "maxLength": 64,
            "x-order": 1,
            "title": "Name"
          },
          "value": {
            "type": "string",
            "maxLength": 1024,
            "x-order": 2,
            "title": "Value"
          }
        }
      },
      "x-order": 7,
      "title": "Response headers",
      "x-help": "Headers added to every response."
    }
  },
  "i18n": {
    "zh-CN": {
      "/maxBodySize": "最大消息长度",
      "/maxBodySize#help": "请求体的最大长度，超出时返回 413",
      "/maxUriLength": "最大 URI 长度",
      "/maxUriLength#help": "请求 URI 的最大长度，超出时返回 414",
      "/maxHeaderSize": "最大请求头长度",
      "/maxHeaderSize#help": "全部请求头的最大长度，超出时返回 431",
      "/idleTimeout": "空闲超时",
      "/idleTimeout#help": "连接在该时间内没有请求则断开",
      "/headTimeout": "请求头超时",
      "/headTimeout#help": "请求头到达的时限，超时返回 408",
      "/bodyTimeout": "请求体超时",
      "/bodyTimeout#help": "请求体到达的时限，超时返回 408",
      "/httpHeaders/items/name": "名称",
      "/httpHeaders/items/value": "值",
      "/httpHeaders": "响应头",
      "/httpHeaders#help": "附加到每个响应的 HTTP 头"
    },
    "en": {
      "/maxBodySize": "Max message size",
      "/maxBodySize#help": "Largest request body; a longer one is answered with 413.",
      "/maxUriLength": "Max URI length",
      "/maxUriLength#help": "Longest request target; a longer one is answered with 414.",
      "/maxHeaderSize": "Max header size",
      "/maxHeaderSize#help": "Bytes of all request headers; more is answered with 431.",
      "/idleTimeout": "Idle timeout",
      "/idleTimeout#help": "A connection without a request is closed after this time.",
      "/headTimeout": "Header timeout",
      "/headTimeout#help": "Time for a request's headers to arrive; then 408.",
      "/bodyTimeout": "Body timeout",
      "/bodyTimeout#help": "Time for a request's body to arrive; then 408.",
      "/httpHeaders/items/name": "Name",
      "/httpHeaders/items/value": "Value",
      "/httpHeaders": "Response headers",
      "/httpHeaders#help": "Headers added to every response."
    }
  }
})json";
// clang-format on

} // namespace fairlead::http
