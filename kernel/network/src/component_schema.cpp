// SPDX-License-Identifier: Apache-2.0
#include "component_schema_client.hpp"
#include "fairlead/network/schema.hpp"
#include "schema_walk.hpp"

#include <string>

// The common fields of the servers (N3) in front of the type's own.

namespace fairlead::network {

namespace {

using base::Json;
using base::JsonValue;
using namespace schema;

// clang-format off
constexpr std::string_view kServer = R"json({
  "type": "object",
  "required": ["host", "port", "publicHost", "publicPort"],
  "properties": {
    "host": {"type": "string", "format": "hostname", "maxLength": 64, "default": "0.0.0.0",
      "title": "Local address", "x-group": "common"},
    "port": {"type": "integer", "minimum": 1, "maximum": 65535, "title": "Local port",
      "x-group": "common"},
    "publicHost": {"type": "string", "format": "hostname", "maxLength": 253, "title": "Public address",
      "x-group": "common"},
    "publicPort": {"type": "integer", "minimum": 1, "maximum": 65535, "title": "Public port",
      "x-group": "common"},
    "maxConnections": {"type": "integer", "minimum": 1, "maximum": 1000000, "title": "Largest number of connections",
      "x-group": "common"}
  },
  "x-order": ["host", "port", "publicHost", "publicPort"],
  "i18n": {
    "zh-CN": {
      "/host": "本地地址",
      "/host#help": "共享配置时本地地址默认为0.0.0.0",
      "/port": "本地端口",
      "/publicHost": "公网地址",
      "/publicHost#help": "对外提供访问的地址，内网环境填写服务器的内网IP",
      "/publicPort": "公网端口",
      "/publicPort#help": "对外提供访问的端口",
      "/maxConnections": "最大连接数",
      "/maxConnections#help": "超出后拒绝新连接，为空表示不单独限制"
    },
    "en": {
      "/host": "Local address",
      "/host#help": "0.0.0.0 when the configuration is shared by all nodes.",
      "/port": "Local port",
      "/publicHost": "Public address",
      "/publicHost#help": "The address that devices are told; in a private network the server's own.",
      "/publicPort": "Public port",
      "/publicPort#help": "The port that devices are told.",
      "/maxConnections": "Largest number of connections",
      "/maxConnections#help": "Further ones are refused; empty: no limit of its own."
    }
  }
})json";

constexpr std::string_view kSecure = R"json({
  "type": "object",
  "properties": {
    "secure": {"type": "boolean", "default": false, "title": "Enable TLS", "x-group": "common"},
    "certificateId": {"type": "string", "maxLength": 64, "title": "Certificate", "x-ref": "certificates",
      "x-visible-when": {"secure": true}, "x-required-when": {"secure": true}, "x-group": "common"},
    "privateKeyAlias": {"type": "string", "maxLength": 64, "title": "Private-key alias",
      "x-visible-when": {"secure": true}, "x-group": "common"},
    "clientCertificates": {"type": "string", "enum": ["no", "asked", "required"], "default": "no",
      "title": "Client certificates", "x-visible-when": {"secure": true}, "x-group": "common",
      "x-enum-titles": {"zh-CN": ["不需要", "可选", "必须"], "en": ["Not asked for", "Asked for", "Required"]}}
  },
  "x-order": ["secure", "certificateId", "privateKeyAlias", "clientCertificates", "maxConnections"],
  "i18n": {
    "zh-CN": {
      "/secure": "开启TLS",
      "/certificateId": "证书",
      "/privateKeyAlias": "私钥别名",
      "/privateKeyAlias#help": "仅用于说明，证书中只有一个私钥",
      "/clientCertificates": "客户端证书",
      "/clientCertificates#help": "按证书中的受信任CA验证客户端"
    },
    "en": {
      "/secure": "Enable TLS",
      "/certificateId": "Certificate",
      "/privateKeyAlias": "Private-key alias",
      "/privateKeyAlias#help": "A note only; the certificate has one private key.",
      "/clientCertificates": "Client certificates",
      "/clientCertificates#help": "Clients are verified by the trusted authorities of the certificate."
    }
  }
})json";
constexpr std::string_view kDtls = R"json({
  "type": "object",
  "properties": {
    "secure": {"type": "boolean", "default": false, "title": "Enable DTLS", "x-group": "common"},
    "dtlsMode": {"type": "string", "enum": ["certificate", "psk", "both"], "default": "certificate",
      "title": "Key exchange", "x-visible-when": {"secure": true}, "x-group": "common",
      "x-enum-titles": {"zh-CN": ["证书", "预共享密钥", "证书或预共享密钥"],
                        "en": ["Certificate", "Pre-shared key", "Certificate or pre-shared key"]}},
    "certificateId": {"type": "string", "maxLength": 64, "title": "Certificate", "x-ref": "certificates",
      "x-visible-when": {"secure": true, "dtlsMode": ["certificate", "both"]},
      "x-required-when": {"secure": true, "dtlsMode": ["certificate", "both"]}, "x-group": "common"},
    "privateKeyAlias": {"type": "string", "maxLength": 64, "title": "Private-key alias",
      "x-visible-when": {"secure": true, "dtlsMode": ["certificate", "both"]}, "x-group": "common"},
    "clientCertificates": {"type": "string", "enum": ["no", "asked", "required"], "default": "no",
      "title": "Client certificates",
      "x-visible-when": {"secure": true, "dtlsMode": ["certificate", "both"]}, "x-group": "common",
      "x-enum-titles": {"zh-CN": ["不需要", "可选", "必须"], "en": ["Not asked for", "Asked for", "Required"]}}
  },
  "x-order": ["secure", "dtlsMode", "certificateId", "privateKeyAlias", "clientCertificates"],
  "i18n": {
    "zh-CN": {
      "/secure": "开启DTLS",
      "/dtlsMode": "密钥交换方式",
      "/dtlsMode#help": "使用预共享密钥时，身份标识为设备ID，密钥为设备或产品的配置项dtlsPsk",
      "/certificateId": "证书",
      "/privateKeyAlias": "私钥别名",
      "/privateKeyAlias#help": "仅用于说明，证书中只有一个私钥",
      "/clientCertificates": "客户端证书",
      "/clientCertificates#help": "按证书中的受信任CA验证客户端，使用预共享密钥的设备不需要证书"
    },
    "en": {
      "/secure": "Enable DTLS",
      "/dtlsMode": "Key exchange",
      "/dtlsMode#help": "With pre-shared keys the identity is the device's id, and the key the setting dtlsPsk of the device or its product.",
      "/certificateId": "Certificate",
      "/privateKeyAlias": "Private-key alias",
      "/privateKeyAlias#help": "A note only; the certificate has one private key.",
      "/clientCertificates": "Client certificates",
      "/clientCertificates#help": "Clients are verified by the trusted authorities of the certificate; those with a pre-shared key need none."
    }
  }
})json";

constexpr std::string_view kDatagram = R"json({
  "type": "object",
  "properties": {
    "idleTimeout": {"type": "integer", "minimum": 1000, "maximum": 86400000, "default": 600000,
      "title": "Idle time", "x-unit": "millisecond", "x-group": "common"}
  },
  "x-order": ["maxConnections", "idleTimeout"],
  "i18n": {
    "zh-CN": {
      "/idleTimeout": "空闲时间",
      "/idleTimeout#help": "对端静默超过该时间后不再保留，之后向其下发消息需等待其再次上报"
    },
    "en": {
      "/idleTimeout": "Idle time",
      "/idleTimeout#help": "A peer silent for longer is forgotten; commands reach it again after its next message."
    }
  }
})json";
// clang-format on

int depthOf(const JsonValue& schema) {
    int deepest = 0;
    const JsonValue* properties = base::member(schema, "properties");
    if (properties != nullptr && properties->IsObject()) {
        for (const auto& property : properties->GetObject()) {
            deepest = std::max(deepest, depthOf(property.value));
        }
    }
    const JsonValue* items = base::member(schema, "items");
    if (items != nullptr) {
        deepest = std::max(deepest, depthOf(*items));
    }
    return 1 + deepest;
}

/// Adds the members of `from`'s object `name` to `to`'s, existing ones win.
void mergeObject(Json& to, const JsonValue& from, const char* name) {
    const JsonValue* more = base::member(from, name);
    if (more == nullptr || !more->IsObject()) {
        return;
    }
    auto& allocator = to.GetAllocator();
    if (base::member(to, name) == nullptr) {
        to.AddMember(JsonValue(name, allocator), JsonValue(rapidjson::kObjectType), allocator);
    }
    JsonValue& target = to[name];
    for (const auto& entry : more->GetObject()) {
        if (memberOf(target, viewOf(entry.name)) == nullptr) {
            target.AddMember(JsonValue(entry.name, allocator), JsonValue(entry.value, allocator),
                             allocator);
        }
    }
}

void appendArray(Json& to, const JsonValue& from, const char* name) {
    const JsonValue* more = base::member(from, name);
    if (more == nullptr || !more->IsArray()) {
        return;
    }
    auto& allocator = to.GetAllocator();
    if (base::member(to, name) == nullptr) {
        to.AddMember(JsonValue(name, allocator), JsonValue(rapidjson::kArrayType), allocator);
    }
    for (const JsonValue& entry : more->GetArray()) {
        to[name].PushBack(JsonValue(entry, allocator), allocator);
    }
}

void mergeTexts(Json& to, const JsonValue& from) {
    const JsonValue* more = base::member(from, "i18n");
    if (more == nullptr || !more->IsObject()) {
        return;
    }
    mergeObject(to, from, "i18n");
    auto& allocator = to.GetAllocator();
    for (const auto& locale : more->GetObject()) {
        JsonValue& texts = *memberOf(to["i18n"], viewOf(locale.name));
        for (const auto& text : locale.value.GetObject()) {
            if (memberOf(texts, viewOf(text.name)) == nullptr) {
                texts.AddMember(JsonValue(text.name, allocator), JsonValue(text.value, allocator),
                                allocator);
            }
        }
    }
}

void merge(Json& to, const JsonValue& from) {
    mergeObject(to, from, "properties");
    mergeTexts(to, from);
    appendArray(to, from, "required");
    appendArray(to, from, "x-order");
    appendArray(to, from, "oneOf");
}

/// Datagrams know no connections.
void callThemPeers(Json& schema) {
    auto& allocator = schema.GetAllocator();
    schema["properties"]["maxConnections"]["title"].SetString("Largest number of peers", allocator);
    JsonValue& zh = schema["i18n"]["zh-CN"];
    zh["/maxConnections"].SetString("最大对端数", allocator);
    zh["/maxConnections#help"].SetString(
        "超出后先移除静默最久的对端，否则拒绝新的对端；为空时按内存大小限制", allocator);
    JsonValue& en = schema["i18n"]["en"];
    en["/maxConnections"].SetString("Largest number of peers", allocator);
    en["/maxConnections#help"].SetString(
        "Further ones take the place of the one that has been silent longest, or are refused; "
        "empty: as many as the memory allows.",
        allocator);
}

base::Error broken(const TypeDescription& type, const std::string& why) {
    return base::Error::invalid("The settings schema of type " + type.id +
                                " cannot be used: " + why);
}

/// One remote side, unless the type has a list of its own.
std::string_view commonOfClient(const JsonValue& own) {
    const JsonValue* properties = base::member(own, "properties");
    const bool list = properties != nullptr && base::member(*properties, "targets") != nullptr;
    return list ? R"({"type":"object"})" : remoteSchema();
}

bool hasTexts(const JsonValue& schema) {
    const JsonValue* texts = base::member(schema, "i18n");
    if (texts == nullptr) {
        return true;
    }
    if (!texts->IsObject()) {
        return false;
    }
    for (const auto& locale : texts->GetObject()) {
        if (!locale.value.IsObject()) {
            return false;
        }
    }
    return true;
}

} // namespace

base::Result<Json> componentSchema(const TypeDescription& type) {
    if (type.schema.size() > kSchemaBytesMax) {
        return broken(type, "it is longer than 64 KiB");
    }
    FL_ASSIGN(Json own, base::parseJson(type.schema.empty() ? "{}" : type.schema));
    if (!own.IsObject() || depthOf(own) > kSchemaDepthMax + 1 || !hasTexts(own)) {
        return broken(type, "it is no object, too deep, or its texts are broken");
    }
    FL_ASSIGN(Json schema, base::parseJson(type.client ? commonOfClient(own) : kServer));
    if (type.tls || type.dtls) {
        const std::string_view offered =
            type.client ? clientSecureSchema() : std::string_view(type.tls ? kSecure : kDtls);
        FL_ASSIGN(const Json secure, base::parseJson(offered));
        merge(schema, secure);
    }
    if (type.datagram && !type.stream && !type.client) {
        FL_ASSIGN(const Json datagram, base::parseJson(kDatagram));
        merge(schema, datagram);
        callThemPeers(schema);
    }
    merge(schema, own);
    if (type.client) {
        FL_ASSIGN(const Json times, base::parseJson(dialTimesSchema()));
        merge(schema, times);
    }
    return schema;
}

} // namespace fairlead::network
