// SPDX-License-Identifier: Apache-2.0
// Settings of the type as a JSON Schema (draft-04 subset); settings.hpp holds the same defaults.
// The idle time and DTLS are fields of the host.
#pragma once

#include <string_view>

namespace fairlead::udp {

// clang-format off
inline constexpr std::string_view kSchema = R"json({
  "type": "object",
  "properties": {
    "maxDatagramLength": {
      "type": "integer",
      "default": 8192,
      "minimum": 64,
      "maximum": 65507,
      "x-order": 1,
      "x-unit": "byte",
      "title": "Max datagram size",
      "x-help": "Longer datagrams are thrown away. Above 1200 bytes they travel in pieces, and get lost more often."
    }
  },
  "i18n": {
    "zh-CN": {
      "/maxDatagramLength": "最大数据包长度",
      "/maxDatagramLength#help": "超出长度的数据包将被丢弃；超过 1200 字节的数据包会被网络分片，更容易丢失"
    },
    "en": {
      "/maxDatagramLength": "Max datagram size",
      "/maxDatagramLength#help": "Longer datagrams are thrown away. Above 1200 bytes they travel in pieces, and get lost more often."
    }
  }
})json";
// clang-format on

} // namespace fairlead::udp
