// SPDX-License-Identifier: Apache-2.0
// What the pages show of this protocol: routes, credential forms, documents.
#include "binary.hpp"
#include "documents.hpp"
#include "protocol.hpp"

// A JSON object of texts by locale.
#define FL_TEXTS(zh, en) "{\"zh-CN\":\"" zh "\",\"en\":\"" en "\"}"

namespace fairlead::official {
namespace {

constexpr std::string_view kProperties = FL_TEXTS("属性", "Properties");
constexpr std::string_view kEvents = FL_TEXTS("事件", "Events");
constexpr std::string_view kFunctions = FL_TEXTS("功能", "Functions");
constexpr std::string_view kState = FL_TEXTS("状态", "State");
constexpr std::string_view kChildren = FL_TEXTS("子设备", "Child devices");
constexpr std::string_view kFirmware = FL_TEXTS("固件", "Firmware");
constexpr std::string_view kOther = FL_TEXTS("其他", "Other");

constexpr std::string_view kReport = FL_TEXTS("上报属性", "Report properties");
constexpr std::string_view kReportBody =
    R"({"messageId":"1","timestamp":1700000000000,"properties":{"temperature":36.5}})";
constexpr std::string_view kEvent = FL_TEXTS("上报事件", "Report an event");
constexpr std::string_view kEventBody = R"({"messageId":"2","data":{"level":1}})";
constexpr std::string_view kOnline = FL_TEXTS("设备上线", "The device is online");
constexpr std::string_view kOffline = FL_TEXTS("设备离线", "The device goes offline");
constexpr std::string_view kReplyBody =
    R"({"messageId":"of the command","success":true,"properties":{"temperature":36.5}})";

constexpr std::string_view kMqttSchema = R"json({
"type":"object","title":"MQTT credentials",
"properties":{
 "secureId":{"type":"string","title":"secureId","minLength":1,"maxLength":64,"x-order":1,
  "x-help":"First part of the user name: secureId|milliseconds"},
 "secureKey":{"type":"string","title":"secureKey","minLength":1,"maxLength":128,"x-order":2,
  "x-widget":"password","x-secret":true,
  "x-help":"Password: MD5 of secureId|milliseconds|secureKey in hex"}},
"i18n":{"zh-CN":{"":"MQTT 认证信息","/secureId":"secureId","/secureId#help":"用户名的第一部分:secureId|毫秒时间戳",
 "/secureKey":"secureKey","/secureKey#help":"密码:secureId|毫秒时间戳|secureKey 的 MD5(十六进制)"}}})json";

constexpr std::string_view kTokenSchema = R"json({
"type":"object","title":"Bearer token",
"properties":{
 "bearer_token":{"type":"string","title":"Token","minLength":1,"maxLength":256,"x-order":1,
  "x-widget":"password","x-secret":true,
  "x-help":"HTTP: header Authorization: Bearer <token>; WebSocket: query parameter token"}},
"i18n":{"zh-CN":{"":"访问令牌","/bearer_token":"令牌",
 "/bearer_token#help":"HTTP:请求头 Authorization: Bearer <令牌>;WebSocket:查询参数 token"}}})json";

constexpr std::string_view kBinarySchema = R"json({
"type":"object","title":"Device key",
"properties":{
 "secureKey":{"type":"string","title":"secureKey","minLength":1,"maxLength":128,"x-order":1,
  "x-widget":"password","x-secret":true,
  "x-help":"Token of the online message"}},
"i18n":{"zh-CN":{"":"设备密钥","/secureKey":"secureKey",
 "/secureKey#help":"上线消息中的令牌"}}})json";

constexpr std::string_view kUdpSchema = R"json({
"type":"object","title":"Device key",
"properties":{
 "secureKey":{"type":"string","title":"secureKey","minLength":1,"maxLength":128,"x-order":1,
  "x-widget":"password","x-secret":true,
  "x-help":"Token of every datagram"},
 "dtlsPsk":{"type":"string","title":"DTLS pre-shared key","minLength":1,"maxLength":130,"x-order":2,
  "x-widget":"password","x-secret":true,
  "x-help":"For DTLS with pre-shared keys; the identity is the device id. Text, or hex with 0x in front; 1 to 64 bytes"}},
"i18n":{"zh-CN":{"":"设备密钥","/secureKey":"secureKey",
 "/secureKey#help":"每个数据包中的令牌","/dtlsPsk":"DTLS 预共享密钥",
 "/dtlsPsk#help":"用于 DTLS 预共享密钥方式,身份标识为设备ID;文本,或以 0x 开头的十六进制,1 至 64 字节"}}})json";

void addMqtt(sdk::ProtocolDescription& out, std::string_view document) {
    out.transport(
        "MQTT",
        {
            {FL_ROUTE_UP,
             "/{productId}/{deviceId}/properties/report",
             kProperties,
             kReport,
             {},
             kReportBody},
            {FL_ROUTE_DOWN,
             "/{productId}/{deviceId}/properties/read",
             kProperties,
             FL_TEXTS("读取属性", "Read properties"),
             {},
             R"({"messageId":"3","properties":["temperature"]})"},
            {FL_ROUTE_UP,
             "/{productId}/{deviceId}/properties/read/reply",
             kProperties,
             FL_TEXTS("读取属性回复", "Answer to a read"),
             {},
             kReplyBody},
            {FL_ROUTE_DOWN,
             "/{productId}/{deviceId}/properties/write",
             kProperties,
             FL_TEXTS("修改属性", "Write properties"),
             {},
             R"({"messageId":"4","properties":{"switch":true}})"},
            {FL_ROUTE_UP,
             "/{productId}/{deviceId}/properties/write/reply",
             kProperties,
             FL_TEXTS("修改属性回复", "Answer to a write"),
             {},
             kReplyBody},
            {FL_ROUTE_UP,
             "/{productId}/{deviceId}/event/{eventId}",
             kEvents,
             kEvent,
             {},
             kEventBody},
            {FL_ROUTE_DOWN,
             "/{productId}/{deviceId}/function/invoke",
             kFunctions,
             FL_TEXTS("调用功能", "Call a function"),
             {},
             R"({"messageId":"5","functionId":"reboot","inputs":[{"name":"delay","value":5}]})"},
            {FL_ROUTE_UP,
             "/{productId}/{deviceId}/function/invoke/reply",
             kFunctions,
             FL_TEXTS("调用功能回复", "Answer to a call"),
             {},
             R"({"messageId":"of the command","success":true,"output":"ok"})"},
            {FL_ROUTE_UP | FL_ROUTE_DOWN, "/{productId}/{deviceId}/child/{childDeviceId}/{#}",
             kChildren, FL_TEXTS("子设备消息", "Any message of a child device")},
            {FL_ROUTE_UP, "/{productId}/{deviceId}/child-reply/{childDeviceId}/{#}", kChildren,
             FL_TEXTS("子设备回复", "Any answer of a child device")},
            {FL_ROUTE_UP,
             "/{productId}/{deviceId}/tags",
             kOther,
             FL_TEXTS("更新标签", "Set tags"),
             {},
             R"({"tags":{"room":"12"}})"},
            {FL_ROUTE_UP, "/{productId}/{deviceId}/online", kState, kOnline},
            {FL_ROUTE_UP, "/{productId}/{deviceId}/offline", kState, kOffline},
            {FL_ROUTE_DOWN, "/{productId}/{deviceId}/state-check", kState,
             FL_TEXTS("检查状态", "Ask for the state")},
            {FL_ROUTE_UP,
             "/{productId}/{deviceId}/state-check/reply",
             kState,
             FL_TEXTS("检查状态回复", "Answer: 1 online, -1 offline"),
             {},
             R"({"messageId":"of the command","state":1})"},
            {FL_ROUTE_UP, "/{productId}/{deviceId}/disconnect/reply", kState,
             FL_TEXTS("断开连接回复", "Answer to a disconnect")},
            {FL_ROUTE_UP,
             "/{productId}/{deviceId}/register",
             kChildren,
             FL_TEXTS("注册设备", "Register a device"),
             {},
             R"({"headers":{"productId":"p","deviceName":"meter 3"}})"},
            {FL_ROUTE_UP, "/{productId}/{deviceId}/unregister", kChildren,
             FL_TEXTS("注销设备", "Unregister a device")},
            {FL_ROUTE_DOWN, "/{productId}/{deviceId}/firmware/upgrade", kFirmware,
             FL_TEXTS("推送升级", "Push an upgrade")},
            {FL_ROUTE_UP, "/{productId}/{deviceId}/firmware/upgrade/reply", kFirmware,
             FL_TEXTS("推送升级回复", "Answer to a push")},
            {FL_ROUTE_UP,
             "/{productId}/{deviceId}/firmware/upgrade/progress",
             kFirmware,
             FL_TEXTS("上报升级进度", "Report the progress"),
             {},
             R"({"progress":50,"complete":false,"version":"2.0"})"},
            {FL_ROUTE_UP,
             "/{productId}/{deviceId}/firmware/pull",
             kFirmware,
             FL_TEXTS("拉取固件", "Ask for firmware"),
             {},
             R"({"currentVersion":"1.0"})"},
            {FL_ROUTE_DOWN, "/{productId}/{deviceId}/firmware/pull/reply", kFirmware,
             FL_TEXTS("拉取固件回复", "Answer to that question")},
            {FL_ROUTE_UP,
             "/{productId}/{deviceId}/firmware/report",
             kFirmware,
             FL_TEXTS("上报固件版本", "Report the version"),
             {},
             R"({"version":"1.0"})"},
            {FL_ROUTE_DOWN, "/{productId}/{deviceId}/firmware/read", kFirmware,
             FL_TEXTS("读取固件版本", "Ask for the version")},
            {FL_ROUTE_UP, "/{productId}/{deviceId}/firmware/read/reply", kFirmware,
             FL_TEXTS("读取固件版本回复", "Answer with the version")},
            {FL_ROUTE_UP, "/{productId}/{deviceId}/metadata/derived", kOther,
             FL_TEXTS("派生物模型", "Thing model of the device")},
            {FL_ROUTE_UP,
             "/{productId}/{deviceId}/log",
             kOther,
             FL_TEXTS("上报日志", "A log line"),
             {},
             R"({"log":"pump started"})"},
            {FL_ROUTE_UP, "/{productId}/{deviceId}/direct", kOther,
             FL_TEXTS("透传数据", "Raw bytes")},
            {FL_ROUTE_UP,
             "/{productId}/{deviceId}/collector/report",
             kOther,
             FL_TEXTS("上报采集数据", "Report collected points"),
             {},
             R"({"data":[{"address":"40001","value":1}]})"},
            {FL_ROUTE_UP,
             "/{productId}/{deviceId}/time-sync",
             kOther,
             FL_TEXTS("时间同步,回复在 time-sync/reply",
                      "Ask for the time; the answer is at time-sync/reply"),
             {},
             R"({"messageId":"9"})"},
        },
        kMqttSchema, document);
}

void addHttp(sdk::ProtocolDescription& out, std::string_view http, std::string_view socket) {
    out.transport("HTTP",
                  {
                      {FL_ROUTE_UP, "/{productId}/{deviceId}/properties/report", kProperties,
                       kReport, "POST", kReportBody},
                      {FL_ROUTE_UP, "/{productId}/{deviceId}/event/{eventId}", kEvents, kEvent,
                       "POST", kEventBody},
                      {FL_ROUTE_UP, "/{productId}/{deviceId}/online", kState, kOnline, "POST"},
                      {FL_ROUTE_UP, "/{productId}/{deviceId}/offline", kState, kOffline, "POST"},
                  },
                  kTokenSchema, http);
    out.transport(
        "WebSocket",
        {
            {FL_ROUTE_UP | FL_ROUTE_DOWN,
             "/{productId}/{deviceId}/socket",
             kOther,
             FL_TEXTS("双向 JSON 文本帧,查询参数 token",
                      "JSON text frames both ways; query parameter token"),
             {},
             R"({"messageType":"REPORT_PROPERTY","deviceId":"d1","properties":{"temperature":36.5}})"},
        },
        kTokenSchema, socket);
}

// Markdown in two languages as the JSON text that the descriptor wants.
std::string documentOf(std::string_view zh, std::string_view en) {
    std::string out = "{\"zh-CN\":";
    appendJsonString(out, zh);
    out += ",\"en\":";
    appendJsonString(out, en);
    out += '}';
    return out;
}

// The description with the texts that it borrows, in the order of their construction.
struct Descriptor {
    std::string mqtt = documentOf(kMqttZh, kMqttEn);
    std::string http = documentOf(kHttpZh, kHttpEn);
    std::string socket = documentOf(kSocketZh, kSocketEn);
    std::string tcp = documentOf(kTcpZh, kTcpEn);
    std::string udp = documentOf(kUdpZh, kUdpEn);
    sdk::ProtocolDescription description{
        "jetlinks.v3", FL_TEXTS("官方协议", "Official protocol"),
        FL_TEXTS(
            "兼容 JetLinks 官方协议 v3:MQTT、HTTP、WebSocket、TCP、UDP",
            "Compatible with JetLinks' official protocol v3: MQTT, HTTP, WebSocket, TCP, UDP")};

    Descriptor() {
        addMqtt(description, mqtt);
        addHttp(description, http, socket);
        description.transport("TCP", {}, kBinarySchema, tcp);
        description.transport("UDP", {}, kUdpSchema, udp);
        description.feature("firmware");
    }
};

} // namespace

const sdk::ProtocolDescription& OfficialProtocol::description() {
    static const Descriptor kDescriptor;
    return kDescriptor.description;
}

} // namespace fairlead::official
