/* SPDX-License-Identifier: Apache-2.0
 *
 * The two messages that cross the boundary: what a transport carries, and what a device means.
 * All pointers are borrowed for the call that passes them.
 */
#ifndef FAIRLEAD_MESSAGE_H
#define FAIRLEAD_MESSAGE_H

#include "fairlead/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* fl_transport_message.kind */
enum {
    FL_TRANSPORT_DATA = 1,    /* publish, frame, datagram, request */
    FL_TRANSPORT_CONNECT = 2, /* the transport's own log-in (MQTT CONNECT, WebSocket upgrade) */
    FL_TRANSPORT_REPLY = 3    /* answer to the request at hand (HTTP, CoAP) */
};

/* fl_transport_message.flags */
enum {
    FL_TRANSPORT_RETAIN = 1,
    FL_TRANSPORT_DUPLICATE = 2,
    FL_TRANSPORT_TEXT = 4, /* WebSocket text frame; payload is UTF-8 */
    FL_TRANSPORT_WILL = 8  /* published by the server on the client's behalf */
};

/* Attribute names used by the built-in types:
 *   credentials (CONNECT, or every HTTP/CoAP request): "client_id", "username", "password"
 *   what TLS or DTLS has proved (CoAP, UDP; absent when nothing): "psk_identity", "subject"
 *   HTTP and WebSocket: "header.<lower-case name>", "query.<name>"
 *   MQTT 5: "user.<name>", "response_topic", "correlation_data"
 *   Client types without FL_NETWORK_RELAY: "device_id", the device that the connection stands for
 * by configuration: neither identified nor authenticated. With a CONNECT at on_open it is online as
 *   long as the connection lasts. */
typedef struct fl_transport_message {
    uint32_t size;
    uint32_t kind;
    fl_str address; /* MQTT topic, HTTP/CoAP path (decoded, without query); empty for TCP and UDP */
    fl_str method;  /* "POST" and the like; empty where the transport has none */
    fl_str content_type;
    fl_str peer; /* "192.0.2.1:4711", "[2001:db8::1]:4711" */
    fl_bytes payload;
    const fl_attribute* attributes;
    uint32_t attribute_count;
    int32_t qos; /* MQTT 0 to 2; -1 where the transport has none */
    uint32_t flags;
    int32_t code;        /* replies: HTTP status; 0 = the transport's success */
    int64_t received_ms; /* UTC */
} fl_transport_message;

/* fl_device_message.kind. The numbers are stored; they are never reused. */
enum {
    FL_DEVICE_REPORT_PROPERTY = 1,
    FL_DEVICE_READ_PROPERTY = 2,
    FL_DEVICE_READ_PROPERTY_REPLY = 3,
    FL_DEVICE_WRITE_PROPERTY = 4,
    FL_DEVICE_WRITE_PROPERTY_REPLY = 5,
    FL_DEVICE_INVOKE_FUNCTION = 6,
    FL_DEVICE_INVOKE_FUNCTION_REPLY = 7,
    FL_DEVICE_EVENT = 8,
    FL_DEVICE_ONLINE = 9,
    FL_DEVICE_OFFLINE = 10,
    FL_DEVICE_REGISTER = 11,
    FL_DEVICE_UNREGISTER = 12,
    FL_DEVICE_DISCONNECT = 13,
    FL_DEVICE_DISCONNECT_REPLY = 14,
    FL_DEVICE_UPDATE_TAG = 15,
    FL_DEVICE_LOG = 16,
    FL_DEVICE_DIRECT = 17,
    FL_DEVICE_STATE_CHECK = 18,
    FL_DEVICE_STATE_CHECK_REPLY = 19,
    FL_DEVICE_DERIVED_METADATA = 20,
    FL_DEVICE_READ_FIRMWARE = 21,
    FL_DEVICE_READ_FIRMWARE_REPLY = 22,
    FL_DEVICE_REPORT_FIRMWARE = 23,
    FL_DEVICE_REQUEST_FIRMWARE = 24,
    FL_DEVICE_REQUEST_FIRMWARE_REPLY = 25,
    FL_DEVICE_UPGRADE_FIRMWARE = 26,
    FL_DEVICE_UPGRADE_FIRMWARE_REPLY = 27,
    FL_DEVICE_UPGRADE_FIRMWARE_PROGRESS = 28,
    FL_DEVICE_TIME_SYNC = 29,
    FL_DEVICE_TIME_SYNC_REPLY = 30,
    FL_DEVICE_KEEPALIVE = 31, /* no content; touches the session */
    FL_DEVICE_ACKNOWLEDGE = 32
};

/* One property, input or tag of a device message. FROZEN. */
typedef struct fl_property {
    fl_str id;
    fl_value value;
    int64_t time_ms; /* UTC source time; 0 = the message's time */
    fl_str state;    /* free text of the device about this value; may be empty */
} fl_property;

/* fl_device_message.flags */
enum {
    FL_DEVICE_FAILED = 1, /* a reply says that the device refused; code and text tell why */
    FL_DEVICE_ALL = 2     /* DERIVED_METADATA: replaces the model instead of merging */
};

/* Which members matter:
 *   REPORT/READ_REPLY/WRITE/WRITE_REPLY: properties. READ_PROPERTY: properties with NULL values.
 *   INVOKE_FUNCTION: name = function id, properties = inputs. Its reply: name (may be empty), data
 * = output. EVENT: name = event id, data. UPDATE_TAG: properties. LOG: text. DIRECT: data (BINARY).
 *   REGISTER and the firmware kinds: data = JSON object of the body. DERIVED_METADATA: data = JSON
 * model. STATE_CHECK_REPLY: data = INTEGER 1 online, -1 offline. */
typedef struct fl_device_message {
    uint32_t size;
    uint32_t kind;
    uint32_t flags;
    uint32_t property_count;
    const fl_property* properties;
    fl_str device_id;
    fl_str parent_id;  /* the gateway device that a child's message came through; else empty */
    fl_str message_id; /* correlation; empty = none */
    int64_t time_ms;   /* UTC; 0 = now */
    fl_str name;
    fl_value data;
    fl_str code; /* error code of a failed reply */
    fl_str text;
    fl_str headers; /* JSON object of further headers; may be empty */
} fl_device_message;

#ifdef __cplusplus
}
#endif
#endif
