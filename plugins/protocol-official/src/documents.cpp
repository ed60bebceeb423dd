// SPDX-License-Identifier: Apache-2.0
#include "documents.hpp"

namespace fairlead::official {

const std::string_view kMqttEn = R"(# MQTT

Set `secureId` and `secureKey` on the product or the device. The device logs in with

| field | value |
| --- | --- |
| client id | the device's id |
| user name | `secureId\|T`, T = milliseconds since 1970 |
| password | MD5 of `secureId\|T\|secureKey`, 32 hex digits |

T may be five minutes off the server's clock. Whoever overhears a log-in can repeat it within that
time: use TLS outside a trusted network.

First device (product `p`, device `d1`, secureId `id`, secureKey `key`):

```sh
T=$(date +%s%3N); P=$(printf 'id|%s|key' $T | md5sum | cut -c1-32)
mosquitto_pub -h HOST -p PORT -i d1 -u "id|$T" -P $P -q 1 \
  -t /p/d1/properties/report -m '{"properties":{"temperature":36.5}}'
```

Topics begin with `/{productId}/{deviceId}`; a device may use its own id only. A gateway sends for its
children at `…/child/{childDeviceId}/…`. QoS 1 and 2 are acknowledged once the message is stored.
Commands arrive at QoS 0 under the device's own topics, subscribed or not; answer with the `messageId`
of the command at the same topic + `/reply`:

```json
{"messageId":"1861","success":true,"properties":{"temperature":36.5}}
{"messageId":"1861","success":false,"code":"ERR","message":"valve is stuck"}
```

Common fields of a body: `messageId` (text), `timestamp` (milliseconds; without it the server's time
counts), `headers` (object). At most 1024 properties, 1 MiB, 32 levels of nesting.
)";

const std::string_view kMqttZh = R"(# MQTT

在产品或设备上配置 `secureId` 和 `secureKey`,设备按下表登录:

| 字段 | 值 |
| --- | --- |
| clientId | 设备 ID |
| 用户名 | `secureId\|T`,T 为当前毫秒时间戳 |
| 密码 | `secureId\|T\|secureKey` 的 MD5,32 位十六进制 |

T 与服务器时间的误差不得超过 5 分钟。在此期间被窃听的登录信息可被重放,因此在不可信的网络中请使用 TLS。

接入第一台设备(产品 `p`,设备 `d1`,secureId `id`,secureKey `key`):

```sh
T=$(date +%s%3N); P=$(printf 'id|%s|key' $T | md5sum | cut -c1-32)
mosquitto_pub -h HOST -p PORT -i d1 -u "id|$T" -P $P -q 1 \
  -t /p/d1/properties/report -m '{"properties":{"temperature":36.5}}'
```

主题以 `/{productId}/{deviceId}` 开头,设备只能使用自己的 ID。网关通过 `…/child/{childDeviceId}/…` 代子设备收发消息。
QoS 1 和 2 的消息在存储之后才会被确认。下行指令以 QoS 0 发到设备自己的主题,无需订阅;回复时带上指令的 `messageId`,
主题为原主题加 `/reply`:

```json
{"messageId":"1861","success":true,"properties":{"temperature":36.5}}
{"messageId":"1861","success":false,"code":"ERR","message":"阀门卡住"}
```

消息体公共字段:`messageId`(文本)、`timestamp`(毫秒,缺省时取服务器时间)、`headers`(对象)。
每条消息最多 1024 个属性、1 MiB、32 层嵌套。
)";

const std::string_view kHttpEn = R"(# HTTP

Set `bearer_token` on the product or the device and send it with every request. Only upwards: commands
cannot reach a device over HTTP.

```sh
curl -X POST http://HOST:PORT/p/d1/properties/report \
  -H 'Authorization: Bearer TOKEN' -H 'Content-Type: application/json' \
  -d '{"properties":{"temperature":36.5}}'
```

| answer | meaning |
| --- | --- |
| 200 `{"success":true}` | stored |
| 400 `{"success":false,"code":"bad_request",…}` | no such path |
| 401 `{"success":false,"code":"unauthorized",…}` | token missing or wrong, device unknown |
| 405 `{"success":false,"code":"method_not_allowed",…}` | not a POST |
| 500 `{"success":false,"code":"request_body_format_error",…}` | the body is not what it should be |
| 500 `{"success":false,"code":"server_error",…}` | a limit was passed, or the server failed |
)";

const std::string_view kHttpZh = R"(# HTTP

在产品或设备上配置 `bearer_token`,每个请求都要携带。HTTP 只支持上行,无法向设备下发指令。

```sh
curl -X POST http://HOST:PORT/p/d1/properties/report \
  -H 'Authorization: Bearer TOKEN' -H 'Content-Type: application/json' \
  -d '{"properties":{"temperature":36.5}}'
```

| 响应 | 含义 |
| --- | --- |
| 200 `{"success":true}` | 已存储 |
| 400 `{"success":false,"code":"bad_request",…}` | 路径不存在 |
| 401 `{"success":false,"code":"unauthorized",…}` | 令牌缺失或错误,或设备不存在 |
| 405 `{"success":false,"code":"method_not_allowed",…}` | 请求方法不是 POST |
| 500 `{"success":false,"code":"request_body_format_error",…}` | 消息体格式错误 |
| 500 `{"success":false,"code":"server_error",…}` | 超出限制或服务器故障 |
)";

const std::string_view kSocketEn = R"(# WebSocket

Set `bearer_token` on the product or the device and connect to

```
ws://HOST:PORT/{productId}/{deviceId}/socket?token=TOKEN
```

Every text frame is one JSON message, both ways. It names its `messageType`; `deviceId` may be left out.

```json
{"messageType":"REPORT_PROPERTY","deviceId":"d1","properties":{"temperature":36.5}}
{"messageType":"READ_PROPERTY_REPLY","messageId":"1861","properties":{"temperature":36.5}}
```

A gateway wraps the messages of its children:

```json
{"messageType":"CHILD","deviceId":"gw","childDeviceId":"c1",
 "childDeviceMessage":{"messageType":"REPORT_PROPERTY","properties":{"temperature":36.5}}}
```
)";

const std::string_view kSocketZh = R"(# WebSocket

在产品或设备上配置 `bearer_token`,连接到

```
ws://HOST:PORT/{productId}/{deviceId}/socket?token=TOKEN
```

上下行的每个文本帧都是一条 JSON 消息,用 `messageType` 说明类型,`deviceId` 可省略。

```json
{"messageType":"REPORT_PROPERTY","deviceId":"d1","properties":{"temperature":36.5}}
{"messageType":"READ_PROPERTY_REPLY","messageId":"1861","properties":{"temperature":36.5}}
```

网关包装子设备的消息:

```json
{"messageType":"CHILD","deviceId":"gw","childDeviceId":"c1",
 "childDeviceMessage":{"messageType":"REPORT_PROPERTY","properties":{"temperature":36.5}}}
```
)";

const std::string_view kTcpEn = R"(# TCP

Set `secureKey` on the product or the device. The network component needs the framing rule *length
field*, offset 0, length 4, big endian. All numbers are big endian.

Frame: `int32 length`, `u8 type`, `i64 milliseconds`, `u16 sequence`, `string deviceId`, body. A string is a
`u16` length and UTF-8. A keepalive is its type alone.

| type | message | body |
| --- | --- | --- |
| 0 | keepalive | |
| 1 | online, the first message | string secureKey |
| 2 | acknowledgement (down) | u8: 0 ok, 1 not authorised, 2 unsupported |
| 3 | report properties | object |
| 4 / 5 | read (down) / answer | array of strings / bool, object |
| 6 / 7 | write (down) / answer | object / bool, object |
| 8 / 9 | call (down) / answer | string id, object / bool, id, result |
| 10 | event | string id, object |

Object: `u16` count, then key (string), type code, value. Type codes: 0 null, 1 bool, 2 int8, 3 int16,
4 int32, 5 int64, 6 uint8, 7 uint16, 8 uint32, 9 float, 10 double, 11 string, 12 binary, 13 array, 14 object.
An answer repeats the sequence of its command. A failed answer: bool 0, then a typed code and a typed text.

First device (`d1`, secureKey `admin`): log in, then report temperature 36.5.

```sh
(printf '\0\0\0\26\1\0\0\1\213\317\345h\0\0\1\0\2d1\0\5admin'
 printf '\0\0\0\34\3\0\0\1\213\317\345h\0\0\2\0\2d1\0\1\0\4temp\11B\22\0\0'; sleep 1) | nc HOST PORT | xxd
```
)";

const std::string_view kTcpZh = R"(# TCP

在产品或设备上配置 `secureKey`。网络组件的粘拆包规则须为长度字段:偏移 0、长度 4、大端。所有数值均为大端。

帧:`int32 长度`、`u8 类型`、`i64 毫秒时间戳`、`u16 序号`、`字符串 设备ID`、消息体。字符串为 `u16` 长度加 UTF-8。
心跳只有类型一个字节。

| 类型 | 消息 | 消息体 |
| --- | --- | --- |
| 0 | 心跳 | |
| 1 | 上线(第一条消息) | 字符串 secureKey |
| 2 | 确认(下行) | u8:0 成功,1 未认证,2 不支持 |
| 3 | 上报属性 | 对象 |
| 4 / 5 | 读取属性(下行)/ 回复 | 字符串数组 / bool、对象 |
| 6 / 7 | 修改属性(下行)/ 回复 | 对象 / bool、对象 |
| 8 / 9 | 调用功能(下行)/ 回复 | 字符串 ID、对象 / bool、ID、结果 |
| 10 | 事件 | 字符串 ID、对象 |

对象:`u16` 个数,然后依次为键(字符串)、类型码、值。类型码:0 空、1 布尔、2 int8、3 int16、4 int32、5 int64、
6 uint8、7 uint16、8 uint32、9 float、10 double、11 字符串、12 二进制、13 数组、14 对象。
回复须使用指令的序号。失败的回复:bool 0,然后是带类型的错误码和带类型的说明。

接入第一台设备(`d1`,secureKey `admin`):先上线,再上报温度 36.5。

```sh
(printf '\0\0\0\26\1\0\0\1\213\317\345h\0\0\1\0\2d1\0\5admin'
 printf '\0\0\0\34\3\0\0\1\213\317\345h\0\0\2\0\2d1\0\1\0\4temp\11B\22\0\0'; sleep 1) | nc HOST PORT | xxd
```
)";

const std::string_view kUdpEn = R"(# UDP

Set `secureKey` on the product or the device. A datagram is `u8 0`, `string secureKey` and one message of the
TCP layout without its length. Every message but a keepalive is acknowledged once it is stored.

First device (`d1`, secureKey `admin`), temperature 36.5:

```sh
printf '\0\0\5admin\3\0\0\1\213\317\345h\0\0\2\0\2d1\0\1\0\4temp\11B\22\0\0' | nc -u -w1 HOST PORT | xxd
```

Behind DTLS with pre-shared keys, `dtlsPsk` of the product or the device is the key and the device's id the identity:

```sh
printf '\0\0\5admin\3\0\0\1\213\317\345h\0\0\2\0\2d1\0\1\0\4temp\11B\22\0\0' |
  openssl s_client -dtls1_2 -connect HOST:PORT -psk_identity d1 -psk HEX -quiet
```
)";

const std::string_view kUdpZh = R"(# UDP

在产品或设备上配置 `secureKey`。每个数据包为 `u8 0`、`字符串 secureKey`,加一条去掉长度的 TCP 消息。
除心跳外,每条消息存储之后都会收到确认。

接入第一台设备(`d1`,secureKey `admin`),温度 36.5:

```sh
printf '\0\0\5admin\3\0\0\1\213\317\345h\0\0\2\0\2d1\0\1\0\4temp\11B\22\0\0' | nc -u -w1 HOST PORT | xxd
```

使用 DTLS 预共享密钥时,密钥为产品或设备的 `dtlsPsk`,身份标识为设备ID:

```sh
printf '\0\0\5admin\3\0\0\1\213\317\345h\0\0\2\0\2d1\0\1\0\4temp\11B\22\0\0' |
  openssl s_client -dtls1_2 -connect HOST:PORT -psk_identity d1 -psk HEX -quiet
```
)";

} // namespace fairlead::official
