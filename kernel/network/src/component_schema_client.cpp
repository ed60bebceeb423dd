// SPDX-License-Identifier: Apache-2.0
#include "component_schema_client.hpp"

// The common fields of client types: whom to dial, TLS from the client's side, when to try again.

namespace fairlead::network {

namespace {

// clang-format off
constexpr std::string_view kRemote = R"json({
  "type": "object",
  "required": ["remoteHost", "remotePort"],
  "properties": {
    "remoteHost": {"type": "string", "format": "hostname", "maxLength": 253, "title": "Remote address",
      "x-group": "common"},
    "remotePort": {"type": "integer", "minimum": 1, "maximum": 65535, "title": "Remote port",
      "x-group": "common"}
  },
  "x-order": ["remoteHost", "remotePort"],
  "i18n": {
    "zh-CN": {
      "/remoteHost": "远程地址",
      "/remoteHost#help": "对端的域名或IP地址，由服务器主动连接",
      "/remotePort": "远程端口"
    },
    "en": {
      "/remoteHost": "Remote address",
      "/remoteHost#help": "Name or IP address that the server connects to.",
      "/remotePort": "Remote port"
    }
  }
})json";

constexpr std::string_view kTimes = R"json({
  "type": "object",
  "properties": {
    "connectTimeout": {"type": "integer", "minimum": 1, "maximum": 120, "default": 10, "x-unit": "second",
      "title": "Connect timeout", "x-group": "common"},
    "reconnectFirst": {"type": "integer", "minimum": 1, "maximum": 3600, "default": 1, "x-unit": "second",
      "title": "First pause", "x-group": "common"},
    "reconnectLongest": {"type": "integer", "minimum": 1, "maximum": 86400, "default": 60, "x-unit": "second",
      "title": "Longest pause", "x-group": "common"}
  },
  "x-order": ["connectTimeout", "reconnectFirst", "reconnectLongest"],
  "i18n": {
    "zh-CN": {
      "/connectTimeout": "连接超时",
      "/connectTimeout#help": "解析域名并建立连接的时限",
      "/reconnectFirst": "首次重连间隔",
      "/reconnectFirst#help": "断开后在该时间内随机等待再重连，每次失败后上限加倍",
      "/reconnectLongest": "最长重连间隔",
      "/reconnectLongest#help": "重连间隔的上限"
    },
    "en": {
      "/connectTimeout": "Connect timeout",
      "/connectTimeout#help": "For looking up the name and for connecting.",
      "/reconnectFirst": "First pause",
      "/reconnectFirst#help": "After a failure the server waits a random time up to this before it connects again; the bound doubles with every failure.",
      "/reconnectLongest": "Longest pause",
      "/reconnectLongest#help": "The bound grows no further than this."
    }
  }
})json";

constexpr std::string_view kSecure = R"json({
  "type": "object",
  "properties": {
    "secure": {"type": "boolean", "default": false, "title": "Enable TLS", "x-group": "common"},
    "verifyServer": {"type": "boolean", "default": true, "title": "Verify the server",
      "x-visible-when": {"secure": true}, "x-group": "common"},
    "serverName": {"type": "string", "format": "hostname", "maxLength": 253, "title": "Server name",
      "x-visible-when": {"secure": true}, "x-group": "common"},
    "certificateId": {"type": "string", "maxLength": 64, "title": "Certificate", "x-ref": "certificates",
      "x-visible-when": {"secure": true}, "x-group": "common"},
    "privateKeyAlias": {"type": "string", "maxLength": 64, "title": "Private-key alias",
      "x-visible-when": {"secure": true}, "x-group": "common"}
  },
  "x-order": ["secure", "verifyServer", "serverName", "certificateId", "privateKeyAlias"],
  "i18n": {
    "zh-CN": {
      "/secure": "开启TLS",
      "/verifyServer": "验证服务端",
      "/verifyServer#help": "关闭后不验证对端证书，中间人可以读取和篡改全部数据",
      "/serverName": "服务端名称",
      "/serverName#help": "证书中应有的名称，为空时使用连接的地址",
      "/certificateId": "证书",
      "/certificateId#help": "其受信任CA用于验证对端（没有时使用系统CA），对端要求时出示该证书",
      "/privateKeyAlias": "私钥别名",
      "/privateKeyAlias#help": "仅用于说明，证书中只有一个私钥"
    },
    "en": {
      "/secure": "Enable TLS",
      "/verifyServer": "Verify the server",
      "/verifyServer#help": "When off, the other side's certificate is not checked: anybody on the way can read and change everything.",
      "/serverName": "Server name",
      "/serverName#help": "The name that the certificate has to have; empty: the address that is dialled.",
      "/certificateId": "Certificate",
      "/certificateId#help": "Its trusted authorities verify the other side (without any, the system's do); the certificate itself is shown when the other side asks for one.",
      "/privateKeyAlias": "Private-key alias",
      "/privateKeyAlias#help": "A note only; the certificate has one private key."
    }
  }
})json";
// clang-format on

} // namespace

std::string_view remoteSchema() noexcept {
    return kRemote;
}

std::string_view dialTimesSchema() noexcept {
    return kTimes;
}

std::string_view clientSecureSchema() noexcept {
    return kSecure;
}

} // namespace fairlead::network
