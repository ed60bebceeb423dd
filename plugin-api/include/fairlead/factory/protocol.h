/* SPDX-License-Identifier: Apache-2.0
 *
 * Protocols: what a device's transport messages mean.
 *
 * The host makes one instance per enabled protocol and I/O loop, so calls on one instance never
 * overlap and an instance may keep scratch memory. State of a device's session lives in the host
 * (fl_session_view.state), so that a new generation of the plugin takes over between two calls.
 *
 * For an unknown peer the host calls identify, loads that device, and calls authenticate with it;
 * after success decode for this message (DATA) and the following ones. HTTP and CoAP requests are
 * authenticated one by one.
 */
#ifndef FAIRLEAD_FACTORY_PROTOCOL_H
#define FAIRLEAD_FACTORY_PROTOCOL_H

#include "fairlead/message.h"
#include "fairlead/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FL_FACTORY_PROTOCOL "fairlead.factory.protocol/1"

/* Limits the host enforces. */
#define FL_PROTOCOL_STATE_BYTES_MAX 4096         /* session state */
#define FL_PROTOCOL_SCRATCH_BYTES_MAX (1u << 20) /* arena of one call */
#define FL_PROTOCOL_MESSAGES_MAX 256             /* device messages of one decode */

/* What identify found; borrowed from the message or the instance until the instance's next call. */
typedef struct fl_identity {
    uint32_t size;
    uint32_t reserved;
    fl_str device_id;
    fl_str product_id; /* empty when the message does not name one */
} fl_identity;

/* The session at hand. `device_id` is empty before authentication. */
typedef struct fl_session_view {
    uint32_t size;
    uint32_t reserved;
    fl_str transport; /* "MQTT", "HTTP", "TCP", "UDP", "WebSocket", "CoAP" */
    fl_str device_id;
    fl_str product_id;
    fl_bytes state; /* what set_state stored last; empty at first */
    void* ctx;
    /* Configuration of the device, else of its product ("secureKey", "bearer_token"); empty when
     * unset. Secrets come in clear: compare in constant time, never log. Valid for this call. */
    fl_str (*config)(void* ctx, fl_str key);
} fl_session_view;

/* When a reply leaves: at once, or after the device messages of this call are durable. If storing
 * fails, an AFTER_COMMIT reply is not sent and the transport reports the failure itself. */
enum { FL_REPLY_NOW = 0, FL_REPLY_AFTER_COMMIT = 1 };

/* Where a protocol puts its output. Valid for the call. */
typedef struct fl_protocol_sink {
    uint32_t size;
    uint32_t reserved;
    void* ctx;
    /* One decoded device message. The host copies what it keeps. */
    fl_status (*device)(void* ctx, const fl_device_message* message);
    /* A message to the peer: the answer to a request, an acknowledgement, or (from encode) the
     * command itself. */
    fl_status (*transport)(void* ctx, const fl_transport_message* message, uint32_t when);
    /* Replaces the session state; at most FL_PROTOCOL_STATE_BYTES_MAX. */
    fl_status (*set_state)(void* ctx, fl_bytes state);
    /* Zeroed memory until this call ends, 16-byte aligned; NULL above the limit. */
    uint8_t* (*scratch)(void* ctx, size_t bytes);
    /* Close the connection after what was written is flushed. */
    fl_status (*close)(void* ctx, fl_str reason);
} fl_protocol_sink;

typedef struct fl_protocol {
    uint32_t size;  /* in: room; out: bytes filled */
    uint32_t flags; /* 0 */
    void* self;

    /* [control] No other call is running or will come. */
    void (*destroy)(void* self);

    /* Whose message is this? FL_E_NOT_FOUND when it does not say; the host then answers as the
     * transport does. Does not check secrets. [io, instance-serial] */
    fl_status (*identify)(void* self, const fl_transport_message* message, fl_identity* out,
                          fl_err* err);

    /* Are the credentials of `message` right for the device in `session` (its id and config are
     * those that identify named)? FL_OK, FL_E_UNAUTHORIZED, FL_E_MALFORMED. May reply through the
     * sink, also on refusal. [io, instance-serial] */
    fl_status (*authenticate)(void* self, const fl_transport_message* message,
                              const fl_session_view* session, const fl_protocol_sink* sink,
                              fl_err* err);

    /* Uplink. Emits 0..n device messages and replies. An error means that nothing emitted counts.
     * [io, instance-serial] */
    fl_status (*decode)(void* self, const fl_transport_message* message,
                        const fl_session_view* session, const fl_protocol_sink* sink, fl_err* err);

    /* Downlink: one device message to 0..n transport messages. FL_E_UNSUPPORTED when this protocol
     * or transport cannot carry it. [io, instance-serial] */
    fl_status (*encode)(void* self, const fl_device_message* message,
                        const fl_session_view* session, const fl_protocol_sink* sink, fl_err* err);

    /* Instance extension by id, or NULL. [any-thread] */
    const void* (*get_extension)(void* self, const char* id);
} fl_protocol;

/* fl_route.direction, bits */
enum { FL_ROUTE_UP = 1, FL_ROUTE_DOWN = 2 };

/* A topic or path the protocol uses. Variables are {name}; {#} stands for the rest. */
typedef struct fl_route {
    uint32_t size;
    uint32_t direction;
    fl_str group; /* JSON texts by locale */
    fl_str address;
    fl_str methods;     /* "POST", comma-separated; empty for topics */
    fl_str description; /* JSON texts by locale */
    fl_str example;
} fl_route;

typedef struct fl_protocol_transport {
    uint32_t size;
    uint32_t route_count;
    fl_str id; /* "MQTT" … */
    const fl_route* routes;
    /* JSON Schema (draft-04 subset, see CONVENTIONS.md) of the credentials of product and device.
     */
    fl_str config_schema;
    fl_str document; /* Markdown by locale: {"zh-CN":"…","en":"…"} */
} fl_protocol_transport;

typedef struct fl_protocol_descriptor {
    uint32_t size;
    uint32_t transport_count;
    fl_str id;          /* "jetlinks.v3" */
    fl_str name;        /* JSON texts by locale */
    fl_str description; /* JSON texts by locale */
    const fl_protocol_transport* transports;
    const fl_str* features; /* "firmware", … */
    uint32_t feature_count;
    uint32_t reserved;
} fl_protocol_descriptor;

typedef struct fl_protocol_factory {
    uint32_t size;
    uint32_t (*count)(void); /* [any-thread] */
    /* Static data, valid until deinit. [any-thread] */
    const fl_protocol_descriptor* (*describe)(uint32_t index);
    /* `config` is JSON text, "{}" when none. Sets out->size to what it filled. [control] */
    fl_status (*create)(const fl_host* host, fl_str id, fl_str config, fl_protocol* out,
                        fl_err* err);
} fl_protocol_factory;

#ifdef __cplusplus
}
#endif
#endif
